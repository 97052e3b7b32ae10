//! State that older versions wrote is read by this one, as `docs/upgrade.md` states. `tests/checkpoints/README.md` says how the files
//! were made.

use crate::common::{events_of, project};
use adcs_watch::detect::policy::Policy;
use adcs_watch::memory_log::MemoryLog;
use adcs_watch::memory_log::detector_port::{
    ALERTS, CHECKPOINT, DEAD_LETTER, GROUP, MemoryDetector, ROUTED, routed,
};
use adcs_watch::stage::detector::worker::DetectorWorker;
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::{
    CheckpointRecord, DetectorInput, DetectorPort, Intake, Millis, SourcePartition, Transaction,
};
use adcs_watch::wire;
use adcs_watch::wire::record::Marker;
use std::fs;

const MARKER: &[u8] = b"marker";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

/// The records of a checkpoint file.
fn checkpoint(name: &str) -> Vec<CheckpointRecord> {
    let text = fs::read_to_string(project("tests/checkpoints").join(name).join("checkpoint.ndjson")).unwrap();
    let record = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| bytes(line[name].as_str().unwrap());
        CheckpointRecord { partition: 0, key: field("key"), value: Some(field("value")) }
    };
    text.lines().map(record).collect()
}

fn marker(records: &mut [CheckpointRecord]) -> (Marker, &mut CheckpointRecord) {
    let record = records.iter_mut().find(|record| record.key == MARKER).unwrap();
    (wire::decode(record.value.as_deref().unwrap()).unwrap(), record)
}

/// A log with one partition, in which an older version committed this checkpoint.
fn committed(mut records: Vec<CheckpointRecord>) -> MemoryLog {
    let log = MemoryLog::new();
    [ROUTED, CHECKPOINT, ALERTS, DEAD_LETTER].iter().for_each(|topic| log.create(topic, 1));
    let offset = marker(&mut records).0.input_offset;
    for _ in 0..offset {
        log.append(&routed(0), Some(Vec::new()), None);
    }
    let mut old = MemoryDetector::new(log.clone(), "old");
    let assigned = old.poll(Millis(0), Intake::Open).unwrap();
    let partitions = assigned.iter().find_map(|input| match input {
        DetectorInput::Assign(partitions) => Some(partitions.clone()),
        DetectorInput::Revoke(_)
        | DetectorInput::Lost(_)
        | DetectorInput::Record(_)
        | DetectorInput::Passed { .. } => None,
    });
    old.accept(&partitions.unwrap()).unwrap();
    let transaction =
        Transaction { checkpoint: records, offsets: vec![(0, offset)], ..Transaction::default() };
    old.commit(&transaction).unwrap();
    let member = old.client.member().to_owned();
    log.expire_member(GROUP, &member);
    log
}

fn detector(log: &MemoryLog, policy: Policy) -> DetectorWorker<MemoryDetector> {
    let mut worker = DetectorWorker::new(MemoryDetector::new(log.clone(), "new"), policy, 1, Pace::default());
    (0..20).for_each(|step| worker.step(Millis(step * 1000)).unwrap());
    worker
}

const NAMES: [&str; 4] = [
    "certificate-used-by-other-exact-serial",
    "certificate-used-by-other-logon-arrives-first",
    "san-mismatch-burst",
    "san-mismatch-revised-when-it-gets-worse",
];

/// The detections that alert on the event after the checkpoint.
fn alerts_after(name: &str) -> Vec<String> {
    let log = committed(checkpoint(name));
    let mut worker = detector(&log, Policy::default());
    assert_eq!(worker.stopped().collect::<Vec<_>>(), [], "{name}");
    assert!(worker.is_ready(), "{name}");
    assert!(worker.status().any(|status| status.size.records > 0), "{name}: the state is there");
    let events = events_of(&project("tests/checkpoints").join(name).join("next.ndjson"));
    log.append(&routed(0), Some(wire::routed::encode(&events)), Some(events[0].time));
    (20..40).for_each(|step| worker.step(Millis(step * 1000)).unwrap());
    let alerts = SourcePartition { topic: ALERTS.to_owned(), partition: 0 };
    let alerts = log.read_committed(&alerts, 0, usize::MAX).0;
    let detection = |value: &[u8]| {
        let alert: serde_json::Value = serde_json::from_slice(value).unwrap();
        alert["detection"].as_str().unwrap().to_owned()
    };
    alerts.iter().map(|record| detection(record.value.as_deref().unwrap())).collect()
}

#[test]
fn state_of_the_first_logic_version_is_restored() {
    for name in NAMES {
        assert_eq!(marker(&mut checkpoint(name)).0.logic_version, 1);
        alerts_after(name);
    }
}

/// `docs/upgrade.md` states it: the state of these detections has other keys or another form now.
#[test]
fn entities_of_the_first_logic_version_start_again() {
    for name in &NAMES[..3] {
        let alerts = alerts_after(name);
        assert!(!alerts.iter().any(|detection| name.starts_with(detection)), "{name}: {alerts:?}");
    }
}

#[test]
fn checkpoint_for_a_newer_reader_stops_its_partition_and_says_why() {
    let mut records = checkpoint(NAMES[0]);
    let (read, record) = marker(&mut records);
    record.value = Some(wire::encode(&Marker { logic_version: 99, minimum_reader: 99, ..read }));
    let log = committed(records);
    let worker = detector(&log, Policy::default());
    let stopped: Vec<(u32, &str)> = worker.stopped().collect();
    assert_eq!(stopped.len(), 1);
    assert!(stopped[0].1.contains("the checkpoint needs logic version 99 or newer, this is"), "{stopped:?}");
}
