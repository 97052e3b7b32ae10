//! Several topics for alerts: each has every alert in its own format, exactly once.

use crate::broker;
use crate::environment::{ECS, Environment};
use crate::fixtures::{expected, records};
use std::thread;
use std::time::Duration;

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
    let alerts = env.alerts_in("alerts", ["/alert_id", "/revision"]);
    assert!(alerts.len() >= expected.len());
    assert_eq!(env.alerts_in("ecs", ECS), alerts);
    assert_eq!(env.alerts_in("ocsf", ["/finding_info/uid", "/metadata/sequence"]), alerts);
}
