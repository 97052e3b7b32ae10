//! Several events in one record, however an envelope holds them: each is read, and one that stands there twice counts once.

use crate::decode_formats::decode_with;
use crate::decode_layouts::records;
use adcs_watch::decode::{Decoded, Decoder};
use serde_json::{Value, json};

/// The numbers of the records of the events in a record, in any order.
fn read(record: &Value) -> Vec<Option<u64>> {
    let outcomes = decode_with(&Decoder::default(), record.to_string().as_bytes());
    let events = outcomes.into_iter().map(|outcome| match outcome {
        Ok(Decoded::Event(event)) => event.origin.record_id,
        other => panic!("{other:?} in {record}"),
    });
    let mut numbers: Vec<_> = events.collect();
    numbers.sort_unstable();
    numbers
}

fn parsed() -> Vec<Value> {
    records("flat.ndjson").iter().map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn original() -> Vec<Value> {
    let records = records("filebeat-xml.ndjson");
    let parsed = records.iter().map(|line| serde_json::from_slice::<Value>(line).unwrap());
    parsed.map(|record| record["message"].clone()).collect()
}

const ALL: [Option<u64>; 3] = [Some(91004), Some(91007), Some(730012)];

#[test]
fn every_object_of_a_list_is_read_also_if_it_has_one_member_only() {
    for inner in ["message", "xml", "event", "payload", "RawXml", "value"] {
        for kept in [original(), parsed(), parsed().iter().map(|event| json!(event.to_string())).collect()] {
            let list: Vec<_> = kept.iter().map(|event| json!({ inner: event })).collect();
            for outer in ["value", "events", "Records", "hits", "items"] {
                assert_eq!(read(&json!({ outer: list })), ALL, "{outer} {inner}");
            }
        }
    }
}

#[test]
fn members_with_other_events_are_a_batch() {
    let [a, b, c] = parsed().try_into().unwrap();
    assert_eq!(read(&json!({"security": [a, b], "system": [c]})), ALL);
    assert_eq!(read(&json!({"ca02": [a], "dc02": {"events": [b, c]}})), ALL);
    assert_eq!(read(&json!({"3f2a": a, "77b1": b, "e0c4": c})), ALL);
    // Every computer counts its own records.
    let mut of_another = a.clone();
    of_another["Hostname"] = json!("ca03.corp.example");
    of_another["TimeCreated"] = json!("2026-04-07T14:20:30.4500000Z");
    assert_eq!(read(&json!({"ca02": a, "ca03": of_another})), [Some(91007), Some(91007)]);
    let lines = [&a, &b, &c].map(Value::to_string).join("\n");
    assert_eq!(read(&json!({"body": lines})), ALL);
}

#[test]
fn event_beside_its_original_counts_once() {
    for (parsed, original) in parsed().into_iter().zip(original()) {
        let mut numberless = parsed.clone();
        numberless.as_object_mut().unwrap().remove("RecordNumber");
        for record in [
            json!({"parsed": parsed, "source_text": original}),
            json!({"before": parsed, "after": parsed, "op": "u"}),
            json!({"kept": numberless, "source_text": original}),
        ] {
            assert_eq!(read(&record).len(), 1, "{record}");
        }
    }
}
