//! The schemas match what the program reads and writes, and the sample config is valid.

use crate::common::golden_alerts;
use adcs_watch::config::Config;
use adcs_watch::config::sample::sample;
use adcs_watch::config::schema;
use adcs_watch::config::tree::Node;
use serde_json::{Value, json};

#[test]
fn sample_config_equals_the_defaults() {
    assert_eq!(Config::parse("adcs-watch.yaml", &sample()), Ok(Config::default()));
}

#[test]
fn examples_of_the_sample_config_are_valid() {
    let sample = sample();
    let examples = sample.lines().filter(|line| is_example(line)).count();
    let all: Vec<String> = sample.lines().map(without_mark).collect();
    // Ids of a registry go with protobuf only.
    let all = all.join("\n").replace("format: json", "format: protobuf");
    let config = Config::parse("all.yaml", &all).unwrap_or_else(|mistakes| panic!("{mistakes}\n{all}"));
    assert!(examples > 20 && config.kafka.sasl.is_some() && config.sources.len() == 2, "{all}");
    assert_eq!(faults(&schema::config(), &tree(&all)), [""; 0]);
}

fn is_example(line: &str) -> bool {
    let line = line.trim_start();
    line.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '-'))
}

fn without_mark(line: &str) -> String {
    if is_example(line) { line.replacen('#', "", 1) } else { line.to_owned() }
}

#[test]
fn schema_has_every_field_of_the_reader() {
    let schema = schema::config();
    let mut sections = Vec::new();
    objects(&schema, "", &mut sections);
    assert!(sections.len() >= 20, "{sections:?}");
    for (path, known) in sections {
        assert_eq!(known_to_the_reader(&path), known, "{path}");
    }
}

#[test]
fn reader_refuses_lists_in_place_of_sections() {
    let mut sections = Vec::new();
    objects(&schema::config(), "", &mut sections);
    for (path, _) in sections.iter().filter(|(path, _)| !path.is_empty()) {
        for list in ["[]", "[[]]", "[a]"] {
            let text = nested(path, list);
            let said = Config::parse("c.yaml", &text).map(drop).unwrap_err().to_string();
            assert!(said.contains("expected a mapping, found a list"), "{text}: {said}");
        }
    }
}

/// Every object with properties: its path, and their names.
fn objects(schema: &Value, path: &str, found: &mut Vec<(String, Vec<String>)>) {
    if let Some(properties) = schema["properties"].as_object() {
        found.push((path.to_owned(), properties.keys().cloned().collect()));
        for (name, below) in properties {
            objects(below, &format!("{path}/{name}"), found);
        }
    }
    if schema.get("items").is_some() {
        objects(&schema["items"], &format!("{path}/[]"), found);
    }
}

/// What the reader says it knows there, when it is shown a name that nobody can mean.
fn known_to_the_reader(path: &str) -> Vec<String> {
    let text = nested(path, "{zzzzzzzzzzzzzzzzzzzzzzzz: 1}");
    let said = Config::parse("c.yaml", &text).unwrap_err().to_string();
    let known = said.lines().find_map(|line| line.split_once("unknown field; known here: "));
    let known = known.unwrap_or_else(|| panic!("{text}: {said}")).1;
    known.split(", ").map(str::to_owned).collect()
}

/// A config with this value at a path.
fn nested(path: &str, value: &str) -> String {
    let around = |inner: String, step: &str| match step {
        "[]" => format!("[{inner}]"),
        name => format!("{{{name}: {inner}}}"),
    };
    path.split('/').rev().filter(|step| !step.is_empty()).fold(value.to_owned(), around)
}

#[test]
fn schema_refuses_values_that_the_reader_refuses() {
    let schema = schema::config();
    let wrong = [
        "kafak: {}",
        "kafka: {brokers: a}",
        "kafka: {consumer: {isolation.level: read_uncommitted}}",
        "kafka: {sasl: {mechanism: SCRAM-SHA-512, username: a, password: hunter2}}",
        "sources: [{topic: a, shape: winlogbaet}]",
        "topics: {partitions: 0}",
        "topics: {routed: a b}",
        "alerts: {format: xml}",
        "checkpoints: {interval: soon}",
        "workers: {router: 65}",
        "policy: {certlog_remote_write: {training_days: 65}}",
        "policy: {san_mismatch: {severity: {san_mismatch: loud}}}",
    ];
    for text in wrong {
        assert!(Config::parse("c.yaml", text).is_err(), "{text}");
        assert!(!faults(&schema, &tree(text)).is_empty(), "{text}");
    }
}

#[test]
fn golden_alerts_match_the_schema() {
    let schema = schema::alert();
    let alerts = golden_alerts();
    assert!(alerts.len() > 50);
    for (path, alert) in &alerts {
        assert_eq!(faults(&schema, alert), [""; 0], "{path}");
    }
    let mut unknown = alerts[0].1.clone();
    unknown["severity"] = json!("loud");
    unknown["revision"] = json!("1");
    assert_eq!(faults(&schema, &unknown).len(), 2, "{:?}", faults(&schema, &unknown));
}

/// A config as the schema's reader sees it.
pub(crate) fn tree(text: &str) -> Value {
    let mut mistakes = Vec::new();
    let node = Node::parse(text, &mut mistakes).unwrap_or_else(|| panic!("{mistakes:?}: {text}"));
    assert!(mistakes.is_empty(), "{mistakes:?}");
    node.to_value()
}

/// What a value has that its schema does not allow. Knows the keywords that ours use, and stops at any other.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        assert_eq!(schema, &Value::Bool(true), "{path}");
        return;
    };
    for (keyword, rule) in schema {
        let right = match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" | "format" | "default" | "examples" => true,
            "type" => types(rule).iter().any(|name| is(name, value)),
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
            "maxLength" => {
                value.as_str().is_none_or(|text| text.chars().count() <= rule.as_u64().unwrap() as usize)
            }
            "pattern" => {
                let pattern = regex_lite::Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "not" => !faults(rule, value).is_empty(),
            "anyOf" => rule.as_array().unwrap().iter().any(|one| faults(one, value).is_empty()),
            "oneOf" => {
                rule.as_array().unwrap().iter().filter(|one| faults(one, value).is_empty()).count() == 1
            }
            "required" => {
                rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "propertyNames" => {
                let mut names = value.as_object().into_iter().flat_map(|object| object.keys());
                names.all(|name| faults(rule, &json!(name)).is_empty())
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, item, &format!("{path}[{n}]"), found);
                }
                true
            }
            "properties" => {
                for (name, below) in rule.as_object().unwrap() {
                    if let Some(inner) = value.get(name) {
                        check(below, inner, &format!("{path}.{name}"), found);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known =
                    |name: &String| schema.get("properties").is_some_and(|all| all.get(name).is_some());
                let mut others = value.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
                others.all(|(_, inner)| *rule != json!(false) && faults(rule, inner).is_empty())
            }
            unknown => panic!("{path}: the keyword {unknown} is not known here"),
        };
        if !right {
            found.push(format!("{path}: {keyword}: {value} is not {rule}"));
        }
    }
}

fn types(rule: &Value) -> Vec<&str> {
    rule.as_array().map_or_else(
        || vec![rule.as_str().unwrap()],
        |names| names.iter().map(|name| name.as_str().unwrap()).collect(),
    )
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        unknown => panic!("the type {unknown} is not known here"),
    }
}
