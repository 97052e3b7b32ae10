//! Copies records out of the memory of librdkafka.

use crate::event::MAX_TRACE;
use crate::event::time::Time;
use crate::host::clock::wall;
use crate::stage::Stage;
use crate::stage::port::{FilteredRun, RouterInput, SourcePartition, SourceRecord, TopicPrefilter};
use rdkafka::message::{BorrowedMessage, Headers, Message, Timestamp};
use std::time::Duration;

/// The totals of one poll, for its limits and for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PollTotals {
    pub(crate) records: usize,
    pub(crate) bytes: u64,
    /// The append time of the oldest record.
    pub(crate) oldest: Option<Time>,
}

impl PollTotals {
    pub(crate) fn add(&mut self, message: &BorrowedMessage<'_>, timestamp: Timestamp, stage: Stage) {
        self.records += 1;
        self.bytes += message.payload_len() as u64;
        if let Some(appended) = append_time(timestamp, stage) {
            self.oldest = Some(self.oldest.map_or(appended, |oldest| oldest.min(appended)));
        }
    }
}

/// Copies a record that passes the prefilter. Others are counted, as runs of consecutive records.
pub(crate) fn copy<V>(
    message: &BorrowedMessage<'_>,
    offset: u64,
    stage: Stage,
    prefilter: TopicPrefilter<'_, V>,
    inputs: &mut Vec<RouterInput<V>>,
) {
    let topic = message.topic();
    let filtered = message.payload().map(|value| prefilter(topic, value));
    if let None | Some(Some(_)) = filtered {
        inputs.extend(record_with(message, stage, filtered.flatten()).map(RouterInput::Record));
        return;
    }
    let Ok(partition) = u32::try_from(message.partition()) else { return };
    match inputs.last_mut() {
        Some(RouterInput::Filtered(run)) if run.from.partition == partition && run.from.topic == topic => {
            run.next = offset + 1;
            run.records += 1;
        }
        Some(_) | None => {
            let from = SourcePartition { topic: topic.to_owned(), partition };
            inputs.push(RouterInput::Filtered(FilteredRun { from, next: offset + 1, records: 1 }));
        }
    }
}

/// A record as the stages take it. `None` if partition or offset are negative, which Kafka never sends.
pub(crate) fn source_record(message: &BorrowedMessage<'_>, stage: Stage) -> Option<SourceRecord> {
    record_with(message, stage, message.payload().map(<[u8]>::to_vec))
}

fn record_with<V>(message: &BorrowedMessage<'_>, stage: Stage, value: Option<V>) -> Option<SourceRecord<V>> {
    let partition = u32::try_from(message.partition()).ok()?;
    let offset = u64::try_from(message.offset()).ok()?;
    let append_time = append_time(message.timestamp(), stage);
    let from = SourcePartition { topic: message.topic().to_owned(), partition };
    let trace = match stage {
        Stage::Router => message.headers().and_then(trace),
        Stage::Detector => None,
    };
    Some(SourceRecord { from, offset, append_time, trace, value })
}

fn append_time(timestamp: Timestamp, stage: Stage) -> Option<Time> {
    match (timestamp, stage) {
        (Timestamp::LogAppendTime(millis), Stage::Router | Stage::Detector) => {
            Some(Time::from_millis(millis))
        }
        // Our router sets it when it writes. Other producers may set any time.
        (Timestamp::CreateTime(millis), Stage::Detector) => Some(Time::from_millis(millis)),
        (Timestamp::CreateTime(_), Stage::Router) | (Timestamp::NotAvailable, _) => None,
    }
}

/// The age of a record by the wall clock; 0 for a time in the future, since the clocks of brokers differ.
pub(crate) fn age(time: Time) -> Duration {
    let millis = wall().as_millis().saturating_sub(time.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

/// The header `traceparent`, if it has at most [`MAX_TRACE`] visible ASCII characters.
fn trace(headers: &impl Headers) -> Option<String> {
    let value = headers.iter().find(|header| header.key.eq_ignore_ascii_case("traceparent"))?.value?;
    let right = (1..=MAX_TRACE).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    right.then(|| String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::message::{Header, OwnedHeaders};

    #[test]
    fn traceparent_is_kept_if_it_is_short_visible_ascii() {
        let of = |value: &str| {
            trace(&OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(value) }))
        };
        let right = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(of(right).as_deref(), Some(right));
        for wrong in ["", "a b", "a\n", "é", &"0".repeat(65)] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        let none = OwnedHeaders::new().insert(Header { key: "traceparent", value: None::<&str> });
        assert_eq!(trace(&none), None);
        let other = OwnedHeaders::new().insert(Header { key: "tracestate", value: Some("x") });
        assert_eq!(trace(&other), None);
    }
}
