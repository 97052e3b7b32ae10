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

#[test]
fn a_broker_that_is_restarted_or_killed_is_waited_for() {
    let _turn = broker::alone();
    let cluster = Cluster::start("restarted", 1);
    let world = World::on(&cluster, "restarted", 3);
    let records = records(9000, 3);
    let expected = expected(&world.source(), &records);
    let processes =
        [("router", "router"), ("detector", "detector")].map(|(name, s)| world.start(name, s, true));
    processes.iter().for_each(Process::ready);
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| trickle(&world, &records, Duration::from_secs(15)));
        thread::sleep(Duration::from_secs(1));
        cluster.node("restart", 1);
        processes.iter().for_each(Process::ready);
        thread::sleep(Duration::from_millis(700));
        cluster.node("kill9", 1);
        let unready = || not_ready(&processes);
        until(Duration::from_secs(60), unready, || "ready without a broker".to_owned());
        cluster.node("restart", 1);
    });
    processes.iter().for_each(Process::ready);
    world.await_alerts(&expected, Duration::from_secs(120));
    world.assert_routed_once(&records);
    eprintln!("{} records, {} alerts, two restarts in {:?}", records.len(), expected.len(), began.elapsed());
    processes.into_iter().for_each(|process| assert!(process.stop().success()));
}

#[test]
fn the_death_of_any_broker_of_three_neither_loses_nor_repeats() {
    let _turn = broker::alone();
    let cluster = Cluster::start("cluster", 3);
    let world = World::on(&cluster, "cluster", 3);
    let records = records(9000, 3);
    let expected = expected(&world.source(), &records);
    let processes =
        [("router", "router"), ("detector", "detector")].map(|(name, s)| world.start(name, s, true));
    processes.iter().for_each(Process::ready);
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| trickle(&world, &records, Duration::from_secs(30)));
        // Each of them leads a third of the partitions, and some coordinators.
        for node in 1..=cluster.nodes {
            thread::sleep(Duration::from_secs(1));
            cluster.node("kill9", node);
            thread::sleep(Duration::from_secs(5));
            cluster.node("restart", node);
            world.await_copies(3);
        }
    });
    world.await_alerts(&expected, Duration::from_secs(120));
    world.assert_routed_once(&records);
    processes.iter().for_each(Process::ready);
    eprintln!("{} records, {} alerts, three deaths in {:?}", records.len(), expected.len(), began.elapsed());
    processes.into_iter().for_each(|process| assert!(process.stop().success()));
}
