//! Alerts ⇄ JSON and protobuf: one struct, several encodings.

use crate::alert::id::AlertId;
use crate::alert::{Alert, BaselineSummary, Evidence, Mitre, Reason, Severity, Unlisted};
use crate::event::host::Host;
use crate::event::time::Time;
use crate::wire::record;

/// One line of JSON, without its line feed: the default encoding, `application/json`.
pub fn to_json(alert: &Alert) -> String {
    serde_json::to_string(alert).unwrap_or_default()
}

/// The alert in protobuf, `application/x-protobuf; messageType=adcs_watch.v1.Alert`.
pub fn to_protobuf(alert: &Alert) -> Vec<u8> {
    crate::wire::encode(&to_record(alert))
}

/// The alert in protobuf as Confluent's deserialisers take it: a zero byte, the id of the schema, which message of the
/// schema it is (the first, `[0]`, of which the short form is one zero byte), the message.
pub fn to_confluent(alert: &Alert, schema_id: u32) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(schema_id.to_be_bytes());
    bytes.push(0);
    bytes.extend(to_protobuf(alert));
    bytes
}

/// The alert that these bytes hold.
///
/// # Errors
/// Names the field that cannot be read.
pub fn from_protobuf(bytes: &[u8]) -> Result<Alert, String> {
    from_record(crate::wire::decode(bytes)?)
}

/// The alert as a record, also within the state of a detection.
pub fn to_record(a: &Alert) -> record::Alert {
    record::Alert {
        alert_id: id_to(a.alert_id),
        revision: a.revision,
        detection: a.detection.clone(),
        changes: a.changes.clone(),
        title: a.title.clone(),
        analytic: a.analytic.clone(),
        severity: severity_to(a.severity).into(),
        time_ms: a.time.as_millis(),
        first_seen_ms: a.first_seen.as_millis(),
        last_seen_ms: a.last_seen.as_millis(),
        why_suspicious: a.why_suspicious.clone(),
        reasons: a.reasons.iter().map(reason_to).collect(),
        requester_account: a.requester_account.clone(),
        requester_domain: a.requester_domain.clone(),
        requester_sid: a.requester_sid.clone(),
        used_by_account: a.used_by_account.clone(),
        used_by_domain: a.used_by_domain.clone(),
        certificate_serial: a.certificate_serial.clone(),
        certificate_serials: a.certificate_serials.clone(),
        request_ids: a.request_ids.clone(),
        join: a.join.clone(),
        computer: a.computer.as_ref().map(Host::to_string),
        remote_host: a.remote_host.as_ref().map(Host::to_string),
        remote_ip: a.remote_ip.clone(),
        path: a.path.clone(),
        total_certs: a.total_certs,
        mismatched_certs: a.mismatched_certs,
        sensitive_san_certs: a.sensitive_san_certs,
        san_values: a.san_values.clone(),
        templates: a.templates.clone(),
        earliest_ms: a.earliest.map(Time::as_millis),
        latest_ms: a.latest.map(Time::as_millis),
        baseline: a.baseline.as_ref().map(baseline_to),
        mitre: a.mitre.iter().map(mitre_to).collect(),
        evidence: a.evidence.iter().cloned().map(evidence_to_record).collect(),
        investigative_actions: a.investigative_actions.clone(),
        benign_if: a.benign_if.clone(),
        policy_line: a.policy_line.clone(),
        also_silences: a.also_silences.clone(),
        story_id: a.story_id.clone(),
        linked_alerts: a.linked_alerts.iter().map(|id| id_to(*id)).collect(),
        policy_version: a.policy_version.clone(),
        late: a.late,
        historical: a.historical,
        truncated: a.truncated,
    }
}

/// The alert of a record.
///
/// # Errors
/// An id that is not 16 bytes, or a severity that is none.
pub fn from_record(r: record::Alert) -> Result<Alert, String> {
    Ok(Alert {
        alert_id: id_from(&r.alert_id)?,
        severity: severity_from(r.severity())?,
        revision: r.revision,
        detection: r.detection,
        changes: r.changes,
        title: r.title,
        analytic: r.analytic,
        time: Time::from_millis(r.time_ms),
        first_seen: Time::from_millis(r.first_seen_ms),
        last_seen: Time::from_millis(r.last_seen_ms),
        why_suspicious: r.why_suspicious,
        reasons: r.reasons.into_iter().map(|r| Reason { code: r.code, text: r.text }).collect(),
        requester_account: r.requester_account,
        requester_domain: r.requester_domain,
        requester_sid: r.requester_sid,
        used_by_account: r.used_by_account,
        used_by_domain: r.used_by_domain,
        certificate_serial: r.certificate_serial,
        certificate_serials: r.certificate_serials,
        request_ids: r.request_ids,
        join: r.join,
        computer: r.computer.map(Host::from),
        remote_host: r.remote_host.map(Host::from),
        remote_ip: r.remote_ip,
        path: r.path,
        total_certs: r.total_certs,
        mismatched_certs: r.mismatched_certs,
        sensitive_san_certs: r.sensitive_san_certs,
        san_values: r.san_values,
        templates: r.templates,
        earliest: r.earliest_ms.map(Time::from_millis),
        latest: r.latest_ms.map(Time::from_millis),
        baseline: r.baseline.map(baseline_from),
        mitre: r.mitre.into_iter().map(mitre_from).collect(),
        evidence: r.evidence.into_iter().map(evidence_from_record).collect(),
        investigative_actions: r.investigative_actions,
        benign_if: r.benign_if,
        policy_line: r.policy_line,
        also_silences: r.also_silences,
        story_id: r.story_id,
        linked_alerts: r.linked_alerts.iter().map(|id| id_from(id)).collect::<Result<_, _>>()?,
        policy_version: r.policy_version,
        late: r.late,
        historical: r.historical,
        truncated: r.truncated,
        unlisted: Unlisted::default(),
    })
}

