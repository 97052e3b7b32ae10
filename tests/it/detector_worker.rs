//! The detector's worker: what it counts and reports, and how long it waits.

use crate::common::alerts_of;
use crate::stage::{PARTITIONS, count, log, recording, route_everywhere};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::{Engine, Notice};
use adcs_watch::event::time::{Span, Time};
use adcs_watch::event::{Activity, Event};
use adcs_watch::memory_log::MemoryLog;
use adcs_watch::memory_log::detector_port::{ALERTS, DEAD_LETTER, GROUP, MemoryDetector, routed};
use adcs_watch::stage::detector::age::{AgeLimit, Older};
use adcs_watch::stage::detector::worker::DetectorWorker;
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::{
    Answer, CheckpointRecord, DetectorInput, DetectorPort, Fault, Intake, Millis, Outcome, RoutedRecord,
    TopicNames, Transaction,
};
use adcs_watch::wire;
use serde_json::json;
use std::collections::VecDeque;

/// A port that ends transactions as it is told, returns further inputs, and may have no answer yet.
struct Told {
    inner: MemoryDetector,
    outcomes: VecDeque<Outcome>,
    inputs: Vec<DetectorInput>,
    silent: bool,
    /// How long each poll may have waited.
    waits: Vec<u64>,
}

impl DetectorPort for Told {
    fn poll(&mut self, wait: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault> {
        self.waits.push(wait.0);
        let further = std::mem::take(&mut self.inputs);
        Ok(further.into_iter().chain(self.inner.poll(wait, intake)?).collect())
    }
    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.inner.accept(partitions)
    }
    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.inner.release(partitions)
    }
    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault> {
        if self.silent { Ok(Answer::Wait) } else { self.inner.committed(partition) }
    }
    fn log_start(&mut self, partition: u32, committed: Option<u64>) -> Result<Answer<u64>, Fault> {
        self.inner.log_start(partition, committed)
    }
    fn rewind_checkpoint(&mut self, partition: u32) -> Result<(), Fault> {
        self.inner.rewind_checkpoint(partition)
    }
    fn topics(&self) -> TopicNames {
        self.inner.topics()
    }
    fn checkpoint_end(&mut self, partition: u32) -> Result<Answer<u64>, Fault> {
        self.inner.checkpoint_end(partition)
    }
    fn read_checkpoint(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault> {
        self.inner.read_checkpoint(partition, end, sink)
    }
    fn start_at(&mut self, partition: u32, offset: u64) -> Result<(), Fault> {
        self.inner.start_at(partition, offset)
    }
    fn commit(&mut self, transaction: &Transaction) -> Result<Outcome, Fault> {
        match self.outcomes.pop_front() {
            None | Some(Outcome::Committed) => self.inner.commit(transaction),
            Some(outcome) => Ok(outcome),
        }
    }
}

fn detector(log: &MemoryLog, name: &str, policy: Policy) -> DetectorWorker<Told> {
    DetectorWorker::new(told(log, name), policy, PARTITIONS, Pace::default())
}

fn detector_with(log: &MemoryLog, name: &str, pace: Pace) -> DetectorWorker<Told> {
    DetectorWorker::new(told(log, name), Policy::default(), PARTITIONS, pace)
}

fn told(log: &MemoryLog, name: &str) -> Told {
    let inner = MemoryDetector::new(log.clone(), name);
    Told { inner, outcomes: VecDeque::new(), inputs: Vec::new(), silent: false, waits: Vec::new() }
}

/// Steps of 10 ms, from this time on.
fn run(worker: &mut DetectorWorker<Told>, from: u64, steps: u64) {
    (0..steps).for_each(|step| worker.step(Millis(from + step * 10)).unwrap());
}

fn kill(log: &MemoryLog, mut worker: DetectorWorker<Told>) {
    let member = worker.port_mut().inner.client.member().to_owned();
    drop(worker);
    log.expire_member(GROUP, &member);
}

