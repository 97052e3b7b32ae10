//! The allow-lists as the operator writes them: entries, some of which count for some detections or for some time only.

use crate::detect::domain::Allow;
use crate::detect::entry::{Entry, Kind, Limits, OfAccount, OfHost, OfSuffix, OfTemplate};
use crate::event::account::Account;
use crate::event::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What is allowed to look odd. An allowed requester, template, suffix or host suppresses mismatch and burst, never a
/// protected identity. An entry is a value, or a mapping with the value, the detections that it counts for, the event time
/// until which it counts, its owner and the reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AllowLists {
    /// Accounts that request for others: enrollment agents, NDES, certificate life-cycle products. A logon with a
    /// certificate that one of them requested is no finding.
    #[schemars(example = json!([r"CORP\svc-ndes", r"CORP\smartcard-desk"]))]
    pub requesters: Vec<Entry<OfAccount>>,
    /// Templates whose host names are the requester's to choose, `WebServer`. They excuse DNS names and IP addresses only.
    #[schemars(example = json!(["WebServer"]))]
    pub templates: Vec<Entry<OfTemplate>>,
    /// Ends of host names that anybody may ask for, `.dmz.corp.example`. They excuse DNS names and IP addresses only.
    #[schemars(example = json!([".dmz.corp.example"]))]
    pub san_suffixes: Vec<Entry<OfSuffix>>,
    /// Machines whose remote writes are expected, and whose machine accounts may request for others: names, addresses or networks (`10.20.0.0/16`).
    #[schemars(example = json!(["srv-clm.corp.example", "10.20.30.40"]))]
    pub source_hosts: Vec<Entry<OfHost>>,
    /// Account → further accounts that the same person logs on as, with one certificate: a smart card that is mapped to two accounts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(example = json!({r"CORP\alice": [r"CORP\adm-alice"]}))]
    pub pairs: BTreeMap<String, Vec<Account>>,
    /// Accounts of identity management, which change names and mappings of others' accounts.
    #[schemars(example = json!([r"CORP\svc-idm"]))]
    pub changers: Vec<Entry<OfAccount>>,
    /// Accounts that join machines to the domain: deployment services, the people who install machines.
    #[schemars(example = json!([r"CORP\svc-deploy"]))]
    pub joiners: Vec<Entry<OfAccount>>,
    /// Accounts that back up CAs and their keys.
    #[schemars(example = json!([r"CORP\svc-backup"]))]
    pub backup: Vec<Entry<OfAccount>>,
    /// Accounts that register keys for others (msDS-KeyCredentialLink): AD FS, a connector under a name of its own.
    #[schemars(example = json!([r"CORP\adfs-gmsa$"]))]
    pub key_writers: Vec<Entry<OfAccount>>,
    /// Accounts that administer CAs: they publish templates at a CA and change who may manage it. What opens a CA or a template
    /// stays a finding.
    #[schemars(example = json!([r"CORP\ca-admin"]))]
    pub ca_managers: Vec<Entry<OfAccount>>,
}

impl AllowLists {
    /// The entries that count for every detection at any time.
    pub fn always(&self) -> Allow {
        self.filtered(|limits| limits.is_none())
    }

    /// The entries that count for this detection at this event time.
    pub fn in_force(&self, detection: &str, at: Time) -> Allow {
        self.filtered(|limits| limits.allow(detection, at))
    }

    fn filtered(&self, counts: impl Fn(&Limits) -> bool) -> Allow {
        Allow {
            requesters: values(&self.requesters, &counts),
            templates: values(&self.templates, &counts),
            san_suffixes: values(&self.san_suffixes, &counts),
            source_hosts: values(&self.source_hosts, &counts),
            pairs: self.pairs.clone(),
            changers: values(&self.changers, &counts),
            joiners: values(&self.joiners, &counts),
            backup: values(&self.backup, &counts),
            key_writers: values(&self.key_writers, &counts),
            ca_managers: values(&self.ca_managers, &counts),
        }
    }

    /// The limits of every entry, with its place: `allow.requesters[0]`.
    pub fn limits(&self) -> Vec<(String, &Limits)> {
        let mut all = Vec::new();
        add(&mut all, "requesters", &self.requesters);
        add(&mut all, "templates", &self.templates);
        add(&mut all, "san_suffixes", &self.san_suffixes);
        add(&mut all, "source_hosts", &self.source_hosts);
        add(&mut all, "changers", &self.changers);
        add(&mut all, "joiners", &self.joiners);
        add(&mut all, "backup", &self.backup);
        add(&mut all, "key_writers", &self.key_writers);
        add(&mut all, "ca_managers", &self.ca_managers);
        all
    }
}

fn values<K: Kind>(list: &[Entry<K>], counts: impl Fn(&Limits) -> bool) -> Vec<K::Value> {
    list.iter().filter(|entry| counts(&entry.limits)).map(|entry| entry.value.clone()).collect()
}

fn add<'a, K: Kind>(all: &mut Vec<(String, &'a Limits)>, name: &str, list: &'a [Entry<K>]) {
    all.extend(list.iter().enumerate().map(|(n, entry)| (format!("allow.{name}[{n}]"), &entry.limits)));
}
