//! The log of a router: the source topics, and its transactions.

use crate::event::time::Time;
use crate::service::clock::pass;
use crate::service::config::topics::Source;
use crate::service::kafka::client::Clients;
use crate::service::kafka::member::{Member, signed};
use crate::service::kafka::producer::Producer;
use crate::service::kafka::records;
use crate::service::kafka::trouble::fault;
use crate::service::metrics::Metrics;
use crate::service::stage::Stage;
use crate::task::port::{
    Answer, Fault, Millis, Outcome, RouterCommit, RouterInput, RouterPort, Sieve, SourcePartition,
};
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// The port.
pub struct KafkaRouter {
    member: Member,
    producer: Producer,
    topics: RouterTopics,
    metrics: Metrics,
}

/// The topics of a router.
#[derive(Clone, Debug)]
pub struct RouterTopics {
    /// Read.
    pub sources: Vec<Source>,
    /// Written.
    pub routed: String,
    /// Written.
    pub dead_letter: String,
    /// Where a partition begins that has no committed offset: at the first record since then, else at its first.
    pub since: Option<Time>,
}

/// How often a broker is asked where a partition begins.
const QUESTIONS: usize = 10;
/// How long between two questions that had an answer.
const AGAIN: Duration = Duration::from_millis(200);

impl KafkaRouter {
    /// Takes the transactional id, then joins the group.
    ///
    /// # Errors
    /// When no broker can be reached, or the settings are refused.
    pub fn new(
        clients: &Clients,
        worker: u16,
        topics: RouterTopics,
        metrics: Metrics,
    ) -> Result<KafkaRouter, Fault> {
        let stage = Stage::Router;
        let producer = Producer::new(clients, stage, worker, metrics.clone())?;
        let wanted: Vec<&str> = topics.sources.iter().map(|source| source.topics.subscription()).collect();
        let member = Member::join(clients, stage, worker, &wanted, metrics.clone())?;
        Ok(KafkaRouter { member, producer, topics, metrics })
    }

    /// The member of the group.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// Where to begin: at the committed offset if it is still there, else at the first that is.
    fn beginning(&self, partition: &SourcePartition, committed: Option<u64>) -> Result<u64, Fault> {
        let SourcePartition { topic, partition: number } = partition;
        for _ in 0..QUESTIONS {
            let Answer::Ready((first, end)) = self.member.watermarks(partition)? else { continue };
            let Some(committed) = committed else {
                let Answer::Ready(begins) = self.first(partition, first, end)? else { continue };
                return Ok(begins);
            };
            if committed < first {
                let lost = first - committed;
                tracing::error!(topic, number, committed, first, lost, "retention was faster than we were");
                self.metrics.skipped_by_retention(topic, lost);
                return Ok(first);
            }
            if committed <= end {
                return Ok(committed);
            }
            // A new leader may not yet know how far the partition was.
            pass(AGAIN);
        }
        Err(Fault::Broken(match committed {
            Some(committed) => format!(
                "{topic} [{number}] ends before the committed offset {committed}: if it was made anew, delete the \
                 offsets of the group"
            ),
            None => format!("no broker says where {topic} [{number}] begins"),
        }))
    }

    /// Where a partition begins that was never read. It is committed with the first batch, so it is asked for once.
    fn first(&self, partition: &SourcePartition, first: u64, end: u64) -> Result<Answer<u64>, Fault> {
        let Some(since) = self.topics.since else { return Ok(Answer::Ready(first)) };
        let Answer::Ready(found) = self.member.first_since(partition, since)? else {
            return Ok(Answer::Wait);
        };
        let begins = found.unwrap_or(end).max(first);
        let SourcePartition { topic, partition } = partition;
        tracing::info!(topic, partition, %since, first, end, begins, "a partition begins at its first record since then");
        Ok(Answer::Ready(begins))
    }

    fn offsets(batch: &RouterCommit) -> Result<TopicPartitionList, Fault> {
        let mut list = TopicPartitionList::with_capacity(batch.offsets.len());
        for (place, next) in &batch.offsets {
            let offset = Offset::Offset(i64::try_from(*next).unwrap_or(i64::MAX));
            list.add_partition_offset(&place.topic, signed(place.partition)?, offset)
                .map_err(|error| fault("naming an offset", &error))?;
        }
        Ok(list)
    }
}

impl RouterPort for KafkaRouter {
    fn poll(&mut self, wait: Millis, may_matter: Sieve<'_>) -> Result<Vec<RouterInput>, Fault> {
        self.producer.tend();
        self.member.poll(wait, may_matter)
    }

    fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.member.accept(partitions)
    }

    fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.member.release(partitions)
    }

    fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        self.producer.decide();
        self.member.committed(partition)
    }

    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<u64, Fault> {
        let from = self.beginning(partition, offset)?;
        self.member.start_at(partition, from)?;
        Ok(from)
    }

    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault> {
        let offsets = KafkaRouter::offsets(batch)?;
        let topics = &self.topics;
        let routed =
            batch.routed.iter().map(|(partition, value)| records::routed(&topics.routed, *partition, value));
        let dead = batch.dead.iter().map(|letter| records::dead_letter(&topics.dead_letter, letter));
        let outcome = self.producer.commit(routed.chain(dead), &offsets, self.member.metadata())?;
        match outcome {
            Outcome::Committed => {
                self.metrics.routed(batch.routed.len() as u64);
                batch.dead.iter().for_each(|letter| self.metrics.dead_letter(Stage::Router, letter.reason));
            }
            Outcome::Aborted | Outcome::Doubtful => {}
        }
        Ok(outcome)
    }
}
