//! The Kafka port of a detector: the routed topic, the checkpoint topic, and its transactions. Why it blocks:
//! [`crate::kafka::worker_clients`].

use crate::encode::dead_letter::dead_letter;
use crate::encode::record;
use crate::host::clock::Stopwatch;
use crate::kafka::checkpoint_reader::CheckpointReader;
use crate::kafka::consumer::GroupConsumer;
use crate::kafka::decode::age;
use crate::kafka::fit::{DetectorTopics, Fit, TooLong, fit};
use crate::kafka::limits::Limits;
use crate::kafka::output::note;
use crate::kafka::partitions::next_offsets;
use crate::kafka::settings::Clients;
use crate::kafka::topics::{LEAST_MESSAGE_BYTES, MAX_MESSAGE_BYTES};
use crate::kafka::worker_clients::{UsedTopics, WorkerClients};
use crate::observe::metrics::{Ended, Metrics, Spent};
use crate::observe::traces::{Begun, Sent, Traces};
use crate::stage::Stage;
use crate::stage::flood::FloodLimit;
use crate::stage::port::{
    Answer, CheckpointRecord, DeadLetter, DetectorInput, DetectorPort, Fault, Intake, Millis, Outcome,
    PendingAlert, RoutedRecord, RouterInput, SourcePartition, SourceRecord, TopicNames, Transaction,
};
use std::time::Duration;

/// The port of one detector.
pub(crate) struct KafkaDetector {
    worker: WorkerClients,
    checkpoints: CheckpointReader,
    topics: DetectorTopics,
    clock: Stopwatch,
    /// Alerts that did not fit are logged once a minute for each detection.
    logged: FloodLimit<String>,
}

impl KafkaDetector {
    /// Reads a checkpoint to find a missing permission, takes the transactional id, then joins the group.
    ///
    /// # Errors
    /// No broker can be reached, or librdkafka rejects the settings.
    pub(crate) fn new(
        clients: &Clients,
        worker: u16,
        topics: DetectorTopics,
        metrics: Metrics,
        traces: Traces,
    ) -> Result<KafkaDetector, Fault> {
        let checkpoints = CheckpointReader::new(clients, &topics.checkpoint)?;
        let read = [topics.routed.as_str()];
        let mut limits =
            vec![(topics.dead_letter.as_str(), LEAST_MESSAGE_BYTES), (&topics.checkpoint, MAX_MESSAGE_BYTES)];
        limits.extend(topics.outputs().map(|(topic, _)| (topic, LEAST_MESSAGE_BYTES)));
        let limits = Limits::read(clients, &limits)?;
        let used = UsedTopics { read: &read, output: &topics.alerts };
        let worker = WorkerClients::new(clients, Stage::Detector, worker, &used, limits, metrics, traces)?;
        Ok(KafkaDetector {
            worker,
            checkpoints,
            topics,
            clock: Stopwatch::start(),
            logged: FloodLimit::new(1),
        })
    }

    /// The consumer of this detector.
    pub(crate) fn consumer(&self) -> &GroupConsumer {
        &self.worker.consumer
    }

    /// Why nothing is written, while that lasts.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.worker.refused()
    }

    /// The time of the worker that its own work did not take.
    pub(crate) fn spent(&self) -> Spent {
        self.worker.spent()
    }

    fn routed(&self, partition: u32) -> SourcePartition {
        SourcePartition { topic: self.topics.routed.clone(), partition }
    }

    fn all_routed(&self, partitions: &[u32]) -> Vec<SourcePartition> {
        partitions.iter().map(|partition| self.routed(*partition)).collect()
    }

    /// Counts what did not fit as it was, and logs one alert of each detection a minute.
    fn note_too_long(&mut self, fit: &Fit<'_>) {
        let (routed, now) = (&self.topics.routed, self.clock.millis());
        for TooLong { raised: PendingAlert { alert, from, .. }, topic, limit, bytes } in &fit.shortened {
            self.worker.metrics.alert_truncated(&alert.detection);
            if self.logged.admits(alert.detection.clone(), now) {
                let (alert_id, (partition, offset)) = (&alert.alert_id, from);
                tracing::warn!(topic, limit, bytes, %alert_id, routed, partition, offset, "an alert was shortened to fit into its topic");
            }
        }
        for DeadLetter { reason, offset, from, detail, .. } in &fit.dead {
            self.worker.metrics.dead_letter(Stage::Detector, reason);
            if self.logged.admits((*reason).to_owned(), now) {
                let SourcePartition { topic: routed, partition } = from;
                tracing::error!(
                    routed,
                    partition,
                    offset,
                    detail,
                    "an alert is a dead letter: it does not fit into its topic"
                );
            }
        }
    }

    fn count(&self, transaction: &Transaction, written: &[&PendingAlert], outcome: Outcome, took: Duration) {
        let ended = match outcome {
            Outcome::Committed => Ended::Committed,
            Outcome::Aborted => Ended::Aborted,
            Outcome::Unknown => Ended::Unknown,
        };
        let metrics = &self.worker.metrics;
        if !transaction.checkpoint.is_empty() {
            let bytes: usize = transaction.checkpoint.iter().map(CheckpointRecord::bytes).sum();
            metrics.checkpoint(ended, took, transaction.checkpoint.len() as u64, bytes as u64);
        }
        if ended != Ended::Committed {
            return;
        }
        for PendingAlert { alert, appended, .. } in written {
            metrics.alert(&alert.detection, alert.severity, appended.map(age));
        }
        for (partition, next) in &transaction.offsets {
            metrics.committed(Stage::Detector, &self.topics.routed, *partition, *next);
        }
        for letter in &transaction.dead {
            metrics.dead_letter(Stage::Detector, letter.reason);
        }
    }

    /// Writes the spans of a transaction with alerts or a checkpoint. One with offsets only has none.
    fn trace(&self, begun: Begun, transaction: &Transaction, outcome: Outcome) {
        let (alerts, checkpoint) = (&transaction.alerts, transaction.checkpoint.len());
        let (topic, records) = match (alerts.len(), checkpoint) {
            (0, 0) => return,
            (0, records) => (&self.topics.checkpoint, records),
            (records, _) => (&self.topics.alerts, records),
        };
        let sent = Sent { topic, records, checkpoint, outcome };
        let traces = &self.worker.traces;
        let span = traces.transaction(begun, &sent).filter(|_| outcome == Outcome::Committed);
        if let Some(span) = span {
            alerts.iter().for_each(|raised| traces.alert(&span, &raised.alert));
        }
    }
}

