//! Partitions and offsets as librdkafka takes them.

use crate::kafka::errors::fault;
use crate::stage::port::{Fault, SourcePartition};
use rdkafka::{Offset, TopicPartitionList};

/// The number of a partition.
///
/// # Errors
/// It is greater than Kafka's greatest, 2³¹ − 1.
pub(crate) fn number(partition: u32) -> Result<i32, Fault> {
    i32::try_from(partition).map_err(|_| Fault::Broken(format!("{partition} is no number of a partition")))
}

/// An offset. One beyond Kafka's greatest becomes that.
pub(crate) fn at(offset: u64) -> Offset {
    Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX))
}

/// The list of these partitions, each with its next offset and a note beside it, for a commit.
pub(crate) fn next_offsets<'a>(
    partitions: impl ExactSizeIterator<Item = (&'a str, u32, u64)>,
    note: &str,
) -> Result<TopicPartitionList, Fault> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition, next) in partitions {
        let mut element = list.add_partition(topic, number(partition)?);
        element.set_offset(at(next)).map_err(|error| fault("listing the offsets of a commit", &error))?;
        element.set_metadata(note);
    }
    Ok(list)
}

/// The list of these partitions, each with the same offset.
pub(crate) fn list(partitions: &[SourcePartition], offset: Offset) -> Result<TopicPartitionList, Fault> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for SourcePartition { topic, partition } in partitions {
        list.add_partition_offset(topic, number(*partition)?, offset)
            .map_err(|error| fault("listing partitions", &error))?;
    }
    Ok(list)
}
