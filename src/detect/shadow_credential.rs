//! `shadow-credential`: somebody registered a key for an account of another, and perhaps logged on with it.
//!
//! **What.** 5136 that adds a value to msDS-KeyCredentialLink, by another account than the object itself and none of the known
//! writers; joined with a 4768 with a certificate that no CA issued, as that account, within 30 days. Also 5136 that maps a key, a
//! serial number or a SID to another account (altSecurityIdentities), once a domain controller reports that a certificate was used for
//! that account whose issuer it does not trust for logons (21, 45).
//! **Why.** Who holds the key logs on as the account, without its password and after it was changed. Sources: [MS-ADTS] on the
//! attributes, the published descriptions of Whisker and Certipy's `shadow`, CVE-2025-26647.
//! **What looks alike and is harmless.** Windows Hello and hybrid join: a device writes its own object, Entra Connect (`MSOL_…`)
//! and AD FS write for users.

use crate::alert::{Reason, Severity};
use crate::detect::chain;
use crate::detect::changes::{Attribute, account_of, by_name, of_object};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_actor, set_used_by};
use crate::detect::identity::same_account;
use crate::detect::issuer::{configured_host, is_own_key};
use crate::detect::lifecycle::Lifetime;
use crate::detect::odd_name::is_strong;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::{Account, same_text};
use crate::event::fold::fold;
use crate::event::time::Span;
use crate::event::{
    Activity, CertificateLogon, CertificateMapping, DirectoryChange, DirectoryOperation, Event,
    MappingVerdict,
};
use crate::wire::record::{ChainEvent, ChainState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// Of a key that was registered. Default high.
    pub severity: Severity,
    /// Of a key that was registered and used. Default critical.
    pub severity_used: Severity,
    /// How long a logon with the key may follow. The same account alerts once in this time. Default 30d.
    pub remember: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::High,
            severity_used: Severity::Critical,
            remember: Span::days(30),
        }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct ShadowCredential {
    settings: Settings,
}

impl ShadowCredential {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> ShadowCredential {
        ShadowCredential { settings }
    }
}

impl Detection for ShadowCredential {
    type State = ChainState;
    type Part = ();

    const ABOUT: About = About {
        id: "shadow-credential",
        title: "Key registered for another account",
        mitre: &[
            ("TA0003", "Persistence", "T1556", "Modify Authentication Process"),
            ("TA0003", "Persistence", "T1098", "Account Manipulation"),
        ],
        investigative_actions: &[
            "Remove the value from msDS-KeyCredentialLink of the account (Get-ADObject, or the pages of the device)",
            "Treat the account as compromised, and the one that wrote the key too",
            "Find what let it write: permissions on the object, a relayed logon to LDAP",
            "Look for 4768 with a certificate as this account, and what it did since",
        ],
        benign_if: &[
            "The account registers keys by trade, such as AD FS or Entra Connect: name it under `allow.key_writers`",
            "The certificate is of a partner's CA, and was mapped to the account by identity management: name it under `allow.changers`",
        ],
        excepted_by: &[Key::Account, Key::UsedBy],
        severities: &[Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Activity::CertificateLogon(logon) = &event.activity {
            if is_use(policy, logon) {
                found(by_name(&logon.account));
            }
        } else if let Some(link) = link_of(event, policy) {
            found(by_name(&Account::parse(&link.account)));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, ChainState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(link) = link_of(event, cx.policy) else { return };
        let remember = self.settings.remember;
        chain::remember(&mut slot.state.events, link.clone(), remember);
        slot.keep_until(memory_after(event.effective_time(), remember));
        let events = slot.state.events.clone();
        for use_of_key in events.iter().filter(|known| [USED, UNTRUSTED].contains(&&*known.kind)) {
            let cause = if use_of_key.kind == USED { WRITTEN } else { MAPPED };
            for written in chain::before(&events, cause, use_of_key, remember) {
                if chain::is_one_account(cx.policy, written, use_of_key)
                    && (written == &link || use_of_key == &link)
                {
                    self.raise(event, entity, written, Some(use_of_key), slot, cx);
                    return;
                }
            }
        }
        if link.kind == WRITTEN {
            self.raise(event, entity, &link, None, slot, cx);
        }
    }
}

const WRITTEN: &str = "key registered";
const USED: &str = "logon with a key";
/// A mapping is no finding by itself: cards of another CA are mapped so.
const MAPPED: &str = "certificate mapped";
const UNTRUSTED: &str = "certificate of an issuer that is not trusted";

impl ShadowCredential {
    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        written: &ChainEvent,
        used: Option<&ChainEvent>,
        slot: &mut Slot<'_, ChainState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(anchor) = chain::evidence(written) else { return };
        let (account, actor) = (&written.account, Account::parse(&written.actor));
        let reasons = reasons(written, used);
        let title = if written.kind == MAPPED {
            format!("A certificate that {actor} mapped to {account} was used")
        } else {
            let what = if used.is_some() { "registered and used" } else { "registered" };
            format!("A key of {actor} was {what} for {account}")
        };
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.remember),
            severity: if used.is_some() { self.settings.severity_used } else { self.settings.severity },
            title,
            reasons,
            fields: Vec::new(),
            earlier: [Some(written), used].into_iter().flatten().filter_map(chain::evidence).collect(),
        };
        finding.raise_as(&anchor, &mut slot.state.open, cx, |alert| {
            set_used_by(alert, &Account::parse(account));
            set_actor(alert, &actor)
        });
    }
}

