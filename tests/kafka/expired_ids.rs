//! A broker forgets a transactional id that was not used for long (`transactional.id.expiration.ms`, a week by default): that of a quiet
//! stage, or of a detector that waits for partitions. The next use takes the id again.

use crate::broker::{self, Cluster};
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use crate::process::Process;
use std::thread;
use std::time::Duration;

/// Longer than the ids are remembered in these tests.
const QUIET: Duration = Duration::from_secs(14);
/// Less than the time after which a worker restarts because all its transactions were aborted (`ABORTED_SECONDS`).
const SOON: Duration = Duration::from_secs(40);

fn forgetful(name: &str) -> Cluster {
    let settings = [
        "-c",
        "transactional.id.expiration.ms=5000",
        "-c",
        "transaction.remove.expired.transaction.cleanup.interval.ms=1000",
    ];
    Cluster::start_with(name, 1, &settings)
}

#[test]
fn stage_that_was_quiet_for_long_writes_its_next_alerts_once() {
    let _guard = broker::own_brokers();
    let cluster = forgetful("expired-quiet");
    let env = Environment::on(&cluster, "expired-quiet", 2);
    let process = env.start("all", "all", true);
    process.await_ready();
    let records = records(900, 2);
    for until in [300, 600, 900] {
        env.produce(&records[until - 300..until]);
        env.await_alerts(&expected(&env.source(), &records[..until]), SOON);
        thread::sleep(QUIET);
    }
    env.assert_routed_once(&records);
    assert!(process.log().contains("not currently assigned to its transactional id"), "no id has expired");
    assert!(!process.log().contains("restarting a worker"), "{}", process.log());
    assert!(process.stop().success());
}

#[test]
fn detector_that_waited_for_long_takes_over() {
    let _guard = broker::own_brokers();
    let cluster = forgetful("expired-spare");
    let env = Environment::on(&cluster, "expired-spare", 2);
    let router = env.start("router", "router", true);
    // Without a static membership the spare gets the partitions of a detector that stops at once.
    let detectors: Vec<Process> = (0..5).map(|n| env.start(&format!("d{n}"), "detector", false)).collect();
    router.await_ready();
    detectors.iter().for_each(Process::await_ready);
    let records = records(900, 2);
    env.produce(&records[..300]);
    env.await_alerts(&expected(&env.source(), &records[..300]), SOON);
    thread::sleep(QUIET);
    let mut detectors = detectors.into_iter();
    let spare = detectors.next_back().unwrap();
    detectors.for_each(|detector| assert!(detector.stop().success()));
    spare.await_ready();
    env.produce(&records[300..]);
    env.await_alerts(&expected(&env.source(), &records), SOON);
    env.assert_routed_once(&records);
    assert!(!spare.log().contains("restarting a worker"), "{}", spare.log());
    assert!(spare.stop().success() && router.stop().success());
}
