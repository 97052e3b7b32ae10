//! `machine-account-enrollment`: a machine account that a user created, or whose names were changed, got a certificate.
//!
//! **What.** 4741 by a user, or 4742 or 4781 with an odd name (see `detect/odd_name.rs`), and a 4887 of that machine within a day.
//! The host name of another machine in the certificate raises the severity.
//! **Why.** Every user may create ten machine accounts by default and owns them: a cheap identity that may enroll in machine
//! templates, and whose dNSHostName becomes the name in the certificate (CVE-2022-26923, Certifried). Source: its published
//! analysis.
//! **What looks alike and is harmless.** People and deployment services that join machines: low while the certificate has the
//! machine's own names, and `allow.joiners` for none. A creation under the quota of every user is no right that they need.

use crate::alert::Reason;
use crate::alert::Severity;
use crate::detect::chain;
use crate::detect::changes::{Attribute, Change, by_name, changes};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::facts::Facts;
use crate::detect::finding::{Finding, set_client, set_requester};
use crate::detect::identity::{self, Verdict};
use crate::detect::lifecycle::Lifetime;
use crate::detect::odd_name::{Oddness, oddness};
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::Account;
use crate::event::san::San;
use crate::event::time::Span;
use crate::event::{AccountChangeKind, Activity, Event, IssuedCertificate};
use crate::wire::record::{ChainEvent, ChainState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// Of a machine account that was created under the quota of every user, or got an odd name, and a certificate. Default high.
    pub severity: Severity,
    /// Of one that an account with the rights for it created, whose certificate has its own names. Default low.
    pub severity_joined: Severity,
    /// When the certificate or the account has the host name of another machine. Default critical.
    pub severity_foreign: Severity,
    /// How long after the creation or the change a certificate counts. Default 1d.
    pub within: Span,
    /// The same machine alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::High,
            severity_joined: Severity::Low,
            severity_foreign: Severity::Critical,
            within: Span::hours(24),
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
pub(crate) struct MachineAccountEnrollment {
    settings: Settings,
}

impl MachineAccountEnrollment {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> MachineAccountEnrollment {
        MachineAccountEnrollment { settings }
    }
}

impl Detection for MachineAccountEnrollment {
    type State = ChainState;
    type Part = ();

    const ABOUT: About = About {
        id: "machine-account-enrollment",
        title: "Certificate for a machine account that a user made",
        mitre: &[
            ("TA0003", "Persistence", "T1136.002", "Create Account: Domain Account"),
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
        ],
        investigative_actions: &[
            "Ask the user whether the machine exists; look for its logons and its address",
            "Revoke the certificate and publish a new CRL",
            "Delete the machine account if nobody needs it, and set ms-DS-MachineAccountQuota to 0",
            "Look for 4768 with the certificate's serial number",
        ],
        benign_if: &["The account joins machines by trade: name it under `allow.joiners`"],
        excepted_by: &[Key::Account, Key::Computer],
        severities: &[Severity::Low, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(issued) = event.activity.issued() {
            let requester = &issued.request.requester;
            if requester.is_machine() {
                found(by_name(requester));
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
        let link = match event.activity.issued() {
            Some(issued) => issued_link(event, issued, cx.policy, cx.facts),
            None => link_of(event, cx.policy),
        };
        let Some(link) = link else { return };
        let within = self.settings.within;
        chain::remember(&mut slot.state.events, link.clone(), within);
        slot.keep_until(memory_after(event.effective_time(), within.max(self.settings.suppression)));
        if slot.state.events.iter().all(|known| known.kind == ISSUED) {
            return;
        }
        let events = slot.state.events.clone();
        for issued in events.iter().filter(|known| known.kind == ISSUED) {
            let causes: Vec<&ChainEvent> = [CREATED, CHANGED]
                .into_iter()
                .flat_map(|kind| chain::before(&events, kind, issued, within))
                .filter(|cause| chain::is_one_account(cx.policy, issued, cause))
                .collect();
            if causes.contains(&&link) || (issued == &link && !causes.is_empty()) {
                self.raise(event, entity, &causes, issued, slot, cx);
            }
        }
    }
}

const CREATED: &str = "created";
const CHANGED: &str = "changed";
const ISSUED: &str = "issued";

impl MachineAccountEnrollment {
    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        causes: &[&ChainEvent],
        issued: &ChainEvent,
        slot: &mut Slot<'_, ChainState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(anchor) = chain::evidence(issued) else { return };
        let Some(actor) = causes.last().map(|cause| Account::parse(&cause.actor)) else { return };
        let machine = &issued.account;
        let reasons = reasons(causes, issued);
        let has = |code: &str| reasons.iter().any(|reason| reason.code == code);
        let is_named = |reason: &Reason| ![BY_USER, BY_QUOTA, MACHINE].contains(&&*reason.code);
        let severity = if reasons.iter().any(is_named) {
            self.settings.severity_foreign
        } else if has(BY_QUOTA) || has(MACHINE) {
            self.settings.severity
        } else {
            self.settings.severity_joined
        };
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity,
            title: format!("{machine} was created or changed by {actor} and issued a certificate"),
            reasons,
            fields: Vec::new(),
            earlier: causes.iter().copied().chain([issued]).filter_map(chain::evidence).collect(),
        };
        finding.raise_as(&anchor, &mut slot.state.open, cx, |alert| {
            set_requester(alert, &actor);
            if let Some(request) = report::request_of(event) {
                set_client(alert, request);
            }
            alert.certificate_serial = Some(issued.old.clone()).filter(|serial| !serial.is_empty());
            report::list_name(alert, &issued.new)
        });
    }
}

/// An account with rights on the container created the machine, as those who install machines do.
const BY_USER: &str = "created_by_a_user";
/// The machine was created under the quota that every user has.
const BY_QUOTA: &str = "created_by_quota";
/// The oddness that is no foreign host name by itself.
const MACHINE: &str = Oddness::Machine.code();

fn reasons(causes: &[&ChainEvent], issued: &ChainEvent) -> Vec<Reason> {
    let machine = &issued.account;
    let mut reasons = Vec::new();
    if !issued.new.is_empty() {
        let text = format!("the certificate of {machine} has the host name {}", issued.new);
        reasons.push(reason("foreign_name_in_certificate", text));
    }
    for cause in causes {
        reasons.push(if cause.kind == CREATED && cause.old == BY_QUOTA {
            let text = format!("{} created {machine} under the quota that every user has", cause.actor);
            reason(BY_QUOTA, text)
        } else if cause.kind == CREATED {
            reason(BY_USER, format!("{} created {machine}", cause.actor))
        } else {
            reason(
                &cause.old,
                format!("{} changed {} of {machine} to {}", cause.actor, cause.attribute, cause.new),
            )
        });
    }
    reasons
}

/// A change or a creation as a part of the chain: `old` is why the new name is odd, or by what right it was created.
fn link_of(event: &Event, policy: &DomainPolicy) -> Option<ChainEvent> {
    if let Activity::AccountChanged(change) = &event.activity
        && change.kind == AccountChangeKind::Created
    {
        let actor = &change.actor;
        let by_user =
            !actor.is_machine() && !actor.name.is_empty() && !policy.lists(&policy.allow.joiners, actor);
        let link = chain::link(event, CREATED, &change.account, &[("actor", &actor.to_string())]);
        let old = if change.by_quota { BY_QUOTA } else { BY_USER }.to_owned();
        return by_user.then(|| ChainEvent { actor: actor.to_string(), old, ..link });
    }
    let change = changes(event).into_iter().find(|change| is_machine_change(policy, change))?;
    let odd = oddness(policy, &change)?;
    let attribute = change.attribute.as_str().to_owned();
    let new = report::cut(change.new.as_deref().unwrap_or_default());
    let actor = change.actor.to_string();
    let fields = [("actor", actor.as_str()), ("attribute", &attribute), ("new", &new)];
    let link = chain::link(event, CHANGED, &change.account, &fields);
    Some(ChainEvent {
        attribute: attribute.clone(),
        new: new.clone(),
        old: odd.code().to_owned(),
        actor: actor.clone(),
        ..link
    })
}

fn is_machine_change(policy: &DomainPolicy, change: &Change) -> bool {
    change.account.is_machine()
        && change.attribute != Attribute::Mapping
        && !policy.lists(&policy.allow.changers, &change.actor)
}

/// A certificate of a machine: `new` is a host name of another, `old` the serial number.
fn issued_link(
    event: &Event,
    issued: &IssuedCertificate,
    policy: &DomainPolicy,
    facts: &Facts,
) -> Option<ChainEvent> {
    let requester = &issued.request.requester;
    if !requester.is_machine() {
        return None;
    }
    let foreign = |name: &&San| {
        matches!(name, San::Dns(_))
            && identity::compare(policy, requester, name, &event.computer) == Verdict::Other
            && !facts.is_name_of_the_domain(policy, requester, name)
    };
    let name =
        issued.request.names.iter().find(foreign).map(|name| report::cut(name.value())).unwrap_or_default();
    let serial = issued.serial.as_ref().map(ToString::to_string).unwrap_or_default();
    let template = issued.request.templates_in_one();
    let link = chain::link(
        event,
        ISSUED,
        requester,
        &[("serial", &serial), ("template", &template), ("name", &name)],
    );
    Some(ChainEvent { new: name.clone(), old: serial.clone(), ..link })
}
