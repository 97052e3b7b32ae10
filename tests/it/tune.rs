//! `tune` proposes lines for harmless alerts, and refuses those that would hide an attack.

use crate::cli_world::World;
use crate::common::{golden_alerts, project};
use crate::golden::json_of_yaml;
use adcs_watch::alert::{Alert, Severity};
use adcs_watch::detect::policy::Policy;
use adcs_watch::wire::alert::to_json;
use serde_json::{Value, json};

/// An alert of a recording of this detection, changed.
fn alert(detection: &str, change: impl FnOnce(&mut Alert)) -> Alert {
    let alerts = golden_alerts().into_iter().map(|(_, json)| serde_json::from_value(json).unwrap());
    let mut alert = alerts.into_iter().find(|alert: &Alert| alert.detection == detection).unwrap();
    change(&mut alert);
    alert
}

/// A colleague who gets a certificate of a template of their own: three alerts.
fn harmless() -> Vec<Alert> {
    let day = |n: u32| {
        alert("unusual-volume", |alert| {
            alert.alert_id = format!("{n:032x}").try_into().unwrap();
            alert.requester_account = Some("build".to_owned());
            alert.templates = vec!["Build_Agents".to_owned()];
            alert.severity = Severity::Medium;
        })
    };
    (1..=3).map(day).collect()
}

/// ESC1, with the template and the name of a recording.
fn attack() -> Alert {
    alert("san-mismatch", |alert| {
        alert.severity = Severity::High;
    })
}

fn world(alerts: &[Alert]) -> World {
    let world = World::new();
    world.write("alerts.ndjson", alerts.iter().map(|alert| to_json(alert) + "\n").collect::<String>());
    world
}

#[test]
fn harmless_requesters_line_is_proposed_and_an_attackers_is_refused() {
    let alerts = [harmless(), vec![attack()]].concat();
    let run = world(&alerts).run("tune --all --format json alerts.ndjson");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines = run.json()["lines"].clone();
    let of = |detection: &str| -> Value {
        lines.as_array().unwrap().iter().find(|line| line["detection"] == detection).unwrap().clone()
    };
    let (build, mallory) = (of("unusual-volume"), of("san-mismatch"));
    assert_eq!(
        (&build["proposed"], &build["alerts"], &build["hidden_attacks"]),
        (&json!(true), &json!(3), &json!(0))
    );
    assert_eq!(mallory["proposed"], json!(false));
    assert!(mallory["hidden_attacks"].as_u64().unwrap() > 0, "{mallory}");
}

#[test]
fn account_with_a_graver_alert_gets_no_line() {
    let graver = attack();
    let change = |alert: &mut Alert| alert.requester_account = graver.requester_account.clone();
    let alerts: Vec<Alert> = harmless().into_iter().map(|mut alert| (change(&mut alert), alert).1).collect();
    let run = world(&[alerts, vec![graver.clone()]].concat()).run("tune alerts.ndjson --format yaml");
    assert_eq!((run.code, run.stdout.as_str()), (0, "# no line is proposed\n"));
}

#[test]
fn critical_alert_is_never_proposed() {
    let alert = alert("san-mismatch", |alert| {
        alert.severity = Severity::Critical;
        alert.templates = vec!["Of_This_Estate".to_owned()];
        alert.san_values = vec!["administrator@estate.example".to_owned()];
    });
    let run = world(&[alert]).run("tune alerts.ndjson --format yaml");
    assert_eq!((run.code, run.stdout.as_str()), (0, "# no line is proposed\n"));
}

#[test]
fn proposed_lines_are_a_policy_that_check_accepts() {
    let world = world(&harmless());
    let run = world.run("tune alerts.ndjson --format yaml");
    let policy = json_of_yaml(&run.stdout)["policy"].clone();
    let policy: Policy = serde_json::from_value(policy).unwrap();
    assert_eq!(policy.exceptions.len(), 1, "{}", run.stdout);
    world.write("adcs-watch.yaml", &run.stdout);
    let check = world.run("check --for replay -c adcs-watch.yaml");
    assert_eq!(check.code, 0, "{}{}", check.stdout, check.stderr);
}

#[test]
fn table_ranks_lines_and_unreadable_lines_are_named() {
    let world = world(&[harmless(), vec![attack()]].concat());
    let table = world.run("tune alerts.ndjson").stdout;
    assert!(table.contains("1 proposed line would have saved 3 of 4 alerts\n"), "{table}");
    assert!(!table.contains("san-mismatch"), "{table}");
    assert!(world.run("tune --all alerts.ndjson").stdout.contains("(refused)"));
    let utf_16: Vec<u8> =
        std::iter::once(0xfeff).chain(to_json(&attack()).encode_utf16()).flat_map(u16::to_le_bytes).collect();
    world.write("utf16.ndjson", utf_16);
    assert_eq!(world.run("tune utf16.ndjson").code, 0, "as PowerShell writes it");
    world.write("damaged.ndjson", "{}\n");
    let run = world.run("tune damaged.ndjson");
    assert_eq!(run.code, 65);
    assert!(run.stderr.contains("damaged.ndjson:1: no alert"), "{}", run.stderr);
}

/// What `tune` tries its lines on: the alerts of the recordings that fire, once each kind, from medium on.
#[test]
fn attacks_are_those_of_the_recordings() {
    let mut kinds: Vec<Value> = Vec::new();
    for (_, alert) in golden_alerts() {
        let is_same = |known: &Value| KIND.iter().all(|field| known[field] == alert[field]);
        let is_attack = alert["severity_id"].as_u64() >= Some(3) && alert["linked_alerts"].is_null();
        if is_attack && !kinds.iter().any(is_same) {
            kinds.push(kind_of(&alert));
        }
    }
    let path = project("samples/attacks.ndjson");
    if std::env::var_os("UPDATE").is_some() {
        let lines: String = kinds.iter().map(|kind| format!("{kind}\n")).collect();
        std::fs::write(&path, lines).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let written: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(written == kinds, "UPDATE=1 writes samples/attacks.ndjson");
}

/// What an exception looks at beside the account and the machine.
const KIND: [&str; 4] = ["detection", "severity", "templates", "san_values"];

/// The shortest alert of that kind.
fn kind_of(alert: &Value) -> Value {
    let mut kind = json!({
        "alert_id": alert["alert_id"], "revision": 1, "title": "", "severity_id": alert["severity_id"],
        "time": alert["time"], "first_seen": alert["time"], "last_seen": alert["time"],
        "why_suspicious": "", "reasons": [], "mitre": [], "evidence": [], "investigative_actions": [],
        "policy_version": "", "late": false, "historical": false,
    });
    for field in KIND.into_iter().filter(|field| !alert[field].is_null()) {
        kind[field] = alert[field].clone();
    }
    kind
}
