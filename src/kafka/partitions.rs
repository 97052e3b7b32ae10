//! Partitions and offsets as Kafka's clients take them.

use crate::kafka::errors::fault;
use crate::stage::port::{Fault, SourcePartition};
use rdkafka::{Offset, TopicPartitionList};

/// Kafka's number of a partition.
pub fn signed(partition: u32) -> Result<i32, Fault> {
    i32::try_from(partition).map_err(|_| Fault::Broken(format!("{partition} is no partition")))
}

/// An offset as Kafka's clients take it.
pub fn at(offset: u64) -> Offset {
    Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX))
}

/// Kafka's list of partitions, each with the next offset, to commit them.
pub fn offsets<'a>(
    places: impl ExactSizeIterator<Item = (&'a str, u32, u64)>,
) -> Result<TopicPartitionList, Fault> {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for (topic, partition, next) in places {
        list.add_partition_offset(topic, signed(partition)?, at(next))
            .map_err(|error| fault("naming an offset", &error))?;
    }
    Ok(list)
}

/// Kafka's list of partitions.
pub fn list(partitions: &[SourcePartition], offset: Offset) -> Result<TopicPartitionList, Fault> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for SourcePartition { topic, partition } in partitions {
        list.add_partition_offset(topic, signed(*partition)?, offset)
            .map_err(|error| fault("naming a partition", &error))?;
    }
    Ok(list)
}
