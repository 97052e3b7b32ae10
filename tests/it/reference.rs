//! The references in `docs/` are generated from the definitions, between two marks. `UPDATE=1` writes them.

use crate::common::{golden_alerts, is_current, project};
use adcs_watch::config::schema;
use adcs_watch::detect::abuses::{self, Abuse};
use serde_json::Value;
use std::fs;

#[test]
fn config_reference_is_current() {
    is_current("docs/configuration.md", "reference", &config_reference(&schema::config()));
}

#[test]
fn alert_reference_is_current() {
    is_current("docs/alerts.md", "reference", &alert_reference(&schema::alert()));
}

#[test]
fn table_of_abuses_is_current() {
    is_current("docs/coverage.md", "reference", &table_of_abuses());
}

fn table_of_abuses() -> String {
    let row = |abuse: &Abuse| {
        let link = |id: &&str| format!("[{id}](detections/{id}.md)");
        let detections: Vec<_> = abuse.detections.iter().map(link).collect();
        let events: Vec<_> = abuse.events().iter().map(u32::to_string).collect();
        format!("| {} | {} | {} | {} |\n", abuse.id, abuse.what, detections.join(", "), events.join(", "))
    };
    let rows: String = abuses::ALL.iter().map(row).collect();
    format!("| Abuse | The attacker's step | Detections | Events |\n|---|---|---|---|\n{rows}")
}

#[test]
fn detection_pages_list_all_settings_with_defaults() {
    let schema = schema::config();
    for about in adcs_watch::detect::catalogue::all() {
        let page = fs::read_to_string(project("docs/detections").join(format!("{}.md", about.id))).unwrap();
        let section = about.id.replace('-', "_");
        let mut rows = Vec::new();
        settings(&schema["properties"]["policy"]["properties"][&section], "", &mut rows);
        // A story has only a switch.
        assert!(rows.len() >= if about.id == "story" { 1 } else { 3 }, "{}", about.id);
        for row in rows {
            let cells = format!("| `{}` | {} |", row.name, row.default);
            assert!(page.contains(&cells), "docs/detections/{}.md has no row {cells}", about.id);
        }
    }
}

/// One line of a table.
struct Row {
    name: String,
    kind: String,
    default: String,
    means: String,
}

/// A heading for each section and each section in it; what lies deeper stands in its table.
fn config_reference(schema: &Value) -> String {
    let mut text = String::new();
    for (name, section) in properties(schema) {
        section_reference(name, section, 2, &mut text);
    }
    text.trim_end().to_owned() + "\n"
}

fn section_reference(path: &str, section: &Value, level: usize, text: &mut String) {
    text.push_str(&format!("{} {path}\n\n{}\n\n", "#".repeat(level), words(section)));
    let is_section = |schema: &Value| level == 2 && schema.get("properties").is_some();
    let mut rows = Vec::new();
    for (name, below) in properties(section).filter(|(_, below)| !is_section(below)) {
        setting(&format!("{path}.{name}"), below, &mut rows);
    }
    properties(&section["items"])
        .for_each(|(name, below)| setting(&format!("{path}[].{name}"), below, &mut rows));
    if !rows.is_empty() {
        text.push_str("| Setting | Is | Default | Means |\n|---|---|---|---|\n");
        for Row { name, kind, default, means } in rows {
            text.push_str(&format!("| `{name}` | {kind} | {default} | {means} |\n"));
        }
        text.push('\n');
    }
    for (name, below) in properties(section).filter(|(_, below)| is_section(below)) {
        section_reference(&format!("{path}.{name}"), below, level + 1, text);
    }
}

fn setting(path: &str, schema: &Value, rows: &mut Vec<Row>) {
    if schema.get("properties").is_some() {
        settings(schema, &format!("{path}."), rows);
    } else {
        rows.push(row(path, schema));
        properties(&schema["items"])
            .for_each(|(name, below)| setting(&format!("{path}[].{name}"), below, rows));
    }
}

fn settings(section: &Value, before: &str, rows: &mut Vec<Row>) {
    properties(section).for_each(|(name, below)| setting(&format!("{before}{name}"), below, rows));
}

