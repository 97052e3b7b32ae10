//! The Kafka port of a router: the source topics, and its transactions. Why it blocks: [`crate::kafka::worker_clients`].

use crate::config::topics::{OwnTopics, Source, Topics};
use crate::encode::dead_letter::dead_letter;
use crate::encode::record;
use crate::event::time::Time;
use crate::kafka::consumer::GroupConsumer;
use crate::kafka::limits::Limits;
use crate::kafka::output::note;
use crate::kafka::partitions::next_offsets;
use crate::kafka::refused_sources::RefusedSources;
use crate::kafka::settings::Clients;
use crate::kafka::silent_patterns::SilentPatterns;
use crate::kafka::topics::LEAST_MESSAGE_BYTES;
use crate::kafka::worker_clients::{UsedTopics, WorkerClients};
use crate::observe::metrics::{Metrics, Spent};
use crate::observe::traces::{Sent, Traces};
use crate::stage::Stage;
use crate::stage::port::{
    Answer, Fault, Millis, Outcome, RouterCommit, RouterInput, RouterPort, SourcePartition, TopicPrefilter,
};
use std::collections::BTreeSet;

/// The port of one router.
pub(crate) struct KafkaRouter {
    worker: WorkerClients,
    topics: RouterTopics,
    refused_sources: RefusedSources,
    silent_patterns: SilentPatterns,
}

/// The topics that a router reads and writes.
#[derive(Clone, Debug)]
pub(crate) struct RouterTopics {
    /// The source topics, which are read.
    pub sources: Vec<Source>,
    /// The routed topic, which is written.
    pub routed: String,
    /// The topic of dead letters, which is written.
    pub dead_letter: String,
    /// A partition without a committed offset is read from its first record since this time. `None`: from its first record.
    pub since: Option<Time>,
}

impl RouterTopics {
    /// These sources, and the two of our own topics that a router writes.
    pub(crate) fn new(sources: Vec<Source>, topics: &OwnTopics, since: Option<Time>) -> RouterTopics {
        let (routed, dead_letter) = (topics.routed.0.clone(), topics.dead_letter.0.clone());
        RouterTopics { sources, routed, dead_letter, since }
    }

    /// The source topics that the config names.
    fn named(&self) -> BTreeSet<String> {
        let named = self.sources.iter().filter_map(|source| match &source.topics {
            Topics::Name(name) => Some(name.clone()),
            Topics::Pattern(_) => None,
        });
        named.collect()
    }
}

impl KafkaRouter {
    /// Takes the transactional id, then joins the group.
    ///
    /// # Errors
    /// No broker can be reached, or librdkafka rejects the settings.
    pub(crate) fn new(
        clients: &Clients,
        worker: u16,
        topics: RouterTopics,
        metrics: Metrics,
        traces: Traces,
    ) -> Result<KafkaRouter, Fault> {
        let wanted: Vec<&str> = topics.sources.iter().map(|source| source.topics.subscription()).collect();
        let limits =
            [(topics.routed.as_str(), LEAST_MESSAGE_BYTES), (&topics.dead_letter, LEAST_MESSAGE_BYTES)];
        let limits = Limits::read(clients, &limits)?;
        let refused_sources = RefusedSources::new(clients, topics.named(), metrics.clone());
        let silent_patterns = SilentPatterns::new(&topics.sources, metrics.clone());
        let used = UsedTopics { read: &wanted, output: &topics.routed };
        let worker = WorkerClients::new(clients, Stage::Router, worker, &used, limits, metrics, traces)?;
        Ok(KafkaRouter { worker, topics, refused_sources, silent_patterns })
    }

    /// The consumer of this router.
    pub(crate) fn consumer(&self) -> &GroupConsumer {
        &self.worker.consumer
    }

    /// The most bytes of a record of the routed topic.
    pub(crate) fn longest_record(&self) -> usize {
        record::longest_routed(self.worker.limits.of(&self.topics.routed))
    }

