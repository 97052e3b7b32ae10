//! Processes come, go and freeze; partitions move between them, and nobody notices in the alerts.

use crate::broker;
use crate::process::Process;
use crate::story::{Record, expected, records};
use crate::world::{PARTITIONS, World};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than the session timeout of the config.
const FROZEN: Duration = Duration::from_secs(6);
/// Longer than a transaction may be open, too: the broker ends it.
const LONG_FROZEN: Duration = Duration::from_secs(18);

/// Writes in small pieces for a while, so that something is always under way.
fn trickle(world: &World, records: &[Record], pause: Duration) {
    for some in records.chunks(100) {
        world.produce(some);
        thread::sleep(pause);
    }
}

#[test]
fn a_process_that_was_frozen_beyond_its_session_does_no_harm() {
    let _turn = broker::alone();
    let world = World::new("frozen", 3);
    let records = records(9000, 3);
    let expected = expected(&world.source(), &records);
    let routers = ["router-a", "router-b"].map(|name| world.start(name, "router", false));
    let detectors = ["detector-a", "detector-b"].map(|name| world.start(name, "detector", false));
    routers.iter().chain(&detectors).for_each(Process::ready);
    thread::scope(|scope| {
        scope.spawn(|| trickle(&world, &records, Duration::from_millis(300)));
        let freezes = [
            (vec![&detectors[0], &routers[0]], LONG_FROZEN),
            (vec![&detectors[1]], FROZEN),
            (vec![&routers[1]], FROZEN),
        ];
        for (frozen, length) in freezes {
            thread::sleep(Duration::from_millis(700));
            frozen.iter().for_each(|process| process.signal("STOP"));
            thread::sleep(length);
            frozen.iter().for_each(|process| process.signal("CONT"));
        }
    });
    world.await_alerts(&expected, Duration::from_secs(90));
    world.assert_routed_once(&records);
    routers.iter().chain(&detectors).for_each(Process::ready);
    let lost =
        detectors.iter().map(|d| d.metric("adcs_watch_rebalances_total", "event=\"lost\"")).sum::<f64>();
    assert!(lost > 0.0, "nobody noticed that it had lost its partitions");
    for process in routers.into_iter().chain(detectors) {
        let log = process.log();
        assert!(process.stop().success(), "{log}");
    }
}

#[test]
fn from_two_to_three_to_one() {
    let _turn = broker::alone();
    let world = World::new("scale", 3);
    let records = records(6000, 3);
    let expected = expected(&world.source(), &records);
    let start = |name: &str| world.start(name, "all", false);
    let mut processes = vec![start("a"), start("b")];
    processes.iter().for_each(Process::ready);
    thread::scope(|scope| {
        let writer = scope.spawn(|| trickle(&world, &records, Duration::from_millis(50)));
        processes.push(start("c"));
        processes[2].ready();
        await_shares(&processes, &[2, 2, 2]);
        for leaver in [processes.remove(0), processes.remove(1)] {
            assert!(leaver.stop().success());
        }
        await_shares(&processes, &[PARTITIONS]);
        writer.join().unwrap();
    });
    world.await_alerts(&expected, Duration::from_secs(60));
    let text = processes[0].page("/metrics").unwrap().1;
    let series = text.lines().filter(|line| line.starts_with("adcs_watch_consumer_position_offset{")).count();
    assert!(series <= PARTITIONS as usize + 3, "series of partitions that are gone: {text}");
}

/// Waits until each has so many partitions of the routed topic.
fn await_shares(processes: &[Process], shares: &[u32]) {
    let began = Instant::now();
    let shares_now = || -> Vec<u32> {
        processes
            .iter()
            .map(|process| process.metric("adcs_watch_assigned_partitions", "detector") as u32)
            .collect()
    };
    while shares_now() != shares {
        assert!(began.elapsed() < Duration::from_secs(30), "{:?} are not {shares:?}", shares_now());
        thread::sleep(Duration::from_millis(50));
    }
}
