//! What callers report: the types behind labels and groups of gauges.

use crate::event::time::Time;
use std::time::Duration;

/// The outcome of a transaction, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Consumers see all of it.
    Committed,
    /// Consumers see nothing of it.
    Aborted,
    /// The broker has not confirmed the outcome.
    Unknown,
}

impl Ended {
    pub(crate) const ALL: [Ended; 3] = [Ended::Committed, Ended::Aborted, Ended::Unknown];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Ended::Committed => "committed",
            Ended::Aborted => "aborted",
            Ended::Unknown => "doubtful",
        }
    }
}

/// What became of a config that was read again, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// Its policy is in force from the next checkpoint of each partition on.
    Applied,
    /// Its policy is the present one.
    Unchanged,
    /// It has mistakes, and the present policy stays in force.
    Refused,
}

impl Reloaded {
    pub(crate) const ALL: [Reloaded; 3] = [Reloaded::Applied, Reloaded::Unchanged, Reloaded::Refused];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Reloaded::Applied => "applied",
            Reloaded::Unchanged => "unchanged",
            Reloaded::Refused => "refused",
        }
    }
}

/// A change of the partitions of a group member, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// Partitions were added to the assignment.
    Assign,
    /// Partitions were revoked, and the member could still commit.
    Revoke,
    /// Partitions were lost without notice.
    Lost,
}

impl Rebalance {
    pub(crate) const ALL: [Rebalance; 3] = [Rebalance::Assign, Rebalance::Revoke, Rebalance::Lost];

    /// The word for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rebalance::Assign => "assign",
            Rebalance::Revoke => "revoke",
            Rebalance::Lost => "lost",
        }
    }
}

/// How long a worker has waited since it started; the rest of its time it worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Time in polls that waited for records.
    pub waiting: Duration,
    /// Waiting for brokers to end transactions.
    pub committing: Duration,
}

/// How far a partition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The next offset to read.
    pub next: u64,
    /// The last stable offset.
    pub end: u64,
    /// The offset behind the last record, also behind those of open transactions.
    pub high: u64,
    /// The age of the record before `next`, where it is known.
    pub behind: Option<Duration>,
}

/// The state of a partition of the routed topic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartitionState {
    /// Entities and parts of entities.
    pub records: u64,
    /// Bytes of their records.
    pub bytes: u64,
    /// The greatest event time seen.
    pub watermark: Option<Time>,
    /// Records applied since the last checkpoint.
    pub since_checkpoint: u64,
    /// Offsets to replay before alerts are raised again.
    pub left_to_replay: u64,
    /// When the last checkpoint was committed, or the partition taken over.
    pub checkpoint_at: Option<Time>,
}

/// A count as a gauge. Offsets and counts stay exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "2^53 records are out of reach")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// Seconds since the Unix epoch.
pub(crate) fn seconds(time: Time) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 have 41 bits, a float 53")]
    let millis = time.as_millis() as f64;
    millis / 1000.0
}
