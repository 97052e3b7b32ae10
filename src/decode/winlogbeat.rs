//! Winlogbeat 6 to 8 and Elastic Agent.
//!
//! Since version 7 everything of Windows is under `winlog`, and `event.code` repeats the id; version 6 has the same
//! names at the top level. Empty fields are left out. `host.name` is not the computer: with event forwarding it is the
//! collector.

use crate::decode::envelope::{Envelope, Fields};
use crate::decode::json::Value;
use crate::decode::provider::is_provider;
use crate::decode::values::{event_id, record_id, text_of};

/// The event in a document; none when it is not one of Windows.
pub(crate) fn envelope(record: Value<'_>) -> Option<Envelope<'_>> {
    let winlog = record.get("winlog").filter(|winlog| winlog.is_object());
    let windows = winlog.unwrap_or(record);
    let of_event = |name| record.get("event").and_then(|event| event.get(name));
    let id = text_of(windows.get("event_id")).or_else(|| winlog.and_then(|_| text_of(of_event("code"))))?;
    // A provider of any product in the Elastic Common Schema; and Loki's name.
    let other_provider = || {
        text_of(of_event("provider"))
            .or_else(|| text_of(windows.get("source")))
            .filter(|name| is_provider(name))
    };
    Some(Envelope {
        id: event_id(&id)?,
        provider: text_of(windows.get("provider_name"))
            .or_else(|| text_of(windows.get("source_name")))
            .or_else(other_provider),
        channel: text_of(windows.get("channel")).or_else(|| text_of(windows.get("log_name"))),
        // Security Onion names it so for events that come by Wazuh.
        computer: text_of(windows.get("computer_name"))
            .or_else(|| winlog.and_then(|winlog| text_of(winlog.get("computer")))),
        time: winlog
            .and_then(|winlog| text_of(winlog.get("time_created")))
            // An alert of Kibana has a time of its own.
            .or_else(|| text_of(record.get("kibana.alert.original_time")))
            .or_else(|| text_of(record.get("@timestamp"))),
        record_id: record_id(windows.get("record_id").or_else(|| windows.get("record_number"))),
        fields: Fields::Ecs(windows.get("event_data").unwrap_or(windows), record),
    })
}
