//! What is written to our topics: alerts, dead letters, routed events, checkpoints as records of Kafka.

use crate::alert::Alert;
use crate::config::topics::AlertFormat;
use crate::stage::port::{CheckpointRecord, DeadLetter};
use crate::wire;
use std::borrow::Cow;

/// A record to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// To this topic.
    pub topic: &'a str,
    /// To this partition; none: by the key.
    pub partition: Option<u32>,
    /// Its key.
    pub key: Option<Cow<'a, [u8]>>,
    /// None: a tombstone.
    pub value: Option<Cow<'a, [u8]>>,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
}

/// The most bytes of a dead letter: with its headers it fits into the message that brokers allow by default.
const MAX_DEAD_BYTES: usize = 900_000;

/// What an alert in protobuf says it is.
const PROTOBUF: &str = "application/x-protobuf; messageType=adcs_watch.v1.Alert";

/// An alert: the key is its id, so that its revisions stay in order.
pub fn alert<'a>(topic: &'a str, format: AlertFormat, alert: &Alert) -> Outgoing<'a> {
    let (content_type, value) = match format {
        AlertFormat::Json => ("application/json", wire::alert::to_json(alert).into_bytes()),
        AlertFormat::Protobuf => (PROTOBUF, wire::alert::to_protobuf(alert)),
        AlertFormat::Confluent { schema_id } => (PROTOBUF, wire::alert::to_confluent(alert, schema_id)),
    };
    let id = alert.alert_id.to_string();
    Outgoing {
        topic,
        partition: None,
        key: Some(Cow::Owned(id.clone().into_bytes())),
        value: Some(Cow::Owned(value)),
        headers: vec![
            ("content-type", content_type.to_owned()),
            ("alert-id", id),
            ("severity", alert.severity.as_str().to_owned()),
            ("detection", alert.detection.clone()),
        ],
    }
}

/// A record that was not understood, as it was, with where it stood and why.
pub fn dead_letter<'a>(topic: &'a str, letter: &'a DeadLetter) -> Outgoing<'a> {
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
    let kept = &letter.record[..letter.record.len().min(MAX_DEAD_BYTES)];
    if kept.len() < letter.record.len() {
        headers.push(("cut-from-bytes", letter.record.len().to_string()));
    }
    Outgoing { topic, partition: None, key: None, value: Some(Cow::Borrowed(kept)), headers }
}

/// A routed event.
pub fn routed<'a>(topic: &'a str, partition: u32, value: &'a [u8]) -> Outgoing<'a> {
    let partition = Some(partition);
    Outgoing { topic, partition, key: None, value: Some(Cow::Borrowed(value)), headers: Vec::new() }
}

/// A record of a checkpoint.
pub fn checkpoint<'a>(topic: &'a str, record: &'a CheckpointRecord) -> Outgoing<'a> {
    Outgoing {
        topic,
        partition: Some(record.partition),
        key: Some(Cow::Borrowed(&record.key)),
        value: record.value.as_deref().map(Cow::Borrowed),
        headers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::policy::Policy;
    use crate::engine::Engine;

    fn an_alert() -> Alert {
        let output = Engine::new(Policy::default()).on_event(&crate::stage::testing::mismatch(1));
        output.alerts.into_iter().next().unwrap()
    }

    #[test]
    fn a_registered_schema_stands_before_the_message() {
        let expected = an_alert();
        let plain = alert("t", AlertFormat::Protobuf, &expected);
        let framed = alert("t", AlertFormat::Confluent { schema_id: 258 }, &expected);
        let bytes = framed.value.unwrap_or_default();
        let (frame, message) = bytes.split_at(6);
        assert_eq!(frame, [0, 0, 0, 1, 2, 0]);
        assert_eq!(Some(message), plain.value.as_deref());
        assert_eq!(wire::alert::from_protobuf(message).as_ref(), Ok(&expected));
        assert_eq!((framed.headers, framed.key), (plain.headers, plain.key));
    }
}
