//! Exceptions of the policy, and entries of allow-lists that have limits.

use crate::common::{alerts_of, events_of, project};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::{Engine, Notice};
use adcs_watch::event::Event;
use adcs_watch::event::time::Time;
use serde_json::{Value, json};

fn events(fixture: &str) -> Vec<Event> {
    events_of(&project("tests/detections").join(fixture).join("events.ndjson"))
}

fn policy(json: Value) -> Policy {
    serde_json::from_value(json).unwrap()
}

/// The detections that alert, each once.
fn detections(policy: Value, fixture: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for alert in alerts_of(&self::policy(policy), &events(fixture)) {
        if !ids.contains(&alert.detection) {
            ids.push(alert.detection);
        }
    }
    ids
}

const ESC1: &str = "san-mismatch/fires_request_that_is_issued";

#[test]
fn exception_silences_the_alerts_that_have_all_it_names() {
    let alerts = alerts_of(&Policy::default(), &events(ESC1));
    let first = alerts.iter().find(|alert| alert.detection == "san-mismatch").unwrap();
    let account = first.requester_account.clone().unwrap();
    let is_silenced = |exception: Value| {
        !detections(json!({"exceptions": [exception]}), ESC1).contains(&"san-mismatch".to_owned())
    };
    let base = json!({"detections": ["san-mismatch"], "account": account, "up_to": "critical"});
    let with = |name: &str, value: Value| {
        let mut exception = base.clone();
        exception[name] = value;
        exception
    };
    assert!(is_silenced(base.clone()));
    assert!(is_silenced(with("names", json!(["*"]))));
    assert!(is_silenced(with("computer", json!(first.computer))));
    assert!(!is_silenced(with("account", json!("CORP\\somebody"))));
    assert!(!is_silenced(with("detections", json!(["unusual-volume"]))));
    assert!(!is_silenced(with("templates", json!(["Another"]))));
    assert!(!is_silenced(with("names", json!(["another@corp.example"]))));
    assert!(!is_silenced(with("computer", json!("ca99.corp.example"))));
    assert!(!is_silenced(with("used_by", json!("CORP\\somebody"))), "the alert names no such account");
    assert!(!is_silenced(with("up_to", json!("low"))));
}

#[test]
fn event_time_ends_an_exception() {
    let account = alerts_of(&Policy::default(), &events(ESC1))[0].requester_account.clone().unwrap();
    let alerts = |until: &str| {
        let exception =
            json!({"detections": ["san-mismatch"], "account": account, "up_to": "critical", "until": until});
        detections(json!({"exceptions": [exception]}), ESC1)
    };
    assert!(!alerts("2099-01-01T00:00:00Z").contains(&"san-mismatch".to_owned()));
    assert!(alerts("2026-01-01T00:00:00Z").contains(&"san-mismatch".to_owned()));
}

#[test]
fn silenced_alerts_are_reported_as_notices() {
    let account = alerts_of(&Policy::default(), &events(ESC1))[0].requester_account.clone().unwrap();
    let exception = json!({"detections": ["san-mismatch"], "account": account, "up_to": "critical"});
    let mut engine = Engine::new(policy(json!({"exceptions": [exception]})));
    let notices: Vec<Notice> = events(ESC1).iter().flat_map(|event| engine.on_event(event).notices).collect();
    assert!(notices.contains(&Notice::Excepted { detection: "san-mismatch" }), "{notices:?}");
}

const DESK: &str = "certificate-used-by-other/quiet_enrollment_agent";
const USED_BY_OTHER: &str = "certificate-used-by-other";

#[test]
fn entry_with_detections_counts_for_those_only() {
    let alerts = |entry: Value| detections(json!({"allow": {"requesters": [entry]}}), DESK);
    let entry = |ids: Value| json!({"account": "CORP\\smartcard-desk", "detections": ids});
    assert!(!alerts(json!("CORP\\smartcard-desk")).contains(&USED_BY_OTHER.to_owned()));
    assert!(!alerts(entry(json!([USED_BY_OTHER]))).contains(&USED_BY_OTHER.to_owned()));
    assert!(alerts(entry(json!(["san-mismatch"]))).contains(&USED_BY_OTHER.to_owned()));
}

#[test]
fn event_time_ends_an_entry() {
    let alerts = |until: &str| {
        let entry =
            json!({"account": "CORP\\smartcard-desk", "until": until, "owner": "desk", "reason": "cards"});
        detections(json!({"allow": {"requesters": [entry]}}), DESK)
    };
    assert!(!alerts("2099-01-01T00:00:00Z").contains(&USED_BY_OTHER.to_owned()));
    assert!(alerts("2026-01-01T00:00:00Z").contains(&USED_BY_OTHER.to_owned()));
}

#[test]
fn allowed_requester_does_not_excuse_a_logon_as_a_protected_account() {
    let rid = 1110;
    let policy = json!({"allow": {"requesters": ["CORP\\smartcard-desk"]}, "protected": {"rids": [rid]}});
    assert!(detections(policy, DESK).contains(&USED_BY_OTHER.to_owned()));
}

#[test]
fn expired_entries_are_listed_with_their_owner() {
    let policy = policy(json!({
        "allow": {"templates": ["WebServer", {"template": "Old", "until": "2026-01-01T00:00:00Z", "owner": "web team"}]},
        "exceptions": [{"detections": ["ca-silent"], "computer": "ca02", "until": "2026-06-01T00:00:00Z"}],
    }));
    let expired = |at: &str| {
        let expired = policy.expired(Time::try_from(at.to_owned()).unwrap());
        expired.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(expired("2025-12-31T00:00:00Z").is_empty());
    let first = "policy.allow.templates[1] ended at 2026-01-01T00:00:00Z and silences nothing any more; its owner is web team";
    assert_eq!(expired("2026-01-01T00:00:00Z"), [first]);
    assert_eq!(expired("2026-06-01T00:00:00Z").len(), 2);
}
