//! Routers and detectors on the log in memory: what they commit and when, and how they handle refused transactions and unusable
//! partitions.

use crate::common::{events_of, project};
use adcs_watch::detect::policy::Policy;
use adcs_watch::event::time::{Span, Time};
use adcs_watch::event::{Activity, Event};
use adcs_watch::memory_log::MemoryLog;
use adcs_watch::memory_log::detector_port::{
    ALERTS, CHECKPOINT, DEAD_LETTER, GROUP, MemoryDetector, ROUTED, checkpoint, routed,
};
use adcs_watch::memory_log::router_port::MemoryRouter;
use adcs_watch::stage::detector::age::{AgeLimit, Older};
use adcs_watch::stage::detector::worker::DetectorWorker;
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::{
    Answer, CheckpointRecord, DetectorInput, DetectorPort, Fault, Intake, Millis, Outcome, SourcePartition,
    TopicNames, Transaction,
};
use adcs_watch::stage::router::task::{Routed, RouterTask};
use adcs_watch::stage::router::worker::RouterWorker;
use adcs_watch::wire;
use std::collections::BTreeMap;

/// A port whose transactions are all aborted. It records how long each poll may wait, and can take all partitions away for good.
struct Aborting {
    inner: MemoryDetector,
    waits: Vec<Millis>,
    lost: Option<Vec<u32>>,
}

impl Aborting {
    fn new(inner: MemoryDetector) -> Aborting {
        Aborting { inner, waits: Vec::new(), lost: None }
    }
}

impl DetectorPort for Aborting {
    fn poll(&mut self, wait: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault> {
        self.waits.push(wait);
        if let Some(lost) = &mut self.lost {
            return Ok(vec![DetectorInput::Lost(std::mem::take(lost))]);
        }
        self.inner.poll(wait, intake)
    }
    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.inner.accept(partitions)
    }
    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.inner.release(partitions)
    }
    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault> {
        self.inner.committed(partition)
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
    fn commit(&mut self, _: &Transaction) -> Result<Outcome, Fault> {
        Ok(Outcome::Aborted)
    }
}

pub(crate) const SOURCE: &str = "siem.windows.security";
pub(crate) const PARTITIONS: u32 = 2;

pub(crate) fn log() -> MemoryLog {
    let log = MemoryLog::new();
    for (topic, partitions) in
        [(SOURCE, 1), (ROUTED, PARTITIONS), (CHECKPOINT, PARTITIONS), (ALERTS, 1), (DEAD_LETTER, 1)]
    {
        log.create(topic, partitions);
    }
    log
}

pub(crate) fn only(topic: &str) -> SourcePartition {
    SourcePartition { topic: topic.to_owned(), partition: 0 }
}

pub(crate) fn detector(log: &MemoryLog, name: &str) -> DetectorWorker<MemoryDetector> {
    DetectorWorker::new(
        MemoryDetector::new(log.clone(), name),
        Policy::default(),
        PARTITIONS,
        Pace::default(),
    )
}

pub(crate) fn router(log: &MemoryLog) -> RouterWorker<MemoryRouter> {
    let task = RouterTask::new(&Policy::default(), PARTITIONS, BTreeMap::new());
    RouterWorker::new(MemoryRouter::new(log.clone(), "router", &[SOURCE]), task, Pace::default())
}

/// The number of committed records of a topic.
pub(crate) fn count(log: &MemoryLog, topic: &str) -> usize {
    log.partitions(topic).iter().map(|partition| log.read_committed(partition, 0, usize::MAX).0.len()).sum()
}

/// The number of committed records of the routed topic that hold alerts for stories.
fn links(log: &MemoryLog) -> usize {
    let partitions = log.partitions(ROUTED);
    let records = partitions.iter().flat_map(|partition| log.read_committed(partition, 0, usize::MAX).0);
    let is_alert = |event: Result<Event, _>| event.is_ok_and(|event| event.activity.raised().is_some());
    records.filter(|record| wire::routed::decode(record.value.as_ref().unwrap()).all(is_alert)).count()
}

pub(crate) fn recording() -> Vec<Event> {
    events_of(&project("tests/detections/san-mismatch/fires_all_reasons/events.ndjson"))
}

fn source(log: &MemoryLog, events: &[Event]) {
    for event in events {
        log.append(&only(SOURCE), Some(serde_json::to_vec(event).unwrap()), Some(event.time));
    }
}

