//! A replay of topics raises the alerts that live processing raised.

use crate::broker;
use crate::environment::{Environment, PARTITIONS};
use crate::fixtures::{Alerts, expected, records};
use std::fs;
use std::time::Duration;

#[test]
fn replay_of_topics_finds_the_live_alerts() {
    let _guard = broker::shared();
    let env = Environment::new("replay", 2);
    let records = records(3000, 2);
    let expected = expected(&env.source(), &records);
    assert_eq!(env.replay(&env.topic("routed")), (Some(0), Alerts::new()), "nothing is there yet");
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records);
    env.await_alerts(&expected, Duration::from_secs(60));
    assert!(process.stop().success());

    assert_eq!(env.replay(&env.source()), (Some(0), expected.clone()), "the source");
    assert_eq!(env.replay(&env.topic("routed")), (Some(0), expected.clone()), "what was routed");
    let mut alerts = Alerts::new();
    for partition in 0..PARTITIONS {
        let (code, found) = env.replay(&format!("{}:{partition}", env.topic("routed")));
        assert_eq!(code, Some(0));
        assert!(found.len() < expected.len());
        alerts.extend(found);
    }
    assert_eq!(alerts, expected, "partition by partition");

    let first = env.replay(&format!("{}:0@..500", env.source())).1;
    assert!((1..expected.len()).contains(&first.len()), "{}", first.len());
    assert_eq!(env.replay(&format!("{}:0@7..7", env.source())), (Some(0), Alerts::new()));
    assert_eq!(env.replay("nowhere").0, Some(65));
    assert_eq!(env.replay(&format!("{}:9", env.source())).0, Some(65));
}

#[test]
fn replay_without_a_broker_exits_with_69() {
    let env = Environment::bare("replay-unreachable", 1);
    let config = env.config("unreachable", "");
    let text = fs::read_to_string(&config).unwrap().replace(broker::bootstrap(), "127.0.0.1:1");
    fs::write(&config, text).unwrap();
    let done =
        crate::process::program().args(["replay", "--from-topic", "x", "-c"]).arg(config).output().unwrap();
    assert_eq!(done.status.code(), Some(69), "{}", String::from_utf8_lossy(&done.stderr));
}
