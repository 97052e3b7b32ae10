//! The log: topics, transactions and groups, and the handle that clients, tests and the demo share.

use crate::event::time::Time;
use crate::memory_log::group::Group;
use crate::memory_log::partition::{Partition, StoredRecord};
use crate::memory_log::transaction::{
    GroupOffsets, Marker, MarkerTarget, NewRecord, ProducerHandle, Refused, Transactions,
};
use crate::stage::port::SourcePartition;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The log. Clones are the same log.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog(pub(crate) Rc<RefCell<Log>>);

impl MemoryLog {
    /// A log without topics.
    pub fn new() -> MemoryLog {
        MemoryLog::default()
    }

    /// Creates a topic, or empties it.
    pub fn create(&self, topic: &str, partitions: u32) {
        let partitions = (0..partitions).map(|_| Partition::default()).collect();
        self.0.borrow_mut().topics.insert(topic.to_owned(), partitions);
    }

    /// The partitions of a topic; empty when the topic does not exist.
    pub fn partitions(&self, topic: &str) -> Vec<SourcePartition> {
        self.0.borrow().partitions_of(topic)
    }

    /// Appends a record outside of any transaction: its offset.
    pub fn append(&self, to: &SourcePartition, value: Option<Vec<u8>>, append_time: Option<Time>) -> u64 {
        self.0.borrow_mut().with(to, |partition| partition.append(None, None, value, append_time))
    }

    /// At most `limit` committed records from `from` on, and the offset behind everything that was read, markers included.
    pub fn read_committed(&self, of: &SourcePartition, from: u64, limit: usize) -> (Vec<StoredRecord>, u64) {
        self.0.borrow_mut().with(of, |partition| partition.read_committed(from, limit))
    }

    /// The first offset that retention has left.
    pub fn start(&self, of: &SourcePartition) -> u64 {
        self.0.borrow_mut().with(of, |partition| partition.start())
    }

    /// The high watermark: the end, undecided records included.
    pub fn end(&self, of: &SourcePartition) -> u64 {
        self.0.borrow_mut().with(of, |partition| partition.end())
    }

    /// The last stable offset: where a read-committed reader must stop now.
    pub fn stable_end(&self, of: &SourcePartition) -> u64 {
        self.0.borrow_mut().with(of, |partition| partition.stable_end())
    }

    /// The offset of the first record, committed or undecided, at or behind `from`; markers and aborted records do not count.
    pub fn first_record(&self, of: &SourcePartition, from: u64) -> Option<u64> {
        self.0.borrow_mut().with(of, |partition| partition.first_record(from))
    }

    /// Compaction: keeps the newest committed record of each key. Tombstones stay.
    pub fn compact(&self, which: &SourcePartition) {
        self.0.borrow_mut().with(which, Partition::compact);
    }

    /// Retention: drops records and markers below an offset.
    pub fn truncate(&self, which: &SourcePartition, below: u64) {
        self.0.borrow_mut().with(which, |partition| partition.truncate(below));
    }

    /// The committed offset of a group, whether or not a transaction over it is undecided.
    pub fn committed(&self, group: &str, of: &SourcePartition) -> Option<u64> {
        self.0.borrow().groups.get(group).and_then(|group| group.committed(of))
    }

    /// Sets a group's offsets outside of any transaction, as an operator may.
    pub fn set_offsets(&self, group: &str, offsets: &[(SourcePartition, u64)]) {
        self.0.borrow_mut().group(group).set_committed(offsets);
    }

    /// Ends a member's session: its partitions are free, and its next poll reports the loss.
    pub fn expire_member(&self, group: &str, member: &str) {
        if let Some(group) = self.0.borrow_mut().groups.get_mut(group) {
            group.remove(member);
        }
    }

    /// The member ids that own the partitions of a group now.
    pub fn owners(&self, group: &str) -> BTreeMap<SourcePartition, String> {
        self.0.borrow().groups.get(group).map(Group::owners).unwrap_or_default()
    }

    /// The transactional ids whose transaction is neither committed nor aborted.
    pub fn open_transactions(&self) -> Vec<String> {
        self.0.borrow().transactions.open()
    }

    /// A transaction exceeds its timeout: it is aborted, and its producer fenced.
    pub fn expire_transaction(&self, transactional_id: &str) {
        self.0.borrow_mut().init_producer(transactional_id);
    }

    /// How many markers of decided transactions are not written yet.
    pub fn markers_left(&self) -> usize {
        self.0.borrow().transactions.markers().len()
    }

