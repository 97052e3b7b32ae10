//! The types and defaults that docs/configuration.md documents are those that the reader accepts: every documented value is
//! read, every value of another type is refused, and every default equals leaving the setting out.

use crate::common::project;
use adcs_watch::config::Config;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A row of the reference.
struct Setting {
    name: String,
    kind: String,
    default: String,
}

fn documented() -> Vec<Setting> {
    let page = fs::read_to_string(project("docs/configuration.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let settings: Vec<Setting> = rows
        .map(|row| {
            let mut cells = row.split(" | ");
            let mut cell = || cells.next().unwrap().trim_matches([' ', '|']).to_owned();
            let (name, kind, default) = (cell(), cell(), cell());
            Setting { name: name.trim_end_matches('`').to_owned(), kind, default }
        })
        .collect();
    assert!(settings.len() > 60, "{} rows", settings.len());
    settings
}

#[test]
fn documented_types_are_read_and_other_types_refused() {
    for Setting { name, kind, .. } in documented() {
        let (right, wrong) = values(&name, &kind);
        assert!(!right.is_empty() && wrong.len() >= 3, "{name}: {kind}");
        for value in right {
            let text = config(&name, &value).to_string();
            let read = Config::parse("c.yaml", &text);
            assert!(read.is_ok(), "{name} is documented as {kind}: {}", read.unwrap_err());
        }
        for value in wrong {
            let text = config(&name, &value).to_string();
            assert!(
                Config::parse("c.yaml", &text).is_err(),
                "{name} is documented as {kind}, and reads {value}"
            );
        }
    }
}

#[test]
fn documented_defaults_equal_leaving_the_setting_out() {
    let mut compared = 0;
    for Setting { name, default, .. } in documented() {
        let value = match default.trim_matches('`') {
            "" => continue,
            "none" => json!([]),
            text => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        };
        let text = config(&name, &value).to_string();
        let read = Config::parse("c.yaml", &text).unwrap_or_else(|mistakes| panic!("{name}: {mistakes}"));
        let without = Config::parse("c.yaml", &config(&name, &Value::Null).to_string()).unwrap();
        assert_eq!(read, without, "{name}: {value} is not the default");
        compared += 1;
    }
    assert!(compared > 40, "{compared} defaults");
}

#[test]
fn wrong_documented_type_is_found() {
    let refuses = |name: &str, kind: &str| {
        let (right, wrong) = values(name, kind);
        let reads = |value: &Value| Config::parse("c.yaml", &config(name, value).to_string()).is_ok();
        !right.iter().all(reads) || wrong.iter().any(reads)
    };
    assert!(
        !refuses("shutdown.grace", "length of time") && !refuses("kafka.instance_id", "text or `{env: …}`")
    );
    assert!(refuses("shutdown.grace", "text"));
    assert!(refuses("kafka.instance_id", "text, number, `true` or `false`"));
    assert!(refuses("kafka.instance_id", "text"));
    assert!(refuses("workers.router", "number, 1 to 65"));
    assert!(refuses("log.level", "`error`, `loud`"));
}

/// Values of a documented type, and values of other types.
fn values(name: &str, kind: &str) -> (Vec<Value>, Vec<Value>) {
    let right = of_kind(name, kind);
    let of_other_types =
        [json!("zz zz"), json!(7), json!(true), json!(["zz"]), json!({"zz": "zz"}), json!({"env": "PATH"})];
    let types: Vec<&str> = right.iter().map(type_of).collect();
    let mut wrong: Vec<Value> =
        of_other_types.into_iter().filter(|value| !types.contains(&type_of(value))).collect();
    wrong.extend(out_of_range(kind));
    (right, wrong)
}

/// Values that a documented type includes.
fn of_kind(name: &str, kind: &str) -> Vec<Value> {
    if let Some(kinds) = kind.split_once(" or `{") {
        return [of_kind(name, kinds.0), of_kind(name, &format!("`{{{}", kinds.1))].concat();
    }
    if let Some(items) = kind.strip_prefix("list of ") {
        return vec![Value::Array(of_kind(name, items))];
    }
    if let Some(plain) = kind.strip_suffix(" or object") {
        return [of_kind(name, plain), of_kind(name, "object")].concat();
    }
    if let Some(values) = kind.strip_prefix("names, each with ") {
        let of_names = of_kind(name, values).into_iter();
        return of_names.map(|value| json!({ property(name): value })).collect();
    }
    if let Some(range) = kind.strip_prefix("number") {
        return bounds(range).into_iter().map(|bound| json!(bound)).collect();
    }
    match (name, kind) {
        (_, "text, number, `true` or `false`") => vec![json!("text"), json!(7), json!(true)],
        (_, "`true`, `false`") => vec![json!(true), json!(false)],
        ("policy.exceptions[].detections", "text") => vec![json!("san-mismatch")],
        ("policy.exceptions[].remote_ip", "text") => vec![json!("10.20.0.0/16"), json!("10.20.30.66")],
        (_, "text") => vec![json!("dmz.corp.example")],
        (_, "account") => vec![json!(r"CORP\svc-ndes"), json!("svc-ndes")],
        (_, "host") => vec![json!("dc01.corp.example"), json!("dc01")],
        (_, "severity") => ["informational", "low", "medium", "high", "critical"].map(Value::from).to_vec(),
        (_, "time zone") => vec![json!("Europe/Zurich")],
        (_, "IP address and port") => vec![json!("127.0.0.1:0"), json!("[::1]:9464")],
        ("shutdown.grace", "length of time") => vec![json!("30s"), json!("1h")],
        (_, "length of time") => vec![json!("80h"), json!("8d")],
        (_, "day or time") => vec![json!("2026-12-31"), json!("2026-12-31T18:00:00Z")],
        (_, "time") => vec![json!("2026-03-01T00:00:00Z")],
        ("topics.more_alerts", "object") => vec![json!({"topic": "alerts.ocsf", "format": "ocsf"})],
        ("policy.exceptions", "object") => vec![json!({"detections": ["san-mismatch"], "account": "a"})],
        ("policy.allow.templates", "object") => vec![json!({"template": "WebServer"})],
        ("policy.allow.san_suffixes", "object") => vec![json!({"suffix": ".dmz.corp.example"})],
        ("policy.allow.source_hosts", "object") => vec![json!({"host": "srv-clm"})],
        (name, "object") if name.starts_with("policy.allow.") => vec![json!({"account": "svc-ndes"})],
        ("policy.agents", "object") => vec![json!({"templates": ["Citrix_SmartcardLogon"]})],
        (_, literals) if literals.starts_with('`') => literals.split(", ").map(literal).collect(),
        (name, kind) => panic!("{name}: the type `{kind}` is not known here"),
    }
}

/// `` `json` `` or `` `{env: …}` ``.
fn literal(text: &str) -> Value {
    let text = text.trim_matches('`');
    match text.strip_prefix('{').and_then(|object| object.split_once(':')) {
        Some(("replace", _)) => json!({"replace": ["PATH"]}),
        Some(("file", _)) => json!({ "file": list_file() }),
        Some((field, _)) => json!({ field: "PATH" }),
        None => json!(text),
    }
}

/// A file with a list of one entry, which is a text, an account and a host.
fn list_file() -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("list.txt");
    fs::write(&file, "dc01\n").unwrap();
    file
}

/// Values of the right JSON type that the documented type excludes.
fn out_of_range(kind: &str) -> Vec<Value> {
    match kind {
        "length of time" | "IP address and port" | "time zone" | "severity" => vec![json!("zz zz")],
        "`true`, `false`" => vec![json!("true")],
        literals if literals.starts_with('`') && !literals.contains('{') => vec![json!("zz zz")],
        objects if objects.contains('{') => vec![json!({"zz": "PATH"}), json!({"env": 7})],
        number => match number.strip_prefix("number").map(bounds).as_deref() {
            Some([least, most]) => vec![json!(least - 1), json!(most + 1)],
            Some([least]) => vec![json!(least - 1)],
            Some(_) | None => Vec::new(),
        },
    }
}

/// The bounds of ``, 1 to 64`` or ``, at least 1``.
fn bounds(range: &str) -> Vec<i64> {
    let numbers = range.split(' ').filter_map(|word| word.parse().ok());
    let bounds: Vec<i64> = numbers.collect();
    if bounds.is_empty() { vec![0] } else { bounds }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "mapping",
    }
}

