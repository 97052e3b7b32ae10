//! The config and the alerts as JSON Schemas, told from their definitions: a setting is known here as soon as it is read.

use crate::alert::Alert;
use crate::config::Config;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The schema of the config, for editors. What says nothing (`key:`) may be left out, so null stands nowhere in it.
pub fn config() -> Value {
    without_null(definitions())
}

/// The schema of an alert, for whoever reads the topic.
pub fn alert() -> Value {
    let settings =
        SchemaSettings::draft07().for_serialize().with(|settings| settings.inline_subschemas = true);
    without_null(settings.into_generator().into_root_schema_for::<Alert>().to_value())
}

/// The config as its types tell it: null is a value of what may be left out.
pub(crate) fn definitions() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

/// Whether null is a value of this.
pub(crate) fn may_be_null(schema: &Value) -> bool {
    let null = Value::from("null");
    let among = |values: &Value| values.as_array().is_some_and(|values| values.contains(&null));
    among(&schema["type"])
        || schema["anyOf"].as_array().is_some_and(|any| any.iter().any(|schema| schema["type"] == null))
}

/// The same without null, without defaults of whole sections, and without the widths of Rust's numbers.
pub(crate) fn without_null(schema: Value) -> Value {
    match schema {
        Value::Array(schemas) => Value::Array(schemas.into_iter().map(without_null).collect()),
        Value::Object(schema) => Value::Object(plain(schema)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema,
    }
}

fn plain(schema: Map<String, Value>) -> Map<String, Value> {
    let mut plain = Map::new();
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("default", Value::Null | Value::Object(_)) => {}
            ("format", Value::String(width)) if width.starts_with("uint") || width.starts_with("int") => {}
            ("type" | "enum", Value::Array(values)) => {
                let mut values: Vec<Value> =
                    values.into_iter().filter(|value| !value.is_null() && value != "null").collect();
                let one = if values.len() == 1 && keyword == "type" { values.pop() } else { None };
                plain.insert(keyword, one.unwrap_or(Value::Array(values)));
            }
            ("anyOf", Value::Array(schemas)) => {
                let mut schemas: Vec<Value> =
                    schemas.into_iter().filter(|schema| schema["type"] != "null").map(without_null).collect();
                match (schemas.len(), schemas.pop()) {
                    (1, Some(Value::Object(only))) => {
                        for (keyword, value) in only {
                            plain.entry(keyword).or_insert(value);
                        }
                    }
                    (_, last) => {
                        schemas.extend(last);
                        plain.insert(keyword, Value::Array(schemas));
                    }
                }
            }
            (_, value) => {
                plain.insert(keyword, without_null(value));
            }
        }
    }
    plain
}
