//! Records in which no id was found, and which name a wanted event all the same: they are rejected, never ignored.

use crate::decode::wanted::SECURITY_IDS;

/// How many digits a wanted id of the Security log has.
const DIGITS: usize = 4;

/// How far before a number its name is looked for, in bytes.
const REACH: usize = 24;

/// A wanted id that stands somewhere in a text as a number by itself.
pub(crate) fn number(text: &str) -> Option<u32> {
    numbers(text).map(|(_, id)| id).next()
}

/// A wanted id that a text calls one: `Event 4887`, `"event": {"id": 4887`, `EID4887`.
pub(crate) fn event(text: &str) -> Option<u32> {
    numbers(text).find(|(before, _)| ends_in_name(before)).map(|(_, id)| id)
}

/// The wanted ids in a text, with what stands before each.
fn numbers(text: &str) -> impl Iterator<Item = (&[u8], u32)> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let begins = move |at: &usize| is_digit(*at) && !at.checked_sub(1).is_some_and(is_digit);
    (0..bytes.len()).filter(begins).filter_map(move |at| {
        let id = text.get(at..at + DIGITS).filter(|_| !is_digit(at + DIGITS))?.parse().ok()?;
        SECURITY_IDS.contains(&id).then(|| (&bytes[at.saturating_sub(REACH)..at], id))
    })
}

fn ends_in_name(before: &[u8]) -> bool {
    let mut words =
        before.rsplit(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty()).map(|word| {
            let lower: Vec<u8> = word.to_ascii_lowercase();
            lower
        });
    let last = words.next().unwrap_or_default();
    match last.as_slice() {
        b"eid" | b"evid" => true,
        b"id" | b"code" => words.next().is_some_and(|word| word.ends_with(b"event")),
        _ => [&b"event"[..], b"eventid", b"eventcode"].iter().any(|name| last.ends_with(name)),
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::mention::{event, number};

    #[test]
    fn texts_that_name_a_wanted_event() {
        for text in [
            "Event 4887: a certificate was issued",
            "EID4887 at ca01",
            "<13>Apr 07 Event ID: 4887.",
            r#"{"windows": {"event": {"id": 4887}}}"#,
            r#"{"message": "a\nEventCode=4887"}"#,
        ] {
            assert_eq!((event(text), number(text)), (Some(4887), Some(4887)), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_events() {
        for text in [r#"{"thread": {"id": 4887}}"#, "port 4887", "sequence_id=4887", "4887", "é4887"] {
            assert_eq!((event(text), number(text)), (None, Some(4887)), "{text}");
        }
        for text in ["Event 14887", "Event 48870", "Event 4688", "Event", ""] {
            assert_eq!((event(text), number(text)), (None, None), "{text}");
        }
    }
}