/// What one engine makes of the events in this partition.
fn engine(events: &[Event]) -> Engine {
    let mut engine = Engine::new(Policy::default());
    events.iter().for_each(|event| drop(engine.on_event(event)));
    engine
}

#[test]
fn records_and_alerts_are_counted_by_outcome_also_in_a_replay() {
    let (log, events) = (log(), recording());
    let mut first = detector(&log, "first", Policy::default());
    run(&mut first, 0, 10);
    route_everywhere(&log, &events);
    run(&mut first, 1000, 600);
    // A partition that nobody assigned, and records below the position.
    let record = |partition| {
        let value = wire::routed::encode([&events[0]]);
        DetectorInput::Record(RoutedRecord { partition, offset: 0, append_time: None, value })
    };
    first.port_mut().inputs = vec![record(7), record(8), record(0), record(1), record(0)];
    run(&mut first, 7000, 10);
    let counts = first.counts();
    assert_eq!((counts.unexpected, counts.skipped), (2, 3));
    // Alerts are routed to their stories, and are records too.
    let records = count(&log, "adcs-watch.routed") as u64;
    assert!(counts.applied == records && records > 2 * events.len() as u64, "{counts:?}");
    assert_eq!((counts.alerts as usize, counts.checkpoints), (count(&log, ALERTS), 2));
    kill(&log, first);

    let mut second = detector(&log, "second", Policy::default());
    run(&mut second, 0, 50);
    let again = second.counts();
    assert_eq!((again.replayed, again.replayed_alerts, again.restored), (records, counts.alerts, 2));
    assert_eq!((again.applied, again.alerts), (0, 0));
}

#[test]
fn transactions_are_counted_by_outcome() {
    let (log, events) = (log(), recording());
    let mut worker = detector(&log, "detector", Policy::default());
    run(&mut worker, 0, 10);
    let before = worker.counts().committed;
    worker.port_mut().outcomes =
        [Outcome::Aborted, Outcome::Unknown, Outcome::Aborted, Outcome::Unknown].into();
    route_everywhere(&log, &events);
    run(&mut worker, 1000, 500);
    let counts = worker.counts();
    assert_eq!((counts.aborted, counts.unknown), (2, 2));
    assert!(counts.committed > before && counts.alerts > 0, "{counts:?}");
    assert_eq!(counts.alerts as usize, count(&log, ALERTS), "each once");
}

#[test]
fn late_events_and_excepted_alerts_are_counted_and_reported_once() {
    let log = log();
    let mut events = recording();
    let exceptions: Vec<_> = alerts_of(&Policy::default(), &events)
        .into_iter()
        .filter_map(|alert| alert.requester_account)
        .map(|account| json!({"detections": ["san-mismatch"], "account": account, "up_to": "critical"}))
        .collect();
    let policy: Policy = serde_json::from_value(json!({"exceptions": exceptions})).unwrap();
    let mut worker = detector(&log, "detector", policy.clone());
    run(&mut worker, 0, 10);
    let old = Event { time: events[0].time.minus(Span::days(60)), ..events[0].clone() };
    events.extend([old.clone(), old]);
    route_everywhere(&log, &events);
    let (mut late, mut excepted) = (0, 0);
    let mut engine = Engine::new(policy);
    for event in &events {
        let output = engine.on_event(event);
        late += u64::from(output.late);
        excepted += output.notices.iter().filter(|it| matches!(it, Notice::Excepted { .. })).count() as u64;
    }
    let mut reported = 0;
    for now in 0..100 {
        worker.step(Millis(1000 + now)).unwrap();
        reported += worker.notices().iter().filter(|it| matches!(it, Notice::Excepted { .. })).count() as u64;
    }
    assert!(late > 1 && excepted > 1, "{late} late, {excepted} excepted");
    // Both partitions read all events, and each entity lives in one of them.
    assert_eq!((worker.counts().late, worker.counts().excepted, reported), (2 * late, excepted, excepted));
}

