//! Throws most records away before they are parsed.
//!
//! Few of the records of a SIEM's topics matter, and parsing one costs ten times what looking through its bytes does.
//! So the bytes are searched for what a record of interest must hold:
//!
//! - the id of a wanted event in decimal or hex, no digit beside it;
//! - `certlog` in any case, for what an EDR reports: its events have no id of Windows;
//! - the names of our own activities;
//! - an end that is none: a record that was cut off;
//! - or anything that could hide one of these from a search of bytes: a JSON escape or an XML reference of an ASCII
//!   character, a comment or CDATA, another encoding. Escapes and references that pipelines write without need
//!   (`\u003c`, `&#xD;`) do not count, as far as they cannot hide anything.
//!
//! The promise: when the decoder finds an event in a record, or a wanted event that it must reject, the record has
//! passed. What is only broken may be thrown away; with nothing of interest in it, nobody could use a fixed one.

use crate::decode::bytes::looks_like_utf16;
use crate::decode::format::Format;
use crate::event::Activity;
use aho_corasick::AhoCorasick;
use aho_corasick::packed::{self, Searcher};
use memchr::memmem::Finder;

/// Wanted ids that are searched for.
const IDS: [&str; 5] = ["4886", "4887", "4888", "4768", "5145"];
/// The same with a mark before the thousands.
const GROUPED_IDS: [&str; 5] = ["4,886", "4,887", "4,888", "4,768", "5,145"];
/// The same in hex, of which only digits are left when zeros are taken away.
const HEX_IDS: [&str; 6] = ["1316", "1317", "1318", "12a0", "12A0", "1419"];
/// The middle of `certlog`: the four letters that make the shortest list of all ways to write them.
const CERT_LOG_MIDDLE: &str = "rtlo";
const CERT_LOG: &[u8] = b"certlog";
const CERT_LOG_MIDDLE_AT: usize = 2;
/// Parts of the names of our own activities: every name has one of them, so that few texts are searched for.
const ACTIVITY_PARTS: [&str; 10] = [
    "ificate_",
    "_changed",
    "_renamed",
    "_known",
    "_accessed",
    "_file_write",
    "late_seen",
    "work_logon",
    "ice_ticket",
    "ey_used",
];
/// How a JSON escape of an ASCII character, and of a few others, begins.
const ESCAPE: &str = "\\u00";

/// Looks for the ids and markers that matter in the raw bytes.
#[derive(Clone, Debug)]
pub struct Prefilter {
    /// The format keeps everything: its records have no text to search.
    keeps_all: bool,
    markers: Markers,
    declaration: Finder<'static>,
    reference: Finder<'static>,
}

/// The search for many texts at once: with vector instructions where the machine has them.
#[derive(Clone, Debug)]
enum Markers {
    Packed(Box<Searcher>),
    Automaton(Box<AhoCorasick>),
}

/// What was found, from the number of the pattern.
enum Marker {
    Id(usize),
    HexId,
    CertLog,
    /// A part of the name of an activity.
    Activity(&'static str),
    Escape,
}

/// A record that has passed a prefilter. Only [`Prefilter::candidate`] makes one, so code that takes one need not filter again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate(Vec<u8>);

impl Candidate {
    /// The bytes of the record.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes of the record, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Default for Prefilter {
    fn default() -> Self {
        Prefilter::new()
    }
}

impl Prefilter {
    /// Builds the search, for a source whose format is found for each record or is any but protobuf.
    pub fn new() -> Prefilter {
        Prefilter::for_format(None)
    }

