//! Transactions that a broker has ended, but not on all their partitions.
//!
//! When the coordinator of a transaction writes its markers, it takes partitions without a leader for deleted and leaves them out
//! (KAFKA-20734, in Kafka 4.4 and some versions before it), as right after a kill of their only replica. There the records and
//! offsets stay undecided: readers wait behind them, the group's committed offset is never answered, and the next transaction of the
//! transactional id decides them as it ends itself. So whatever a transaction left undecided is ended in the way in which it ended.

use crate::encode::record::OutgoingRecord;
use crate::kafka::context::BasicContext;
use crate::kafka::errors::fault;
use crate::kafka::last_transaction::Places;
use crate::kafka::send::{base_record, enqueue, flush, send_offsets};
use crate::kafka::timeouts::{ABORT_SECONDS, COMMIT_SECONDS, REQUEST_MS};
use crate::stage::port::Fault;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseProducer, Producer};
use std::sync::Arc;

/// The next offsets of a group, and its metadata.
pub(crate) type Offsets<'a> = (&'a Places, &'a Arc<ConsumerGroupMetadata>);

/// Those partitions where the records up to this offset are not decided: the last stable offset stands before them. That may also be
/// due to an open transaction of another producer which began earlier.
///
/// # Errors
/// A broker does not answer.
pub(crate) fn undecided(
    producer: &BaseProducer<BasicContext>,
    written: &Places,
) -> Result<Places, KafkaError> {
    let mut undecided = Places::default();
    for (topic, partition, offset) in written.iter() {
        // A producer's requests are read-committed unless it is configured otherwise.
        match producer.client().fetch_watermarks(topic, partition, REQUEST_MS) {
            Ok((_, stable)) if stable > offset => {}
            Ok(_) => undecided.note(topic, partition, offset),
            // A broker that has just started does not know its partitions yet.
            Err(error) if is_unknown(&error) && !exists(producer, topic, partition)? => {}
            Err(error) => return Err(error),
        }
    }
    Ok(undecided)
}

fn is_unknown(error: &KafkaError) -> bool {
    let codes = [Code::UnknownTopicOrPartition, Code::UnknownTopic, Code::UnknownPartition];
    error.rdkafka_error_code().is_some_and(|code| codes.contains(&code))
}

fn exists(producer: &BaseProducer<BasicContext>, topic: &str, partition: i32) -> Result<bool, KafkaError> {
    let metadata = producer.client().fetch_metadata(Some(topic), REQUEST_MS)?;
    let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    Ok(partitions.any(|known| known.id() == partition))
}

/// The partitions of these topics, each with offset 0.
///
/// # Errors
/// A broker does not answer.
pub(crate) fn everywhere(producer: &BaseProducer<BasicContext>, topics: &[String]) -> Result<Places, Fault> {
    let mut everywhere = Places::default();
    for topic in topics {
        let metadata = producer.client().fetch_metadata(Some(topic), REQUEST_MS).map_err(failed)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        partitions.for_each(|partition| everywhere.note(topic, partition.id(), 0));
    }
    Ok(everywhere)
}

/// Aborts a transaction with an empty record in each of these partitions, and with these offsets. Its markers end what an earlier
/// transaction of the same transactional id left undecided there.
///
/// # Errors
/// The brokers do not take it. The producer is of no further use.
pub(crate) fn abort_rest(
    producer: &Arc<BaseProducer<BasicContext>>,
    rest: &Places,
    offsets: Offsets<'_>,
) -> Result<(), Fault> {
    begin(producer, rest, offsets)?;
    producer.abort_transaction(ABORT_SECONDS).map_err(failed)
}

/// As [`abort_rest`], with a transaction that is committed.
///
/// # Errors
/// The brokers do not take it. The producer is of no further use.
pub(crate) fn commit_rest(
    producer: &Arc<BaseProducer<BasicContext>>,
    rest: &Places,
    offsets: Offsets<'_>,
) -> Result<(), Fault> {
    begin(producer, rest, offsets)?;
    producer.commit_transaction(COMMIT_SECONDS).map_err(failed)
}

/// Begins a transaction with an empty record in each of these partitions.
fn begin(
    producer: &Arc<BaseProducer<BasicContext>>,
    places: &Places,
    (offsets, group): Offsets<'_>,
) -> Result<(), Fault> {
    producer.begin_transaction().map_err(failed)?;
    for (topic, partition, _) in places.iter() {
        // A compacted topic takes no record without a key.
        let (partition, key) = (u32::try_from(partition).ok(), Some([].as_slice().into()));
        let record = OutgoingRecord { topic, partition, key, value: None, headers: Vec::new() };
        enqueue(producer, base_record(&record)?, ABORT_SECONDS).map_err(failed)?;
    }
    if !offsets.is_empty() {
        let Some(sent) = send_offsets(producer, &offsets.list()?, group, ABORT_SECONDS) else {
            return Err(Fault::Broken("offsets are not answered for".to_owned()));
        };
        sent.map_err(failed)?;
    }
    if !flush(producer, ABORT_SECONDS) {
        return Err(Fault::Broken(format!("a partition takes no record within {ABORT_SECONDS:?}")));
    }
    Ok(())
}

fn failed(error: KafkaError) -> Fault {
    fault("ending a transaction that a broker forgot", &error)
}
