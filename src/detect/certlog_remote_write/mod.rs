//! `certlog-remote-write`: a host that does not usually do so wrote to a CA's certificate log, or opened its request pipe.
//!
//! **What.** A remote write under `…\CertLog\` (an EDR's file event, or 5145 on a share), or 5145 on `IPC$` with target
//! `cert`, from a host or an account that the CA has not seen in the training period. Seed: the UEBA analytic "Unusual
//! CertLog Remote File Write" (activation 14 days, training 30 days, test period one event, deduplication one day).
//! **Why.** Windows' own clients ask for certificates over DCOM; attack tools come through the pipe, and the CA service
//! then writes its database on their behalf.
//! **What looks alike and is harmless.** Backup and management hosts: they come again and again, which the baseline
//! learns. Allow-list those that come rarely.

mod write;
mod pair;
mod finding;

use crate::alert::Severity;
use crate::detect::certlog_remote_write::finding::{Finding, bad_request_reason, raise, revise};
use crate::detect::certlog_remote_write::pair::{
    CaSlot, Side, account_part, host_part, memory, remember_bad_request,
};
use crate::detect::certlog_remote_write::write::{Write, write_of};
use crate::detect::naming;
use crate::detect::policy::Policy;
use crate::detect::report;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, Notice, Training, memory_after};
use crate::event::time::{Day, Span, Time};
use crate::event::{Activity, CertificateRequest, Event};
use crate::state::days::REMEMBERED_DAYS;
use crate::wire;
use crate::wire::record::{BadRequest, CertLogCaState, CertLogPairState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set. The defaults are the analytic's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// How far back the baseline looks, in days, at most 64. Default 30.
    pub training_days: Days,
    /// On how many different days a CA must have given data before it can alert. Default 14.
    pub activation_days: Days,
    /// How long the same host at the same CA stays silent after an alert. Default 1d.
    pub suppression: Span,
    /// On how many further days a pair that alerted must be seen before it counts as normal. Default 3.
    pub probation_days: Days,
    /// How near a mismatched or denied request must be to make a write suspicious. Default 10m.
    pub bad_request_window: Span,
    /// Severity by variation.
    pub severity: Severities,
}

/// Severity by variation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// Host or account is new to the CA. Default low.
    pub unusual: Severity,
    /// And the evidence is worse. Default medium.
    pub suspicious: Severity,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            training_days: Days(30),
            activation_days: Days(14),
            suppression: Span::days(1),
            probation_days: Days(3),
            bad_request_window: Span::minutes(10),
            severity: Severities::default(),
        }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities { unusual: Severity::Low, suspicious: Severity::Medium }
    }
}

/// A number of days that a baseline can remember: 0 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(extend("maximum" = REMEMBERED_DAYS))]
pub struct Days(u32);

impl Days {
    /// No days: active at once.
    pub const NONE: Days = Days(0);
}

impl TryFrom<u32> for Days {
    type Error = String;
    fn try_from(days: u32) -> Result<Days, String> {
        if days > REMEMBERED_DAYS {
            return Err(format!("{days} days are more than the {REMEMBERED_DAYS} that a baseline remembers"));
        }
        Ok(Days(days))
    }
}

impl From<Days> for u32 {
    fn from(days: Days) -> u32 {
        days.0
    }
}

/// A CA that gave no data for so long begins anew.
const CA_MEMORY: Span = Span::days(2 * REMEMBERED_DAYS as i64);

/// The detection.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertlogRemoteWrite;

impl Detection for CertlogRemoteWrite {
    type State = CertLogCaState;
    type Part = CertLogPairState;

