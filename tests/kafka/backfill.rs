//! Where a router begins that was never here, and what becomes of old news.

use crate::broker;
use crate::story::{Alerts, events, records};
use crate::world::World;
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use std::time::{Duration, SystemTime};

#[test]
fn a_new_router_begins_where_it_is_told_and_marks_what_is_old() {
    let _turn = broker::alone();
    let world = World::new("backfill", 1);
    let records = records(2000, 1);
    let (before, after) = records.split_at(1000);
    world.produce(before);
    std::thread::sleep(Duration::from_millis(500));
    let since = jiff::Timestamp::try_from(SystemTime::now()).unwrap().to_string();
    std::thread::sleep(Duration::from_millis(500));
    world.produce(after);

    let mut engine = Engine::new(Policy::default());
    let mut expected = Alerts::new();
    for event in events(&world.source(), &records).iter().filter(|event| event.origin.offset >= 1000) {
        for mut alert in engine.on_event(event).alerts {
            alert.historical = true;
            let json = serde_json::to_string(&alert).unwrap();
            expected.insert((alert.alert_id.to_string(), u64::from(alert.revision)), json);
        }
    }
    assert!(expected.len() > 10, "{}", expected.len());
    let process = world.start_with("first", "alerts: {max_age: 7d, older: mark}\n", &["--since", &since]);
    world.await_alerts(&expected, Duration::from_secs(60));
    assert!(process.stop().success());

    let process = world.start_with("second", "alerts: {max_age: 7d, older: hold}\n", &["--since", "3650d"]);
    process.ready();
    world.await_alerts(&expected, Duration::from_secs(10));
    assert_eq!(process.metric("adcs_watch_records_total", "router"), 0.0, "what is committed counts");
    assert!(process.stop().success());
}
