//! `certlog-remote-write`: a host that does not usually do so wrote to a CA's certificate log, or opened its request pipe.
//!
//! **What.** A remote write under `…\CertLog\` (an EDR's file event, or 5145 on a share), or 5145 on `IPC$` with target
//! `cert`, from a host or an account that the CA has not seen in the training period. Seed: the UEBA analytic "Unusual
//! CertLog Remote File Write" (activation 14 days, training 30 days, test period one event, deduplication one day).
//! **Why.** Windows' own clients ask for certificates over DCOM; attack tools come through the pipe, and the CA service
//! then writes its database on their behalf.
//! **What looks alike and is harmless.** Backup and management hosts: they come again and again, which the baseline
//! learns. Allow-list those that come rarely.

mod settings;
mod write;
mod pair;
mod finding;

use crate::alert::Severity;
use crate::detect::certlog_remote_write::finding::{Finding, Known, raise, worsen};
use crate::detect::certlog_remote_write::pair::{
    CaSlot, Side, account_part, host_part, memory, remember_bad_request,
};
pub(crate) use crate::detect::certlog_remote_write::settings::Settings;
use crate::detect::certlog_remote_write::write::{Write, write_of};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::naming;
use crate::detect::report;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, Notice, Training, memory_after};
use crate::event::time::{Day, Span, Time};
use crate::event::{Activity, CertificateRequest, ClockFault, Event};
use crate::state::days::REMEMBERED_DAYS;
use crate::wire;
use crate::wire::record::{BadRequest, CertLogCaState, CertLogPairState};

/// The baseline of a CA that gave no data for so long is forgotten.
const CA_MEMORY: Span = Span::days(2 * REMEMBERED_DAYS as i64);

/// The detection with its settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct CertlogRemoteWrite {
    settings: Settings,
}

impl CertlogRemoteWrite {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> CertlogRemoteWrite {
        CertlogRemoteWrite { settings }
    }
}

impl Detection for CertlogRemoteWrite {
    type State = CertLogCaState;
    type Part = CertLogPairState;

    const ABOUT: About = About {
        id: "certlog-remote-write",
        title: "Unusual CertLog Remote File Write",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Find out what the remote host is and who was logged on to it at that time",
            "Read the CA's requests of that time (4886, 4887, 4888): whose names do they carry",
            "Look at the process and the RPC interface on the CA that wrote the file",
            "Follow up with logons by certificate (4768, 4624 Schannel) of the accounts that were named",
        ],
        benign_if: &[
            "The account administers or backs up the CA from this machine, and the work was planned",
        ],
        excepted_by: &[Key::Account, Key::Computer, Key::Address],
        severities: &[Severity::Low, Severity::Medium],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if write_of(event).is_some() || report::request_of(event).is_some() {
            found(Entity::ca_in_any_spelling(&event.computer));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        _: &Entity,
        slot: &mut Slot<'_, CertLogCaState, CertLogPairState>,
        cx: &mut Context<'_>,
    ) {
        let at = event.effective_time();
        // A time before AD CS existed is no day of data: the baseline of a CA must not begin in 1601.
        if event.clock_fault() != Some(ClockFault::TooEarly) {
            mark_day(&mut slot.state, at);
        }
        slot.keep_until(memory_after(at, CA_MEMORY));
        if let Some(write) = write_of(event) {
            on_write(&self.settings, event, &write, slot, cx);
        } else if let Some(request) = report::request_of(event) {
            on_request(&self.settings, event, request, slot, cx);
        }
    }

    fn training(&self, state: &CertLogCaState) -> Option<Training> {
        Some(Training { days: state.days_of_data, needed: self.settings.activation_days.0 })
    }
}

