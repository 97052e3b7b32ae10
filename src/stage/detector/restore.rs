//! Restore: builds the task of a partition from its newest checkpoint, or reports why that is impossible.
//!
//! A checkpoint at offset S is whole if the routed log still has every record from S on. Positions pass transaction markers and
//! aborted records, and a checkpoint moves along with them, so retention may delete everything that a partition has read without
//! leaving a gap behind S. If the log starts behind S, records that the state needs may be missing: the partition stops.

use crate::detect::policy::Policy;
use crate::engine::Engine;
use crate::stage::detector::restore_fault::RestoreFault;
use crate::stage::detector::stored::StoredCheckpoint;
use crate::stage::detector::task::{Beginning, DetectorTask};
use crate::stage::port::CheckpointRecord;

/// Collects the checkpoint of one partition.
///
/// The order matters: first the committed offset (which waits while a transaction over it is undecided), then the end of the
/// checkpoint partition, then all committed records below that end ([`Restore::record`]).
#[derive(Debug)]
pub(crate) struct Restore {
    beginning: Beginning,
    stored: StoredCheckpoint,
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
        Restore { beginning, stored: StoredCheckpoint::default() }
    }

    /// Adds a committed record of the checkpoint partition, in the order of offsets.
    pub(crate) fn record(&mut self, offset: u64, record: CheckpointRecord) {
        self.stored.record(offset, record);
    }

    /// Builds the task, which continues at [`DetectorTask::position`].
    ///
    /// Without a checkpoint the log is replayed from its start, provided that nothing was deleted from it, or that nothing was ever
    /// committed.
    ///
    /// # Errors
    /// When the state cannot be rebuilt, with the reason.
    pub(crate) fn finish(mut self, policy: Policy) -> Result<DetectorTask, RestoreFault> {
        let (log_start, committed) = (self.beginning.position, self.beginning.committed);
        let Some(checkpoint) = self.stored.whole()? else {
            if let Some(committed) = committed.filter(|_| log_start > 0) {
                return Err(RestoreFault::NoCheckpoint { committed, log_start });
            }
            return Ok(DetectorTask::new(Engine::new(policy), self.beginning));
        };
        let (recorded, partitions) = (checkpoint.marker.partitions, self.beginning.partitions);
        if recorded != 0 && recorded != partitions {
            return Err(RestoreFault::OtherPartitions { marker: checkpoint.at, recorded, partitions });
        }
        // One transaction writes both, and the committed offset was requested first.
        let position = checkpoint.marker.input_offset;
        if committed.is_none_or(|committed| committed < position) {
            return Err(RestoreFault::OffsetBehind { checkpoint: position, committed });
        }
        if position < log_start {
            return Err(RestoreFault::HistoryGone { needed: position, log_start });
        }
        let (written, policy_of_marker) = (checkpoint.keys(), checkpoint.marker.policy_version.clone());
        let engine = checkpoint.engine(policy)?;
        self.beginning.position = position;
        self.beginning.has_checkpoint = true;
        self.beginning.has_other_policy = engine.policy_version() != policy_of_marker;
        let mut task = DetectorTask::new(engine, self.beginning);
        task.remove_disabled(written);
        Ok(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RestoreError;
    use crate::stage::port::TopicNames;
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
