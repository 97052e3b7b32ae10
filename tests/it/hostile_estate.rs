//! Attackers beside an ordinary company: accounts without end, hot accounts, attributes and lists of names without measure, wrong
//! times, control characters in names, damaged records. Each record has an outcome, the state is bounded, and the alerts of the
//! company are those that it raises alone.

use crate::cli_world::World;
use crate::common::project;
use crate::stage::{SOURCE, count, detector, log, only, router};
use adcs_watch::memory_log::MemoryLog;
use adcs_watch::memory_log::detector_port::{ALERTS, DEAD_LETTER};
use adcs_watch::stage::port::Millis;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

/// The accounts of attackers begin with this.
const HOSTILE: &str = "zz-";

/// How many certificates each flood has.
const FLOOD: u32 = 200;

fn company() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(project("samples/corp-example/ca01-security.ndjson")).unwrap();
    text.lines().map(|line| line.as_bytes().to_vec()).collect()
}

/// A certificate that `requester` was issued, in Winlogbeat's JSON.
fn issued(n: u32, requester: &str, names: &str, attributes: &str) -> Value {
    // Working days and hours of the company, so that the CA has no further day of data.
    let (day, hour) = (2 + n % 20 / 5 * 7 + n % 5, 10 + n / 20 % 8);
    let time = format!("2026-02-{day:02}T{hour:02}:{:02}:{:02}Z", n / 160 % 60, n % 60);
    let data = json!({
        "RequestId": (500_000 + n).to_string(), "Requester": format!("CORP\\{requester}"), "Attributes": attributes,
        "CertificateTemplate": "User", "SubjectAlternativeName": names, "Disposition": "3",
        "SerialNumber": format!("5c{:08x}a1b2c3d4e5f677{:010x}", 500_000 + n, 500_000 + n),
    });
    let winlog = json!({
        "event_id": "4887", "provider_name": "Microsoft-Windows-Security-Auditing", "channel": "Security",
        "computer_name": "ca01.corp.example", "record_id": 9_000_000 + n, "event_data": data,
    });
    json!({"@timestamp": time, "winlog": winlog})
}

fn upn(name: &str) -> String {
    format!("Other Name: Principal Name={name}@corp.example")
}

/// Floods of whole records, `size` of each.
fn floods(size: u32) -> Vec<Value> {
    let mut all = Vec::new();
    for n in 0..size {
        all.push(issued(n, &format!("{HOSTILE}ghost-{n}"), &upn(&format!("ghost-{n}")), ""));
        all.push(issued(FLOOD + n, "zz-hot", &upn(&format!("victim-{n}")), ""));
    }
    for n in 0..size / 10 {
        let attributes = format!("san:upn={}@corp.example", "a".repeat(60_000));
        all.push(issued(2 * FLOOD + n, "zz-giant", "", &attributes));
        let names: Vec<String> = (0..500).map(|k| upn(&format!("bomb-{n}-{k}"))).collect();
        all.push(issued(3 * FLOOD + n, "zz-bomb", &names.join("\r\n"), ""));
        let ugly = [
            "\u{1b}[2J\u{1b}]0;owned\u{7}",
            "a\nseverity=low",
            "\0administrator",
            "\u{202e}nimda",
            "\r\n\r\n",
        ];
        all.push(issued(
            4 * FLOOD + n,
            &format!("zz-{}", ugly[n as usize % 5]),
            &upn(ugly[n as usize % 5]),
            "",
        ));
    }
    all
}

/// One wrong time in a hundred records.
fn time_bombs(records: usize) -> Vec<Value> {
    let times = ["1601-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2099-06-01T12:00:00Z"];
    let bomb = |(n, time): (u32, &str)| {
        let mut record = issued(5 * FLOOD + n, "zz-time", &upn("administrator"), "");
        record["@timestamp"] = json!(time);
        record
    };
    (0..).zip(times.into_iter().cycle().take(records / 100)).map(bomb).collect()
}

