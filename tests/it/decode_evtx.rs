//! The story as an `.evtx` file, read by the crate that the service reads such files with.

use crate::decode_formats::{decode, format_file, story};
use crate::evtx_writer::{EvtxEvent, write};
use adcs_watch::decode::Decoded;
use adcs_watch::event::time::Time;
use std::path::PathBuf;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/formats/windows-events.evtx")
}

/// The story's events, from the format that is easiest to take apart.
fn events() -> Vec<EvtxEvent> {
    let event = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let (system, data) = (&event["Event"]["System"], &event["Event"]["EventData"]);
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let id = &system["EventID"];
        let time = &system["TimeCreated"]["#attributes"]["SystemTime"];
        EvtxEvent {
            provider: text(&system["Provider"]["#attributes"]["Name"]),
            id: id.as_u64().or_else(|| id["#text"].as_u64()).unwrap() as u32,
            version: system["Version"].as_u64().unwrap() as u32,
            channel: text(&system["Channel"]),
            computer: text(&system["Computer"]),
            time_millis: Time::parse_rfc3339(time.as_str().unwrap()).unwrap().as_millis(),
            record_id: system["EventRecordID"].as_u64().unwrap(),
            data: data.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        }
    };
    format_file("evtx-dump.ndjson").lines().map(event).collect()
}

fn read(file: Vec<u8>) -> Vec<Decoded> {
    let settings = evtx::ParserSettings::new().validate_checksums(true);
    let mut parser = evtx::EvtxParser::from_buffer(file).unwrap().with_configuration(settings);
    let records: Vec<_> = parser.records().map(Result::unwrap).collect();
    records.iter().flat_map(|record| decode(record.data.as_bytes())).map(Result::unwrap).collect()
}

#[test]
fn an_evtx_file_tells_the_same_story() {
    assert_eq!(read(std::fs::read(file()).unwrap()), story());
}

#[test]
fn the_file_is_what_the_writer_writes() {
    let written = write(&events());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file(), &written).unwrap();
    }
    assert!(written == std::fs::read(file()).unwrap(), "UPDATE=1 writes it anew");
}

#[test]
fn more_events_than_a_chunk_holds() {
    let mut events: Vec<EvtxEvent> = events().into_iter().cycle().take(300).collect();
    let mut expect: Vec<Decoded> = story().into_iter().cycle().take(300).collect();
    // Record ids count up; a reader takes the last one of a chunk as its end.
    for ((event, expect), id) in events.iter_mut().zip(&mut expect).zip(1..) {
        event.record_id = id;
        if let Decoded::Event(expect) = expect {
            expect.origin.record_id = Some(id);
        }
    }
    let file = write(&events);
    assert!(file.len() > 4096 + 65536);
    assert!(read(file) == expect);
}

#[test]
fn no_event_at_all() {
    assert_eq!(read(write(&[])), []);
}
