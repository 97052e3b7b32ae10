//! Source records in, alerts out: exactly those that the pure core raises, each once.

use crate::broker;
use crate::environment::{Environment, PARTITIONS};
use crate::fixtures::{events, expected, links, records, stories};
use crate::process::{Process, WORKER_RESTARTS, until};
use serde_json::Value;
use std::time::{Duration, Instant};

#[test]
fn alerts_over_kafka_equal_those_of_the_pure_core() {
    let _guard = broker::shared();
    let env = Environment::new("end-to-end", 3);
    let records = records(5000, 3);
    let expected = expected(&env.source(), &records);
    assert!(expected.len() > 100, "{} alerts show too little", expected.len());
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records);
    env.await_alerts(&expected, Duration::from_secs(60));

    let interesting = events(&env.source(), &records).len();
    let outcome = |name: &str| {
        process.metric("adcs_watch_records_total", &format!("outcome=\"{name}\",stage=\"router\""))
    };
    assert_eq!(outcome("sent") as usize, interesting);
    assert_eq!((outcome("sent") + outcome("filtered") + outcome("ignored")) as usize, records.len());
    let reported = process.metric("adcs_watch_alerts_total", "detection=\"story\"");
    assert_eq!((process.metric("adcs_watch_alerts_total", "") - reported) as usize, expected.len());
    assert_eq!(process.metric("adcs_watch_assigned_partitions", "detector") as u32, PARTITIONS);
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
    every_partition_is_in_the_status(&process);
    let began = Instant::now();
    let log = process.log();
    assert!(process.stop().success(), "{log}");
    eprintln!("{} records, {} alerts, stopped in {:?}", records.len(), expected.len(), began.elapsed());
}

/// All records are read, and all partitions raise alerts.
fn every_partition_is_in_the_status(process: &Process) {
    let (code, text) = process.page("/status").unwrap();
    let status: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &status["is_ready"]), (200, &Value::from(true)), "{text}");
    let workers = status["workers"].as_array().unwrap();
    assert!(
        workers.iter().all(|worker| worker["state"] == "works" && worker["last_poll"].is_string()),
        "{text}"
    );
    let partitions = status["partitions"].as_array().unwrap();
    let of = |stage: &str| partitions.iter().filter(|one| one["stage"] == stage).collect::<Vec<_>>();
    assert_eq!((of("router").len(), of("detector").len()), (3, PARTITIONS as usize), "{text}");
    for partition in partitions {
        let place = ["lag_records", "is_stopped"].map(|field| &partition[field]);
        assert_eq!(place, [&Value::from(0), &Value::from(false)], "{partition}");
    }
    for partition in of("detector") {
        assert!(partition["left_to_replay"] == 0 && partition["last_checkpoint"].is_string(), "{partition}");
    }
    assert!(of("detector").iter().any(|one| one["state_bytes"].as_u64() > Some(0)), "{text}");
}

/// Requests and uses are of different entities, in different partitions; killed detectors repeat no revision of a story.
#[test]
fn stories_over_kafka_are_those_of_the_pure_core() {
    let _guard = broker::shared();
    let env = Environment::new("stories", 3);
    let records = records(5000, 3);
    let expected = stories(&events(&env.source(), &records));
    assert!(!expected.is_empty());
    let _router = env.start("router-0", "router", true);
    for (n, part) in records.chunks(1500).enumerate() {
        let mut detector = env.start("detector-0", "detector", true);
        env.produce(part);
        std::thread::sleep(Duration::from_millis(1500));
        if n < 3 {
            detector.kill();
        }
    }
    let _detector = env.start("detector-0", "detector", true);
    until(
        Duration::from_secs(60),
        || env.stories() == expected,
        || {
            let found = env.stories();
            let (of, first) =
                (found.len(), found.iter().find(|(id, reported)| expected.get(*id) != Some(reported)));
            format!("{of} of {} stories, such as {first:?}", expected.len())
        },
    );
}