#[test]
fn status_shows_position_state_and_checkpoint_of_each_partition() {
    let (log, events) = (log(), recording());
    let mut worker = detector(&log, "detector", Policy::default());
    worker.port_mut().silent = true;
    run(&mut worker, 0, 5);
    let unknown: Vec<_> = worker.status().map(|status| (status.position, status.watermark)).collect();
    assert_eq!(unknown, [(None, None), (None, None)], "they are not restored yet");
    worker.port_mut().silent = false;
    run(&mut worker, 100, 10);
    let checkpoints: Vec<_> = worker.status().filter_map(|status| status.checkpoint_at).collect();
    assert!(
        checkpoints.len() == 2 && checkpoints.iter().all(|at| (100..200).contains(&at.0)),
        "{checkpoints:?}"
    );
    route_everywhere(&log, &events);
    run(&mut worker, 1000, 100);
    let whole = engine(&events);
    let mut records = 0;
    for status in worker.status() {
        let partition = status.partition;
        assert_eq!(status.position, Some(log.end(&routed(partition))), "partition {partition}");
        assert_eq!(status.left_to_replay, 0);
        assert_eq!(status.watermark, Some(whole.watermark()), "partition {partition}");
        assert!(status.since_checkpoint >= events.len() as u64, "partition {partition}");
        assert!(status.checkpoint_at.is_some_and(|at| at.0 < 1000), "no further checkpoint");
        records += status.size.records;
    }
    assert!(records > 0, "there is state");
    for _ in 0..3 {
        worker.finish(Millis(3000)).unwrap();
    }
    assert_eq!(worker.finish(Millis(3000)), Ok(false), "all checkpoints are written");
    assert_eq!(worker.counts().checkpoints, 4, "none is written twice");
    let digests = [0, 1].map(|partition| worker.task(partition).map(|task| task.digest()));
    assert!(
        digests[0] != digests[1] && digests.iter().all(Option::is_some),
        "each partition has its own state"
    );
    for status in worker.status() {
        assert_eq!((status.since_checkpoint, status.checkpoint_at), (0, Some(Millis(3000))));
    }
}

#[test]
fn detector_waits_long_only_without_something_to_do() {
    let (log, pace) = (log(), Pace::default());
    let mut worker = detector(&log, "detector", Policy::default());
    worker.port_mut().silent = true;
    run(&mut worker, 0, 5);
    assert_eq!(worker.port_mut().waits.pop(), Some(pace.linger.0), "the answer may come any time");
    worker.port_mut().silent = false;
    run(&mut worker, 100, 20);
    assert!(worker.is_ready());
    assert_eq!(worker.port_mut().waits.pop(), Some(pace.poll.0), "idle");

    // A transaction that takes 70 ms, and output behind it: it waits as long. (A dead letter waits as an alert does.)
    let output = || log.append(&routed(0), Some(vec![0xff]), None);
    output();
    for now in [1000, 1010, 1080] {
        worker.step(Millis(now)).unwrap();
    }
    output();
    for now in [1081, 1090] {
        worker.step(Millis(now)).unwrap();
    }
    assert_eq!(worker.port_mut().waits.pop(), Some(60), "until the transaction is due");
    run(&mut worker, 2000, 20);
    assert_eq!(worker.port_mut().waits.pop(), Some(pace.poll.0));

    worker.port_mut().outcomes = [Outcome::Aborted, Outcome::Unknown].into();
    output();
    for now in [3000, 3010, 3050] {
        worker.step(Millis(now)).unwrap();
    }
    assert_eq!(worker.counts().aborted, 1);
    assert_eq!(worker.port_mut().waits.pop(), Some(60), "100 ms after the abort it is tried again");
    worker.port_mut().silent = true;
    for now in [3110, 3111, 3130] {
        worker.step(Millis(now)).unwrap();
    }
    assert_eq!(worker.counts().unknown, 1);
    assert_eq!(worker.port_mut().waits.pop(), Some(pace.linger.0), "the committed offset is asked for");
    worker.port_mut().silent = false;
    run(&mut worker, 3200, 100);
    assert_eq!(worker.port_mut().waits.pop(), Some(pace.poll.0));
    assert_eq!(count(&log, DEAD_LETTER), 3);
}

