//! `account-remapped`: a name of an account was changed to one that belongs to another, or that a certificate can be mapped by.
//!
//! **What.** 4738, 4742, 4781 and 5136: a userPrincipalName without `@` or with `$`, the name of a protected identity in
//! userPrincipalName, mail, dNSHostName or sAMAccountName, the host name of another machine, and a mapping in
//! altSecurityIdentities that others can fulfil. See `detect/odd_name.rs`. A certificate logon (4768, 4771) within a day after it
//! makes the alert high.
//! **Why.** Certificates are mapped by these names (ESC9, ESC10, ESC14, CVE-2022-26923, CVE-2021-42278). Sources: KB5014754 on weak
//! and strong mappings, [MS-ADA1].
//! **What looks alike and is harmless.** Names change when people marry and machines move: the new name is of the account's own kind
//! and belongs to nobody. Identity management: `allow.changers`.

use crate::alert::{Reason, Severity};
use crate::detect::asked::NAMES;
use crate::detect::changes::{Attribute, Change, by_name, changes};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::identity::same_account;
use crate::detect::lifecycle::Lifetime;
use crate::detect::odd_name::{Oddness, oddness};
use crate::detect::protected;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{ALLOWED_LATENESS, About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::Account;
use crate::event::host::Host;
use crate::event::time::{Span, Time};
use crate::event::{Activity, CertificateLogon, Event};
use crate::wire::record::SingleAlert;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// Of a name that is odd. Default medium.
    pub severity: Severity,
    /// Of the name of a protected identity. Default high.
    pub severity_protected: Severity,
    /// The same account alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::Medium,
            severity_protected: Severity::High,
            suppression: Span::hours(24),
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
pub(crate) struct AccountRemapped {
    settings: Settings,
}

impl AccountRemapped {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> AccountRemapped {
        AccountRemapped { settings }
    }
}

impl Detection for AccountRemapped {
    type State = SingleAlert;
    type Part = ();

    const ABOUT: About = About {
        id: "account-remapped",
        title: "Account has the name of another, or a weak mapping",
        mitre: &[
            ("TA0003", "Persistence", "T1098", "Account Manipulation"),
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
        ],
        investigative_actions: &[
            "Ask the account that made the change, over another channel",
            "Set the value back; list the certificates that the account was issued since (changed-then-issued does)",
            "Map certificates by issuer and serial number or by the hash of the key, not by names",
            "Remove the write permission on the account from those who do not administer it",
        ],
        benign_if: &[
            "The account is an identity management: name it under `allow.changers`",
            "The administrator who changed the account confirms the change",
        ],
        excepted_by: &[Key::Account, Key::Names],
        severities: &[Severity::Medium, Severity::High],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        let changes = watched_changes(event, policy);
        if let Some(change) = changes.iter().find(|change| oddness(policy, change).is_some()) {
            found(by_name(&change.account));
        }
        for named in changes.iter().filter_map(|change| named_by(policy, change)) {
            found(names_of(&named));
        }
        if let Some((logon, _)) = tried(event) {
            found(by_name(&logon.account));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        if let Some((logon, why)) = tried(event) {
            self.on_logon(event, entity, logon, why, slot, cx);
        }
        for change in watched_changes(event, cx.policy) {
            let odd = if *entity == by_name(&change.account) {
                oddness(cx.policy, &change)
            } else {
                collision(event, entity, &change, cx)
            };
            if let Some(odd) = odd {
                self.raise(event, entity, &change, odd, slot, cx);
            }
        }
    }
}

impl AccountRemapped {
    /// A logon with a certificate, or the attempt, after the change: it adds to the alert of the change and opens none.
    fn on_logon(
        &self,
        event: &Event,
        entity: &Entity,
        logon: &CertificateLogon,
        why: Reason,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        let (at, lifetime) = (event.effective_time(), Lifetime::SinceOpened(self.settings.suppression));
        let changed = slot.state.open.as_ref().map(|open| Time::from_millis(open.last_trigger_ms));
        if !changed.is_some_and(|changed| changed <= at && lifetime.contains(changed, at)) {
            return;
        }
        let accepted = logon.accepted();
        let finding = Finding {
            entity,
            event,
            lifetime,
            severity: if accepted { self.settings.severity_protected } else { self.settings.severity },
            title: format!("A name of {} was changed, and it logged on with a certificate", logon.account),
            reasons: vec![why],
            fields: vec![
                ("account", logon.account.to_string()),
                ("serial", logon.serial.to_string()),
                ("status", format!("{:#x}", logon.status)),
                ("ip", logon.remote_ip.clone().unwrap_or_default()),
            ],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            alert.used_by_account = Some(logon.account.name.clone());
            alert.used_by_domain = Some(logon.account.domain.clone()).filter(|domain| !domain.is_empty());
            alert.certificate_serial.get_or_insert_with(|| logon.serial.to_string());
            alert.remote_ip.clone_from(&logon.remote_ip);
            false
        });
    }

    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        change: &Change,
        odd: Oddness,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        let Change { account, attribute, actor, .. } = change;
        let new = report::cut(change.new.as_deref().unwrap_or_default());
        let text = format!("{} of {account} is {new} now: {}", attribute.as_str(), odd.text());
        let grave = odd.is_of_another() || protected::is_protected_account(cx.policy, account);
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: if grave { self.settings.severity_protected } else { self.settings.severity },
            title: format!("{actor} changed {} of {account} to {new}", attribute.as_str()),
            reasons: vec![reason(odd.code(), text)],
            fields: vec![
                ("account", account.to_string()),
                ("actor", actor.to_string()),
                ("attribute", attribute.as_str().to_owned()),
                ("old", change.old.clone().unwrap_or_default()),
                ("new", new.clone()),
            ],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, actor);
            report::list_name(alert, &new)
        });
        slot.keep_until(memory_after(event.effective_time(), self.settings.suppression));
    }
}

