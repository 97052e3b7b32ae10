//! Transactions that a broker has aborted, but not on all their partitions.
//!
//! When the coordinator of a transaction writes its markers, it takes partitions without a leader for deleted and leaves them out,
//! as right after a kill of their only replica. There the records and offsets stay undecided: readers wait behind them, the group's
//! committed offset is never answered, and the next commit of the transactional id would commit them.

use crate::encode::record::OutgoingRecord;
use crate::kafka::context::BasicContext;
use crate::kafka::errors::fault;
use crate::kafka::send::{base_record, enqueue, flush, send_offsets};
use crate::kafka::timeouts::{ABORT_SECONDS, REQUEST_MS};
use crate::stage::port::Fault;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer};
use std::sync::Arc;

/// Aborts a transaction with an empty record in each partition of these topics, and over the offsets of the group. Its markers end
/// what an earlier transaction of the same transactional id left undecided there.
///
/// # Errors
/// The brokers do not take it. The producer is of no further use.
pub(crate) fn abort_everywhere(
    producer: &Arc<BaseProducer<BasicContext>>,
    topics: &[String],
    offsets: &TopicPartitionList,
    group: &Arc<ConsumerGroupMetadata>,
) -> Result<(), Fault> {
    let failed = |error: KafkaError| fault("ending a transaction that a broker forgot", &error);
    producer.begin_transaction().map_err(failed)?;
    for topic in topics {
        let metadata = producer.client().fetch_metadata(Some(topic), REQUEST_MS).map_err(failed)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        for partition in partitions.filter_map(|partition| u32::try_from(partition.id()).ok()) {
            // A compacted topic takes no record without a key.
            let (partition, key) = (Some(partition), Some([].as_slice().into()));
            let record = OutgoingRecord { topic, partition, key, value: None, headers: Vec::new() };
            enqueue(producer, base_record(&record)?, ABORT_SECONDS).map_err(failed)?;
        }
    }
    let Some(sent) = send_offsets(producer, offsets, group, ABORT_SECONDS) else {
        return Err(Fault::Broken("offsets are not answered for".to_owned()));
    };
    sent.map_err(failed)?;
    if !flush(producer, ABORT_SECONDS) {
        return Err(Fault::Broken(format!("a partition takes no record within {ABORT_SECONDS:?}")));
    }
    producer.abort_transaction(ABORT_SECONDS).map_err(failed)
}
