//! Sending records: with room in the queue of the producer, and until they are delivered.

use crate::encode::record::OutgoingRecord;
use crate::host::clock::Stopwatch;
use crate::kafka::partitions::number;
use crate::kafka::timeouts::DELIVERY_POLL_MS;
use crate::stage::port::Fault;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
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
