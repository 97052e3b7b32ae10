//! The outbox: alerts, links and dead letters that are not committed yet, each with the offset of its record.

use crate::event::Event;
use crate::event::time::Time;
use crate::stage::detector::applied::TaskOutput;
use crate::stage::port::{DeadLetter, Link, PendingAlert, RoutedRecord, SourcePartition};
use crate::wire;
use std::collections::VecDeque;

/// Alerts, links and dead letters in the order of their records.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    entries: VecDeque<(u64, Entry)>,
}

#[derive(Debug)]
enum Entry {
    Alert(Box<PendingAlert>),
    Link(Link),
    Dead(DeadLetter),
}

impl Outbox {
    /// Adds an alert on the record at this offset.
    pub(crate) fn add_alert(&mut self, offset: u64, alert: PendingAlert) {
        self.entries.push_back((offset, Entry::Alert(Box::new(alert))));
    }

    /// Adds an alert on the record at this offset as an event for these partitions. Its source record was appended at this time,
    /// from which the latency of a story counts too.
    pub(crate) fn add_links(&mut self, offset: u64, mut link: Event, at: Option<Time>, to: Vec<u32>) {
        link.origin.append_time = at;
        let value = wire::routed::encode([&link]);
        let links = to.into_iter().map(|partition| Link { partition, value: value.clone() });
        self.entries.extend(links.map(|link| (offset, Entry::Link(link))));
    }

    /// Adds a dead letter for the record at this offset.
    pub(crate) fn add_dead_letter(&mut self, offset: u64, letter: DeadLetter) {
        self.entries.push_back((offset, Entry::Dead(letter)));
    }

    /// How many entries wait.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Copies all entries into an output: they stay until they are known to be committed.
    pub(crate) fn copy_into(&self, output: &mut TaskOutput) {
        for (_, entry) in &self.entries {
            match entry {
                Entry::Alert(alert) => output.alerts.push((**alert).clone()),
                Entry::Link(link) => output.links.push(link.clone()),
                Entry::Dead(letter) => output.dead.push(letter.clone()),
            }
        }
    }

    /// Removes the entries of records below a committed offset.
    pub(crate) fn committed_below(&mut self, offset: u64) {
        while self.entries.front().is_some_and(|(of, _)| *of < offset) {
            self.entries.pop_front();
        }
    }
}

/// A dead letter names the topic by its role; only the port knows the configured name.
pub(crate) fn unreadable(record: &RoutedRecord, detail: String) -> DeadLetter {
    DeadLetter {
        from: SourcePartition { topic: ROUTED.to_owned(), partition: record.partition },
        offset: record.offset,
        append_time: None,
        reason: UNREADABLE,
        detail,
        record: record.value.clone(),
    }
}

/// The topic in a dead letter of the detector, whatever the configured name of the routed topic.
const ROUTED: &str = "routed";

/// The reason of a dead letter of the detector: its record cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable_routed_record";
