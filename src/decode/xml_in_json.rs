//! Windows event XML in a field of a JSON object: `_raw` of Cribl and Splunk, `event` of Splunk's HTTP input.

use crate::decode::json::Value;
use std::borrow::Cow;

/// The XML in an object; none when there is none.
pub(crate) fn xml(record: Value<'_>) -> Option<Cow<'_, str>> {
    ["_raw", "event"].into_iter().find_map(|name| {
        let text = record.get(name)?.string()?;
        text.trim_start_matches('\u{feff}').trim_ascii_start().starts_with('<').then_some(text)
    })
}
