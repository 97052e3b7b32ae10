//! The outbox: alerts and dead letters that are not committed yet, each with the offset of its record.

use crate::stage::port::{DeadLetter, PendingAlert};
use std::collections::VecDeque;

/// Alerts and dead letters in the order of their records.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    entries: VecDeque<(u64, Entry)>,
}

#[derive(Debug)]
enum Entry {
    Alert(Box<PendingAlert>),
    Dead(DeadLetter),
}

impl Outbox {
    /// Adds an alert on the record at this offset.
    pub(crate) fn add_alert(&mut self, offset: u64, alert: PendingAlert) {
        self.entries.push_back((offset, Entry::Alert(Box::new(alert))));
    }

    /// Adds a dead letter for the record at this offset.
    pub(crate) fn add_dead_letter(&mut self, offset: u64, letter: DeadLetter) {
        self.entries.push_back((offset, Entry::Dead(letter)));
    }

    /// How many entries wait.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Copies of all entries: they stay until they are known to be committed.
    pub(crate) fn copies(&self) -> (Vec<PendingAlert>, Vec<DeadLetter>) {
        let (mut alerts, mut dead) = (Vec::new(), Vec::new());
        for (_, entry) in &self.entries {
            match entry {
                Entry::Alert(alert) => alerts.push((**alert).clone()),
                Entry::Dead(letter) => dead.push(letter.clone()),
            }
        }
        (alerts, dead)
    }

    /// Removes the entries of records below a committed offset.
    pub(crate) fn committed_below(&mut self, offset: u64) {
        while self.entries.front().is_some_and(|(of, _)| *of < offset) {
            self.entries.pop_front();
        }
    }
}
