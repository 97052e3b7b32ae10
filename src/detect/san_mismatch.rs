//! `san-mismatch`: a certificate was issued that names somebody else than the account that asked for it.
//!
//! **What.** Event 4887 with a subject alternative name of another identity (ESC1, ESC6), of a protected one, or
//! many certificates in a few minutes. Seed: the scheduled KQL rule for event 4887; `docs/seeds.md` maps it line by line.
//! **Why.** The domain controllers log on whoever the certificate names (PKINIT, Schannel): such a certificate is that
//! account's password for a year or more.
//! **What looks alike and is harmless.** A machine that renews its own certificate, a domain controller that also names
//! its domain, enrollment agents, NDES and life-cycle products (allow-list them), web server templates.

use crate::alert::{Alert, Evidence, Severity};
use crate::detect::naming::{self, Judgement};
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{ALLOWED_LATENESS, About, Context, Detection, Entity, Notice, memory_after};
use crate::event::time::{Span, Time};
use crate::event::{Activity, CertificateRequest, Event};
use crate::state::window;
use crate::wire;
use crate::wire::record::{SanMismatchState, WindowCertificate};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What the operator may set. The defaults are the scheduled rule's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// How long an alert lasts, and how far back its counts look. Default 15m.
    pub look_back: Span,
    /// The window of a burst. Default 10m, as the rule's text says; its query counts in 15m.
    pub burst_window: Span,
    /// Certificates within the window that make a burst. Default 3.
    pub burst_count: NonZeroU32,
    /// Severity by reason.
    pub severity: Severities,
}

/// Severity by reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// A protected identity is named. Default critical.
    pub sensitive_san: Severity,
    /// Another identity is named. Default high.
    pub san_mismatch: Severity,
    /// Many certificates in a short time. Default medium.
    pub burst_enrollment: Severity,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            look_back: Span::minutes(15),
            burst_window: Span::minutes(10),
            burst_count: NonZeroU32::new(3).unwrap_or(NonZeroU32::MIN),
            severity: Severities::default(),
        }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities {
            sensitive_san: Severity::Critical,
            san_mismatch: Severity::High,
            burst_enrollment: Severity::Medium,
        }
    }
}

impl Settings {
    /// How far back behind the newest certificate of a requester another one can still matter.
    fn reach(&self) -> Span {
        Span::millis(self.look_back.max(self.burst_window).as_millis() + ALLOWED_LATENESS.as_millis())
    }

    /// The most certificates that are remembered of one requester.
    fn capacity(&self) -> usize {
        window::capacity(self.reach(), self.burst_window, self.burst_count.get() as usize).clamp(64, 4096)
    }
}

/// The detection.
#[derive(Clone, Copy, Debug, Default)]
pub struct SanMismatch;

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
        severities: &[Severity::Medium, Severity::High, Severity::Critical],
    };

    fn entity(&self, event: &Event) -> Option<Entity> {
        issued(event).map(|request| Entity::account_at(&request.requester, &event.computer))
    }

    fn on_event(&self, event: &Event, slot: &mut Slot<'_, SanMismatchState, ()>, cx: &mut Context<'_>) {
        let Some(request) = issued(event) else { return };
        let settings = &cx.policy.san_mismatch;
        let judgement = naming::judge(cx.policy, request);
        let at = event.effective_time();
        forget(settings, &mut slot.state, at);
        let known = |c: &WindowCertificate| c.request_id == request.request_id;
        if (naming::is_allowed(cx.policy, request) && !judgement.is_sensitive())
            || slot.state.certificates.iter().any(known)
        {
            return;
        }
        let index = slot.state.certificates.partition_point(|c| c.time_ms <= at.as_millis());
        slot.state.certificates.insert(index, remembered(event, request, &judgement));
        let burst = burst_with(settings, &slot.state, index);
        if judgement.is_mismatch() || judgement.is_sensitive() || burst.is_some() {
            raise(event, request, burst, &mut slot.state, cx);
        }
        let surplus = slot.state.certificates.len().saturating_sub(settings.capacity());
        slot.state.certificates.drain(..surplus);
        let newest = slot.state.certificates.last().map_or(at, time);
        slot.keep_until(memory_after(newest.max(at), settings.reach()));
    }
}

fn issued(event: &Event) -> Option<&CertificateRequest> {
    match &event.activity {
        Activity::CertificateIssued(issued) => Some(&issued.request),
        Activity::CertificateRequested(_)
        | Activity::CertificateDenied(_)
        | Activity::CertificateLogon(_)
        | Activity::ShareAccessed(_)
        | Activity::FileCreated(_)
        | Activity::RemoteFileWrite(_) => None,
    }
}

