//! A log in memory that behaves as Kafka does in what exactly-once rests on.
//!
//! **It is** topics with partitions and offsets, transactions that end with a marker in every partition, read-committed readers
//! that stop at the first undecided record, transactional ids whose epochs fence, consumer groups with generations and cooperative
//! rebalances, committed offsets that wait for undecided transactions, compaction and retention. A transaction's decision and
//! its markers are separate steps, as they are in Kafka, so that whoever looks in between sees what he would see there.
//!
//! **It is not** durable, replicated, fast, or shared between threads; it knows no leaders, no timeouts and no clock: sessions and
//! transactions end when somebody says so. It serves demonstrations and the crash simulation; that Kafka behaves like this is
//! tested against Kafka.

pub mod client;
pub mod detector_port;
mod group;
mod partition;
pub mod router_port;
mod transaction;

use crate::event::time::Time;
use crate::memory_log::group::Group;
use crate::memory_log::partition::Partition;
use crate::memory_log::transaction::{Marker, Producer, Transaction};
use crate::stage::port::SourcePartition;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub use crate::memory_log::partition::Stored;
pub use crate::memory_log::transaction::{Handle, Message, Refused};

/// The log. Clones are the same log.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog(Rc<RefCell<Log>>);

/// What the log holds.
#[derive(Debug, Default)]
struct Log {
    topics: BTreeMap<String, Vec<Partition>>,
    producers: BTreeMap<String, Producer>,
    transactions: BTreeMap<u64, Transaction>,
    transactions_begun: u64,
    members_begun: u64,
    groups: BTreeMap<String, Group>,
}

impl MemoryLog {
    /// An empty log.
    pub fn new() -> MemoryLog {
        MemoryLog::default()
    }

    /// Creates a topic.
    pub fn create(&self, topic: &str, partitions: u32) {
        let partitions = (0..partitions).map(|_| Partition::default()).collect();
        self.0.borrow_mut().topics.insert(topic.to_owned(), partitions);
    }

    /// The partitions of a topic; empty when there is no such topic.
    pub fn partitions(&self, topic: &str) -> Vec<SourcePartition> {
        let count = self.0.borrow().topics.get(topic).map_or(0, Vec::len) as u32;
        (0..count).map(|partition| SourcePartition { topic: topic.to_owned(), partition }).collect()
    }

    /// Appends a record outside of any transaction, and tells its offset.
    pub fn append(&self, to: &SourcePartition, value: Option<Vec<u8>>, append_time: Option<Time>) -> u64 {
        self.0.borrow_mut().with(to, |partition| partition.append(None, None, value, append_time))
    }

    /// At most `limit` committed records from `from` on, and the offset to go on from.
    pub fn read_committed(&self, of: &SourcePartition, from: u64, limit: usize) -> (Vec<Stored>, u64) {
        self.0.borrow_mut().with(of, |partition| partition.read_committed(from, limit))
    }

    /// The first offset.
    pub fn start(&self, of: &SourcePartition) -> u64 {
        self.0.borrow_mut().with(of, |partition| partition.start())
    }

    /// The high watermark: the end, undecided records included.
    pub fn end(&self, of: &SourcePartition) -> u64 {
        self.0.borrow_mut().with(of, |partition| partition.end())
    }

    /// The last stable offset: the end of what a read-committed reader may see now.
    pub fn stable_end(&self, of: &SourcePartition) -> u64 {
        self.0.borrow_mut().with(of, |partition| partition.stable_end())
    }

    /// Keeps the newest record of each key, of those that are decided; tombstones stay.
    pub fn compact(&self, which: &SourcePartition) {
        self.0.borrow_mut().with(which, Partition::compact);
    }

    /// Retention: drops what is below an offset.
    pub fn truncate(&self, which: &SourcePartition, below: u64) {
        self.0.borrow_mut().with(which, |partition| partition.truncate(below));
    }

    /// The committed offset of a group, and none also while a transaction over it is undecided.
    pub fn committed(&self, group: &str, of: &SourcePartition) -> Option<u64> {
        self.0.borrow().groups.get(group).and_then(|group| group.committed(of))
    }

    /// Sets a group's offsets without a transaction and whoever owns the partitions, as an operator may.
    pub fn set_offsets(&self, group: &str, offsets: &[(SourcePartition, u64)]) {
        let mut log = self.0.borrow_mut();
        let group = log.groups.entry(group.to_owned()).or_default();
        offsets.iter().for_each(|(partition, offset)| group.set_committed(partition, *offset));
    }

    /// A member's session is over: its partitions are free, and it learns of it when it polls.
    pub fn expire_member(&self, group: &str, member: &str) {
        if let Some(group) = self.0.borrow_mut().groups.get_mut(group) {
            group.remove(member);
        }
    }

    /// Who owns the partitions of a group now, by [`client::Client::member`].
    pub fn owners(&self, group: &str) -> BTreeMap<SourcePartition, String> {
        self.0.borrow().groups.get(group).map(Group::owners).unwrap_or_default()
    }

    /// The transactional ids whose transaction is neither committed nor aborted.
    pub fn open_transactions(&self) -> Vec<String> {
        self.0.borrow().open_transactions()
    }

    /// A transaction took too long: it is aborted, and its producer fenced.
    pub fn expire_transaction(&self, transactional_id: &str) {
        self.0.borrow_mut().init_producer(transactional_id);
    }

    /// How many markers of decided transactions are not written yet.
    pub fn markers_left(&self) -> usize {
        self.0.borrow().markers().len()
    }

    /// Writes one of them: the order among partitions is nobody's promise.
    pub fn write_marker(&self, which: usize) {
        let mut log = self.0.borrow_mut();
        if let Some(marker) = log.markers().into_iter().nth(which) {
            log.write_marker(&marker);
        }
    }
}

impl Log {
    /// A partition that is not there is empty, and what is written to it is lost: topics are created first.
    fn with<T>(&mut self, which: &SourcePartition, action: impl FnOnce(&mut Partition) -> T) -> T {
        let partitions = self.topics.get_mut(&which.topic);
        match partitions.and_then(|partitions| partitions.get_mut(which.partition as usize)) {
            Some(partition) => action(partition),
            None => action(&mut Partition::default()),
        }
    }

    fn next_member(&mut self) -> u64 {
        self.members_begun += 1;
        self.members_begun
    }

    fn partitions_of(&self, topics: &[String]) -> Vec<SourcePartition> {
        let count = |topic: &String| self.topics.get(topic).map_or(0, Vec::len) as u32;
        let of = |topic: &String| {
            let topic = topic.clone();
            (0..count(&topic)).map(move |partition| SourcePartition { topic: topic.clone(), partition })
        };
        topics.iter().flat_map(of).collect()
    }

    fn write_marker(&mut self, marker: &Marker) {
        match marker {
            Marker::Partition { transaction, commit, partition } => {
                self.with(partition, |log| log.finish(*transaction, *commit));
            }
            Marker::Offsets { group, commit, offsets, .. } => {
                if *commit {
                    let group = self.groups.entry(group.clone()).or_default();
                    offsets.iter().for_each(|(partition, offset)| group.set_committed(partition, *offset));
                }
            }
        }
        self.marked(marker);
    }
}
