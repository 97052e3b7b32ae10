//! The detector's port on the log in memory.

use crate::memory_log::client::Client;
use crate::memory_log::log::MemoryLog;
use crate::memory_log::transaction::NewRecord;
use crate::stage::port::{
    Answer, CheckpointRecord, DeadLetter, DetectorInput, DetectorPort, Fault, Intake, Millis, Outcome,
    PendingAlert, RoutedRecord, SourcePartition, TopicNames, Transaction,
};
use crate::wire;
use std::collections::BTreeMap;

/// The consumer group of the detectors.
pub const GROUP: &str = "adcs-watch-detector";
/// The routed topic, which routers write and detectors read.
pub const ROUTED: &str = "adcs-watch.routed";
/// The checkpoint topic, with as many partitions as [`ROUTED`].
pub const CHECKPOINT: &str = "adcs-watch.checkpoint";
/// The alert topic: an alert's key is its id, its value JSON.
pub const ALERTS: &str = "adcs-watch.alerts";
/// The dead-letter topic: a letter's key is its reason, its value the record.
pub const DEAD_LETTER: &str = "adcs-watch.dead-letter";

/// The most checkpoint records of one call.
const READ_RECORDS: usize = 64;

/// The port of one detector process.
#[derive(Debug)]
pub struct MemoryDetector {
    /// Its group member and producer.
    pub client: Client,
    reading: BTreeMap<u32, u64>,
}

impl MemoryDetector {
    /// The port of the process `name`.
    pub fn new(log: MemoryLog, name: &str) -> MemoryDetector {
        MemoryDetector { client: Client::new(log, name, GROUP, &[ROUTED]), reading: BTreeMap::new() }
    }

    /// The alerts, dead letters, links and checkpoint records of a transaction.
    pub fn records(transaction: &Transaction) -> Vec<NewRecord> {
        let alerts = transaction.alerts.iter().map(|PendingAlert { alert, .. }| NewRecord {
            to: SourcePartition { topic: ALERTS.to_owned(), partition: 0 },
            key: Some(alert.alert_id.to_string().into_bytes()),
            value: Some(wire::alert::to_json(alert).into_bytes()),
        });
        let checkpoint = transaction.checkpoint.iter().map(|record| NewRecord {
            to: checkpoint(record.partition),
            key: Some(record.key.clone()),
            value: record.value.clone(),
        });
        let links = transaction.links.iter().map(|link| NewRecord {
            to: routed(link.partition),
            key: None,
            value: Some(link.value.clone()),
        });
        alerts.chain(transaction.dead.iter().map(dead_letter)).chain(links).chain(checkpoint).collect()
    }

    /// The offsets of a transaction, by partition of the routed topic.
    pub fn offsets(transaction: &Transaction) -> Vec<(SourcePartition, u64)> {
        transaction.offsets.iter().map(|(partition, offset)| (routed(*partition), *offset)).collect()
    }
}

/// A partition of the routed topic.
pub fn routed(partition: u32) -> SourcePartition {
    SourcePartition { topic: ROUTED.to_owned(), partition }
}

/// A partition of the checkpoint topic.
pub fn checkpoint(partition: u32) -> SourcePartition {
    SourcePartition { topic: CHECKPOINT.to_owned(), partition }
}

pub(crate) fn dead_letter(dead: &DeadLetter) -> NewRecord {
    NewRecord {
        to: SourcePartition { topic: DEAD_LETTER.to_owned(), partition: 0 },
        key: Some(dead.reason.as_bytes().to_vec()),
        value: Some(dead.record.clone()),
    }
}

fn numbers(partitions: Vec<SourcePartition>) -> Vec<u32> {
    partitions.into_iter().map(|partition| partition.partition).collect()
}

impl DetectorPort for MemoryDetector {
    fn poll(&mut self, _: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault> {
        let polled = self.client.poll(intake)?;
        let mut inputs = Vec::new();
        if !polled.lost.is_empty() {
            inputs.push(DetectorInput::Lost(numbers(polled.lost)));
        }
        inputs.extend(polled.records.into_iter().map(|(from, record)| {
            let (partition, value) = (from.partition, record.value.unwrap_or_default());
            DetectorInput::Record(RoutedRecord {
                partition,
                offset: record.offset,
                append_time: record.append_time,
                value,
            })
        }));
        let passed = polled.passed.into_iter();
        inputs.extend(passed.map(|(from, next)| DetectorInput::Passed { partition: from.partition, next }));
        if !polled.revoked.is_empty() {
            inputs.push(DetectorInput::Revoke(numbers(polled.revoked)));
        }
        if !polled.assigned.is_empty() {
            inputs.push(DetectorInput::Assign(numbers(polled.assigned)));
        }
        Ok(inputs)
    }

    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.reading.retain(|partition, _| !partitions.contains(partition));
        self.client.accept(&partitions.iter().copied().map(routed).collect::<Vec<_>>());
        Ok(())
    }

    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.reading.retain(|partition, _| !partitions.contains(partition));
        self.client.release(&partitions.iter().copied().map(routed).collect::<Vec<_>>());
        Ok(())
    }

    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault> {
        Ok(self.client.committed(&routed(partition)))
    }

    fn log_start(&mut self, partition: u32, committed: Option<u64>) -> Result<Answer<u64>, Fault> {
        let partition = routed(partition);
        if committed.is_some_and(|offset| offset > self.client.log.end(&partition)) {
            let SourcePartition { topic, partition } = partition;
            return Err(Fault::Partition(format!("{topic} [{partition}] ends before its committed offset")));
        }
        Ok(Answer::Ready(self.client.log.start(&partition)))
    }

    fn checkpoint_end(&mut self, partition: u32) -> Result<Answer<u64>, Fault> {
        Ok(Answer::Ready(self.client.log.end(&checkpoint(partition))))
    }

    fn read_checkpoint(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault> {
        let position = self.reading.entry(partition).or_default();
        let (records, next) = self.client.log.read_committed(&checkpoint(partition), *position, READ_RECORDS);
        *position = next;
        for record in records.into_iter().filter(|record| record.offset < end) {
            let key = record.key.unwrap_or_default();
            sink(record.offset, CheckpointRecord { partition, key, value: record.value });
        }
        Ok(if next >= end { Answer::Ready(()) } else { Answer::Wait })
    }

    fn rewind_checkpoint(&mut self, partition: u32) -> Result<(), Fault> {
        self.reading.remove(&partition);
        Ok(())
    }

    fn topics(&self) -> TopicNames {
        TopicNames { routed: ROUTED.to_owned(), checkpoint: CHECKPOINT.to_owned() }
    }

    fn start_at(&mut self, partition: u32, offset: u64) -> Result<(), Fault> {
        self.client.start_at(&routed(partition), offset)
    }

    fn commit(&mut self, transaction: &Transaction) -> Result<Outcome, Fault> {
        self.client.commit(MemoryDetector::records(transaction), &MemoryDetector::offsets(transaction))
    }
}
