//! Retention of the routed topic deletes everything that was read, transaction markers included: nothing is missing.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use crate::process::{PARTITION_STOPPED, Process, WORKER_RESTARTS, until};
use std::time::Duration;

/// Positions without alerts are committed every five seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Waits until every partition is committed up to its end, behind the last transaction marker.
#[track_caller]
fn await_committed_to_the_end(env: &Environment, process: &Process) {
    let positions = || (env.committed("detector", "routed"), env.ends("routed"));
    let are_equal = || {
        let (committed, ends) = positions();
        committed.iter().zip(&ends).all(|(committed, end)| *committed == Some(*end))
    };
    until(TIMEOUT, are_equal, || format!("{:?}\n{}", positions(), process.log()));
}

#[test]
fn partition_emptied_by_retention_is_restored() {
    let _guard = broker::shared();
    let env = Environment::new("emptied", 1);
    let records = records(1200, 1);
    let (first, all) = (expected(&env.source(), &records[..600]), expected(&env.source(), &records));
    let mut process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records[..600]);
    env.await_alerts(&first, TIMEOUT);
    await_committed_to_the_end(&env, &process);
    let state = process.metric("adcs_watch_state_records", "");
    process.kill();
    // The last records and the markers behind them go, as they do in a partition without events for longer than the retention.
    env.delete_records("routed");

    let process = env.start("again", "all", false);
    process.await_ready();
    let is_restored = || process.metric("adcs_watch_state_records", "") == state;
    until(TIMEOUT, is_restored, || format!("not {state} records:\n{}", process.log()));
    env.produce(&records[600..]);
    env.await_alerts(&all, TIMEOUT);
    let log = process.log();
    assert!(!log.contains(PARTITION_STOPPED) && !log.contains(WORKER_RESTARTS), "{log}");
    assert!(process.stop().success(), "{log}");
}

/// A partition that never had a record, and one whose records were all deleted while its detector runs.
#[test]
fn retention_under_a_running_detector_changes_nothing() {
    let _guard = broker::shared();
    let env = Environment::new("emptied-live", 1);
    let records = records(1200, 1);
    let (first, all) = (expected(&env.source(), &records[..600]), expected(&env.source(), &records));
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records[..600]);
    env.await_alerts(&first, TIMEOUT);
    await_committed_to_the_end(&env, &process);
    env.delete_records("routed");
    env.produce(&records[600..]);
    env.await_alerts(&all, TIMEOUT);
    await_committed_to_the_end(&env, &process);
    env.delete_records("routed");
    let log = process.log();
    assert!(process.stop().success(), "{log}");
    let process = env.start("again", "all", false);
    process.await_ready();
    env.await_alerts(&all, TIMEOUT);
    assert!(!process.log().contains(PARTITION_STOPPED), "{}", process.log());
    assert!(process.stop().success());
}
