//! NXLog's flat JSON: the event's own data stands beside the envelope's. EventTime is local time without a zone, in
//! whole seconds; `EventReceivedTime` is later.

use crate::decode::envelope::{Envelope, Fields};
use crate::decode::json::Value;
use crate::decode::values::{event_id, record_id, text_of};

/// The event in an object; none when it has no id.
pub(crate) fn envelope(record: Value<'_>) -> Option<Envelope<'_>> {
    Some(Envelope {
        id: event_id(&text_of(record.get("EventID"))?)?,
        provider: text_of(record.get("SourceName")),
        channel: text_of(record.get("Channel")),
        computer: text_of(record.get("Hostname")),
        time: text_of(record.get("EventTime")),
        record_id: record_id(record.get("RecordNumber")),
        fields: Fields::Object(record),
    })
}
