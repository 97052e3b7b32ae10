//! The parts every detection's alerts are made of.

use crate::alert::id::AlertId;
use crate::alert::{Alert, Evidence, Mitre, Reason, Severity, Unlisted};
use crate::detect::{About, Context, Entity, link};
use crate::event::{CertificateRequest, ClockFault, Event};

/// The most events an alert names.
pub(crate) const MAX_EVIDENCE: usize = 20;

/// The most names, and the most templates, an alert lists.
pub(crate) const MAX_LISTED: usize = 10;

/// Names and other texts of an event are cut after this many characters when they are remembered.
pub(crate) const MAX_TEXT: usize = 120;

/// A new alert about this event: revision 1, everything empty that only the detection knows.
pub(crate) fn new_alert(entity: &Entity, event: &Event, cx: &Context<'_>) -> Alert {
    let about = &cx.about;
    let time = event.effective_time();
    Alert {
        alert_id: alert_id(about, entity, &evidence(event)),
        revision: 1,
        detection: about.id.to_owned(),
        changes: Vec::new(),
        title: about.title.to_owned(),
        analytic: about.title.to_owned(),
        severity: Severity::Informational,
        time,
        first_seen: time,
        last_seen: time,
        why_suspicious: String::new(),
        reasons: Vec::new(),
        requester_account: None,
        requester_domain: None,
        requester_sid: None,
        used_by_account: None,
        used_by_domain: None,
        certificate_serial: None,
        certificate_serials: Vec::new(),
        request_ids: Vec::new(),
        join: None,
        computer: None,
        remote_host: None,
        remote_ip: None,
        path: None,
        total_certs: None,
        mismatched_certs: None,
        sensitive_san_certs: None,
        san_values: Vec::new(),
        templates: Vec::new(),
        unlisted: Unlisted::default(),
        earliest: None,
        latest: None,
        baseline: None,
        mitre: about.mitre.iter().map(mitre).collect(),
        evidence: Vec::new(),
        investigative_actions: about.investigative_actions.iter().map(|&s| s.to_owned()).collect(),
        benign_if: Vec::new(),
        policy_line: None,
        also_silences: None,
        story_id: entity.account_name().map(|name| link::story_id(&link::account(name), time)),
        linked_alerts: Vec::new(),
        policy_version: cx.policy_version.to_owned(),
        late: cx.late,
        historical: false,
        truncated: false,
    }
}

/// Stable through replay, restart and revision: detection, entity, and computer and record id of the first trigger; where a
/// format loses the record id, time and request id stand in. A record id is unique in its channel, and all events that
/// trigger alerts are of one channel.
pub(crate) fn alert_id(about: &About, entity: &Entity, trigger: &Evidence) -> AlertId {
    let record = match (trigger.record_id, trigger.request_id) {
        (Some(record_id), _) => record_id.to_string(),
        (None, Some(request_id)) => format!("{} request {request_id}", trigger.time),
        (None, None) => trigger.time.to_string(),
    };
    AlertId::of(&[about.id, entity.as_str(), trigger.computer.as_str(), &record])
}

fn mitre((tactic_id, tactic, technique_id, technique): &(&str, &str, &str, &str)) -> Mitre {
    Mitre {
        tactic_id: (*tactic_id).to_owned(),
        tactic: (*tactic).to_owned(),
        technique_id: (*technique_id).to_owned(),
        technique: (*technique).to_owned(),
    }
}

pub(crate) fn reason(code: &str, text: String) -> Reason {
    Reason { code: code.to_owned(), text }
}

/// Adds a reason; one of the same code is replaced by the newer sentence. Whether the code is new.
pub(crate) fn add_reason(alert: &mut Alert, reason: Reason) -> bool {
    match alert.reasons.iter_mut().find(|known| known.code == reason.code) {
        Some(known) => {
            known.text = reason.text;
            false
        }
        None => {
            alert.reasons.push(reason);
            true
        }
    }
}

/// Lists a name in an alert, or keeps it as unlisted where the list is full. Whether the list is longer.
pub(crate) fn list_name(alert: &mut Alert, name: &str) -> bool {
    list_or_keep(&mut alert.san_values, &mut alert.unlisted.names, name)
}

/// Lists a template in an alert, or keeps it as unlisted where the list is full. Whether the list is longer.
pub(crate) fn list_template(alert: &mut Alert, template: &str) -> bool {
    list_or_keep(&mut alert.templates, &mut alert.unlisted.templates, template)
}

/// Lists every template that a request may be for. Whether the list is longer.
pub(crate) fn list_templates(alert: &mut Alert, request: &CertificateRequest) -> bool {
    request.templates().filter(|template| list_template(alert, template)).count() > 0
}

