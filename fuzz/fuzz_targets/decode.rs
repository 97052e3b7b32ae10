//! Any bytes, in any shape: no panic, at least one outcome, and the prefilter keeps its promise.
//!
//!     cargo +nightly fuzz run decode -- -max_total_time=60
#![no_main]

use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::Reason;
use adcs_watch::decode::{Decoded, Decoder, Place, Shape};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(Prefilter::new);

const SHAPES: [Option<Shape>; 10] = [
    None,
    Some(Shape::Xml),
    Some(Shape::XmlInJson),
    Some(Shape::EvtxDump),
    Some(Shape::Winlogbeat),
    Some(Shape::Nxlog),
    Some(Shape::FluentBit),
    Some(Shape::Sentinel),
    Some(Shape::Normalised),
    Some(Shape::Protobuf),
];

fuzz_target!(|record: &[u8]| {
    for shape in SHAPES {
        let decoder = Decoder { shape, ..Decoder::default() };
        let (mut outcomes, mut matters) = (0, false);
        decoder.decode(record, &Place::default(), &mut |outcome| {
            outcomes += 1;
            matters |= match outcome {
                Ok(Decoded::Event(_)) => true,
                Ok(Decoded::Ignored(_)) => false,
                Err(rejection) => {
                    matches!(rejection.reason, Reason::MissingField | Reason::BadField | Reason::FieldTooLong)
                }
            };
        });
        assert!(outcomes > 0);
        assert!(!matters || shape == Some(Shape::Protobuf) || PREFILTER.may_matter(record));
    }
});
