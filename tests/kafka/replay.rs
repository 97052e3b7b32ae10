//! A replay of topics finds what live found, and leaves no trace.

use crate::broker;
use crate::story::{Alerts, expected, records};
use crate::world::{PARTITIONS, World};
use std::fs;
use std::time::Duration;

#[test]
fn a_replay_of_the_topics_finds_what_live_found() {
    let _turn = broker::alone();
    let world = World::new("replay", 2);
    let records = records(3000, 2);
    let expected = expected(&world.source(), &records);
    assert_eq!(world.replay(&world.topic("routed")), (Some(0), Alerts::new()), "nothing is there yet");
    let process = world.start("all", "all", false);
    process.ready();
    world.produce(&records);
    world.await_alerts(&expected, Duration::from_secs(60));
    assert!(process.stop().success());

    assert_eq!(world.replay(&world.source()), (Some(0), expected.clone()), "the source");
    assert_eq!(world.replay(&world.topic("routed")), (Some(0), expected.clone()), "what was routed");
    let mut alerts = Alerts::new();
    for partition in 0..PARTITIONS {
        let (code, found) = world.replay(&format!("{}:{partition}", world.topic("routed")));
        assert_eq!(code, Some(0));
        assert!(found.len() < expected.len());
        alerts.extend(found);
    }
    assert_eq!(alerts, expected, "partition by partition");

    let first = world.replay(&format!("{}:0@..500", world.source())).1;
    assert!((1..expected.len()).contains(&first.len()), "{}", first.len());
    assert_eq!(world.replay(&format!("{}:0@7..7", world.source())), (Some(0), Alerts::new()));
    assert_eq!(world.replay("nowhere").0, Some(65));
    assert_eq!(world.replay(&format!("{}:9", world.source())).0, Some(65));
}

#[test]
fn a_replay_without_a_broker_says_so() {
    let world = World::bare("replay-unreachable", 1);
    let config = world.config("unreachable", "");
    let text = fs::read_to_string(&config).unwrap().replace(broker::bootstrap(), "127.0.0.1:1");
    fs::write(&config, text).unwrap();
    let done =
        crate::process::program().args(["replay", "--from-topic", "x", "-c"]).arg(config).output().unwrap();
    assert_eq!(done.status.code(), Some(69), "{}", String::from_utf8_lossy(&done.stderr));
}