fn numbers(partitions: Vec<SourcePartition>) -> Vec<u32> {
    partitions.into_iter().map(|partition| partition.partition).collect()
}

impl DetectorPort for KafkaDetector {
    fn poll(&mut self, wait: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault> {
        self.worker.serve_events();
        self.checkpoints.serve_events();
        self.worker.consumer.set_paused(intake == Intake::Paused)?;
        let every_record = |_: &str, value: &[u8]| Some(value.to_vec());
        let inputs =
            self.worker.consumer.poll(wait, &every_record)?.into_iter().filter_map(|input| match input {
                RouterInput::Assign(partitions) => Some(DetectorInput::Assign(numbers(partitions))),
                RouterInput::Revoke(partitions) => Some(DetectorInput::Revoke(numbers(partitions))),
                RouterInput::Lost(partitions) => Some(DetectorInput::Lost(numbers(partitions))),
                RouterInput::Record(SourceRecord { from, offset, append_time, value, .. }) => {
                    let partition = from.partition;
                    Some(match value {
                        Some(value) => {
                            DetectorInput::Record(RoutedRecord { partition, offset, append_time, value })
                        }
                        // It only carried a marker: `crate::kafka::forgotten`.
                        None => DetectorInput::Passed { partition, next: offset + 1 },
                    })
                }
                RouterInput::Passed { from, next } => {
                    Some(DetectorInput::Passed { partition: from.partition, next })
                }
                // There is none: every record passes.
                RouterInput::Filtered(_) => None,
            });
        Ok(inputs.collect())
    }

    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.worker.consumer.accept(&self.all_routed(partitions))
    }

    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        for partition in partitions {
            self.checkpoints.forget(*partition)?;
        }
        self.worker.consumer.release(&self.all_routed(partitions))
    }

    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault> {
        let partition = self.routed(partition);
        self.worker.committed(&partition)
    }

    fn log_start(&mut self, partition: u32, reaches: Option<u64>) -> Result<Answer<u64>, Fault> {
        let partition = self.routed(partition);
        Ok(match self.worker.consumer.bounds(&partition, reaches)? {
            Answer::Ready((start, _)) => Answer::Ready(start),
            Answer::Wait => Answer::Wait,
        })
    }

    fn checkpoint_end(&mut self, partition: u32) -> Result<Answer<u64>, Fault> {
        self.checkpoints.end(partition)
    }

    fn read_checkpoint(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault> {
        let mut count = 0;
        let answer = self.checkpoints.read(partition, end, &mut |offset, record| {
            count += 1;
            sink(offset, record);
        });
        self.worker.metrics.restored_records(count);
        answer
    }

    fn rewind_checkpoint(&mut self, partition: u32) -> Result<(), Fault> {
        self.checkpoints.forget(partition)
    }

    fn topics(&self) -> TopicNames {
        TopicNames { routed: self.topics.routed.clone(), checkpoint: self.topics.checkpoint.clone() }
    }

    fn start_at(&mut self, partition: u32, offset: u64) -> Result<(), Fault> {
        let partition = self.routed(partition);
        self.worker.consumer.start_at(&partition, offset)
    }

    fn commit(&mut self, transaction: &Transaction) -> Result<Outcome, Fault> {
        let (watch, begun) = (Stopwatch::start(), self.worker.traces.begin());
        let topics = &self.topics.clone();
        let next =
            transaction.offsets.iter().map(|(partition, next)| (topics.routed.as_str(), *partition, *next));
        let offsets = next_offsets(next, &note(&topics.alerts))?;
        let mut fit = fit(topics, |topic| self.worker.limits.of(topic), &transaction.alerts);
        let limit = self.worker.limits.of(&topics.dead_letter);
        let dead = transaction.dead.iter().chain(&fit.dead);
        let dead = dead.map(|letter| dead_letter(&topics.dead_letter, letter, limit));
        let checkpoint =
            transaction.checkpoint.iter().map(|record| record::checkpoint(&topics.checkpoint, record));
        let links = transaction.links.iter();
        let links = links.map(|link| record::routed(&topics.routed, link.partition, &link.value));
        let all = std::mem::take(&mut fit.records).into_iter().chain(dead).chain(links).chain(checkpoint);
        let outcome = self.worker.commit(all, &offsets)?;
        self.count(transaction, &fit.written, outcome, watch.elapsed());
        if outcome == Outcome::Committed {
            self.note_too_long(&fit);
        }
        if let Some(begun) = begun {
            self.trace(begun, transaction, outcome);
        }
        Ok(outcome)
    }
}
