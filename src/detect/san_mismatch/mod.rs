//! `san-mismatch`: a certificate was issued that names somebody else than the account that asked for it.
//!
//! **What.** Event 4887 with a subject alternative name of another identity (ESC1, ESC6), of a protected one, or
//! many certificates in a few minutes. Seed: the scheduled KQL rule for event 4887; `docs/seeds.md` maps it line by line.
//! **Why.** The domain controllers log on the account that the certificate names (PKINIT, Schannel): such a certificate
//! is that account's password for a year or more.
//! **What looks alike and is harmless.** A machine that renews its own certificate, a domain controller that also names
//! its domain, enrollment agents, NDES and life-cycle products (allow-list them), web server templates.

mod settings;
mod burst;
mod finding;

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::naming::{self, Judgement};
use crate::detect::report;
use crate::detect::san_mismatch::burst::{Burst, time};
use crate::detect::san_mismatch::finding::raise;
pub(crate) use crate::detect::san_mismatch::settings::Settings;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::serial::Serial;
use crate::event::time::{Span, Time};
use crate::event::{CertificateRequest, Event};
use crate::state::key;
use crate::wire;
use crate::wire::record::{SanMismatchState, WindowCertificate};

/// The detection with its settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct SanMismatch {
    settings: Settings,
}

impl SanMismatch {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> SanMismatch {
        SanMismatch { settings }
    }
}

impl Detection for SanMismatch {
    type State = SanMismatchState;
    type Part = ();

    const ABOUT: About = About {
        id: "san-mismatch",
        title: "Certificate issued for another identity",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0004", "Privilege Escalation", "T1078", "Valid Accounts"),
        ],
        investigative_actions: &[
            "Ask the requester and the owner of the named identity whether the request was expected",
            "Read the template on the CA: may the enrollee supply the subject, and who may enroll",
            "Look for Kerberos or Schannel logons with the certificate (4768 with its serial number, 4624)",
            "If it was not expected: revoke the certificate, reset the named account's secrets, publish a new CRL",
        ],
        severities: &[Severity::Low, Severity::Medium, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(request) = issued(event) {
            found(policy.account_at_any_spelling(&request.requester, &event.computer));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        _: &Entity,
        slot: &mut Slot<'_, SanMismatchState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(request) = issued(event) else { return };
        let settings = &self.settings;
        let judgement = naming::judge(cx.policy, request, &event.computer);
        let at = event.effective_time();
        forget(settings, &mut slot.state, at);
        let certificate = remembered(event, request, &judgement);
        if (judgement.allowed && !judgement.is_suspicious())
            || slot.state.certificates.iter().any(|known| is_copy(known, &certificate))
        {
            return;
        }
        let index = slot.state.certificates.partition_point(|c| c.time_ms <= at.as_millis());
        slot.state.certificates.insert(index, certificate);
        let burst = Burst::with(settings, &slot.state.certificates, index);
        if judgement.is_suspicious() || burst.is_some() {
            raise(settings, event, request, burst, &mut slot.state, cx);
        }
        let surplus = slot.state.certificates.len().saturating_sub(settings.capacity());
        slot.state.certificates.drain(..surplus);
        let newest = slot.state.certificates.last().map_or(at, time);
        slot.keep_until(memory_after(newest.max(at), settings.reach()));
    }
}

fn issued(event: &Event) -> Option<&CertificateRequest> {
    event.activity.issued().map(|issued| &issued.request)
}

fn remembered(event: &Event, request: &CertificateRequest, judgement: &Judgement) -> WindowCertificate {
    let mut names = Vec::new();
    for name in judgement.sensitive.iter().chain(&judgement.lookalike).chain(&judgement.mismatched) {
        report::list(&mut names, name);
    }
    let suspicious = names.len() as u32;
    for name in &judgement.harmless {
        report::list(&mut names, name);
    }
    WindowCertificate {
        time_ms: event.effective_time().as_millis(),
        request_id: request.request_id,
        mismatched: judgement.is_mismatch(),
        sensitive: judgement.is_sensitive(),
        template: request.template.as_deref().map(report::cut).unwrap_or_default(),
        names,
        suspicious,
        suffix_assumed: judgement.suffix_assumed,
        names_cut: judgement.names_cut,
        evidence: Some(wire::alert::evidence_to_record(&report::evidence(event))),
        serial_hash: serial(event).map(|serial| key::hash(&[serial.as_str().as_bytes()]) as u64),
        lookalike: judgement.is_lookalike(),
        outside_profile: judgement.outside_profile,
        own_only: judgement.own_only,
    }
}

fn serial(event: &Event) -> Option<&Serial> {
    event.activity.issued().and_then(|issued| issued.serial.as_ref())
}

/// Whether two records are of one certificate: by its serial number, else by record id, time and content. The request id
/// alone is not enough: a rebuilt CA counts from 1 again, and two CAs may share a name.
fn is_copy(known: &WindowCertificate, other: &WindowCertificate) -> bool {
    if let (Some(known), Some(other)) = (known.serial_hash, other.serial_hash) {
        return known == other;
    }
    let record_id = |c: &WindowCertificate| c.evidence.as_ref().and_then(|evidence| evidence.record_id);
    let same_record = match (record_id(known), record_id(other)) {
        (Some(known), Some(other)) => known == other,
        (None, _) | (_, None) => true,
    };
    let content = |c: &WindowCertificate| (c.request_id, c.template.clone(), c.names.clone());
    same_record && time(known).distance(time(other)) < SAME_TIME && content(known) == content(other)
}

/// Formats keep different digits of a second.
const SAME_TIME: Span = Span::seconds(1);

/// Drops what neither this event nor a later one within the allowed lateness can reach.
fn forget(settings: &Settings, state: &mut SanMismatchState, at: Time) {
    let newest = state.certificates.last().map_or(at, time).max(at);
    let oldest = newest.minus(settings.reach()).as_millis();
    let outdated = state.certificates.partition_point(|c| c.time_ms < oldest);
    state.certificates.drain(..outdated);
    if state.open.as_ref().is_some_and(|open| open.last_trigger_ms < oldest) {
        state.open = None;
    }
}
