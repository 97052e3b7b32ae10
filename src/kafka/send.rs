//! Sending records, with room in the queue of the producer and until they are delivered; and sending offsets within a time.

use crate::encode::record::OutgoingRecord;
use crate::host::clock::Stopwatch;
use crate::kafka::context::BasicContext;
use crate::kafka::partitions::number;
use crate::kafka::timeouts::{DELIVERY_POLL_MS, OFFSETS_GRACE_SECONDS};
use crate::stage::port::Fault;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// The record as rdkafka takes it.
///
/// # Errors
/// Its partition is no number that Kafka knows.
pub(crate) fn base_record<'a>(record: &'a OutgoingRecord<'_>) -> Result<BaseRecord<'a, [u8], [u8]>, Fault> {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
    for (key, value) in &record.headers {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    let mut next = BaseRecord::<[u8], [u8]>::to(record.topic).headers(headers);
    if let Some(partition) = record.partition {
        next = next.partition(number(partition)?);
    }
    if let Some(key) = &record.key {
        next = next.key(key);
    }
    if let Some(value) = &record.value {
        next = next.payload(value);
    }
    Ok(next)
}

/// Puts a record into the queue of the producer. Waits while the queue is full.
///
/// # Errors
/// The queue is full for longer than `timeout`, or librdkafka rejects the record.
pub(crate) fn enqueue<C: ProducerContext<DeliveryOpaque = ()>>(
    producer: &BaseProducer<C>,
    record: BaseRecord<'_, [u8], [u8]>,
    timeout: Duration,
) -> Result<(), KafkaError> {
    let (watch, mut next) = (Stopwatch::start(), record);
    loop {
        match producer.send(next) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(Code::QueueFull), again)) if watch.elapsed() < timeout => {
                producer.poll(DELIVERY_POLL_MS);
                next = again;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// Waits until all records are delivered or have failed; false if that takes longer than `timeout`. rdkafka's own flush polls
/// every 100 ms only.
pub(crate) fn flush<C: ProducerContext>(producer: &BaseProducer<C>, timeout: Duration) -> bool {
    let watch = Stopwatch::start();
    while producer.in_flight_count() > 0 {
        if watch.elapsed() > timeout {
            return false;
        }
        producer.poll(DELIVERY_POLL_MS);
    }
    true
}

/// Adds offsets to the transaction. None: librdkafka has not answered within `timeout`, and the producer is of no further use.
///
/// librdkafka (2.12) does not apply the time-out while it looks for the coordinator of the group. If its request for it fails, as
/// when brokers restart one after another, it waits until a broker connects or disconnects, without an end. So the call has a
/// thread of its own, which keeps the producer until librdkafka answers.
pub(crate) fn send_offsets(
    producer: &Arc<BaseProducer<BasicContext>>,
    offsets: &TopicPartitionList,
    group: &Arc<ConsumerGroupMetadata>,
    timeout: Duration,
) -> Option<Result<(), KafkaError>> {
    let (answer, answers) = mpsc::sync_channel(1);
    let (producer, offsets, group) = (Arc::clone(producer), offsets.clone(), Arc::clone(group));
    let call = move || {
        // Nobody waits any more if the answer is late.
        drop(answer.send(producer.send_offsets_to_transaction(&offsets, &group, timeout)));
    };
    thread::Builder::new().name("offsets".to_owned()).spawn(call).ok()?;
    answers.recv_timeout(timeout + OFFSETS_GRACE_SECONDS).ok()
}