fn time(certificate: &WindowCertificate) -> Time {
    Time::from_millis(certificate.time_ms)
}

fn remembered(event: &Event, request: &CertificateRequest, judgement: &Judgement) -> WindowCertificate {
    let mut names = Vec::new();
    for name in judgement.sensitive.iter().chain(&judgement.mismatched) {
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
    }
}

/// How many certificates the burst has, if the certificate at `index` is part of one.
fn burst_with(settings: &Settings, state: &SanMismatchState, index: usize) -> Option<usize> {
    let times: Vec<Time> = state.certificates.iter().map(time).collect();
    let densest = window::densest_with(&times, index, settings.burst_window);
    (densest >= settings.burst_count.get() as usize).then_some(densest)
}

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

/// The certificates the alert counts: those of the look-back that ends with the newest certificate that is still
/// within a look-back after the trigger.
fn counted<'a>(settings: &Settings, state: &'a SanMismatchState, at: Time) -> &'a [WindowCertificate] {
    let all = &state.certificates;
    let end = all.partition_point(|c| time(c) <= at.plus(settings.look_back));
    let newest = all[..end].last().map_or(at, time);
    let start = all.partition_point(|c| time(c) < newest.minus(settings.look_back));
    &all[start..end]
}

fn raise(
    event: &Event,
    request: &CertificateRequest,
    burst: Option<usize>,
    state: &mut SanMismatchState,
    cx: &mut Context<'_>,
) {
    let settings = &cx.policy.san_mismatch;
    let at = event.effective_time();
    let earlier = report::still_open(state.open.as_ref(), at, settings.look_back);
    let entity = Entity::account_at(&request.requester, &event.computer);
    let mut alert = earlier.clone().unwrap_or_else(|| report::new_alert(&SanMismatch::ABOUT, &entity, event, cx));
    let certificates = counted(settings, state, at);
    let adds = describe(&mut alert, certificates, burst, request, event, settings);
    let last_trigger = state.open.as_ref().filter(|_| earlier.is_some()).map_or(at.as_millis(), |o| o.last_trigger_ms);
    let last_trigger = Time::from_millis(last_trigger).max(at);
    match earlier {
        Some(earlier) if !adds && alert.severity <= earlier.severity => {
            let suppressed = state.open.as_ref().map_or(0, |open| open.suppressed).saturating_add(1);
            state.open = Some(report::keep(&earlier, last_trigger, suppressed));
            cx.notices.push(Notice::Suppressed { detection: SanMismatch::ABOUT.id });
            return;
        }
        Some(earlier) => {
            alert.revision = earlier.revision + 1;
            alert.severity = alert.severity.max(earlier.severity);
            alert.time = at;
            alert.late = cx.late;
            alert.policy_version = cx.policy_version.to_owned();
        }
        None => {}
    }
    state.open = Some(report::keep(&alert, last_trigger, 0));
    cx.alerts.push(alert);
}

/// Writes into the alert what the certificates of the look-back say. Whether that adds a reason, a name or a template.
fn describe(
    alert: &mut Alert,
    certificates: &[WindowCertificate],
    burst: Option<usize>,
    request: &CertificateRequest,
    event: &Event,
    settings: &Settings,
) -> bool {
    let mut adds = add_reasons(alert, certificates, burst, request, settings);
    for names in [suspicious_names, harmless_names] {
        for name in certificates.iter().flat_map(names) {
            adds |= report::list(&mut alert.san_values, name);
        }
    }
    for certificate in certificates {
        adds |= report::list(&mut alert.templates, &certificate.template);
        if let Some(evidence) = &certificate.evidence {
            let evidence = wire::alert::evidence_from_record(evidence.clone());
            report::add_evidence(alert, with_fields(evidence, certificate, request, event));
        }
    }
    let times = || certificates.iter().map(time);
    let count = |of: fn(&WindowCertificate) -> bool| Some(certificates.iter().filter(|c| of(c)).count() as u32);
    alert.total_certs = count(|_| true);
    alert.mismatched_certs = count(|c| c.mismatched);
    alert.sensitive_san_certs = count(|c| c.sensitive);
    alert.earliest = times().min();
    alert.latest = times().max();
    alert.first_seen = times().min().map_or(alert.first_seen, |t| t.min(alert.first_seen));
    alert.last_seen = times().max().map_or(alert.last_seen, |t| t.max(alert.last_seen));
    alert.requester_account = Some(request.requester.name.clone());
    alert.requester_domain = Some(request.requester.domain.clone()).filter(|domain| !domain.is_empty());
    alert.computer = Some(event.computer.clone());
    alert.why_suspicious = why_suspicious(alert, settings);
    adds
}

