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
