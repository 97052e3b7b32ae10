//! What a task returns: the outcome of a record, and what is to be committed.

use crate::engine::Notice;
use crate::stage::port::{CheckpointRecord, DeadLetter, Link, PendingAlert};

/// The outcome of a routed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// Below the position: it was applied before.
    Skipped,
    /// Applied without output: its alerts are committed.
    Replayed,
    /// Applied, and its alerts are published.
    Live,
    /// At least one of its events cannot be decoded, which is damage or a defect, since the router wrote it. The record is a dead
    /// letter; its other events are applied.
    Unreadable,
}

/// What a record did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The outcome of the record.
    pub outcome: RecordOutcome,
    /// The number of events in it.
    pub events: usize,
    /// Alerts that it raised; in a replay, alerts that were not repeated.
    pub alerts: usize,
    /// Alerts among them that the age limit suppressed.
    pub suppressed: usize,
    /// What detections report besides alerts.
    pub notices: Vec<Notice>,
    /// Its events that are older than the allowed lateness.
    pub late: usize,
    /// Its dead letter, if it is unreadable and live. The worker bounds how many of them are written.
    pub dead: Option<DeadLetter>,
}

impl Applied {
    /// A record that is below the position.
    pub(crate) fn skipped() -> Applied {
        let (outcome, notices) = (RecordOutcome::Skipped, Vec::new());
        Applied { outcome, events: 0, alerts: 0, suppressed: 0, notices, late: 0, dead: None }
    }
}

/// What a task has to commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOutput {
    /// Alerts, in the order in which they were raised.
    pub alerts: Vec<PendingAlert>,
    /// Records that are not events.
    pub dead: Vec<DeadLetter>,
    /// These alerts as events, for the partitions of their stories.
    pub links: Vec<Link>,
    /// The records of a checkpoint, if one is due.
    pub checkpoint: Vec<CheckpointRecord>,
    /// The next offset; never below the committed one.
    pub offset: u64,
}
