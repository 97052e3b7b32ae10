//! The clients that the workers of both stages have: a group consumer and a transactional producer.
//!
//! Each worker is one OS thread with a `BaseConsumer` and blocking transaction calls, also where the rest of the process runs
//! on tokio. The transaction calls of librdkafka block, and a rebalance is answered only after the state of the revoked
//! partitions is committed ([`crate::kafka::consumer`]): on a runtime, both would block a thread of it.

use crate::encode::record::OutgoingRecord;
use crate::kafka::consumer::GroupConsumer;
use crate::kafka::limits::Limits;
use crate::kafka::output::Output;
use crate::kafka::settings::Clients;
use crate::kafka::transactional_id::Group;
use crate::kafka::transactions::TransactionalProducer;
use crate::observe::metrics::{Metrics, Spent};
use crate::observe::traces::Traces;
use crate::stage::Stage;
use crate::stage::port::{Answer, Fault, Outcome, SourcePartition};
use rdkafka::TopicPartitionList;

/// The clients of one worker, its metrics and its traces.
pub(crate) struct WorkerClients {
    pub(crate) consumer: GroupConsumer,
    producer: TransactionalProducer,
    /// The longest records of the topics that are written.
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) traces: Traces,
}

/// The topics of a worker.
pub(crate) struct UsedTopics<'a> {
    /// Its consumer subscribes to them.
    pub(crate) read: &'a [&'a str],
    /// Its transactions write to it.
    pub(crate) output: &'a str,
}

impl WorkerClients {
    /// Takes the transactional id, then subscribes to the topics.
    ///
    /// # Errors
    /// No broker can be reached, or librdkafka rejects the settings.
    pub(crate) fn new(
        clients: &Clients,
        stage: Stage,
        worker: u16,
        topics: &UsedTopics<'_>,
        limits: Limits,
        metrics: Metrics,
        traces: Traces,
    ) -> Result<WorkerClients, Fault> {
        let producer = TransactionalProducer::new(
            clients,
            stage,
            worker,
            limits.smallest(),
            limits.topics(),
            metrics.clone(),
        )?;
        let consumer = GroupConsumer::join(
            clients,
            stage,
            worker,
            topics.read,
            Output::new(topics.output),
            metrics.clone(),
        )?;
        Ok(WorkerClients { consumer, producer, limits, metrics, traces })
    }

    /// The time of the worker that its own work did not take.
    pub(crate) fn spent(&self) -> Spent {
        Spent { waiting: self.consumer.waited(), committing: self.producer.took() }
    }

    /// Why nothing is written, while that lasts.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.producer.refused()
    }

    /// Serves the events of the producer. Called before each poll of the consumer.
    pub(crate) fn serve_events(&mut self) {
        let group = Group { consumer: &self.consumer, metadata: self.consumer.metadata() };
        self.producer.serve_events(group);
    }

    /// As [`crate::stage::port::DetectorPort::committed`]. Ends a transaction of this worker whose outcome is unknown.
    pub(crate) fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        let group = Group { consumer: &self.consumer, metadata: self.consumer.metadata() };
        self.producer.end_unknown(group);
        if self.consumer.has_waited_for_offset(partition) {
            self.producer.end_forgotten(partition, group);
        }
        let answer = self.consumer.committed(partition)?;
        if let Answer::Ready(committed) = answer {
            self.producer.settle(partition, committed)?;
        }
        Ok(answer)
    }

    /// One transaction with the group metadata of the last assignment.
    pub(crate) fn commit<'a>(
        &mut self,
        records: impl Iterator<Item = OutgoingRecord<'a>>,
        offsets: &TopicPartitionList,
    ) -> Result<Outcome, Fault> {
        self.consumer.check_topics()?;
        let group = Group { consumer: &self.consumer, metadata: self.consumer.metadata() };
        self.producer.commit(records, offsets, group)
    }
}
