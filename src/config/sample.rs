//! The sample config: every setting with its meaning and its default. A setting without a default is a commented example.

use crate::config::flow::flow;
use crate::config::schema::{definitions, may_be_null, without_null};
use serde_json::Value;
use std::borrow::Cow;
use textwrap::{WordSeparator, WordSplitter, WrapAlgorithm};

/// The greatest width of a comment, in characters.
const WIDTH: usize = 110;

/// The text of the file. It is valid and sets every field to its default. A setting behind `#` is an example.
pub fn sample() -> String {
    let mut lines = vec![
        "# yaml-language-server: $schema=adcs-watch.schema.json".to_owned(),
        format!("# The config of adcs-watch {}: every setting with its default.", env!("CARGO_PKG_VERSION")),
        "# A # without a blank precedes a setting that has no default: it is an example.".to_owned(),
        "# For an editor that knows schemas: adcs-watch generate schema > adcs-watch.schema.json".to_owned(),
    ];
    for (name, schema) in properties(&definitions()) {
        lines.push(String::new());
        lines.extend(setting(name, schema, 0, true).lines);
    }
    lines.join("\n") + "\n"
}

struct Setting {
    lines: Vec<String>,
    /// Whether one of its lines is not a comment.
    is_set: bool,
}

/// One setting with its meaning above it. `active`: the section around it is not a comment.
fn setting(name: &str, definition: &Value, depth: usize, active: bool) -> Setting {
    let schema = without_null(definition.clone());
    let pad = "  ".repeat(depth);
    let mut lines = meaning(&schema, &pad);
    let example = schema["examples"].get(0);
    let active = active && !may_be_null(definition) && example.is_none();
    let mark = |is_set: bool| if is_set { "" } else { "#" };
    if example.is_none() && properties(&schema).next().is_some() {
        let below: Vec<Setting> = properties(&definition_below(definition))
            .map(|(name, definition)| setting(name, definition, depth + 1, active))
            .collect();
        let is_set = below.iter().any(|setting| setting.is_set);
        lines.push(format!("{pad}{}{name}:", mark(is_set)));
        lines.extend(below.into_iter().flat_map(|setting| setting.lines));
        return Setting { lines, is_set };
    }
    let value = example.or_else(|| schema.get("default")).unwrap_or(&Value::Null);
    let is_set = active && !value.is_null();
    let (mark, objects) = (mark(is_set), objects(value));
    match objects.is_empty() {
        true => lines.push(format!("{pad}{mark}{name}: {}", flow(value))),
        false => lines.push(format!("{pad}{mark}{name}:")),
    }
    lines.extend(objects.into_iter().map(|object| format!("{pad}{mark}- {}", flow(object))));
    Setting { lines, is_set }
}

/// The definition with the properties: itself, or its alternative that is not null.
fn definition_below(definition: &Value) -> Value {
    let any = definition["anyOf"].as_array();
    any.and_then(|any| any.iter().find(|schema| schema.get("properties").is_some()))
        .unwrap_or(definition)
        .clone()
}

/// The properties of a schema, in the order of the definitions.
pub(crate) fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema["properties"].as_object().into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
}

/// The elements of a list that get a line each.
fn objects(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().filter(|value| value.is_object()).collect()
}

fn meaning(schema: &Value, pad: &str) -> Vec<String> {
    let mut texts = vec![schema["description"].as_str().unwrap_or_default().replace('\n', " ")];
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let choices: Vec<&str> = choices.filter_map(|choice| choice["const"].as_str()).collect();
    if !choices.is_empty() {
        texts.push(format!("One of: {}.", choices.join(", ")));
    }
    texts.extend(properties(&schema["items"]).map(|(name, item)| described(name, item)));
    texts.iter().filter(|text| !text.is_empty()).flat_map(|text| wrapped(text, pad)).collect()
}

fn described(name: &str, schema: &Value) -> String {
    format!("`{name}`: {}", schema["description"].as_str().unwrap_or_default().replace('\n', " "))
}

fn wrapped(text: &str, pad: &str) -> Vec<String> {
    let mark = format!("{pad}# ");
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(&mark)
        .subsequent_indent(&mark)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::wrap(text, options).into_iter().map(Cow::into_owned).collect()
}
