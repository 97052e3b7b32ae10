//! From nothing to a task: the newest checkpoint, and where to go on from it.

use crate::detect::policy::Policy;
use crate::engine::{Engine, RestoreError};
use crate::task::checkpoint::{self, Said};
use crate::task::detector::{Beginning, DetectorTask};
use crate::task::port::CheckpointRecord;
use std::collections::BTreeMap;
use std::fmt;

/// Collects the checkpoint of one partition.
///
/// The order matters: the committed offset is asked first (which waits until nobody's transaction over it is undecided), the end
/// of the checkpoint partition is taken after it, and all committed records below that end are given to
/// [`Restore::record`].
#[derive(Debug)]
pub struct Restore {
    beginning: Beginning,
    newest: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Why a partition cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreFault {
    /// A record of the checkpoint topic is none of ours.
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
    /// There is state without a marker, which no transaction of ours leaves.
    NoMarker {
        /// How many records there are.
        records: usize,
    },
    /// The engine refuses the checkpoint.
    Refused(RestoreError),
    /// The records needed for the replay are not in the log any more.
    HistoryGone {
        /// The first offset needed.
        needed: u64,
        /// The first offset there is.
        log_start: u64,
    },
}

impl fmt::Display for RestoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestoreFault::Unreadable { detail } => write!(f, "a checkpoint record cannot be read: {detail}"),
            RestoreFault::NoMarker { records } => {
                write!(f, "the checkpoint has {records} records and no marker")
            }
            RestoreFault::Refused(error) => write!(f, "{error}"),
            RestoreFault::HistoryGone { needed, log_start } => write!(
                f,
                "the routed log begins at offset {log_start}, and offset {needed} is needed to rebuild the state: \
                 its retention is shorter than the age of the checkpoint"
            ),
        }
    }
}

impl std::error::Error for RestoreFault {}

impl Restore {
    /// Begins to restore partition `partition` of `partitions`, of which `committed` is the committed offset and `log_start` the
    /// first offset there is.
    pub fn new(partition: u32, partitions: u32, committed: Option<u64>, log_start: u64) -> Restore {
        let beginning = Beginning {
            partition,
            partitions,
            committed,
            position: log_start,
            has_checkpoint: false,
            has_other_policy: false,
        };
        Restore { beginning, newest: BTreeMap::new() }
    }

    /// A committed record of the checkpoint partition, in the order of its log.
    pub fn record(&mut self, record: CheckpointRecord) {
        match record.value {
            Some(value) => drop(self.newest.insert(record.key, value)),
            None => drop(self.newest.remove(&record.key)),
        }
    }

    /// How many records there are by now.
    pub fn records(&self) -> usize {
        self.newest.len()
    }

    /// The task, which goes on at [`DetectorTask::position`].
    ///
    /// Without a checkpoint the log is replayed from its start, if that is all there ever was; and nobody asks for a history when
    /// nothing was ever committed.
    ///
    /// # Errors
    /// Says why the state cannot be rebuilt.
    pub fn finish(mut self, policy: Policy) -> Result<DetectorTask, RestoreFault> {
        let log_start = self.beginning.position;
        let mut marker = None;
        let mut state = Vec::new();
        for (key, value) in &self.newest {
            match checkpoint::read(key, value).map_err(|detail| RestoreFault::Unreadable { detail })? {
                Said::State(record) => state.push(record),
                Said::Marker(read) => marker = Some(read),
            }
        }
        let Some(marker) = marker else {
            if !state.is_empty() {
                return Err(RestoreFault::NoMarker { records: state.len() });
            }
            if self.beginning.committed.is_some() && log_start > 0 {
                return Err(RestoreFault::HistoryGone { needed: 0, log_start });
            }
            return Ok(DetectorTask::new(Engine::new(policy), self.beginning));
        };
        if marker.input_offset < log_start {
            return Err(RestoreFault::HistoryGone { needed: marker.input_offset, log_start });
        }
        let written = state.iter().map(|record| (record.detection.clone(), record.key.clone())).collect();
        let engine = Engine::restore(policy, &marker, state).map_err(RestoreFault::Refused)?;
        self.beginning.position = marker.input_offset;
        self.beginning.has_checkpoint = true;
        self.beginning.has_other_policy = engine.policy_version() != marker.policy_version;
        let mut task = DetectorTask::new(engine, self.beginning);
        task.forget_unclaimed(written);
        Ok(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::testing::record;

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
        records.iter().for_each(|record| restore.record(record.clone()));
        restore
    }

    #[test]
    fn a_task_goes_on_at_its_marker() {
        let (records, digest) = checkpoint(3);
        let task = restored(Some(5), 2, &records).finish(Policy::default()).unwrap();
        assert_eq!((task.position(), task.left_to_replay(), task.digest()), (3, 2, digest));
        assert!(!task.needs_first_checkpoint());
        let task = restored(None, 0, &records).finish(Policy::default()).unwrap();
        assert_eq!((task.position(), task.left_to_replay()), (3, 0), "forgotten offsets repeat nothing");
    }

    #[test]
    fn without_a_checkpoint_the_log_is_all_there_is() {
        let task = fresh(Some(4), 0).finish(Policy::default()).unwrap();
        assert_eq!((task.position(), task.left_to_replay(), task.needs_first_checkpoint()), (0, 4, false));
        let task = fresh(None, 7).finish(Policy::default()).unwrap();
        assert_eq!(
            (task.position(), task.needs_first_checkpoint()),
            (7, true),
            "it says where history begins"
        );
    }

    #[test]
    fn history_that_is_gone_is_an_error() {
        let gone = |needed, log_start| Some(RestoreFault::HistoryGone { needed, log_start });
        assert_eq!(fresh(Some(4), 1).finish(Policy::default()).err(), gone(0, 1));
        let (records, _) = checkpoint(3);
        assert_eq!(restored(Some(9), 4, &records).finish(Policy::default()).err(), gone(3, 4));
    }

    #[test]
    fn a_checkpoint_that_is_not_whole_is_refused() {
        let (records, _) = checkpoint(3);
        let without = |at: usize| {
            let mut records = records.clone();
            records.remove(at);
            restored(Some(3), 0, &records).finish(Policy::default()).err()
        };
        assert_eq!(without(records.len() - 1), Some(RestoreFault::NoMarker { records: records.len() - 1 }));
        assert!(matches!(without(0), Some(RestoreFault::Refused(RestoreError::WrongDigest { .. }))));
        let mut damaged = records.clone();
        damaged[0].value = Some(vec![0xff]);
        let fault = restored(Some(3), 0, &damaged).finish(Policy::default()).err();
        assert!(matches!(fault, Some(RestoreFault::Unreadable { .. })));
    }

    /// Its state is dropped, so the next checkpoint must drop it from the topic too.
    #[test]
    fn a_detection_can_be_switched_off_and_on_between_checkpoints() {
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
}