    /// Why nothing is written, while that lasts.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.worker.refused()
    }

    /// The sources that cannot be read, each with the reason.
    pub(crate) fn refused_sources(&self) -> Option<String> {
        self.refused_sources.text()
    }

    /// The patterns of sources that match no topic.
    pub(crate) fn silent_patterns(&self) -> &BTreeSet<String> {
        self.silent_patterns.silent()
    }

    /// The time of the worker that its own work did not take.
    pub(crate) fn spent(&self) -> Spent {
        self.worker.spent()
    }

    /// Where to start: at the committed offset, or at the first offset if that is greater.
    fn start(&mut self, partition: &SourcePartition, committed: Option<u64>) -> Result<Answer<u64>, Fault> {
        let Answer::Ready((first, end)) = self.worker.consumer.bounds(partition, committed)? else {
            return Ok(Answer::Wait);
        };
        let SourcePartition { topic, partition: number } = partition;
        let Some(committed) = committed else { return self.start_without_offset(partition, first, end) };
        if committed < first {
            let lost = first - committed;
            tracing::error!(
                topic,
                number,
                committed,
                first,
                lost,
                "retention deleted records before they were read"
            );
            self.worker.metrics.skipped_by_retention(lost);
        }
        Ok(Answer::Ready(committed.max(first)))
    }

    /// Where to start in a partition that was never read. The first batch commits it.
    fn start_without_offset(
        &self,
        partition: &SourcePartition,
        first: u64,
        end: u64,
    ) -> Result<Answer<u64>, Fault> {
        let Some(since) = self.topics.since else {
            let SourcePartition { topic, partition } = partition;
            tracing::info!(
                topic,
                partition,
                first,
                "a partition without a committed offset is read from its first record"
            );
            return Ok(Answer::Ready(first));
        };
        let Answer::Ready(found) = self.worker.consumer.first_since(partition, since)? else {
            return Ok(Answer::Wait);
        };
        let start = found.unwrap_or(end).max(first);
        let SourcePartition { topic, partition } = partition;
        tracing::info!(topic, partition, %since, first, end, start, "a partition is read from its first record since this time");
        Ok(Answer::Ready(start))
    }
}

impl RouterPort for KafkaRouter {
    fn poll(&mut self, wait: Millis, prefilter: TopicPrefilter<'_>) -> Result<Vec<RouterInput>, Fault> {
        self.worker.serve_events();
        let inputs = self.worker.consumer.poll(wait, prefilter)?;
        let has_failed = self.worker.consumer.take_refused_topic();
        self.refused_sources.look(has_failed, &self.worker.consumer)?;
        self.silent_patterns.look(has_failed, &self.worker.consumer);
        Ok(inputs)
    }

    fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.worker.consumer.accept(partitions)
    }

    fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.worker.consumer.release(partitions)
    }

    fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        self.refused_sources.try_topic(&partition.topic)?;
        self.worker.committed(partition)
    }

    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<Answer<u64>, Fault> {
        let from = self.start(partition, offset)?;
        if let Answer::Ready(from) = from {
            self.worker.consumer.start_at(partition, from)?;
        }
        Ok(from)
    }

    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault> {
        let next = batch.offsets.iter().map(|(of, next)| (of.topic.as_str(), of.partition, *next));
        let topics = &self.topics;
        let offsets = next_offsets(next, &note(&topics.routed))?;
        let routed =
            batch.routed.iter().map(|(partition, value)| record::routed(&topics.routed, *partition, value));
        let limit = self.worker.limits.of(&topics.dead_letter);
        let dead = batch.dead.iter().map(|letter| dead_letter(&topics.dead_letter, letter, limit));
        let begun = self.worker.traces.begin();
        let outcome = self.worker.commit(routed.chain(dead), &offsets)?;
        if let Some(begun) = begun {
            let sent = Sent { topic: &topics.routed, records: batch.routed.len(), checkpoint: 0, outcome };
            self.worker.traces.transaction(begun, &sent);
        }
        match outcome {
            Outcome::Committed => {
                let metrics = &self.worker.metrics;
                metrics.routed(batch.routed.len() as u64);
                batch.dead.iter().for_each(|letter| metrics.dead_letter(Stage::Router, letter.reason));
                for (of, next) in &batch.offsets {
                    metrics.committed(Stage::Router, &of.topic, of.partition, *next);
                }
            }
            Outcome::Aborted | Outcome::Unknown => {}
        }
        Ok(outcome)
    }
}
