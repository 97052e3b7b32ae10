//! What a task says it did with a record, and what it has to send.

use crate::engine::Notice;
use crate::stage::port::{CheckpointRecord, DeadLetter, Raised};

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// Below the position: it was applied before.
    Skipped,
    /// Applied in silence: its alerts are out.
    Replayed,
    /// Applied.
    Live,
    /// Not all in it are events: the router wrote it, so this is a fault of ours or damage. It is a dead letter; the events in it
    /// are applied.
    Unreadable,
}

/// What a record did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What became of it.
    pub became: Became,
    /// Alerts it raised; of a replay: that were not repeated.
    pub alerts: usize,
    /// Those of them that are old news and not written.
    pub held: usize,
    /// What there is to say beside them.
    pub notices: Vec<Notice>,
    /// Its events that are older than the allowed lateness.
    pub late: usize,
}

/// What a task has to send.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOutput {
    /// Alerts, in the order in which they were raised.
    pub alerts: Vec<Raised>,
    /// Records that are no events.
    pub dead: Vec<DeadLetter>,
    /// The checkpoint, if one was asked for.
    pub checkpoint: Vec<CheckpointRecord>,
    /// The next offset; never below the committed one.
    pub offset: u64,
}
