//! Bytes → text: bad bytes lose a character, not a record.

use memchr::memmem;
use std::borrow::Cow;

/// The record as text, and whether something was replaced: UTF-8, or UTF-16 in either order. A byte that is neither reads as
/// what it is in Windows-1252, so that names which differ stay different.
pub(crate) fn text(record: &[u8]) -> (Cow<'_, str>, bool) {
    match (utf16_order(record), std::str::from_utf8(record)) {
        (Some(order), _) => utf16(record, order),
        (None, Ok(text)) => (Cow::Borrowed(text), false),
        (None, Err(_)) => (Cow::Owned(by_windows_1252(record)), true),
    }
}

/// The text, of which each byte that is no UTF-8 is a character of Windows-1252.
fn by_windows_1252(record: &[u8]) -> String {
    let mut text = String::with_capacity(record.len() + record.len() / 8);
    for chunk in record.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| match byte {
            0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
            byte => char::from(*byte),
        }));
    }
    text
}

/// The characters of the bytes from 0x80 to 0x9f; the others are those of Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}',
    '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}', 'ž', 'Ÿ',
];

/// The record without the five bytes that a serializer of Confluent's schema registry writes before JSON: a zero, and the
/// number of the schema.
pub(crate) fn without_schema_id(record: &[u8]) -> &[u8] {
    match record {
        [0, 0, _, _, _, first, ..] if b"{[\"<".contains(first) => &record[5..],
        _ => record,
    }
}

fn utf16(record: &[u8], order: fn([u8; 2]) -> u16) -> (Cow<'_, str>, bool) {
    let units = record.chunks_exact(2).map(|pair| order([pair[0], pair[1]]));
    let mut replaced = !record.len().is_multiple_of(2);
    let chars = char::decode_utf16(units).map(|c| {
        replaced |= c.is_err();
        c.unwrap_or(char::REPLACEMENT_CHARACTER)
    });
    (Cow::Owned(chars.collect()), replaced)
}

/// Whether a text has what is no text: a raw control character other than white space, or an escape or a reference for what
/// is no character: NUL or half of a surrogate pair in JSON (`\ud800`), NUL or a number beyond Unicode in event XML (`&#x0;`).
pub(crate) fn names_no_character(text: &str) -> bool {
    let code = |at: usize| u16::from_str_radix(text.get(at + 2..at + 6)?, 16).ok();
    let escape = |at: usize| text.get(at..at + 2).filter(|begin| *begin == "\\u").and_then(|_| code(at));
    let is_half = |at: usize| match code(at) {
        Some(0xd800..=0xdbff) => !matches!(escape(at + 6), Some(0xdc00..=0xdfff)),
        Some(0xdc00..=0xdfff) => !matches!(at.checked_sub(6).and_then(escape), Some(0xd800..=0xdbff)),
        Some(code) => code == 0,
        None => false,
    };
    let find = |what: &'static [u8]| memmem::find_iter(text.as_bytes(), what);
    let has_xml = || find(b"<Event").chain(find(b"\\u003cEvent")).next().is_some();
    let has_no_reference = || find(b"&#").any(|at| !is_reference(&text[at + 2..]));
    has_control(text) || find(b"\\u").any(is_half) || (has_no_reference() && has_xml())
}

/// Whether a text has a raw control character. All bytes are looked at: that is faster than to stop at the first.
fn has_control(text: &str) -> bool {
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    text.bytes().fold(false, |found, byte| found | is_control(byte))
}

/// Whether a reference, of which this is what follows `&#`, stands for a character that XML has.
pub(crate) fn is_reference(rest: &str) -> bool {
    let number = rest.split(';').next().unwrap_or_default();
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    code.ok().filter(|code| *code != 0).and_then(char::from_u32).is_some()
}

/// A text without byte order mark, white space, NUL and the separator of RFC 7464 at its ends.
pub(crate) fn trimmed(text: &str) -> &str {
    let around = |c: char| c.is_ascii_whitespace() || matches!(c, '\0' | '\u{1e}' | '\u{feff}');
    text.trim_matches(around)
}

/// Whether a record is UTF-16: by its byte order mark, or because one of its first two bytes is zero and the other is not,
/// which is so for the first character of JSON and XML.
pub(crate) fn looks_like_utf16(record: &[u8]) -> bool {
    utf16_order(record).is_some()
}

fn utf16_order(record: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match record {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        [0, second, 0, fourth, ..] if *second != 0 && *fourth != 0 => Some(u16::from_be_bytes),
        [first, 0, third, 0, ..] if *first != 0 && *third != 0 => Some(u16::from_le_bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::bytes::{names_no_character, text, trimmed, without_schema_id};

    #[test]
    fn a_bad_byte_is_one_character() {
        assert_eq!(text(b"{\"a\": \"M\xfcller\"}"), ("{\"a\": \"Müller\"}".into(), true));
        assert_eq!(text(b"\x8a\x81\xc3\xbc\xc3"), ("Š\u{fffd}üÃ".into(), true));
        assert_eq!(text("{\"a\": \"Müller\"}".as_bytes()), ("{\"a\": \"Müller\"}".into(), false));
    }

    #[test]
    fn utf_16_is_text_in_both_orders() {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            for written in ["{\"é\": 1}", "\u{feff}<Event>"] {
                let bytes: Vec<u8> = written.encode_utf16().flat_map(order).collect();
                let (read, replaced) = text(&bytes);
                assert_eq!((trimmed(&read), replaced), (written.trim_start_matches('\u{feff}'), false));
                assert!(text(&bytes[..bytes.len() - 1]).1, "half a character is lost");
            }
        }
    }

    #[test]
    fn number_of_a_schema_is_no_part_of_the_record() {
        for id in ["\0\0\0\0\x01", "\0\0\0\0{", "\0\0\0\x01*"] {
            let record = format!("{id}{{\"a\": 1}}");
            assert_eq!(without_schema_id(record.as_bytes()), b"{\"a\": 1}", "{id:?}");
        }
        assert_eq!(without_schema_id(b"{\"a\": 1}"), b"{\"a\": 1}");
    }

    #[test]
    fn escapes_of_no_character_are_noticed() {
        for text in [
            r#"{"a": "\ud800"}"#,
            r#"{"a": "x\uDC00y"}"#,
            "<Event>&#x0;</Event>",
            "<Event>&#xd800;</Event>",
            r#"{"a": "\u0000"}"#,
            r#"{"a": "\u003cEvent>&#x0;"}"#,
            "{\"a\": \"\u{1b}[0m\"}",
            "<Event>a\0b</Event>",
        ] {
            assert!(names_no_character(text), "{text}");
        }
        for text in [
            r#"{"a": "\ud83d\ude00 \u00e9"}"#,
            "<Event>&#xD;&#233;</Event>",
            "&#x0;",
            r"C:\users",
            "{\"a\":\t\"b\nc\"}\r\n",
        ] {
            assert!(!names_no_character(text), "{text}");
        }
    }

    #[test]
    fn nul_around_a_record_is_no_part_of_it() {
        assert_eq!(trimmed(&text(b"\0\0\0\0{\"a\": 1}\0\0\n").0), "{\"a\": 1}");
    }
}
