//! Why a partition cannot be restored, with the place and the way out.

use crate::engine::RestoreError;
use crate::stage::port::TopicNames;

/// Why a partition cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RestoreFault {
    /// A record of the checkpoint topic was not written by this program.
    Unreadable {
        /// The offset of the record.
        offset: u64,
        /// Why it cannot be read.
        detail: String,
    },
    /// There is state without a marker, which no transaction of this program leaves.
    NoMarker {
        /// The number of records.
        records: usize,
        /// The last record that was read.
        last: u64,
    },
    /// The engine refuses the checkpoint.
    Refused {
        /// The offset of its marker.
        marker: u64,
        /// The reason for which the engine refuses it.
        error: RestoreError,
    },
    /// The log had another number of partitions, so this partition holds the state of other entities.
    OtherPartitions {
        /// The offset of the marker.
        marker: u64,
        /// The number of partitions when the checkpoint was written.
        recorded: u32,
        /// The number of partitions now.
        partitions: u32,
    },
    /// There is no checkpoint, and retention has deleted the start of the routed log.
    NoCheckpoint {
        /// The group's committed offset of the routed partition.
        committed: u64,
        /// The first offset in the log.
        log_start: u64,
    },
    /// The log starts behind the checkpoint: records that the replay needs may be missing.
    HistoryGone {
        /// The offset of the checkpoint.
        needed: u64,
        /// The first offset in the log.
        log_start: u64,
    },
    /// The checkpoint is ahead of the committed offset, although a transaction commits both: the offset was lost or set back, or the
    /// routed topic was re-created.
    OffsetBehind {
        /// The offset of the checkpoint.
        checkpoint: u64,
        /// The group's committed offset of the routed partition; none if it has none.
        committed: Option<u64>,
    },
}

impl RestoreFault {
    /// The error with topic, partition and offset, and how to fix it.
    pub(crate) fn explain(&self, names: &TopicNames, partition: u32) -> String {
        let TopicNames { routed, checkpoint } = names;
        let rebuild = format!(
            "to fix: restore the deleted or changed records, or stop the detectors, delete {checkpoint} and the group's offsets of \
             {routed}, and create the missing topics: then the state is rebuilt from the records that {routed} still has"
        );
        let (routed, checkpoint) = (format!("{routed} [{partition}]"), format!("{checkpoint} [{partition}]"));
        match self {
            RestoreFault::Unreadable { offset, detail } => {
                format!(
                    "{checkpoint} offset {offset}: the record was not written by adcs-watch ({detail}); {rebuild}"
                )
            }
            RestoreFault::NoMarker { records, last } => format!(
                "{checkpoint} up to offset {last}: {records} records and no marker, so the marker was deleted; {rebuild}"
            ),
            RestoreFault::Refused { marker, error: RestoreError::WrongDigest { records, expected } } => {
                format!(
                    "{checkpoint} offset {marker}: the digest of the state differs from that of the marker ({records} records, \
                 {expected} expected), so a record was deleted, changed or added; {rebuild}"
                )
            }
            RestoreFault::Refused {
                marker,
                error: error @ (RestoreError::TooNew { .. } | RestoreError::BadKey),
            } => format!("{checkpoint} offset {marker}: {error}"),
            RestoreFault::OtherPartitions { marker, recorded, partitions } => format!(
                "{checkpoint} offset {marker}: the state belongs to {recorded} partitions, and {} has {partitions}: partitions were \
                 added, which moves entities away from their state; to fix: create new topics and read the sources again \
                 (docs/partitions.md)",
                names.routed
            ),
            RestoreFault::NoCheckpoint { committed, log_start } => format!(
                "{checkpoint} is empty, although {routed} was read up to offset {committed}: the checkpoint was deleted, and the \
                 state cannot be rebuilt from {routed}, which begins at offset {log_start}; {rebuild}"
            ),
            RestoreFault::HistoryGone { needed, log_start } => format!(
                "{routed} begins at offset {log_start}, and the state needs its records from offset {needed} on: they were deleted, \
                 or the retention is shorter than the age of the checkpoint; {rebuild}"
            ),
            RestoreFault::OffsetBehind { checkpoint: at, committed } => {
                let committed = committed.map_or("none".to_owned(), |offset| offset.to_string());
                format!(
                    "{checkpoint} belongs to offset {at} of {routed}, and the group's committed offset is {committed}: {routed} was \
                     re-created, the group's offset expired or was deleted, or kafka.group was changed; if it is the same topic, \
                     set the group's offset to {at} (alerts after it are raised again), else {rebuild}"
                )
            }
        }
    }
}
