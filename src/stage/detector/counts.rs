//! What a detector reports about itself: counts since its start, and the status of each partition.

use crate::engine::StateSize;
use crate::event::time::Time;
use crate::stage::port::Millis;

/// What a detector has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetectorCounts {
    /// Records applied that may raise alerts.
    pub applied: u64,
    /// Records applied without output in replays.
    pub replayed: u64,
    /// Alerts that replays raised and did not repeat.
    pub replayed_alerts: u64,
    /// Records delivered again below the position.
    pub skipped: u64,
    /// Records of partitions that are not assigned, or not running.
    pub unexpected: u64,
    /// Records with an event that cannot be decoded.
    pub unreadable: u64,
    /// Unreadable records whose dead letter was not written, because there were too many in a minute.
    pub dead_suppressed: u64,
    /// Events older than the allowed lateness.
    pub late: u64,
    /// Alerts and revisions that the age limit suppressed.
    pub suppressed: u64,
    /// Alerts and revisions that exceptions of the policy withheld.
    pub excepted: u64,
    /// Alerts and revisions that were committed.
    pub alerts: u64,
    /// Transactions that were committed.
    pub committed: u64,
    /// Transactions that were aborted.
    pub aborted: u64,
    /// Transactions whose outcome was unknown.
    pub unknown: u64,
    /// Checkpoints that were committed.
    pub checkpoints: u64,
    /// Partitions that were restored.
    pub restored: u64,
    /// Restored partitions whose replay crosses a change of the policy.
    pub policy_crossings: u64,
}

/// The status of an assigned partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionStatus {
    /// The number of the partition.
    pub partition: u32,
    /// The next offset; none until the partition is restored.
    pub position: Option<u64>,
    /// Offsets to replay before alerts are raised again.
    pub left_to_replay: u64,
    /// The size of the state.
    pub size: StateSize,
    /// The greatest event time so far.
    pub watermark: Option<Time>,
    /// Events applied since the last checkpoint: those that a crash would have replayed.
    pub since_checkpoint: u64,
    /// When the last checkpoint was committed or the partition was restored; none until it is restored.
    pub checkpoint_at: Option<Millis>,
}