/// A logon with a certificate: accepted, or refused because the certificate maps to nobody or to another account, or its
/// issuer is not trusted for it (0x3e, 0x42, 0x4b).
fn tried(event: &Event) -> Option<(&CertificateLogon, Reason)> {
    let Activity::CertificateLogon(logon) = &event.activity else { return None };
    let (code, what) = match logon.status {
        0 => ("used", "logged on with a certificate"),
        0x3e | 0x42 | 0x4b => ("use_refused", "tried to log on with a certificate and was refused"),
        _ => return None,
    };
    Some((logon, reason(code, format!("{} {what} after the change", logon.account))))
}

/// The changes by accounts that are not listed as ones that change names. All are of one account.
fn watched_changes(event: &Event, policy: &DomainPolicy) -> Vec<Change> {
    let mut changes = changes(event);
    changes.retain(|change| !policy.lists(&policy.allow.changers, &change.actor));
    changes
}

/// The account that a new userPrincipalName or host name would be the name of, if that is another one.
fn named_by(policy: &DomainPolicy, change: &Change) -> Option<Account> {
    let new = change.new.as_deref()?;
    let name = match change.attribute {
        Attribute::Upn => Account::parse(new).name,
        Attribute::DnsHostName => format!("{}$", Host::new(new).label()),
        Attribute::AccountName | Attribute::Mail | Attribute::Mapping => return None,
    };
    let named = Account::new(&change.account.domain, &name);
    (!name.is_empty() && !same_account(policy, &change.account, &named)).then_some(named)
}

/// What is kept of those that get the name of this account. It lives where the facts of the account do.
fn names_of(account: &Account) -> Entity {
    Entity::account(&Account::new(NAMES, &account.name))
}

/// Whether the new name is that of another account that is known, under a name that this one never had. The event of a rename may
/// arrive before that of the name that comes with it.
fn collision(event: &Event, entity: &Entity, change: &Change, cx: &Context<'_>) -> Option<Oddness> {
    let named = named_by(cx.policy, change).filter(|named| *entity == names_of(named))?;
    let exists = cx.facts.account(cx.policy, &named).is_some();
    let until = event.effective_time().plus(ALLOWED_LATENESS);
    let renamed = cx.facts.same_account(cx.policy, &change.account, &named, until);
    (exists && !renamed).then_some(Oddness::OfAnother)
}
