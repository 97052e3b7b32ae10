//! What cannot be sent holds up what is read, and goes out once it can be sent.

use crate::broker;
use crate::story::{expected, records};
use crate::world::World;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn alerts_that_no_broker_takes_hold_up_the_detector_and_none_is_lost() {
    let _turn = broker::alone();
    let world = World::new("held-up", 3);
    let records = records(30_000, 3);
    let expected = expected(&world.source(), &records);
    assert!(expected.len() > 1500, "{} alerts do not hold it up", expected.len());
    let process = world.start("all", "all", false);
    process.ready();
    // The topic takes no alert any more; the marks that end transactions are shorter.
    world.set("alerts", "max.message.bytes", "300");
    world.produce(&records);
    let await_log = |said: &str| {
        let began = Instant::now();
        while !process.log().contains(said) {
            assert!(began.elapsed() < Duration::from_secs(90), "`{said}` is not said:\n{}", process.log());
            thread::sleep(Duration::from_millis(50));
        }
    };
    await_log("too much waits to be sent");
    world.set("alerts", "max.message.bytes", "4194304");
    await_log("records are taken again");
    world.await_alerts(&expected, Duration::from_secs(90));
    let log = process.log();
    assert!(!log.contains("a worker begins anew"), "{log}");
    assert!(process.stop().success(), "{log}");
}
