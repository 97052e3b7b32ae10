//! Whether a partition still has what was read of it, and what is said when it has not.

use crate::host::clock::Stopwatch;
use crate::kafka::consumer::QUESTION;
use crate::kafka::context::MemberContext;
use crate::kafka::errors::{Tried, fault, may_pass};
use crate::kafka::partitions::{at, list, signed};
use crate::stage::port::{Answer, Fault, SourcePartition};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

/// Partitions that end before their committed offsets, and since when.
#[derive(Debug, Default)]
pub struct Reach {
    short: BTreeMap<SourcePartition, Stopwatch>,
}

/// How long a partition may be shorter than it was: a new leader may not yet know how far it was.
const SHORT: Duration = Duration::from_secs(15);
/// What begins the metadata of a committed offset that is not to be gone on from.
const NOTE: &str = "adcs-watch: ";

impl Reach {
    /// The first offset that is still there, and the end of what is stable, of a partition that was read up to `reaches`.
    ///
    /// # Errors
    /// When it stays shorter. That is noted in the group beside the committed offset, or when the partition has grown
    /// beyond it the records in between would be passed over as if they had been read.
    pub fn bounds(
        &mut self,
        consumer: &BaseConsumer<MemberContext>,
        partition: &SourcePartition,
        reaches: Option<u64>,
    ) -> Result<Answer<(u64, u64)>, Fault> {
        let Answer::Ready((first, end)) = watermarks(consumer, partition)? else { return Ok(Answer::Wait) };
        let Some(committed) = reaches.filter(|reaches| *reaches > end) else {
            self.short.remove(partition);
            return Ok(Answer::Ready((first, end)));
        };
        if self.short.entry(partition.clone()).or_insert_with(Stopwatch::start).elapsed() < SHORT {
            return Ok(Answer::Wait);
        }
        let SourcePartition { topic, partition: number } = partition;
        let why = format!(
            "{topic} [{number}] ends at offset {end}, before the group's committed offset {committed}: it was truncated, or \
             deleted and made anew; to fix: set the group's offset to where it is to be read from, or delete it"
        );
        note(consumer, partition, committed, &why)?;
        Err(Fault::Partition(why))
    }
}

/// Whoever asks for the committed offset is told this, until somebody sets the offset anew.
fn note(
    consumer: &BaseConsumer<MemberContext>,
    partition: &SourcePartition,
    offset: u64,
    why: &str,
) -> Result<(), Fault> {
    let failed = |error: KafkaError| fault("noting what is wrong with a partition", &error);
    let mut offsets = TopicPartitionList::with_capacity(1);
    let mut element = offsets.add_partition(&partition.topic, signed(partition.partition)?);
    element.set_offset(at(offset)).map_err(failed)?;
    element.set_metadata(format!("{NOTE}{why}"));
    consumer.commit(&offsets, CommitMode::Sync).map_err(failed)
}

/// Whether a committed offset has a note beside it.
///
/// # Errors
/// What is noted.
pub fn noted(committed: &TopicPartitionListElem<'_>) -> Result<(), Fault> {
    match committed.metadata().strip_prefix(NOTE) {
        Some(why) => Err(Fault::Partition(why.to_owned())),
        None => Ok(()),
    }
}

/// What is said, and done, when a topic was deleted and made anew while these partitions of it were ours.
///
/// With the topic went its committed offsets. If there is one, we have committed it since: it is one of the old topic.
///
/// # Errors
/// Always.
pub fn replaced<'a>(
    consumer: &BaseConsumer<MemberContext>,
    topic: &str,
    partitions: impl Iterator<Item = &'a u32>,
) -> Result<(), Fault> {
    let why = format!("{topic} was deleted and made anew while it was read");
    for partition in partitions {
        let place = SourcePartition { topic: topic.to_owned(), partition: *partition };
        let asked = list(std::slice::from_ref(&place), Offset::Invalid)?;
        let committed = consumer.committed_offsets(asked, QUESTION).ok();
        let committed = committed.and_then(|list| list.elements().first().and_then(|e| e.offset().to_raw()));
        if let Some(offset) = committed.and_then(|offset| u64::try_from(offset).ok()) {
            let what = format!(
                "{why}, and the group's committed offset {offset} of partition {partition} is one of the old topic; to fix: \
                 set the group's offset to where the new one is to be read from, or delete it"
            );
            note(consumer, &place, offset, &what)?;
        }
    }
    Err(Fault::Broken(why))
}

/// Whether the error says that an offset is not there.
pub fn is_out_of_range(error: &KafkaError) -> bool {
    let codes = [Code::AutoOffsetReset, Code::OffsetOutOfRange];
    error.rdkafka_error_code().is_some_and(|code| codes.contains(&code))
}

/// What is wrong when an offset that was to be read is not there: `started` has the next offset of each partition that is read.
pub fn out_of_range(consumer: &BaseConsumer<MemberContext>, started: &[(SourcePartition, u64)]) -> Fault {
    let mut said = "an offset that was to be read is not there any more".to_owned();
    for (place, next) in started {
        if let Ok(Answer::Ready((first, end))) = watermarks(consumer, place)
            && !(first..=end).contains(next)
        {
            let SourcePartition { topic, partition } = place;
            said += &format!("; {topic} [{partition}] has offsets {first} to {end}, {next} was to come");
        }
    }
    Fault::Broken(said + ": records were deleted, or the topic was deleted and made anew")
}

/// The first offset that is still there, and the end of what this client may see.
pub fn watermarks<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partition: &SourcePartition,
) -> Result<Answer<(u64, u64)>, Fault> {
    match consumer.fetch_watermarks(&partition.topic, signed(partition.partition)?, QUESTION) {
        Ok((low, high)) => {
            let (low, high) = (u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0));
            Ok(Answer::Ready((low, high)))
        }
        Err(error) if may_pass(&error) => Ok(Answer::Wait),
        Err(error) => {
            let tried = Tried { read: vec![partition.topic.clone()], ..Tried::default() };
            Err(tried.fault("asking where a partition begins and ends", &error))
        }
    }
}
