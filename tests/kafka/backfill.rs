//! Where a router without committed offsets starts (`--since`), and how alerts on old events are marked.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{Alerts, comparable, events, records};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use std::time::{Duration, SystemTime};

#[test]
fn new_router_starts_at_since_and_marks_old_events_historical() {
    let _guard = broker::shared();
    let env = Environment::new("backfill", 1);
    let records = records(2000, 1);
    let (before, after) = records.split_at(1000);
    env.produce(before);
    std::thread::sleep(Duration::from_millis(500));
    let since = jiff::Timestamp::try_from(SystemTime::now()).unwrap().to_string();
    std::thread::sleep(Duration::from_millis(500));
    env.produce(after);

    let mut engine = Engine::new(Policy::default());
    let mut expected = Alerts::new();
    for event in events(&env.source(), &records).iter().filter(|event| event.origin.offset >= 1000) {
        for mut alert in engine.on_event(event).alerts {
            alert.historical = true;
            let json = serde_json::to_string(&alert).unwrap();
            expected.insert((alert.alert_id.to_string(), u64::from(alert.revision)), json);
        }
    }
    let expected = comparable(expected);
    assert!(expected.len() > 10, "{}", expected.len());
    let process = env.start_with("first", "alerts: {max_age: 7d, older: mark}\n", &["--since", &since]);
    env.await_alerts(&expected, Duration::from_secs(60));
    assert!(process.stop().success());

    let process = env.start_with("second", "alerts: {max_age: 7d, older: hold}\n", &["--since", "3650d"]);
    process.await_ready();
    env.await_alerts(&expected, Duration::from_secs(10));
    assert_eq!(process.metric("adcs_watch_records_total", "router"), 0.0, "what is committed counts");
    assert!(process.stop().success());
}