/// Writes the events to every partition. A detection runs only in the partition of its entity.
pub(crate) fn route_everywhere(log: &MemoryLog, events: &[Event]) {
    for event in events {
        for partition in 0..PARTITIONS {
            log.append(&routed(partition), Some(wire::routed::encode([event])), None);
        }
    }
}

#[test]
fn records_pass_both_stages_and_raise_alerts() {
    let (log, events) = (log(), recording());
    source(&log, &events);
    log.append(&only(SOURCE), Some(b"{\"EventID\": 4887, ".to_vec()), None);
    let (mut router, mut detector) = (router(&log), detector(&log, "detector"));
    for now in 0..100 {
        router.step(Millis(now * 10)).unwrap();
        detector.step(Millis(now * 10)).unwrap();
    }
    assert!(router.is_ready() && detector.is_ready());
    assert_eq!(router.counts().records[&Routed::Sent], events.len() as u64);
    assert_eq!((router.counts().committed, router.counts().dead, count(&log, DEAD_LETTER)), (1, 1, 1));
    let links = links(&log);
    assert!(links > 0, "the detector routes its alerts to their stories");
    assert_eq!(router.counts().routed as usize + links, count(&log, ROUTED));
    assert_eq!(detector.counts().alerts as usize, count(&log, ALERTS));
    assert!(detector.counts().alerts > 0);
}

#[test]
fn alerts_after_a_pause_are_committed_at_once_and_an_offset_waits() {
    let (log, events) = (log(), recording());
    let mut worker = detector(&log, "detector");
    (0..3).for_each(|now| worker.step(Millis(now)).unwrap());
    assert_eq!(worker.counts().checkpoints, 2, "the first checkpoints record where the history starts");
    let before = worker.counts().committed;

    let quiet = Event { activity: Activity::RemoteFileWrite(Default::default()), ..events[0].clone() };
    log.append(&routed(0), Some(wire::routed::encode([&quiet])), None);
    worker.step(Millis(100)).unwrap();
    worker.step(Millis(4900)).unwrap();
    assert_eq!(worker.counts().committed, before);
    worker.step(Millis(5100)).unwrap();
    worker.step(Millis(5101)).unwrap();
    assert_eq!(worker.counts().committed, before + 1);

    route_everywhere(&log, &events);
    worker.step(Millis(5200)).unwrap();
    assert_eq!((worker.counts().committed, count(&log, ALERTS)), (before + 1, 0));
    worker.step(Millis(5201)).unwrap();
    assert_eq!(
        (worker.counts().committed, count(&log, ALERTS)),
        (before + 2, worker.counts().alerts as usize)
    );
    assert!(worker.counts().alerts > 0);
}

/// The transactions of a router whose steps take this many milliseconds each, and as long for a transaction, while `feed` adds
/// records before each of 100 steps.
fn transactions(millis: u64, mut feed: impl FnMut(&MemoryLog, u64)) -> u64 {
    let log = log();
    let mut router = router(&log);
    // The start of the partition is committed at once.
    (0..30).for_each(|now| router.step(Millis(now)).unwrap());
    let starts = router.counts().committed;
    for step in 0..100 {
        feed(&log, step);
        router.step(Millis(1000 + step * millis)).unwrap();
    }
    router.counts().committed - starts
}

#[test]
fn router_paces_its_transactions_by_load() {
    let event = recording().remove(0);
    let relevant = serde_json::to_vec(&event).unwrap();
    let add = |log: &MemoryLog, value: &[u8]| {
        log.append(&only(SOURCE), Some(value.to_vec()), None);
    };
    let rare = transactions(100, |log, step| {
        if step % 10 == 0 {
            add(log, &relevant)
        }
    });
    assert_eq!(rare, 10, "each event at once");
    let steady = transactions(5, |log, _| add(log, &relevant));
    assert_eq!(steady, 33, "every 15 ms: a transaction of 5 ms and the shortest rest");
    let slow = transactions(50, |log, _| add(log, &relevant));
    assert_eq!(slow, 50, "every 100 ms: as long a rest as the 50 ms that one takes");
    let irrelevant = transactions(100, |log, _| add(log, b"{\"EventID\": 4624}"));
    assert_eq!(irrelevant, 1, "in 10 s, offsets alone after 5 s of them");
}

