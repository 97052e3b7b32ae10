//! The router's port on the log in memory.

use crate::memory_log::client::Client;
use crate::memory_log::detector_port::{dead_letter, routed};
use crate::memory_log::{MemoryLog, Message};
use crate::stage::port::{
    Answer, Fault, FilteredRun, Intake, Millis, Outcome, RouterCommit, RouterInput, RouterPort, Sieve,
    SourcePartition, SourceRecord,
};

/// The consumer group of the routers.
pub const GROUP: &str = "adcs-watch-router";

/// One process.
#[derive(Debug)]
pub struct MemoryRouter {
    /// Its member and producer.
    pub client: Client,
}

impl MemoryRouter {
    /// The process `name` begins to read these topics.
    pub fn new(log: MemoryLog, name: &str, topics: &[&str]) -> MemoryRouter {
        MemoryRouter { client: Client::new(log, name, GROUP, topics) }
    }

    /// The records of a batch.
    pub fn messages(batch: &RouterCommit) -> Vec<Message> {
        let records = batch.routed.iter().map(|(partition, value)| Message {
            to: routed(*partition),
            key: None,
            value: Some(value.clone()),
        });
        records.chain(batch.dead.iter().map(dead_letter)).collect()
    }
}

impl RouterPort for MemoryRouter {
    fn poll(&mut self, _: Millis, may_matter: Sieve<'_>) -> Result<Vec<RouterInput>, Fault> {
        let polled = self.client.poll(Intake::Open)?;
        let mut inputs = Vec::new();
        if !polled.lost.is_empty() {
            inputs.push(RouterInput::Lost(polled.lost));
        }
        inputs.extend(polled.records.into_iter().map(|(from, record)| {
            let (append_time, value) = (record.append_time, record.value);
            if value.as_ref().is_some_and(|value| !may_matter(&from.topic, value)) {
                return RouterInput::Filtered(FilteredRun { from, next: record.offset + 1, records: 1 });
            }
            RouterInput::Record(SourceRecord { from, offset: record.offset, append_time, trace: None, value })
        }));
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
        self.client.commit(MemoryRouter::messages(batch), &batch.offsets)
    }
}
