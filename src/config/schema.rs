//! JSON Schemas of the config and of alerts, generated from their types, so they always have every field.

use crate::alert::Alert;
use crate::config::lists::LISTS;
use crate::config::root::Config;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema of the config (draft 07), for editors. A name without a value means the default, so no type includes null.
pub fn config() -> Value {
    let mut schema = without_null(definitions());
    for path in LISTS {
        let pointer = format!("/properties/{}", path.replace('.', "/properties/"));
        if let Some(list) = schema.pointer_mut(&pointer).filter(|list| list["type"] == "array") {
            or_file(list);
        }
    }
    schema
}

/// A list in the config, or the name of the file with its entries.
fn or_file(list: &mut Value) {
    let text = json!({"type": "string"});
    let file = json!({
        "title": "`{file: …}`",
        "type": "object",
        "properties": {"file": text, "column": text},
        "required": ["file"],
        "additionalProperties": false,
    });
    if let Some(schema) = list.as_object_mut() {
        let alternative = ["type", "items"].map(|name| (name, schema.remove(name).unwrap_or_default()));
        let alternative: Map<_, _> =
            alternative.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        schema.insert("anyOf".to_owned(), json!([alternative, file]));
    }
}

/// What identifies the schema of alerts. A field that is added keeps it.
const ALERT_ID: &str = "urn:adcs-watch:alert:v1";

/// The schema of an alert (draft 2020-12), for consumers of the alert topic.
pub fn alert() -> Value {
    let settings =
        SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Alert>();
    schema.insert("$id".to_owned(), ALERT_ID.into());
    without_null(schema.to_value())
}

/// The schema as derived from the types: an optional field may be null.
pub(crate) fn definitions() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

/// Whether a schema allows null.
pub(crate) fn may_be_null(schema: &Value) -> bool {
    let null = Value::from("null");
    let among = |values: &Value| values.as_array().is_some_and(|values| values.contains(&null));
    among(&schema["type"])
        || schema["anyOf"].as_array().is_some_and(|any| any.iter().any(|schema| schema["type"] == null))
}

/// Removes null, defaults of whole sections, and the widths of Rust's numbers from a schema.
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
