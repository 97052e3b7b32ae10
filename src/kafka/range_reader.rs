//! Reads a range of a topic, up to its end when the read starts. No group is joined and nothing is committed.

use crate::config::topic_range::TopicRange;
use crate::event::time::Time;
use crate::host::clock::Stopwatch;
use crate::host::exit::{Exit, Failure};
use crate::kafka::context::BasicContext;
use crate::kafka::decode::source_record;
use crate::kafka::errors::{is_unreachable, needs_permission};
use crate::kafka::log_bounds::{offset_of_time, watermarks};
use crate::kafka::metadata::{MetadataClient, TopicState, invalid_config, rejected_config};
use crate::kafka::partitions::{at, list};
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{EVENTS_MS, READ_POLL_MS, READ_SECONDS};
use crate::stage::Stage;
use crate::stage::port::{Answer, CheckpointRecord, Fault, SourcePartition, SourceRecord};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::TopicPartitionList;
use std::collections::BTreeMap;

/// What a topic has of a range at one time. Two reads of one extent return the same records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The number of partitions of the topic, read or not.
    pub partitions: u32,
    /// The number of requested offsets that retention has deleted.
    pub deleted: u64,
    /// The first offset and the end of each partition that has records of the range.
    spans: BTreeMap<u32, (u64, u64)>,
}

impl Extent {
    /// The same of one partition alone.
    pub(crate) fn only(&self, partition: u32) -> Extent {
        let span = self.spans.get_key_value(&partition).map(|(partition, span)| (*partition, *span));
        Extent { spans: span.into_iter().collect(), ..self.clone() }
    }
}

/// What the topic has of a range now.
///
/// # Errors
/// No broker can be reached, the topic or partition does not exist, or a permission is missing.
pub(crate) fn extent(clients: &Clients, range: &TopicRange) -> Result<Extent, Failure> {
    let absent = |what: String| Failure::new(Exit::Input, format!("{what} does not exist"));
    let partitions = match MetadataClient::new(clients)?.topic(&range.topic)? {
        TopicState::Present(partitions) => partitions,
        TopicState::Absent => return Err(absent(format!("the topic {}", range.topic))),
        TopicState::Hidden => return Err(forbidden(range)),
    };
    let wanted = match range.partition {
        None => 0..partitions,
        Some(partition) if partition < partitions => partition..partition + 1,
        Some(partition) => return Err(absent(format!("partition {partition} of {}", range.topic))),
    };
    let consumer = read_committed(clients)?;
    let mut extent = Extent { partitions, deleted: 0, spans: BTreeMap::new() };
    for partition in wanted {
        let of = SourcePartition { topic: range.topic.clone(), partition };
        let (first, end) = bounds(&consumer, &of)?;
        extent.deleted += first.saturating_sub(range.from.unwrap_or(first));
        let (mut from, end) = (range.from.unwrap_or(first).max(first), range.to.unwrap_or(end).min(end));
        if let Some(since) = range.since {
            from = from.max(first_since(&consumer, &of, since)?.unwrap_or(end));
        }
        if from < end {
            extent.spans.insert(partition, (from, end));
        }
    }
    Ok(extent)
}

/// Passes the committed records of an extent of this range to `sink`, in order within each partition.
///
/// # Errors
/// No broker can be reached, a permission is missing, or `sink` fails.
pub(crate) fn read(
    clients: &Clients,
    range: &TopicRange,
    extent: &Extent,
    sink: &mut dyn FnMut(SourceRecord) -> Result<(), Failure>,
) -> Result<(), Failure> {
    read_messages(clients, range, extent, &mut |message| {
        source_record(message, Stage::Router).map_or(Ok(()), &mut *sink)
    })
}

/// Passes the committed records of an extent of a checkpoint topic to `sink`, each with its offset and the time at which it was
/// written (milliseconds since the Unix epoch), if Kafka knows it.
///
/// # Errors
/// No broker can be reached, or a permission is missing.
pub(crate) fn read_checkpoint(
    clients: &Clients,
    range: &TopicRange,
    extent: &Extent,
    sink: &mut dyn FnMut(u64, Option<Time>, CheckpointRecord),
) -> Result<(), Failure> {
    read_messages(clients, range, extent, &mut |message| {
        let (Ok(partition), Ok(offset)) =
            (u32::try_from(message.partition()), u64::try_from(message.offset()))
        else {
            return Ok(());
        };
        let key = message.key().unwrap_or_default().to_vec();
        let value = message.payload().map(<[u8]>::to_vec);
        let written = message.timestamp().to_millis().map(Time::from_millis);
        sink(offset, written, CheckpointRecord { partition, key, value });
        Ok(())
    })
}

/// Whether a partition has a committed record at this offset; none if there is no such offset any more, or not yet.
///
/// # Errors
/// As [`extent`] and [`read`].
pub(crate) fn has_committed(
    clients: &Clients,
    topic: &str,
    partition: u32,
    offset: u64,
) -> Result<Option<bool>, Failure> {
    let (partition, from, to) = (Some(partition), Some(offset), Some(offset + 1));
    let range = TopicRange { topic: topic.to_owned(), partition, from, to, since: None };
    let extent = extent(clients, &range)?;
    if extent.spans.is_empty() {
        return Ok(None);
    }
    let mut found = false;
    read_messages(clients, &range, &extent, &mut |_| {
        found = true;
        Ok(())
    })?;
    Ok(Some(found))
}

/// What a reader does with a message.
type Take<'a> = dyn FnMut(&BorrowedMessage<'_>) -> Result<(), Failure> + 'a;