#[test]
fn router_that_is_behind_fills_its_transactions() {
    let log = log();
    let events = vec![recording().remove(0); 5000];
    source(&log, &events);
    let pace = Pace { behind: 100, batch_records: 4000, ..Pace::default() };
    let task = RouterTask::new(&Policy::default(), PARTITIONS, BTreeMap::new());
    let mut router = RouterWorker::new(MemoryRouter::new(log.clone(), "router", &[SOURCE]), task, pace);
    (0..100).for_each(|now| router.step(Millis(now * 4)).unwrap());
    assert_eq!(router.counts().records[&Routed::Sent], 5000);
    assert!((2..=4).contains(&router.counts().committed), "{:?}", router.counts());
}

#[test]
fn stop_commits_offsets_alone() {
    let log = log();
    let mut router = router(&log);
    log.append(&only(SOURCE), Some(b"{\"EventID\": 4624}".to_vec()), None);
    (0..3).for_each(|now| router.step(Millis(now)).unwrap());
    router.commit().unwrap();
    assert_eq!(log.committed(adcs_watch::memory_log::router_port::GROUP, &only(SOURCE)), Some(1));
}

#[test]
fn orderly_handover_leaves_nothing_to_replay() {
    let (log, events) = (log(), recording());
    let mut first = detector(&log, "first");
    (0..3).for_each(|now| first.step(Millis(now)).unwrap());
    route_everywhere(&log, &events);
    let mut second = detector(&log, "second");
    for now in 3..6 {
        first.step(Millis(now)).unwrap();
        second.step(Millis(now)).unwrap();
    }
    let owned = |worker: &DetectorWorker<MemoryDetector>| worker.status().count();
    assert_eq!((owned(&first), owned(&second)), (1, 1));
    first.finish(Millis(7)).unwrap();
    let member = first.port_mut().client.member().to_owned();
    log.expire_member(GROUP, &member);
    (8..10).for_each(|now| second.step(Millis(now)).unwrap());
    assert_eq!((owned(&second), second.is_ready()), (2, true));
    assert_eq!((second.counts().restored, second.counts().replayed), (2, 0));
    let alerts = first.counts().alerts + second.counts().alerts;
    assert_eq!((count(&log, ALERTS) as u64, alerts > 0), (alerts, true));
}

/// The routed topic is kept for days and read again after a crash. (An event names its topic, for the evidence.)
#[test]
fn routed_certificate_is_small() {
    let mut sizes: Vec<usize> = events_of(&project("tests/formats/windows-events.xml"))
        .into_iter()
        .filter(|event| matches!(event.activity, Activity::CertificateIssued(_)))
        .map(|mut event| {
            event.origin.source = SOURCE.to_owned();
            (event.origin.partition, event.origin.offset) = (Some(17), 1_234_567_890);
            event.origin.append_time = Some(Time::from_millis(1_772_442_000_000));
            wire::event::encode(&event).len()
        })
        .collect();
    sizes.sort_unstable();
    assert!(sizes[sizes.len() / 2] <= 230 && sizes.iter().all(|size| *size <= 300), "{sizes:?}");
}

/// The most records of one poll of the log in memory.
const ONE_POLL: usize = 100 * PARTITIONS as usize;

#[test]
fn uncommitted_output_is_bounded_and_none_is_lost() {
    let (log, event) = (log(), recording().remove(0));
    // Each unreadable record is a dead letter, which waits in the outbox as alerts do.
    let broken = 5000;
    for n in 0..broken {
        log.append(&routed(n % PARTITIONS), Some(vec![0xff; 8]), None);
    }
    let pace = Pace { outbox: 50, dead_letters: u32::MAX, ..Pace::default() };
    let port = Aborting::new(MemoryDetector::new(log.clone(), "aborting"));
    let mut worker = DetectorWorker::new(port, Policy::default(), PARTITIONS, pace);
    let waiting = |worker: &DetectorWorker<Aborting>| -> usize {
        (0..PARTITIONS).filter_map(|partition| worker.task(partition)).map(|task| task.waiting()).sum()
    };
    for now in 0..500 {
        worker.step(Millis(now * 50)).unwrap();
        assert!(waiting(&worker) <= pace.outbox + ONE_POLL, "{} wait", waiting(&worker));
    }
    assert!(waiting(&worker) >= pace.outbox && worker.counts().aborted > 5, "the intake was never paused");

    // It is still a member of the group, and its successor commits everything.
    let port = MemoryDetector::new(log.clone(), "second");
    let pace = Pace { dead_letters: u32::MAX, ..Pace::default() };
    let mut second = DetectorWorker::new(port, Policy::default(), PARTITIONS, pace);
    for now in 0..10 {
        worker.step(Millis(25_000 + now)).unwrap();
        second.step(Millis(now)).unwrap();
    }
    assert_eq!((worker.status().count(), second.status().count()), (1, 1), "it still answers rebalances");
    let member = worker.port_mut().inner.client.member().to_owned();
    drop(worker);
    log.expire_member(GROUP, &member);
    route_everywhere(&log, &[event]);
    (0..500).for_each(|now| second.step(Millis(100 + now * 50)).unwrap());
    assert_eq!(count(&log, DEAD_LETTER), broken as usize);
}

