//! The whole catalogue through a broker: every detection has alerts, and each is committed once while processes are killed.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{Record, events, raised_with};
use crate::process::Process;
use adcs_watch::detect::catalogue;
use adcs_watch::detect::policy::Policy;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};

/// What the detections need that are blind without a setting.
const POLICY: &str = r#"{
    "decoys": ["CorpVpnLegacy"],
    "protected": {"hosts": ["wsus.corp.example", "adfs.corp.example"]},
    "cas": {"ca01.corp.example": "CORP-CA01"},
    "unknown_certificate": {"complete_since": {"ca01.corp.example": "2026-03-01T00:00:00Z"}}
}"#;

/// Some recordings span more than a year. Partitions are read within seconds here, and one may be ahead of another by all of it:
/// after two months what it remembers of findings is forgotten.
const AHEAD: &str = "2026-05";

/// Here CORP-CA01 makes serial numbers of its own. Each partition of the routed topic learns which form those of a CA have
/// from the certificates it sees, so one engine that sees them all raises less afterwards.
const OTHER_SERIAL_NUMBERS: &str = "fires_serial_that_names_no_request";

/// The golden recordings of attacks that need no other policy, in order of time, in one partition: then each partition of
/// the routed topic has its events in one order, whatever is killed.
fn recordings() -> Vec<Record> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/detections");
    let folders = |path: &Path| -> Vec<PathBuf> {
        let mut found: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.retain(|path| path.is_dir());
        found.sort();
        found
    };
    let needed = ["decoys", "protected:\n  hosts", "cas:\n"];
    let fits = |recording: &PathBuf| {
        let policy = fs::read_to_string(recording.join("policy.yaml")).unwrap_or_default();
        let name = recording.file_name().unwrap().to_string_lossy().into_owned();
        let is_attack = name.starts_with("fires_") && name != OTHER_SERIAL_NUMBERS;
        is_attack && (policy.is_empty() || needed.iter().any(|needed| policy.starts_with(needed)))
    };
    let recordings = folders(&root).into_iter().flat_map(|detection| folders(&detection)).filter(fits);
    let texts = recordings.filter_map(|recording| fs::read_to_string(recording.join("events.ndjson")).ok());
    let mut lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.retain(|line| time(line).as_str() < AHEAD);
    lines.sort_by_key(|line| time(line));
    let records =
        lines.iter().enumerate().map(|(n, line)| Record { partition: 0, text: renumbered(line, n) });
    records.collect()
}

/// When the event of a record happened, as ISO 8601.
fn time(line: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    let time = event.get("@timestamp").or_else(|| event.get("time"));
    time.and_then(|time| time.as_str()).unwrap().to_owned()
}

/// The record with another record id: those of the recordings begin with the same one, and alerts are told apart by it.
fn renumbered(line: &str, n: usize) -> String {
    const NAME: &str = "\"record_id\":";
    let (before, behind) = line.split_once(NAME).unwrap();
    let behind = behind.trim_start_matches(|digit: char| digit.is_ascii_digit());
    format!("{before}{NAME}{}{behind}", 800_000 + n)
}

#[test]
fn every_detection_raises_its_alerts_once_while_processes_are_killed() {
    let _guard = broker::shared();
    let env = Environment::new("catalogue", 1);
    let policy: Policy = serde_json::from_str(POLICY).unwrap();
    let records = recordings();
    let expected = raised_with(policy, &events(&env.source(), &records));
    let mut by_detection: BTreeMap<String, usize> = BTreeMap::new();
    for json in expected.values() {
        let alert: serde_json::Value = serde_json::from_str(json).unwrap();
        *by_detection.entry(alert["detection"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let all = catalogue::all().into_iter().map(|about| about.id);
    let silent: Vec<&str> = all.filter(|id| !by_detection.contains_key(*id)).collect();
    assert_eq!(silent, ["story"], "{by_detection:?}");

    let with = format!("policy: {}\n", POLICY.replace('\n', " "));
    let roles = [("router-0", "router"), ("detector-0", "detector"), ("detector-1", "detector")];
    let start = |(name, stage): (&str, &str)| env.start_with(name, &with, &["--stage", stage]);
    let mut processes = roles.map(start);
    for (n, part) in records.chunks(records.len().div_ceil(9)).enumerate() {
        env.produce(part);
        thread::sleep(Duration::from_millis(1200));
        processes[n % 3].kill();
        processes[n % 3] = start(roles[n % 3]);
    }
    processes.iter().for_each(Process::await_ready);
    env.await_alerts(&expected, Duration::from_secs(120));
    eprintln!("{} events, {} alerts and revisions: {by_detection:?}", records.len(), expected.len());
    processes.into_iter().for_each(|process| assert!(process.stop().success()));
}
