//! Dead letters: a record that could not be decoded, with its place, the reason and the detail in headers.

use crate::encode::record::OutgoingRecord;
use crate::stage::port::DeadLetter;
use std::borrow::Cow;

/// The most bytes of a dead letter's value. With its headers it fits into the 1 MiB that brokers accept by default.
const MAX_VALUE_BYTES: usize = 900_000;

/// The record of a dead letter: the original bytes, cut to [`MAX_VALUE_BYTES`]. The header `cut-from-bytes` has the original
/// length of a value that was cut.
pub(crate) fn dead_letter<'a>(topic: &'a str, letter: &'a DeadLetter) -> OutgoingRecord<'a> {
    let mut headers = vec![
        ("source-topic", letter.from.topic.clone()),
        ("source-partition", letter.from.partition.to_string()),
        ("source-offset", letter.offset.to_string()),
        ("reason", letter.reason.to_owned()),
        ("detail", letter.detail.clone()),
    ];
    if let Some(time) = letter.append_time {
        headers.push(("source-append-time", time.to_string()));
    }
    let kept = &letter.record[..letter.record.len().min(MAX_VALUE_BYTES)];
    if kept.len() < letter.record.len() {
        headers.push(("cut-from-bytes", letter.record.len().to_string()));
    }
    OutgoingRecord { topic, partition: None, key: None, value: Some(Cow::Borrowed(kept)), headers }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::port::SourcePartition;

    #[test]
    fn long_value_is_cut_and_a_header_has_its_length() {
        let letter = |bytes: usize| DeadLetter {
            from: SourcePartition { topic: "source".to_owned(), partition: 3 },
            offset: 7,
            append_time: None,
            reason: "bad_json",
            detail: "expected a value".to_owned(),
            record: vec![b'x'; bytes],
        };
        let (whole, long) = (letter(MAX_VALUE_BYTES), letter(MAX_VALUE_BYTES + 1));
        let (whole, long) = (dead_letter("t", &whole), dead_letter("t", &long));
        assert_eq!(whole.value, long.value);
        let cut = |record: &OutgoingRecord<'_>| {
            record.headers.iter().find(|(name, _)| *name == "cut-from-bytes").map(|(_, value)| value.clone())
        };
        assert_eq!((cut(&whole), cut(&long)), (None, Some("900001".to_owned())));
    }
}
