//! The router's port on the log in memory.

use crate::memory_log::client::Client;
use crate::memory_log::detector_port::{dead_letter, routed};
use crate::memory_log::log::MemoryLog;
use crate::memory_log::transaction::NewRecord;
use crate::stage::port::{
    Answer, Fault, FilteredRun, Intake, Millis, Outcome, RouterCommit, RouterInput, RouterPort,
    SourcePartition, SourceRecord, TopicPrefilter,
};

/// The consumer group of the routers.
pub const GROUP: &str = "adcs-watch-router";

/// The port of one router process.
#[derive(Debug)]
pub struct MemoryRouter {
    /// Its group member and producer.
    pub client: Client,
}

impl MemoryRouter {
    /// The port of the process `name`, which reads these topics.
    pub fn new(log: MemoryLog, name: &str, topics: &[&str]) -> MemoryRouter {
        MemoryRouter { client: Client::new(log, name, GROUP, topics) }
    }

    /// The routed records and dead letters of a batch.
    pub fn records(batch: &RouterCommit) -> Vec<NewRecord> {
        let records = batch.routed.iter().map(|(partition, value)| NewRecord {
            to: routed(*partition),
            key: None,
            value: Some(value.clone()),
        });
        records.chain(batch.dead.iter().map(dead_letter)).collect()
    }
}

impl RouterPort for MemoryRouter {
    fn poll(&mut self, _: Millis, prefilter: TopicPrefilter<'_>) -> Result<Vec<RouterInput>, Fault> {
        let polled = self.client.poll(Intake::Open)?;
        let mut inputs = Vec::new();
        if !polled.lost.is_empty() {
            inputs.push(RouterInput::Lost(polled.lost));
        }
        inputs.extend(polled.records.into_iter().map(|(from, record)| {
            let (offset, append_time, trace) = (record.offset, record.append_time, None);
            let value = match record.value.map(|value| prefilter(&from.topic, &value)) {
                None => None,
                Some(Some(candidate)) => Some(candidate),
                Some(None) => {
                    return RouterInput::Filtered(FilteredRun { from, next: offset + 1, records: 1 });
                }
            };
            RouterInput::Record(SourceRecord { from, offset, append_time, trace, value })
        }));
        let passed = polled.passed.into_iter();
        inputs.extend(passed.map(|(from, next)| RouterInput::Passed { from, next }));
        if !polled.revoked.is_empty() {
            inputs.push(RouterInput::Revoke(polled.revoked));
        }
        if !polled.assigned.is_empty() {
            inputs.push(RouterInput::Assign(polled.assigned));
        }
        Ok(inputs)
    }

    fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.client.accept(partitions);
        Ok(())
    }

    fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.client.release(partitions);
        Ok(())
    }

    fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        Ok(self.client.committed(partition))
    }

    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<Answer<u64>, Fault> {
        let start = self.client.log.start(partition);
        let offset = offset.unwrap_or(start).max(start);
        self.client.start_at(partition, offset)?;
        Ok(Answer::Ready(offset))
    }

    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault> {
        self.client.commit(MemoryRouter::records(batch), &batch.offsets)
    }
}
