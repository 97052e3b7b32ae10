//! One partition of a topic: records and transaction markers, each with an offset.

use crate::event::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// A record as a reader receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its offset in the partition.
    pub offset: u64,
    /// The key that compaction compares.
    pub key: Option<Vec<u8>>,
    /// The value; none for a tombstone.
    pub value: Option<Vec<u8>>,
    /// When it was appended, if its writer gave a time.
    pub append_time: Option<Time>,
}

#[derive(Debug, Default)]
pub(crate) struct Partition {
    start: u64,
    end: u64,
    /// Committed and undecided records; aborted ones are gone.
    records: BTreeMap<u64, Record>,
    /// Undecided transactions, each with the offset of its first record here.
    open: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Record {
    transaction: Option<u64>,
    stored: StoredRecord,
}

impl Partition {
    pub(crate) fn append(
        &mut self,
        transaction: Option<u64>,
        key: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        append_time: Option<Time>,
    ) -> u64 {
        let offset = self.end;
        self.end += 1;
        if let Some(transaction) = transaction {
            self.open.entry(transaction).or_insert(offset);
        }
        let stored = StoredRecord { offset, key, value, append_time };
        self.records.insert(offset, Record { transaction, stored });
        offset
    }

    /// Writes a transaction's marker, which takes an offset.
    pub(crate) fn finish(&mut self, transaction: u64, commit: bool) {
        let Some(first) = self.open.remove(&transaction) else { return };
        self.end += 1;
        let own = |record: &Record| record.transaction == Some(transaction);
        if commit {
            let records = self.records.range_mut(first..).filter(|(_, record)| own(record));
            records.for_each(|(_, record)| record.transaction = None);
        } else {
            self.records.retain(|_, record| !own(record));
        }
    }

    /// The offset of the first record at or behind `from`, committed or undecided.
    pub(crate) fn first_record(&self, from: u64) -> Option<u64> {
        self.records.range(from..).next().map(|(offset, _)| *offset)
    }

    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn stable_end(&self) -> u64 {
        self.open.values().copied().min().unwrap_or(self.end)
    }

    pub(crate) fn read_committed(&self, from: u64, limit: usize) -> (Vec<StoredRecord>, u64) {
        let end = self.stable_end();
        let visible = self.records.range(from.min(end)..end).map(|(_, record)| record.stored.clone());
        let records: Vec<StoredRecord> = visible.take(limit).collect();
        let next = match records.last() {
            Some(last) if records.len() == limit => last.offset + 1,
            Some(_) | None => end.max(from),
        };
        (records, next)
    }

    pub(crate) fn read_uncommitted(&self, from: u64) -> (Vec<StoredRecord>, u64) {
        let records = self.records.range(from..).map(|(_, record)| record.stored.clone());
        (records.collect(), self.end.max(from))
    }

    pub(crate) fn compact(&mut self) {
        let end = self.stable_end();
        let mut seen = BTreeSet::new();
        let older = |(offset, record): (&u64, &Record)| {
            let key = record.stored.key.clone()?;
            (!seen.insert(key)).then_some(*offset)
        };
        let older: Vec<u64> = self.records.range(..end).rev().filter_map(older).collect();
        older.iter().for_each(|offset| drop(self.records.remove(offset)));
    }

    pub(crate) fn truncate(&mut self, below: u64) {
        self.start = self.start.max(below.min(self.stable_end()));
        self.records = self.records.split_off(&self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(partition: &Partition) -> Vec<u64> {
        partition.read_committed(0, 100).0.iter().map(|record| record.offset).collect()
    }

    fn write(partition: &mut Partition, transaction: Option<u64>, key: &str) -> u64 {
        partition.append(transaction, Some(key.into()), Some(Vec::new()), None)
    }

    #[test]
    fn readers_stop_at_the_first_undecided_record() {
        let mut partition = Partition::default();
        write(&mut partition, None, "a");
        write(&mut partition, Some(1), "b");
        write(&mut partition, None, "c");
        write(&mut partition, Some(2), "d");
        assert_eq!((offsets(&partition), partition.stable_end(), partition.end()), (vec![0], 1, 4));
        partition.finish(2, true);
        assert_eq!(offsets(&partition), [0]);
        partition.finish(1, false);
        assert_eq!((offsets(&partition), partition.stable_end()), (vec![0, 2, 3], 6));
        assert_eq!(partition.read_committed(0, 2).1, 3);
        assert_eq!(partition.read_committed(3, 2).1, 6, "markers are passed over");
    }

    #[test]
    fn compaction_keeps_the_newest_decided_record_of_a_key() {
        let mut partition = Partition::default();
        write(&mut partition, None, "a");
        write(&mut partition, None, "a");
        write(&mut partition, Some(1), "a");
        partition.compact();
        assert_eq!(offsets(&partition), [1]);
        partition.finish(1, false);
        partition.compact();
        assert_eq!(offsets(&partition), [1], "an aborted record replaces nothing");
        partition.truncate(9);
        assert_eq!((offsets(&partition), partition.start()), (vec![], 4));
    }
}