    /// Builds the search for a source whose config may name its format. Protobuf has no text to search: it all passes.
    pub fn for_format(format: Option<Format>) -> Prefilter {
        let patterns = patterns();
        let markers = match packed::Searcher::new(&patterns) {
            Some(searcher) => Markers::Packed(Box::new(searcher)),
            #[allow(clippy::expect_used, reason = "the patterns are constants")]
            None => {
                Markers::Automaton(Box::new(AhoCorasick::new(&patterns).expect("forty short patterns fit")))
            }
        };
        Prefilter {
            keeps_all: format == Some(Format::Protobuf),
            markers,
            declaration: Finder::new("<!"),
            reference: Finder::new("&#"),
        }
    }

    /// A copy of the record, if the decoder could find an event of interest in it: the result of
    /// [`Prefilter::may_matter`] as a type.
    pub fn candidate(&self, record: &[u8]) -> Option<Candidate> {
        self.may_matter(record).then(|| Candidate(record.to_vec()))
    }

    /// Whether the decoder could find an event of interest in this record. Never false for a record it would keep.
    pub fn may_matter(&self, record: &[u8]) -> bool {
        self.keeps_all
            || looks_like_utf16(record)
            || is_cut_off(record)
            || self.has_marker(record)
            || self.has_hidden_xml(record)
    }

    fn has_marker(&self, record: &[u8]) -> bool {
        let confirms = |pattern: usize, at: usize| match marker(pattern) {
            Marker::Id(length) => stands_alone(record, at, at + length),
            Marker::HexId => is_hex(record, at, at + HEX_IDS[0].len()),
            Marker::CertLog => is_cert_log(record, at),
            Marker::Activity(part) => is_activity(record, at, part),
            Marker::Escape => may_hide(&record[at + ESCAPE.len()..]),
        };
        match &self.markers {
            Markers::Packed(search) => {
                search.find_iter(record).any(|m| confirms(m.pattern().as_usize(), m.start()))
            }
            Markers::Automaton(search) => {
                search.find_iter(record).any(|m| confirms(m.pattern().as_usize(), m.start()))
            }
        }
    }