    const ABOUT: About = About {
        id: "certlog-remote-write",
        title: "Unusual CertLog remote file write",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Find out what the remote host is and who was logged on to it at that time",
            "Read the CA's requests of that time (4886, 4887, 4888): whose names do they carry",
            "Look at the process and the RPC interface on the CA that wrote the file",
            "Follow up with logons by certificate (4768, 4624 Schannel) of the accounts that were named",
        ],
        severities: &[Severity::Low, Severity::Medium],
    };

    fn entity(&self, event: &Event) -> Option<Entity> {
        (write_of(event).is_some() || report::request_of(event).is_some())
            .then(|| Entity::ca(&event.computer))
    }

    fn on_event(
        &self,
        event: &Event,
        slot: &mut Slot<'_, CertLogCaState, CertLogPairState>,
        cx: &mut Context<'_>,
    ) {
        let at = event.effective_time();
        let newest =
            slot.state.days.as_ref().map_or_else(|| at.day(), |days| Day::from_epoch(days.newest_day));
        if newest.start().plus(CA_MEMORY) < at {
            slot.state = CertLogCaState::default();
        }
        let days_before = slot.state.days_of_data;
        if slot.state.days.get_or_insert_default().mark(at.day()) {
            slot.state.days_of_data = days_before.saturating_add(1);
        }
        if days_before == 0 || at.as_millis() < slot.state.trained_since_ms {
            slot.state.trained_since_ms = at.as_millis();
        }
        slot.keep_until(memory_after(at, CA_MEMORY));
        if let Some(write) = write_of(event) {
            on_write(event, &write, slot, cx);
        } else if let Some(request) = report::request_of(event) {
            on_request(event, request, slot, cx);
        }
    }

    fn training(state: &CertLogCaState, policy: &Policy) -> Option<Training> {
        Some(Training { days: state.days_of_data, needed: policy.certlog_remote_write.activation_days.0 })
    }
}

fn on_write(event: &Event, write: &Write<'_>, slot: &mut CaSlot<'_>, cx: &mut Context<'_>) {
    if is_allowed(cx.policy, write) {
        return;
    }
    let settings = &cx.policy.certlog_remote_write;
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
        cx.notices.push(Notice::Training { detection: CertlogRemoteWrite::ABOUT.id, entity, days, needed });
    } else if !host.is_known() || !account_known {
        let finding = Finding::new(event, write, &host, account.as_ref(), cx);
        raise(finding, event, write, &mut host, account.as_ref(), &slot.state, cx);
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

fn is_allowed(policy: &Policy, write: &Write<'_>) -> bool {
    write.host.is_some_and(|host| policy.allow.source_host(host.as_str()))
        || write.ip.is_some_and(|ip| policy.allow.source_host(ip))
        || write.account.is_some_and(|account| policy.allow.requester(account))
}

/// A mismatched or denied request is remembered with its account and its client machine, and makes an unusual write of theirs
/// suspicious that came shortly before.
fn on_request(event: &Event, request: &CertificateRequest, slot: &mut CaSlot<'_>, cx: &mut Context<'_>) {
    let denied = matches!(event.activity, Activity::CertificateDenied(_));
    let judgement = naming::judge(cx.policy, request);
    if !denied && !judgement.is_mismatch() && !judgement.is_sensitive() {
        return;
    }
    let settings = &cx.policy.certlog_remote_write;
    let at = event.effective_time();
    let evidence = wire::alert::evidence_to_record(&report::evidence(event));
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
        worsen(&host, &bad, at, slot, cx);
    }
}

fn worsen(host: &str, bad: &BadRequest, at: Time, slot: &mut CaSlot<'_>, cx: &mut Context<'_>) {
    let settings = &cx.policy.certlog_remote_write;
    let mut part = slot.part(host);
    let Some(alert) = report::still_open(part.open.as_ref(), at, settings.suppression) else { return };
    let finding = Finding {
        severity: settings.severity.suspicious,
        reasons: vec![bad_request_reason(bad, settings)],
        evidence: bad.evidence.clone().map(wire::alert::evidence_from_record).into_iter().collect(),
    };
    let (suppressed, raised) =
        part.open.as_ref().map_or((0, at.as_millis()), |o| (o.suppressed, o.last_trigger_ms));
    if let Some(revised) = revise(alert, finding, at, suppressed, cx) {
        part.open = Some(report::keep(&revised, Time::from_millis(raised), 0));
        slot.put_part(host, &part, memory_after(at, memory(settings.training_days)));
    }
}
