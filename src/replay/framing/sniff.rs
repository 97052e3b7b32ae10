//! Which framing a text has: by its beginning, never by the name of its file.

use crate::decode::{closing, opening};
use crate::replay::framing::{clixml, csv, documents, headings, yaml};
use memchr::memmem;

/// How a text is cut into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Nothing but white space.
    Empty,
    /// One record per line.
    Lines,
    /// JSON of any other layout.
    Documents,
    /// Windows event XML: each `<Event>` is a record.
    Xml,
    /// CLIXML of PowerShell: each `<Obj>` at the top is a record.
    Clixml,
    /// Text below headings of names and values.
    Headings,
    /// Rows of values below a row of names.
    Table,
    /// YAML: each document is an event, or a list of them.
    Yaml,
    /// None that is read here.
    Unknown,
}

/// Looks at the beginning of a text; `whole` when that is all of it. What stands before the first record does not matter.
pub(crate) fn sniff(head: &[u8], whole: bool) -> Framing {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if begins_with_schema(text) {
        return Framing::Lines;
    }
    let around = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let text = &text[text.iter().take_while(|byte| around(byte)).count()..];
    match text {
        [] if whole => Framing::Empty,
        [] => Framing::Unknown,
        [b'[', ..] if begins_a_list(text) => Framing::Documents,
        [b'{', ..] => json(text, whole),
        [b'<', ..] if clixml::begins(text) => Framing::Clixml,
        [b'<', ..] if event_over_lines(text) => Framing::Xml,
        [b'<', digit, ..] if digit.is_ascii_digit() && is_text(text) => Framing::Lines,
        [b'<', ..] if has_event(text) => Framing::Xml,
        _ if is_text(text) => in_text(text, whole),
        _ => Framing::Unknown,
    }
}

/// Whether a text begins with the number of a schema and JSON, as records of a schema registry do.
fn begins_with_schema(text: &[u8]) -> bool {
    matches!(text, [0, 0, _, _, id, b'{', next, ..] if *id != 0 && b"{\" ".contains(next))
}

/// The framing of a text that begins with neither JSON nor XML.
fn in_text(text: &[u8], whole: bool) -> Framing {
    let lines = || text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    if yaml::begins(text) {
        Framing::Yaml
    } else if csv::is_table(text) {
        Framing::Table
    } else if begins_within_an_event(text) || event_over_lines(text) || lines().any(begins_event) {
        Framing::Xml
    } else if headings::is_heading(text) {
        Framing::Headings
    } else if complete_line(text, whole) || lines().any(is_record_line) {
        Framing::Lines
    } else if lines().any(|line| line == b"{" || line == b"[") {
        Framing::Documents
    } else {
        Framing::Unknown
    }
}

/// What lines of text carry events: the marks of their formats, or JSON or XML behind a header.
fn is_record_line(line: &[u8]) -> bool {
    let has = |part: &[u8]| memmem::find(line, part).is_some();
    let marks: [&[u8]; 10] = [
        b"MSWinEventLog",
        b"CEF:0|",
        b"LEEF:",
        b"AgentDevice=",
        b"EventID=\"",
        b"EventID=4",
        b"EVENT_ID=\"",
        b"event_id=\"4",
        b"WinEvtLog: ",
        b"%NICWIN-",
    ];
    marks.iter().any(|mark| has(mark))
        || ((has(b" {\"") || has(b"\t{\"") || line.starts_with(b"\"{") || line.starts_with(b"\x1e{"))
            && line.ends_with(b"}")
            || line.ends_with(b"}\""))
        || (has(b"> <Event ") && has(b"</Event>"))
        || (line.starts_with(b"\"<") && begins_event(&line[1..]) && line.ends_with(b">\""))
        || (has_octet_count(line) && line.ends_with(b"}"))
}

/// Whether a line of syslog begins with its length: `1849 <14>1 …` (RFC 6587).
fn has_octet_count(line: &[u8]) -> bool {
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && matches!(line[digits..], [b' ', b'<', digit, ..] if digit.is_ascii_digit())
}

/// Whether a line begins with an event, also behind the dash of a view that folds elements.
fn begins_event(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"- ").unwrap_or(line).trim_ascii_start();
    line.starts_with(b"<") && opening(line).is_some_and(|tag| tag.start == 0)
}

/// Whether the first event of a text goes over several lines, so that lines are no records.
fn event_over_lines(text: &[u8]) -> bool {
    let line = text.split(|byte| *byte == b'\n').find(|line| has_event(line));
    line.is_some_and(|line| closing(line).is_none() && line.len() < text.len()) && !text.starts_with(b"{")
}

/// Whether a bracket begins a list of values and no line of a log: `[2026-03-02 …]`. Fluent Bit writes `[time, {record}]`.
fn begins_a_list(text: &[u8]) -> bool {
    let rest = text[1..].trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let behind = rest[digits..].strip_prefix(b",").unwrap_or_default().trim_ascii_start();
    rest.is_empty()
        || matches!(rest[0], b'{' | b'[' | b'"' | b']')
        || (digits > 0 && behind.starts_with(b"{"))
}

/// Records stand on lines when one of the first lines is a whole object, or when the first line is too long to tell.
fn json(text: &[u8], whole: bool) -> Framing {
    let first_line_is_open = memchr::memchr(b'\n', text).is_none() && !whole;
    match first_line_is_open || complete_line(text, whole) {
        true => Framing::Lines,
        false => Framing::Documents,
    }
}

fn complete_line(text: &[u8], whole: bool) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let is_cut = lines.peek().is_none() && !whole;
        if !is_cut && line.starts_with(b"{") && documents::is_one_object(without_comma(line)) {
            return true;
        }
    }
    false
}

