//! The checkpoint of one partition as its topic holds it: the newest record of each key, and the state that they are.

use crate::detect::policy::Policy;
use crate::engine::Engine;
use crate::stage::detector::checkpoint::{self, CheckpointValue};
use crate::stage::detector::restore_fault::RestoreFault;
use crate::stage::port::CheckpointRecord;
use crate::wire::record::{Marker, StateRecord};
use std::collections::BTreeMap;

/// The records of one partition of the checkpoint topic.
#[derive(Debug, Default)]
pub(crate) struct StoredCheckpoint {
    newest: BTreeMap<Vec<u8>, Kept>,
    last: Option<u64>,
}

/// The newest value of a key and its offset.
#[derive(Debug)]
struct Kept {
    offset: u64,
    value: Vec<u8>,
}

/// All state that a marker closes.
#[derive(Debug)]
pub(crate) struct WholeCheckpoint {
    /// The offset of the marker in the checkpoint topic.
    pub(crate) at: u64,
    pub(crate) marker: Marker,
    state: Vec<StateRecord>,
}

impl StoredCheckpoint {
    /// Adds a committed record, in the order of offsets. Returns whether it closes a checkpoint.
    pub(crate) fn record(&mut self, offset: u64, record: CheckpointRecord) -> bool {
        let is_marker = checkpoint::is_marker(&record.key);
        self.last = Some(offset);
        match record.value {
            Some(value) => drop(self.newest.insert(record.key, Kept { offset, value })),
            None => drop(self.newest.remove(&record.key)),
        }
        is_marker
    }

    /// The records decoded; none: nothing was ever written.
    ///
    /// # Errors
    /// A record was not written by this program, or there is no marker.
    pub(crate) fn whole(&self) -> Result<Option<WholeCheckpoint>, RestoreFault> {
        let (mut last_marker, mut state) = (None, Vec::new());
        for (key, Kept { offset, value }) in &self.newest {
            let unreadable = |detail| RestoreFault::Unreadable { offset: *offset, detail };
            match checkpoint::read(key, value).map_err(unreadable)? {
                CheckpointValue::State(record) => state.push(record),
                CheckpointValue::Marker(marker) => last_marker = Some((*offset, marker)),
            }
        }
        match (last_marker, self.last) {
            (Some((at, marker)), _) => Ok(Some(WholeCheckpoint { at, marker, state })),
            (None, Some(last)) => Err(RestoreFault::NoMarker { records: state.len(), last }),
            (None, None) => Ok(None),
        }
    }
}

impl WholeCheckpoint {
    /// The detections and keys of its state.
    pub(crate) fn keys(&self) -> Vec<(String, Vec<u8>)> {
        self.state.iter().map(|record| (record.detection.clone(), record.key.clone())).collect()
    }

    /// The engine that wrote it.
    ///
    /// # Errors
    /// The state is not that of the marker, or a newer version wrote it.
    pub(crate) fn engine(self, policy: Policy) -> Result<Engine, RestoreFault> {
        let WholeCheckpoint { at, marker, state } = self;
        let refused = |error| RestoreFault::Refused { marker: at, error };
        Engine::restore(policy, &marker, state).map_err(refused)
    }
}
