//! JSON text inside strings of JSON, made part of the document: loggers, Kafka Connect and query tools nest it.

use crate::decode::json::{Document, Value};
use crate::decode::limits::{MAX_JSON_DEPTH, MAX_NESTED_TEXTS, MAX_RECORD_BYTES};

/// The record with every string that is a JSON object or array replaced by that; none when there is no such string.
pub(crate) fn inflated(record: Value<'_>) -> Option<String> {
    let mut text = once(record)?;
    for _ in 1..MAX_NESTED_TEXTS {
        let Ok(document) = Document::parse(&text) else { return Some(text) };
        match once(document.root()) {
            Some(more) => text = more,
            None => break,
        }
    }
    Some(text)
}

fn once(record: Value<'_>) -> Option<String> {
    let mut out = Writer { text: String::with_capacity(record.source().len()), changed: false };
    out.value(record, 0);
    (out.changed && out.text.len() <= MAX_RECORD_BYTES).then_some(out.text)
}

struct Writer {
    text: String,
    changed: bool,
}

impl Writer {
    fn value(&mut self, value: Value<'_>, depth: usize) {
        if let Some((columns, rows)) = table(value) {
            self.rows(&columns, rows, depth);
        } else if value.is_object() {
            self.text.push('{');
            for (at, (key, member)) in value.members().enumerate() {
                self.text.push_str(if at > 0 { ",\"" } else { "\"" });
                self.text.push_str(key.source());
                self.text.push_str("\":");
                self.value(member, depth + 1);
            }
            self.text.push('}');
        } else if value.is_array() {
            self.text.push('[');
            for (at, item) in value.items().enumerate() {
                if at > 0 {
                    self.text.push(',');
                }
                self.value(item, depth + 1);
            }
            self.text.push(']');
        } else {
            self.scalar(value, depth);
        }
    }

    /// The rows of a table as objects.
    fn rows(&mut self, columns: &[Value<'_>], rows: Value<'_>, depth: usize) {
        self.changed = true;
        for (at, row) in rows.items().enumerate() {
            self.text.push_str(if at == 0 { "[" } else { "," });
            for (at, (name, value)) in columns.iter().zip(row.items()).enumerate() {
                self.text.push_str(if at == 0 { "{\"" } else { ",\"" });
                self.text.push_str(name.source());
                self.text.push_str("\":");
                self.value(value, depth + 1);
            }
            self.text.push('}');
        }
        self.text.push(']');
    }

    fn scalar(&mut self, value: Value<'_>, depth: usize) {
        let Some(string) = value.string() else { return self.text.push_str(value.source()) };
        match nested(&string, depth) {
            Some(json) => {
                self.changed = true;
                self.text.push_str(json);
            }
            None => {
                self.text.push('"');
                self.text.push_str(value.source());
                self.text.push('"');
            }
        }
    }
}

/// The names of the columns and the rows of a table, as query APIs answer: `{"columns": [{"name": …}], "rows": [[…]]}`,
/// in the older API of Kusto `{"Columns": [{"ColumnName": …}], "Rows": [[…]]}`, by ES|QL with `values`, and by OpenSearch
/// with `schema` and `datarows`.
fn table(value: Value<'_>) -> Option<(Vec<Value<'_>>, Value<'_>)> {
    let member = |names: [&str; 4]| names.into_iter().find_map(|name| value.get(name));
    let columns = member(["columns", "Columns", "schema", "fields"])?;
    let rows = member(["rows", "Rows", "values", "datarows"])?;
    let names: Vec<_> = columns
        .items()
        .map(|column| column.get("name").or_else(|| column.get("ColumnName")))
        .collect::<Option<_>>()?;
    let is_table = rows.items().all(|row| row.items().count() == names.len());
    let named = !names.is_empty() && names.iter().all(|name| name.string().is_some());
    (named && is_table && rows.items().next().is_some()).then_some((names, rows))
}

/// The JSON object or array that a string is.
fn nested(string: &str, depth: usize) -> Option<&str> {
    let text = string.trim_start_matches('\u{feff}').trim_ascii();
    // Older versions of osquery put an escape that JSON does not know behind the data of an event.
    let text = text.strip_suffix("\\x0A").map_or(text, str::trim_ascii_end);
    let closed = matches!(text.as_bytes(), [b'{', .., b'}'] | [b'[', .., b']']);
    let fits = |document: Document<'_>| document.depth() + depth < MAX_JSON_DEPTH;
    (closed && Document::parse(text).is_ok_and(fits)).then_some(text)
}

#[cfg(test)]
mod tests {
    use crate::decode::json::Document;
    use crate::decode::unwrapping::inflate::inflated;

    #[track_caller]
    fn check(json: &str, expect: Option<&str>) {
        let document = Document::parse(json).unwrap();
        assert_eq!(inflated(document.root()).as_deref(), expect, "{json}");
    }

    #[test]
    fn nested_text_becomes_part_of_the_document() {
        check(
            r#"{"message": "{\"a\": \"b\\n\"}", "c": [1, "x"]}"#,
            Some(r#"{"message":{"a": "b\n"},"c":[1,"x"]}"#),
        );
        check(r#"{"a": "{\"b\": \"{\\\"c\\\": 1}\"}"}"#, Some(r#"{"a":{"b":{"c": 1}}}"#));
        check(r#"{"a": "{not json}", "b": "[1"}"#, None);
        check(
            r#"{"columns": [{"name": "a"}, {"name": "b"}], "rows": [[1, "x"], [2, null]]}"#,
            Some(r#"[{"a":1,"b":"x"},{"a":2,"b":null}]"#),
        );
    }
}