fn suspicious_names(certificate: &WindowCertificate) -> &[String] {
    &certificate.names[..certificate.names.len().min(certificate.suspicious as usize)]
}

fn harmless_names(certificate: &WindowCertificate) -> &[String] {
    &certificate.names[certificate.names.len().min(certificate.suspicious as usize)..]
}

fn with_fields(
    mut evidence: Evidence,
    certificate: &WindowCertificate,
    request: &CertificateRequest,
    event: &Event,
) -> Evidence {
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            evidence.fields.insert(name.to_owned(), value.to_owned());
        }
    };
    field("template", &certificate.template);
    field("names", &certificate.names.join(", "));
    if certificate.request_id == request.request_id && time(certificate) == event.effective_time() {
        field("client", request.client.as_ref().map_or("", |client| client.as_str()));
        field("authentication_service", request.authentication_service.as_deref().unwrap_or(""));
        field("authentication_level", request.authentication_level.as_deref().unwrap_or(""));
        field("transport", request.transport.as_deref().unwrap_or(""));
    }
    evidence
}

/// The reasons that hold within the look-back, worst first, and the title of the worst. Whether one of them is new.
fn add_reasons(
    alert: &mut Alert,
    certificates: &[WindowCertificate],
    burst: Option<usize>,
    request: &CertificateRequest,
    settings: &Settings,
) -> bool {
    let who = &request.requester;
    let before = alert.reasons.len();
    let named = |of: fn(&WindowCertificate) -> bool| {
        let names: Vec<&str> =
            certificates.iter().filter(|c| of(c)).flat_map(suspicious_names).map(String::as_str).collect();
        first_few(&names)
    };
    let mut found: Vec<(Severity, &str, String)> = Vec::new();
    if certificates.iter().any(|c| c.sensitive) {
        let text = format!("{who} was issued a certificate that names the protected {}", named(|c| c.sensitive));
        found.push((settings.severity.sensitive_san, "sensitive_san", text));
    }
    if certificates.iter().any(|c| c.mismatched) {
        let names = named(|c| c.mismatched);
        let names = if names.is_empty() { "more identities than are read".to_owned() } else { names };
        found.push((settings.severity.san_mismatch, "san_mismatch", format!("{who} was issued a certificate that names {names}")));
    }
    if let Some(count) = burst {
        let text = format!("{who} was issued {count} certificates within {}", settings.burst_window);
        found.push((settings.severity.burst_enrollment, "burst_enrollment", text));
    }
    for (severity, code, text) in found {
        alert.severity = alert.severity.max(severity);
        report::add_reason(alert, reason(code, text));
    }
    alert.reasons.sort_by_key(|r| CODES.iter().position(|code| *code == r.code));
    if let Some(worst) = alert.reasons.first() {
        alert.title.clone_from(&worst.text);
    }
    let adds = alert.reasons.len() > before;
    if certificates.iter().any(|c| c.names_cut > 0) {
        let text = "the certificate has more names than are read: nobody has that many of his own".to_owned();
        report::add_reason(alert, reason("names_not_read", text));
    }
    if certificates.iter().any(|c| c.suffix_assumed) {
        let text = format!("the policy has no `domains:` entry for {}: any UPN suffix was taken for its own", who.domain);
        report::add_reason(alert, reason("suffix_not_checked", text));
    }
    adds
}

const CODES: [&str; 5] = ["sensitive_san", "san_mismatch", "burst_enrollment", "names_not_read", "suffix_not_checked"];

fn first_few(names: &[&str]) -> String {
    let mut few: Vec<&str> = Vec::new();
    for name in names {
        if few.len() < 3 && !few.contains(name) {
            few.push(name);
        }
    }
    few.join(", ")
}

/// The reasons in the words of the scheduled rule.
fn why_suspicious(alert: &Alert, settings: &Settings) -> String {
    let has = |code: &str| alert.reasons.iter().any(|r| r.code == code);
    let mut words = Vec::new();
    if has("sensitive_san") {
        words.push("SensitiveSAN_DA_or_DC".to_owned());
    }
    if has("san_mismatch") {
        words.push("SAN_Mismatch_ESC1_Pattern".to_owned());
    }
    if has("burst_enrollment") {
        words.push(format!("BurstEnrollment_>={}_certs", settings.burst_count));
    }
    if !alert.templates.is_empty() {
        words.push(format!("Templates: {}", alert.templates.join(", ")));
    }
    words.join("; ")
}
