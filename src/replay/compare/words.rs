//! The comparison as text.

use crate::alert::Alert;
use crate::replay::compare::{Comparison, Field};
use crate::replay::show::style::{BOLD, DIM, paint, severity};
use crate::replay::show::text::{counted, plain, wrap};
use serde_json::Value;

/// The most characters of a value that are shown.
const MAX_VALUE: usize = 200;

/// The comparison as lines of so many columns; the policies have these names.
pub(crate) fn text(comparison: &Comparison, names: &[String; 2], width: usize) -> String {
    let mut words = Words { text: String::new(), width };
    let [first, second] = names.each_ref().map(|name| plain(name));
    words.only(&format!("only with {first}"), &comparison.only_first);
    words.only(&format!("only with {second}"), &comparison.only_second);
    words.heading("changed", comparison.changed.len());
    for changed in &comparison.changed {
        words.alert(&changed.alert);
        changed.fields.iter().for_each(|field| words.field(field));
    }
    let same = counted(comparison.same, "alert");
    let (one, other) = (comparison.only_first.len(), comparison.only_second.len());
    let changed = comparison.changed.len();
    words.lines(
        "",
        &format!("{same} the same, {one} only with {first}, {other} only with {second}, {changed} changed"),
    );
    words.text
}

struct Words {
    text: String,
    width: usize,
}

impl Words {
    fn heading(&mut self, what: &str, alerts: usize) {
        if alerts > 0 {
            self.text.push_str(&paint(BOLD, &format!("{what}: {}", counted(alerts as u64, "alert"))));
            self.text.push('\n');
        }
    }

    fn only(&mut self, what: &str, alerts: &[Alert]) {
        self.heading(what, alerts.len());
        alerts.iter().for_each(|alert| self.alert(alert));
    }

    fn alert(&mut self, alert: &Alert) {
        let grade = paint(severity(alert.severity), alert.severity.as_str());
        let line = format!("  {grade} {} {} {}\n", alert.detection, alert.alert_id, alert.first_seen);
        self.text.push_str(&line);
        self.lines("    ", &alert.title);
    }

    fn field(&mut self, field: &Field) {
        let change = match (list(&field.first), list(&field.second)) {
            (Some(first), Some(second)) => of_lists(first, second),
            (None, _) | (_, None) => format!("{} → {}", shown(&field.first), shown(&field.second)),
        };
        self.lines("    ", &format!("{}: {change}", field.field));
    }

    fn lines(&mut self, indent: &str, text: &str) {
        for line in wrap(&plain(text), self.width.saturating_sub(indent.len())) {
            let style = if indent.is_empty() { BOLD } else { DIM };
            self.text.push_str(&format!("{indent}{}\n", paint(style, &line)));
        }
    }
}

/// The values of a list; a field that an alert does not have is an empty one.
fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(values) => Some(values),
        Value::Null => Some(&[]),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

/// What a list lost and gained.
fn of_lists(first: &[Value], second: &[Value]) -> String {
    let lost =
        first.iter().filter(|value| !second.contains(value)).map(|value| format!("- {}", shown(value)));
    let gained =
        second.iter().filter(|value| !first.contains(value)).map(|value| format!("+ {}", shown(value)));
    let changes: Vec<String> = lost.chain(gained).collect();
    if changes.is_empty() { "in another order".to_owned() } else { changes.join("; ") }
}

/// A value in at most [`MAX_VALUE`] characters: a reason by its sentence, evidence by its place.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => match (fields.get("text"), fields.get("source"), fields.get("offset")) {
            (Some(Value::String(text)), _, _) => text.clone(),
            (_, Some(Value::String(source)), Some(offset)) => format!("{source}:{offset}"),
            (_, _, _) => value.to_string(),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    };
    match text.char_indices().nth(MAX_VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
