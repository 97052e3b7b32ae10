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
use crate::kafka::timeouts::{ABORT_SECONDS, COMMIT_SECONDS};
use crate::stage::port::Fault;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer};
use std::sync::Arc;

/// The next offsets of a group, and its metadata.
pub(crate) type Offsets<'a> = (&'a Places, &'a Arc<ConsumerGroupMetadata>);

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