fn read_messages(
    clients: &Clients,
    range: &TopicRange,
    extent: &Extent,
    take: &mut Take<'_>,
) -> Result<(), Failure> {
    let consumer = read_committed(clients)?;
    let (mut assigned, mut ends) = (TopicPartitionList::new(), BTreeMap::new());
    for (partition, (from, end)) in &extent.spans {
        let number = i32::try_from(*partition).unwrap_or(i32::MAX);
        assigned
            .add_partition_offset(&range.topic, number, at(*from))
            .map_err(|error| unread(range, &error))?;
        ends.insert(SourcePartition { topic: range.topic.clone(), partition: *partition }, *end);
    }
    consumer.assign(&assigned).map_err(|error| unread(range, &error))?;
    drain(&consumer, range, ends, take)
}

/// A read-committed consumer without a group. Nothing is assigned yet.
///
/// # Errors
/// librdkafka rejects the settings.
pub(crate) fn read_committed(clients: &Clients) -> Result<BaseConsumer<BasicContext>, Failure> {
    let config = clients.range_reader().map_err(invalid_config)?;
    let consumer: BaseConsumer<BasicContext> =
        config.create_with_context(clients.context()).map_err(|error| rejected_config(&error))?;
    // librdkafka requests a token by an event. No record is lost: nothing is assigned.
    drop(consumer.poll(EVENTS_MS));
    Ok(consumer)
}

fn forbidden(range: &TopicRange) -> Failure {
    let needs = needs_permission(&format!("READ on topic {}", range.topic));
    Failure::new(Exit::Config, format!("cannot read {range}")).with_cause(needs)
}

fn unread(range: &TopicRange, error: &KafkaError) -> Failure {
    if error.rdkafka_error_code() == Some(Code::TopicAuthorizationFailed) {
        return forbidden(range);
    }
    let exit = if is_unreachable(error) { Exit::Broker } else { Exit::Input };
    Failure::new(exit, format!("cannot read {range}")).because(error)
}

/// The first offset and the end (last stable offset) of a partition.
fn bounds(consumer: &BaseConsumer<BasicContext>, partition: &SourcePartition) -> Result<(u64, u64), Failure> {
    let unanswered = || Failure::new(Exit::Broker, format!("no broker sends the end of {}", partition.topic));
    let watch = Stopwatch::start();
    while watch.elapsed() < READ_SECONDS {
        match watermarks(consumer, partition) {
            Ok(Answer::Ready(bounds)) => return Ok(bounds),
            // The poll waits, and serves a request for a token. No record is lost: nothing is assigned.
            Ok(Answer::Wait) => drop(consumer.poll(READ_POLL_MS)),
            Err(Fault::Fenced(why) | Fault::Broken(why) | Fault::Forbidden(why) | Fault::Partition(why)) => {
                return Err(unanswered().with_cause(why));
            }
        }
    }
    Err(unanswered())
}

/// The offset of the first record with this timestamp or a later one. `None`: there is no such record.
fn first_since(
    consumer: &BaseConsumer<BasicContext>,
    partition: &SourcePartition,
    time: Time,
) -> Result<Option<u64>, Failure> {
    let watch = Stopwatch::start();
    loop {
        match offset_of_time(consumer, partition, time) {
            Ok(Answer::Ready(offset)) => return Ok(offset),
            Ok(Answer::Wait) if watch.elapsed() < READ_SECONDS => drop(consumer.poll(READ_POLL_MS)),
            Ok(Answer::Wait) => {
                let why = format!("no broker sends the offset of a time in {}", partition.topic);
                return Err(Failure::new(Exit::Broker, why));
            }
            Err(fault) => {
                let failure = Failure::new(Exit::Input, format!("cannot read {}", partition.topic));
                return Err(failure.because(&fault));
            }
        }
    }
}

/// Reads until every partition is at its end.
fn drain(
    consumer: &BaseConsumer<BasicContext>,
    range: &TopicRange,
    mut ends: BTreeMap<SourcePartition, u64>,
    take: &mut Take<'_>,
) -> Result<(), Failure> {
    let mut progress = Stopwatch::start();
    while !ends.is_empty() {
        let done = match consumer.poll(READ_POLL_MS) {
            Some(Ok(message)) => {
                progress = Stopwatch::start();
                let Ok(partition) = u32::try_from(message.partition()) else { continue };
                let Ok(offset) = u64::try_from(message.offset()) else { continue };
                let partition = SourcePartition { topic: range.topic.clone(), partition };
                let Some(end) = ends.get(&partition).copied() else { continue };
                let is_last = offset + 1 >= end;
                if offset < end {
                    take(&message)?;
                }
                is_last.then_some(partition)
            }
            // The last offset may be a control record, which is not returned: then the end of the partition is reported.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                progress = Stopwatch::start();
                u32::try_from(partition)
                    .ok()
                    .map(|partition| SourcePartition { topic: range.topic.clone(), partition })
            }
            Some(Err(error)) if !is_unreachable(&error) => return Err(unread(range, &error)),
            Some(Err(_)) | None if progress.elapsed() > READ_SECONDS => {
                return Err(Failure::new(
                    Exit::Broker,
                    format!("no broker answered for {READ_SECONDS:?}: {range} is read in part"),
                ));
            }
            Some(Err(_)) | None => None,
        };
        if let Some(partition) = done.filter(|partition| ends.remove(partition).is_some()) {
            // Records after the end need not be fetched.
            let finished = list(&[partition], Offset::Invalid)
                .map_err(|fault| Failure::new(Exit::Input, format!("cannot read {range}")).because(&fault))?;
            consumer.pause(&finished).map_err(|error| unread(range, &error))?;
        }
    }
    Ok(())
}
