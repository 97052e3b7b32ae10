//! Alerts as JSON, ours or that of OCSF or ECS, as protobuf, or as protobuf with the frame of a schema registry.

use crate::alert::Alert;
use crate::alert::shrink::shrink;
use crate::config::topics::AlertFormat;
use crate::encode::record::OutgoingRecord;
use crate::encode::{ecs, ocsf};
use crate::wire;
use std::borrow::Cow;

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf; messageType=adcs_watch.v1.Alert";

/// The record of an alert. Its key is the alert id, so that the revisions of an alert stay in order. The header `content-type`
/// names the encoding.
pub(crate) fn alert<'a>(topic: &'a str, format: AlertFormat, alert: &Alert) -> OutgoingRecord<'a> {
    let (content_type, value) = match format {
        AlertFormat::Json => (JSON, wire::alert::to_json(alert).into_bytes()),
        AlertFormat::Ocsf => (JSON, ocsf::finding(alert).to_string().into_bytes()),
        AlertFormat::Ecs => (JSON, ecs::document(alert).to_string().into_bytes()),
        AlertFormat::Protobuf => (PROTOBUF, wire::alert::to_protobuf(alert)),
        AlertFormat::Confluent { schema_id } => (PROTOBUF, wire::alert::to_confluent(alert, schema_id)),
    };
    let id = alert.alert_id.to_string();
    OutgoingRecord {
        topic,
        partition: None,
        key: Some(Cow::Owned(id.clone().into_bytes())),
        value: Some(Cow::Owned(value)),
        headers: vec![
            ("content-type", content_type.to_owned()),
            ("alert-id", id),
            ("severity", alert.severity.as_str().to_owned()),
            ("detection", alert.detection.clone()),
        ],
    }
}

/// The alert in a record of a topic that has this encoding.
///
/// # Errors
/// It is no alert, or the encoding is that of another schema, from which an alert cannot be read back.
pub(crate) fn read_alert(format: AlertFormat, value: &[u8]) -> Result<Alert, String> {
    match format {
        AlertFormat::Json => serde_json::from_slice(value).map_err(|error| format!("no alert: {error}")),
        AlertFormat::Protobuf => wire::alert::from_protobuf(value),
        AlertFormat::Confluent { .. } => {
            // A zero byte, the id of the schema in four, and a zero byte for its first message.
            wire::alert::from_protobuf(value.get(6..).ok_or("no alert: too short")?)
        }
        AlertFormat::Ocsf | AlertFormat::Ecs => Err("an alert of OCSF or ECS cannot be read back".to_owned()),
    }
}

/// The record of an alert that fits into its topic.
#[derive(Debug)]
pub(crate) struct Fitting<'a> {
    /// The record to write.
    pub record: OutgoingRecord<'a>,
    /// The bytes of the whole alert in its batch, if the alert was shortened.
    pub whole_bytes: Option<usize>,
}

/// The record of an alert, which is shortened if its batch would be longer than `limit` bytes. None when it cannot be that short.
pub(crate) fn fitting_alert<'a>(
    topic: &'a str,
    format: AlertFormat,
    whole: &Alert,
    limit: usize,
) -> Option<Fitting<'a>> {
    let record = alert(topic, format, whole);
    let bytes = record.batch_bytes();
    if bytes <= limit {
        return Some(Fitting { record, whole_bytes: None });
    }
    let fits = |short: &Alert| alert(topic, format, short).batch_bytes() <= limit;
    let short = shrink(whole, fits)?;
    Some(Fitting { record: alert(topic, format, &short), whole_bytes: Some(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::policy::Policy;
    use crate::engine::Engine;

    fn an_alert() -> Alert {
        let output = Engine::new(Policy::default()).on_event(&crate::stage::testing::mismatch(1));
        output.alerts.into_iter().next().unwrap()
    }

    #[test]
    fn confluent_frame_precedes_the_protobuf_message() {
        let expected = an_alert();
        let plain = alert("t", AlertFormat::Protobuf, &expected);
        let framed = alert("t", AlertFormat::Confluent { schema_id: 258 }, &expected);
        let bytes = framed.value.unwrap_or_default();
        let (frame, message) = bytes.split_at(6);
        assert_eq!(frame, [0, 0, 0, 1, 2, 0]);
        assert_eq!(Some(message), plain.value.as_deref());
        assert_eq!(wire::alert::from_protobuf(message).as_ref(), Ok(&expected));
        assert_eq!((framed.headers, framed.key), (plain.headers, plain.key));
    }

    #[test]
    fn alert_that_is_too_long_is_shortened_in_every_format() {
        let whole = Alert { san_values: vec!["x".repeat(9000); 10], ..an_alert() };
        let formats = [
            AlertFormat::Json,
            AlertFormat::Ocsf,
            AlertFormat::Ecs,
            AlertFormat::Protobuf,
            AlertFormat::Confluent { schema_id: 1 },
        ];
        for format in formats {
            let fitting = |limit| fitting_alert("t", format, &whole, limit);
            let bytes = alert("t", format, &whole).batch_bytes();
            assert_eq!(fitting(bytes).unwrap().whole_bytes, None, "it fits exactly");
            let short = fitting(16_384).unwrap();
            assert_eq!(short.whole_bytes, Some(bytes));
            assert!(short.record.batch_bytes() <= 16_384);
            assert_eq!(short.record.headers, alert("t", format, &whole).headers);
            assert!(fitting(300).is_none());
        }
    }
}