/// Found by the chaos test: a worker whose partitions moved after an aborted transaction polled without waiting, for good.
#[test]
fn worker_that_lost_its_partitions_after_an_abort_waits_for_input() {
    let log = log();
    route_everywhere(&log, &recording());
    let port = Aborting::new(MemoryDetector::new(log.clone(), "aborting"));
    let mut worker = DetectorWorker::new(port, Policy::default(), PARTITIONS, Pace::default());
    for now in 0..100 {
        worker.step(Millis(now * 50)).unwrap();
    }
    assert!(worker.counts().aborted > 0);
    worker.port_mut().lost = Some((0..PARTITIONS).collect());
    for now in 100..400 {
        worker.step(Millis(now * 50)).unwrap();
    }
    // The delay after the last abort is over by then.
    let idle = &worker.port_mut().waits[300..];
    assert!(idle.iter().all(|wait| *wait == Pace::default().poll), "{idle:?}");
}

/// Steps of a worker, from this time on.
pub(crate) fn run(worker: &mut DetectorWorker<MemoryDetector>, from: u64, steps: u64) {
    (from..from + steps).for_each(|now| worker.step(Millis(now)).unwrap());
}

fn committed(log: &MemoryLog, partition: u32) -> Option<u64> {
    log.committed(GROUP, &routed(partition))
}

/// Without it a successor could not tell whether records before the committed offset are missing from its state.
#[test]
fn nothing_is_committed_before_the_first_checkpoint() {
    let (log, event) = (log(), recording().remove(0));
    for partition in 0..PARTITIONS {
        // Retention has deleted the start of the log before anything was ever committed.
        log.append(&routed(partition), Some(wire::routed::encode([&event])), None);
        log.truncate(&routed(partition), 1);
    }
    // One checkpoint fills a transaction.
    let pace = Pace { checkpoint_bytes: 0, ..Pace::default() };
    let port = MemoryDetector::new(log.clone(), "first");
    let mut worker = DetectorWorker::new(port, Policy::default(), PARTITIONS, pace);
    for now in 0..50 {
        worker.step(Millis(now)).unwrap();
        if now == 1 {
            route_everywhere(&log, std::slice::from_ref(&event));
        }
        for partition in (0..PARTITIONS).filter(|partition| committed(&log, *partition).is_some()) {
            assert!(log.end(&checkpoint(partition)) > 0, "partition {partition} has no checkpoint");
        }
    }
    assert!((0..PARTITIONS).all(|partition| committed(&log, partition).is_some()));
    let member = worker.port_mut().client.member().to_owned();
    drop(worker);
    log.expire_member(GROUP, &member);
    let mut successor = detector(&log, "second");
    run(&mut successor, 100, 5);
    assert!(successor.is_ready(), "{:?}", successor.stopped().collect::<Vec<_>>());
}

#[test]
fn age_limit_applies_after_every_takeover() {
    let limit = Some(AgeLimit { max_age: Span::days(7), older: Older::Suppress });
    let (log, events) = (log(), recording());
    let old = |event: &Event| Some(event.time.plus(Span::days(8)));
    let mut suppressed = 0;
    for (name, event) in ["first", "second", "third"].into_iter().zip(&events) {
        let mut worker = detector(&log, name).with_age_limit(limit);
        run(&mut worker, 0, 5);
        assert!(worker.is_ready());
        for partition in 0..PARTITIONS {
            log.append(&routed(partition), Some(wire::routed::encode([event])), old(event));
        }
        run(&mut worker, 100, 50);
        suppressed += worker.counts().suppressed;
        let member = worker.port_mut().client.member().to_owned();
        drop(worker);
        log.expire_member(GROUP, &member);
    }
    assert_eq!(count(&log, ALERTS), 0);
    assert!(suppressed >= 2, "{suppressed} alerts were suppressed");
}

