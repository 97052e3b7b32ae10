//! Brokers die, stop in order, or answer nobody: the stage waits for them, and its alerts are those of the pure core.

use crate::broker::{self, Cluster};
use crate::process::{Process, until};
use crate::story::{Record, expected, records};
use crate::world::World;
use std::thread;
use std::time::{Duration, Instant};

/// Writes in small pieces for as long as a fault lasts, so that something is always under way.
fn trickle(world: &World, records: &[Record], length: Duration) {
    let pieces = u32::try_from(records.len().div_ceil(100)).unwrap();
    for some in records.chunks(100) {
        world.produce(some);
        thread::sleep(length / pieces);
    }
}

fn not_ready(processes: &[Process]) -> bool {
    processes.iter().all(|process| process.page("/readyz").is_some_and(|(status, _)| status == 503))
}

/// Runs a router and a detector on brokers of their own, which meet with this while records come in.
fn survives(name: &str, nodes: u32, length: Duration, trouble: impl FnOnce(&Cluster, &World, &[Process])) {
    let _turn = broker::apart();
    let cluster = Cluster::start(name, nodes);
    let world = World::on(&cluster, name, 3);
    let records = records(9000, 3);
    let expected = expected(&world.source(), &records);
    let processes =
        [("router", "router"), ("detector", "detector")].map(|(name, s)| world.start(name, s, true));
    processes.iter().for_each(Process::ready);
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| trickle(&world, &records, length));
        trouble(&cluster, &world, &processes);
    });
    processes.iter().for_each(Process::ready);
    world.await_alerts(&expected, Duration::from_secs(120));
    world.assert_routed_once(&records);
    processes.iter().for_each(Process::ready);
    eprintln!("{name}: {} records, {} alerts in {:?}", records.len(), expected.len(), began.elapsed());
    processes.into_iter().for_each(|process| assert!(process.stop().success()));
}

#[test]
fn a_broker_that_is_restarted_or_killed_is_waited_for() {
    survives("restarted", 1, Duration::from_secs(15), |cluster, _, processes| {
        thread::sleep(Duration::from_secs(1));
        cluster.node("restart", 1);
        processes.iter().for_each(Process::ready);
        thread::sleep(Duration::from_millis(700));
        cluster.node("kill9", 1);
        let unready = || not_ready(processes);
        until(Duration::from_secs(60), unready, || "ready without a broker".to_owned());
        cluster.node("restart", 1);
    });
}

#[test]
fn the_death_of_any_broker_of_three_neither_loses_nor_repeats() {
    survives("cluster", 3, Duration::from_secs(30), |cluster, world, _| {
        // Each of them leads a third of the partitions, and some coordinators.
        for node in 1..=cluster.nodes {
            thread::sleep(Duration::from_secs(1));
            cluster.node("kill9", node);
            thread::sleep(Duration::from_secs(5));
            cluster.node("restart", node);
            world.await_copies(3);
        }
    });
}

/// Longer than a transaction may be open: commits are asked for and their answers do not come.
const HUNG: Duration = Duration::from_secs(20);

/// Many workers, so that some are likely to wait for the answer to a commit just then. Whether one is cannot be had for
/// certain from outside; the simulation (`tests/it/simulation.rs`) has it in every run.
#[test]
fn a_broker_that_hangs_leaves_no_doubt_in_the_end() {
    let _turn = broker::apart();
    let cluster = Cluster::start("hung", 1);
    let world = World::on(&cluster, "hung", 3);
    let records = records(12_000, 3);
    let expected = expected(&world.source(), &records);
    let more = "workers: {router: 3, detector: 4}\n";
    let process = world.start_with("all", more, &[]);
    process.ready();
    let count = |name: &str, label: &str| process.metric(name, label);
    let doubtful = || count("adcs_watch_transaction_duration_seconds_count", "doubtful");
    let mut rounds = records.chunks(4000);
    while doubtful() == 0.0 {
        let Some(some) = rounds.next() else { break };
        thread::scope(|scope| {
            scope.spawn(|| trickle(&world, some, Duration::from_secs(2)));
            thread::sleep(Duration::from_millis(900));
            cluster.node("pause", 1);
            thread::sleep(HUNG);
            cluster.node("cont", 1);
        });
        process.ready();
    }
    rounds.for_each(|some| world.produce(some));
    world.await_alerts(&expected, Duration::from_secs(120));
    world.assert_routed_once(&records);
    process.ready();
    eprintln!(
        "a broker that hung for {HUNG:?}: {} doubtful commits, {} aborted, {} workers began anew",
        doubtful(),
        count("adcs_watch_transaction_duration_seconds_count", "aborted"),
        count("adcs_watch_worker_restarts_total", ""),
    );
    assert!(process.stop().success());
}
