//! From nothing to a task: the newest checkpoint, and where to go on from it.

use crate::detect::policy::Policy;
use crate::engine::{Engine, RestoreError};
use crate::stage::detector::checkpoint::{self, Said};
use crate::stage::detector::task::{Beginning, DetectorTask};
use crate::stage::port::{CheckpointRecord, Names};
use std::collections::BTreeMap;

/// Collects the checkpoint of one partition.
///
/// The order matters: the committed offset is asked first (which waits until nobody's transaction over it is undecided), the end
/// of the checkpoint partition is taken after it, and all committed records below that end are given to
/// [`Restore::record`].
#[derive(Debug)]
pub struct Restore {
    beginning: Beginning,
    newest: BTreeMap<Vec<u8>, Kept>,
    last: Option<u64>,
}

/// The newest value of a key, and where it stands.
#[derive(Debug)]
struct Kept {
    offset: u64,
    value: Vec<u8>,
}

/// Why a partition cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreFault {
    /// A record of the checkpoint topic is none of ours.
    Unreadable {
        /// Where it stands.
        offset: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// There is state without a marker, which no transaction of ours leaves.
    NoMarker {
        /// How many records there are.
        records: usize,
        /// The last record that was read.
        last: u64,
    },
    /// The engine refuses the checkpoint.
    Refused {
        /// Where its marker stands.
        marker: u64,
        /// Why.
        error: RestoreError,
    },
    /// There is no checkpoint, and the routed log does not begin at its beginning.
    NoCheckpoint {
        /// The committed offset.
        committed: u64,
        /// The first offset there is.
        log_start: u64,
    },
    /// The records needed for the replay are not in the log any more.
    HistoryGone {
        /// The first offset needed.
        needed: u64,
        /// The first offset there is.
        log_start: u64,
    },
    /// The checkpoint is ahead of the committed offset, which come together: the offset was lost or set back, or the routed topic
    /// is another one than that which was read.
    OffsetBehind {
        /// The offset of the checkpoint.
        checkpoint: u64,
        /// The committed offset.
        committed: Option<u64>,
    },
}

impl RestoreFault {
    /// What is wrong with this partition of these topics, where, and what there is to do.
    pub fn explain(&self, names: &Names, partition: u32) -> String {
        let Names { routed, checkpoint } = names;
        let rebuild = format!(
            "to fix: put back what was there, or stop the detectors, delete {checkpoint} and the group's offsets of {routed}, \
             and create what is missing: then the state is rebuilt from what {routed} still has"
        );
        let (routed, checkpoint) = (format!("{routed} [{partition}]"), format!("{checkpoint} [{partition}]"));
        match self {
            RestoreFault::Unreadable { offset, detail } => {
                format!(
                    "{checkpoint} offset {offset}: the record is no checkpoint of ours ({detail}); {rebuild}"
                )
            }
            RestoreFault::NoMarker { records, last } => format!(
                "{checkpoint} up to offset {last}: there are {records} records and no marker, somebody deleted it; {rebuild}"
            ),
            RestoreFault::Refused { marker, error: RestoreError::WrongDigest { records, expected } } => {
                format!(
                    "{checkpoint} offset {marker}: the state's digest is not that of the marker there ({records} records, \
                 {expected} expected), so a record was deleted, replaced or added; {rebuild}"
                )
            }
            RestoreFault::Refused {
                marker,
                error: error @ (RestoreError::TooNew { .. } | RestoreError::BadKey),
            } => format!("{checkpoint} offset {marker}: {error}"),
            RestoreFault::NoCheckpoint { committed, log_start } => format!(
                "{checkpoint} is empty, although {routed} was read up to offset {committed}: somebody deleted the checkpoint, and \
                 the state cannot be rebuilt from {routed}, which begins at offset {log_start}; {rebuild}"
            ),
            RestoreFault::HistoryGone { needed, log_start } => format!(
                "{routed} begins at offset {log_start}, and offset {needed} is needed to rebuild the state: its records were \
                 deleted, or its retention is shorter than the age of the checkpoint; {rebuild}"
            ),
            RestoreFault::OffsetBehind { checkpoint: at, committed } => {
                let committed = committed.map_or("none".to_owned(), |offset| offset.to_string());
                format!(
                    "{checkpoint} is that of {routed} up to offset {at}, and the group's committed offset is {committed}: \
                     {routed} was made anew, the group's offset expired or was deleted, or kafka.group is another one; if it is \
                     the same topic, set the group's offset to {at} (alerts that came after it are raised again), else {rebuild}"
                )
            }
        }
    }
}

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
        Restore { beginning, newest: BTreeMap::new(), last: None }
    }

    /// A committed record of the checkpoint partition and its offset, in the order of its log.
    pub fn record(&mut self, offset: u64, record: CheckpointRecord) {
        self.last = Some(offset);
        match record.value {
            Some(value) => drop(self.newest.insert(record.key, Kept { offset, value })),
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
        for (key, Kept { offset, value }) in &self.newest {
            let unreadable = |detail| RestoreFault::Unreadable { offset: *offset, detail };
            match checkpoint::read(key, value).map_err(unreadable)? {
                Said::State(record) => state.push(record),
                Said::Marker(read) => marker = Some((*offset, read)),
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
        // They are written in one transaction, and the committed offset was asked for first.
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
        task.forget_unclaimed(written);
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
    fn a_task_goes_on_at_its_marker() {
        let (records, digest) = checkpoint(3);
        let task = restored(Some(5), 2, &records).finish(Policy::default()).unwrap();
        assert_eq!((task.position(), task.left_to_replay(), task.digest()), (3, 2, digest));
        assert!(!task.needs_first_checkpoint());
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
        let none = RestoreFault::NoCheckpoint { committed: 4, log_start: 1 };
        assert_eq!(fresh(Some(4), 1).finish(Policy::default()).err(), Some(none));
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
        assert_eq!(
            without(records.len() - 1),
            Some(RestoreFault::NoMarker { records: records.len() - 1, last: records.len() as u64 - 2 })
        );
        assert!(matches!(
            without(0),
            Some(RestoreFault::Refused { error: RestoreError::WrongDigest { .. }, .. })
        ));
        // No protobuf; none of ours, though protobuf; another entity's.
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
            "not taken for a beginning"
        );
    }

    /// A topic that is made anew has no committed offset: Kafka forgets those of topics that are deleted.
    #[test]
    fn a_checkpoint_without_its_committed_offset_is_of_another_log() {
        let (records, _) = checkpoint(3);
        for committed in [None, Some(2)] {
            let fault = restored(committed, 0, &records).finish(Policy::default()).err();
            assert_eq!(fault, Some(RestoreFault::OffsetBehind { checkpoint: 3, committed }));
        }
    }

    #[test]
    fn a_fault_says_where_and_what_to_do() {
        let names = Names { routed: "a.routed".to_owned(), checkpoint: "a.checkpoint".to_owned() };
        let (records, _) = checkpoint(3);
        let fault = restored(Some(3), 0, &records[1..]).finish(Policy::default()).err();
        let said = fault.map(|fault| fault.explain(&names, 7)).unwrap_or_default();
        let marker = records.len() - 2;
        assert!(said.starts_with(&format!("a.checkpoint [7] offset {marker}: the state's digest")), "{said}");
        assert!(said.contains("to fix: ") && said.contains("offsets of a.routed, "), "{said}");
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
