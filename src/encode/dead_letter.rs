//! Dead letters: a record that could not be decoded, with its place, the reason and the detail in headers.

use crate::encode::record::OutgoingRecord;
use crate::stage::port::DeadLetter;
use std::borrow::Cow;

/// The most bytes of a dead letter's value. With its headers it fits into the 1 MiB that brokers accept by default.
const MAX_VALUE_BYTES: usize = 900_000;
/// The most bytes of its header `detail`.
const MAX_DETAIL_BYTES: usize = 2048;
/// The bytes of a header `cut-from-bytes`.
const CUT_FROM_BYTES: usize = 64;

/// The record of a dead letter: the original bytes, cut to [`MAX_VALUE_BYTES`], and further until its batch has at most `limit`
/// bytes. The header `cut-from-bytes` has the original length of a value that was cut.
pub(crate) fn dead_letter<'a>(topic: &'a str, letter: &'a DeadLetter, limit: usize) -> OutgoingRecord<'a> {
    let detail = &letter.detail[..letter.detail.floor_char_boundary(MAX_DETAIL_BYTES)];
    let mut headers = vec![
        ("source-topic", letter.from.topic.clone()),
        ("source-partition", letter.from.partition.to_string()),
        ("source-offset", letter.offset.to_string()),
        ("reason", letter.reason.to_owned()),
        ("detail", detail.to_owned()),
    ];
    if let Some(time) = letter.append_time {
        headers.push(("source-append-time", time.to_string()));
    }
    let mut record = OutgoingRecord { topic, partition: None, key: None, value: None, headers };
    let room = limit.saturating_sub(record.batch_bytes() + CUT_FROM_BYTES);
    let kept = &letter.record[..letter.record.len().min(MAX_VALUE_BYTES).min(room)];
    if kept.len() < letter.record.len() {
        record.headers.push(("cut-from-bytes", letter.record.len().to_string()));
    }
    record.value = Some(Cow::Borrowed(kept));
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::port::SourcePartition;

    const LIMIT: usize = 1_048_588;

    fn letter(bytes: usize) -> DeadLetter {
        DeadLetter {
            from: SourcePartition { topic: "source".to_owned(), partition: 3 },
            offset: 7,
            append_time: None,
            reason: "bad_json",
            detail: "expected a value".to_owned(),
            record: vec![b'x'; bytes],
        }
    }

    #[test]
    fn long_value_is_cut_and_a_header_has_its_length() {
        let (whole, long) = (letter(MAX_VALUE_BYTES), letter(MAX_VALUE_BYTES + 1));
        let (whole, long) = (dead_letter("t", &whole, LIMIT), dead_letter("t", &long, LIMIT));
        assert_eq!(whole.value, long.value);
        let cut = |record: &OutgoingRecord<'_>| {
            record.headers.iter().find(|(name, _)| *name == "cut-from-bytes").map(|(_, value)| value.clone())
        };
        assert_eq!((cut(&whole), cut(&long)), (None, Some("900001".to_owned())));
    }

    #[test]
    fn dead_letter_is_as_long_as_its_topic_takes() {
        for (bytes, limit) in [(100_000, 16_384), (20_000, 20_300), (900_001, 900_100), (0, 16_384)] {
            let mut long = letter(bytes);
            long.detail = "ä".repeat(5000);
            let record = dead_letter("t", &long, limit);
            assert!(record.batch_bytes() <= limit, "{} of {limit}", record.batch_bytes());
            assert!(bytes == 0 || record.value.is_some_and(|value| value.len() > limit / 2));
        }
        let short = letter(500);
        assert_eq!(dead_letter("t", &short, 16_384), dead_letter("t", &short, LIMIT), "it fits as it is");
    }
}
