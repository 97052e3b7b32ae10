//! Restore: builds the task of a partition from its newest checkpoint, or reports why that is impossible.
//!
//! A checkpoint at offset S is whole if the routed log still has every record from S on. Positions pass transaction markers and
//! aborted records, and a checkpoint moves along with them, so retention may delete everything that a partition has read without
//! leaving a gap behind S. If the log starts behind S, records that the state needs may be missing: the partition stops.

use crate::detect::policy::Policy;
use crate::engine::{Engine, RestoreError};
use crate::stage::detector::checkpoint::{self, CheckpointValue};
use crate::stage::detector::task::{Beginning, DetectorTask};
use crate::stage::port::{CheckpointRecord, TopicNames};
use std::collections::BTreeMap;

/// Collects the checkpoint of one partition.
///
/// The order matters: first the committed offset (which waits while a transaction over it is undecided), then the end of the
/// checkpoint partition, then all committed records below that end ([`Restore::record`]).
#[derive(Debug)]
pub(crate) struct Restore {
    beginning: Beginning,
    newest: BTreeMap<Vec<u8>, Kept>,
    last: Option<u64>,
}

/// The newest value of a key and its offset.
#[derive(Debug)]
struct Kept {
    offset: u64,
    value: Vec<u8>,
}

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

impl Restore {
    /// Starts the restore of a partition. `committed` is its committed offset and `log_start` the first offset in its log.
    pub(crate) fn new(partition: u32, partitions: u32, committed: Option<u64>, log_start: u64) -> Restore {
        let beginning = Beginning {
            partition,
            partitions,
            committed,
            position: log_start,
            has_checkpoint: false,
            has_other_policy: false,
        };
        Restore { beginning, newest: BTreeMap::new(), last: None }
    }

    /// Adds a committed record of the checkpoint partition, in the order of offsets.
    pub(crate) fn record(&mut self, offset: u64, record: CheckpointRecord) {
        self.last = Some(offset);
        match record.value {
            Some(value) => drop(self.newest.insert(record.key, Kept { offset, value })),
            None => drop(self.newest.remove(&record.key)),
        }
    }

