//! `schannel-logon`: an account logged on with a certificate over TLS for the first time in 30 days.
//!
//! **What.** 4624 with the logon process Schannel, of a user, or of a protected account such as a domain controller. A machine is
//! one by the policy, or because events show it: see [`controller`].
//! **Why.** Where Kerberos refuses a certificate, LDAPS takes it (pass-the-certificate). People do not log on that way. Sources: the
//! event schema, the published description of pass-the-certificate.
//! **What looks alike and is harmless.** Applications with client certificates: they come again and again, and alert once, in the
//! first days of data only low. Machines that are no domain controllers are quiet.

mod settings;
mod controller;
mod machine;

use crate::alert::Severity;
use crate::detect::changes::by_name;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_used_by};
use crate::detect::lifecycle::Lifetime;
use crate::detect::novelty;
use crate::detect::protected;
use crate::detect::report::reason;
pub(crate) use crate::detect::schannel_logon::settings::Settings;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::account::{Account, same_text};
use crate::event::time::Span;
use crate::event::time::Time;
use crate::event::{Activity, Event, NetworkLogon};
use crate::wire::record::{LastSeenState, NoveltyState};

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct SchannelLogon {
    settings: Settings,
}

impl SchannelLogon {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> SchannelLogon {
        SchannelLogon { settings }
    }
}

impl Detection for SchannelLogon {
    type State = LastSeenState;
    type Part = ();

    const ABOUT: About = About {
        id: "schannel-logon",
        title: "First logon with a certificate over TLS",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0008", "Lateral Movement", "T1550", "Use Alternate Authentication Material"),
        ],
        investigative_actions: &[
            "Ask the account's owner which application used the certificate",
            "Look at the host of the address: does the account work there?",
            "Find certificates that were issued to the account, or with its name, in the last days",
            "Look at what changed in the directory over LDAP since (4662, 5136)",
        ],
        benign_if: &[
            "The application that the account uses logs on with certificates, and this was its first logon",
        ],
        excepted_by: &[Key::UsedBy, Key::Address],
        severities: &[Severity::Low, Severity::Medium, Severity::High],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(logon) = schannel(event) {
            found(entity_of(&logon.account, policy));
        } else {
            // Those of the policy are watched without it.
            controller::shown_by(event, &mut |machine| {
                if !protected::is_protected_account(policy, &machine) {
                    found(by_name(&machine));
                }
            });
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, LastSeenState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(logon) = schannel(event) else {
            machine::on_controller(&self.settings, event, entity, slot, cx);
            return;
        };
        if !is_watched(&logon.account, cx.policy) {
            machine::on_logon(&self.settings, event, logon, entity, slot, cx);
            return;
        }
        let (at, remember) = (event.effective_time(), self.settings.remember);
        slot.keep_until(memory_after(at, remember));
        let last = (slot.state.last_ms != 0).then(|| Time::from_millis(slot.state.last_ms));
        slot.state.last_ms = slot.state.last_ms.max(at.as_millis());
        let is_trained = self.is_trained(event, slot);
        if last.is_some_and(|last| last.distance(at) <= remember) {
            return;
        }
        let account = &logon.account;
        let severity = match (protected::is_protected_account(cx.policy, account), is_trained) {
            (true, _) => self.settings.severity_protected,
            (false, true) => self.settings.severity,
            (false, false) => self.settings.severity_training,
        };
        let ip = logon.remote_ip.clone().unwrap_or_default();
        let text = format!("{account} logged on with a certificate over TLS, which it did not do lately");
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(Span::hours(24)),
            severity,
            title: format!("{account} logged on to {} with a certificate over TLS", event.computer),
            reasons: vec![reason("first_schannel_logon", text)],
            fields: vec![("account", account.to_string()), ("ip", ip), ("package", logon.package.clone())],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_used_by(alert, account);
            alert.remote_ip = logon.remote_ip.clone();
            false
        });
    }
}

impl SchannelLogon {
    /// Counts the days of data of the partition. They decide on the severity only, because they depend on which accounts
    /// share the partition.
    fn is_trained(&self, event: &Event, slot: &mut Slot<'_, LastSeenState, ()>) -> bool {
        let mut days: NoveltyState = slot.shared("days");
        novelty::mark_day(&mut days, event, novelty::CA_MEMORY);
        slot.put_shared("days", &days);
        days.days_of_data > self.settings.training_days
    }
}

/// A logon by Schannel.
fn schannel(event: &Event) -> Option<&NetworkLogon> {
    let Activity::NetworkLogon(logon) = &event.activity else { return None };
    same_text(&logon.logon_process, "Schannel").then_some(logon)
}

/// Whether the account is watched whatever events show of it.
fn is_watched(account: &Account, policy: &DomainPolicy) -> bool {
    !account.is_machine() || protected::is_protected_account(policy, account)
}

/// Other machines by their names alone: the name of a computer does not show its domain's NetBIOS name.
fn entity_of(account: &Account, policy: &DomainPolicy) -> Entity {
    if is_watched(account, policy) { policy.account(account) } else { by_name(account) }
}
