//! Producers with epochs, and transactions: open, decided, marked.

use crate::memory_log::Log;
use crate::stage::port::SourcePartition;
use std::collections::BTreeSet;

/// A producer that was initialised: an older one with the same id is fenced by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    /// Its transactional id.
    pub transactional_id: String,
    epoch: u32,
}

/// A record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where to.
    pub to: SourcePartition,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

/// Why the log does not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is a newer producer with this id, or the transaction was ended for it.
    Fenced,
    /// The group has moved on: the member is not what it thinks.
    StaleGeneration,
}

#[derive(Debug, Default)]
pub(crate) struct Producer {
    epoch: u32,
    open: Option<u64>,
    /// The one before, whose markers may not all be written.
    ended: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Transaction {
    commit: Option<bool>,
    /// Partitions without a marker.
    partitions: BTreeSet<SourcePartition>,
    /// Offsets that are not applied.
    group: Option<String>,
    offsets: Vec<(SourcePartition, u64)>,
}

/// What is left to write of a decided transaction.
#[derive(Clone, Debug)]
pub(crate) enum Marker {
    Partition { transaction: u64, commit: bool, partition: SourcePartition },
    Offsets { transaction: u64, commit: bool, group: String, offsets: Vec<(SourcePartition, u64)> },
}

impl Log {
    /// A new producer under this id. The old one is fenced, its open transaction aborted, its decided one finished.
    pub(crate) fn init_producer(&mut self, transactional_id: &str) -> Handle {
        let producer = self.producers.entry(transactional_id.to_owned()).or_default();
        producer.epoch += 1;
        let (epoch, open, ended) = (producer.epoch, producer.open.take(), producer.ended.take());
        if let Some(open) = open {
            self.decide(open, false);
        }
        open.into_iter().chain(ended).for_each(|transaction| self.write_markers_of(transaction));
        Handle { transactional_id: transactional_id.to_owned(), epoch }
    }

    fn open_of(&mut self, handle: &Handle) -> Result<u64, Refused> {
        let producer = self.producers.get(&handle.transactional_id);
        let producer = producer.filter(|producer| producer.epoch == handle.epoch).ok_or(Refused::Fenced)?;
        producer.open.ok_or(Refused::Fenced)
    }

    /// Begins a transaction, which waits until the one before has all its markers.
    pub(crate) fn begin(&mut self, handle: &Handle) -> Result<(), Refused> {
        let producer = self.producers.get_mut(&handle.transactional_id);
        let producer = producer.filter(|producer| producer.epoch == handle.epoch).ok_or(Refused::Fenced)?;
        self.transactions_begun += 1;
        producer.open = Some(self.transactions_begun);
        let ended = producer.ended.take();
        self.transactions.insert(self.transactions_begun, Transaction::default());
        ended.into_iter().for_each(|transaction| self.write_markers_of(transaction));
        Ok(())
    }

    pub(crate) fn produce(&mut self, handle: &Handle, message: Message) -> Result<(), Refused> {
        let open = self.open_of(handle)?;
        let Message { to, key, value } = message;
        self.with(&to, |partition| partition.append(Some(open), key, value, None));
        self.transactions.entry(open).or_default().partitions.insert(to);
        Ok(())
    }

    pub(crate) fn send_offsets(
        &mut self,
        handle: &Handle,
        group: &str,
        member: (&str, u64),
        offsets: &[(SourcePartition, u64)],
    ) -> Result<(), Refused> {
        let open = self.open_of(handle)?;
        if !self.groups.get(group).is_some_and(|group| group.is_current(member)) {
            return Err(Refused::StaleGeneration);
        }
        let transaction = self.transactions.entry(open).or_default();
        transaction.group = Some(group.to_owned());
        transaction.offsets = offsets.to_vec();
        Ok(())
    }

    /// Decides the producer's open transaction; its markers are written by [`Log::write_marker`].
    pub(crate) fn end(&mut self, handle: &Handle, commit: bool) -> Result<u64, Refused> {
        let open = self.open_of(handle)?;
        self.decide(open, commit);
        if let Some(producer) = self.producers.get_mut(&handle.transactional_id) {
            producer.ended = producer.open.take();
        }
        Ok(open)
    }

    fn decide(&mut self, transaction: u64, commit: bool) {
        if let Some(transaction) = self.transactions.get_mut(&transaction) {
            transaction.commit = Some(commit);
        }
    }

    pub(crate) fn write_markers_of(&mut self, transaction: u64) {
        let of = |marker: &Marker| marker.transaction() == transaction;
        for marker in self.markers().into_iter().filter(of) {
            self.write_marker(&marker);
        }
    }

    /// What is left to write of all decided transactions.
    pub(crate) fn markers(&self) -> Vec<Marker> {
        let of = |(id, transaction): (&u64, &Transaction)| {
            let Some(commit) = transaction.commit else { return Vec::new() };
            let partition =
                |p: &SourcePartition| Marker::Partition { transaction: *id, commit, partition: p.clone() };
            let offsets = transaction.group.clone().map(|group| {
                let offsets = transaction.offsets.clone();
                Marker::Offsets { transaction: *id, commit, group, offsets }
            });
            transaction.partitions.iter().map(partition).chain(offsets).collect()
        };
        self.transactions.iter().flat_map(of).collect()
    }

    /// A marker is written; a transaction that has all of them is forgotten.
    pub(crate) fn marked(&mut self, marker: &Marker) {
        let id = marker.transaction();
        let Some(transaction) = self.transactions.get_mut(&id) else { return };
        match marker {
            Marker::Partition { partition, .. } => drop(transaction.partitions.remove(partition)),
            Marker::Offsets { .. } => transaction.group = None,
        }
        if transaction.partitions.is_empty() && transaction.group.is_none() {
            self.transactions.remove(&id);
        }
    }

    /// Whether a transaction over this offset is not finished.
    pub(crate) fn is_undecided(&self, group: &str, of: &SourcePartition) -> bool {
        let concerns = |t: &Transaction| {
            t.group.as_deref() == Some(group) && t.offsets.iter().any(|(partition, _)| partition == of)
        };
        self.transactions.values().any(concerns)
    }

    pub(crate) fn open_transactions(&self) -> Vec<String> {
        let open = self.producers.iter().filter(|(_, producer)| producer.open.is_some());
        open.map(|(id, _)| id.clone()).collect()
    }
}

impl Marker {
    fn transaction(&self) -> u64 {
        match self {
            Marker::Partition { transaction, .. } | Marker::Offsets { transaction, .. } => *transaction,
        }
    }
}
