//! A policy that changes while the program runs: each alert exactly once, judged by the policy of its time.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{Alerts, comparable, events, expected, records};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use std::fs;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(90);

/// The alerts of one engine on these events.
fn raise(engine: &mut Engine, events: &[Event], alerts: &mut Alerts) {
    for alert in events.iter().flat_map(|event| engine.on_event(event).alerts) {
        let json = serde_json::to_string(&alert).unwrap();
        alerts.insert((alert.alert_id.to_string(), u64::from(alert.revision)), json);
    }
}

#[test]
fn hangup_changes_the_policy_and_a_wrong_config_changes_nothing() {
    let _guard = broker::shared();
    let env = Environment::new("reload", 1);
    let records = records(4500, 1);
    let events = events(&env.source(), &records);
    let mut process = env.start_with("all", "", &[]);
    process.await_ready();
    let config = env.folder().join("all.yaml");
    let text = fs::read_to_string(&config).unwrap();
    env.produce(&records[..1500]);
    env.await_alerts(&expected(&env.source(), &records[..1500]), TIMEOUT);

    fs::write(&config, text.clone() + "policy: {certificate_used_by_other: {enabled: perhaps}}\n").unwrap();
    process.signal("HUP");
    process.await_log("the changed config is refused: the policy stays as it is");
    env.produce(&records[1500..3000]);
    env.await_alerts(&expected(&env.source(), &records[..3000]), TIMEOUT);

    let off = "policy: {certificate_used_by_other: {enabled: false}}\n";
    fs::write(&config, text + off).unwrap();
    process.signal("HUP");
    process.await_log("all partitions go on under the changed policy");
    let reloads = ["refused", "applied", "unchanged"]
        .map(|outcome| process.metric("adcs_watch_policy_reloads_total", &format!("\"{outcome}\"")));
    assert_eq!(reloads, [1.0, 1.0, 0.0]);
    let mut policy = Policy::default();
    policy.certificate_used_by_other.enabled = false;
    for (version, expected) in [(policy.version(), 1.0), (Policy::default().version(), 0.0)] {
        assert_eq!(process.metric("adcs_watch_policy_info", &version), expected);
    }

    let (mut engine, mut all) = (Engine::new(Policy::default()), Alerts::new());
    let before = events.iter().filter(|event| event.origin.offset < 3000).count();
    raise(&mut engine, &events[..before], &mut all);
    engine.change_policy(policy);
    raise(&mut engine, &events[before..], &mut all);
    let all = comparable(all);
    let unchanged = expected(&env.source(), &records);
    assert!(all.len() < unchanged.len(), "alerts of the detection are left out behind the change");
    env.produce(&records[3000..]);
    // Its successor starts with the changed config.
    process.kill();
    let successor = env.start_with("all", off, &[]);
    env.await_alerts(&all, TIMEOUT);
    assert!(successor.stop().success());
    env.await_alerts(&all, TIMEOUT);
}
