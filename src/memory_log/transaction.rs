//! Producers with epochs, and transactions: open, then decided, then marked.
//!
//! This is the coordinator's view. It does not touch partitions: the log writes records and markers, and reports them here.

use crate::stage::port::SourcePartition;
use std::collections::{BTreeMap, BTreeSet};

/// An initialised producer. A later one with the same transactional id fences it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProducerHandle {
    pub transactional_id: String,
    epoch: u32,
}

/// A record to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The partition to write to.
    pub to: SourcePartition,
    /// The key that compaction compares.
    pub key: Option<Vec<u8>>,
    /// The value; none for a tombstone.
    pub value: Option<Vec<u8>>,
}

/// Why the log refuses a request of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A newer producer has this transactional id, or the coordinator ended the transaction.
    Fenced,
    /// The group has a newer generation than the member.
    StaleGeneration,
}

/// Offsets of a group in a transaction.
#[derive(Clone, Debug)]
pub(crate) struct GroupOffsets {
    pub(crate) group: String,
    pub(crate) offsets: Vec<(SourcePartition, u64)>,
}

/// A marker of a decided transaction that is not written yet.
#[derive(Clone, Debug)]
pub(crate) struct Marker {
    pub(crate) transaction: u64,
    pub(crate) commit: bool,
    pub(crate) target: MarkerTarget,
}

/// Where a marker goes.
#[derive(Clone, Debug)]
pub(crate) enum MarkerTarget {
    Partition(SourcePartition),
    Offsets(GroupOffsets),
}

/// All producers and the transactions that still lack a marker.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    producers: BTreeMap<String, Producer>,
    transactions: BTreeMap<u64, Transaction>,
    last_id: u64,
}

#[derive(Debug, Default)]
struct Producer {
    epoch: u32,
    open: Option<u64>,
    /// The transaction before, whose markers may not all be written.
    ended: Option<u64>,
}

#[derive(Debug, Default)]
struct Transaction {
    commit: Option<bool>,
    /// Partitions without a marker.
    partitions: BTreeSet<SourcePartition>,
    /// Offsets that are not applied.
    offsets: Option<GroupOffsets>,
}

impl Transactions {
    /// Initialises a producer. It fences the one before, whose open transaction is aborted. The transactions returned need their
    /// markers before the new producer begins one.
    pub(crate) fn init_producer(&mut self, transactional_id: &str) -> (ProducerHandle, Vec<u64>) {
        let producer = self.producers.entry(transactional_id.to_owned()).or_default();
        producer.epoch += 1;
        let (epoch, open, ended) = (producer.epoch, producer.open.take(), producer.ended.take());
        if let Some(open) = open {
            self.decide(open, false);
        }
        let handle = ProducerHandle { transactional_id: transactional_id.to_owned(), epoch };
        (handle, open.into_iter().chain(ended).collect())
    }

    fn producer(&mut self, handle: &ProducerHandle) -> Result<&mut Producer, Refused> {
        let producer = self.producers.get_mut(&handle.transactional_id);
        producer.filter(|producer| producer.epoch == handle.epoch).ok_or(Refused::Fenced)
    }

    /// The open transaction of a producer.
    pub(crate) fn open_of(&mut self, handle: &ProducerHandle) -> Result<u64, Refused> {
        self.producer(handle)?.open.ok_or(Refused::Fenced)
    }

    /// Begins a transaction. The one returned needs its markers first.
    pub(crate) fn begin(&mut self, handle: &ProducerHandle) -> Result<Option<u64>, Refused> {
        let id = self.last_id + 1;
        let producer = self.producer(handle)?;
        producer.open = Some(id);
        let ended = producer.ended.take();
        self.last_id = id;
        self.transactions.insert(id, Transaction::default());
        Ok(ended)
    }

    /// Notes that a transaction has a record in this partition.
    pub(crate) fn add_partition(&mut self, transaction: u64, partition: SourcePartition) {
        self.transactions.entry(transaction).or_default().partitions.insert(partition);
    }

    /// Adds offsets of a group to a transaction.
    pub(crate) fn add_offsets(&mut self, transaction: u64, offsets: GroupOffsets) {
        self.transactions.entry(transaction).or_default().offsets = Some(offsets);
    }

    /// Decides the open transaction of a producer.
    pub(crate) fn end(&mut self, handle: &ProducerHandle, commit: bool) -> Result<u64, Refused> {
        let open = self.open_of(handle)?;
        self.decide(open, commit);
        let producer = self.producer(handle)?;
        producer.ended = producer.open.take();
        Ok(open)
    }

    fn decide(&mut self, transaction: u64, commit: bool) {
        if let Some(transaction) = self.transactions.get_mut(&transaction) {
            transaction.commit = Some(commit);
        }
    }

    /// The markers of all decided transactions that are not written yet.
    pub(crate) fn markers(&self) -> Vec<Marker> {
        let of = |(id, transaction): (&u64, &Transaction)| {
            let Some(commit) = transaction.commit else { return Vec::new() };
            let partitions = transaction.partitions.iter().cloned().map(MarkerTarget::Partition);
            let targets = partitions.chain(transaction.offsets.clone().map(MarkerTarget::Offsets));
            targets.map(|target| Marker { transaction: *id, commit, target }).collect()
        };
        self.transactions.iter().flat_map(of).collect()
    }

    /// Notes that a marker is written. A transaction with all its markers is forgotten.
    pub(crate) fn marked(&mut self, marker: &Marker) {
        let Some(transaction) = self.transactions.get_mut(&marker.transaction) else { return };
        match &marker.target {
            MarkerTarget::Partition(partition) => drop(transaction.partitions.remove(partition)),
            MarkerTarget::Offsets(_) => transaction.offsets = None,
        }
        if transaction.partitions.is_empty() && transaction.offsets.is_none() {
            self.transactions.remove(&marker.transaction);
        }
    }

    /// Whether a transaction with an offset of this partition lacks its marker.
    pub(crate) fn is_undecided(&self, group: &str, of: &SourcePartition) -> bool {
        let concerns = |offsets: &GroupOffsets| {
            offsets.group == group && offsets.offsets.iter().any(|(partition, _)| partition == of)
        };
        self.transactions.values().filter_map(|transaction| transaction.offsets.as_ref()).any(concerns)
    }

    /// The transactional ids with an open transaction.
    pub(crate) fn open(&self) -> Vec<String> {
        let open = self.producers.iter().filter(|(_, producer)| producer.open.is_some());
        open.map(|(id, _)| id.clone()).collect()
    }
}