/// Every record that a stage passed has exactly one outcome, and the right one.
#[test]
fn outcomes_sum_up_to_the_offsets_passed() {
    let _guard = broker::shared();
    let env = Environment::new("sums", 3);
    let records = records(3000, 3);
    let expected = expected(&env.source(), &records);
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records);
    // Further records, by their expected outcome.
    let ignored = br#"{"winlog": {"event_id": 4688, "x": 4887}}"#;
    let unconcerned = br#"{"time": "2026-03-02T09:00:00Z", "computer": "ca01", "share_accessed": {"account": "CORP\\bob", "share": "\\\\*\\C$", "target": "x", "access_mask": 1}}"#;
    let others: [(&str, u32, &[u8]); 4] = [
        ("rejected", 5, b"{\"EventID\": 4887, \"broken\""),
        ("ignored", 4, ignored),
        ("unconcerned", 3, unconcerned),
        ("filtered", 20, b"{\"EventID\": 4624}"),
    ];
    for (_, times, value) in others {
        (0..times).for_each(|n| env.produce_bytes(&[(n % 3, value)]));
    }
    for partition in [0, 0, 1] {
        env.write("source", partition, b"gone", None);
    }
    env.await_alerts(&expected, Duration::from_secs(60));

    let outcome = |stage: &str, outcome: &str| {
        let labels = format!("outcome=\"{outcome}\",stage=\"{stage}\"");
        process.metric("adcs_watch_records_total", &labels) as usize
    };
    let all = |stage: &str| {
        let labels = format!("stage=\"{stage}\"");
        process.metric("adcs_watch_records_total", &labels) as usize
    };
    let sum = |offsets: Vec<i64>| offsets.into_iter().sum::<i64>() as usize;
    let committed = |stage: &str, kind: &str| sum(env.committed(stage, kind).into_iter().flatten().collect());
    let source = sum(env.ends("source"));
    let routed = env.read("routed").len();
    let told = || format!("{} of {source}, {} of {routed}", all("router"), all("detector"));
    until(Duration::from_secs(30), || all("router") == source && all("detector") == routed, told);
    until(Duration::from_secs(30), || committed("router", "source") == source, told);
    // Behind the last record of a partition stands the marker of its transaction.
    let last = |partition: i32| {
        env.read("routed").iter().filter(|seen| seen.partition == partition).map(|seen| seen.offset + 1).max()
    };
    let passed =
        || (0..).zip(env.committed("detector", "routed")).all(|(partition, at)| at >= last(partition));
    until(Duration::from_secs(30), passed, || "the detector has not committed all".to_owned());

    for (name, times, _) in &others[..3] {
        assert_eq!(outcome("router", name), *times as usize, "{name}");
    }
    let interesting = events(&env.source(), &records).len();
    assert_eq!(outcome("router", "tombstone"), 3);
    assert_eq!(outcome("router", "sent"), interesting);
    assert_eq!(outcome("router", "filtered"), 20 + records.len() - interesting);
    assert_eq!(outcome("router", "skipped") + outcome("detector", "skipped"), 0);
    assert_eq!(outcome("detector", "applied"), routed);
    let by_router = process.metric("adcs_watch_routed_records_total", "") as usize;
    let of_stories = links(&events(&env.source(), &records)).len();
    assert!(of_stories > 0);
    assert_eq!(
        by_router + of_stories,
        routed,
        "the others are alerts that the detector wrote for their stories"
    );
    assert_eq!(env.links().len(), of_stories);
    assert_eq!(process.metric("adcs_watch_dead_letters_total", "") as usize, env.read("dead").len());
    assert!(process.stop().success());
}

#[test]
fn idle_partitions_do_not_delay_readiness() {
    let _guard = broker::shared();
    let env = Environment::new("idle", 24);
    let process = env.start_with("all", "workers: {router: 1, detector: 1}\n", &[]);
    process.await_ready();
    let log = process.log();
    assert!(!log.contains(WORKER_RESTARTS), "{log}");
    assert!(process.stop().success());
}
