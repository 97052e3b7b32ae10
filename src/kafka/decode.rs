//! What is taken out of a record while it is in the client's memory.

use crate::event::MAX_TRACE;
use crate::event::time::Time;
use crate::host::clock::wall;
use crate::stage::Stage;
use crate::stage::port::{FilteredRun, RouterInput, SourcePartition, SourceRecord, TopicPrefilter};
use rdkafka::message::{BorrowedMessage, Headers, Message, Timestamp};
use std::time::Duration;

/// What a poll brought, for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Brought {
    pub(crate) records: usize,
    pub(crate) bytes: u64,
    /// When the oldest record was appended.
    pub(crate) oldest: Option<Time>,
}

impl Brought {
    pub(crate) fn add(&mut self, message: &BorrowedMessage<'_>, timestamp: Timestamp, stage: Stage) {
        self.records += 1;
        self.bytes += message.payload_len() as u64;
        if let Some(appended) = append_time(timestamp, stage) {
            self.oldest = Some(self.oldest.map_or(appended, |oldest| oldest.min(appended)));
        }
    }
}

/// Copies a record that passes the prefilter out of the client's memory; others are only counted, in runs.
pub(crate) fn hand_out<V>(
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

/// A record with a copy of its value.
pub fn source_record(message: &BorrowedMessage<'_>, stage: Stage) -> Option<SourceRecord> {
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
        // Our router made the record when it wrote it; anybody else may have made it long before.
        (Timestamp::CreateTime(millis), Stage::Detector) => Some(Time::from_millis(millis)),
        (Timestamp::CreateTime(_), Stage::Router) | (Timestamp::NotAvailable, _) => None,
    }
}

/// How long ago that was. Brokers have clocks of their own: what is to come is now.
pub fn age(time: Time) -> Duration {
    let millis = wall().as_millis().saturating_sub(time.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

/// The trace context of a record, if it can be one.
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
    fn a_trace_context_is_kept_where_it_can_be_one() {
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
