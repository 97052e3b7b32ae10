//! Fluent Bit's `winevtlog` and `winlog`: the values are in `StringInserts`, without their names. TimeCreated is in whole seconds
//! with an offset; `date` is the time of arrival. A collector may leave empty values out: such records are read by the table
//! of layouts, which aligns them.

use crate::decode::envelope::{Envelope, Fields};
use crate::decode::json::Value;
use crate::decode::manifest;
use crate::decode::names;
use crate::decode::values::{event_id, record_id, text_of};

/// The event in an object; none when it has no id.
pub(crate) fn envelope(record: Value<'_>) -> Option<Envelope<'_>> {
    let id = event_id(&text_of(record.get("EventID"))?)?;
    let inserts =
        record.get("StringInserts").filter(|inserts| names::is_whole(id, inserts.items().count()))?;
    Some(Envelope {
        id,
        // The older plugin has the second one.
        provider: text_of(record.get("ProviderName")).or_else(|| text_of(record.get("SourceName"))),
        channel: text_of(record.get("Channel")),
        computer: text_of(record.get("Computer")),
        time: text_of(record.get("TimeCreated")),
        record_id: record_id(record.get("EventRecordID")),
        fields: Fields::Positional(manifest::of(id), inserts),
    })
}
