//! Single values: ids, and which texts stand for no value.

use crate::decode::json::Value;
use crate::decode::wanted::{SECURITY_IDS, is_wanted};
use crate::event::fold::{is_blank, trimmed};
use std::borrow::Cow;

/// Whether a text stands for no value.
pub(crate) fn is_absent(text: &str) -> bool {
    matches!(trimmed(text), "" | "-")
}

/// Whether a text is a word for no value: pipelines through tables write it where Windows leaves a value empty. Only for fields
/// that hold no words: an account may be called `Nan`.
pub(crate) fn is_word_for_none(text: &str) -> bool {
    let word = trimmed(text).trim_matches(['(', ')', '<', '>', '[', ']']);
    ["null", "none", "nil", "nan", "n/a", "#n/a", "undefined", "unknown", "\\n"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

/// Reads an EventID: decimal digits, with leading zeros or a mark before the thousands (`4,887`), with `.0` behind them,
/// which pipelines add that know no integers, or hex with `0x`; spaces and control characters around them allowed. Other
/// spellings are rejected, see [`looks_like_id`]: `4.887` may be a fraction.
///
/// [`crate::decode::prefilter`] looks for exactly these spellings in the raw bytes.
pub(crate) fn event_id(text: &str) -> Option<u32> {
    let text = trimmed(text);
    // EventIDs have 16 bits.
    if let Some(hex) = text.strip_prefix("0x") {
        let digits = hex.len() <= 16 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        return u16::from_str_radix(hex.trim_start_matches('0'), 16).ok().filter(|_| digits).map(u32::from);
    }
    let digits = text.strip_suffix(".0").unwrap_or(text);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let joined = match digits.split_once(',') {
        Some((thousands, rest)) if thousands.len() <= 2 && rest.len() == 3 => {
            Cow::Owned(format!("{thousands}{rest}"))
        }
        Some(_) => return None,
        None => Cow::Borrowed(digits),
    };
    (all_digits(&joined) && joined.len() <= 16).then(|| joined.parse::<u16>().ok()).flatten().map(u32::from)
}

/// Whether a text could be meant as an EventID: short, beginning with a digit, no name and no GUID; or a wanted id behind
/// a word for it (`EID4887`, `Event 4887`), which is no id of another product then.
pub(crate) fn looks_like_id(text: &str) -> bool {
    let text = text.trim_matches(|c: char| is_blank(c) || "\"'`;,".contains(c));
    let begins = text.trim_start_matches(['+', '(', '<', '#']).chars().next().is_some_and(char::is_numeric);
    let is_mark = |c: char| is_blank(c) || ",.+-()<>#'’_`·٬".contains(c);
    let is_part = |c: char| c.is_numeric() || c.is_ascii_hexdigit() || is_mark(c) || "xXhHoOlLuU".contains(c);
    let is_signed = || signed_id(text).is_some_and(is_wanted);
    text.len() <= 24 && (begins && text.chars().all(is_part) || names_wanted_id(text) || is_signed())
}

/// The id in a number of 32 bits with a sign, which the bits of a warning's or an error's severity before it make negative:
/// `-2147483607` for 41. Old interfaces of Windows give such numbers.
pub(crate) fn signed_id(text: &str) -> Option<u32> {
    let text = trimmed(text);
    let number: i32 = text.strip_suffix(".0").unwrap_or(text).parse().ok()?;
    let bits = number.cast_unsigned();
    matches!(bits >> 16, 0x8000 | 0xc000).then_some(bits & 0xffff)
}

/// Whether a text is a word for events, and behind it a wanted id of the Security log.
fn names_wanted_id(text: &str) -> bool {
    const WORDS: [&str; 8] = ["eventcode", "eventid", "event id", "event_id", "event", "evtid", "evt", "eid"];
    let text = text.to_ascii_lowercase();
    let behind = WORDS.iter().find_map(|word| text.strip_prefix(word));
    let id = behind.map(|rest| rest.trim_start_matches(|c: char| is_blank(c) || ":#=-_.(".contains(c)));
    id.and_then(|id| event_id(id.trim_end_matches([')', '.']))).is_some_and(|id| SECURITY_IDS.contains(&id))
}

/// Reads a decimal number, with marks before thousands (`1,234,567`) or with `.0` behind it, as pipelines write numbers.
pub(crate) fn number(text: &str) -> Option<u32> {
    record_number(text)?.try_into().ok()
}

/// The same for the number of a record.
pub(crate) fn record_number(text: &str) -> Option<u64> {
    let text = trimmed(text);
    let mut groups = text.strip_suffix(".0").unwrap_or(text).split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_grouped =
        rest.is_empty() || (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3);
    let digits = format!("{first}{}", rest.concat());
    let is_number = is_grouped && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

/// Reads an EventRecordID, a number or a string.
pub(crate) fn record_id(value: Option<Value<'_>>) -> Option<u64> {
    record_number(&value.and_then(Value::scalar)?)
}

/// A member as text, none where it is absent.
pub(crate) fn text_of<'t>(value: Option<Value<'t>>) -> Option<Cow<'t, str>> {
    value.and_then(Value::scalar).filter(|text| !is_absent(text))
}

#[cfg(test)]
mod tests {
    use crate::decode::values::{event_id, looks_like_id, number};

    #[test]
    fn ids_are_read_in_their_usual_spellings() {
        for (text, id) in [
            ("4887", 4887),
            (" 4887\n", 4887),
            ("4887\0\0", 4887),
            ("\u{a0}4887", 4887),
            ("4887.0", 4887),
            ("0", 0),
            ("65535", 65535),
            ("04887", 4887),
            ("4,887", 4887),
            ("0x1317", 4887),
            ("0x00001317", 4887),
            ("0x12A0", 4768),
        ] {
            assert_eq!(event_id(text), Some(id), "{text:?}");
        }
        for text in [
            "",
            "+4887",
            "0x",
            "4,8,87",
            "48,87",
            "4887.5",
            "4.887e3",
            "48 87",
            "65536",
            "-1",
            "٤٨٨٧",
            "4887.00",
            "4.887",
            "4’887",
            "４８８７",
            "0X1317",
        ] {
            assert_eq!(event_id(text), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_read_as_pipelines_write_them() {
        for (text, value) in
            [("700", 700), (" 700\0", 700), ("700.0", 700), ("1,234,567", 1_234_567), ("007", 7)]
        {
            assert_eq!(number(text), Some(value), "{text:?}");
        }
        for text in ["", "-1", "+1", "1.5", "12,34", "1234,567", ",123", "4294967296", "0x2bc", "1 234"] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_meant_as_an_id_and_cannot_be_read_is_no_other_text() {
        for text in [
            "+4887",
            "4887 (0x1317)",
            "<4887>",
            "#4887",
            "4887.5",
            "4 887",
            "4\u{202f}887",
            "4'887",
            "4’887",
            "4.887",
            "4.887e3",
            "4_887",
            "0X1317",
            "４８８７",
            "4٬887",
            "٤٨٨٧",
            "1317h",
            "4887L",
            "0b1001100010111",
            "\"4887\"",
            "4887;",
            "4887u",
            "EID4887",
            "Event 4887",
            "EventID: 4887.",
            "event_id=4,887",
            "Event #4887 ",
            "Event ID (4887)",
            "-2147478761",
            "-1073736937",
            "-2147483607",
            "-1073741771.0",
        ] {
            assert_eq!((event_id(text), looks_like_id(text)), (None, true), "{text:?}");
        }
        for text in [
            "",
            "x",
            "Security",
            "4887 certificates",
            "5b8f3c0e-1f3a-4a53-9d3c-0f6f1f0d9c11",
            "feed",
            "EVT-4711",
            "event_12",
            "EID0x4",
            "A4887",
            "event 4887 of 9",
            "-1",
            "-4887",
            "-2147483606",
            "-2147221481",
            "-2147024891",
        ] {
            assert!(!looks_like_id(text), "{text:?}");
        }
    }
}
