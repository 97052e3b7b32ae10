//! A client of the log: a group member and a transactional producer, as both ports use them.
//!
//! A transaction consists of separate steps, so that a test can kill, delay or falsify any of them.

use crate::memory_log::log::MemoryLog;
use crate::memory_log::partition::StoredRecord;
use crate::memory_log::transaction::{NewRecord, ProducerHandle, Refused};
use crate::stage::port::{Answer, Fault, Intake, Outcome, SourcePartition};
use std::collections::{BTreeMap, BTreeSet};

/// The most records of one partition in one poll.
const POLL_RECORDS: usize = 100;

/// A group member and a transactional producer.
#[derive(Debug)]
pub struct Client {
    /// The log that this client uses.
    pub log: MemoryLog,
    name: String,
    group: String,
    topics: Vec<String>,
    member: String,
    generation: u64,
    owned: BTreeSet<SourcePartition>,
    started: BTreeMap<SourcePartition, u64>,
    producer: ProducerHandle,
    on_spare: bool,
}

/// The result of a poll.
#[derive(Debug, Default)]
pub struct Polled {
    /// Partitions that were lost: other members may own them already.
    pub lost: Vec<SourcePartition>,
    /// Records of partitions that were started.
    pub records: Vec<(SourcePartition, StoredRecord)>,
    /// Partitions that were read further than their last record, with the offset behind what was read.
    pub passed: Vec<(SourcePartition, u64)>,
    /// Partitions that the member must release.
    pub revoked: Vec<SourcePartition>,
    /// Partitions that the member may take.
    pub assigned: Vec<SourcePartition>,
}

