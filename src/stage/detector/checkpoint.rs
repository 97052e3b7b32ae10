//! The records of a checkpoint: one for each piece of state, and the marker that closes it.

use crate::stage::port::CheckpointRecord;
use crate::wire;
use crate::wire::record::{Marker, StateRecord};

/// The key of the marker. State has the id of its detection, a zero byte and its own key.
const MARKER: &[u8] = b"marker";

/// What a record of the checkpoint topic says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    State(StateRecord),
    Marker(Marker),
}

/// State as the checkpoint topic keeps it; what is forgotten becomes a tombstone.
pub(crate) fn state_record(partition: u32, record: &StateRecord) -> CheckpointRecord {
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

/// The marker as the checkpoint topic keeps it.
pub(crate) fn marker_record(partition: u32, marker: &Marker) -> CheckpointRecord {
    CheckpointRecord { partition, key: MARKER.to_vec(), value: Some(wire::encode(marker)) }
}

/// What a record says.
///
/// # Errors
/// When its value is none of ours, or another key's.
pub(crate) fn read(key: &[u8], value: &[u8]) -> Result<Said, String> {
    if key == MARKER {
        return wire::decode(value).map(Said::Marker);
    }
    let record: StateRecord = wire::decode(value)?;
    match self::key(&record) == key && record.state.is_some() {
        true => Ok(Said::State(record)),
        false => Err("its key is not that of its value".to_owned()),
    }
}
