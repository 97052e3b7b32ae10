//! Tables with a heading and quoted values: exports of portals and of responders' tools. Each row becomes a JSON object.

use crate::replay::framing::carry::emit;
use crate::replay::framing::{Content, Frame, MAX_RECORD, Sink, Stop};
use serde_json::{Map, Value};
use std::io::BufRead;

/// How the name of the column of the id ends, in letters and digits only: a product may put a path before it.
const ID_ENDS: [&str; 4] = ["eventid", "eventcode", "eventidentifier", "eventclassid"];
/// Names of columns that hold all of an event but its own data, and the one of Defender's tables.
const PARTS: [&str; 3] = ["id", "system", "actiontype"];
/// Names of columns that may hold a whole event: one other column makes a table of them, and `_raw` is one alone.
const WHOLE: [&str; 9] =
    ["raw", "rawdata", "rawlog", "rawevent", "rawmessage", "eventoriginal", "message", "payload", "value"];
/// How PowerShell's `Export-Csv` begins a file, and one for Excel that names the separator (`sep=;`).
const PREAMBLES: [&[u8]; 2] = [b"#TYPE ", b"sep="];

/// Hands on every row, numbered by the line at which it begins, from 1.
pub(crate) fn frame(reader: &mut dyn BufRead, sink: &mut Sink) -> Result<(), Stop> {
    let end = line_end(reader.fill_buf()?);
    let mut heading: Option<(u8, Vec<String>)> = None;
    let (mut row, mut line, mut number, mut begins) = (Vec::new(), Vec::new(), 0, 1);
    loop {
        line.clear();
        let ended = reader.read_until(end, &mut line)? == 0;
        number += u64::from(!ended);
        row.extend_from_slice(&line);
        let is_open = row.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        if !ended && is_open && row.len() <= MAX_RECORD {
            continue;
        }
        match &heading {
            _ if row.trim_ascii().is_empty() => {}
            None if is_preamble(&row) => {}
            None => heading = separator(&row).map(|separator| (separator, values(&row, separator))),
            Some(_) if row.len() > MAX_RECORD => {
                let length = row.len() as u64;
                sink(Frame { number: begins, content: Content::TooLarge { start: &row[..4096], length } })?;
            }
            Some((separator, names)) => {
                let values = values(&row, *separator);
                let is_whole = !is_open && is_as_long(names, &values);
                emit(record(names, values, is_whole).as_bytes(), begins, sink)?
            }
        }
        if ended {
            return Ok(());
        }
        row.clear();
        begins = number + 1;
    }
}

/// Whether the first line of a text is the heading of a table of events.
pub(crate) fn is_table(text: &[u8]) -> bool {
    let end = line_end(text);
    let mut lines = text.split(|byte| *byte == end).skip_while(|line| is_preamble(line));
    separator(lines.next().unwrap_or_default()).is_some()
}

fn is_preamble(line: &[u8]) -> bool {
    PREAMBLES.iter().any(|preamble| line.starts_with(preamble))
}

/// What ends the lines: `\n`, or `\r` alone in what Excel calls CSV for the Macintosh.
fn line_end(text: &[u8]) -> u8 {
    match text.iter().position(|byte| b"\r\n".contains(byte)).map(|at| &text[at..]) {
        Some([b'\r', next, ..]) if !b"\r\n".contains(next) => b'\r',
        _ => b'\n',
    }
}

/// What stands between the columns of a heading of events.
fn separator(line: &[u8]) -> Option<u8> {
    [b',', b';', b'\t'].into_iter().find(|separator| {
        let names: Vec<String> = values(line, *separator).iter().map(|name| folded(name)).collect();
        let is_whole = |name: &String| WHOLE.contains(&name.as_str());
        let is_part =
            |name: &String| PARTS.contains(&name.as_str()) || ID_ENDS.iter().any(|end| name.ends_with(end));
        match names.as_slice() {
            [only] => only == "raw",
            [_, _] => names.iter().any(is_whole),
            _ => names.iter().any(|name| is_whole(name) || is_part(name)),
        }
    })
}

/// The letters and digits of a name, without a zone.
fn folded(name: &str) -> String {
    let name = name.split(" [").next().unwrap_or_default().to_lowercase();
    name.replace(|c: char| !c.is_alphanumeric(), "")
}

/// The values of a row; `""` within quotes is a quote.
fn values(row: &[u8], separator: u8) -> Vec<String> {
    let (mut values, mut value, mut quoted, mut at) = (Vec::new(), Vec::new(), false, 0);
    // A tab at the end separates an empty value.
    let end = row.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | b' ')).map_or(0, |last| last + 1);
    let row = &row[..end];
    while at < row.len() {
        match row[at] {
            b'"' if quoted && row.get(at + 1) == Some(&b'"') => {
                value.push(b'"');
                at += 1;
            }
            b'"' => quoted = !quoted,
            byte if byte == separator && !quoted => values.push(std::mem::take(&mut value)),
            byte => value.push(byte),
        }
        at += 1;
    }
    values.push(value);
    values.iter().map(|value| String::from_utf8_lossy(value).trim().to_owned()).collect()
}

/// Whether a row has a value for each name, empty ones included. A single one is a line below the table: `3 rows`.
fn is_as_long(names: &[String], values: &[String]) -> bool {
    values.len() >= names.len() || values.len() == 1
}

/// A row as an object. One that is cut off becomes one without an end, so that it is rejected as that: the attributes of a
/// request may go on in what is missing.
fn record(names: &[String], values: Vec<String>, is_whole: bool) -> String {
    let mut object = object(names, values);
    object.truncate(object.len() - usize::from(!is_whole));
    object
}