fn id_to(id: AlertId) -> Vec<u8> {
    id.to_bits().to_be_bytes().to_vec()
}

fn id_from(bytes: &[u8]) -> Result<AlertId, String> {
    let bits: [u8; 16] = bytes.try_into().map_err(|_| "alert id is not 16 bytes".to_owned())?;
    Ok(AlertId::from_bits(u128::from_be_bytes(bits)))
}

/// A piece of evidence as a record, also within the state of a detection.
pub fn evidence_to_record(e: Evidence) -> record::Evidence {
    record::Evidence {
        source: e.source,
        partition: e.partition,
        offset: e.offset,
        event_id: e.event_id,
        record_id: e.record_id,
        computer: e.computer.to_string(),
        time_ms: e.time.as_millis(),
        request_id: e.request_id,
        fields: e.fields.into_iter().map(|(name, value)| record::Field { name, value }).collect(),
    }
}

/// The evidence of a record.
pub fn evidence_from_record(r: record::Evidence) -> Evidence {
    Evidence {
        source: r.source,
        partition: r.partition,
        offset: r.offset,
        event_id: r.event_id,
        record_id: r.record_id,
        computer: Host::new(&r.computer),
        time: Time::from_millis(r.time_ms),
        request_id: r.request_id,
        fields: r.fields.into_iter().map(|field| (field.name, field.value)).collect(),
    }
}

/// A severity as a record, also within the state of a detection.
pub fn severity_to(severity: Severity) -> record::Severity {
    match severity {
        Severity::Informational => record::Severity::Informational,
        Severity::Low => record::Severity::Low,
        Severity::Medium => record::Severity::Medium,
        Severity::High => record::Severity::High,
        Severity::Critical => record::Severity::Critical,
    }
}

/// The severity of a record.
///
/// # Errors
/// When the record has none.
pub fn severity_from(severity: record::Severity) -> Result<Severity, String> {
    Ok(match severity {
        record::Severity::Unspecified => return Err("alert without a severity".to_owned()),
        record::Severity::Informational => Severity::Informational,
        record::Severity::Low => Severity::Low,
        record::Severity::Medium => Severity::Medium,
        record::Severity::High => Severity::High,
        record::Severity::Critical => Severity::Critical,
    })
}

fn reason_to(reason: &Reason) -> record::Reason {
    record::Reason { code: reason.code.clone(), text: reason.text.clone() }
}

fn mitre_to(m: &Mitre) -> record::Mitre {
    record::Mitre {
        tactic_id: m.tactic_id.clone(),
        tactic: m.tactic.clone(),
        technique_id: m.technique_id.clone(),
        technique: m.technique.clone(),
    }
}

fn mitre_from(r: record::Mitre) -> Mitre {
    Mitre { tactic_id: r.tactic_id, tactic: r.tactic, technique_id: r.technique_id, technique: r.technique }
}

fn baseline_to(b: &BaselineSummary) -> record::BaselineSummary {
    record::BaselineSummary {
        days_of_data: b.days_of_data,
        trained_since_ms: b.trained_since.as_millis(),
        host_days_seen: b.host_days_seen,
        host_first_seen_ms: b.host_first_seen.map(Time::as_millis),
        host_last_seen_ms: b.host_last_seen.map(Time::as_millis),
        account_days_seen: b.account_days_seen,
        account_first_seen_ms: b.account_first_seen.map(Time::as_millis),
        account_last_seen_ms: b.account_last_seen.map(Time::as_millis),
        suppressed: b.suppressed,
    }
}

fn baseline_from(r: record::BaselineSummary) -> BaselineSummary {
    BaselineSummary {
        days_of_data: r.days_of_data,
        trained_since: Time::from_millis(r.trained_since_ms),
        host_days_seen: r.host_days_seen,
        host_first_seen: r.host_first_seen_ms.map(Time::from_millis),
        host_last_seen: r.host_last_seen_ms.map(Time::from_millis),
        account_days_seen: r.account_days_seen,
        account_first_seen: r.account_first_seen_ms.map(Time::from_millis),
        account_last_seen: r.account_last_seen_ms.map(Time::from_millis),
        suppressed: r.suppressed,
    }
}
