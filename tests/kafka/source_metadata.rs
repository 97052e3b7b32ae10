//! The append time and the trace context of a source record reach its alerts.

use crate::broker;
use crate::environment::{Environment, TRACE};
use crate::fixtures::{Alerts, expected, records};
use std::time::{Duration, Instant};

#[test]
fn append_time_and_trace_context_come_with_the_alert() {
    let _guard = broker::shared();
    let mut env = Environment::with_source("origin", 1, &[("message.timestamp.type", "LogAppendTime")]);
    env.traced = true;
    let records = records(500, 1);
    let wanted: Vec<(String, u64)> = expected(&env.source(), &records).into_keys().collect();
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records);
    let began = Instant::now();
    let mut alerts = Alerts::new();
    while alerts.len() < wanted.len() && began.elapsed() < Duration::from_secs(60) {
        alerts = env.alerts();
    }
    assert_eq!(alerts.keys().cloned().collect::<Vec<_>>(), wanted);
    for alert in alerts.values() {
        let alert: serde_json::Value = serde_json::from_str(alert).unwrap();
        assert_eq!(alert["evidence"][0]["fields"]["traceparent"], TRACE, "{alert}");
    }
    let latency = |part: &str| process.metric(&format!("adcs_watch_alert_latency_seconds_{part}"), "");
    // The latency is counted after the commit returned, which may be after a reader saw the alert.
    while latency("count") < wanted.len() as f64 && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(latency("count") as usize, wanted.len());
    assert!(latency("sum") / latency("count") < 60.0, "seconds, although the events are of another day");
    assert!(process.stop().success());
}