/// Counts a day of data of a CA. What was known of one that was quiet for longer than its memory is forgotten.
fn mark_day(state: &mut CertLogCaState, at: Time) {
    let newest = state.days.as_ref().map_or_else(|| at.day(), |days| Day::from_epoch(days.newest_day));
    if newest.start().plus(CA_MEMORY) < at {
        *state = CertLogCaState::default();
    }
    let days_before = state.days_of_data;
    if state.days.get_or_insert_default().mark(at.day()) {
        state.days_of_data = days_before.saturating_add(1);
    }
    if days_before == 0 || at.as_millis() < state.trained_since_ms {
        state.trained_since_ms = at.as_millis();
    }
}

fn on_write(
    settings: &Settings,
    event: &Event,
    write: &Write<'_>,
    slot: &mut CaSlot<'_>,
    cx: &mut Context<'_>,
) {
    if is_allowed(cx.policy, write) {
        return;
    }
    let at = event.effective_time();
    let mut host = Side::load(host_part(&write.remote()), slot, at.day(), settings.training_days);
    let mut account =
        write.account.map(|a| Side::load(account_part(a), slot, at.day(), settings.training_days));
    let days = slot.state.days_of_data;
    let active = days >= settings.activation_days.0;
    let account_known = account.as_ref().is_none_or(Side::is_known);
    if !active {
        let needed = settings.activation_days.0;
        let entity = event.computer.to_string();
        cx.notices.push(Notice::Training { detection: cx.about.id, entity, days, needed });
    } else if !host.is_known() || !account_known {
        let finding = Finding::new(settings, event, write, &host, account.as_ref());
        let known = Known { host: &mut host, account: account.as_ref(), ca: &slot.state };
        raise(settings, finding, event, write, known, cx);
        host.now.unusual_ms = at.as_millis();
        if let Some(account) = &mut account {
            account.now.unusual_ms = at.as_millis();
            account.now.unusual_host = write.remote();
        }
    }
    let host_normal = !active || host.is_known();
    host.learn(at, host_normal, settings.probation_days);
    host.store(slot, at, settings);
    if let Some(mut account) = account {
        let account_normal = !active || account.is_known();
        account.learn(at, account_normal, settings.probation_days);
        account.store(slot, at, settings);
    }
}

fn is_allowed(policy: &DomainPolicy, write: &Write<'_>) -> bool {
    write.host.is_some_and(|host| policy.allow.source_host(host.as_str()))
        || write.ip.is_some_and(|ip| policy.allow.source_host(ip))
        || write.account.is_some_and(|account| policy.allows_requester(account))
}

/// A mismatched or denied request is remembered with its account and its client machine, and makes an unusual write of theirs
/// suspicious that came shortly before.
fn on_request(
    settings: &Settings,
    event: &Event,
    request: &CertificateRequest,
    slot: &mut CaSlot<'_>,
    cx: &mut Context<'_>,
) {
    let denied = matches!(event.activity, Activity::CertificateDenied(_));
    let judgement = naming::judge(cx.policy, cx.facts, request, event);
    if !denied && !judgement.is_suspicious() {
        return;
    }
    let at = event.effective_time();
    let evidence = wire::alert::evidence_to_record(report::evidence(event));
    let bad = BadRequest {
        time_ms: at.as_millis(),
        request_id: request.request_id,
        denied,
        evidence: Some(evidence),
    };
    let names = [
        Some(account_part(&request.requester)),
        request.client.as_ref().map(|host| host_part(host.as_str())),
    ];
    let mut hosts = Vec::new();
    for name in names.into_iter().flatten() {
        let mut side = Side::load(name, slot, at.day(), settings.training_days);
        remember_bad_request(&mut side.now.bad_requests, bad.clone());
        if Time::from_millis(side.now.unusual_ms).distance(at) <= settings.bad_request_window {
            let host = side.now.unusual_host.clone();
            hosts.push(if host.is_empty() { side.name.clone() } else { host_part(&host) });
        }
        side.store(slot, at, settings);
    }
    hosts.dedup();
    for host in hosts {
        let mut part = slot.part(&host);
        if worsen(settings, &bad, at, &mut part.open, cx) {
            slot.put_part(&host, &part, memory_after(at, memory(settings.training_days)));
        }
    }
}
