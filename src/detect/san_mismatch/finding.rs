//! The finding for suspicious certificates: counts, reasons, names, in the words of the scheduled rule and in sentences.

use crate::alert::{Alert, Evidence, Severity};
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::report::{self, reason};
use crate::detect::san_mismatch::burst::{Burst, time};
use crate::detect::san_mismatch::settings::Settings;
use crate::detect::{Context, Entity};
use crate::event::host::Host;
use crate::event::time::Time;
use crate::event::{CertificateRequest, Event};
use crate::wire;
use crate::wire::record::{SanMismatchState, WindowCertificate};

/// The certificates the alert counts: those of the look-back that ends with the newest certificate that is still
/// within a look-back after the trigger.
fn counted<'a>(settings: &Settings, state: &'a SanMismatchState, at: Time) -> &'a [WindowCertificate] {
    let all = &state.certificates;
    let end = all.partition_point(|c| time(c) <= at.plus(settings.look_back));
    let newest = all[..end].last().map_or(at, time);
    let start = all.partition_point(|c| time(c) < newest.minus(settings.look_back));
    &all[start..end]
}

/// One alert lasts as long as suspicious certificates of the requester follow each other within the look-back.
fn lifetime(settings: &Settings) -> Lifetime {
    Lifetime::SinceLatestTrigger(settings.look_back)
}

pub(crate) fn raise(
    settings: &Settings,
    event: &Event,
    request: &CertificateRequest,
    burst: Option<Burst>,
    state: &mut SanMismatchState,
    cx: &mut Context<'_>,
) {
    let at = event.effective_time();
    let mut open = state.open.take();
    let certificates = counted(settings, state, at);
    let entity = Entity::account_at(&request.requester, &event.computer);
    Trigger { at, lifetime: lifetime(settings) }.raise(
        &mut open,
        cx,
        |cx| report::new_alert(&entity, event, cx),
        |alert, _| describe(alert, certificates, burst, request, event, settings),
    );
    state.open = open;
}

/// Writes into the alert what the certificates of the look-back say. Whether that adds a reason, a name or a template.
fn describe(
    alert: &mut Alert,
    certificates: &[WindowCertificate],
    burst: Option<Burst>,
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
    let count =
        |of: fn(&WindowCertificate) -> bool| Some(certificates.iter().filter(|c| of(c)).count() as u32);
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
    burst: Option<Burst>,
    request: &CertificateRequest,
    settings: &Settings,
) -> bool {
    let who = &request.requester;
    let before = alert.reasons.len();
    let was_burst = has(alert, "burst_enrollment");
    let named = |of: fn(&WindowCertificate) -> bool| {
        let names: Vec<&str> =
            certificates.iter().filter(|c| of(c)).flat_map(suspicious_names).map(String::as_str).collect();
        first_few(&names)
    };
    let mut found: Vec<(Severity, &str, String)> = Vec::new();
    if certificates.iter().any(|c| c.sensitive) {
        let text =
            format!("{who} was issued a certificate that names the protected {}", named(|c| c.sensitive));
        found.push((settings.severity.sensitive_san, "sensitive_san", text));
    }
    if certificates.iter().any(|c| c.lookalike) {
        let text = format!(
            "{who} was issued a certificate with a name that looks like that of a protected identity: {}",
            named(|c| c.lookalike)
        );
        found.push((settings.severity.san_mismatch, "lookalike_name", text));
    }
    if certificates.iter().any(|c| c.mismatched) {
        let names = named(|c| c.mismatched);
        let names = if names.is_empty() { "more identities than are compared".to_owned() } else { names };
        found.push((
            settings.severity.san_mismatch,
            "san_mismatch",
            format!("{who} was issued a certificate that names {names}"),
        ));
    }
    if certificates.iter().any(|c| c.outside_profile) {
        found.push((settings.severity.san_mismatch, "agent_outside_profile", outside_profile(request)));
    }
    if let Some(Burst { count, own_names_only }) = burst {
        let text = format!("{who} was issued {count} certificates within {}", settings.burst_window);
        let severity = &settings.severity;
        let severity = if own_names_only { severity.burst_own_names } else { severity.burst_enrollment };
        found.push((severity, "burst_enrollment", text));
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
    add_own_names_only(alert, burst, was_burst, settings);
    if certificates.iter().any(|c| c.names_cut > 0) {
        let text = "the certificate has more names than are compared: no account has that many".to_owned();
        report::add_reason(alert, reason("names_not_read", text));
    }
    if certificates.iter().any(|c| c.suffix_assumed) {
        let text = format!(
            "the policy has no `domains:` entry for {}: any suffix was taken for its own",
            who.domain
        );
        report::add_reason(alert, reason("suffix_not_checked", text));
    }
    adds
}

/// Qualifies a burst that the account's own names explain, as long as nothing else makes it one.
fn add_own_names_only(alert: &mut Alert, burst: Option<Burst>, was_burst: bool, settings: &Settings) {
    let Some(Burst { own_names_only, .. }) = burst else { return };
    if own_names_only && (!was_burst || has(alert, OWN_NAMES_ONLY)) {
        let text = format!(
            "all certificates of the burst bear only the requester's own names, and no template was issued {} times or \
             more: a first logon or a new machine looks like this. If it is none, read who was logged on where the \
             requests came from",
            settings.many_of_one_template()
        );
        report::add_reason(alert, reason(OWN_NAMES_ONLY, text));
    } else {
        alert.reasons.retain(|reason| reason.code != OWN_NAMES_ONLY);
    }
}

fn outside_profile(request: &CertificateRequest) -> String {
    let template = request.template.as_deref().unwrap_or("an unknown template");
    let client = request.client.as_ref().map_or("an unknown host", Host::as_str);
    format!(
        "`agents:` names {} as an enrollment agent, but its profile does not cover this certificate: {template}, requested \
         from {client}. Compare the template, the host and the names with the profile",
        request.requester
    )
}

const OWN_NAMES_ONLY: &str = "own_names_only";

const CODES: [&str; 8] = [
    "sensitive_san",
    "san_mismatch",
    "agent_outside_profile",
    "lookalike_name",
    "burst_enrollment",
    OWN_NAMES_ONLY,
    "names_not_read",
    "suffix_not_checked",
];

fn first_few(names: &[&str]) -> String {
    let mut few: Vec<&str> = Vec::new();
    for name in names {
        if few.len() < 3 && !few.contains(name) {
            few.push(name);
        }
    }
    few.join(", ")
}

fn has(alert: &Alert, code: &str) -> bool {
    alert.reasons.iter().any(|reason| reason.code == code)
}

/// The reasons in the words of the scheduled rule.
fn why_suspicious(alert: &Alert, settings: &Settings) -> String {
    let has = |code| has(alert, code);
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
