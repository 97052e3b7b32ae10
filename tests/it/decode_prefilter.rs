//! The prefilter's promise, against the full decoder.

use crate::decode_formats::{decode, format_file};
use crate::decode_mutations::{mutated, records};
use adcs_watch::decode::Decoded;
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::{Reason, Rejection};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

/// Whether an outcome is one that the prefilter must not lose: an event, or a wanted event that is rejected.
fn matters(outcome: &Result<Decoded, Rejection>) -> bool {
    match outcome {
        Ok(Decoded::Event(_)) => true,
        Ok(Decoded::Ignored(_)) => false,
        Err(rejection) => match rejection.reason {
            Reason::MissingField
            | Reason::BadField
            | Reason::FieldTooLong
            | Reason::OtherLanguage
            | Reason::PositionUnclear => true,
            Reason::TooLarge
            | Reason::TooDeep
            | Reason::NotUtf8
            | Reason::BadJson
            | Reason::BadXml
            | Reason::XmlEntity
            | Reason::BadProtobuf
            | Reason::UnknownFormat
            | Reason::TooManyEvents
            | Reason::BadEventId => false,
        },
    }
}

#[test]
fn what_matters_passes_and_most_else_does_not() {
    let prefilter = Prefilter::for_source(None, None);
    for record in records() {
        let outcomes = decode(&record);
        let text = String::from_utf8_lossy(&record);
        // What passes although nothing comes of it: a ticket without a certificate, a local logon, a local file of the CA.
        let passes = |id| outcomes.contains(&Ok(Decoded::Ignored(Some(id))));
        let expect = outcomes.iter().any(matters) || passes(4768) || passes(4624) || passes(11);
        assert_eq!(prefilter.may_matter(&record), expect, "{text}");
    }
}

#[test]
fn utf_16_passes_and_is_read() {
    let line = format_file("evtx-dump.ndjson").lines().nth(1).unwrap().to_owned();
    for text in [line.clone(), format!("\u{feff}{line}")] {
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for record in [little, big] {
            assert!(Prefilter::for_source(None, None).may_matter(&record));
            assert_eq!(decode(&record), decode(line.as_bytes()));
        }
    }
}

/// As Kafka Connect's JsonConverter writes bytes, as other converters do, and behind gzip.
#[test]
fn record_that_is_base64_as_a_whole_is_read() {
    for file in ["winlogbeat8.ndjson", "xml-in-json.ndjson", "layouts/base64-cef.ndjson"] {
        let record = format_file(file).lines().next().unwrap().to_owned();
        let encoded = STANDARD.encode(&record);
        for text in [encoded.clone(), format!("{encoded}\n"), format!("\"{encoded}\"")] {
            assert!(Prefilter::new().may_matter(text.as_bytes()), "{text}");
            assert_eq!(decode(text.as_bytes()), decode(record.as_bytes()), "{file}");
        }
        let twice = STANDARD.encode(&encoded);
        assert!(decode(twice.as_bytes()).iter().all(|outcome| !matters(outcome)), "{file}");
    }
}

/// An issued certificate in formats that write its id as a number of their own, and in compressed bytes that no file has.
#[test]
fn binary_records_pass_and_are_rejected_with_what_they_are() {
    let values = b"\x10Security\x02\"ca01.corp.example\x14CORP\\mallory".as_slice();
    for (head, what) in [
        (&b"\0\0\0\0\x2a\xae\x4c"[..], "binary"),
        (b"\x84\xa7EventID\xcd\x13\x17", "binary"),
        (b"\xb3gEventID\x19\x13\x17", "binary"),
        (b"\n\xec\x04\x12\x08\x97\x26", "binary"),
        (b"Obj\x01\x04\x16avro.schema", "binary"),
        (b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01", "compressed with snappy"),
        (b"BZh91AY&SY", "compressed with bzip2"),
    ] {
        let record = [head, values].concat();
        assert!(Prefilter::new().may_matter(&record), "{}", record.escape_ascii());
        let outcomes = decode(&record);
        let [Err(rejection)] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert_eq!(rejection.reason, Reason::UnknownFormat);
        assert!(rejection.detail.contains(what), "{rejection}");
    }
}

/// A few seconds' worth. `scripts/nightly properties` tries far more, by PROPTEST_CASES.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(4000, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_matters_is_lost(record in mutated()) {
        let outcomes = decode(&record);
        if outcomes.iter().any(matters) {
            prop_assert!(Prefilter::for_source(None, None).may_matter(&record), "{}\n{outcomes:?}", String::from_utf8_lossy(&record));
        }
    }
}
