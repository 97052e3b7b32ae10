//! Event ids in spellings that the search of ids does not know: `4.887`, `0X1317`, digits of another script, escapes.
//!
//! What a pipeline writes into the id of one event it writes into all of them. So the first name of an id decides: if the
//! value behind it is no plain number, the record goes to the decoder, which rejects it with the reason.

use crate::decode::values::looks_like_id;
use memchr::memmem::Finder;

/// What all names of an id have, whatever their case: `EventID`, `event_id`, `eventCode`.
const NAME: &[u8] = b"vent";

/// Names of an id that lack it, as members of JSON, folded. They are looked for only where no other name of an id stands.
const OTHER_NAMES: [&[u8]; 4] = [b"eid", b"instanceid", b"externalid", b"signature_id"];

/// Many things have a member of this name. It is an id of Windows beside the name of a log.
const ANY_ID: &[u8] = b"id";
const LOGS: [&[u8]; 3] = [b"\"LogName\"", b"hannel\"", b"\"NTEventLogType\""];

/// The end of each of these.
const OTHER_END: &[u8] = b"d\"";

/// How the names go on.
const NAME_ENDS: [&[u8]; 14] = [
    b"\":{\"code",
    b"Identifier",
    b"IDCode",
    b"_id",
    b"_ID",
    b"_code",
    b"ID",
    b"Id",
    b"id",
    b".id",
    b" ID",
    b"Code",
    b"code",
    b".code",
];

/// The bracket behind the name in XML whose brackets were written as references.
const ESCAPED: &[u8] = b"&gt;";

/// How ids in decimal begin that have the bits of their severity, as in `EventIdentifier` of WMI and `InstanceId` of .NET:
/// information, warning, error.
const QUALIFIED: [&[u8]; 3] = [b"10737", b"21474", b"32212"];

/// How many digits these have.
const QUALIFIED_DIGITS: usize = 10;

/// The longest value that could be meant as an id, in bytes.
const MAX_VALUE: usize = 40;

/// Looks for ids that are no plain number.
#[derive(Clone, Debug)]
pub(crate) struct OddIds {
    name: Finder<'static>,
    other: Finder<'static>,
}

impl OddIds {
    pub(crate) fn new() -> OddIds {
        OddIds { name: Finder::new(NAME), other: Finder::new(OTHER_END) }
    }

    /// Whether the first id of a record is in a spelling that the search of ids does not know.
    ///
    /// Most names of an id have an underscore, and the search for names of activities sees those: [`OddIds::at_underscore`].
    pub(crate) fn has_one(&self, record: &[u8]) -> bool {
        let mut values =
            self.name.find_iter(record).filter_map(|at| value_behind(&record[at + NAME.len()..]));
        values.next().map_or_else(|| self.has_other(record), is_odd)
    }

    /// Whether a member with another name of an id is in such a spelling.
    fn has_other(&self, record: &[u8]) -> bool {
        self.other.find_iter(record).any(|at| {
            let name = record[..=at].rsplit(|byte| *byte == b'"').next().unwrap_or_default();
            let is_any = name.eq_ignore_ascii_case(ANY_ID);
            (is_any || OTHER_NAMES.iter().any(|other| name.eq_ignore_ascii_case(other)))
                && without_gap(&record[at + 1..]).is_some_and(|value| is_odd(value) && is_meant_as_id(value))
                && (!is_any || LOGS.iter().any(|log| memchr::memmem::find(record, log).is_some()))
        })
    }

    /// Whether the id is in such a spelling whose name has its underscore here; none where there is no name of an id.
    pub(crate) fn at_underscore(record: &[u8], at: usize) -> Option<bool> {
        // `event_data` is no name of an id, and stands in every record of some shippers.
        let is_name = matches!(record.get(at + 1), Some(b'i' | b'I' | b'c')) && record[..at].ends_with(NAME);
        is_name.then(|| value_behind(&record[at..]).map(is_odd)).flatten()
    }
}

