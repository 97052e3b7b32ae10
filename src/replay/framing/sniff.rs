//! Which framing a text has: by its beginning, never by the name of its file.

use crate::replay::framing::documents;
use memchr::memmem;

/// How a text is cut into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Nothing but white space.
    Empty,
    /// One record per line.
    Lines,
    /// JSON of any other layout.
    Documents,
    /// Windows event XML.
    Xml,
    /// None that is read here.
    Unknown,
}

/// Looks at the beginning of a text; `whole` when that is all of it.
pub fn sniff(head: &[u8], whole: bool) -> Framing {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        None if whole => Framing::Empty,
        None => Framing::Unknown,
        Some(b'[') => Framing::Documents,
        Some(b'{') => json(text, whole),
        Some(b'<') if has_event(text) => Framing::Xml,
        Some(_) if is_text(text) && begins_within_an_event(text) => Framing::Xml,
        Some(_) if is_text(text) && complete_line(text, whole) => Framing::Lines,
        Some(_) => Framing::Unknown,
    }
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
        if !is_cut && line.starts_with(b"{") && documents::is_one_object(line.trim_ascii_end()) {
            return true;
        }
    }
    false
}

fn has_event(text: &[u8]) -> bool {
    [&b"<Event "[..], b"<Event>", b"<Event\n", b"<Event\r", b"<Event\t"]
        .iter()
        .any(|tag| memmem::find(text, tag).is_some())
}

/// A log that was cut off at its beginning.
fn begins_within_an_event(text: &[u8]) -> bool {
    let close = memmem::find(text, b"</Event>");
    has_event(text) && close.is_some_and(|close| !has_event(&text[..close]))
}

fn is_text(text: &[u8]) -> bool {
    !text.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_told_by_the_first_lines() {
        let sniffed = |text: &str| sniff(text.as_bytes(), true);
        assert_eq!(sniffed(" \n "), Framing::Empty);
        assert_eq!(sniffed("{\"a\": 1}\n{\"a\": 2}\n"), Framing::Lines);
        assert_eq!(sniffed("{\"a\": 1}"), Framing::Lines);
        assert_eq!(sniffed("{\"a\": {\"b\": \"}\"}}{\"a\": 2}"), Framing::Documents);
        assert_eq!(sniffed("{\n  \"a\": 1\n}\n"), Framing::Documents);
        assert_eq!(sniffed("[{\"a\": 1}]"), Framing::Documents);
        assert_eq!(sniffed("{\"a\": tru\n{\"a\": 1}\n"), Framing::Lines, "a broken first line");
        assert_eq!(sniffed("\": 3}\n{\"a\": 1}\n"), Framing::Lines, "a log cut off at its beginning");
        assert_eq!(sniffed("\u{feff}<?xml version='1.0'?><Events><Event xmlns='x'>"), Framing::Xml);
        assert_eq!(sniffed("Data></EventData></Event>\n<Event xmlns='x'>"), Framing::Xml, "cut off, too");
        assert_eq!(sniffed("print('<Event ></Event>')"), Framing::Unknown);
        assert_eq!(sniffed("<html><body>"), Framing::Unknown);
        assert_eq!(sniffed("time,id\n1,2\n"), Framing::Unknown);
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", true), Framing::Unknown);
        assert_eq!(sniff(b"{\"a\": \"very long", false), Framing::Lines);
    }
}