#[test]
fn partition_that_was_added_to_the_routed_topic_is_refused() {
    let log = log();
    let mut worker = detector(&log, "detector", Policy::default());
    run(&mut worker, 0, 5);
    worker.port_mut().inputs = vec![DetectorInput::Assign(vec![PARTITIONS])];
    let fault = worker.step(Millis(100)).unwrap_err().to_string();
    assert!(fault.contains("the log cannot be used: adcs-watch.routed has a partition 2"), "{fault}");
}

#[test]
fn training_of_the_cas_that_the_policy_names_is_reported() {
    let log = log();
    let cas = [("ca01.corp.example".to_owned(), "Issuing CA".to_owned())].into();
    let mut worker = detector(&log, "detector", Policy { cas, ..Policy::default() });
    run(&mut worker, 0, 10);
    let baselines = worker.trainings().count();
    assert!(baselines > 0);
    route_everywhere(&log, &recording());
    run(&mut worker, 1000, 10);
    assert_eq!(worker.trainings().count(), baselines);
    assert!(worker.trainings().all(|ca| ca.training.days <= 1));
}

#[test]
fn replay_over_a_change_of_the_policy_is_counted() {
    let (log, events) = (log(), recording());
    let mut first = detector(&log, "first", Policy::default());
    run(&mut first, 0, 10);
    route_everywhere(&log, &events);
    run(&mut first, 1000, 50);
    assert_eq!(first.counts().policy_crossings, 0);
    kill(&log, first);
    let mut policy = Policy::default();
    policy.unusual_volume.enabled = false;
    let mut second = detector(&log, "second", policy);
    run(&mut second, 0, 50);
    assert_eq!((second.counts().restored, second.counts().policy_crossings), (2, 2));
}

#[test]
fn partition_that_leaves_takes_its_doubt_and_its_policy_with_it() {
    let (log, events) = (log(), recording());
    let mut worker = detector(&log, "detector", Policy::default());
    run(&mut worker, 0, 10);
    worker.port_mut().outcomes = [Outcome::Unknown].into();
    worker.port_mut().silent = true;
    route_everywhere(&log, &events);
    run(&mut worker, 1000, 5);
    assert_eq!(worker.counts().unknown, 1);
    worker
        .change_policy(Policy { foreign_issuers: vec!["ACME Issuing CA 3".to_owned()], ..Policy::default() });
    assert_eq!(worker.outdated(), 2);
    worker.port_mut().inputs = vec![DetectorInput::Lost(vec![0, 1])];
    run(&mut worker, 1100, 1);
    assert_eq!((worker.outdated(), worker.status().count()), (0, 0));
    worker.port_mut().silent = false;
    run(&mut worker, 1200, 100);
    assert!(worker.is_ready() && worker.counts().alerts > 0);
    assert_eq!(worker.counts().alerts as usize, count(&log, ALERTS));
}

/// An event that leads to no alert.
fn quiet() -> Vec<u8> {
    let event = Event { activity: Activity::RemoteFileWrite(Default::default()), ..recording()[0].clone() };
    wire::routed::encode([&event])
}

