//! What the decoder knows of a source, and what it makes of a record.

use crate::decode::format::Format;
use crate::event::Event;

/// Turns records of one source into events.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// The format, where the source's config names it; else it is found for each record. Protobuf is read only where it
    /// is named, because any bytes could be some.
    pub format: Option<Format>,
    /// The zone of local times without one (NXLog). Default UTC.
    pub zone: jiff::tz::TimeZone,
}

impl Default for Decoder {
    fn default() -> Self {
        Decoder { format: None, zone: jiff::tz::TimeZone::UTC }
    }
}

/// What one record turned out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// An event of interest.
    Event(Box<Event>),
    /// Well formed, but not one of the events that detections want: its id, where it has one.
    Ignored(Option<u32>),
}
