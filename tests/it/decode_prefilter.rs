//! The prefilter's promise, against the full decoder.

use crate::decode_formats::{decode, format_file};
use crate::decode_mutations::{mutated, records};
use adcs_watch::decode::Decoded;
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::{Reason, Rejection};
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
