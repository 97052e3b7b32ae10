//! Which shape an object is in: told by the keys at its top level.

use crate::decode::json::Value;
use crate::decode::{Shape, normalised, xml_in_json};

/// The shape of an object; none when it looks like nothing known.
pub(crate) fn shape_of(record: Value<'_>) -> Option<Shape> {
    let has = |name| record.get(name).is_some();
    if has("winlog") {
        Some(Shape::Winlogbeat)
    } else if record.get("Event").is_some_and(Value::is_object) {
        Some(Shape::EvtxDump)
    } else if xml_in_json::xml(record).is_some() {
        Some(Shape::XmlInJson)
    } else if has("EventID") {
        windows_columns(record)
    } else if has("event_id") && (has("computer_name") || has("event_data")) {
        // Winlogbeat before version 7.
        Some(Shape::Winlogbeat)
    } else if normalised::is_normalised(record) {
        Some(Shape::Normalised)
    } else {
        None
    }
}

/// The shapes that have `EventID` at the top level.
fn windows_columns(record: Value<'_>) -> Option<Shape> {
    let has = |name| record.get(name).is_some();
    if has("StringInserts") {
        Some(Shape::FluentBit)
    } else if has("TimeGenerated") {
        Some(Shape::Sentinel)
    } else if has("EventTime") {
        Some(Shape::Nxlog)
    } else {
        None
    }
}

/// Whether an object is an event in the Elastic Common Schema that is none of Windows: not of interest.
pub(crate) fn is_other_ecs(record: Value<'_>) -> bool {
    let has = |name| record.get(name).is_some();
    has("@timestamp") && (has("ecs") || has("agent") || has("beat"))
}