/// The value of an id, of which this is what follows the first part of its name.
fn value_behind(name: &[u8]) -> Option<&[u8]> {
    let behind = NAME_ENDS.iter().find_map(|end| name.strip_prefix(*end))?;
    let behind = match behind {
        [b' ', b'Q', ..] => {
            let bracket =
                [&b">"[..], ESCAPED].iter().filter_map(|end| memchr::memmem::find(behind, end)).min();
            &behind[bracket?..]
        }
        _ => behind,
    };
    let value = match behind.strip_prefix(ESCAPED) {
        Some(value) => without_marks(value),
        None => without_gap(behind)?,
    };
    // OpenTelemetry keeps the id beside its qualifiers, .NET as an enumeration.
    match value.strip_prefix(b"{\"id\"").or_else(|| value.strip_prefix(b"{\"Value\"")) {
        Some(behind) => without_gap(behind),
        None => Some(value),
    }
}

/// What stands behind a name and the marks between it and its value; none where the name goes on.
fn without_gap(behind: &[u8]) -> Option<&[u8]> {
    behind.first().is_some_and(|byte| is_between(*byte)).then(|| without_marks(behind))
}

/// Whether a byte is a mark between a name and its value.
fn is_between(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\' | b':' | b'=' | b'>' | b' ' | b'\t')
}

/// What stands behind the marks between a name and its value.
fn without_marks(behind: &[u8]) -> &[u8] {
    let gap = behind.iter().take_while(|byte| is_between(**byte)).count();
    &behind[gap..behind.len().min(gap + MAX_VALUE)]
}

/// Whether a value, with what follows it, begins as no plain number and could be meant as one.
fn is_odd(value: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match digits(value) {
        0 => match value {
            // The rest of an escape, whose backslash counts as one before the value.
            [b'u', code @ ..] => code.len() > 4 && code[..4].iter().all(u8::is_ascii_hexdigit),
            // A number of 32 bits with a sign.
            [b'-', behind @ ..] => is_qualified(behind),
            [sign, behind @ ..] => *sign >= 0x80 || (matches!(sign, b'+' | b'(' | b'#') && is_odd(behind)),
            [] => false,
        },
        // Windows' own ids of so few digits stand alone. Behind a mark, three more make a number.
        few @ (1 | 2) => match &value[few..] {
            [b'x', hex @ ..] => has_qualifiers(hex),
            [b'X' | b'b' | b'o', ..] => value[0] == b'0',
            [b'\\', b'u', ..] => true,
            [b'.' | b' ' | b'\'' | b'_' | b'`', rest @ ..] => digits(rest) == 3,
            [byte, ..] => *byte >= 0x80,
            [] => false,
        },
        many => match value[many..] {
            _ if is_qualified(value) => true,
            [b'h' | b'H', ..] => true,
            [byte, ..] => byte >= 0x80,
            [] => false,
        },
    }
}

/// Whether a value begins as an id in decimal with the bits of its severity.
fn is_qualified(value: &[u8]) -> bool {
    QUALIFIED.iter().any(|begins| value.starts_with(begins))
        && value.iter().take_while(|byte| byte.is_ascii_digit()).count() == QUALIFIED_DIGITS
}

/// Whether a value, with what follows it, is no GUID and no other text that begins as an odd number does.
fn is_meant_as_id(value: &[u8]) -> bool {
    let end = value.iter().position(|byte| b"\",}]<\r\n".contains(byte)).unwrap_or(value.len());
    // An escape stands for a digit of another script, or for a mark behind the first digits.
    value.starts_with(b"u")
        || String::from_utf8_lossy(&value[..end]).split("\\u").next().is_some_and(looks_like_id)
}

/// Whether an id in hex, of which this is what follows `0x`, has the bits of its severity before it.
fn has_qualifiers(hex: &[u8]) -> bool {
    let digits = hex.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    digits == 8 && matches!(hex, [b'4' | b'8' | b'c' | b'C', b'0', b'0', b'0', ..])
}