fn object(names: &[String], values: Vec<String>) -> String {
    // Event Viewer writes the message into a column that has no name.
    let nameless = (values.len() > names.len() && !names.iter().any(|name| name == "Message"))
        .then(|| "Message".to_owned());
    let names = names.iter().cloned().chain(nameless);
    let pairs = names.zip(values.into_iter().map(Value::String));
    Value::Object(pairs.collect::<Map<_, _>>()).to_string()
}

#[cfg(test)]
mod tests {
    use crate::replay::framing::Content;
    use crate::replay::framing::csv::{frame, is_table};

    /// The records of a table, each with its number.
    fn framed(text: &str) -> Vec<(u64, String)> {
        let mut records = Vec::new();
        let read = frame(&mut text.as_bytes(), &mut |frame| {
            if let Content::Record(record) = frame.content {
                records.push((frame.number, String::from_utf8_lossy(record).into_owned()));
            }
            Ok(())
        });
        assert!(read.is_ok());
        records
    }

    #[test]
    fn a_row_is_an_object_also_over_several_lines() {
        let text =
            "\"Time [UTC]\",EventID,Computer,Data\r\n1,4887,ca01,\"a \"\"b\"\"\nc\"\r\n\r\n2,4768,dc01,\r\n";
        assert_eq!(
            framed(text),
            [
                (
                    2,
                    r#"{"Time [UTC]":"1","EventID":"4887","Computer":"ca01","Data":"a \"b\"\nc"}"#.to_owned()
                ),
                (5, r#"{"Time [UTC]":"2","EventID":"4768","Computer":"dc01","Data":""}"#.to_owned())
            ]
        );
    }

    #[test]
    fn row_that_is_cut_off_has_no_end() {
        let heading = "EventID,Computer,Attributes,Disposition\n";
        for (rows, expect) in [
            ("4887,ca01,\"a,b\",3\n", vec![true]),
            ("4887,ca01,,\n4887,ca01,x,3", vec![true, true]),
            ("4887,ca01,\"a,b\"\n4887,ca01,x,3\n", vec![false, true]),
            ("4887,ca01,x,3\n4887,ca01,\"a\nb", vec![true, false]),
            ("4887,ca01,x,\"3", vec![false]),
            ("4887,ca", vec![false]),
            ("4887,ca01,x,3,a message\n1 row\n", vec![true, true]),
        ] {
            let records = framed(&format!("{heading}{rows}"));
            let whole: Vec<_> = records.iter().map(|(_, record)| record.ends_with("\"}")).collect();
            assert_eq!(whole, expect, "{rows}");
        }
    }

    #[test]
    fn empty_values_at_the_end_of_a_row_are_values_with_every_separator() {
        for separator in [",", ";", "\t"] {
            let text = "EventID,Computer,Attributes,Status\r\n4887,ca01,x,\r\n4768,dc01,,\n4768,dc01,\n";
            let records: Vec<_> =
                framed(&text.replace(',', separator)).into_iter().map(|(_, record)| record).collect();
            let expect = [
                r#"{"EventID":"4887","Computer":"ca01","Attributes":"x","Status":""}"#,
                r#"{"EventID":"4768","Computer":"dc01","Attributes":"","Status":""}"#,
                // Cut off.
                r#"{"EventID":"4768","Computer":"dc01","Attributes":"""#,
            ];
            assert_eq!(records, expect, "{separator:?}");
        }
    }

    #[test]
    fn line_ends_and_what_stands_before_the_heading_do_not_matter() {
        let rows = "EventID,Computer,Attributes\n4887,ca01,\"a\nb\"\n4768,dc01,\n";
        for (preamble, end) in
            [("", "\n"), ("", "\r\n"), ("", "\r"), ("sep=,\n", "\n"), ("sep=,\n", "\r\n"), ("sep=,\n", "\r")]
        {
            let text = format!("{preamble}{rows}").replace('\n', end);
            assert!(is_table(text.as_bytes()), "{text:?}");
            let plain = |record: String| record.replace("\\r\\n", "\\n").replace("\\r", "\\n");
            let records: Vec<_> = framed(&text).into_iter().map(|(_, record)| plain(record)).collect();
            let expect = [
                r#"{"EventID":"4887","Computer":"ca01","Attributes":"a\nb"}"#,
                r#"{"EventID":"4768","Computer":"dc01","Attributes":""}"#,
            ];
            assert_eq!(records, expect, "{text:?}");
        }
    }

    #[test]
    fn a_table_needs_a_column_of_ids() {
        assert!(is_table(b"Name,Device Event Class ID,Device Receipt Time,Additional Data\n"));
        assert!(is_table(b"TimeGenerated [UTC];Computer;EventID;Data\n"));
        assert!(!is_table(b"time,id\n1,2\n"));
        assert!(!is_table(b"name,street,town,country\n"));
        assert!(is_table(b"\"_time\",\"host\",\"_raw\"\n"));
        assert!(is_table(b"\"_raw\"\n") && is_table(b"ts;raw\n") && !is_table(b"message\n"));
        assert!(is_table(b"Timestamp,DeviceName,ActionType,FileName\n"));
        assert!(is_table(b"@timestamp,data.win.system.eventID,data.win.system.computer\n"));
        assert!(is_table(
            b"#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n\"Message\",\"Id\",\"LogName\"\r\n"
        ));
    }
}