impl Client {
    /// The client of a process that starts under this name: it fences the producers of its predecessors.
    pub fn new(log: MemoryLog, name: &str, group: &str, topics: &[&str]) -> Client {
        let producer = log.0.borrow_mut().init_producer(&format!("{group}-{name}-a"));
        log.0.borrow_mut().init_producer(&format!("{group}-{name}-b"));
        let members = log.0.borrow_mut().next_member();
        Client {
            log,
            name: name.to_owned(),
            group: group.to_owned(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            member: format!("{name}#{members}"),
            generation: 0,
            owned: BTreeSet::new(),
            started: BTreeMap::new(),
            producer,
            on_spare: false,
        }
    }

    /// The member id, which no other client ever had.
    pub fn member(&self) -> &str {
        &self.member
    }

    /// The id of the consumer group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Joins the group when needed, and returns its changes and records. After a loss it returns only the loss.
    ///
    /// # Errors
    /// When retention has overtaken a reader.
    pub fn poll(&mut self, intake: Intake) -> Result<Polled, Fault> {
        let mut polled = Polled::default();
        let mut log = self.log.0.borrow_mut();
        let partitions = self.topics.iter().flat_map(|topic| log.partitions_of(topic)).collect();
        let group = log.group(&self.group);
        if !group.is_member(&self.member) {
            polled.lost = self.owned.iter().cloned().collect();
            group.join(&self.member, partitions);
        }
        let change = group.change(&self.member);
        self.generation = change.generation;
        if !polled.lost.is_empty() {
            self.owned.clear();
            return Ok(polled);
        }
        (polled.revoked, polled.assigned) = (change.revoked, change.assigned);
        // The member owns them from here on, whether or not it accepts them.
        polled.assigned.iter().for_each(|partition| group.own(&self.member, partition));
        self.owned.extend(polled.assigned.iter().cloned());
        if intake == Intake::Paused {
            return Ok(polled);
        }
        for (partition, position) in &mut self.started {
            if log.with(partition, |p| *position < p.start()) {
                return Err(out_of_range(partition, *position));
            }
            let (records, next) = log.with(partition, |p| p.read_committed(*position, POLL_RECORDS));
            let behind_records = records.last().map_or(*position, |record| record.offset + 1);
            if next > behind_records {
                polled.passed.push((partition.clone(), next));
            }
            *position = next;
            polled.records.extend(records.into_iter().map(|record| (partition.clone(), record)));
        }
        Ok(polled)
    }

    /// Undecided and committed records of the partitions that were started. Only a broken reader in the simulation uses it.
    pub fn read_uncommitted(&mut self) -> Vec<(SourcePartition, StoredRecord)> {
        let mut log = self.log.0.borrow_mut();
        let mut read = Vec::new();
        for (partition, position) in &mut self.started {
            let (records, next) = log.with(partition, |p| p.read_uncommitted(*position));
            *position = next;
            read.extend(records.into_iter().map(|record| (partition.clone(), record)));
        }
        read
    }

    /// Takes partitions; they are read once they are started.
    pub fn accept(&mut self, partitions: &[SourcePartition]) {
        self.started.retain(|partition, _| !partitions.contains(partition));
    }

    /// Returns partitions to the group, so that other members can own them.
    pub fn release(&mut self, partitions: &[SourcePartition]) {
        for partition in partitions {
            self.owned.remove(partition);
            self.started.remove(partition);
        }
        self.log.0.borrow_mut().group(&self.group).release(&self.member, partitions);
    }

    /// The committed offset, once no transaction over it is undecided.
    pub fn committed(&self, of: &SourcePartition) -> Answer<Option<u64>> {
        if self.log.0.borrow().is_undecided(&self.group, of) {
            return Answer::Wait;
        }
        Answer::Ready(self.log.committed(&self.group, of))
    }

    /// Reads the partition from this offset on.
    ///
    /// # Errors
    /// When the offset is not in the log.
    pub fn start_at(&mut self, partition: &SourcePartition, offset: u64) -> Result<(), Fault> {
        let (start, end) = (self.log.start(partition), self.log.end(partition));
        if !(start..=end).contains(&offset) {
            return Err(out_of_range(partition, offset));
        }
        self.started.insert(partition.clone(), offset);
        Ok(())
    }

    /// Begins a transaction and writes its records.
    ///
    /// # Errors
    /// When the producer is fenced.
    pub fn produce(&mut self, records: Vec<NewRecord>) -> Result<(), Refused> {
        let mut log = self.log.0.borrow_mut();
        log.begin(&self.producer)?;
        records.into_iter().try_for_each(|record| log.produce(&self.producer, record))
    }

    /// Adds offsets of the group to the transaction.
    ///
    /// # Errors
    /// When the producer is fenced, or the member's generation is stale.
    pub fn send_offsets(&mut self, offsets: &[(SourcePartition, u64)]) -> Result<(), Refused> {
        let member = (self.member.as_str(), self.generation);
        self.log.0.borrow_mut().send_offsets(&self.producer, &self.group, member, offsets)
    }

    /// Ends the transaction and writes all its markers.
    ///
    /// # Errors
    /// When the producer is fenced.
    pub fn end(&mut self, commit: bool) -> Result<(), Refused> {
        let mut log = self.log.0.borrow_mut();
        let transaction = log.end(&self.producer, commit)?;
        log.write_markers_of(transaction);
        Ok(())
    }

    /// A commit request apart from its producer: a test delivers it late, or never.
    pub fn commit_request(&self) -> CommitRequest {
        CommitRequest { log: self.log.clone(), producer: self.producer.clone() }
    }

    /// Replaces the producer by its spare.
    pub fn replace_producer(&mut self) {
        self.on_spare = !self.on_spare;
        let id = format!("{}-{}-{}", self.group, self.name, if self.on_spare { "b" } else { "a" });
        self.producer = self.log.0.borrow_mut().init_producer(&id);
    }

    /// Runs a whole transaction.
    ///
    /// # Errors
    /// When the producer is fenced.
    pub fn commit(
        &mut self,
        records: Vec<NewRecord>,
        offsets: &[(SourcePartition, u64)],
    ) -> Result<Outcome, Fault> {
        let sent = self.produce(records).and_then(|()| self.send_offsets(offsets));
        let ended = match sent {
            Ok(()) => self.end(true).map(|()| Outcome::Committed),
            Err(Refused::StaleGeneration) => self.end(false).map(|()| Outcome::Aborted),
            Err(Refused::Fenced) => Err(Refused::Fenced),
        };
        ended.map_err(|_| self.fenced())
    }

    /// The fault of a fenced producer.
    pub fn fenced(&self) -> Fault {
        Fault::Fenced(self.producer.transactional_id.clone())
    }
}

fn out_of_range(SourcePartition { topic, partition }: &SourcePartition, offset: u64) -> Fault {
    Fault::Broken(format!("{topic}[{partition}] has no offset {offset}"))
}

/// A commit request in flight.
#[derive(Clone, Debug)]
pub struct CommitRequest {
    log: MemoryLog,
    producer: ProducerHandle,
}

impl CommitRequest {
    /// Delivers the request: the transaction is decided if it is still open; its markers are not written.
    ///
    /// # Errors
    /// When the producer is fenced, or the transaction was ended for it.
    pub fn deliver(&self) -> Result<(), Refused> {
        self.log.0.borrow_mut().end(&self.producer, true).map(drop)
    }
}
