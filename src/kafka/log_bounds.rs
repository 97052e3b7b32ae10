//! The bounds of a partition's log, and whether what was read of it is still there.

use crate::event::time::Time;
use crate::host::clock::Stopwatch;
use crate::kafka::context::GroupContext;
use crate::kafka::errors::{Resources, fault, is_transient};
use crate::kafka::partitions::{at, list, number};
use crate::kafka::timeouts::{REQUEST_MS, SHORT_LOG_SECONDS};
use crate::stage::port::{Answer, Fault, SourcePartition};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;

/// Partitions that end before their committed offset, and since when.
#[derive(Debug, Default)]
pub(crate) struct LogBounds {
    short: BTreeMap<SourcePartition, Stopwatch>,
}

/// The prefix of the metadata of a committed offset that must not be used.
const NOTE: &str = "adcs-watch: ";

impl LogBounds {
    /// The first offset and the end (last stable offset) of a partition that was read up to `reaches`. [`Answer::Wait`] while it
    /// ends before that: a new leader may not know the end yet.
    ///
    /// # Errors
    /// It ends before `reaches` for [`SHORT_LOG_SECONDS`]. The group's committed offset is marked then: otherwise, once the
    /// partition has grown beyond it, the records in between would be skipped as if they had been read.
    pub(crate) fn check(
        &mut self,
        consumer: &BaseConsumer<GroupContext>,
        partition: &SourcePartition,
        reaches: Option<u64>,
    ) -> Result<Answer<(u64, u64)>, Fault> {
        let Answer::Ready((first, end)) = watermarks(consumer, partition)? else { return Ok(Answer::Wait) };
        let Some(committed) = reaches.filter(|reaches| *reaches > end) else {
            self.short.remove(partition);
            return Ok(Answer::Ready((first, end)));
        };
        let since = self.short.entry(partition.clone()).or_insert_with(Stopwatch::start);
        if since.elapsed() < SHORT_LOG_SECONDS {
            return Ok(Answer::Wait);
        }
        let SourcePartition { topic, partition: number } = partition;
        let why = format!(
            "{topic} [{number}] ends at offset {end}, before the group's committed offset {committed}: it was truncated, or \
             deleted and re-created; to fix: set the group's offset to where reading should continue, or delete it"
        );
        mark(consumer, partition, committed, &why)?;
        Err(Fault::Partition(why))
    }
}

/// Writes the reason beside the committed offset. Every consumer that requests it gets the reason, until the offset is set again.
fn mark(
    consumer: &BaseConsumer<GroupContext>,
    partition: &SourcePartition,
    offset: u64,
    why: &str,
) -> Result<(), Fault> {
    let failed = |error: KafkaError| fault("marking a committed offset", &error);
    let mut offsets = TopicPartitionList::with_capacity(1);
    let mut element = offsets.add_partition(&partition.topic, number(partition.partition)?);
    element.set_offset(at(offset)).map_err(failed)?;
    element.set_metadata(format!("{NOTE}{why}"));
    consumer.commit(&offsets, CommitMode::Sync).map_err(failed)
}

/// Checks that a committed offset is not marked.
///
/// # Errors
/// The reason beside it.
pub(crate) fn check_mark(committed: &TopicPartitionListElem<'_>) -> Result<(), Fault> {
    match committed.metadata().strip_prefix(NOTE) {
        Some(why) => Err(Fault::Partition(why.to_owned())),
        None => Ok(()),
    }
}

/// The fault of a topic that was re-created while these partitions of it were read.
///
/// The committed offsets were deleted with the topic. One that is there was committed afterwards by this consumer, for the old
/// topic: it is marked.
///
/// # Errors
/// A committed offset cannot be marked.
pub(crate) fn recreated<'a>(
    consumer: &BaseConsumer<GroupContext>,
    topic: &str,
    partitions: impl Iterator<Item = &'a u32>,
) -> Result<Fault, Fault> {
    let why = format!("{topic} was deleted and re-created while it was read");
    for partition in partitions {
        let partition = SourcePartition { topic: topic.to_owned(), partition: *partition };
        let requested = list(std::slice::from_ref(&partition), Offset::Invalid)?;
        let committed = consumer.committed_offsets(requested, REQUEST_MS).ok();
        let committed = committed.and_then(|list| list.elements().first().and_then(|e| e.offset().to_raw()));
        if let Some(offset) = committed.and_then(|offset| u64::try_from(offset).ok()) {
            let number = partition.partition;
            let why = format!(
                "{why}, and the group's committed offset {offset} of partition {number} is one of the old topic; to fix: set \
                 the group's offset to where the new topic should be read from, or delete it"
            );
            mark(consumer, &partition, offset, &why)?;
        }
    }
    Ok(Fault::Broken(why))
}

/// Whether the error means that an offset is not in the log.
pub(crate) fn is_out_of_range(error: &KafkaError) -> bool {
    let codes = [Code::AutoOffsetReset, Code::OffsetOutOfRange];
    error.rdkafka_error_code().is_some_and(|code| codes.contains(&code))
}

/// The fault of an offset that is not in the log. `started`: the next offset of each partition that is read.
pub(crate) fn out_of_range(
    consumer: &BaseConsumer<GroupContext>,
    started: &[(SourcePartition, u64)],
) -> Fault {
    let mut text = "the next offset to read is not in the log".to_owned();
    for (partition, next) in started {
        if let Ok(Answer::Ready((first, end))) = watermarks(consumer, partition)
            && !(first..=end).contains(next)
        {
            let SourcePartition { topic, partition } = partition;
            text += &format!("; {topic} [{partition}] has offsets {first} to {end}, the next is {next}");
        }
    }
    Fault::Broken(text + ": records were deleted, or the topic was deleted and re-created")
}

/// The first offset of a partition, and the end that this client may see.
pub(crate) fn watermarks<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partition: &SourcePartition,
) -> Result<Answer<(u64, u64)>, Fault> {
    match consumer.fetch_watermarks(&partition.topic, number(partition.partition)?, REQUEST_MS) {
        Ok((low, high)) => {
            let (low, high) = (u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0));
            Ok(Answer::Ready((low, high)))
        }
        Err(error) if is_transient(&error) => Ok(Answer::Wait),
        Err(error) => {
            let resources = Resources { read: vec![partition.topic.clone()], ..Resources::default() };
            Err(resources.fault("requesting the bounds of a partition", &error))
        }
    }
}

/// The offset of the first record with this timestamp or a later one. `None`: there is no such record.
pub(crate) fn offset_of_time<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partition: &SourcePartition,
    time: Time,
) -> Result<Answer<Option<u64>>, Fault> {
    let requested = list(std::slice::from_ref(partition), Offset::Offset(time.as_millis().max(0)))?;
    let answer = consumer.offsets_for_times(requested, REQUEST_MS);
    let found = answer.and_then(|answer| {
        let element =
            answer.elements().into_iter().next().map(|element| element.error().map(|()| element.offset()));
        element.transpose()
    });
    match found {
        Ok(Some(offset)) => Ok(Answer::Ready(offset.to_raw().and_then(|offset| u64::try_from(offset).ok()))),
        Ok(None) => Ok(Answer::Wait),
        Err(error) if is_transient(&error) => Ok(Answer::Wait),
        Err(error) => Err(fault("requesting the offset of a time", &error)),
    }
}
