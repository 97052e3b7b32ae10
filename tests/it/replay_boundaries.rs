//! Any text is cut into the same records, however few bytes a read returns.

use adcs_watch::host::exit::Failure;
use adcs_watch::replay::framing::{Content, Frame, Sink, Stop, documents, lines, xml};
use proptest::prelude::*;
use std::io::{BufRead, BufReader};

type Framing = fn(&mut dyn BufRead, &mut Sink) -> Result<(), Stop>;

fn frames(framing: Framing, text: &[u8], bytes_at_a_time: usize) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut sink = |frame: Frame| -> Result<(), Failure> {
        match frame.content {
            Content::Record(record) => found.push((frame.number, record.to_vec())),
            Content::TooLarge { start, .. } => found.push((frame.number, start.to_vec())),
            Content::Damaged(why) => found.push((frame.number, why.as_bytes().to_vec())),
        }
        Ok(())
    };
    framing(&mut BufReader::with_capacity(bytes_at_a_time, text), &mut sink).unwrap();
    found
}

/// Texts of pieces that are significant to one of the framings.
fn texts() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        ",",
        ":",
        "\n",
        " ",
        "a",
        "1",
        "{\"a\":1}",
        "\"{\"",
        "é",
        "<Event>",
        "<Event ",
        "</Event>",
        "<Events>",
        "<EventData>",
        "<Event/>",
        ">",
        "/",
        "<",
        "<Ev",
        "ent>",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn records_do_not_depend_on_reads(text in texts()) {
        for framing in [lines::frame as Framing, documents::frame, xml::frame] {
            let whole = frames(framing, text.as_bytes(), 64 * 1024);
            for bytes in [1, 2, 3, 7] {
                prop_assert_eq!(&frames(framing, text.as_bytes(), bytes), &whole, "{} bytes at a time: {}", bytes, text);
            }
        }
    }

    /// A text without white space between records loses only its separators.
    #[test]
    fn documents_lose_nothing_but_separators(text in texts()) {
        let kept: usize = frames(documents::frame, text.as_bytes(), 64 * 1024).iter().map(|(_, record)| record.len()).sum();
        let separators = text.bytes().filter(|byte| byte.is_ascii_whitespace() || b",[]".contains(byte)).count();
        prop_assert!(kept + separators >= text.len(), "{}", text);
    }
}
