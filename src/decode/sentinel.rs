//! Rows of the tables SecurityEvent, WindowsEvent and Event of Sentinel: some fields have columns, all are in `EventData`, as
//! XML. The record id is a column only in some exports.

use crate::decode::envelope::{Envelope, Fields};
use crate::decode::json::Value;
use crate::decode::provider::is_provider;
use crate::decode::rejection::Rejection;
use crate::decode::values::{event_id, record_id, text_of};
use crate::decode::wanted::is_wanted;
use crate::decode::xml_reader;

/// Gives the event in a row to `then`; none when it has no id. A function, because the XML lives no longer than that.
pub(crate) fn with_envelope<T>(
    row: Value<'_>,
    then: impl FnOnce(Envelope<'_>) -> Result<T, Rejection>,
) -> Option<Result<T, Rejection>> {
    let id = event_id(&text_of(row.get("EventID"))?)?;
    let data = if is_wanted(id) { text_of(row.get("EventData")) } else { None };
    let fields = match data.as_deref().map(xml_reader::event_data).transpose() {
        Ok(Some(list)) => Fields::ListOr(list, row),
        Ok(None) => Fields::Object(row),
        Err(rejection) => return Some(Err(rejection)),
    };
    Some(then(Envelope {
        id,
        // WindowsEvent has the second one.
        provider: text_of(row.get("EventSourceName"))
            .or_else(|| text_of(row.get("Provider")).filter(|name| is_provider(name)))
            .or_else(|| text_of(row.get("Source")).filter(|name| is_provider(name))),
        channel: text_of(row.get("Channel")).or_else(|| text_of(row.get("EventLog"))),
        computer: text_of(row.get("Computer")),
        time: text_of(row.get("TimeGenerated")),
        record_id: record_id(row.get("EventRecordId")),
        fields,
    }))
}