/// Damaged records, and records that are no events.
fn damaged() -> Vec<Vec<u8>> {
    let whole = issued(6 * FLOOD, "zz-cut", &upn("administrator"), "").to_string().into_bytes();
    let mut all: Vec<Vec<u8>> = (1..20).map(|part| whole[..whole.len() * part / 20].to_vec()).collect();
    all.push([b"\0\0\0\0".as_slice(), &whole, b"\0\0"].concat());
    all.push("[".repeat(5_000).into_bytes());
    all.push(b"<Event>".repeat(200));
    let latin = issued(6 * FLOOD + 1, "zz-latin", &upn("administrator"), "~").to_string().into_bytes();
    all.push(latin.iter().map(|byte| if *byte == b'~' { 0xe9 } else { *byte }).collect());
    all.extend([whole.clone(), whole]);
    all.push(vec![0; 4096]);
    all
}

fn bytes(records: &[Value]) -> Vec<Vec<u8>> {
    records.iter().map(|record| record.to_string().into_bytes()).collect()
}

/// The records of the company and the floods by time, as a shipper delivers them, with these others between them.
fn mixed(floods: &[Value], others: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut timed: Vec<Vec<u8>> = [company(), bytes(floods)].concat();
    timed.sort_by_key(|record| {
        let record: Value = serde_json::from_slice(record).unwrap();
        record["@timestamp"].as_str().unwrap().to_owned()
    });
    let each = timed.len() / others.len();
    let mut others = others.into_iter();
    let mut all = Vec::new();
    for (index, record) in timed.into_iter().enumerate() {
        all.push(record);
        if index % each == 0 {
            all.extend(others.next());
        }
    }
    all.extend(others);
    all
}

fn is_hostile(alert: &Value) -> bool {
    alert["requester_account"].as_str().is_some_and(|account| account.starts_with(HOSTILE))
}

/// The alerts of others than the attackers, without the places of their records.
fn of_others(alerts: impl IntoIterator<Item = Value>) -> BTreeSet<String> {
    let mut alerts: Vec<Value> = alerts.into_iter().filter(|alert| !is_hostile(alert)).collect();
    for evidence in alerts.iter_mut().flat_map(|alert| alert["evidence"].as_array_mut().unwrap()) {
        evidence["offset"] = Value::Null;
    }
    alerts.iter().map(Value::to_string).collect()
}

#[track_caller]
fn assert_same(beside: &BTreeSet<String>, alone: &BTreeSet<String>) {
    let more: Vec<&String> = beside.difference(alone).collect();
    let fewer: Vec<&String> = alone.difference(beside).collect();
    assert!(more.is_empty() && fewer.is_empty(), "more: {more:#?}\nfewer: {fewer:#?}");
}

/// What the stages make of these source records: the alerts of others than the attackers, and the log.
fn staged(records: &[Vec<u8>]) -> (BTreeSet<String>, MemoryLog) {
    let log = log();
    for record in records {
        log.append(&only(SOURCE), Some(record.clone()), None);
    }
    let (mut router, mut detector) = (router(&log), detector(&log, "detector"));
    for step in 0..400 {
        router.step(Millis(step * 500)).unwrap();
        detector.step(Millis(step * 500)).unwrap();
    }
    let outcomes: u64 = router.counts().records.values().sum();
    assert_eq!(outcomes, records.len() as u64, "each record has an outcome: {:?}", router.counts());
    let rejected: u64 =
        router.counts().rejected.values().map(|letters| letters.written + letters.suppressed).sum();
    assert!(rejected >= count(&log, DEAD_LETTER) as u64);
    let (mut entities, mut held) = (0, 0);
    for status in detector.status() {
        (entities, held) = (entities + status.size.records, held + status.size.bytes);
    }
    let given: usize = records.iter().map(Vec::len).sum();
    assert!(held < given, "{held} bytes are remembered of {given}");
    assert!(held / entities.max(1) < 2048, "{held} bytes of {entities} entities");
    let alerts = log.read_committed(&only(ALERTS), 0, usize::MAX).0;
    let alerts =
        alerts.iter().map(|record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap());
    (of_others(alerts), log)
}

