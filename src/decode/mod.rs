//! BYTES → EVENTS, total: whatever the bytes are, the outcome is events, "not of interest", or a rejection with its reason.
//!
//! A record goes prefilter → format → envelope → event. The common formats are recognised by the first byte and, in JSON,
//! by the keys at the top level; each has a file that knows where it keeps what. Everything else is unwrapped and read by
//! a table (`layout`) or as text (`text`). What an envelope means stands in one file per family of events.

pub mod limits;
pub mod rejection;
mod format;
mod place;
mod decoder;
mod bytes;
mod binary;
mod compressed;
mod encoded;
#[cfg_attr(not(feature = "files"), allow(dead_code, reason = "the framing of files looks for tags too"))]
mod tag;
mod json;
mod civil;
mod instant;
mod wanted;
mod mention;
mod values;
mod manifest;
mod versions;
mod names;
mod xml_reader;
mod fields;
mod provider;
mod escapes;
mod envelope;
mod actor;
mod certification;
mod ca;
mod files;
mod template;
mod kerberos;
mod logon;
mod directory;
mod meaning;
mod damaged;
mod activity;
mod normalised;
pub mod prefilter;
mod xml;
mod xml_in_json;
mod evtx_dump;
mod winlogbeat;
mod nxlog;
mod fluent_bit;
mod sentinel;
mod protobuf;
mod recognise;
mod align;
mod labels;
mod end;
mod layout;
mod text;
mod mapped;
mod unwrapping;
mod octets;
mod record;

pub use crate::decode::decoder::{Decoded, Decoder};
pub use crate::decode::format::Format;
pub use crate::decode::place::Place;
#[cfg(feature = "files")]
pub(crate) use crate::decode::tag::{MAX_OPENING, closing, opening};

use crate::decode::rejection::Rejection;

impl Decoder {
    /// Decodes one record and hands each thing found in it to `sink`: a record may wrap several events
    /// (`<Events>`, `{"records": […]}`). At least one call is made, whatever the bytes.
    pub fn decode(&self, record: &[u8], place: &Place, sink: &mut dyn FnMut(Result<Decoded, Rejection>)) {
        self.decode_with_format(record, place, &mut |_, outcome| sink(outcome));
    }

    /// The same with the format of each outcome; none where no format was recognised. Returns whether bytes or escapes
    /// that are no text were replaced, or a field that cannot be read was left out, so that a field may lack characters.
    pub fn decode_with_format(
        &self,
        record: &[u8],
        place: &Place,
        sink: &mut dyn FnMut(Option<Format>, Result<Decoded, Rejection>),
    ) -> bool {
        record::Outlet::new(self, place, sink).decode(record)
    }
}
