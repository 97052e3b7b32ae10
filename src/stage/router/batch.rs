//! The router's batch: what its next transaction writes, and how large it is.

use crate::stage::port::{DeadLetter, RouterCommit, SourcePartition};
use crate::wire;

/// The size at which a routed record is finished, in bytes: many events, and far below the record limit of a broker.
pub(crate) const RECORD_BYTES: usize = 64 * 1024;

/// The next transaction. The events of a batch for one partition share a routed record.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The most bytes of a routed record.
    longest: usize,
    commit: RouterCommit,
    /// Events by partition that are not a finished record yet.
    unfinished: Vec<Vec<u8>>,
    records: usize,
    bytes: usize,
    /// It holds the start of a partition, which a crash would move while it is not committed.
    starts: bool,
}

impl Batch {
    /// An empty batch whose routed records have at most `longest` bytes.
    pub(crate) fn new(longest: usize) -> Batch {
        let (commit, unfinished) = (RouterCommit::default(), Vec::new());
        Batch { longest, commit, unfinished, records: 0, bytes: 0, starts: false }
    }

    /// Whether a routed record with this event alone is longer than the limit.
    pub(crate) fn is_too_long(&self, event: &[u8]) -> bool {
        event.len().saturating_add(wire::routed::FRAME_BYTES) > self.longest
    }

    /// The most bytes of a routed record.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Counts records that were read.
    pub(crate) fn count_records(&mut self, records: usize) {
        self.records = self.records.saturating_add(records);
    }

    /// Adds an encoded event for a partition.
    pub(crate) fn add_event(&mut self, partition: u32, event: &[u8]) {
        self.records += 1;
        self.bytes += event.len();
        let index = partition as usize;
        if self.unfinished.len() <= index {
            self.unfinished.resize_with(index + 1, Vec::new);
        }
        let record = &mut self.unfinished[index];
        if !record.is_empty() && record.len() + event.len() + wire::routed::FRAME_BYTES > self.longest {
            self.commit.routed.push((partition, std::mem::take(record)));
        }
        wire::routed::push(record, event);
        if record.len() >= RECORD_BYTES {
            self.commit.routed.push((partition, std::mem::take(record)));
        }
    }

    /// Adds a dead letter.
    pub(crate) fn add_dead_letter(&mut self, letter: DeadLetter) {
        self.bytes += letter.record.len();
        self.commit.dead.push(letter);
    }

    /// Sets the offset to commit for a source partition.
    pub(crate) fn set_offset(&mut self, partition: &SourcePartition, offset: u64) {
        match self.commit.offsets.iter_mut().find(|(of, _)| of == partition) {
            Some((_, next)) => *next = offset,
            None => self.commit.offsets.push((partition.clone(), offset)),
        }
    }

    /// Sets the offset at which a source partition starts.
    pub(crate) fn set_start(&mut self, partition: &SourcePartition, offset: u64) {
        self.starts = true;
        self.set_offset(partition, offset);
    }

    /// Whether there is more to commit than offsets that moved.
    pub(crate) fn has_output(&self) -> bool {
        self.bytes > 0 || self.starts
    }

    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.commit.offsets.is_empty()
    }

    /// The number of records read and events written, and the bytes to write.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.records, self.bytes)
    }

    /// Takes everything as one transaction; the batch is empty afterwards.
    pub(crate) fn take(&mut self) -> RouterCommit {
        (self.records, self.bytes, self.starts) = (0, 0, false);
        let unfinished = (0..).zip(&mut self.unfinished).filter(|(_, record)| !record.is_empty());
        self.commit.routed.extend(unfinished.map(|(partition, record)| (partition, std::mem::take(record))));
        std::mem::take(&mut self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> SourcePartition {
        SourcePartition { topic: "windows".to_owned(), partition: 3 }
    }

    /// How many routed records these events make, where a record takes this many bytes.
    fn records(longest: usize, events: &[&[u8]]) -> usize {
        let mut batch = Batch::new(longest);
        events.iter().for_each(|event| batch.add_event(0, event));
        batch.take().routed.len()
    }

    #[test]
    fn record_takes_events_up_to_its_limit_and_not_a_byte_more() {
        let event: &[u8] = &[7; 10];
        let mut one = Vec::new();
        wire::routed::push(&mut one, event);
        let both = one.len() + event.len() + wire::routed::FRAME_BYTES;
        assert_eq!((records(both, &[event, event]), records(both - 1, &[event, event])), (1, 2));
        let alone = event.len() + wire::routed::FRAME_BYTES;
        assert_eq!(
            (Batch::new(alone).is_too_long(event), Batch::new(alone - 1).is_too_long(event)),
            (false, true)
        );
    }

    #[test]
    fn size_counts_what_is_read_and_written_until_the_batch_is_taken() {
        let mut batch = Batch::new(usize::MAX);
        assert_eq!((batch.size(), batch.has_output(), batch.is_empty()), ((0, 0), false, true));
        batch.set_offset(&from(), 1);
        batch.count_records(3);
        assert_eq!((batch.size(), batch.has_output(), batch.is_empty()), ((3, 0), false, false));
        for _ in 0..2 {
            batch.add_event(1, &[7; 10]);
        }
        assert_eq!((batch.size(), batch.has_output()), ((5, 20), true));
        batch.take();
        assert_eq!((batch.size(), batch.has_output(), batch.is_empty()), ((0, 0), false, true));
        let letter = DeadLetter {
            from: from(),
            offset: 1,
            append_time: None,
            reason: "bad_json",
            detail: String::new(),
            record: vec![7; 5],
        };
        (0..2).for_each(|_| batch.add_dead_letter(letter.clone()));
        assert_eq!((batch.size(), batch.has_output()), ((0, 10), true));
        batch.take();
        batch.set_start(&from(), 1);
        assert_eq!((batch.size(), batch.has_output()), ((0, 0), true), "a start is not to wait");
    }
}
