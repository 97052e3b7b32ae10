//! JSON that does not end, behind something else: a syslog header, or inside a string of JSON that is whole, as Docker
//! writes lines of more than 16 KiB. What is missing may be the id.
//!
//! Logs of other products hold such text too. So it counts only with a word that an event of Windows has from its
//! beginning.

use memchr::memmem::{self, Finder};

/// Parts of words one of which stands at the beginning of an event, whatever the shipper: `winlogbeat`,
/// `Microsoft-Windows-Security-Auditing`, `EventTime`, `event_data`.
const SIGNS: [&[u8]; 3] = [b"inlog", b"indows", b"vent"];

/// How JSON begins, as it is and inside a string of JSON.
const BEGINNING: &[u8] = b"{\"";
const BEGINNING_IN_STRING: &[u8] = b"{\\\"";

/// The search for such JSON, built once.
#[derive(Clone, Debug)]
pub(crate) struct CutJson {
    in_string: Finder<'static>,
}

impl CutJson {
    pub(crate) fn new() -> CutJson {
        CutJson { in_string: Finder::new(BEGINNING_IN_STRING) }
    }

    /// Whether a record of text or of JSON holds JSON that is cut off, behind a header or in a string.
    pub(crate) fn is_in(&self, record: &[u8]) -> bool {
        match record.trim_ascii() {
            [b'{' | b'[', ..] => may_have_text_of_json(record) && self.is_in_string(record),
            [.., b'}' | b']' | b'>'] => false,
            text => is_cut(text),
        }
    }

    /// Whether a string of a JSON record holds such text.
    fn is_in_string(&self, record: &[u8]) -> bool {
        let mut from = 0;
        while let Some(at) = self.in_string.find(&record[from..]) {
            let rest = &record[from + at..];
            let Some(length) = string_end(rest) else { return false };
            let string = without_line_end(&rest[..length]);
            let is_open = !string.ends_with(b"}") && !string.ends_with(b"]");
            if is_open && has_sign(string) && is_cut(&unescaped(string)) {
                return true;
            }
            from += at + length;
        }
        false
    }
}

/// Whether JSON of an event begins in a text and does not end there.
pub(crate) fn is_cut(text: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = memmem::find(&text[from..], BEGINNING) {
        match end(&text[from + at..]) {
            Some(end) => from += at + end,
            None => return has_sign(&text[from + at..]),
        }
    }
    false
}

/// Whether quotes in a string stand at one of a few places of a record.
///
/// Relays cut off what is longer than some hundred bytes, and JSON has a quote every few bytes. So looking at a few places
/// shows for most records that no string of theirs is JSON.
fn may_have_text_of_json(record: &[u8]) -> bool {
    const STRIDE: usize = 384;
    const PROBE: usize = 64;
    let has_quote = |probe: &[u8]| {
        memchr::memchr_iter(b'\\', probe).any(|at| probe.get(at + 1).is_some_and(|byte| *byte == b'"'))
    };
    record.len() < STRIDE || record.chunks(STRIDE).any(|chunk| has_quote(&chunk[..chunk.len().min(PROBE)]))
}

fn has_sign(text: &[u8]) -> bool {
    SIGNS.iter().any(|sign| memmem::find(text, sign).is_some())
}

/// Where the object or list that begins a text ends; none where it does not.
fn end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at += 1 + string_end(&text[at + 1..])?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Where the quote stands that ends a string, of which the beginning is behind us.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

fn without_line_end(string: &[u8]) -> &[u8] {
    let mut string = string.trim_ascii_end();
    while let Some(rest) = string.strip_suffix(b"\\n").or_else(|| string.strip_suffix(b"\\r")) {
        string = rest.trim_ascii_end();
    }
    string
}

/// A string without the escapes of quotes and backslashes.
fn unescaped(string: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(string.len());
    let mut bytes = string.iter();
    while let Some(byte) = bytes.next() {
        plain.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    plain
}

#[cfg(test)]
mod tests {
    use crate::decode::prefilter::cut::CutJson;

    fn holds_cut(record: &[u8]) -> bool {
        CutJson::new().is_in(record)
    }

    const EVENT: &str = r#"{"agent":{"type":"winlogbeat"},"host":{"name":"ca02.corp.example","ip":["10.44.5.6"]},"message":"a \"b\" {c"}"#;
    const HEADERS: [&str; 4] = [
        "<13>Apr  7 13:20:30 wec01 winlogbeat: ",
        "<13>1 2026-04-07T13:20:30Z wec01 winlogbeat - - - ",
        "wec01 winlogbeat: ",
        "2026-04-07T13:20:30Z stdout P ",
    ];

    #[test]
    fn event_that_is_cut_off_behind_a_header_or_in_a_string_is_seen() {
        for length in 40..EVENT.len() {
            let cut = &EVENT[..length];
            // As where nothing stands before it.
            let expect = !cut.ends_with(['}', ']']);
            for header in HEADERS {
                assert_eq!(holds_cut(format!("{header}{cut}").as_bytes()), expect, "{header}{cut}");
            }
            for before in ["", HEADERS[0]] {
                let string = serde_json::Value::from(format!("{before}{cut}"));
                for record in [
                    format!("{{\"log\":{string},\"stream\":\"stdout\"}}"),
                    format!("[{{\"time\": 1, \"message\": {string}}}]"),
                ] {
                    assert_eq!(holds_cut(record.as_bytes()), expect, "{record}");
                }
            }
        }
    }

    #[test]
    fn string_that_is_cut_off_is_seen_in_a_long_record() {
        let event = format!("{{{}\"winlog\": {{\"a", r#""name":"value 1","other":12345,"#.repeat(40));
        for length in (480..event.len()).step_by(7) {
            let cut = event[..length].replacen("name", "event", 1);
            let record = serde_json::json!({ "log": cut, "stream": "stdout", "attrs": "x".repeat(2000) });
            assert!(holds_cut(record.to_string().as_bytes()), "{record}");
        }
    }

    #[test]
    fn whole_records_and_other_text_are_not() {
        let string = serde_json::Value::from(format!("{EVENT}\n"));
        for record in [
            EVENT.to_owned(),
            format!("{}{EVENT}", HEADERS[0]),
            format!("{}{EVENT} from winlogbeat", HEADERS[2]),
            format!("{{\"log\":{string},\"stream\":\"stdout\"}}"),
            "<13>Mar 02 09:10:00 wec01 an event happened".to_owned(),
            "<13>Mar 02 09:10:00 web01 answer {\"a\": [1, {\"b\": \"c".to_owned(),
            "{\"log\": \"answer {\\\"a\\\": 1\", \"stream\": \"event\"}".to_owned(),
            "event {a} {\"b\": {}} {\"c\": \"}\"} of windows".to_owned(),
            String::new(),
        ] {
            assert!(!holds_cut(record.as_bytes()), "{record}");
        }
    }
}
