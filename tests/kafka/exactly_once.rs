//! Each alert exactly once whatever is killed when, as a read-committed consumer sees it, compared with the pure core.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{diluted, events, expected, records};
use crate::process::{PARTITION_STOPPED, Process};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use std::thread;
use std::time::{Duration, Instant};

/// A generator of reproducible pseudo-random numbers.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap())
}

#[test]
fn kill_9_at_any_moment_loses_and_repeats_nothing() {
    let _guard = broker::shared();
    let count = u32::try_from(setting("ADCS_WATCH_RECORDS", 100_000)).unwrap();
    let kills = setting("ADCS_WATCH_KILLS", 12);
    let seed = setting("ADCS_WATCH_SEED", 1);
    let env = Environment::new("exactly-once", 3);
    let records = diluted(records(count / 8, 3), 7);
    let expected = expected(&env.source(), &records);

    let roles = [("router-0", "router"), ("detector-0", "detector"), ("detector-1", "detector")];
    let mut processes = roles.map(|(name, stage)| env.start(name, stage, true));
    let mut chance = Chance(seed);
    let began = Instant::now();
    thread::scope(|scope| {
        // Records arrive while processes are killed.
        scope.spawn(|| {
            for some in records.chunks(records.len().div_ceil(usize::try_from(kills).unwrap() * 10).max(1)) {
                env.produce(some);
                thread::sleep(Duration::from_millis(150));
            }
        });
        for _ in 0..kills {
            thread::sleep(Duration::from_millis(200 + chance.below(2600)));
            let victim = usize::try_from(chance.below(3)).unwrap();
            processes[victim].kill();
            thread::sleep(Duration::from_millis(chance.below(400)));
            let (name, stage) = roles[victim];
            processes[victim] = env.start(name, stage, true);
        }
    });
    processes.iter().for_each(Process::await_ready);
    env.await_alerts(&expected, Duration::from_secs(120));
    env.assert_routed_once(&records);
    let restored = |name: &str| processes.iter().map(|process| process.metric(name, "")).sum::<f64>() + 0.0;
    eprintln!(
        "{} records, {} alerts, {kills} kills (seed {seed}) in {:?}; since the last kills {} partitions were restored \
         from {} checkpoint records, {} alerts of replays were suppressed",
        records.len(),
        expected.len(),
        began.elapsed(),
        restored("adcs_watch_restore_duration_seconds_count"),
        restored("adcs_watch_restored_records_total"),
        restored("adcs_watch_silenced_alerts_total"),
    );
    processes.into_iter().for_each(|process| assert!(process.stop().success()));
}

#[test]
fn gap_in_the_routed_topic_stops_the_detector() {
    let _guard = broker::shared();
    let env = Environment::new("gap", 1);
    let records = records(900, 1);
    let (before, after) = records.split_at(600);
    let first = expected(&env.source(), before);
    let all = env.start("all", "all", false);
    all.await_ready();
    env.produce(before);
    env.await_alerts(&first, Duration::from_secs(60));
    assert!(all.stop().success());

    let router = env.start("router", "router", false);
    router.await_ready();
    env.produce(after);
    let began = Instant::now();
    while router.metric("adcs_watch_routed_records_total", "") == 0.0 {
        assert!(began.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(Duration::from_millis(500));
    assert!(router.stop().success());
    env.delete_records("routed");

    let detector = env.start("detector", "detector", false);
    let began = Instant::now();
    while !detector.log().contains(PARTITION_STOPPED) {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", detector.log());
        thread::sleep(Duration::from_millis(50));
    }
    assert!(detector.log().contains("begins at"), "{}", detector.log());
    assert_eq!(detector.page("/readyz").unwrap().0, 503);
    assert_eq!(env.alerts().len(), first.len(), "nothing is raised on a log with a gap");
    assert!(detector.stop().success());
}

#[test]
fn killed_detector_restores_its_state() {
    let _guard = broker::shared();
    let env = Environment::new("restore", 3);
    let records = records(6000, 3);
    let (before, after) = records.split_at(4500);
    let all = expected(&env.source(), &records);
    let first = expected(&env.source(), before);
    let _router = env.start("router-0", "router", true);
    let mut detector = env.start("detector-0", "detector", true);
    env.produce(before);
    env.await_alerts(&first, Duration::from_secs(60));
    // Checkpoints are written every second.
    thread::sleep(Duration::from_secs(2));
    let remembered = detector.metric("adcs_watch_state_records", "");
    detector.kill();

    let detector = env.start("detector-0", "detector", true);
    detector.await_ready();
    let restored = detector.metric("adcs_watch_restored_records_total", "");
    assert!(restored > 0.0, "nothing was read:\n{}", detector.log());
    // A wrong digest would have restarted the worker.
    assert_eq!(detector.metric("adcs_watch_worker_restarts_total", ""), 0.0, "{}", detector.log());
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(detector.metric("adcs_watch_state_records", ""), remembered);
    env.produce(after);
    env.await_alerts(&all, Duration::from_secs(60));

    let mut engine = Engine::new(Policy::default());
    for event in events(&env.source(), &records) {
        engine.on_event(&event);
    }
    eprintln!(
        "{remembered} records remembered, {restored} checkpoint records read; one engine has {:?}",
        engine.size()
    );
}
