//! Throws most records away before they are parsed.
//!
//! Few of the records of a SIEM's topics matter, and parsing one costs ten times what looking through its bytes does.
//! So the bytes are searched for what a record of interest must hold:
//!
//! - the id of a wanted event of the Security log in decimal or hex, no digit beside it;
//! - a name of the KDC or of another provider whose ids are too short to be searched for, or the field that only the KDC writes;
//! - `certlog` in any case, for what an EDR reports: its events have no id of Windows;
//! - the names of our own activities;
//! - an end that is none: a record that was cut off, or JSON of an event behind a header or in a string (`cut`);
//! - a string that begins as JSON, event XML, gzip or a line of syslog in base64 does, or a beginning of compressed bytes;
//! - a beginning that is none of text: what it holds has no digits to search for, and is rejected (`binary`);
//! - an id that is no plain number (`odd`);
//! - or anything that could hide one of these from a search of bytes: a JSON escape or an XML reference of an ASCII
//!   character, a comment or CDATA, another encoding. Escapes and references that pipelines write without need
//!   (`\u003c`, `&#xD;`) do not count, as far as they cannot hide anything.
//!
//! Logons (4624) and service tickets (4769) are most of what a domain controller writes, so a record of theirs passes only
//! if it can matter (`bulk`).
//!
//! The promise: when the decoder finds an event in a record, or a wanted event that it must reject, the record has
//! passed; except for logons over the network, and exported certificates, at computers where they were not asked for.
//! What is only broken may be thrown away; with nothing of interest in it, nobody could use a fixed one.

mod ids;
mod bulk;
pub(crate) mod odd;
mod words;
mod hidden;
pub(crate) mod cut;

use crate::decode::binary::is_binary;
use crate::decode::bytes::looks_like_utf16;
use crate::decode::compressed;
use crate::decode::format::Format;
use crate::decode::prefilter::bulk::Bulk;
use crate::decode::prefilter::cut::CutJson;
use crate::decode::prefilter::odd::OddIds;
use crate::event::host::Host;
use aho_corasick::AhoCorasick;
use aho_corasick::packed::{self, Searcher};

/// How a JSON escape of an ASCII character, and of a few others, begins.
const ESCAPE: &str = "\\u00";

/// What is searched for: the beginnings of ids in decimal, with a mark, and in hex; the beginning of `certlog` and of providers
/// whose ids are too short; the escape.
/// None of them can hide another one by overlapping it: an id that begins inside of another number is none.
///
/// Up to 32 texts, the search reads twice as many bytes at once. It then compares those of one column as one: what has the
/// first character of one, the second of another and the third of a further one costs a closer look. So similar texts
/// stand below each other. The spellings of `cer` count as one text wherever they stand, and fill the gaps.
const MARKERS: [[&str; 8]; 4] = [
    ["486", "4,6", "5,0", "0x0", "cer", "474", "4624", "505"],
    ["487", "4,7", "5,1", "0x1", "Cer", "476", "4657", "513"],
    ["488", "4,8", "cEr", "CEr", "ceR", "4738", "4900", "514"],
    ["489", "4,9", "CeR", "cER", "CER", "4771", "4781", ESCAPE],
];

/// Looks for the ids and markers that matter in the raw bytes.
#[derive(Clone, Debug)]
pub struct Prefilter {
    /// The format keeps everything: its records have no text to search.
    keeps_all: bool,
    markers: Markers,
    bulk: Bulk,
    odd_ids: OddIds,
    cut_json: CutJson,
}

/// The search for many texts at once: with vector instructions where the machine has them.
#[derive(Clone, Debug)]
enum Markers {
    Packed(Box<Searcher>),
    Automaton(Box<AhoCorasick>),
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
    /// Builds the search, for a source whose format is found for each record or is any but protobuf. Of logons over the
    /// network only those of Schannel pass.
    pub fn new() -> Prefilter {
        Prefilter::for_source(None, Some(&[]))
    }