    fn has_hidden_xml(&self, record: &[u8]) -> bool {
        // Most JSON has neither: one pass shows that.
        memchr::memchr2(b'<', b'&', record).is_some_and(|first| {
            let rest = &record[first..];
            self.declaration.find(rest).is_some()
                || self.reference.find_iter(rest).any(|at| is_visible_reference(&rest[at + 2..]))
        })
    }
}

/// Ids, then the ways to write the middle of `certlog`, the activities, and the escape. None of them can hide another
/// one by overlapping it: letters, digits and the backslash do not mix.
fn patterns() -> Vec<String> {
    let ids = IDS.iter().chain(&GROUPED_IDS).chain(&HEX_IDS);
    let mut patterns: Vec<String> = ids.map(|id| (*id).to_owned()).collect();
    patterns.extend((0..1 << CERT_LOG_MIDDLE.len()).map(|upper: u32| {
        let cased = |(at, c): (usize, char)| if upper >> at & 1 == 1 { c.to_ascii_uppercase() } else { c };
        CERT_LOG_MIDDLE.chars().enumerate().map(cased).collect()
    }));
    patterns.extend(ACTIVITY_PARTS.iter().map(|part| (*part).to_owned()));
    patterns.push(ESCAPE.to_owned());
    patterns
}

fn marker(pattern: usize) -> Marker {
    let grouped = IDS.len();
    let hex = grouped + GROUPED_IDS.len();
    let cert_log = hex + HEX_IDS.len();
    let activity = cert_log + (1 << CERT_LOG_MIDDLE.len());
    let escape = activity + ACTIVITY_PARTS.len();
    if pattern < grouped {
        Marker::Id(IDS[0].len())
    } else if pattern < hex {
        Marker::Id(GROUPED_IDS[0].len())
    } else if pattern < cert_log {
        Marker::HexId
    } else if pattern < activity {
        Marker::CertLog
    } else if pattern < escape {
        Marker::Activity(ACTIVITY_PARTS[pattern - activity])
    } else {
        Marker::Escape
    }
}

/// Whether digits are a number by themselves: no digit stands beside them, except zeros before them.
/// A tab or a line end in the spelling of syslog servers (`#011`) is no digit.
fn stands_alone(record: &[u8], start: usize, end: usize) -> bool {
    let before = without_zeros(record, start);
    let is_control =
        || [&b"#011"[..], b"#012", b"#015"].iter().any(|control| record[..start].ends_with(control));
    (!before.last().is_some_and(u8::is_ascii_digit) || is_control())
        && !record.get(end).is_some_and(u8::is_ascii_digit)
}

/// Whether digits are a number in hex: `0x` and zeros stand before them and no further digit behind them.
fn is_hex(record: &[u8], start: usize, end: usize) -> bool {
    let before = without_zeros(record, start);
    before.ends_with(b"0x") && !record.get(end).is_some_and(u8::is_ascii_hexdigit)
}

/// What stands before a number and the zeros at its beginning.
fn without_zeros(record: &[u8], start: usize) -> &[u8] {
    let before = &record[..start];
    let zeros = before.iter().rev().take_while(|byte| **byte == b'0').count();
    &before[..start - zeros]
}

/// Whether a record that begins as JSON or XML does not end so: what is missing may be an id.
fn is_cut_off(record: &[u8]) -> bool {
    let text = |byte: &&u8| !byte.is_ascii_whitespace() && **byte != 0;
    let ends = |last: &[u8]| record.iter().rev().find(text).is_some_and(|byte| !last.contains(byte));
    match record.iter().find(text) {
        Some(b'{' | b'[') => ends(b"}],"),
        Some(b'<') => {
            ends(b">")
                && !record.iter().skip_while(|byte| **byte != b'<').nth(1).is_some_and(u8::is_ascii_digit)
        }
        Some(_) | None => false,
    }
}

fn is_cert_log(record: &[u8], middle: usize) -> bool {
    let start = middle.checked_sub(CERT_LOG_MIDDLE_AT);
    let found = start.and_then(|start| record.get(start..start + CERT_LOG.len()));
    found.is_some_and(|found| found.eq_ignore_ascii_case(CERT_LOG))
}

/// Whether the part of a name of an activity that stands here has the rest of the name around it.
fn is_activity(record: &[u8], at: usize, part: &str) -> bool {
    Activity::NAMES.iter().any(|name| {
        let start = name.find(part).and_then(|before| at.checked_sub(before));
        start.is_some_and(|start| record[start..].starts_with(name.as_bytes()))
    })
}

/// Whether an escape, of which this is what follows `\u00`, could hide something.
///
/// It could when it stands for an ASCII character that a marker has or that makes XML, and when its own digits stand
/// before an id as if they belonged to it, which only those of a space can do: `\u00204887`.
fn may_hide(rest: &[u8]) -> bool {
    let Some((code, after)) = rest.split_first_chunk::<2>() else { return true };
    match code.to_ascii_lowercase().as_slice() {
        // Go writes these, and `<!` and `&#` may begin with them.
        b"3c" => after.first() == Some(&b'!'),
        b"26" => after.first() == Some(&b'#') && is_visible_reference(&after[1..]),
        // Go and .NET write these: > " ' + ` and line ends.
        b"3e" | b"22" | b"27" | b"2b" | b"60" | b"0a" | b"0d" => false,
        // Beyond ASCII.
        [first, _] => !matches!(first, b'8' | b'9' | b'a'..=b'f'),
        _ => true,
    }
}

/// Whether a character reference, of which this is what follows `&#`, stands for more than white space.
fn is_visible_reference(rest: &[u8]) -> bool {
    const WHITE: [&[u8]; 8] = [b"xA;", b"xD;", b"x9;", b"x20;", b"10;", b"13;", b"9;", b"32;"];
    !WHITE.iter().any(|white| rest.get(..white.len()).is_some_and(|head| head.eq_ignore_ascii_case(white)))
}

#[cfg(test)]
mod tests {
    use crate::decode::format::Format;
    use crate::decode::prefilter::{IDS, Prefilter};
    use crate::decode::wanted;
    use crate::event::Activity;

