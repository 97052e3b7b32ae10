//! Values in one line of YAML, as examples and messages show them.

use serde_json::Value;

/// A value in one line of YAML.
pub(crate) fn flow(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(values) => format!("[{}]", values.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| format!("{}: {}", scalar(name), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text: plain if every YAML reader reads it as text, else in quotes.
fn scalar(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let is_value = ["true", "false", "null", "yes", "no", "on", "off"]
        .contains(&text.to_lowercase().as_str())
        || text.parse::<f64>().is_ok();
    let begins = |c: char| c.is_ascii_alphanumeric() || c == '/';
    if text.starts_with(begins) && text.chars().all(is_word) && !is_value {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}
