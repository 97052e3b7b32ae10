//! Our own event in protobuf, as `proto/adcs_watch/v1/event.proto` describes it.

use crate::decode::rejection::{Reason, Rejection, shortened};
use crate::decode::{Place, normalised};
use crate::event::Event;

/// The event in a record.
pub(crate) fn event(record: &[u8], place: &Place) -> Result<Event, Rejection> {
    let event = decoded(record).map_err(|fault| Rejection::new(Reason::BadProtobuf, shortened(&fault)))?;
    normalised::checked(event, place)
}

/// Stands where `crate::wire::event::decode` will.
fn decoded(record: &[u8]) -> Result<Event, String> {
    Err(format!("{} bytes, and protobuf is not read yet", record.len()))
}
