//! Source records in, alerts out: those that the pure core raises, each once.

use crate::broker;
use crate::process::until;
use crate::story::{events, expected, records};
use crate::world::World;
use std::time::{Duration, Instant};

#[test]
fn what_comes_out_is_what_the_pure_core_raises() {
    let _turn = broker::alone();
    let world = World::new("end-to-end", 3);
    let records = records(5000, 3);
    let expected = expected(&world.source(), &records);
    assert!(expected.len() > 100, "{} alerts show too little", expected.len());
    let process = world.start("all", "all", false);
    process.ready();
    world.produce(&records);
    world.await_alerts(&expected, Duration::from_secs(60));

    let interesting = events(&world.source(), &records).len();
    let outcome = |name: &str| {
        process.metric("adcs_watch_records_total", &format!("outcome=\"{name}\",stage=\"router\""))
    };
    assert_eq!(outcome("sent") as usize, interesting);
    assert_eq!((outcome("sent") + outcome("filtered") + outcome("ignored")) as usize, records.len());
    assert_eq!(process.metric("adcs_watch_alerts_total", "") as usize, expected.len());
    assert_eq!(process.metric("adcs_watch_assigned_partitions", "detector") as u32, crate::world::PARTITIONS);
    assert_eq!(process.page("/livez").unwrap().0, 200);
    let lag = |stage: &str| process.metric("adcs_watch_consumer_lag_records", &format!("stage=\"{stage}\""));
    let waited = Instant::now();
    while lag("router") + lag("detector") > 0.0 {
        assert!(
            waited.elapsed() < Duration::from_secs(20),
            "a lag although everything was read: {}",
            lag("detector")
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let routed = process.metric("adcs_watch_routed_records_total", "");
    assert!(routed > 0.0 && routed < interesting as f64, "what a batch sends to a partition goes together");
    assert!(process.metric("adcs_watch_consumer_position_offset", "detector") > routed);
    assert_eq!(
        process.metric("adcs_watch_alert_latency_seconds_count", ""),
        0.0,
        "the source has no append times"
    );
    let began = Instant::now();
    let log = process.log();
    assert!(process.stop().success(), "{log}");
    eprintln!("{} records, {} alerts, stopped in {:?}", records.len(), expected.len(), began.elapsed());
}

/// Every record that was passed is in one outcome, of both stages, and in the right one.
#[test]
fn the_outcomes_sum_up_to_the_offsets_passed() {
    let _turn = broker::alone();
    let world = World::new("sums", 3);
    let records = records(3000, 3);
    let expected = expected(&world.source(), &records);
    let process = world.start("all", "all", false);
    process.ready();
    world.produce(&records);
    // What comes besides the story, and what becomes of it.
    let ignored = br#"{"winlog": {"event_id": 4624, "x": 4887}}"#;
    let unconcerned = br#"{"time": "2026-03-02T09:00:00Z", "computer": "ca01", "share_accessed": {"account": "CORP\\bob", "share": "\\\\*\\C$", "target": "x", "access_mask": 1}}"#;
    let others: [(&str, u32, &[u8]); 4] = [
        ("rejected", 5, b"{\"EventID\": 4887, \"broken\""),
        ("ignored", 4, ignored),
        ("unconcerned", 3, unconcerned),
        ("filtered", 20, b"{\"EventID\": 4624}"),
    ];
    for (_, times, value) in others {
        (0..times).for_each(|n| world.produce_bytes(&[(n % 3, value)]));
    }
    for partition in [0, 0, 1] {
        world.write("source", partition, b"gone", None);
    }
    world.await_alerts(&expected, Duration::from_secs(60));

    let outcome = |stage: &str, outcome: &str| {
        let labels = format!("outcome=\"{outcome}\",stage=\"{stage}\"");
        process.metric("adcs_watch_records_total", &labels) as usize
    };
    let all = |stage: &str| {
        let labels = format!("stage=\"{stage}\"");
        process.metric("adcs_watch_records_total", &labels) as usize
    };
    let sum = |offsets: Vec<i64>| offsets.into_iter().sum::<i64>() as usize;
    let committed =
        |stage: &str, kind: &str| sum(world.committed(stage, kind).into_iter().flatten().collect());
    let source = sum(world.ends("source"));
    let routed = world.read("routed").len();
    let told = || format!("{} of {source}, {} of {routed}", all("router"), all("detector"));
    until(Duration::from_secs(30), || all("router") == source && all("detector") == routed, told);
    until(Duration::from_secs(30), || committed("router", "source") == source, told);
    // Behind the last record of a partition there is the mark of its transaction; before it, all is passed.
    let last = |partition: i32| {
        world
            .read("routed")
            .iter()
            .filter(|seen| seen.partition == partition)
            .map(|seen| seen.offset + 1)
            .max()
    };
    let passed =
        || (0..).zip(world.committed("detector", "routed")).all(|(partition, at)| at >= last(partition));
    until(Duration::from_secs(30), passed, || "the detector has not committed all".to_owned());

    for (name, times, _) in &others[..3] {
        assert_eq!(outcome("router", name), *times as usize, "{name}");
    }
    let interesting = events(&world.source(), &records).len();
    assert_eq!(outcome("router", "tombstone"), 3);
    assert_eq!(outcome("router", "sent"), interesting);
    assert_eq!(outcome("router", "filtered"), 20 + records.len() - interesting);
    assert_eq!(outcome("router", "skipped") + outcome("detector", "skipped"), 0);
    assert_eq!(outcome("detector", "applied"), routed);
    assert_eq!(process.metric("adcs_watch_routed_records_total", "") as usize, routed);
    assert_eq!(process.metric("adcs_watch_dead_letters_total", "") as usize, world.read("dead").len());
    assert!(process.stop().success());
}

#[test]
fn many_partitions_in_which_nothing_happens_keep_nobody_waiting() {
    let _turn = broker::alone();
    let world = World::new("idle", 24);
    let process = world.start_with("all", "workers: {router: 1, detector: 1}\n", &[]);
    process.ready();
    let log = process.log();
    assert!(!log.contains("a worker begins anew"), "{log}");
    assert!(process.stop().success());
}