    /// Writes one of these markers. Kafka does not define an order among partitions.
    pub fn write_marker(&self, which: usize) {
        let mut log = self.0.borrow_mut();
        if let Some(marker) = log.transactions.markers().into_iter().nth(which) {
            log.write_marker(&marker);
        }
    }
}

/// The contents of a log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    topics: BTreeMap<String, Vec<Partition>>,
    transactions: Transactions,
    groups: BTreeMap<String, Group>,
    members: u64,
}

impl Log {
    /// Runs `action` on a partition. One that does not exist is empty, and what is written to it is lost: topics are created first.
    pub(crate) fn with<T>(&mut self, which: &SourcePartition, action: impl FnOnce(&mut Partition) -> T) -> T {
        let partitions = self.topics.get_mut(&which.topic);
        match partitions.and_then(|partitions| partitions.get_mut(which.partition as usize)) {
            Some(partition) => action(partition),
            None => action(&mut Partition::default()),
        }
    }

    /// The group of this name.
    pub(crate) fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_default()
    }

    /// A number that no member had before.
    pub(crate) fn next_member(&mut self) -> u64 {
        self.members += 1;
        self.members
    }

    /// The partitions of a topic.
    pub(crate) fn partitions_of(&self, topic: &str) -> Vec<SourcePartition> {
        let count = self.topics.get(topic).map_or(0, Vec::len) as u32;
        (0..count).map(|partition| SourcePartition { topic: topic.to_owned(), partition }).collect()
    }

    /// Initialises a producer: the one before is fenced, and its transactions get their markers.
    pub(crate) fn init_producer(&mut self, transactional_id: &str) -> ProducerHandle {
        let (handle, ended) = self.transactions.init_producer(transactional_id);
        ended.into_iter().for_each(|transaction| self.write_markers_of(transaction));
        handle
    }

    /// Begins a transaction, after the markers of the one before.
    pub(crate) fn begin(&mut self, handle: &ProducerHandle) -> Result<(), Refused> {
        let ended = self.transactions.begin(handle)?;
        ended.into_iter().for_each(|transaction| self.write_markers_of(transaction));
        Ok(())
    }

    /// Writes a record in the open transaction of a producer.
    pub(crate) fn produce(&mut self, handle: &ProducerHandle, record: NewRecord) -> Result<(), Refused> {
        let open = self.transactions.open_of(handle)?;
        let NewRecord { to, key, value } = record;
        self.with(&to, |partition| partition.append(Some(open), key, value, None));
        self.transactions.add_partition(open, to);
        Ok(())
    }

    /// Adds offsets of a group to the open transaction of a producer, on behalf of a member of this generation.
    pub(crate) fn send_offsets(
        &mut self,
        handle: &ProducerHandle,
        group: &str,
        member: (&str, u64),
        offsets: &[(SourcePartition, u64)],
    ) -> Result<(), Refused> {
        let open = self.transactions.open_of(handle)?;
        if !self.groups.get(group).is_some_and(|group| group.is_current(member)) {
            return Err(Refused::StaleGeneration);
        }
        let (group, offsets) = (group.to_owned(), offsets.to_vec());
        self.transactions.add_offsets(open, GroupOffsets { group, offsets });
        Ok(())
    }

    /// Decides the open transaction of a producer: its number. Its markers are written separately.
    pub(crate) fn end(&mut self, handle: &ProducerHandle, commit: bool) -> Result<u64, Refused> {
        self.transactions.end(handle, commit)
    }

    /// Whether a transaction with an offset of this partition is not finished.
    pub(crate) fn is_undecided(&self, group: &str, of: &SourcePartition) -> bool {
        self.transactions.is_undecided(group, of)
    }

    /// Writes all markers of a transaction.
    pub(crate) fn write_markers_of(&mut self, transaction: u64) {
        for marker in self.transactions.markers().iter().filter(|marker| marker.transaction == transaction) {
            self.write_marker(marker);
        }
    }

    fn write_marker(&mut self, marker: &Marker) {
        match &marker.target {
            MarkerTarget::Partition(partition) => {
                self.with(partition, |log| log.finish(marker.transaction, marker.commit));
            }
            MarkerTarget::Offsets(GroupOffsets { group, offsets }) => {
                if marker.commit {
                    self.group(group).set_committed(offsets);
                }
            }
        }
        self.transactions.marked(marker);
    }
}
