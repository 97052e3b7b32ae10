//! What `evtx_dump -o json` and the library behind it write: the XML, element by element.
//!
//! An element with attributes is an object of `#attributes` and `#text`; with `--separate-json-attributes` the
//! attributes stand beside it, as `EventID_attributes`.

use crate::decode::envelope::{Envelope, Fields};
use crate::decode::json::Value;
use crate::decode::values::{event_id, record_id, text_of};
use std::borrow::Cow;

/// The event in an object `{"Event": …}`; none when it has no id, and when its provider stands where another converter writes it.
pub(crate) fn envelope(record: Value<'_>) -> Option<Envelope<'_>> {
    let event = record.get("Event")?;
    let system = event.get("System")?;
    Some(Envelope {
        id: event_id(&element(system, "EventID")?)?,
        provider: Some(attribute(system, "Provider", "Provider_attributes", "Name")?),
        channel: element(system, "Channel"),
        computer: element(system, "Computer"),
        time: attribute(system, "TimeCreated", "TimeCreated_attributes", "SystemTime"),
        record_id: record_id(system.get("EventRecordID")),
        fields: Fields::Object(event.get("EventData").unwrap_or(event)),
    })
}

fn element<'t>(system: Value<'t>, name: &str) -> Option<Cow<'t, str>> {
    let value = system.get(name)?;
    text_of(value.get("#text").or(Some(value)))
}

fn attribute<'t>(system: Value<'t>, element: &str, beside: &str, name: &str) -> Option<Cow<'t, str>> {
    let inside = system.get(element).and_then(|element| element.get("#attributes"));
    text_of(inside.or_else(|| system.get(beside))?.get(name))
}
