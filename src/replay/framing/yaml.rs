//! YAML, which Chainsaw writes unless it is asked for JSON: documents behind lines of `---`, each an event or a list of events.
//! Each event becomes a JSON object.

use crate::replay::framing::carry::emit;
use crate::replay::framing::{Content, Frame, MAX_RECORD, Sink, Stop};
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value};
use std::io::BufRead;

/// What stands between documents.
const MARK: &[u8] = b"---";
/// The name of an event at the beginning of a document, also as the first of a list.
const EVENT: [&[u8]; 2] = [b"Event:", b"- Event:"];
/// How much of a document that is too large is kept, to show how it begins.
const KEPT: usize = 4096;

/// Whether a text begins as a document of an event.
pub(crate) fn begins(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.find(|line| !line.is_empty() && !is_mark(line)).unwrap_or_default();
    EVENT.contains(&first)
}

/// Hands on every event, numbered from 1.
pub(crate) fn frame(reader: &mut dyn BufRead, sink: &mut Sink) -> Result<(), Stop> {
    let (mut document, mut line, mut number) = (Document::default(), Vec::new(), 1);
    loop {
        line.clear();
        let ended = reader.read_until(b'\n', &mut line)? == 0;
        if ended || is_mark(&line) {
            number = document.end(number, sink)?;
        } else {
            document.push(&line);
        }
        if ended {
            return Ok(());
        }
    }
}

fn is_mark(line: &[u8]) -> bool {
    line.trim_ascii_end() == MARK
}

/// The lines of a document, up to the bound.
#[derive(Default)]
struct Document {
    text: Vec<u8>,
    length: usize,
}

impl Document {
    fn push(&mut self, line: &[u8]) {
        self.length += line.len();
        if self.length <= MAX_RECORD {
            self.text.extend_from_slice(line);
        } else {
            self.text.truncate(KEPT);
        }
    }

    /// Hands on what the document holds. What is no YAML is handed on as it is: the decoder rejects it. Returns the number of
    /// the next record.
    fn end(&mut self, number: u64, sink: &mut Sink) -> Result<u64, Stop> {
        let Document { text, length } = std::mem::take(self);
        if length > MAX_RECORD {
            let content = Content::TooLarge { start: &text, length: length as u64 };
            sink(Frame { number, content })?;
            return Ok(number + 1);
        }
        let text = String::from_utf8_lossy(&text);
        let records = records(&text).unwrap_or_else(|| vec![text.trim().to_owned()]);
        (number..).zip(&records).try_for_each(|(number, record)| emit(record.as_bytes(), number, sink))?;
        Ok(number + records.iter().filter(|record| !record.is_empty()).count() as u64)
    }
}

/// Deeper than any event, and shallow enough for the stack of any thread.
const MAX_DEPTH: usize = 32;

/// The JSON of each event; none: the text is no YAML, or has an alias, which could stand for much more than is read.
fn records(text: &str) -> Option<Vec<String>> {
    let mut parser = Parser::new_from_str(text);
    let mut records = Vec::new();
    while let Some(event) = parser.next() {
        match event.ok()?.0 {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
            node @ (Event::Alias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::SequenceEnd
            | Event::MappingStart(..)
            | Event::MappingEnd) => match value(&mut parser, node, 0)? {
                Value::Array(items) => records.extend(items.iter().map(Value::to_string)),
                Value::Null => {}
                whole @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                    records.push(whole.to_string());
                }
            },
        }
    }
    Some(records)
}

/// The value that begins with this event. Numbers stay texts, which events are read from as well.
fn value<'t>(parser: &mut Parser<'t, StrInput<'t>>, event: Event<'t>, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    match event {
        Event::Scalar(text, style, ..) => {
            let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
            Some(if is_null { Value::Null } else { Value::String(text.into_owned()) })
        }
        Event::SequenceStart(..) => list(parser, depth),
        Event::MappingStart(..) => object(parser, depth),
        Event::Alias(_)
        | Event::Nothing
        | Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd
        | Event::SequenceEnd
        | Event::MappingEnd => None,
    }
}