fn without_comma(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii_end();
    line.strip_suffix(b",").unwrap_or(line)
}

fn has_event(text: &[u8]) -> bool {
    opening(text).is_some()
}

/// A log that was cut off at its beginning.
fn begins_within_an_event(text: &[u8]) -> bool {
    let close = closing(text);
    has_event(text) && close.is_some_and(|close| !has_event(&text[..close]))
}

/// Whether a file holds text: no control characters but white space, NUL, which a crash leaves in logs, and the separator
/// of RFC 7464.
fn is_text(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, 1..=8 | 14..=26 | 28..=29 | 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_determine_the_layout() {
        let sniffed = |text: &str| sniff(text.as_bytes(), true);
        assert_eq!(sniffed(" \n "), Framing::Empty);
        assert_eq!(sniffed("{\"a\": 1}\n{\"a\": 2}\n"), Framing::Lines);
        assert_eq!(sniffed("{\"a\": 1}"), Framing::Lines);
        assert_eq!(sniffed("{\"a\": {\"b\": \"}\"}}{\"a\": 2}"), Framing::Documents);
        assert_eq!(sniffed("{\n  \"a\": 1\n}\n"), Framing::Documents);
        assert_eq!(sniffed("[{\"a\": 1}]"), Framing::Documents);
        assert_eq!(sniffed("[1772442600.12, {\"a\": 1}]\n[1772442601, {\"a\": 2}]\n"), Framing::Documents);
        assert_eq!(sniffed("[1772442600, started]\n"), Framing::Unknown);
        assert_eq!(sniffed("{\"a\": tru\n{\"a\": 1}\n"), Framing::Lines, "a broken first line");
        assert_eq!(sniffed("\": 3}\n{\"a\": 1}\n"), Framing::Lines, "a log cut off at its beginning");
        assert_eq!(sniffed("\u{feff}<?xml version='1.0'?><Events><Event xmlns='x'>"), Framing::Xml);
        assert_eq!(sniffed("Data></EventData></Event>\n<Event xmlns='x'>"), Framing::Xml, "cut off, too");
        assert_eq!(sniffed("print('<Event ></Event>')"), Framing::Unknown);
        assert_eq!(sniffed("<ns0:Event xmlns:ns0='x'>"), Framing::Xml, "a prefix");
        assert_eq!(sniffed("<Objs Version='1.1.0.1' xmlns='x'>\n<Obj RefId='0'>"), Framing::Clixml);
        assert_eq!(sniffed("<html><body>"), Framing::Unknown);
        assert_eq!(sniffed("time,id\n1,2\n"), Framing::Unknown);
        assert_eq!(sniffed("Time,EventID,Computer,EventData\n1,4887,a,b\n"), Framing::Table);
        assert_eq!(
            sniffed("# exported by hand\n{\"a\": 1}\n"),
            Framing::Lines,
            "a first line that is no event"
        );
        assert_eq!(sniffed("{\"a\": 1},\n{\"a\": 2},\n"), Framing::Lines, "a comma behind each");
        assert_eq!(sniffed("\0\0\0{\"a\": 1}\n"), Framing::Lines, "what a crash left");
        assert_eq!(sniffed("\0\0\0\0*{\"a\": 1}\n"), Framing::Lines, "the number of a schema");
        assert_eq!(sniffed("\0\0\0\0{{\"a\": 1}\n"), Framing::Lines, "the number of a schema");
        assert_eq!(sniffed("<13>Mar 02 09:10:00 wec01 app: {\"a\": 1}\n"), Framing::Lines);
        assert_eq!(
            sniffed("<14>1 2026-03-02T09:10:00Z a b - - - <Event xmlns='x'></Event>\n"),
            Framing::Lines
        );
        assert_eq!(
            sniffed("<14>1 2026-03-02T09:10:00Z a b - - - <Event xmlns='x'>\n</Event>\n"),
            Framing::Xml
        );
        assert_eq!(sniffed("_time,host,_raw\n1,a,\"<Event xmlns=\"\"x\"\">\n</Event>\"\n"), Framing::Table);
        assert_eq!(sniffed("2026-03-02 09:10:00\tKernel.Info\t10.0.0.9\t{\"a\": 1}\n"), Framing::Lines);
        assert_eq!(sniffed("\"{\\\"a\\\": 1}\"\n"), Framing::Lines, "text of JSON in text");
        assert_eq!(sniffed("\"<Event xmlns=\\\"x\\\"></Event>\"\n"), Framing::Lines, "text of XML in text");
        assert_eq!(sniffed("61 <14>1 2026-03-02T09:10:00Z a b - - - {\"a\": 1}\n"), Framing::Lines);
        assert_eq!(sniffed("Message      : a\nId           : 4887\n"), Framing::Headings);
        assert_eq!(sniffed("\u{1e}{\"a\": 1}\n"), Framing::Lines, "a sequence of RFC 7464");
        assert_eq!(sniffed("CEF:0|a|b|c|d|e|f|g=h\n"), Framing::Lines);
        assert_eq!(sniffed("[2026-03-02 09:10:00] x: {\"a\": 1}\n"), Framing::Lines);
        assert_eq!(sniffed("- <Event xmlns='x'>\n- <System>\n</Event>\n"), Framing::Xml);
        assert_eq!(sniffed("Log Name: Security\nSource: x\nEvent ID: 4887\n"), Framing::Headings);
        assert_eq!(sniffed("exported\n[\n  {\n  \"a\": 1\n  }\n]\n"), Framing::Documents);
        assert_eq!(sniffed("---\nEvent:\n  System:\n    EventID: 4887\n"), Framing::Yaml);
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", true), Framing::Unknown);
        assert_eq!(sniff(b"{\"a\": \"very long", false), Framing::Lines);
    }
}