#[test]
fn damaged_partition_stops_alone_and_continues_once_repaired() {
    let (log, events) = (log(), recording());
    let mut worker = detector(&log, "first");
    run(&mut worker, 0, 5);
    let member = worker.port_mut().client.member().to_owned();
    drop(worker);
    log.expire_member(GROUP, &member);
    // Something else writes into the checkpoint of one partition.
    log.append(&checkpoint(0), Some(b"damage".to_vec()), None);

    let mut worker = detector(&log, "second");
    let runs = (0..10).find(|now| {
        run(&mut worker, *now, 1);
        worker.task(1).is_some()
    });
    // The loss of the partition may come with the next poll, and is no damage.
    assert_eq!(worker.stopped().count(), 0, "a second attempt follows");
    run(&mut worker, runs.unwrap() + 1, 1);
    let stopped: Vec<(u32, String)> = worker.stopped().map(|(p, why)| (p, why.to_owned())).collect();
    assert_eq!(stopped.iter().map(|(partition, _)| *partition).collect::<Vec<_>>(), [0]);
    assert!(stopped[0].1.contains("adcs-watch.checkpoint [0] offset") && stopped[0].1.contains("to fix: "));
    assert!(!worker.is_ready() && worker.task(1).is_some(), "the other partition runs");
    route_everywhere(&log, &events);
    run(&mut worker, 5100, 50);
    assert!(committed(&log, 1) >= Some(events.len() as u64));
    assert_eq!(committed(&log, 0), Some(0));

    log.append(&checkpoint(0), None, None);
    run(&mut worker, 5200, 5);
    assert!(!worker.is_ready(), "it is tried again later");
    let retry = Pace::default().retry_partition.0 + 100;
    run(&mut worker, retry, 50);
    run(&mut worker, retry + 5000, 50);
    assert_eq!((worker.is_ready(), worker.stopped().count()), (true, 0));
    assert!(committed(&log, 0) >= Some(events.len() as u64));
}

#[test]
fn markers_are_committed_before_retention_deletes_them() {
    let (log, events) = (log(), recording());
    source(&log, &events);
    let (mut router, mut first) = (router(&log), detector(&log, "first"));
    for now in 0..700 {
        router.step(Millis(now * 10)).unwrap();
        first.step(Millis(now * 10)).unwrap();
    }
    let digests = [0, 1].map(|partition| first.task(partition).map(|task| task.digest()));
    let alerts = count(&log, ALERTS);
    for partition in 0..PARTITIONS {
        let end = log.end(&routed(partition));
        assert_eq!(committed(&log, partition), Some(end), "the marker behind the last record is passed");
    }
    first.finish(Millis(7000)).unwrap();
    let member = first.port_mut().client.member().to_owned();
    drop(first);
    log.expire_member(GROUP, &member);
    (0..PARTITIONS).for_each(|partition| log.truncate(&routed(partition), log.end(&routed(partition))));

    let mut second = detector(&log, "second");
    run(&mut second, 0, 5);
    assert!(second.is_ready(), "{:?}", second.stopped().collect::<Vec<_>>());
    assert_eq!([0, 1].map(|partition| second.task(partition).map(|task| task.digest())), digests);
    assert_eq!(count(&log, ALERTS), alerts);
}

#[test]
fn gap_of_records_stops_the_partition() {
    let (log, events) = (log(), recording());
    let mut first = detector(&log, "first");
    run(&mut first, 0, 5);
    let member = first.port_mut().client.member().to_owned();
    drop(first);
    log.expire_member(GROUP, &member);
    route_everywhere(&log, &events);
    log.truncate(&routed(1), 1);
    let mut second = detector(&log, "second");
    run(&mut second, 0, 10);
    let stopped: Vec<(u32, &str)> = second.stopped().collect();
    assert!(matches!(stopped[..], [(1, why)] if why.contains("begins at offset 1")), "{stopped:?}");
}