    /// Builds the task, which continues at [`DetectorTask::position`].
    ///
    /// Without a checkpoint the log is replayed from its start, provided that nothing was deleted from it, or that nothing was ever
    /// committed.
    ///
    /// # Errors
    /// When the state cannot be rebuilt, with the reason.
    pub(crate) fn finish(mut self, policy: Policy) -> Result<DetectorTask, RestoreFault> {
        let log_start = self.beginning.position;
        let mut marker = None;
        let mut state = Vec::new();
        for (key, Kept { offset, value }) in &self.newest {
            let unreadable = |detail| RestoreFault::Unreadable { offset: *offset, detail };
            match checkpoint::read(key, value).map_err(unreadable)? {
                CheckpointValue::State(record) => state.push(record),
                CheckpointValue::Marker(read) => marker = Some((*offset, read)),
            }
        }
        let committed = self.beginning.committed;
        let Some((at, marker)) = marker else {
            if let Some(last) = self.last {
                return Err(RestoreFault::NoMarker { records: state.len(), last });
            }
            if let Some(committed) = committed.filter(|_| log_start > 0) {
                return Err(RestoreFault::NoCheckpoint { committed, log_start });
            }
            return Ok(DetectorTask::new(Engine::new(policy), self.beginning));
        };
        let partitions = self.beginning.partitions;
        if marker.partitions != 0 && marker.partitions != partitions {
            return Err(RestoreFault::OtherPartitions {
                marker: at,
                recorded: marker.partitions,
                partitions,
            });
        }
        // One transaction writes both, and the committed offset was requested first.
        let checkpoint = marker.input_offset;
        if committed.is_none_or(|committed| committed < checkpoint) {
            return Err(RestoreFault::OffsetBehind { checkpoint, committed });
        }
        if marker.input_offset < log_start {
            return Err(RestoreFault::HistoryGone { needed: marker.input_offset, log_start });
        }
        let written = state.iter().map(|record| (record.detection.clone(), record.key.clone())).collect();
        let refused = |error| RestoreFault::Refused { marker: at, error };
        let engine = Engine::restore(policy, &marker, state).map_err(refused)?;
        self.beginning.position = marker.input_offset;
        self.beginning.has_checkpoint = true;
        self.beginning.has_other_policy = engine.policy_version() != marker.policy_version;
        let mut task = DetectorTask::new(engine, self.beginning);
        task.remove_disabled(written);
        Ok(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::record;

    /// The checkpoint records after so many records of the log.
    fn checkpoint(records: u64) -> (Vec<CheckpointRecord>, u128) {
        let mut task = fresh(None, 0).finish(Policy::default()).unwrap();
        (0..records).for_each(|offset| drop(task.on_record(&record(offset))));
        (task.take(true).unwrap().checkpoint, task.digest())
    }

    fn fresh(committed: Option<u64>, log_start: u64) -> Restore {
        Restore::new(0, 1, committed, log_start)
    }

    fn restored(committed: Option<u64>, log_start: u64, records: &[CheckpointRecord]) -> Restore {
        let mut restore = fresh(committed, log_start);
        (0..).zip(records).for_each(|(offset, record)| restore.record(offset, record.clone()));
        restore
    }

    #[test]
    fn task_continues_at_its_marker() {
        let (records, digest) = checkpoint(3);
        let task = restored(Some(5), 2, &records).finish(Policy::default()).unwrap();
        assert_eq!((task.position(), task.left_to_replay(), task.digest()), (3, 2, digest));
        assert!(!task.needs_first_checkpoint());
    }

    #[test]
    fn without_a_checkpoint_the_whole_log_is_replayed() {
        let task = fresh(Some(4), 0).finish(Policy::default()).unwrap();
        assert_eq!((task.position(), task.left_to_replay(), task.needs_first_checkpoint()), (0, 4, false));
        let task = fresh(None, 7).finish(Policy::default()).unwrap();
        assert_eq!(
            (task.position(), task.needs_first_checkpoint()),
            (7, true),
            "the first checkpoint records where the history starts"
        );
    }

    #[test]
    fn deleted_history_is_an_error() {
        let gone = |needed, log_start| Some(RestoreFault::HistoryGone { needed, log_start });
        let none = RestoreFault::NoCheckpoint { committed: 4, log_start: 1 };
        assert_eq!(fresh(Some(4), 1).finish(Policy::default()).err(), Some(none));
        let (records, _) = checkpoint(3);
        assert_eq!(restored(Some(9), 4, &records).finish(Policy::default()).err(), gone(3, 4));
    }

    /// The records behind the checkpoint were markers, so the position and the checkpoint moved along with the end of the log.
    #[test]
    fn log_that_retention_has_emptied_is_whole() {
        let mut task = fresh(None, 0).finish(Policy::default()).unwrap();
        task.on_record(&record(0));
        let mut records = task.take(true).unwrap().checkpoint;
        task.committed();
        task.on_passed(2);
        records.extend(task.take(false).unwrap().checkpoint);
        let restored = restored(Some(2), 2, &records).finish(Policy::default()).unwrap();
        assert_eq!((restored.position(), restored.digest()), (2, task.digest()));
    }

    #[test]
    fn incomplete_checkpoint_is_refused() {
        let (records, _) = checkpoint(3);
        let without = |at: usize| {
            let mut records = records.clone();
            records.remove(at);
            restored(Some(3), 0, &records).finish(Policy::default()).err()
        };
        assert_eq!(
            without(records.len() - 1),
            Some(RestoreFault::NoMarker { records: records.len() - 1, last: records.len() as u64 - 2 })
        );
        assert!(matches!(
            without(0),
            Some(RestoreFault::Refused { error: RestoreError::WrongDigest { .. }, .. })
        ));
        // Not protobuf; protobuf of another program; the value of another key.
        for (at, value) in [(1, Some(vec![0xff])), (1, Some(Vec::new())), (1, records[0].value.clone())] {
            let mut damaged = records.clone();
            damaged[at].value = value;
            let fault = restored(Some(3), 0, &damaged).finish(Policy::default()).err();
            assert!(matches!(fault, Some(RestoreFault::Unreadable { offset: 1, .. })), "{fault:?}");
        }
        let mut deleted = records.clone();
        deleted.iter_mut().for_each(|record| record.value = None);
        let fault = restored(Some(3), 0, &deleted).finish(Policy::default()).err();
        assert!(
            matches!(fault, Some(RestoreFault::NoMarker { records: 0, .. })),
            "a deleted checkpoint is not an empty one"
        );
    }

    /// With other partitions, an entity belongs to another partition than the one that has its state.
    #[test]
    fn state_of_another_number_of_partitions_is_refused() {
        let (records, _) = checkpoint(3);
        let mut restore = Restore::new(0, 2, Some(3), 0);
        (0..).zip(&records).for_each(|(offset, record)| restore.record(offset, record.clone()));
        let fault = restore.finish(Policy::default()).err();
        let marker = records.len() as u64 - 1;
        let expected = RestoreFault::OtherPartitions { marker, recorded: 1, partitions: 2 };
        assert_eq!(fault, Some(expected.clone()));
        let names = TopicNames { routed: "a.routed".to_owned(), checkpoint: "a.checkpoint".to_owned() };
        let text = expected.explain(&names, 0);
        assert!(text.contains("belongs to 1 partitions, and a.routed has 2"), "{text}");
    }

    /// A re-created topic has no committed offset: Kafka deletes the offsets of deleted topics.
    #[test]
    fn checkpoint_ahead_of_the_committed_offset_is_refused() {
        let (records, _) = checkpoint(3);
        for committed in [None, Some(2)] {
            let fault = restored(committed, 0, &records).finish(Policy::default()).err();
            assert_eq!(fault, Some(RestoreFault::OffsetBehind { checkpoint: 3, committed }));
        }
    }

    #[test]
    fn error_names_the_place_and_the_fix() {
        let names = TopicNames { routed: "a.routed".to_owned(), checkpoint: "a.checkpoint".to_owned() };
        let (records, _) = checkpoint(3);
        let fault = restored(Some(3), 0, &records[1..]).finish(Policy::default()).err();
        let text = fault.map(|fault| fault.explain(&names, 7)).unwrap_or_default();
        let marker = records.len() - 2;
        assert!(
            text.starts_with(&format!("a.checkpoint [7] offset {marker}: the digest of the state differs")),
            "{text}"
        );
        assert!(text.contains("to fix: ") && text.contains("offsets of a.routed, "), "{text}");
    }

    /// The engine drops its state, so the next checkpoint must remove it from the topic too.
    #[test]
    fn detection_can_be_disabled_and_enabled_between_checkpoints() {
        let (mut records, _) = checkpoint(3);
        let mut off = Policy::default();
        off.san_mismatch.enabled = false;
        let mut task = restored(Some(3), 0, &records).finish(off.clone()).unwrap();
        records.extend(task.take(true).unwrap().checkpoint);
        assert!(!task.replays_another_policy(), "the policy changed at a checkpoint");
        let crossing = restored(Some(4), 0, &records).finish(Policy::default()).unwrap();
        assert!(crossing.replays_another_policy());
        let task = restored(Some(3), 0, &records).finish(off).unwrap();
        let on = restored(Some(3), 0, &records).finish(Policy::default()).unwrap();
        assert_eq!(task.digest(), on.digest());
    }

    /// Detections may remember the same entity under the same key.
    #[test]
    fn several_detections_can_be_disabled_between_checkpoints() {
        let (records, _) = checkpoint(3);
        let mut off = Policy::default();
        off.san_mismatch.enabled = false;
        off.certificate_used_by_other.enabled = false;
        off.unusual_template.enabled = false;
        off.unusual_volume.enabled = false;
        off.unusual_source.enabled = false;
        let task = restored(Some(3), 0, &records).finish(off);
        assert!(task.is_ok(), "{:?}", task.err());
    }
}