fn row(name: &str, schema: &Value) -> Row {
    let default = match schema.get("default") {
        None => String::new(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(Value::Array(values)) if values.is_empty() => "none".to_owned(),
        Some(value) => format!("`{value}`"),
    };
    let mut means = words(schema);
    if schema.get("title").is_none() {
        for choice in schema["oneOf"].as_array().into_iter().flatten() {
            if let Some(name) = choice["const"].as_str() {
                means.push_str(&format!(" `{name}`: {}", words(choice)));
            }
        }
    }
    if let Some(example) = schema["examples"].get(0) {
        means.push_str(&format!(
            " Example: `{}`",
            example.as_str().map_or_else(|| example.to_string(), str::to_owned)
        ));
    }
    Row { name: name.to_owned(), kind: kind(schema), default, means: means.trim().replace('|', "\\|") }
}

/// What a value is, in words.
fn kind(schema: &Value) -> String {
    if let Some(title) = schema["title"].as_str() {
        return title.to_owned();
    }
    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .map(|value| format!("`{}`", value.as_str().unwrap()))
            .collect::<Vec<_>>()
            .join(", ");
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choice = |choice: &Value| {
            let name = choice["const"].as_str().map(|name| format!("`{name}`"));
            name.unwrap_or_else(|| kind(choice))
        };
        return choices.iter().map(choice).collect::<Vec<_>>().join(", ");
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(types) = schema["type"].as_array() {
        assert_eq!(types.len(), 3, "{schema}");
        return "text, number, `true` or `false`".to_owned();
    }
    match schema["type"].as_str().unwrap_or_else(|| panic!("a schema without a type: {schema}")) {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("names, each with {}", kind(&schema["additionalProperties"]))
        }
        "object" if schema["required"].is_array() && properties(schema).count() == 1 => {
            format!("`{{{}: …}}`", properties(schema).next().unwrap().0)
        }
        "object" => "object".to_owned(),
        "string" => "text".to_owned(),
        "boolean" => "`true`, `false`".to_owned(),
        "integer" => number(schema),
        unknown => panic!("the type {unknown} is not known here"),
    }
}

fn number(schema: &Value) -> String {
    match (&schema["minimum"], &schema["maximum"]) {
        (least, Value::Number(most)) => format!("number, {} to {most}", least.as_u64().unwrap_or_default()),
        (Value::Number(least), _) if least.as_u64() != Some(0) => format!("number, at least {least}"),
        _ => "number".to_owned(),
    }
}

fn words(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema["properties"].as_object().into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
}

/// A table for the alert, and one for each object in it, with the first value that an approved alert has.
fn alert_reference(schema: &Value) -> String {
    let alerts: Vec<Value> = golden_alerts().into_iter().map(|(_, alert)| alert).collect();
    let mut text = fields("The alert", schema, &alerts);
    for (name, field) in properties(schema) {
        let below: Vec<Value> = alerts.iter().filter_map(|alert| alert.get(name)).cloned().collect();
        if field["items"].get("properties").is_some() {
            let items: Vec<Value> = below.iter().filter_map(Value::as_array).flatten().cloned().collect();
            text.push_str(&fields(&format!("{name}[]"), &field["items"], &items));
        } else if field.get("properties").is_some() {
            text.push_str(&fields(name, field, &below));
        }
    }
    text.trim_end().to_owned() + "\n"
}

fn fields(heading: &str, schema: &Value, values: &[Value]) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rows = properties(schema).map(|(name, field)| {
        let Row { kind, means, .. } = row(name, field);
        let when = if required.contains(&name) { "always" } else { "when there is one" };
        let example = values.iter().find_map(|value| value.get(name)).map(example).unwrap_or_default();
        format!("| `{name}` | {kind} | {when} | {means} | {example} |\n")
    });
    let rows: String = rows.collect();
    format!(
        "## {heading}\n\n{}\n\n| Field | Is | There | Means | Example |\n|---|---|---|---|---|\n{rows}\n",
        words(schema)
    )
}

fn example(value: &Value) -> String {
    let text = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().any(Value::is_object) => return "see below".to_owned(),
        Value::Array(_) => value.to_string(),
        Value::Object(_) => return "see below".to_owned(),
    };
    let short: String = text.chars().take(60).collect();
    let mark = if short == text { "" } else { "…" };
    format!("`{}{mark}`", short.replace('|', "\\|"))
}