    /// Builds the search for a source whose config may name its format. Protobuf has no text to search: it all passes.
    ///
    /// Logons over the network (4624) pass at the computers of this list, whatever the spelling of their names, and
    /// everywhere if there is none. Those of Schannel always pass. Exported certificates (1007) also pass everywhere if the list
    /// is empty.
    pub fn for_source(format: Option<Format>, network_logons_at: Option<&[Host]>) -> Prefilter {
        let markers = match packed::Searcher::new(MARKERS.as_flattened()) {
            Some(searcher) => Markers::Packed(Box::new(searcher)),
            #[allow(clippy::expect_used, reason = "the patterns are constants")]
            None => {
                let search = AhoCorasick::new(MARKERS.as_flattened()).expect("thirty short texts fit");
                Markers::Automaton(Box::new(search))
            }
        };
        let bulk = Bulk::new(network_logons_at);
        Prefilter {
            keeps_all: format == Some(Format::Protobuf),
            markers,
            bulk,
            odd_ids: OddIds::new(),
            cut_json: CutJson::new(),
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
            || compressed::kind(record).is_some()
            || is_binary(record)
            || hidden::is_cut_off(record)
            || self.has_marker(record)
            || words::has_name(record, &self.odd_ids)
            || hidden::has_base64(record)
            || self.cut_json.is_in(record)
    }

    /// Whether the name of the certificates' life cycle stands here, in a record that may be of a CA.
    fn is_lifecycle_of_a_ca(&self, record: &[u8], at: usize) -> bool {
        words::is_lifecycle(record, at) && self.bulk.may_be_of_a_ca(record)
    }

    /// Whether a marker stands in the record, or XML that could hide one.
    fn has_marker(&self, record: &[u8]) -> bool {
        let mut has_escape = false;
        let mut ids = Ids { bulk: &self.bulk, record, logon: None, ticket: None };
        let mut confirms = |at: usize| match record[at..] {
            [b'\\', ..] => {
                has_escape = true;
                hidden::may_hide(&record[at + ESCAPE.len()..])
            }
            [b'0', ..] => ids::hex(record, at).is_some_and(|id| ids.matters(id)),
            [_, b',', ..] => ids::grouped(record, at).is_some_and(|id| ids.matters(id)),
            [b'4' | b'5', ..] => ids::decimal(record, at).is_some_and(|id| ids.matters(id)),
            _ => {
                words::is_cert_log(record, at)
                    || words::is_service_of_a_ca(record, at)
                    || self.is_lifecycle_of_a_ca(record, at)
                    || words::is_certificate_sid(record, at)
            }
        };
        let found = match &self.markers {
            Markers::Packed(search) => search.find_iter(record).any(|found| confirms(found.start())),
            Markers::Automaton(search) => search.find_iter(record).any(|found| confirms(found.start())),
        };
        // An escape or a reference may stand for the `<` of XML.
        found
            || (has_escape || memchr::memchr2(b'<', b'&', record).is_some()) && hidden::has_hidden_xml(record)
    }
}

/// The wanted ids of a record. Shippers write an id more than once, and whether a logon or a ticket matters depends on the
/// record alone, so it is decided once.
struct Ids<'a> {
    bulk: &'a Bulk,
    record: &'a [u8],
    logon: Option<bool>,
    ticket: Option<bool>,
}

