//! What comes with a source record beside its bytes: when it was appended, and its trace context.

use crate::broker;
use crate::story::{Alerts, expected, records};
use crate::world::{TRACE, World};
use std::time::{Duration, Instant};

#[test]
fn append_time_and_trace_context_come_with_the_alert() {
    let _turn = broker::alone();
    let mut world = World::with_source("origin", 1, &[("message.timestamp.type", "LogAppendTime")]);
    world.traced = true;
    let records = records(500, 1);
    let wanted: Vec<(String, u64)> = expected(&world.source(), &records).into_keys().collect();
    let process = world.start("all", "all", false);
    process.ready();
    world.produce(&records);
    let began = Instant::now();
    let mut alerts = Alerts::new();
    while alerts.len() < wanted.len() && began.elapsed() < Duration::from_secs(60) {
        alerts = world.alerts();
    }
    assert_eq!(alerts.keys().cloned().collect::<Vec<_>>(), wanted);
    for alert in alerts.values() {
        let alert: serde_json::Value = serde_json::from_str(alert).unwrap();
        assert_eq!(alert["evidence"][0]["fields"]["traceparent"], TRACE, "{alert}");
    }
    let latency = |part: &str| process.metric(&format!("adcs_watch_alert_latency_seconds_{part}"), "");
    // It is counted when the commit has returned, which may be after the alert was seen.
    while latency("count") < wanted.len() as f64 && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(latency("count") as usize, wanted.len());
    assert!(latency("sum") / latency("count") < 60.0, "seconds, although the events are of another day");
    assert!(process.stop().success());
}
