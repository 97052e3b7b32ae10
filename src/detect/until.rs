//! Until when an entry of the policy counts: a time, or a day, which counts to its end.

use crate::event::time::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// How the operator writes it.
pub(crate) struct Until;

impl JsonSchema for Until {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Until".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "day or time",
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?$",
        })
    }
}

/// Reads a time, or a day as the time at which it ends in UTC.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let time = Time::end_of_day(&text).map_or_else(|| Time::try_from(text), Ok);
    time.map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use crate::event::time::Time;

    fn read(text: &str) -> Result<String, String> {
        let value = serde_json::Value::from(text);
        super::read(value)
            .map(|time| time.map_or_else(String::new, |t: Time| t.to_string()))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn day_counts_to_its_end() {
        assert_eq!(read("2026-12-31").unwrap(), "2027-01-01T00:00:00Z");
        assert_eq!(read("2026-12-31T12:00:00+01:00").unwrap(), "2026-12-31T11:00:00Z");
    }

    #[test]
    fn time_without_a_zone_is_refused_with_its_spelling_in_utc() {
        assert_eq!(
            read("2026-12-31 12:00").unwrap_err(),
            "`2026-12-31 12:00` has no zone: write `2026-12-31T12:00:00Z` for UTC"
        );
        for wrong in ["31.12.2026", "2026-02-30", "tomorrow", "", "20261231"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
