//! Alerts as OCSF and as ECS are what the published schemas allow, and what was reviewed: `tests/encodings/<id>.ndjson` has for
//! each detection the last alert of each recording, first in OCSF, then in ECS. `UPDATE=1` writes them.

use crate::common::{golden_alerts, project};
use crate::schema::faults;
use adcs_watch::alert::Alert;
use adcs_watch::encode::{ecs, ocsf};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;

fn published(name: &str) -> Value {
    let text = fs::read_to_string(project("tests/schemas").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn alerts() -> Vec<(String, Alert)> {
    let alerts = golden_alerts().into_iter();
    alerts.map(|(path, alert)| (path, serde_json::from_value(alert).unwrap())).collect()
}

#[test]
fn every_alert_is_a_detection_finding_of_ocsf() {
    let schema = published("ocsf-1.8.0-detection-finding.json");
    for (path, alert) in alerts() {
        let finding = ocsf::finding(&alert);
        assert_eq!(faults(&schema, &finding), [""; 0], "{path}");
        assert_eq!(finding["activity_id"], json!(if alert.revision == 1 { 1 } else { 2 }));
        assert_eq!(finding["type_uid"], json!(if alert.revision == 1 { 200_401 } else { 200_402 }));
        assert_eq!(finding["finding_info"]["uid"], json!(alert.alert_id.to_string()));
        for observable in finding["observables"].as_array().into_iter().flatten() {
            let pointer = observable["name"].as_str().unwrap().replace("[0]", ".0").replace('.', "/");
            let value = finding.pointer(&format!("/{pointer}"));
            assert!(value.is_some(), "{path}: {observable} is nowhere");
        }
    }
}

#[test]
fn ocsf_that_is_wrong_is_noticed() {
    let schema = published("ocsf-1.8.0-detection-finding.json");
    let (_, alert) = alerts().remove(0);
    let changed = |change: fn(&mut Value)| {
        let mut finding = ocsf::finding(&alert);
        change(&mut finding);
        faults(&schema, &finding).len()
    };
    assert_eq!(changed(|_| ()), 0);
    assert_eq!(changed(|finding| finding["class_uid"] = json!(2001)), 1);
    assert_eq!(changed(|finding| finding["severity_id"] = json!("high")), 1);
    assert_eq!(changed(|finding| finding["rule"] = json!({})), 1);
    assert_eq!(changed(|finding| finding["finding_info"] = json!({"title": "a"})), 1);
}

#[test]
fn every_alert_is_a_document_of_ecs() {
    let fields = published("ecs-9.4.0-fields.json");
    for (path, alert) in alerts() {
        let document = ecs::document(&alert);
        assert_eq!(faults_of_ecs(&fields, &document), [""; 0], "{path}");
        assert_eq!(document["event"]["kind"], json!("signal"));
        assert_eq!(document["event"]["id"], json!(alert.alert_id.to_string()));
    }
}

#[test]
fn ecs_that_is_wrong_is_noticed() {
    let fields = published("ecs-9.4.0-fields.json");
    let wrong = [
        json!({"event": {"kind": "loud"}}),
        json!({"event": {"category": "iam"}}),
        json!({"source": {"ip": "wks-066"}}),
        json!({"user": {"nmae": "a"}}),
        json!({"event": {"start": "today"}}),
    ];
    for document in wrong {
        assert_eq!(faults_of_ecs(&fields, &document).len(), 1, "{document}");
    }
    assert_eq!(faults_of_ecs(&fields, &json!({"adcs_watch": {"any": {"thing": 1}}})), [""; 0]);
}

/// Fields that the schema does not have, and values that it does not allow.
fn faults_of_ecs(fields: &Value, document: &Value) -> Vec<String> {
    let mut leaves = BTreeMap::new();
    leaves_of("", document, &mut leaves);
    let wrong = |(name, value): &(&String, &&Value)| {
        let field = &fields[name.as_str()];
        let values = match (field["list"].as_bool(), value.as_array()) {
            (Some(true), Some(values)) => values.iter().collect(),
            (Some(false), None) => vec![**value],
            _ => return true,
        };
        !values.into_iter().all(|value| is_of_ecs(field, value))
    };
    leaves.iter().filter(wrong).map(|(name, value)| format!("{name}: {value}")).collect()
}

/// The fields by their whole names. What is below our own name is not the schema's.
fn leaves_of<'v>(path: &str, value: &'v Value, leaves: &mut BTreeMap<String, &'v Value>) {
    let Some(map) = value.as_object() else {
        leaves.insert(path.to_owned(), value);
        return;
    };
    for (name, below) in map.iter().filter(|(name, _)| *name != "adcs_watch") {
        let name = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        leaves_of(&name, below, leaves);
    }
}

fn is_of_ecs(field: &Value, value: &Value) -> bool {
    let allowed = field["allowed"].as_array().is_none_or(|allowed| allowed.contains(value));
    let text = value.as_str();
    allowed
        && match field["type"].as_str() {
            Some("keyword" | "wildcard" | "match_only_text") => text.is_some(),
            Some("ip") => text.is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok()),
            Some("date") => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            Some("long") => value.is_i64(),
            unknown => panic!("the type {unknown:?} is not known here"),
        }
}

/// What the template does not name is a keyword, by its dynamic template.
#[test]
fn template_for_elastic_has_the_types_of_the_schema() {
    let fields = published("ecs-9.4.0-fields.json");
    let template = fs::read_to_string(project("integrations/elastic/index-template.json")).unwrap();
    let template: Value = serde_json::from_str(&template).unwrap();
    let mappings = &template["template"]["mappings"];
    assert_eq!(mappings["dynamic_templates"][0]["strings"]["mapping"]["type"], json!("keyword"));
    for (path, alert) in alerts() {
        let document = ecs::document(&alert);
        let mut leaves = BTreeMap::new();
        leaves_of("", &document, &mut leaves);
        for name in leaves.keys() {
            let pointer = format!("/properties/{}/type", name.replace('.', "/properties/"));
            let mapped = mappings.pointer(&pointer).cloned().unwrap_or_else(|| json!("keyword"));
            assert_eq!(mapped, fields[name.as_str()]["type"], "{path}: {name}");
        }
    }
}

#[test]
fn encodings_of_every_recording_are_those_that_were_reviewed() {
    let mut last: BTreeMap<String, Alert> = BTreeMap::new();
    last.extend(alerts());
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (path, alert) in &last {
        let recording = std::path::Path::new(path).parent().unwrap().file_name().unwrap();
        let file = files.entry(alert.detection.clone()).or_default();
        let mut finding = ocsf::finding(alert);
        finding["metadata"]["product"]["version"] = json!("0.0.0");
        let mut line = Map::new();
        line.insert("recording".to_owned(), json!(recording.to_string_lossy()));
        line.insert("ocsf".to_owned(), finding);
        line.insert("ecs".to_owned(), ecs::document(alert));
        file.push_str(&(Value::Object(line).to_string() + "\n"));
    }
    for (detection, text) in files {
        let path = project("tests/encodings").join(format!("{detection}.ndjson"));
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        let without = |text: &str| without_policy_version(text);
        assert!(without(&reviewed) == without(&text), "{detection}: UPDATE=1 writes {}", path.display());
    }
}

/// The version of the policy changes with every new setting of any detection.
fn without_policy_version(text: &str) -> String {
    let version = regex_lite::Regex::new(r#""policy_version":"[0-9a-f]{8}""#).unwrap();
    version.replace_all(text, "").into_owned()
}
