//! Where event XML begins and ends, with or without a prefix of its namespace: `<Event …>`, and `<ns0:Event …>` as
//! Python's ElementTree writes it.

use memchr::memmem;
use std::ops::Range;

/// The longest tag that is looked for, in bytes: `<`, the prefix, `:Event`.
pub(crate) const MAX_OPENING: usize = 1 + MAX_PREFIX + ":Event".len();
const MAX_PREFIX: usize = 32;

/// Where the next event begins: from `<` to the end of the name. Neither `<Events` nor `<EventData` is one.
pub(crate) fn opening(text: &[u8]) -> Option<Range<usize>> {
    memmem::find_iter(text, b"Event").find_map(|at| {
        let end = at + "Event".len();
        let ends =
            text.get(end).is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
        start(text, at, b"<").filter(|_| ends).map(|start| start..end)
    })
}

/// The end of the next closing tag of an event.
pub(crate) fn closing(text: &[u8]) -> Option<usize> {
    memmem::find_iter(text, b"Event>")
        .find(|at| start(text, *at, b"</").is_some())
        .map(|at| at + "Event>".len())
}

/// The end of the last closing tag of an event.
pub(crate) fn last_closing(text: &[u8]) -> Option<usize> {
    memmem::rfind_iter(text, b"Event>")
        .find(|at| start(text, *at, b"</").is_some())
        .map(|at| at + "Event>".len())
}

/// Where a tag begins whose name without a prefix is at `name`.
fn start(text: &[u8], name: usize, open: &[u8]) -> Option<usize> {
    let before = &text[..name];
    let start = match before.strip_suffix(b":") {
        Some(before) => {
            let of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
            let length = before.iter().rev().take(MAX_PREFIX).take_while(of_name).count();
            (length > 0).then(|| before.len() - length)?
        }
        None => name,
    };
    before[..start].ends_with(open).then(|| start - open.len())
}

#[cfg(test)]
mod tests {
    use crate::decode::tag::{closing, last_closing, opening};

    #[test]
    fn an_event_begins_with_or_without_a_prefix() {
        for (text, expect) in [
            ("x<Event>", Some(1..7)),
            ("<Events><Event xmlns='x'>", Some(8..14)),
            ("<ns0:Events><ns0:Event xmlns:ns0='x'>", Some(12..22)),
            ("<EventData/><Event/>", Some(12..18)),
            ("<:Event>", None),
            ("ns0:Event ", None),
            ("</Event>", None),
            ("<Event", None),
        ] {
            assert_eq!(opening(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn an_event_ends_with_or_without_a_prefix() {
        assert_eq!(closing(b"<Event></Event></Event>"), Some(15));
        assert_eq!(last_closing(b"<Event></Event></e:Event>x"), Some(25));
        assert_eq!(closing(b"<Event>"), None);
    }
}
