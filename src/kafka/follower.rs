//! Follows a topic from its beginning, as a read-committed reader without a group sees it.

use crate::host::clock::Stopwatch;
use crate::host::exit::{Exit, Failure};
use crate::kafka::context::Chatter;
use crate::kafka::decode::source_record;
use crate::kafka::errors::is_unreachable;
use crate::kafka::log_bounds::watermarks;
use crate::kafka::metadata::refused;
use crate::kafka::partitions::list;
use crate::kafka::range_reader::reader;
use crate::kafka::settings::Clients;
use crate::stage::Stage;
use crate::stage::port::{Answer, SourcePartition, SourceRecord};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use std::time::Duration;

/// The reader.
pub struct Tail {
    consumer: BaseConsumer<Chatter>,
    topic: String,
    partitions: Vec<SourcePartition>,
}

/// How long the last records may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one look for them waits.
const LOOK: Duration = Duration::from_millis(100);

impl Tail {
    /// Begins at the beginning of each partition.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(clients: &Clients, topic: &str, partitions: u32) -> Result<Tail, Failure> {
        let consumer = reader(clients)?;
        let place = |partition| SourcePartition { topic: topic.to_owned(), partition };
        let partitions: Vec<SourcePartition> = (0..partitions).map(place).collect();
        let from = list(&partitions, Offset::Offset(0))
            .map_err(|fault| Failure::new(Exit::Broker, format!("cannot read {topic}")).because(&fault))?;
        consumer.assign(&from).map_err(|error| refused(&error))?;
        Ok(Tail { consumer, topic: topic.to_owned(), partitions })
    }

    fn unread(&self, error: &KafkaError) -> Failure {
        Failure::new(Exit::Broker, format!("cannot read {}", self.topic)).because(error)
    }

    /// What has come, without waiting.
    ///
    /// # Errors
    /// When the topic cannot be read.
    pub fn fresh(&self) -> Result<Vec<SourceRecord>, Failure> {
        self.take(Duration::ZERO)
    }

    fn take(&self, wait: Duration) -> Result<Vec<SourceRecord>, Failure> {
        let (mut records, mut wait) = (Vec::new(), wait);
        while let Some(polled) = self.consumer.poll(std::mem::take(&mut wait)) {
            match polled {
                Ok(message) => records.extend(source_record(&message, Stage::Router)),
                Err(KafkaError::PartitionEOF(_)) => {}
                Err(error) if is_unreachable(&error) => {}
                Err(error) => return Err(self.unread(&error)),
            }
        }
        Ok(records)
    }

    /// Everything up to the end that the topic has now.
    ///
    /// # Errors
    /// When no broker brings it in time.
    pub fn rest(&self) -> Result<Vec<SourceRecord>, Failure> {
        let watch = Stopwatch::start();
        let mut records = Vec::new();
        for place in &self.partitions {
            let end = loop {
                match watermarks(&self.consumer, place) {
                    Ok(Answer::Ready((_, end))) => break end,
                    // What keeps it may be a token that is to be renewed, which is asked for by an event.
                    Ok(Answer::Wait) if watch.elapsed() < PATIENCE => records.extend(self.take(LOOK)?),
                    Ok(Answer::Wait) => return Err(self.silent()),
                    Err(fault) => return Err(self.silent().because(&fault)),
                }
            };
            while self.position(place)? < end {
                if watch.elapsed() > PATIENCE {
                    return Err(self.silent());
                }
                records.extend(self.take(LOOK)?);
            }
        }
        Ok(records)
    }

    fn silent(&self) -> Failure {
        Failure::new(Exit::Broker, format!("no broker says how {} ends", self.topic))
    }

    /// How far it has read: also over the marks of transactions, which are never handed out.
    fn position(&self, place: &SourcePartition) -> Result<u64, Failure> {
        let positions = self.consumer.position().map_err(|error| self.unread(&error))?;
        let number = i32::try_from(place.partition).unwrap_or(i32::MAX);
        let found = positions.find_partition(&place.topic, number).and_then(|found| found.offset().to_raw());
        Ok(found.and_then(|offset| u64::try_from(offset).ok()).unwrap_or_default())
    }
}
