//! Records that look real, and what can happen to them: escapes, references, odd white space, other cases, other
//! kinds of value, bytes lost and bytes added. Mostly where an id or the name of the folder stands.

use crate::decode_events;
use crate::decode_formats::format_file;
use crate::decode_layouts;
use proptest::prelude::*;
use proptest::sample::Index;

/// One change to a record.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A character becomes a JSON escape of itself.
    Escape(Where, bool),
    /// A character becomes an XML reference to itself.
    Reference(Where, bool),
    /// Text is put in.
    Insert(Where, String),
    /// Bytes are put in.
    Bytes(Where, Vec<u8>),
    /// A byte is lost.
    Remove(Where),
    /// A letter changes its case.
    Case(Where),
    /// Numbers become strings, or strings numbers.
    Quotes(bool),
}

/// A place in a record: in or next to the nth marker, or anywhere.
#[derive(Clone, Debug)]
pub(crate) enum Where {
    Marker(Index, i8),
    Any(Index),
}

const MARKERS: [&str; 12] = [
    "4886",
    "4887",
    "4888",
    "4768",
    "4769",
    "4624",
    "5145",
    "CertLog",
    "remote_file_write",
    "share_accessed",
    "EventID",
    "TicketOptions",
];

impl Where {
    fn at(&self, record: &[u8]) -> usize {
        match self {
            Where::Any(index) => index.index(record.len() + 1),
            Where::Marker(index, offset) => {
                let places: Vec<usize> = MARKERS
                    .iter()
                    .flat_map(|m| memchr::memmem::find_iter(record, m).collect::<Vec<_>>())
                    .collect();
                let at = if places.is_empty() { index.index(record.len() + 1) } else { *index.get(&places) };
                at.saturating_add_signed(isize::from(*offset)).min(record.len())
            }
        }
    }
}

impl Change {
    pub(crate) fn apply(&self, record: &mut Vec<u8>) {
        let replace = |record: &mut Vec<u8>, place: &Where, with: &dyn Fn(u8) -> Vec<u8>| {
            let at = place.at(record);
            if let Some(&byte) = record.get(at) {
                record.splice(at..=at, with(byte));
            }
        };
        let insert = |record: &mut Vec<u8>, place: &Where, bytes: &[u8]| {
            let at = place.at(record);
            record.splice(at..at, bytes.iter().copied());
        };
        match self {
            Change::Escape(place, upper) => replace(record, place, &|b| {
                if *upper { format!("\\u{b:04X}") } else { format!("\\u{b:04x}") }.into_bytes()
            }),
            Change::Reference(place, hex) => replace(record, place, &|b| {
                if *hex { format!("&#x{b:x};") } else { format!("&#{b};") }.into_bytes()
            }),
            Change::Insert(place, text) => insert(record, place, text.as_bytes()),
            Change::Bytes(place, bytes) => insert(record, place, bytes),
            Change::Remove(place) => replace(record, place, &|_| Vec::new()),
            Change::Case(place) => {
                replace(record, place, &|b| vec![if b.is_ascii_alphabetic() { b ^ 0x20 } else { b }])
            }
            Change::Quotes(on) => {
                let text = String::from_utf8_lossy(record).into_owned();
                *record = MARKERS[..5].iter().fold(text, |text, id| requoted(&text, id, *on)).into_bytes();
            }
        }
    }
}

fn requoted(text: &str, id: &str, on: bool) -> String {
    let (bare, quoted) = (format!(": {id}"), format!(": \"{id}\""));
    if on { text.replace(&bare, &quoted) } else { text.replace(&quoted, &bare) }
}

/// Every line of every format, the events of the XML one by one, and our own.
pub(crate) fn records() -> Vec<Vec<u8>> {
    let mut records: Vec<Vec<u8>> = Vec::new();
    for file in
        ["cribl", "evtx-dump", "fluent-bit", "nxlog", "sentinel-securityevent", "winlogbeat8", "xml-in-json"]
    {
        records.extend(format_file(&format!("{file}.ndjson")).lines().map(|line| line.as_bytes().to_vec()));
    }
    let xml = format_file("windows-events.xml");
    let events =
        xml.split_inclusive("</Event>").filter_map(|event| event.find("<Event ").map(|at| &event[at..]));
    records.extend(events.map(|event| event.as_bytes().to_vec()));
    records.extend([r#"{"remote_file_write": {"time": "2026-03-02T10:31:00Z", "ca_host": "ca01", "path": "C:\\Windows\\System32\\CertLog\\edb.log"}}"#,
        r#"{"time": "2026-03-02T10:31:00Z", "computer": "ca01", "share_accessed": {"account": "a", "share": "s", "target": "q", "access_mask": 1}}"#]
        .map(|text| text.as_bytes().to_vec()));
    // As Go writes JSON.
    let go: Vec<Vec<u8>> = records
        .iter()
        .filter(|record| record[0] == b'{')
        .map(|record| {
            let text = String::from_utf8(record.clone()).unwrap();
            text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").into_bytes()
        })
        .collect();
    records.extend(go);
    records
}

fn place() -> impl Strategy<Value = Where> {
    prop_oneof![
        4 => (any::<Index>(), -3_i8..10).prop_map(|(index, offset)| Where::Marker(index, offset)),
        1 => any::<Index>().prop_map(Where::Any),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let odd = prop::sample::select(vec![
        " ",
        "\n",
        "\t",
        "\\n",
        "\\t",
        "\\u0020",
        "\\u0009",
        "\\u00a0",
        "\u{a0}",
        "0",
        "1",
        "9",
        ".0",
        "00",
        "-",
        "+",
        "e0",
        "<!---->",
        "<![CDATA[",
        "]]>",
        "<![CDATA[4]]>",
        "<?x?>",
        "<b/>",
        "<b>",
        "&amp;",
        "&#52;",
        "&#x20;",
        "&#10;",
        "\\u003c!---->",
        "\\u0026#52;",
        "\\u003c?x?\\u003e",
        "\\u003c![CDATA[8]]\\u003e",
        "\\",
        "\"",
        "\0",
        "\u{feff}",
        "\\u00",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\\u005c",
        "..\\\\",
        "/",
        ":x",
        ". ",
    ]);
    prop_oneof![
        1 => (place(), any::<bool>()).prop_map(|(p, u)| Change::Escape(p, u)),
        1 => (place(), any::<bool>()).prop_map(|(p, h)| Change::Reference(p, h)),
        3 => (place(), odd).prop_map(|(p, text)| Change::Insert(p, text.to_owned())),
        1 => (place(), prop::collection::vec(any::<u8>(), 1..4)).prop_map(|(p, bytes)| Change::Bytes(p, bytes)),
        1 => place().prop_map(Change::Remove),
        2 => place().prop_map(Change::Case),
        1 => any::<bool>().prop_map(Change::Quotes),
    ]
}

/// A record after a few changes.
pub(crate) fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<Vec<u8>> = records()
        .into_iter()
        .chain(decode_layouts::all_records())
        .chain(decode_events::all_records())
        .collect();
    (prop::sample::select(all), prop::collection::vec(change(), 0..6)).prop_map(|(mut record, changes)| {
        changes.iter().for_each(|change| change.apply(&mut record));
        record
    })
}
