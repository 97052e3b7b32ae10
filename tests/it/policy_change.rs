//! A policy that changes while the program runs: what follows is what follows a restart with that policy.

use crate::golden::fixtures;
use crate::stage::{PARTITIONS, detector, log, recording, route_everywhere, run};
use adcs_watch::alert::Alert;
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use adcs_watch::memory_log::MemoryLog;
use adcs_watch::memory_log::detector_port::{ALERTS, GROUP, MemoryDetector, checkpoint};
use adcs_watch::stage::detector::worker::DetectorWorker;
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::{Millis, SourcePartition};
use std::collections::BTreeSet;

fn alerts(engine: &mut Engine, events: &[Event]) -> Vec<Alert> {
    events.iter().flat_map(|event| engine.on_event(event).alerts).collect()
}

/// Another policy: detections are off, others are on or judge differently.
fn other(policy: &Policy) -> Policy {
    let mut other = Policy { foreign_issuers: vec!["ACME Issuing CA 3".to_owned()], ..policy.clone() };
    other.san_mismatch.burst_count = policy.san_mismatch.burst_count.saturating_add(1);
    other.unusual_volume.enabled = !policy.unusual_volume.enabled;
    other.certificate_used_by_other.enabled = !policy.certificate_used_by_other.enabled;
    other.story.enabled = !policy.story.enabled;
    other
}

/// The state that is dropped when `before` gives way to `after`, the state and the alerts that follow are those of a restart.
fn compare(name: &str, (before, after): (&Policy, &Policy), (first, rest): (&[Event], &[Event])) {
    let mut running = Engine::new(before.clone());
    alerts(&mut running, first);
    let (marker, records) = (running.marker(0, 0), running.take_changes());
    let mut restarted = Engine::restore(after.clone(), &marker, records.clone()).unwrap();
    let dropped: BTreeSet<_> = running.change_policy(after.clone()).into_iter().collect();
    let is_off = |(id, _): &(String, Vec<u8>)| !restarted.remembers(id);
    let expected = records.into_iter().filter(|record| record.state.is_some());
    let expected: BTreeSet<_> =
        expected.map(|record| (record.detection, record.key)).filter(is_off).collect();
    assert_eq!(dropped, expected, "{name}");
    assert_eq!(alerts(&mut running, rest), alerts(&mut restarted, rest), "{name}");
    let (running, restarted) = ([running.take_changes()], [restarted.take_changes()]);
    assert_eq!(running, restarted, "{name}: what the next checkpoint holds");
}

#[test]
fn change_in_every_recording_equals_a_restart_there() {
    for fixture in fixtures() {
        let other = other(&fixture.policy);
        let events = fixture.events.len();
        // Of a long recording six cuts: at each one, all of it is read twice.
        for cut in (0..=events).step_by(events.div_ceil(6).max(1)) {
            let (name, events) = (format!("{} cut at {cut}", fixture.name()), fixture.events.split_at(cut));
            compare(&name, (&other, &fixture.policy), events);
            compare(&name, (&fixture.policy, &other), events);
        }
    }
}

/// What a cluster of one detector has come to.
#[derive(Debug, PartialEq)]
struct Outcome {
    alerts: Vec<Vec<u8>>,
    digests: Vec<Option<u128>>,
}

fn outcome(log: &MemoryLog, worker: &DetectorWorker<MemoryDetector>) -> Outcome {
    let topic = SourcePartition { topic: ALERTS.to_owned(), partition: 0 };
    let (records, _) = log.read_committed(&topic, 0, usize::MAX);
    let mut alerts: Vec<Vec<u8>> = records.into_iter().filter_map(|record| record.value).collect();
    alerts.sort();
    let digest = |partition| worker.task(partition).map(|task| task.digest());
    Outcome { alerts, digests: (0..PARTITIONS).map(digest).collect() }
}

fn kill(log: &MemoryLog, mut worker: DetectorWorker<MemoryDetector>) {
    let member = worker.port_mut().client.member().to_owned();
    drop(worker);
    log.expire_member(GROUP, &member);
}

fn start(log: &MemoryLog, name: &str, policy: &Policy, pace: Pace) -> DetectorWorker<MemoryDetector> {
    DetectorWorker::new(MemoryDetector::new(log.clone(), name), policy.clone(), PARTITIONS, pace)
}

/// A detector that reads some events under one policy and the rest under another, with a restart or a change between them.
fn change(events: (&[Event], &[Event]), policies: (&Policy, &Policy), by_restart: bool) -> Outcome {
    let log = log();
    let mut worker = start(&log, "first", policies.0, Pace::default());
    run(&mut worker, 0, 5);
    route_everywhere(&log, events.0);
    run(&mut worker, 100, 50);
    if by_restart {
        worker.finish(Millis(150)).unwrap();
        kill(&log, worker);
        worker = start(&log, "second", policies.1, Pace::default());
        run(&mut worker, 200, 5);
    } else {
        worker.change_policy(policies.1.clone());
        run(&mut worker, 200, 5);
    }
    assert_eq!((worker.outdated(), worker.is_ready()), (0, true));
    route_everywhere(&log, events.1);
    run(&mut worker, 300, 50);
    let before = outcome(&log, &worker);

    // After a crash the records behind the change are replayed under the policy under which they were applied.
    kill(&log, worker);
    let mut successor = start(&log, "third", policies.1, Pace::default());
    run(&mut successor, 400, 50);
    assert_eq!(outcome(&log, &successor), before);
    before
}

#[test]
fn detector_that_changes_its_policy_equals_one_that_restarts() {
    let (events, policy) = (recording(), Policy::default());
    let mut off = Policy::default();
    off.san_mismatch.enabled = false;
    let mut distinct = BTreeSet::new();
    for cut in 0..=events.len() {
        for policies in [(&policy, &off), (&off, &policy), (&policy, &other(&policy))] {
            let changed = change(events.split_at(cut), policies, false);
            assert_eq!(changed, change(events.split_at(cut), policies, true), "cut at {cut}");
            distinct.insert(changed.alerts);
        }
    }
    assert!(distinct.len() > events.len(), "the moment of a change decides which alerts there are");
}

#[test]
fn policy_changes_with_the_checkpoint_of_each_partition() {
    let log = log();
    // One checkpoint fills a transaction.
    let mut worker =
        start(&log, "first", &Policy::default(), Pace { checkpoint_bytes: 0, ..Pace::default() });
    run(&mut worker, 0, 50);
    let ends = || [0, 1].map(|partition| log.end(&checkpoint(partition)));
    let before = ends();
    worker.change_policy(other(&Policy::default()));
    let mut seen = vec![worker.outdated()];
    for now in 50..100 {
        worker.step(Millis(now)).unwrap();
        let written = ends().iter().zip(before).filter(|(end, before)| **end > *before).count();
        assert_eq!(written + worker.outdated(), 2);
        seen.push(worker.outdated());
    }
    seen.dedup();
    assert_eq!(seen, [2, 1, 0]);
}

#[test]
fn partition_that_is_taken_over_after_the_change_begins_under_the_new_policy() {
    let log = log();
    let mut worker = detector(&log, "first");
    let mut off = Policy::default();
    off.san_mismatch.enabled = false;
    worker.change_policy(off);
    assert_eq!(worker.outdated(), 0, "it has no partition yet");
    run(&mut worker, 0, 5);
    route_everywhere(&log, &recording());
    run(&mut worker, 100, 50);
    let named = |alert: &Vec<u8>| String::from_utf8_lossy(alert).contains("\"detection\":\"san-mismatch\"");
    assert!(!outcome(&log, &worker).alerts.iter().any(named));
}
