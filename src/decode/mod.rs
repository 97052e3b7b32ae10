//! BYTES → EVENTS, total: whatever the bytes are, the outcome is events, "not of interest", or a rejection with its reason.
//!
//! A record goes prefilter → format → envelope → event. The common formats are recognised by the first byte and, in JSON,
//! by the keys at the top level; each has a file that knows where it keeps what. Everything else is unwrapped and read by
//! a table ([`layout`]) or as text ([`text`]). What an envelope means stands in one file per family of events.

pub mod limits;
pub mod rejection;
pub mod prefilter;
mod json;
mod envelope;
mod instant;
mod civil;
mod names;
mod certification;
mod files;
mod kerberos;
mod activity;
mod xml;
mod xml_in_json;
mod evtx_dump;
mod winlogbeat;
mod nxlog;
mod fluent_bit;
mod sentinel;
mod normalised;
mod protobuf;
mod recognise;
mod record;
mod bytes;
mod format;
mod align;
mod layout;
mod text;
mod mapped;

pub use crate::decode::bytes::replaced_bytes;
pub use crate::decode::format::Format;

use crate::decode::rejection::Rejection;
use crate::event::Event;

/// What one record turned out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// An event of interest.
    Event(Box<Event>),
    /// Well formed, but not one of the events that detections want: its id, where it has one.
    Ignored(Option<u32>),
}

/// Where a record was read: becomes the first half of the event's origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Topic, or path of the file.
    pub source: String,
    /// Partition of the topic; none for a file.
    pub partition: Option<i32>,
    /// Offset, or number of the record (of the line) in the file, from 1.
    pub offset: u64,
    /// When Kafka appended it.
    pub append_time: Option<crate::event::time::Time>,
    /// The trace context it came with.
    pub trace: Option<String>,
}

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

impl Decoder {
    /// Decodes one record and hands each thing found in it to `sink`: a record may wrap several events
    /// (`<Events>`, `{"records": […]}`). At least one call is made, whatever the bytes.
    pub fn decode(&self, record: &[u8], place: &Place, sink: &mut dyn FnMut(Result<Decoded, Rejection>)) {
        self.decode_with_format(record, place, &mut |_, outcome| sink(outcome));
    }

    /// The same with the format of each outcome; none where no format was recognised.
    pub fn decode_with_format(
        &self,
        record: &[u8],
        place: &Place,
        sink: &mut dyn FnMut(Option<Format>, Result<Decoded, Rejection>),
    ) {
        record::Outlet::new(self, place, sink).decode(record);
    }
}