/// The company with all attackers beside it, and these further records.
fn estate(more: &[Value]) -> Vec<Vec<u8>> {
    mixed(&floods(FLOOD), [bytes(more), damaged()].concat())
}

#[test]
fn stages_count_every_record_bound_the_state_and_raise_the_same_alerts_of_others() {
    let (alone, _) = staged(&company());
    assert!(!alone.is_empty());
    let (beside, log) = staged(&estate(&[]));
    assert_same(&beside, &alone);
    let all = log.read_committed(&only(ALERTS), 0, usize::MAX).0.len();
    assert!(all > alone.len(), "the attackers are found too");
    assert!(count(&log, DEAD_LETTER) > 10, "what is cut off is rejected");
}

#[test]
fn hot_account_and_its_names_do_not_grow_the_state_without_a_bound() {
    let held = |size: u32| {
        let hot: Vec<Vec<u8>> = (0..size)
            .map(|n| issued(n, "zz-hot", &upn(&format!("victim-{n}")), "").to_string().into_bytes())
            .collect();
        let log = log();
        for record in &hot {
            log.append(&only(SOURCE), Some(record.clone()), None);
        }
        let (mut router, mut detector) = (router(&log), detector(&log, "detector"));
        for step in 0..100 {
            router.step(Millis(step * 500)).unwrap();
            detector.step(Millis(step * 500)).unwrap();
        }
        detector.status().map(|status| status.size.bytes).sum::<usize>()
    };
    let (some, many) = (held(200), held(2000));
    // What remains for each certificate: its serial number, by which a logon finds it.
    assert!(many.saturating_sub(some) / 1800 < 200, "{some} and {many} bytes");
}

/// What `replay` says of these files: the alerts of others than the attackers, and the summary.
fn replayed(world: &World) -> (BTreeSet<String>, Value) {
    let document = world.run("replay in --assume-trained --format json").json();
    (of_others(document["alerts"].as_array().unwrap().clone()), document["summary"].clone())
}

/// Compressed twice, as an archive that a decompressor without limits unpacks into memory.
fn archive_bomb() -> Vec<u8> {
    let pack = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    pack(&pack(&[br#"{"EventID": 4887, "x": ""#.as_slice(), &vec![b'a'; 16 * 1024 * 1024]].concat()))
}

#[test]
fn replay_counts_every_record_and_raises_the_same_alerts_of_others() {
    let (alone, beside) = (World::new(), World::new());
    let lines = |records: &[Vec<u8>]| records.join(&b'\n');
    alone.write("in/a.ndjson", lines(&company()));
    let estate: Vec<Vec<u8>> =
        estate(&time_bombs(500)).into_iter().filter(|record| !record.contains(&b'\n')).collect();
    beside.write("in/a.ndjson", lines(&estate)).write("in/bomb.gz", archive_bomb());
    let ((expected, _), (alerts, summary)) = (replayed(&alone), replayed(&beside));
    assert!(expected.len() > 2);
    assert_same(&alerts, &expected);
    let records = &summary["records"];
    let of = |outcome: &str| records[outcome].as_u64().unwrap();
    let outcomes = of("filtered") + of("ignored") + of("rejected") + of("events");
    assert_eq!(of("total"), outcomes, "each record has an outcome: {records}");
    let rejections = summary["rejections"].as_object().unwrap();
    let reasons: u64 = rejections.values().map(|reason| reason["count"].as_u64().unwrap()).sum();
    assert_eq!(reasons, of("rejected"), "{rejections:?}");
    assert!(rejections.contains_key("too_large"), "the archive bomb: {rejections:?}");
}

#[test]
fn names_with_control_characters_stay_in_their_line_of_the_table() {
    let world = World::new();
    world.write("in/a.ndjson", bytes(&floods(50)).join(&b'\n'));
    let table = world.run("replay in --assume-trained --format table").stdout;
    assert!(
        !table.contains('\u{1b}') && !table.contains('\u{7}') && !table.contains('\u{202e}'),
        "{table:?}"
    );
    assert!(!table.lines().any(|line| line.trim_start().starts_with("severity=low")), "{table}");
}
