//! The domain as the operator describes it: what every detection may read, whatever its own settings are.

use crate::detect::agent::Agent;
use crate::detect::entity::Entity;
use crate::detect::imported::Imported;
use crate::event::account::{Account, same_text};
use crate::event::fold::{fold, without_root};
use crate::event::host::{Host, remote_ip};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Deref;

/// The part of the policy that concerns all detections: domains, CAs, protected identities and allow-lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DomainPolicy {
    /// NetBIOS name of a domain → its own UPN and DNS suffixes. A domain without an entry is not checked by its suffix.
    pub domains: BTreeMap<String, Vec<String>>,
    /// Host name of a CA → the CA's common name, as 4768 writes it in `CertIssuerName`.
    pub cas: BTreeMap<String, String>,
    /// Common names of CAs that are known to be foreign.
    pub foreign_issuers: Vec<String>,
    /// Account → further hosts whose names are its own.
    pub hosts: BTreeMap<String, Vec<Host>>,
    /// Templates that exist only to be noticed.
    pub decoys: Vec<String>,
    /// Enrollment agent → the profile of its job.
    pub agents: BTreeMap<String, Agent>,
    /// Identities nobody else may hold a certificate for.
    pub protected: Protected,
    /// What is allowed to look odd.
    pub allow: Allow,
}

impl DomainPolicy {
    /// The suffixes of a domain, given by NetBIOS name; none when the policy has no entry for it.
    pub fn suffixes(&self, domain: &str) -> Option<&[String]> {
        self.domains.iter().find(|(name, _)| same_text(name, domain)).map(|(_, suffixes)| suffixes.as_slice())
    }

    /// The account in one spelling of its domain: the NetBIOS name, where `domains:` maps a suffix or realm to it.
    pub fn in_one_spelling<'a>(&self, account: &'a Account) -> Cow<'a, Account> {
        let is_spelling = |(netbios, suffixes): &(&String, &Vec<String>)| {
            same_text(netbios, &account.domain) || suffixes.iter().any(|s| same_text(s, &account.domain))
        };
        match self.domains.iter().find(is_spelling) {
            Some((netbios, _)) => Cow::Owned(Account { domain: netbios.clone(), name: account.name.clone() }),
            None => Cow::Borrowed(account),
        }
    }

    /// An account, of whatever spelling of its domain.
    pub fn account(&self, account: &Account) -> Entity {
        Entity::account(&self.in_one_spelling(account))
    }

    /// A requester at a CA, of whatever spelling of its domain and of the CA.
    pub fn account_at_any_spelling(&self, account: &Account, ca: &Host) -> Entity {
        Entity::account_at_any_spelling(&self.in_one_spelling(account), ca)
    }

    /// The profile of an enrollment agent that `agents:` names; none: the account is no agent there.
    pub fn agent(&self, account: &Account) -> Option<&Agent> {
        let is_named = |(name, _): &(&String, &Agent)| self.is_listed(&Account::parse(name), account);
        self.agents.iter().find(is_named).map(|(_, agent)| agent)
    }

    /// Whether `hosts:` gives this host to the account.
    pub fn has_host(&self, account: &Account, host: &Host) -> bool {
        self.hosts.iter().any(|(owner, hosts)| {
            hosts.iter().any(|known| known.is_same(host)) && self.is_listed(&Account::parse(owner), account)
        })
    }

    /// Whether one of these lists has the account: see [`DomainPolicy::is_listed`].
    pub fn lists(&self, list: &[Account], account: &Account) -> bool {
        list.iter().any(|entry| self.is_listed(entry, account))
    }

    /// Whether `allow.requesters` has the account: see [`DomainPolicy::is_listed`].
    pub fn allows_requester(&self, account: &Account) -> bool {
        self.lists(&self.allow.requesters, account)
    }

    /// Whether an entry of a list means this account, in whatever spelling of its domain. An entry without a domain means any
    /// domain.
    pub(crate) fn is_listed(&self, entry: &Account, account: &Account) -> bool {
        if !entry.has_name(&account.name) {
            return false;
        }
        let [entry, account] = [entry, account].map(|account| self.in_one_spelling(account));
        entry.domain.is_empty() || same_text(&entry.domain, &account.domain)
    }
}

