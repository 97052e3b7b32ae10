//! Source records in, alerts out: those that the pure core raises, each once.

use crate::broker;
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
    assert!(process.metric("adcs_watch_consumer_position_offset", "detector") > interesting as f64);
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
