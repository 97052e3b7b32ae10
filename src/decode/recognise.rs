//! Recognises the format of an object by the keys at its top level.

use crate::decode::format::Format;
use crate::decode::json::Value;
use crate::decode::{normalised, xml_in_json};

/// The format of an object; none when it looks like nothing known.
pub(crate) fn format_of(record: Value<'_>) -> Option<Format> {
    let has = |name| record.get(name).is_some();
    if has("winlog") {
        Some(Format::Winlogbeat)
    } else if record.get("Event").is_some_and(Value::is_object) {
        Some(Format::EvtxDump)
    } else if xml_in_json::xml(record).is_some() {
        Some(Format::XmlInJson)
    } else if has("EventID") {
        windows_columns(record)
    } else if has("event_id") && (has("computer_name") || has("event_data")) {
        // Winlogbeat before version 7.
        Some(Format::Winlogbeat)
    } else if normalised::is_normalised(record) {
        Some(Format::Normalised)
    } else {
        None
    }
}

/// The formats that have `EventID` at the top level.
fn windows_columns(record: Value<'_>) -> Option<Format> {
    let has = |name| record.get(name).is_some();
    if has("StringInserts") {
        Some(Format::FluentBit)
    } else if has("TimeGenerated") && !has("ComputerName") {
        Some(Format::Sentinel)
    } else if has("EventTime") {
        Some(Format::Nxlog)
    } else {
        None
    }
}

/// Whether an object is an event in the Elastic Common Schema that is none of Windows: not of interest.
pub(crate) fn is_other_ecs(record: Value<'_>) -> bool {
    let has = |name| record.get(name).is_some();
    has("@timestamp") && (has("ecs") || has("agent") || has("beat"))
}