impl Ids<'_> {
    fn matters(&mut self, id: u32) -> bool {
        match id {
            bulk::LOGON => *self.logon.get_or_insert_with(|| self.bulk.may_be_network_logon(self.record)),
            bulk::SERVICE_TICKET => {
                *self.ticket.get_or_insert_with(|| self.bulk.may_have_option(self.record))
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::format::Format;
    use crate::decode::prefilter::Prefilter;
    use crate::decode::wanted::SECURITY_IDS;
    use crate::event::Activity;
    use crate::event::host::Host;

    #[track_caller]
    fn check(record: impl AsRef<[u8]>, expect: bool) {
        let record = record.as_ref();
        assert_eq!(
            Prefilter::for_source(None, None).may_matter(record),
            expect,
            "{}",
            String::from_utf8_lossy(record)
        );
    }

    /// Ids of the Security log are searched by themselves; those of the KDC, of two digits, by its names.
    #[test]
    fn every_wanted_id_is_found_in_every_spelling() {
        let prefilter = Prefilter::for_source(None, None);
        for id in 0..=u32::from(u16::MAX) {
            let is_wanted = SECURITY_IDS.contains(&id);
            for text in [id.to_string(), format!("{},{:03}", id / 1000, id % 1000)] {
                assert_eq!(prefilter.may_matter(text.as_bytes()), is_wanted, "{text}");
            }
            for text in [format!("0x{id:x}"), format!("0x{id:08X}")] {
                assert!(prefilter.may_matter(text.as_bytes()) || !is_wanted, "{text}");
            }
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
        check("2026#01104887#011x", true);
        check(r#"{"EventID": 4624, "ProcessId": "0x4888a"}"#, true);
        check(r#"{"EventID": 4688, "ProcessId": "0x14888"}"#, false);
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
    fn the_kdc_by_its_names() {
        check(r#"{"SourceName": "Microsoft-Windows-Kerberos-Key-Distribution-Center", "EventID": 39}"#, true);
        check(r#"{"SourceName": "Kdcsvc", "EventID": 39}"#, true);
        for name in
            ["KERBEROS-KEY-DISTRIBUTION-CENTER", "kerberos-key-distribution-center", "kdcsvc", "KDCSVC"]
        {
            check(format!(r#"{{"SourceName": "{name} ", "EventID": 39}}"#), true);
        }
        for field in ["CertificateSid", "certificate_sid", "certificateSid", "Certificate SID"] {
            check(format!(r#"{{"EventID": 41, "{field}": "S-1-5-21-1-2-3-1733"}}"#), true);
        }
        check(r#"{"EventID": 41, "certificate": "Sid", "CertificateIssuer": "Sid"}"#, false);
        check(r#"{"SourceName": "Microsoft-Windows-Kernel-Power", "EventID": 41, "KeyLength": 0}"#, false);
    }

    #[test]
    fn logons_and_tickets_that_cannot_matter_are_thrown_away() {
        let logon = r#"{"EventID": 4624, "LogonType": 3, "Computer": "DC01.corp.example", "LogonProcessName": "Kerberos"}"#;
        let schannel = logon.replace("Kerberos", "Schannel");
        let passes =
            |at: Option<&[Host]>, text: &str| Prefilter::for_source(None, at).may_matter(text.as_bytes());
        assert!(passes(None, logon) && passes(Some(&[]), &schannel));
        assert!(!passes(Some(&[]), logon) && !passes(Some(&[Host::new("ca01")]), logon));
        assert!(passes(Some(&[Host::new("dc01.corp.example")]), logon));
        assert!(passes(Some(&[]), &format!("[{logon}, {{\"EventID\": 4887}}]")), "a batch");
        check(r#"{"EventID": 4769, "TicketOptions": "0x40810000"}"#, false);
        check(r#"{"EventID": 4769, "TicketOptions": "0x40810018"}"#, true);
    }

    #[test]
    fn the_folder_in_any_case() {
        check(r"C:\Windows\System32\CertLog\edb.log", true);
        for upper in 0..1_u32 << "certlog".len() {
            let cased = |(at, letter): (usize, char)| match upper >> at & 1 {
                0 => letter,
                _ => letter.to_ascii_uppercase(),
            };
            check("certlog".chars().enumerate().map(cased).collect::<String>(), true);
        }
        check("certificate log", false);
        check("certl certlo xertlog cer", false);
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
        check(r#"{"raw": "&lt;EventID&gt;&#52;887&lt;/EventID&gt;"}"#, true);
        check(r#"{"raw": "&lt;EventID&gt;&#x38;&#x38;7&lt;/EventID&gt;&#10;"}"#, true);
        check(r#"{"raw": "&lt;EventID&gt;1102&lt;/EventID&gt;&#xD;&#10;"}"#, false);
        check(r#"{"raw": "&lt;EventID&gt;4.887&lt;/EventID&gt;"}"#, true);
        check(r#"{"raw": "&lt;EventID Qualifiers=''&gt;4.887&lt;/EventID&gt;"}"#, true);
        check(r#"{"raw": "&lt;EventID&gt;4688&lt;/EventID&gt;"}"#, false);
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
        assert!(Prefilter::for_source(Some(Format::Protobuf), None).may_matter(b"anything"));
        assert!(!Prefilter::for_source(Some(Format::Xml), None).may_matter(b"anything"));
    }
}
