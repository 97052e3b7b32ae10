//! The log of a detector: the routed topic, the checkpoint topic, and its transactions.

use crate::config::topics::{AlertFormat, OwnTopics};
use crate::host::clock::Stopwatch;
use crate::kafka::checkpoint_reader::Reader;
use crate::kafka::consumer::Member;
use crate::kafka::decode::age;
use crate::kafka::partitions::offsets;
use crate::kafka::records;
use crate::kafka::settings::Clients;
use crate::kafka::transactions::Producer;
use crate::observe::metrics::{Ended, Metrics, Spent};
use crate::observe::traces::{Begun, Sent, Traces};
use crate::stage::Stage;
use crate::stage::port::{
    Answer, CheckpointRecord, DetectorInput, DetectorPort, Fault, Intake, Millis, Outcome, PendingAlert,
    RoutedRecord, RouterInput, SourcePartition, TopicNames, Transaction,
};
use std::time::Duration;

/// The port.
pub struct KafkaDetector {
    member: Member,
    reader: Reader,
    producer: Producer,
    topics: DetectorTopics,
    metrics: Metrics,
    traces: Traces,
}

/// The topics of a detector.
#[derive(Clone, Debug)]
pub struct DetectorTopics {
    /// Read.
    pub routed: String,
    /// Read to restore, written.
    pub checkpoint: String,
    /// Written.
    pub alerts: String,
    /// Written.
    pub dead_letter: String,
    /// How alerts are written.
    pub format: AlertFormat,
}

impl DetectorTopics {
    /// Those of our own topics, with alerts written like this.
    pub fn new(topics: &OwnTopics, format: AlertFormat) -> DetectorTopics {
        DetectorTopics {
            routed: topics.routed.0.clone(),
            checkpoint: topics.checkpoint.0.clone(),
            alerts: topics.alerts.0.clone(),
            dead_letter: topics.dead_letter.0.clone(),
            format,
        }
    }
}

impl KafkaDetector {
    /// Takes the transactional id, then joins the group.
    ///
    /// # Errors
    /// When no broker can be reached, or the settings are refused.
    pub fn new(
        clients: &Clients,
        worker: u16,
        topics: DetectorTopics,
        metrics: Metrics,
        traces: Traces,
    ) -> Result<KafkaDetector, Fault> {
        let stage = Stage::Detector;
        let producer = Producer::new(clients, stage, worker, metrics.clone())?;
        let reader = Reader::new(clients, &topics.checkpoint)?;
        let member = Member::join(clients, stage, worker, &[&topics.routed], metrics.clone())?;
        Ok(KafkaDetector { member, reader, producer, topics, metrics, traces })
    }

    /// The member of the group.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// What the worker's time went to beside its work.
    pub fn spent(&self) -> Spent {
        Spent { waiting: self.member.waited(), committing: self.producer.took() }
    }

    fn routed(&self, partition: u32) -> SourcePartition {
        SourcePartition { topic: self.topics.routed.clone(), partition }
    }

    fn places(&self, partitions: &[u32]) -> Vec<SourcePartition> {
        partitions.iter().map(|partition| self.routed(*partition)).collect()
    }

    fn count(&self, transaction: &Transaction, outcome: Outcome, took: Duration) {
        let ended = match outcome {
            Outcome::Committed => Ended::Committed,
            Outcome::Aborted => Ended::Aborted,
            Outcome::Unknown => Ended::Unknown,
        };
        if !transaction.checkpoint.is_empty() {
            let bytes: usize = transaction.checkpoint.iter().map(CheckpointRecord::bytes).sum();
            self.metrics.checkpoint(ended, took, transaction.checkpoint.len() as u64, bytes as u64);
        }
        if ended != Ended::Committed {
            return;
        }
        for PendingAlert { alert, appended } in &transaction.alerts {
            self.metrics.alert(&alert.detection, alert.severity, appended.map(age));
        }
        for (partition, next) in &transaction.offsets {
            self.metrics.committed(Stage::Detector, &self.topics.routed, *partition, *next);
        }
        for letter in &transaction.dead {
            self.metrics.dead_letter(Stage::Detector, letter.reason);
        }
    }