/// Identities nobody else may hold a certificate for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Protected {
    /// Terms that make a name sensitive: as a whole word in the name of another account, as the whole account name in the requester's own name, as the whole first label in a DNS name. A list adds to the terms of the scheduled rule, `{replace: […]}` replaces them.
    pub terms: Terms,
    /// Tier-0 accounts, `CORP\svc-backup` or `svc-backup`.
    #[schemars(example = json!([r"CORP\svc-backup"]))]
    pub accounts: Vec<Account>,
    /// Domain controllers, `dc01.corp.example` or `dc01`.
    #[schemars(example = json!(["dc01.corp.example", "hq-ads-1.corp.example"]))]
    pub domain_controllers: Vec<Host>,
    /// Hosts whose name nobody else may hold a certificate for: update servers, federation servers, jump hosts, CAs.
    #[schemars(example = json!(["wsus.corp.example", "adfs.corp.example"]))]
    pub hosts: Vec<Host>,
    /// Last numbers of the SIDs that are sensitive. Default: 500, 502, 512, 516, 518, 519.
    pub rids: Vec<u32>,
    /// Accounts that an import stated: no setting.
    #[serde(skip)]
    #[schemars(skip)]
    pub imported: Imported,
}

/// Terms of protected names: the built-in ones and those that the operator adds, or only the operator's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "TermsText")]
#[schemars(with = "TermsText")]
pub struct Terms(Vec<String>);

/// The terms of the scheduled rule.
const BUILT_IN_TERMS: [&str; 8] =
    ["administrator", "domain admins", "enterprise admins", "krbtgt", "dc$", "-dc@", "dc01", "dc02"];

#[derive(Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields, expecting = "expected a list of texts, or {replace: [TERM, …]}")]
enum TermsText {
    Added(Vec<String>),
    Replaced { replace: Vec<String> },
}

impl Default for Terms {
    fn default() -> Self {
        Terms(BUILT_IN_TERMS.map(str::to_owned).to_vec())
    }
}

impl From<TermsText> for Terms {
    fn from(text: TermsText) -> Terms {
        match text {
            TermsText::Replaced { replace } => Terms(replace),
            TermsText::Added(added) => {
                let mut terms = Terms::default().0;
                for term in added {
                    if !terms.contains(&term) {
                        terms.push(term);
                    }
                }
                Terms(terms)
            }
        }
    }
}

impl Deref for Terms {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl Default for Protected {
    fn default() -> Self {
        Protected {
            terms: Terms::default(),
            accounts: Vec::new(),
            domain_controllers: Vec::new(),
            hosts: Vec::new(),
            rids: vec![500, 502, 512, 516, 518, 519],
            imported: Imported::default(),
        }
    }
}

/// What the allow-lists allow one detection at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allow {
    /// Accounts that request for others.
    pub requesters: Vec<Account>,
    /// Templates whose host names are the requester's to choose.
    pub templates: Vec<String>,
    /// Ends of host names that anybody may ask for.
    pub san_suffixes: Vec<String>,
    /// Machines whose remote writes are expected, and whose machine accounts may request for others.
    pub source_hosts: Vec<String>,
    /// Account → further accounts of the same person.
    pub pairs: BTreeMap<String, Vec<Account>>,
    /// Accounts of identity management.
    pub changers: Vec<Account>,
    /// Accounts that join machines to the domain.
    pub joiners: Vec<Account>,
    /// Accounts that back up CAs and their keys.
    pub backup: Vec<Account>,
    /// Accounts that register keys for others.
    pub key_writers: Vec<Account>,
    /// Accounts that administer CAs.
    pub ca_managers: Vec<Account>,
}

impl Allow {
    /// Whether this template's names are the requester's to choose.
    pub fn template(&self, template: &str) -> bool {
        self.templates.iter().any(|t| same_text(t, template))
    }

    /// Whether anybody may ask for this name.
    pub fn name(&self, name: &str) -> bool {
        let name = fold(without_root(name));
        self.san_suffixes.iter().any(|suffix| name.ends_with(&*fold(without_root(suffix))))
    }

    /// Whether this host name or address is expected.
    pub fn source_host(&self, host: &str) -> bool {
        is_one_of_hosts(&self.source_hosts, host)
    }
}

/// Whether a list of names, addresses and networks has this host name or address.
pub(crate) fn is_one_of_hosts(list: &[String], host: &str) -> bool {
    let (address, host) = (remote_ip(host).and_then(|text| text.parse::<IpAddr>().ok()), Host::new(host));
    list.iter().any(|known| match known.parse::<IpNet>() {
        Ok(network) => address.is_some_and(|address| network.contains(&address)),
        Err(_) => Host::new(known).is_same(&host),
    })
}
