//! Alerts as documents of the Elastic Common Schema. The fields are those of versions 8.11 to 9.4.
//!
//! What the schema has no field for is in `adcs_watch`, under the names of our own JSON.

use crate::alert::Alert;
use crate::encode::plain::{address, filled, rest, sentences, technique};
use crate::event::host::Host;
use serde_json::{Value, json};

/// The version of the schema whose fields are used.
const VERSION: &str = "9.4.0";

/// Fields that stand elsewhere in the document.
const MAPPED: [&str; 20] = [
    "alert_id",
    "revision",
    "detection",
    "analytic",
    "title",
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
    "path",
    "late",
    "historical",
];

/// The document. Its `event.id` is the alert id: an upsert by it keeps the newest revision.
pub fn document(alert: &Alert) -> Value {
    filled(json!({
        "@timestamp": alert.time,
        "ecs": {"version": VERSION},
        "message": alert.title,
        "tags": tags(alert),
        "event": event(alert),
        "rule": {"id": alert.detection, "name": alert.analytic, "ruleset": "adcs-watch"},
        "threat": threat(alert),
        "user": {
            "name": alert.requester_account,
            "domain": alert.requester_domain,
            "id": alert.requester_sid,
            "target": {"name": alert.used_by_account, "domain": alert.used_by_domain},
        },
        "host": {"name": name(alert.computer.as_ref())},
        "source": source(alert),
        "file": {"path": alert.path},
        "related": related(alert),
        "adcs_watch": rest(alert, &MAPPED),
    }))
}

fn name(host: Option<&Host>) -> Option<&str> {
    host.map(Host::as_str)
}

fn tags(alert: &Alert) -> Vec<&'static str> {
    [(alert.late, "late"), (alert.historical, "historical"), (alert.truncated, "truncated")]
        .into_iter()
        .filter_map(|(is, tag)| is.then_some(tag))
        .collect()
}

fn event(alert: &Alert) -> Value {
    json!({
        "kind": "signal",
        "category": ["intrusion_detection", "iam"],
        "type": ["info"],
        "module": "adcs-watch",
        "dataset": "adcs-watch.alerts",
        "id": alert.alert_id.to_string(),
        "sequence": alert.revision,
        "severity": alert.severity.number(),
        "reason": sentences(alert),
        "start": alert.first_seen,
        "end": alert.last_seen,
    })
}

fn threat(alert: &Alert) -> Value {
    let mut tactics = (Vec::new(), Vec::new());
    let (mut techniques, mut subs) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for mitre in &alert.mitre {
        add(&mut tactics, &mitre.tactic_id, Some(&mitre.tactic));
        match technique(&mitre.technique_id) {
            (id, None) => add(&mut techniques, id, Some(&mitre.technique)),
            (id, Some(sub)) => {
                add(&mut techniques, id, None);
                add(&mut subs, sub, Some(&mitre.technique));
            }
        }
    }
    json!({
        "framework": (!alert.mitre.is_empty()).then_some("MITRE ATT&CK"),
        "tactic": {"id": tactics.0, "name": tactics.1},
        "technique": {
            "id": techniques.0,
            "name": techniques.1,
            "subtechnique": {"id": subs.0, "name": subs.1},
        },
    })
}

/// Adds an id once, with its name. Of the parent of a sub-technique only the id is known.
fn add<'a>((ids, names): &mut (Vec<&'a str>, Vec<&'a str>), id: &'a str, name: Option<&'a str>) {
    if !ids.contains(&id) {
        ids.push(id);
        names.extend(name);
    }
}

fn source(alert: &Alert) -> Value {
    let (ip, host) = (address(alert), name(alert.remote_host.as_ref()));
    let known = alert.remote_ip.as_deref().or(host);
    json!({"address": known, "ip": ip, "domain": host})
}

fn related(alert: &Alert) -> Value {
    let mut hosts: Vec<&str> = Vec::new();
    let of_evidence = alert.evidence.iter().map(|evidence| Some(evidence.computer.as_str()));
    let own = [name(alert.computer.as_ref()), name(alert.remote_host.as_ref())];
    for host in own.into_iter().chain(of_evidence).flatten() {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let mut users: Vec<&str> = Vec::new();
    let known = [&alert.requester_account, &alert.used_by_account];
    for user in known.into_iter().filter_map(|user| user.as_deref()) {
        if !users.contains(&user) {
            users.push(user);
        }
    }
    json!({"user": users, "hosts": hosts, "ip": address(alert).into_iter().collect::<Vec<_>>()})
}