    #[track_caller]
    fn check(record: impl AsRef<[u8]>, expect: bool) {
        let record = record.as_ref();
        assert_eq!(Prefilter::new().may_matter(record), expect, "{}", String::from_utf8_lossy(record));
    }

    #[test]
    fn every_wanted_id_is_looked_for() {
        for id in 0..=u32::from(u16::MAX) {
            assert_eq!(wanted::is_wanted(id), IDS.contains(&id.to_string().as_str()), "{id}");
        }
    }

    #[test]
    fn an_id_stands_alone() {
        check(r#"{"EventID": 4887}"#, true);
        check("4887", true);
        check("4887.0", true);
        check(r#"{"EventID": 14887}"#, false);
        check(r#"{"EventID": 48870, "port": 48871}"#, false);
        check(r#"{"a": 44887, "EventID": 4887}"#, true);
        check(r#"{"EventID": "04887"}"#, true);
        check(r#"{"EventID": "4,887"}"#, true);
        check(r#"{"EventID": "0x1317"}"#, true);
        check(r#"{"EventID": "0x00001419"}"#, true);
        check(r#"{"EventID": "0x12A0"}"#, true);
        check(r#"{"EventID": "1317", "a": "0x13170", "b": "0x91317"}"#, false);
        check(r#"{"EventID": 104887}"#, false);
        check("2026#0114887#011x", true);
        check(r#"{"EventID": 4624, "ProcessId": "0x4888a"}"#, true);
    }

    #[test]
    fn an_activity_of_ours_by_its_whole_name() {
        for name in Activity::NAMES {
            check(format!("{{\"{name}\": {{}}}}"), true);
            check(format!("{{\"{}\": {{}}}}", &name[1..]), false);
        }
        check(r#"{"password_changed": true, "device_known": 1}"#, false);
    }

    #[test]
    fn the_folder_in_any_case() {
        check(r"C:\Windows\System32\CertLog\edb.log", true);
        check(r"CERTLOG", true);
        check(r"cErTlOg", true);
        check("certificate log", false);
        check("rtlo rtlog xertlog", false);
    }

    #[test]
    fn our_own_activities() {
        check(r#"{"remote_file_write": {}}"#, true);
        check(r#"{"certificate_issued": {}}"#, true);
        check(r#"{"certificates": {}}"#, false);
    }

    #[test]
    fn what_could_hide_something() {
        check(r"\u0034887", true);
        check(r"\u00204624", true);
        check(r"\u005f", true);
        check(r"\u00", true);
        check(r"\u003c\u003E\u0026\u0027\u000a\u00e9\u00FF", false);
        check(r"\u003c!-- --\u003e", true);
        check(r"\u0026#52;", true);
        check(r"\u0026#10;", false);
        check("<a>&#52;</a>", true);
        check("<a>&#xD;&#xA;&#x9;&#13;&lt;</a>", false);
        check("<a>&#", true);
        check("<a><![CDATA[x]]></a>", true);
        check("<!DOCTYPE a>", true);
        check("{\0\"\0", true);
        check([0xff, 0xfe, b'<', 0], true);
        check("", false);
    }

    #[test]
    fn a_record_that_is_cut_off_passes() {
        check(r#"{"a": "b"#, true);
        check(" \n<Event><System>\n</Sys", true);
        check("\0{\"a\": 1}\0\0\n", false);
        check("<13>Mar 02 09:10:00 wec01 something", false);
    }

    #[test]
    fn protobuf_passes() {
        assert!(Prefilter::for_format(Some(Format::Protobuf)).may_matter(b"anything"));
        assert!(!Prefilter::for_format(Some(Format::Xml)).may_matter(b"anything"));
    }
}