    /// Tells of a transaction with alerts or a checkpoint. One that moves offsets only is no news.
    fn trace(&self, begun: Begun, transaction: &Transaction, outcome: Outcome) {
        let (alerts, checkpoint) = (&transaction.alerts, transaction.checkpoint.len());
        let (topic, records) = match (alerts.len(), checkpoint) {
            (0, 0) => return,
            (0, records) => (&self.topics.checkpoint, records),
            (records, _) => (&self.topics.alerts, records),
        };
        let sent = Sent { topic, records, checkpoint, outcome };
        let told = self.traces.transaction(begun, &sent).filter(|_| outcome == Outcome::Committed);
        if let Some(told) = told {
            alerts.iter().for_each(|raised| self.traces.alert(&told, &raised.alert));
        }
    }
}

fn numbers(partitions: Vec<SourcePartition>) -> Vec<u32> {
    partitions.into_iter().map(|partition| partition.partition).collect()
}

impl DetectorPort for KafkaDetector {
    fn poll(&mut self, wait: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault> {
        self.producer.tend();
        self.reader.tend();
        self.member.hold(intake == Intake::Paused)?;
        let every_record = |_: &str, value: &[u8]| Some(value.to_vec());
        let inputs = self.member.poll(wait, &every_record)?.into_iter().filter_map(|input| match input {
            RouterInput::Assign(partitions) => Some(DetectorInput::Assign(numbers(partitions))),
            RouterInput::Revoke(partitions) => Some(DetectorInput::Revoke(numbers(partitions))),
            RouterInput::Lost(partitions) => Some(DetectorInput::Lost(numbers(partitions))),
            RouterInput::Record(record) => Some(DetectorInput::Record(RoutedRecord {
                partition: record.from.partition,
                offset: record.offset,
                append_time: record.append_time,
                value: record.value.unwrap_or_default(),
            })),
            RouterInput::Passed { from, next } => {
                Some(DetectorInput::Passed { partition: from.partition, next })
            }
            // There is none: every record passes.
            RouterInput::Filtered(_) => None,
        });
        Ok(inputs.collect())
    }

    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.member.accept(&self.places(partitions))
    }

    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        for partition in partitions {
            self.reader.forget(*partition)?;
        }
        self.member.release(&self.places(partitions))
    }

    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault> {
        self.producer.decide();
        self.member.committed(&self.routed(partition))
    }

    fn log_start(&mut self, partition: u32, reaches: Option<u64>) -> Result<Answer<u64>, Fault> {
        let partition = self.routed(partition);
        Ok(match self.member.bounds(&partition, reaches)? {
            Answer::Ready((start, _)) => Answer::Ready(start),
            Answer::Wait => Answer::Wait,
        })
    }

    fn checkpoint_end(&mut self, partition: u32) -> Result<Answer<u64>, Fault> {
        self.reader.end(partition)
    }

    fn read_checkpoint(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault> {
        let mut count = 0;
        let answer = self.reader.read(partition, end, &mut |offset, record| {
            count += 1;
            sink(offset, record);
        });
        self.metrics.restored_records(count);
        answer
    }

    fn rewind_checkpoint(&mut self, partition: u32) -> Result<(), Fault> {
        self.reader.forget(partition)
    }

    fn topics(&self) -> TopicNames {
        TopicNames { routed: self.topics.routed.clone(), checkpoint: self.topics.checkpoint.clone() }
    }

    fn start_at(&mut self, partition: u32, offset: u64) -> Result<(), Fault> {
        self.member.start_at(&self.routed(partition), offset)
    }

    fn commit(&mut self, transaction: &Transaction) -> Result<Outcome, Fault> {
        self.member.is_same()?;
        let (watch, begun) = (Stopwatch::start(), self.traces.begin());
        let topics = &self.topics;
        let next =
            transaction.offsets.iter().map(|(partition, next)| (topics.routed.as_str(), *partition, *next));
        let offsets = offsets(next)?;
        let alerts = transaction
            .alerts
            .iter()
            .map(|raised| records::alert(&topics.alerts, topics.format, &raised.alert));
        let dead = transaction.dead.iter().map(|letter| records::dead_letter(&topics.dead_letter, letter));
        let checkpoint =
            transaction.checkpoint.iter().map(|record| records::checkpoint(&topics.checkpoint, record));
        let all = alerts.chain(dead).chain(checkpoint);
        let outcome = self.producer.commit(all, &offsets, self.member.metadata())?;
        self.count(transaction, outcome, watch.elapsed());
        if let Some(begun) = begun {
            self.trace(begun, transaction, outcome);
        }
        Ok(outcome)
    }
}