#[test]
fn checkpoint_of_many_records_is_due_also_after_an_abort() {
    let (log, events) = (log(), recording());
    let mut worker = detector_with(&log, "detector", Pace { checkpoint_records: 3, ..Pace::default() });
    run(&mut worker, 0, 10);
    assert_eq!(worker.counts().checkpoints, 2, "the first ones");
    worker.port_mut().outcomes = [Outcome::Aborted].into();
    route_everywhere(&log, &events);
    run(&mut worker, 1000, 5);
    assert_eq!((worker.counts().aborted, worker.counts().checkpoints), (1, 2));
    run(&mut worker, 1200, 5);
    assert!(worker.counts().checkpoints > 2, "{:?}", worker.counts());
    assert!(worker.status().any(|status| status.since_checkpoint < events.len() as u64));
}

#[test]
fn detector_that_is_behind_by_events_fills_its_transactions() {
    let log = log();
    let pace = Pace { behind: 4, longest_wait: Millis(1000), ..Pace::default() };
    let mut worker = detector_with(&log, "detector", pace);
    run(&mut worker, 0, 10);
    let before = worker.counts().committed;
    for step in 0..50 {
        log.append(&routed(0), Some(quiet().repeat(4)), None);
        // A dead letter waits for its transaction as an alert does.
        log.append(&routed(1), Some(vec![0xff]), None);
        run(&mut worker, 1000 + step * 10, 1);
    }
    assert_eq!(worker.counts().committed, before);
    run(&mut worker, 1500, 5);
    assert_eq!(worker.counts().committed, before + 1, "it is no longer behind");
}

#[test]
fn replay_of_one_partition_makes_no_transactions_of_the_others() {
    let log = log();
    let mut first = detector(&log, "first", Policy::default());
    run(&mut first, 0, 10);
    for _ in 0..3000 {
        log.append(&routed(0), Some(quiet()), None);
    }
    run(&mut first, 1000, 600);
    assert_eq!(first.counts().checkpoints, 2, "no further one");
    kill(&log, first);
    let mut second = detector_with(&log, "second", Pace { longest_replay: Millis(5), ..Pace::default() });
    let mut replaying = 0;
    for now in 0..200 {
        log.append(&routed(1), Some(quiet()), None);
        second.step(Millis(now)).unwrap();
        if second.status().any(|status| status.left_to_replay > 0) {
            replaying += 1;
            assert_eq!(second.counts().committed, 0, "after {replaying} steps of the replay");
        }
    }
    assert!(replaying > 10 && second.is_ready(), "{replaying} steps");
}

#[test]
fn last_commit_writes_checkpoints_as_far_as_they_fit_and_says_whether_some_are_left() {
    let log = log();
    // One checkpoint fills a transaction.
    let mut worker = detector_with(&log, "detector", Pace { checkpoint_bytes: 0, ..Pace::default() });
    run(&mut worker, 0, 50);
    assert_eq!(worker.counts().checkpoints, 2);
    route_everywhere(&log, &recording());
    run(&mut worker, 1000, 50);
    for (left, checkpoints) in [(true, 3), (false, 4), (false, 4)] {
        assert_eq!((worker.finish(Millis(3000)), worker.counts().checkpoints), (Ok(left), checkpoints));
    }
    log.append(&routed(0), Some(quiet()), None);
    run(&mut worker, 4000, 5);
    worker.port_mut().outcomes = [Outcome::Aborted].into();
    assert_eq!(worker.finish(Millis(5000)), Ok(false), "it was not committed, so nothing follows");
}

#[test]
fn clock_that_was_never_set_makes_no_event_old() {
    let limit = Some(AgeLimit { max_age: Span::days(7), older: Older::Suppress });
    let (log, mut events) = (log(), recording());
    let mut worker = detector(&log, "first", Policy::default()).with_age_limit(limit);
    run(&mut worker, 0, 5);
    for event in &mut events {
        let appended = Some(event.time);
        event.time = Time::from_millis(0);
        for partition in 0..PARTITIONS {
            log.append(&routed(partition), Some(wire::routed::encode([&*event])), appended);
        }
    }
    run(&mut worker, 100, 50);
    assert_eq!(worker.counts().suppressed, 0);
    assert!(count(&log, ALERTS) > 0);
}
