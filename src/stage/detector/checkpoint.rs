//! Checkpoints: their records (one for each piece of state, and the marker that closes it), and what the next one must contain.

use crate::stage::port::CheckpointRecord;
use crate::wire;
use crate::wire::record::{Marker, StateRecord};
use std::collections::BTreeMap;

/// The key of the marker. State has the id of its detection, a zero byte and its own key.
const MARKER: &[u8] = b"marker";

/// The decoded value of a record of the checkpoint topic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CheckpointValue {
    State(StateRecord),
    Marker(Marker),
}

/// The record of a piece of state; a tombstone when the state is removed.
fn state_record(partition: u32, record: &StateRecord) -> CheckpointRecord {
    let key = key(record);
    let value = record.state.is_some().then(|| wire::encode(record));
    CheckpointRecord { partition, key, value }
}

fn key(record: &StateRecord) -> Vec<u8> {
    let mut key = record.detection.clone().into_bytes();
    key.push(0);
    key.extend(&record.key);
    key
}

/// Whether a record of this key is a marker.
pub(crate) fn is_marker(key: &[u8]) -> bool {
    key == MARKER
}

/// The record of a marker.
fn marker_record(partition: u32, marker: &Marker) -> CheckpointRecord {
    CheckpointRecord { partition, key: MARKER.to_vec(), value: Some(wire::encode(marker)) }
}

/// Decodes a record.
///
/// # Errors
/// When the value is not of this program, or belongs to another key.
pub(crate) fn read(key: &[u8], value: &[u8]) -> Result<CheckpointValue, String> {
    if is_marker(key) {
        return wire::decode(value).map(CheckpointValue::Marker);
    }
    let record: StateRecord = wire::decode(value)?;
    match self::key(&record) == key && record.state.is_some() {
        true => Ok(CheckpointValue::State(record)),
        false => Err("its key is not that of its value".to_owned()),
    }
}

/// What the next checkpoint of a partition must contain.
#[derive(Debug, Default)]
pub(crate) struct NextCheckpoint {
    /// The offset of the last checkpoint that is known to be committed: where a restore would start.
    last: Option<u64>,
    /// State that changed since, by detection and key.
    unwritten: BTreeMap<(String, Vec<u8>), StateRecord>,
    /// Events applied since: those that a restore would replay.
    applied: u64,
}

impl NextCheckpoint {
    /// After a restore from a checkpoint at this offset; none without a checkpoint.
    pub(crate) fn after(last: Option<u64>) -> NextCheckpoint {
        NextCheckpoint { last, ..NextCheckpoint::default() }
    }

    /// Removes state from the topic.
    pub(crate) fn remove(&mut self, detection: String, key: Vec<u8>) {
        let removed =
            StateRecord { detection: detection.clone(), key: key.clone(), ..StateRecord::default() };
        self.unwritten.insert((detection, key), removed);
    }

    /// Counts an applied event.
    pub(crate) fn count_event(&mut self) {
        self.applied += 1;
    }

    /// Events applied since the last checkpoint.
    pub(crate) fn applied(&self) -> u64 {
        self.applied
    }

    /// How many records wait to be written again: those of a checkpoint that was not committed.
    pub(crate) fn unwritten(&self) -> usize {
        self.unwritten.len()
    }

    /// Whether no checkpoint was ever committed.
    pub(crate) fn is_first(&self) -> bool {
        self.last.is_none()
    }

    /// Whether the position `next` is behind the last checkpoint although no event was applied since: only transaction markers and
    /// aborted records were passed.
    pub(crate) fn has_only_passed(&self, next: u64) -> bool {
        self.applied == 0 && self.last.is_some_and(|last| last < next)
    }

    /// The records of a checkpoint: all state that changed since the last committed one, and the marker.
    pub(crate) fn records(
        &mut self,
        partition: u32,
        changes: Vec<StateRecord>,
        marker: &Marker,
    ) -> Vec<CheckpointRecord> {
        self.unwritten.extend(changes.into_iter().map(|c| ((c.detection.clone(), c.key.clone()), c)));
        let state = self.unwritten.values().map(|record| state_record(partition, record));
        state.chain([marker_record(partition, marker)]).collect()
    }

    /// The checkpoint at this offset is committed.
    pub(crate) fn committed(&mut self, offset: u64) {
        *self = NextCheckpoint::after(Some(offset));
    }
}