/// Why, the use first.
fn reasons(written: &ChainEvent, used: Option<&ChainEvent>) -> Vec<Reason> {
    let ChainEvent { account, actor, .. } = written;
    let issuer = used.map(|used| used.new.as_str()).unwrap_or_default();
    if written.kind == MAPPED {
        let text = format!(
            "a certificate of {issuer} was used for {account}: domain controllers do not trust this issuer for logons"
        );
        let mapped = format!("{actor} mapped {} to {account} (altSecurityIdentities)", written.new);
        return vec![reason("mapping_used", text), reason("mapped_by_another", mapped)];
    }
    let by_another = reason("key_by_another", format!("{actor} registered a key for {account}"));
    let text = format!("{account} logged on with a certificate of {issuer}, which is no CA");
    used.map(|_| reason("key_used", text)).into_iter().chain([by_another]).collect()
}

/// The event as a part of the chain; none: it has nothing to do with it.
fn link_of(event: &Event, policy: &DomainPolicy) -> Option<ChainEvent> {
    if let Activity::CertificateLogon(logon) = &event.activity {
        return is_use(policy, logon).then(|| used(event, logon));
    }
    if let Activity::CertificateMapped(mapping) = &event.activity {
        let is_use = matches!(mapping.verdict, MappingVerdict::IssuerNotTrusted | MappingVerdict::Refused)
            && !is_own_key(mapping);
        return is_use.then(|| untrusted(event, mapping));
    }
    let Activity::DirectoryChanged(change) = &event.activity else { return None };
    if let Some(mapped) = mapped(event, change, policy) {
        return Some(mapped);
    }
    let is_key = change.attribute.as_deref().is_some_and(|name| same_text(name, "msDS-KeyCredentialLink"));
    if !is_key || change.operation != DirectoryOperation::ValueAdded {
        return None;
    }
    let account = account_of(change)?;
    (!is_known_writer(policy, change, &account)).then(|| written(event, change, &account))
}

fn written(event: &Event, change: &DirectoryChange, account: &Account) -> ChainEvent {
    let actor = change.actor.to_string();
    let fields =
        [("actor", actor.as_str()), ("object", &change.object_dn), ("attribute", "msDS-KeyCredentialLink")];
    ChainEvent { actor: actor.clone(), ..chain::link(event, WRITTEN, account, &fields) }
}

/// Whether the certificate is of no CA.
fn is_use(policy: &DomainPolicy, logon: &CertificateLogon) -> bool {
    logon.accepted() && !is_of_a_ca(policy, logon)
}

/// A mapping by the key, its hash, the serial number or the SID, written by another than the account and identity management.
fn mapped(event: &Event, change: &DirectoryChange, policy: &DomainPolicy) -> Option<ChainEvent> {
    let change = of_object(change).filter(|change| {
        change.attribute == Attribute::Mapping && !policy.lists(&policy.allow.changers, &change.actor)
    })?;
    let value = change.new.as_deref().filter(|value| is_strong(value)).map(report::cut)?;
    if same_account(policy, &change.actor, &change.account) {
        return None;
    }
    let actor = change.actor.to_string();
    let fields = [("actor", actor.as_str()), ("attribute", change.attribute.as_str()), ("new", &value)];
    let link = chain::link(event, MAPPED, &change.account, &fields);
    Some(ChainEvent { actor: actor.clone(), new: value.clone(), ..link })
}

fn untrusted(event: &Event, mapping: &CertificateMapping) -> ChainEvent {
    let (account, issuer) = (mapping.account.to_string(), report::cut(&mapping.issuer));
    let fields = [("account", account.as_str()), ("issuer", &issuer), ("subject", &mapping.subject)];
    let link = chain::link(event, UNTRUSTED, &mapping.account, &fields);
    ChainEvent { new: issuer.clone(), ..link }
}

fn used(event: &Event, logon: &CertificateLogon) -> ChainEvent {
    let (account, serial) = (logon.account.to_string(), logon.serial.to_string());
    let ip = logon.remote_ip.as_deref().unwrap_or_default();
    let fields = [("account", account.as_str()), ("issuer", &logon.issuer), ("serial", &serial), ("ip", ip)];
    ChainEvent { new: report::cut(&logon.issuer), ..chain::link(event, USED, &logon.account, &fields) }
}

/// Whether the issuer is one of the CAs of the policy. Without them, only an issuer with the account's own name is none: the
/// tools make the certificate of the key in its name. No CA gives the serial number zero.
fn is_of_a_ca(policy: &DomainPolicy, logon: &CertificateLogon) -> bool {
    if logon.serial.is_zero() {
        return false;
    }
    if policy.cas.is_empty() {
        let issuer = logon.issuer.trim_start_matches("CN=").trim_start_matches("cn=");
        return !same_text(Account::parse(issuer).bare_name(), logon.account.bare_name());
    }
    configured_host(policy, &logon.issuer).is_some()
}

/// The object itself, Entra Connect, AD FS by the policy.
fn is_known_writer(policy: &DomainPolicy, change: &DirectoryChange, account: &Account) -> bool {
    let actor = &change.actor;
    same_account(policy, actor, account)
        || is_entra_connect(&actor.name)
        || policy.lists(&policy.allow.key_writers, actor)
}

/// The account that Entra Connect creates for itself: `MSOL_` and twelve hex digits.
fn is_entra_connect(name: &str) -> bool {
    let name = fold(name);
    let digits = name.strip_prefix("msol_").unwrap_or_default();
    digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}
