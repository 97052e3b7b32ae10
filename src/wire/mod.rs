//! EVENTS, STATE, ALERTS ⇄ BYTES: the only room that knows prost and the encodings.
//!
//! `proto/adcs_watch/v1/` is the reference of the formats; its generated types are [`record`]. Detections keep their
//! state in those types as they are; events and alerts have types of their own and are converted here.

pub mod alert;
pub mod event;
#[rustfmt::skip]
pub mod generated;
pub mod routed;

/// The types generated from `proto/`.
pub use crate::wire::generated as record;

use std::fmt::Debug;

/// A protobuf record: what a detection may keep as its state.
pub trait Record: prost::Message + Default + Clone + PartialEq + Debug {}
impl<T: prost::Message + Default + Clone + PartialEq + Debug> Record for T {}

/// The record in bytes; equal records give equal bytes.
pub fn encode(record: &impl Record) -> Vec<u8> {
    record.encode_to_vec()
}

/// The record that these bytes hold.
///
/// # Errors
/// Prost's error for bytes that are no such record.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, String> {
    R::decode(bytes).map_err(|error| error.to_string())
}
