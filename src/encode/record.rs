//! A record on its way to one of our own topics, and the two kinds that need no further encoding.

use crate::stage::port::CheckpointRecord;
use std::borrow::Cow;

/// A record to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutgoingRecord<'a> {
    /// The topic it is written to.
    pub topic: &'a str,
    /// The partition it is written to. `None`: Kafka chooses it by the key.
    pub partition: Option<u32>,
    /// The key, if it has one.
    pub key: Option<Cow<'a, [u8]>>,
    /// The value. `None`: a tombstone.
    pub value: Option<Cow<'a, [u8]>>,
    /// The headers, in this order.
    pub headers: Vec<(&'static str, String)>,
}

/// The most bytes of a batch around the keys, values and headers of its records: its own header, and the fields of one record.
const FRAME_BYTES: usize = 61 + 5 + 1 + 10 + 5;
/// The most bytes of a length in a record.
const LENGTH_BYTES: usize = 5;

impl OutgoingRecord<'_> {
    /// The most bytes of a batch with this record alone, which is what the broker compares with `max.message.bytes` of the topic.
    /// Compression is not taken into account.
    pub(crate) fn batch_bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| 2 * LENGTH_BYTES + name.len() + value.len());
        let of = |part: &Option<Cow<'_, [u8]>>| LENGTH_BYTES + part.as_ref().map_or(0, |bytes| bytes.len());
        FRAME_BYTES + of(&self.key) + of(&self.value) + LENGTH_BYTES + headers.sum::<usize>()
    }
}

/// The most bytes of a routed record's value that fits into a batch of this size.
pub(crate) fn longest_routed(batch_bytes: usize) -> usize {
    batch_bytes.saturating_sub(FRAME_BYTES + 3 * LENGTH_BYTES)
}

/// A record of the routed topic. `value` is what [`crate::wire::routed::encode`] returned.
pub(crate) fn routed<'a>(topic: &'a str, partition: u32, value: &'a [u8]) -> OutgoingRecord<'a> {
    let partition = Some(partition);
    OutgoingRecord { topic, partition, key: None, value: Some(Cow::Borrowed(value)), headers: Vec::new() }
}

/// A record of the checkpoint topic.
pub(crate) fn checkpoint<'a>(topic: &'a str, record: &'a CheckpointRecord) -> OutgoingRecord<'a> {
    OutgoingRecord {
        topic,
        partition: Some(record.partition),
        key: Some(Cow::Borrowed(&record.key)),
        value: record.value.as_deref().map(Cow::Borrowed),
        headers: Vec::new(),
    }
}