fn property(name: &str) -> &'static str {
    match name {
        "kafka.properties" | "kafka.consumer" | "kafka.producer" => "client.rack",
        _ => "CORP",
    }
}

/// A config in which this setting has this value, with the settings that it needs beside it. Null leaves it out.
fn config(name: &str, value: &Value) -> Value {
    let mut config = beside(name, value);
    let mut place = &mut config;
    for step in name.split('.') {
        let step = step.trim_end_matches("[]");
        if place[step].is_null() {
            place[step] = if name.contains(&format!("{step}[]")) { json!([{}]) } else { json!({}) };
        }
        place = &mut place[step];
        if place.is_array() && name.contains(&format!("{step}[]")) {
            place = &mut place[0];
        }
    }
    *place = value.clone();
    config
}

/// What a setting needs beside it.
fn beside(name: &str, value: &Value) -> Value {
    let sasl = |sasl: Value| json!({"kafka": {"sasl": sasl}});
    match name {
        "kafka.sasl.mechanism" if *value == json!("OAUTHBEARER") => sasl(json!({"token": {"file": "t"}})),
        "kafka.sasl.token" => sasl(json!({"mechanism": "OAUTHBEARER"})),
        name if name.starts_with("kafka.sasl.") => {
            sasl(json!({"mechanism": "PLAIN", "username": "a", "password": {"file": "p"}}))
        }
        "sources[].pattern" => json!({"sources": [{}]}),
        name if name.starts_with("sources[].") => json!({"sources": [{"topic": "a"}]}),
        "topics.more_alerts[].schema_id" => {
            json!({"topics": {"more_alerts": [{"topic": "a", "format": "protobuf"}]}})
        }
        name if name.starts_with("topics.more_alerts[].") => {
            json!({"topics": {"more_alerts": [{"topic": "a"}]}})
        }
        name if name.starts_with("policy.exceptions[].") => {
            json!({"policy": {"exceptions": [{"detections": ["san-mismatch"], "account": "a"}]}})
        }
        "alerts.schema_id" => json!({"alerts": {"format": "protobuf"}}),
        "alerts.older" => json!({"alerts": {"max_age": "7d"}}),
        name if name.starts_with("http.tls.") => {
            json!({"http": {"tls": {"cert_file": "c", "key_file": "k"}}})
        }
        name if name.starts_with("http.basic_auth.") => {
            json!({"http": {"basic_auth": {"username": "a", "password": {"file": "p"}}}})
        }
        "policy.certlog_remote_write.training_days" if !value.is_null() && *value != json!(30) => {
            json!({"policy": {"certlog_remote_write": {"activation_days": 0}}})
        }
        "policy.certlog_remote_write.activation_days" if !value.is_null() && *value != json!(14) => {
            json!({"policy": {"certlog_remote_write": {"training_days": 64}}})
        }
        _ => Value::Object(Map::new()),
    }
}
