//! The log of a router: the source topics, and its transactions.

use crate::config::topics::{OwnTopics, Source};
use crate::event::time::Time;
use crate::kafka::consumer::Member;
use crate::kafka::partitions::offsets;
use crate::kafka::records;
use crate::kafka::settings::Clients;
use crate::kafka::transactions::Producer;
use crate::observe::metrics::{Metrics, Spent};
use crate::observe::traces::{Sent, Traces};
use crate::stage::Stage;
use crate::stage::port::{
    Answer, Fault, Millis, Outcome, RouterCommit, RouterInput, RouterPort, SourcePartition, TopicPrefilter,
};

/// The port.
pub struct KafkaRouter {
    member: Member,
    producer: Producer,
    topics: RouterTopics,
    metrics: Metrics,
    traces: Traces,
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

impl RouterTopics {
    /// These sources, and those of our own topics.
    pub fn new(sources: Vec<Source>, topics: &OwnTopics, since: Option<Time>) -> RouterTopics {
        let (routed, dead_letter) = (topics.routed.0.clone(), topics.dead_letter.0.clone());
        RouterTopics { sources, routed, dead_letter, since }
    }
}

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
        traces: Traces,
    ) -> Result<KafkaRouter, Fault> {
        let stage = Stage::Router;
        let producer = Producer::new(clients, stage, worker, metrics.clone())?;
        let wanted: Vec<&str> = topics.sources.iter().map(|source| source.topics.subscription()).collect();
        let member = Member::join(clients, stage, worker, &wanted, metrics.clone())?;
        Ok(KafkaRouter { member, producer, topics, metrics, traces })
    }

    /// The member of the group.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// What the worker's time went to beside its work.
    pub fn spent(&self) -> Spent {
        Spent { waiting: self.member.waited(), committing: self.producer.took() }
    }

    /// Where to begin: at the committed offset if it is still there, else at the first that is.
    fn beginning(
        &mut self,
        partition: &SourcePartition,
        committed: Option<u64>,
    ) -> Result<Answer<u64>, Fault> {
        let Answer::Ready((first, end)) = self.member.bounds(partition, committed)? else {
            return Ok(Answer::Wait);
        };
        let SourcePartition { topic, partition: number } = partition;
        let Some(committed) = committed else { return self.first(partition, first, end) };
        if committed < first {
            let lost = first - committed;
            tracing::error!(topic, number, committed, first, lost, "retention was faster than we were");
            self.metrics.skipped_by_retention(lost);
        }
        Ok(Answer::Ready(committed.max(first)))
    }

    /// Where a partition begins that was never read. It is committed with the first batch, so it is asked for once.
    fn first(&self, partition: &SourcePartition, first: u64, end: u64) -> Result<Answer<u64>, Fault> {
        let Some(since) = self.topics.since else {
            let SourcePartition { topic, partition } = partition;
            tracing::info!(
                topic,
                partition,
                first,
                "a partition without a committed offset begins at its first record"
            );
            return Ok(Answer::Ready(first));
        };
        let Answer::Ready(found) = self.member.first_since(partition, since)? else {
            return Ok(Answer::Wait);
        };
        let begins = found.unwrap_or(end).max(first);
        let SourcePartition { topic, partition } = partition;
        tracing::info!(topic, partition, %since, first, end, begins, "a partition begins at its first record since then");
        Ok(Answer::Ready(begins))
    }
}

impl RouterPort for KafkaRouter {
    fn poll(&mut self, wait: Millis, prefilter: TopicPrefilter<'_>) -> Result<Vec<RouterInput>, Fault> {
        self.producer.tend();
        self.member.poll(wait, prefilter)
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

    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<Answer<u64>, Fault> {
        let from = self.beginning(partition, offset)?;
        if let Answer::Ready(from) = from {
            self.member.start_at(partition, from)?;
        }
        Ok(from)
    }

    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault> {
        self.member.is_same()?;
        let next = batch.offsets.iter().map(|(place, next)| (place.topic.as_str(), place.partition, *next));
        let offsets = offsets(next)?;
        let topics = &self.topics;
        let routed =
            batch.routed.iter().map(|(partition, value)| records::routed(&topics.routed, *partition, value));
        let dead = batch.dead.iter().map(|letter| records::dead_letter(&topics.dead_letter, letter));
        let begun = self.traces.begin();
        let outcome = self.producer.commit(routed.chain(dead), &offsets, self.member.metadata())?;
        if let Some(begun) = begun {
            let sent = Sent { topic: &topics.routed, records: batch.routed.len(), checkpoint: 0, outcome };
            self.traces.transaction(begun, &sent);
        }
        match outcome {
            Outcome::Committed => {
                self.metrics.routed(batch.routed.len() as u64);
                batch.dead.iter().for_each(|letter| self.metrics.dead_letter(Stage::Router, letter.reason));
                for (place, next) in &batch.offsets {
                    self.metrics.committed(Stage::Router, &place.topic, place.partition, *next);
                }
            }
            Outcome::Aborted | Outcome::Unknown => {}
        }
        Ok(outcome)
    }
}
