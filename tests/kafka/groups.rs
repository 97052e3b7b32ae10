//! Processes join, leave and freeze; partitions move between them, and the alerts stay the same.

use crate::broker;
use crate::environment::{Environment, PARTITIONS};
use crate::fixtures::{Record, expected, records};
use crate::process::Process;
use std::thread;
use std::time::{Duration, Instant};

/// Longer than `session.timeout.ms`.
const FROZEN: Duration = Duration::from_secs(6);
/// Longer than `transaction.timeout.ms` too: the broker aborts the transaction.
const LONG_FROZEN: Duration = Duration::from_secs(18);

/// Writes small batches with pauses, so that records are always in flight.
fn trickle(env: &Environment, records: &[Record], pause: Duration) {
    for some in records.chunks(100) {
        env.produce(some);
        thread::sleep(pause);
    }
}

#[test]
fn process_frozen_beyond_its_session_loses_and_repeats_nothing() {
    let _guard = broker::shared();
    let env = Environment::new("frozen", 3);
    let records = records(9000, 3);
    let expected = expected(&env.source(), &records);
    let routers = ["router-a", "router-b"].map(|name| env.start(name, "router", false));
    let detectors = ["detector-a", "detector-b"].map(|name| env.start(name, "detector", false));
    routers.iter().chain(&detectors).for_each(Process::await_ready);
    thread::scope(|scope| {
        scope.spawn(|| trickle(&env, &records, Duration::from_millis(300)));
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
    env.await_alerts(&expected, Duration::from_secs(90));
    env.assert_routed_once(&records);
    routers.iter().chain(&detectors).for_each(Process::await_ready);
    let lost =
        detectors.iter().map(|d| d.metric("adcs_watch_rebalances_total", "event=\"lost\"")).sum::<f64>();
    assert!(lost > 0.0, "no process noticed that it had lost its partitions");
    for process in routers.into_iter().chain(detectors) {
        let log = process.log();
        assert!(process.stop().success(), "{log}");
    }
}

#[test]
fn partitions_move_from_two_processes_to_three_to_one() {
    let _guard = broker::shared();
    let env = Environment::new("scale", 3);
    let records = records(6000, 3);
    let expected = expected(&env.source(), &records);
    let start = |name: &str| env.start(name, "all", false);
    let mut processes = vec![start("a"), start("b")];
    processes.iter().for_each(Process::await_ready);
    thread::scope(|scope| {
        let writer = scope.spawn(|| trickle(&env, &records, Duration::from_millis(50)));
        processes.push(start("c"));
        processes[2].await_ready();
        await_shares(&processes, &[2, 2, 2]);
        for leaver in [processes.remove(0), processes.remove(1)] {
            assert!(leaver.stop().success());
        }
        await_shares(&processes, &[PARTITIONS]);
        writer.join().unwrap();
    });
    env.await_alerts(&expected, Duration::from_secs(60));
    let text = processes[0].page("/metrics").unwrap().1;
    let series = text.lines().filter(|line| line.starts_with("adcs_watch_consumer_position_offset{")).count();
    assert!(series <= PARTITIONS as usize + 3, "series of partitions that are gone: {text}");
}

/// The workers of a process join one after another, so the group rebalances while the first commit.
#[test]
fn start_and_scale_out_with_several_workers_log_no_error() {
    let _guard = broker::shared();
    let env = Environment::new("orderly", 3);
    let records = records(3000, 3);
    let expected = expected(&env.source(), &records);
    let start = |name: &str| env.start_with(name, "workers: {router: 2, detector: 2}\n", &[]);
    let mut processes = Vec::new();
    thread::scope(|scope| {
        let writer = scope.spawn(|| trickle(&env, &records, Duration::from_millis(100)));
        for name in ["a", "b", "c"] {
            processes.push(start(name));
            processes.iter().for_each(Process::await_ready);
        }
        writer.join().unwrap();
    });
    env.await_alerts(&expected, Duration::from_secs(60));
    for process in processes {
        let log = process.log();
        assert!(log.contains("rebalance"), "too little happened: {log}");
        assert!(!log.contains("ERROR"), "{log}");
        assert!(process.stop().success());
    }
}

/// Waits until the processes own these numbers of routed partitions.
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

/// The config of a router alone that writes to another topic than the others of its group.
fn router_to(env: &Environment, kind: &str) -> Process {
    let config = env.config(kind, "");
    let text = std::fs::read_to_string(&config).unwrap();
    let routed = format!("routed: {}\n", env.topic("routed"));
    assert!(text.contains(&routed), "{text}");
    std::fs::write(&config, text.replace(&routed, &format!("routed: {}\n", env.topic(kind)))).unwrap();
    Process::run(&config, &["--stage", "router"], &env.folder().join(format!("{kind}.log")))
}

#[test]
fn deployment_with_the_group_of_another_is_named() {
    const LINE: &str = "the offset was committed with output to another topic";
    let _guard = broker::shared();
    let env = Environment::new("two-deployments", 4);
    let retention =
        [("retention.ms", "604800000"), ("retention.bytes", "-1"), ("max.message.bytes", "4194304")];
    let settings = [&retention[..], &[("message.timestamp.type", "LogAppendTime")]].concat();
    env.create(&env.topic("other"), PARTITIONS, &settings);
    let records = records(400, 4);
    for run in ["first", "again"] {
        let router = env.start(run, "router", false);
        router.await_ready();
        env.produce(&records);
        let all = || router.metric("adcs_watch_records_total", "stage=\"router\"") >= 400.0;
        crate::process::until(Duration::from_secs(60), all, || router.log());
        assert!(!router.log().contains(LINE), "{}", router.log());
        assert!(router.stop().success());
    }
    let other = router_to(&env, "other");
    other.await_ready();
    let log = other.log();
    assert_eq!(log.matches(LINE).count(), 1, "{log}");
    for part in [env.topic("routed"), env.topic("other"), "kafka.group".to_owned()] {
        assert!(log.contains(&part), "{part} is not in\n{log}");
    }
    assert!(other.stop().success());
}
