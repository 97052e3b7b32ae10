//! Brokers are killed, restarted or frozen: the stages wait for them, and the alerts are those of the pure core.

use crate::broker::{self, Cluster};
use crate::environment::Environment;
use crate::fixtures::{Record, expected, records};
use crate::process::{Process, until};
use std::thread;
use std::time::{Duration, Instant};

/// Writes small batches for as long as a fault lasts, so that records are always in flight.
fn trickle(env: &Environment, records: &[Record], length: Duration) {
    let pieces = u32::try_from(records.len().div_ceil(100)).unwrap();
    for some in records.chunks(100) {
        env.produce(some);
        thread::sleep(length / pieces);
    }
}

fn not_ready(processes: &[Process]) -> bool {
    processes.iter().all(|process| process.page("/readyz").is_some_and(|(status, _)| status == 503))
}

/// Runs a router and a detector on brokers of their own, and applies a fault to the brokers while records arrive.
fn survives(
    name: &str,
    nodes: u32,
    length: Duration,
    fault: impl FnOnce(&Cluster, &Environment, &[Process]),
) {
    let _guard = broker::own_brokers();
    let cluster = Cluster::start(name, nodes);
    let env = Environment::on(&cluster, name, 3);
    let records = records(9000, 3);
    let expected = expected(&env.source(), &records);
    let processes =
        [("router", "router"), ("detector", "detector")].map(|(name, s)| env.start(name, s, true));
    processes.iter().for_each(Process::await_ready);
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| trickle(&env, &records, length));
        fault(&cluster, &env, &processes);
    });
    processes.iter().for_each(Process::await_ready);
    env.await_alerts(&expected, Duration::from_secs(120));
    env.assert_routed_once(&records);
    processes.iter().for_each(Process::await_ready);
    eprintln!("{name}: {} records, {} alerts in {:?}", records.len(), expected.len(), began.elapsed());
    processes.into_iter().for_each(|process| assert!(process.stop().success()));
}

#[test]
fn restarted_or_killed_broker_makes_run_wait() {
    survives("restarted", 1, Duration::from_secs(15), |cluster, _, processes| {
        thread::sleep(Duration::from_secs(1));
        cluster.node("restart", 1);
        processes.iter().for_each(Process::await_ready);
        thread::sleep(Duration::from_millis(700));
        cluster.node("kill9", 1);
        let unready = || not_ready(processes);
        until(Duration::from_secs(60), unready, || {
            let state = |process: &Process| format!("{:?}\n{}", process.page("/readyz"), process.log());
            format!("ready without a broker: {}", processes.iter().map(state).collect::<String>())
        });
        cluster.node("restart", 1);
    });
}

#[test]
fn death_of_any_of_three_brokers_loses_and_repeats_nothing() {
    survives("cluster", 3, Duration::from_secs(30), |cluster, env, _| {
        // Each broker leads a third of the partitions and hosts some coordinators.
        for node in 1..=cluster.nodes {
            thread::sleep(Duration::from_secs(1));
            cluster.node("kill9", node);
            thread::sleep(Duration::from_secs(5));
            cluster.node("restart", node);
            env.await_replicas(3);
        }
    });
}

/// Longer than `transaction.timeout.ms`: commits are requested and get no answer.
const FROZEN: Duration = Duration::from_secs(20);

/// With many workers one is likely to wait for the answer to a commit when the broker freezes. That cannot be forced from
/// outside; the simulation (`tests/it/simulation`) does it in every run.
#[test]
fn frozen_broker_leaves_no_commit_in_doubt() {
    let _guard = broker::own_brokers();
    let cluster = Cluster::start("hung", 1);
    let env = Environment::on(&cluster, "hung", 3);
    let records = records(12_000, 3);
    let expected = expected(&env.source(), &records);
    let more = "workers: {router: 3, detector: 4}\n";
    let process = env.start_with("all", more, &[]);
    process.await_ready();
    let count = |name: &str, label: &str| process.metric(name, label);
    let in_doubt = || count("adcs_watch_transaction_duration_seconds_count", "doubtful");
    let mut rounds = records.chunks(4000);
    while in_doubt() == 0.0 {
        let Some(some) = rounds.next() else { break };
        thread::scope(|scope| {
            scope.spawn(|| trickle(&env, some, Duration::from_secs(2)));
            thread::sleep(Duration::from_millis(900));
            cluster.node("pause", 1);
            thread::sleep(FROZEN);
            cluster.node("cont", 1);
        });
        process.await_ready();
    }
    rounds.for_each(|some| env.produce(some));
    env.await_alerts(&expected, Duration::from_secs(120));
    env.assert_routed_once(&records);
    process.await_ready();
    eprintln!(
        "a broker frozen for {FROZEN:?}: {} commits in doubt, {} aborted, {} worker restarts",
        in_doubt(),
        count("adcs_watch_transaction_duration_seconds_count", "aborted"),
        count("adcs_watch_worker_restarts_total", ""),
    );
    assert!(process.stop().success());
}
