//! Logons over TLS of machines that no list of the policy has. Ordinary ones have client certificates; one that is a domain
//! controller is reported. What shows that it is one may be read after its logon.

use crate::alert::{Alert, Evidence};
use crate::detect::finding::set_used_by;
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::report::{self, reason};
use crate::detect::schannel_logon::settings::Settings;
use crate::detect::slot::Slot;
use crate::detect::{Context, Entity, memory_after};
use crate::event::account::Account;
use crate::event::host::Host;
use crate::event::time::{Span, Time};
use crate::event::{Event, NetworkLogon};
use crate::wire;
use crate::wire::record::{LastSeenState, SourceSeen};
use std::net::IpAddr;

type MachineSlot<'a> = Slot<'a, LastSeenState, ()>;

/// Addresses that are remembered of one machine.
const MAX_SOURCES: usize = 4;

/// A logon waits so long for what shows that the machine is a domain controller.
const WAIT: Span = Span::hours(24);

/// How long it is remembered that a machine is a domain controller: longer than its certificate lasts.
const CONTROLLER_MEMORY: Span = Span::days(400);

/// Remembers the logon of a machine, and judges it if the machine is a domain controller.
pub(super) fn on_logon(
    settings: &Settings,
    event: &Event,
    logon: &NetworkLogon,
    entity: &Entity,
    slot: &mut MachineSlot<'_>,
    cx: &mut Context<'_>,
) {
    let address = logon.remote_ip.as_deref().unwrap_or_default();
    if address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
        return;
    }
    let at = event.effective_time();
    forget(&mut slot.state, settings, at);
    slot.keep_until(memory_after(at, settings.remember));
    if let Some(known) = slot.state.sources.iter_mut().find(|known| known.address == address) {
        known.time_ms = known.time_ms.max(at.as_millis());
    } else {
        slot.state.sources.push(source(event, logon, address));
    }
    if slot.state.sources.len() > MAX_SOURCES {
        slot.state.sources.remove(0);
    }
    judge(settings, event, entity, slot, cx);
}

/// The event shows the machine to be a domain controller.
pub(super) fn on_controller(
    settings: &Settings,
    event: &Event,
    entity: &Entity,
    slot: &mut MachineSlot<'_>,
    cx: &mut Context<'_>,
) {
    let at = event.effective_time();
    mark(slot, at);
    forget(&mut slot.state, settings, at);
    judge(settings, event, entity, slot, cx);
}

fn mark(slot: &mut MachineSlot<'_>, at: Time) {
    slot.state.controller_ms = slot.state.controller_ms.max(Some(at.as_millis()));
    slot.keep_until(memory_after(at, CONTROLLER_MEMORY));
}

fn source(event: &Event, logon: &NetworkLogon, address: &str) -> SourceSeen {
    let account = logon.account.to_string();
    let fields = [("account", account.as_str()), ("ip", address), ("package", &logon.package)];
    let evidence = report::evidence_with(event, fields.into_iter().filter(|(_, value)| !value.is_empty()));
    SourceSeen {
        time_ms: event.effective_time().as_millis(),
        address: report::cut(address),
        evidence: Some(wire::alert::evidence_to_record(evidence)),
    }
}

fn forget(state: &mut LastSeenState, settings: &Settings, at: Time) {
    let is_over = |millis: i64, span: Span| Time::from_millis(millis).plus(span) < at;
    state.sources.retain(|known| !is_over(known.time_ms, settings.remember));
    for known in &mut state.sources {
        known.evidence = known.evidence.take().filter(|evidence| !is_over(evidence.time_ms, WAIT));
    }
}

/// Raises the logons that wait, if the machine is a domain controller.
fn judge(
    settings: &Settings,
    event: &Event,
    entity: &Entity,
    slot: &mut MachineSlot<'_>,
    cx: &mut Context<'_>,
) {
    if slot.state.controller_ms.is_none() {
        return;
    }
    let waiting: Vec<_> = slot.state.sources.iter_mut().filter_map(|known| known.evidence.take()).collect();
    for logon in waiting.into_iter().map(wire::alert::evidence_from_record) {
        let trigger = Trigger { at: logon.time, lifetime: Lifetime::SinceOpened(Span::hours(24)) };
        trigger.raise(
            &mut slot.state.open,
            cx,
            |cx| Alert {
                alert_id: report::alert_id(cx.about, entity, &logon),
                time: logon.time,
                first_seen: logon.time,
                last_seen: logon.time,
                ..report::new_alert(entity, event, cx)
            },
            |alert, _| describe(settings, alert, &logon),
        );
    }
}

/// Whether the address is new.
fn describe(settings: &Settings, alert: &mut Alert, logon: &Evidence) -> bool {
    let field = |name: &str| logon.fields.get(name).cloned().unwrap_or_default();
    let (account, address) = (Account::parse(&field("account")), field("ip"));
    alert.severity = alert.severity.max(settings.severity_protected);
    alert.title = format!("{account} logged on to {} with a certificate over TLS", logon.computer);
    let text = format!("{account} logged on with a certificate over TLS, which it did not do lately");
    report::add_reason(alert, reason("first_schannel_logon", text));
    let text = format!(
        "{account} is a domain controller: it logs changes of machine accounts, or has the service names or a certificate of one"
    );
    report::add_reason(alert, reason("domain_controller", text));
    alert.why_suspicious = alert.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("; ");
    alert.first_seen = alert.first_seen.min(logon.time);
    alert.last_seen = alert.last_seen.max(logon.time);
    set_used_by(alert, &account);
    let computer: Host = logon.computer.clone();
    alert.computer = Some(computer);
    let address = Some(address).filter(|address| !address.is_empty());
    let is_new = alert.remote_ip != address;
    alert.remote_ip = address;
    report::add_evidence(alert, logon.clone());
    is_new
}
