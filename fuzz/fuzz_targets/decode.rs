//! Any bytes, in any format: no panic, at least one outcome, and the prefilter keeps its promise.
//!
//!     cargo +nightly fuzz run decode -- -max_total_time=60
#![no_main]

use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::Reason;
use adcs_watch::decode::{Decoded, Decoder, Format, Place};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| Prefilter::for_source(None, None));

fuzz_target!(|record: &[u8]| {
    for format in Format::ALL.map(Some).into_iter().chain([None]) {
        let decoder = Decoder { format, ..Decoder::default() };
        let (mut outcomes, mut matters) = (0, false);
        decoder.decode(record, &Place::default(), &mut |outcome| {
            outcomes += 1;
            matters |= match outcome {
                Ok(Decoded::Event(_)) => true,
                Ok(Decoded::Ignored(_)) => false,
                Err(rejection) => {
                    matches!(
                        rejection.reason,
                        Reason::MissingField
                            | Reason::BadField
                            | Reason::FieldTooLong
                            | Reason::OtherLanguage
                            | Reason::PositionUnclear
                    )
                }
            };
        });
        assert!(outcomes > 0);
        assert!(!matters || format == Some(Format::Protobuf) || PREFILTER.may_matter(record));
    }
});
