//! Follows a topic from its beginning, as a read-committed reader without a group sees it.

use crate::host::clock::Stopwatch;
use crate::host::exit::{Exit, Failure};
use crate::kafka::context::BasicContext;
use crate::kafka::decode::source_record;
use crate::kafka::errors::is_unreachable;
use crate::kafka::log_bounds::watermarks;
use crate::kafka::metadata::rejected_config;
use crate::kafka::partitions::list;
use crate::kafka::range_reader::read_committed;
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{READ_POLL_MS, READ_SECONDS};
use crate::stage::Stage;
use crate::stage::port::{Answer, SourcePartition, SourceRecord};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use std::time::Duration;

/// A reader of all partitions of a topic.
pub(crate) struct TopicFollower {
    consumer: BaseConsumer<BasicContext>,
    topic: String,
    partitions: Vec<SourcePartition>,
}

impl TopicFollower {
    /// Starts at offset 0 of each partition. `partitions`: how many the topic has.
    ///
    /// # Errors
    /// librdkafka rejects the settings.
    pub(crate) fn new(clients: &Clients, topic: &str, partitions: u32) -> Result<TopicFollower, Failure> {
        let consumer = read_committed(clients)?;
        let partition = |partition| SourcePartition { topic: topic.to_owned(), partition };
        let partitions: Vec<SourcePartition> = (0..partitions).map(partition).collect();
        let from = list(&partitions, Offset::Offset(0))
            .map_err(|fault| Failure::new(Exit::Broker, format!("cannot read {topic}")).because(&fault))?;
        consumer.assign(&from).map_err(|error| rejected_config(&error))?;
        Ok(TopicFollower { consumer, topic: topic.to_owned(), partitions })
    }

    fn failure(&self, error: &KafkaError) -> Failure {
        Failure::new(Exit::Broker, format!("cannot read {}", self.topic)).because(error)
    }

    /// The records that have arrived since the last call. Does not wait.
    ///
    /// # Errors
    /// The topic cannot be read.
    pub(crate) fn new_records(&self) -> Result<Vec<SourceRecord>, Failure> {
        self.poll(Duration::ZERO)
    }

    fn poll(&self, wait: Duration) -> Result<Vec<SourceRecord>, Failure> {
        let (mut records, mut wait) = (Vec::new(), wait);
        while let Some(polled) = self.consumer.poll(std::mem::take(&mut wait)) {
            match polled {
                Ok(message) => records.extend(source_record(&message, Stage::Router)),
                Err(KafkaError::PartitionEOF(_)) => {}
                Err(error) if is_unreachable(&error) => {}
                Err(error) => return Err(self.failure(&error)),
            }
        }
        Ok(records)
    }

    /// The records up to the present end of the topic. Waits up to [`READ_SECONDS`] for them.
    ///
    /// # Errors
    /// They do not arrive in time.
    pub(crate) fn remaining_records(&self) -> Result<Vec<SourceRecord>, Failure> {
        let watch = Stopwatch::start();
        let mut records = Vec::new();
        for partition in &self.partitions {
            let end = loop {
                match watermarks(&self.consumer, partition) {
                    Ok(Answer::Ready((_, end))) => break end,
                    // The poll also serves a request for a token, without which no broker answers.
                    Ok(Answer::Wait) if watch.elapsed() < READ_SECONDS => {
                        records.extend(self.poll(READ_POLL_MS)?)
                    }
                    Ok(Answer::Wait) => return Err(self.unanswered()),
                    Err(fault) => return Err(self.unanswered().because(&fault)),
                }
            };
            while self.position(partition)? < end {
                if watch.elapsed() > READ_SECONDS {
                    return Err(self.unanswered());
                }
                records.extend(self.poll(READ_POLL_MS)?);
            }
        }
        Ok(records)
    }

    fn unanswered(&self) -> Failure {
        Failure::new(
            Exit::Broker,
            format!("no broker sends the end of {} within {READ_SECONDS:?}", self.topic),
        )
    }

    /// The position of librdkafka. It passes control records, which are never returned by a poll.
    fn position(&self, partition: &SourcePartition) -> Result<u64, Failure> {
        let positions = self.consumer.position().map_err(|error| self.failure(&error))?;
        let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
        let found =
            positions.find_partition(&partition.topic, number).and_then(|found| found.offset().to_raw());
        Ok(found.and_then(|offset| u64::try_from(offset).ok()).unwrap_or_default())
    }
}