fn list<'t>(parser: &mut Parser<'t, StrInput<'t>>, depth: usize) -> Option<Value> {
    let mut items = Vec::new();
    loop {
        let (event, _) = parser.next()?.ok()?;
        if event == Event::SequenceEnd {
            return Some(Value::Array(items));
        }
        items.push(value(parser, event, depth + 1)?);
    }
}

fn object<'t>(parser: &mut Parser<'t, StrInput<'t>>, depth: usize) -> Option<Value> {
    let mut members = Map::new();
    loop {
        let (event, _) = parser.next()?.ok()?;
        let Event::Scalar(name, ..) = event else {
            return (event == Event::MappingEnd).then_some(Value::Object(members));
        };
        let (event, _) = parser.next()?.ok()?;
        members.insert(name.into_owned(), value(parser, event, depth + 1)?);
    }
}

#[cfg(test)]
mod tests {
    use crate::replay::framing::yaml::{begins, frame};
    use crate::replay::framing::{Content, MAX_RECORD};

    fn framed(text: &str) -> Vec<(u64, String)> {
        let mut records = Vec::new();
        let framed = frame(&mut text.as_bytes(), &mut |frame| {
            records.push((
                frame.number,
                match frame.content {
                    Content::Record(record) => String::from_utf8_lossy(record).into_owned(),
                    Content::TooLarge { length, .. } => format!("{length} bytes"),
                    Content::Damaged(why) => why.to_owned(),
                },
            ));
            Ok(())
        });
        assert!(framed.is_ok());
        records
    }

    #[test]
    fn every_document_and_every_item_is_a_record() {
        let event = |id: u32| {
            format!("Event:\n  System:\n    EventID: {id}\n  '#attributes':\n    a: |-\n      b\n      c\n")
        };
        let json = |id: u32| {
            format!(
                "{{\"Event\":{{\"System\":{{\"EventID\":\"{id}\"}},\"#attributes\":{{\"a\":\"b\\nc\"}}}}}}"
            )
        };
        let text = format!("---\n{}---\r\n{}---\n", event(1), event(2));
        assert_eq!(framed(&text), [(1, json(1)), (2, json(2))]);
        let list =
            "---\n- Event:\n    System:\n      EventID: 7\n- Event: {System: {EventID: 8}}\n---\nEvent: {}\n";
        let of_list = framed(list).into_iter().map(|(number, json)| format!("{number} {json}"));
        assert_eq!(
            of_list.collect::<Vec<_>>(),
            [
                "1 {\"Event\":{\"System\":{\"EventID\":\"7\"}}}",
                "2 {\"Event\":{\"System\":{\"EventID\":\"8\"}}}",
                "3 {\"Event\":{}}"
            ]
        );
    }

    #[test]
    fn document_that_cannot_be_read_costs_no_other() {
        let large = format!("---\nEvent:\n  a: {}\n", "x".repeat(MAX_RECORD));
        let deep = format!("Event: {}\n", "[".repeat(MAX_RECORD / 2));
        let text = format!("---\nEvent: [4887\n---\nEvent: &a [*a]\n---\n{deep}{large}---\nEvent: {{}}\n");
        let records: Vec<(u64, String)> = framed(&text);
        assert_eq!(records[0], (1, "Event: [4887".to_owned()));
        assert_eq!(records[1], (2, "Event: &a [*a]".to_owned()));
        assert_eq!(records[2], (3, deep.trim().to_owned()));
        assert!(records[3].1.ends_with(" bytes"), "{:?}", records[3]);
        assert_eq!(records[4], (5, "{\"Event\":{}}".to_owned()));
    }

    #[test]
    fn only_documents_of_events_are_read_so() {
        for text in ["---\nEvent:\n  System:\n", "\n---\r\n- Event:\r\n", "Event:\n"] {
            assert!(begins(text.as_bytes()), "{text}");
        }
        for text in ["---\npolicy:\n", "---\n", "Event: 4887\n", "Event[0]:\n", ""] {
            assert!(!begins(text.as_bytes()), "{text}");
        }
    }
}
