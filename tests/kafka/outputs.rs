//! Several topics for alerts: each has every alert in its own format, exactly once.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// Id and revision of each alert of a topic, sorted; `at` are the places of both in a record.
fn alerts_of(env: &Environment, kind: &str, at: [&str; 2]) -> Vec<(String, u64)> {
    let mut alerts = Vec::new();
    for seen in env.read(kind) {
        let json: Value = serde_json::from_slice(seen.value.as_deref().unwrap()).unwrap();
        let [id, revision] =
            at.map(|place| json.pointer(place).unwrap_or_else(|| panic!("{place} of {json}")));
        let id = id.as_str().unwrap().to_owned();
        assert_eq!(seen.key, id.as_bytes());
        alerts.push((id, revision.as_u64().unwrap()));
    }
    alerts.sort();
    alerts
}

#[test]
fn every_topic_has_each_alert_once_though_detectors_are_killed() {
    let _guard = broker::shared();
    let mut env = Environment::bare("outputs", 3);
    env.more_topics =
        "  more_alerts:\n  - {topic: outputs.ecs, format: ecs}\n  - {topic: outputs.ocsf, format: ocsf}\n"
            .to_owned();
    env.create_topics_of_ours();
    let records = records(4000, 3);
    let expected = expected(&env.source(), &records);
    let router = env.start("router-0", "router", true);
    for part in records.chunks(1000) {
        let mut detector = env.start("detector-0", "detector", true);
        env.produce(part);
        // Long enough to begin, and seldom long enough to end.
        thread::sleep(Duration::from_millis(1500));
        detector.kill();
    }
    let detector = env.start("detector-0", "detector", true);
    env.await_alerts(&expected, Duration::from_secs(60));
    assert!(router.stop().success() && detector.stop().success());
    let alerts = alerts_of(&env, "alerts", ["/alert_id", "/revision"]);
    assert!(alerts.len() >= expected.len());
    assert_eq!(alerts_of(&env, "ecs", ["/event/id", "/event/sequence"]), alerts);
    assert_eq!(alerts_of(&env, "ocsf", ["/finding_info/uid", "/metadata/sequence"]), alerts);
}
