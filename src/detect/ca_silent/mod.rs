//! `ca-silent`: a CA stopped reporting, or reports less than it did.
//!
//! **What.** No event of a CA, or none of one bit of its audit filter, for longer than ever in the last 60 days, while other events
//! show that time passes: logons with its certificates, clients on its request pipe, its other events. Or 4887 lost its serial
//! number, which version 1 has.
//! **Why.** Without its events nobody sees what a CA issues. Anyone who administers it can switch them off. Source: the published
//! list of events that Defender for Identity checks.
//! **What looks alike and is harmless.** Maintenance, an outage of the shipper, holidays longer than any before: look for the
//! cause, the alert ends with the silence.

mod settings;
mod group;
mod judge;

pub(crate) use crate::detect::ca_silent::settings::Settings;

use crate::alert::{Reason, Severity};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::Finding;
use crate::detect::issuer;
use crate::detect::lifecycle::Lifetime;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::file::is_request_pipe;
use crate::event::host::Host;
use crate::event::time::Span;
use crate::event::{Activity, Event};
use crate::wire::record::{AuditGroup, CaSilentState, OpenAlert};

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct CaSilent {
    settings: Settings,
}

impl CaSilent {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> CaSilent {
        CaSilent { settings }
    }
}

impl Detection for CaSilent {
    type State = CaSilentState;
    type Part = ();

    const ABOUT: About = About {
        id: "ca-silent",
        title: "CA reports less than it did, or nothing",
        mitre: &[("TA0005", "Defense Evasion", "T1562.002", "Disable Windows Event Logging")],
        investigative_actions: &[
            "Check that the CA and its shipper run, and that its Security log was not cleared (1102)",
            "Read the audit settings on the CA: certutil -getreg CA\\AuditFilter, auditpol /get /subcategory:\"Certification Services\"",
            "Read the CA's database for what was issued in between: certutil -view",
            "Ask who changed the audit policy, the audit filter or the shipper, and look at that account's logons on the CA",
        ],
        benign_if: &["The CA was shut down or its collection was interrupted as planned"],
        excepted_by: &[Key::Computer],
        severities: &[Severity::Medium],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(ca) = ca_of(event, policy) {
            found(Entity::ca_in_any_spelling(&ca));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, CaSilentState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(ca) = ca_of(event, cx.policy) else { return };
        let at = event.effective_time();
        // A clock that is wrong shows neither that the CA reports nor that time passes.
        if event.clock_fault().is_some() {
            return;
        }
        slot.keep_until(memory_after(at, group::MEMORY));
        let missing = judge::missing(&self.settings, &slot.state.groups, at);
        let lifetime = lifetime(&missing, slot.state.open.as_ref());
        let mut reasons = judge::silences(missing, &slot.state.groups, &ca);
        if let Some(bit) = group::bit_of(&event.activity) {
            group::learn(&mut slot.state.groups, bit, at, |known| judge::tolerated(&self.settings, known));
        }
        reasons.extend(judge::lost_version(&mut slot.state, event));
        if !reasons.is_empty() {
            self.raise(event, entity, &ca, (lifetime, reasons), slot, cx);
        }
    }
}

impl CaSilent {
    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        ca: &Host,
        (lifetime, reasons): (Lifetime, Vec<Reason>),
        slot: &mut Slot<'_, CaSilentState, ()>,
        cx: &mut Context<'_>,
    ) {
        let finding = Finding {
            entity,
            event,
            lifetime,
            severity: self.settings.severity,
            title: format!("{ca} reports less than it did"),
            reasons,
            fields: Vec::new(),
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            alert.computer = Some(ca.clone());
            false
        });
    }
}

/// How long the alert lasts: as long as nothing came of what is missing since its latest trigger, on weekends without a logon
/// too.
fn lifetime(missing: &[&AuditGroup], open: Option<&OpenAlert>) -> Lifetime {
    let lasts = |open: &OpenAlert| missing.iter().all(|group| group.last_ms < open.last_trigger_ms);
    if !missing.is_empty() && open.is_some_and(lasts) {
        Lifetime::WhileRemembered
    } else {
        Lifetime::SinceLatestTrigger(Span::hours(24))
    }
}

/// The CA of which the event shows something: that it reports, or that time passes for it. The hosts of one common name are
/// one CA, whose service moves from node to node of a cluster, or to a new machine.
fn ca_of(event: &Event, policy: &DomainPolicy) -> Option<Host> {
    if let Activity::CertificateLogon(logon) = &event.activity {
        return issuer::configured_host(policy, &logon.issuer);
    }
    let host = host_of(event, policy)?;
    issuer::configured_name(policy, &host)
        .and_then(|name| issuer::configured_host(policy, name))
        .or(Some(host))
}

/// The CA that the event is logged on, or whose request pipe it shows.
fn host_of(event: &Event, policy: &DomainPolicy) -> Option<Host> {
    if group::bit_of(&event.activity).is_some() {
        return Some(event.computer.clone());
    }
    let at_the_ca = matches!(event.activity, Activity::NetworkLogon(_))
        && policy.cas.keys().any(|host| Host::new(host).is_same(&event.computer));
    let on_its_pipe = if let Activity::ShareAccessed(access) = &event.activity {
        is_request_pipe(&access.share, &access.target)
    } else {
        false
    };
    (at_the_ca || on_its_pipe).then(|| event.computer.clone())
}
