//! One process's member of a group and its producer: what both ports have in common.
//!
//! A transaction is made in steps, each of its own, so that a test can die, wait or lie between any two of them.

use crate::memory_log::{Handle, MemoryLog, Message, Refused};
use crate::stage::port::{Answer, Fault, Intake, Outcome, SourcePartition};
use std::collections::{BTreeMap, BTreeSet};

/// How many records a poll brings of one partition.
const POLL_RECORDS: usize = 100;

/// A member and a producer.
#[derive(Debug)]
pub struct Client {
    /// The log.
    pub log: MemoryLog,
    name: String,
    group: String,
    topics: Vec<String>,
    member: String,
    generation: u64,
    owned: BTreeSet<SourcePartition>,
    started: BTreeMap<SourcePartition, u64>,
    producer: Handle,
    on_spare: bool,
}

/// What a poll brings.
#[derive(Debug, Default)]
pub struct Polled {
    /// Partitions that were lost.
    pub lost: Vec<SourcePartition>,
    /// Records of those that were started.
    pub records: Vec<(SourcePartition, crate::memory_log::Stored)>,
    /// Partitions that are to be given back.
    pub revoked: Vec<SourcePartition>,
    /// Partitions that may be taken.
    pub assigned: Vec<SourcePartition>,
}

impl Client {
    /// A process `name` begins: its producers' predecessors are fenced.
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

    /// The member id: another one for every process that ever began, whatever its name.
    pub fn member(&self) -> &str {
        &self.member
    }

    /// The consumer group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Joins when it must, learns of the group's changes, reads. Who was given up learns that and nothing else.
    ///
    /// # Errors
    /// When retention has overtaken a reader.
    pub fn poll(&mut self, intake: Intake) -> Result<Polled, Fault> {
        let mut polled = Polled::default();
        let mut log = self.log.0.borrow_mut();
        let partitions = log.partitions_of(&self.topics);
        let group = log.groups.entry(self.group.clone()).or_default();
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
        // They are the member's from here on, whether or not it gets as far as to accept them.
        polled.assigned.iter().for_each(|partition| group.own(&self.member, partition));
        self.owned.extend(polled.assigned.iter().cloned());
        if intake == Intake::Shut {
            return Ok(polled);
        }
        for (partition, position) in &mut self.started {
            if log.with(partition, |p| *position < p.start()) {
                return Err(out_of_range(partition, *position));
            }
            let (records, next) = log.with(partition, |p| p.read_committed(*position, POLL_RECORDS));
            *position = next;
            polled.records.extend(records.into_iter().map(|record| (partition.clone(), record)));
        }
        Ok(polled)
    }

    /// Undecided and committed records alike, of what was started, from where polls stopped: what no reader of ours does.
    pub fn read_uncommitted(&mut self) -> Vec<(SourcePartition, crate::memory_log::Stored)> {
        let mut log = self.log.0.borrow_mut();
        let mut read = Vec::new();
        for (partition, position) in &mut self.started {
            let (records, next) = log.with(partition, |p| p.read_uncommitted(*position));
            *position = next;
            read.extend(records.into_iter().map(|record| (partition.clone(), record)));
        }
        read
    }

    /// Takes partitions, which begin nowhere yet.
    pub fn accept(&mut self, partitions: &[SourcePartition]) {
        self.started.retain(|partition, _| !partitions.contains(partition));
    }

    /// Gives partitions back.
    pub fn release(&mut self, partitions: &[SourcePartition]) {
        for partition in partitions {
            self.owned.remove(partition);
            self.started.remove(partition);
        }
        let mut log = self.log.0.borrow_mut();
        let group = log.groups.entry(self.group.clone()).or_default();
        group.give_back(&self.member, partitions);
    }

    /// The committed offset, when no transaction over it is undecided.
    pub fn committed(&self, of: &SourcePartition) -> Answer<Option<u64>> {
        if self.log.0.borrow().is_undecided(&self.group, of) {
            return Answer::Wait;
        }
        Answer::Ready(self.log.committed(&self.group, of))
    }

    /// Reads from here on.
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

    /// Begins a transaction and writes all its records.
    ///
    /// # Errors
    /// When the producer is fenced.
    pub fn produce(&mut self, messages: Vec<Message>) -> Result<(), Refused> {
        let mut log = self.log.0.borrow_mut();
        log.begin(&self.producer)?;
        messages.into_iter().try_for_each(|message| log.produce(&self.producer, message))
    }

    /// Adds the group's offsets to it.
    ///
    /// # Errors
    /// When the producer is fenced, or the member's generation is stale.
    pub fn send_offsets(&mut self, offsets: &[(SourcePartition, u64)]) -> Result<(), Refused> {
        let member = (self.member.as_str(), self.generation);
        self.log.0.borrow_mut().send_offsets(&self.producer, &self.group, member, offsets)
    }

    /// Ends it, with all its markers.
    ///
    /// # Errors
    /// When the producer is fenced.
    pub fn end(&mut self, commit: bool) -> Result<(), Refused> {
        let mut log = self.log.0.borrow_mut();
        let transaction = log.end(&self.producer, commit)?;
        log.write_markers_of(transaction);
        Ok(())
    }

    /// The request to commit, apart from the producer that sent it: it may arrive late, or never.
    pub fn commit_request(&self) -> CommitRequest {
        CommitRequest { log: self.log.clone(), producer: self.producer.clone() }
    }

    /// The spare takes the producer's place.
    pub fn replace_producer(&mut self) {
        self.on_spare = !self.on_spare;
        let id = format!("{}-{}-{}", self.group, self.name, if self.on_spare { "b" } else { "a" });
        self.producer = self.log.0.borrow_mut().init_producer(&id);
    }

    /// One whole transaction.
    ///
    /// # Errors
    /// When the producer is fenced.
    pub fn commit(
        &mut self,
        messages: Vec<Message>,
        offsets: &[(SourcePartition, u64)],
    ) -> Result<Outcome, Fault> {
        let sent = self.produce(messages).and_then(|()| self.send_offsets(offsets));
        let ended = match sent {
            Ok(()) => self.end(true).map(|()| Outcome::Committed),
            Err(Refused::StaleGeneration) => self.end(false).map(|()| Outcome::Aborted),
            Err(Refused::Fenced) => Err(Refused::Fenced),
        };
        ended.map_err(|_| self.fenced())
    }

    /// What becomes of a producer that is fenced.
    pub fn fenced(&self) -> Fault {
        Fault::Fenced(self.producer.transactional_id.clone())
    }
}

pub(crate) fn out_of_range(SourcePartition { topic, partition }: &SourcePartition, offset: u64) -> Fault {
    Fault::Broken(format!("{topic}[{partition}] does not have offset {offset}"))
}

/// A request to commit that is on its way.
#[derive(Clone, Debug)]
pub struct CommitRequest {
    log: MemoryLog,
    producer: Handle,
}

impl CommitRequest {
    /// It arrives: the transaction is decided, if it is still open, and its markers are left to write.
    ///
    /// # Errors
    /// When the producer is fenced, or the transaction was ended for it.
    pub fn arrive(&self) -> Result<(), Refused> {
        self.log.0.borrow_mut().end(&self.producer, true).map(drop)
    }
}