#[cfg(test)]
mod tests {
    use crate::decode::prefilter::odd::OddIds;

    #[track_caller]
    fn check(record: &str, expect: bool) {
        assert_eq!(OddIds::new().has_one(record.as_bytes()), expect, "{record}");
        let mut underscores = memchr::memchr_iter(b'_', record.as_bytes());
        if let Some(is_odd) = underscores.find_map(|at| OddIds::at_underscore(record.as_bytes(), at)) {
            assert_eq!(is_odd, expect, "{record}");
        }
    }

    #[test]
    fn ids_that_are_no_plain_number_are_found() {
        for id in [
            "4.887",
            "4 887",
            "4'887",
            "4_887",
            "4\u{202f}887",
            "4\u{a0}887",
            "4’887",
            "4\\u202f887",
            "\\uff14887",
            "0X1317",
            "0b1001",
            "４８８７",
            "٤٨٨٧",
            "4٬887",
            "1317h",
            "+4.887",
            "(4 887)",
            "4.887e3",
            "1073746711",
            "-2147478761",
            "-1073736937",
            "0x40001317",
        ] {
            check(&format!(r#"{{"event_data": {{}}, "event_id": "{id}"}}"#), true);
            check(&format!(r#"{{"EventID":"{id}","a":1}}"#), true);
            check(&format!(r#"{{"event":{{"code":"{id}"}}}}"#), true);
            check(&format!(r#"{{"LogName": "Security","Id":"{id}"}}"#), true);
            for name in ["eid", "InstanceId", "EventIdentifier", "EventIDCode"] {
                check(&format!(r#"{{"a":{{"id":"0b7"}},"{name}": "{id}"}}"#), true);
            }
            check(&format!(r#"{{"EventID":{{"Value":"{id}"}}}}"#), true);
            check(&format!("<Event><System><EventID Qualifiers='0'>{id}</EventID>"), true);
            check(&format!("&lt;EventID Qualifiers=''&gt;{id}&lt;/EventID&gt;"), true);
            check(&format!("&lt;EventID&gt;{id}&lt;/EventID&gt;"), true);
            check(&format!("EventCode={id}\nEventType=0"), true);
            check(&format!(r#"{{"message": "{{\"EventID\":\"{id}\"}}"}}"#), true);
        }
    }

    #[test]
    fn plain_numbers_and_other_texts_are_not() {
        for record in [
            r#"{"event_data": {"a": "4.887"}, "event_id": "4624"}"#,
            r#"{"EventID":4624,"Version":2}"#,
            r#"{"EventID":1,"Version":5}"#,
            "<EventID>13</EventID><Version>0</Version>",
            "EventCode=4624 EventType=0",
            "Event ID: 7 2026-03-02T10:00:00Z",
            r#"{"event_id": "0x1317"}"#,
            r#"{"event_id": "%ASA-6-302013"}"#,
            r#"{"event_id": "5b8f3c0e-1f3a-4a53-9d3c-0f6f1f0d9c11"}"#,
            r#"{"event_id": "user_login"}"#,
            r#"{"EventIDs": "4.887"}"#,
            r#"{"EventID": 4624, "Id": "4.887"}"#,
            r#"{"Id": 4624, "grid": "4.887", "id": "c0ffee", "LogName": "Security"}"#,
            r#"{"agent": {"id": "0b8f3c0e-1f3a-4a53-9d3c-0f6f1f0d9c11"}, "LogName": "Security"}"#,
            r#"{"externalId": "0b8f3c0e-1f3a-4a53-9d3c-0f6f1f0d9c11"}"#,
            r#"{"agent": {"id": "10.123.4.5"}}"#,
            r#"{"EventID": 1073741824123, "EventRecordID": "1073746711"}"#,
            r#"{"event_id": "0x4000131"}"#,
            r#"{"event_id": -1, "Id": "-21474"}"#,
            r#"{"version": "4.887"}"#,
            "EventID",
            "",
        ] {
            check(record, false);
        }
    }
}
