//! While alerts cannot be sent, a detector takes no records. Once they can, all are sent.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use crate::process::WORKER_RESTARTS;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn alerts_refused_by_the_broker_pause_the_intake_and_none_is_lost() {
    let _guard = broker::shared();
    let env = Environment::new("held-up", 3);
    let records = records(30_000, 3);
    let expected = expected(&env.source(), &records);
    assert!(expected.len() > 1500, "{} alerts do not hold it up", expected.len());
    let process = env.start("all", "all", false);
    process.await_ready();
    // From now on the topic refuses every alert; transaction markers are shorter.
    env.set("alerts", "max.message.bytes", "300");
    env.produce(&records);
    let await_log = |part: &str| {
        let began = Instant::now();
        while !process.log().contains(part) {
            assert!(began.elapsed() < Duration::from_secs(90), "`{part}` is not logged:\n{}", process.log());
            thread::sleep(Duration::from_millis(50));
        }
    };
    await_log("no records are read until the outbox is sent");
    env.set("alerts", "max.message.bytes", "4194304");
    await_log("records are read again");
    env.await_alerts(&expected, Duration::from_secs(90));
    let log = process.log();
    assert!(!log.contains(WORKER_RESTARTS), "{log}");
    assert!(process.stop().success(), "{log}");
}
