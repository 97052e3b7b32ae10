//! Alerts as Detection Findings (class 2004) of the Open Cybersecurity Schema Framework 1.8.
//!
//! What the class has no place for is in `unmapped`, under the names of our own JSON.

use crate::alert::{Alert, Evidence, Mitre, Severity};
use crate::encode::plain::{address, filled, rest, sentences, technique};
use crate::event::host::Host;
use serde_json::{Value, json};

/// The version of the schema.
const VERSION: &str = "1.8.0";

/// Fields that stand elsewhere in the finding.
const MAPPED: [&str; 20] = [
    "alert_id",
    "detection",
    "analytic",
    "title",
    "severity",
    "severity_id",
    "time",
    "first_seen",
    "last_seen",
    "requester_account",
    "requester_domain",
    "requester_sid",
    "used_by_account",
    "used_by_domain",
    "computer",
    "remote_host",
    "mitre",
    "evidence",
    "investigative_actions",
    "truncated",
];

/// The finding: created by the first revision, updated by the others.
pub fn finding(alert: &Alert) -> Value {
    let (activity_id, activity) = if alert.revision > 1 { (2, "Update") } else { (1, "Create") };
    filled(json!({
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200_400 + activity_id,
        "type_name": format!("Detection Finding: {activity}"),
        "severity_id": alert.severity.number(),
        "severity": caption(alert.severity),
        "status_id": 1,
        "status": "New",
        "is_alert": true,
        "time": alert.time.as_millis(),
        "start_time": alert.first_seen.as_millis(),
        "end_time": alert.last_seen.as_millis(),
        "message": alert.title,
        "metadata": metadata(alert),
        "finding_info": info(alert),
        "device": device(alert.computer.as_ref()),
        "evidences": evidences(alert),
        "observables": observables(alert),
        "remediation": remediation(alert),
        "unmapped": rest(alert, &MAPPED),
    }))
}

fn caption(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

fn metadata(alert: &Alert) -> Value {
    json!({
        "version": VERSION,
        "product": {
            "name": "adcs-watch",
            "vendor_name": "adcs-watch",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "uid": format!("{}-{}", alert.alert_id, alert.revision),
        "sequence": alert.revision,
        "is_truncated": alert.truncated.then_some(true),
    })
}

fn info(alert: &Alert) -> Value {
    let codes: Vec<&str> = alert.reasons.iter().map(|reason| reason.code.as_str()).collect();
    json!({
        "uid": alert.alert_id.to_string(),
        "title": alert.title,
        "desc": sentences(alert),
        "types": codes,
        "analytic": {"type_id": 1, "type": "Rule", "uid": alert.detection, "name": alert.analytic},
        "attacks": alert.mitre.iter().map(attack).collect::<Vec<_>>(),
        "first_seen_time": alert.first_seen.as_millis(),
        "last_seen_time": alert.last_seen.as_millis(),
    })
}

fn attack(mitre: &Mitre) -> Value {
    let (technique, sub) = technique(&mitre.technique_id);
    let name = |is_named: bool| is_named.then_some(mitre.technique.as_str());
    json!({
        "tactic": {"uid": mitre.tactic_id, "name": mitre.tactic},
        "technique": {"uid": technique, "name": name(sub.is_none())},
        "sub_technique": {"uid": sub, "name": name(sub.is_some())},
    })
}

/// The host of events; its type is a server.
fn device(host: Option<&Host>) -> Value {
    match host {
        Some(host) => json!({"hostname": host.as_str(), "type_id": 1, "type": "Server"}),
        None => Value::Null,
    }
}

/// Who acted, on whom and from where; then the events.
fn evidences(alert: &Alert) -> Vec<Value> {
    let requester = json!({
        "name": alert.requester_account,
        "domain": alert.requester_domain,
        "uid": alert.requester_sid,
    });
    let parties = json!({
        "actor": {"user": if alert.requester_account.is_some() { requester } else { Value::Null }},
        "user": match &alert.used_by_account {
            Some(name) => json!({"name": name, "domain": alert.used_by_domain}),
            None => Value::Null,
        },
        "src_endpoint": {"ip": address(alert), "hostname": alert.remote_host.as_ref().map(Host::as_str)},
    });
    std::iter::once(parties).chain(alert.evidence.iter().map(event)).collect()
}

fn event(evidence: &Evidence) -> Value {
    json!({
        "name": evidence.event_id.map(|id| format!("Windows event {id}")),
        "uid": evidence.record_id.map(|id| id.to_string()),
        "device": device(Some(&evidence.computer)),
        "data": serde_json::to_value(evidence).unwrap_or_default(),
    })
}

/// What to search other findings and events for.
fn observables(alert: &Alert) -> Vec<Value> {
    let user = |name: &'static str, value: &Option<String>| (name, 4, "User Name", value.clone());
    let host = |name: &'static str, host: &Option<Host>| {
        (name, 1, "Hostname", host.as_ref().map(|host| host.as_str().to_owned()))
    };
    let known = [
        user("evidences[0].actor.user.name", &alert.requester_account),
        user("evidences[0].user.name", &alert.used_by_account),
        host("device.hostname", &alert.computer),
        host("evidences[0].src_endpoint.hostname", &alert.remote_host),
        ("evidences[0].src_endpoint.ip", 2, "IP Address", address(alert)),
    ];
    let serials = alert.certificate_serials.iter().cloned();
    let serials = serials.map(|serial| ("unmapped.certificate_serials", 37, "Serial Number", Some(serial)));
    let known = known.into_iter().chain(serials).filter(|(_, _, _, value)| value.is_some());
    known
        .map(|(name, id, of, value)| json!({"name": name, "type_id": id, "type": of, "value": value}))
        .collect()
}

fn remediation(alert: &Alert) -> Value {
    if alert.investigative_actions.is_empty() {
        return Value::Null;
    }
    json!({"desc": alert.investigative_actions.join("\n")})
}
