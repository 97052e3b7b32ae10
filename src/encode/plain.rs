//! Parts that the JSON of other schemas is made of.

use crate::alert::{Alert, Reason};
use serde_json::{Map, Value};
use std::net::IpAddr;

/// The value without what is null or empty.
pub(super) fn filled(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let map = map.into_iter().map(|(name, value)| (name, filled(value)));
            Value::Object(map.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(values) => {
            Value::Array(values.into_iter().map(filled).filter(|value| !is_empty(value)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The fields of the alert, as in our own JSON, that another schema has no place for.
pub(super) fn rest(alert: &Alert, mapped: &[&str]) -> Value {
    let all = match serde_json::to_value(alert) {
        Ok(Value::Object(all)) => all,
        Ok(_) | Err(_) => Map::new(),
    };
    all.into_iter().filter(|(name, _)| !mapped.contains(&name.as_str())).collect::<Map<_, _>>().into()
}

/// The address of the client, if it is one.
pub(super) fn address(alert: &Alert) -> Option<String> {
    let ip: Option<IpAddr> = alert.remote_ip.as_deref().and_then(|ip| ip.parse().ok());
    ip.map(|ip| ip.to_string())
}

/// The sentences of all reasons, one a line.
pub(super) fn sentences(alert: &Alert) -> String {
    let texts = alert.reasons.iter().map(|Reason { text, .. }| text.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// The technique of a technique's id, and the id itself if it is that of a sub-technique.
pub(super) fn technique(id: &str) -> (&str, Option<&str>) {
    match id.split_once('.') {
        Some((technique, _)) => (technique, Some(id)),
        None => (id, None),
    }
}