fn list_or_keep(texts: &mut Vec<String>, unlisted: &mut Vec<String>, text: &str) -> bool {
    let is_longer = list(texts, text);
    let text = cut(text);
    if !text.is_empty() && !texts.contains(&text) {
        unlisted.push(text);
    }
    is_longer
}

/// Adds a text to a list that shows at most [`MAX_LISTED`], each once. Whether it is new.
pub(crate) fn list(texts: &mut Vec<String>, text: &str) -> bool {
    let text = cut(text);
    let new = texts.len() < MAX_LISTED && !text.is_empty() && !texts.contains(&text);
    if new {
        texts.push(text);
    }
    new
}

/// The first [`MAX_LISTED`] of several texts in one, each once.
pub(crate) fn joined(texts: &[String]) -> String {
    let mut listed = Vec::new();
    for text in texts {
        list(&mut listed, text);
    }
    listed.join(", ")
}

/// A text of an event, cut to [`MAX_TEXT`] characters.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= MAX_TEXT { text.to_owned() } else { text.chars().take(MAX_TEXT).collect() }
}

/// The field of the serial number of a certificate.
pub(crate) const SERIAL: &str = "serial";

/// The field of the trace context that the record came with.
const TRACE: &str = "traceparent";

/// The field that marks a time which cannot be right.
const CLOCK: &str = "clock";

/// What points at this event; the detection adds the fields that mattered.
pub(crate) fn evidence(event: &Event) -> Evidence {
    let trace = event.origin.trace.as_ref().map(|trace| (TRACE, trace.clone()));
    let clock = clock_text(event).map(|text| (CLOCK, text));
    let serial = event.activity.issued().and_then(|issued| issued.serial.as_ref());
    let serial = serial.map(|serial| (SERIAL, serial.to_string()));
    Evidence {
        source: event.origin.source.clone(),
        partition: event.origin.partition,
        offset: Some(event.origin.offset),
        event_id: event.origin.event_id,
        record_id: event.origin.record_id,
        computer: event.computer.clone(),
        time: event.time,
        request_id: request_of(event).map(|request| request.request_id),
        fields: trace
            .into_iter()
            .chain(clock)
            .chain(serial)
            .map(|(name, text)| (name.to_owned(), text))
            .collect(),
    }
}

/// Lists the certificate and the request that a piece of evidence is about.
fn list_certificate(alert: &mut Alert, evidence: &Evidence) {
    let serials = &mut alert.certificate_serials;
    if let Some(serial) = evidence.fields.get(SERIAL)
        && serials.len() < MAX_EVIDENCE
        && !serials.contains(serial)
    {
        serials.push(serial.clone());
    }
    let requests = &mut alert.request_ids;
    if let Some(request) = evidence.request_id
        && requests.len() < MAX_EVIDENCE
        && !requests.contains(&request)
    {
        requests.push(request);
    }
}

/// How far off the event's time is, if it cannot be right.
fn clock_text(event: &Event) -> Option<String> {
    let counts_as = event.effective_time();
    event.clock_fault().map(|fault| match fault {
        ClockFault::TooEarly if counts_as == event.time => "wrong: before AD CS existed".to_owned(),
        ClockFault::TooEarly => format!("wrong: before AD CS existed, counts as {counts_as}"),
        ClockFault::Ahead => format!("wrong: ahead, counts as {counts_as}"),
    })
}

/// What points at this event, with the fields that mattered, cut; empty ones are left out.
pub(crate) fn evidence_with<'f>(
    event: &Event,
    fields: impl IntoIterator<Item = (&'f str, &'f str)>,
) -> Evidence {
    let mut evidence = evidence(event);
    let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
    evidence.fields.extend(fields.map(|(name, value)| (name.to_owned(), cut(value))));
    evidence
}

/// Adds a piece of evidence, each event once, in the order of their times; the oldest beyond [`MAX_EVIDENCE`] go.
pub(crate) fn add_evidence(alert: &mut Alert, evidence: Evidence) {
    let same = |known: &Evidence| {
        (&known.computer, known.time, known.record_id, known.event_id, known.request_id)
            == (&evidence.computer, evidence.time, evidence.record_id, evidence.event_id, evidence.request_id)
    };
    if alert.evidence.iter().any(same) {
        return;
    }
    list_certificate(alert, &evidence);
    let at = alert.evidence.partition_point(|known| known.time <= evidence.time);
    alert.evidence.insert(at, evidence);
    if alert.evidence.len() > MAX_EVIDENCE {
        alert.evidence.remove(0);
    }
}

/// The request that 4886 to 4889 speak of.
pub(crate) fn request_of(event: &Event) -> Option<&CertificateRequest> {
    event.activity.request()
}
