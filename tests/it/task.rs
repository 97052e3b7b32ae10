//! Routers and detectors on the log in memory, when nothing goes wrong: what they send and when.

use crate::common::{events_of, project};
use adcs_watch::detect::policy::Policy;
use adcs_watch::event::time::Time;
use adcs_watch::event::{Activity, Event};
use adcs_watch::memory_log::MemoryLog;
use adcs_watch::memory_log::detector_port::{
    ALERTS, CHECKPOINT, DEAD_LETTER, MemoryDetector, ROUTED, routed,
};
use adcs_watch::memory_log::router_port::MemoryRouter;
use adcs_watch::stage::detector::worker::DetectorWorker;
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::{
    Answer, CheckpointRecord, DetectorInput, DetectorPort, Fault, Intake, Millis, Names, Outcome,
    SourcePartition, Transaction,
};
use adcs_watch::stage::router::task::{Routed, RouterTask};
use adcs_watch::stage::router::worker::RouterWorker;
use adcs_watch::wire;
use std::collections::BTreeMap;

/// A log that takes no transaction.
struct Aborting(MemoryDetector);

impl DetectorPort for Aborting {
    fn poll(&mut self, wait: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault> {
        self.0.poll(wait, intake)
    }
    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.0.accept(partitions)
    }
    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        self.0.release(partitions)
    }
    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault> {
        self.0.committed(partition)
    }
    fn log_start(&mut self, partition: u32, committed: Option<u64>) -> Result<Answer<u64>, Fault> {
        self.0.log_start(partition, committed)
    }

    fn read_again(&mut self, partition: u32) -> Result<(), Fault> {
        self.0.read_again(partition)
    }

    fn names(&self) -> Names {
        self.0.names()
    }
    fn checkpoint_end(&mut self, partition: u32) -> Result<Answer<u64>, Fault> {
        self.0.checkpoint_end(partition)
    }
    fn read_checkpoint(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault> {
        self.0.read_checkpoint(partition, end, sink)
    }
    fn start_at(&mut self, partition: u32, offset: u64) -> Result<(), Fault> {
        self.0.start_at(partition, offset)
    }
    fn commit(&mut self, _: &Transaction) -> Result<Outcome, Fault> {
        Ok(Outcome::Aborted)
    }
}

const SOURCE: &str = "siem.windows.security";
const PARTITIONS: u32 = 2;

fn log() -> MemoryLog {
    let log = MemoryLog::new();
    for (topic, partitions) in
        [(SOURCE, 1), (ROUTED, PARTITIONS), (CHECKPOINT, PARTITIONS), (ALERTS, 1), (DEAD_LETTER, 1)]
    {
        log.create(topic, partitions);
    }
    log
}

fn only(topic: &str) -> SourcePartition {
    SourcePartition { topic: topic.to_owned(), partition: 0 }
}

fn detector(log: &MemoryLog, name: &str) -> DetectorWorker<MemoryDetector> {
    DetectorWorker::new(
        MemoryDetector::new(log.clone(), name),
        Policy::default(),
        PARTITIONS,
        Pace::default(),
    )
}

fn router(log: &MemoryLog) -> RouterWorker<MemoryRouter> {
    let task = RouterTask::new(&Policy::default(), PARTITIONS, BTreeMap::new());
    RouterWorker::new(MemoryRouter::new(log.clone(), "router", &[SOURCE]), task, Pace::default())
}

/// How many committed records a topic of one partition has.
fn count(log: &MemoryLog, topic: &str) -> usize {
    log.partitions(topic).iter().map(|partition| log.read_committed(partition, 0, usize::MAX).0.len()).sum()
}

fn recording() -> Vec<Event> {
    events_of(&project("tests/detections/san-mismatch/fires_all_reasons/events.ndjson"))
}

fn source(log: &MemoryLog, events: &[Event]) {
    for event in events {
        log.append(&only(SOURCE), Some(serde_json::to_vec(event).unwrap()), Some(event.time));
    }
}

/// Writes the events to every partition; each detection runs where its entity lives.
fn route_everywhere(log: &MemoryLog, events: &[Event]) {
    for event in events {
        for partition in 0..PARTITIONS {
            log.append(&routed(partition), Some(wire::routed::encode([event])), None);
        }
    }
}

#[test]
fn records_go_through_both_stages_and_come_out_as_alerts() {
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
    assert_eq!(router.counts().routed as usize, count(&log, ROUTED));
    assert_eq!(detector.counts().alerts as usize, count(&log, ALERTS));
    assert!(detector.counts().alerts > 0);
}

#[test]
fn an_alert_lingers_and_a_quiet_offset_waits_longer() {
    let (log, events) = (log(), recording());
    let mut worker = detector(&log, "detector");
    (0..3).for_each(|now| worker.step(Millis(now)).unwrap());
    assert_eq!(worker.counts().checkpoints, 2, "the first ones say where history begins");
    let begun = worker.counts().committed;

    let quiet = Event { activity: Activity::RemoteFileWrite(Default::default()), ..events[0].clone() };
    log.append(&routed(0), Some(wire::routed::encode([&quiet])), None);
    worker.step(Millis(100)).unwrap();
    worker.step(Millis(4900)).unwrap();
    assert_eq!(worker.counts().committed, begun);
    worker.step(Millis(5100)).unwrap();
    assert_eq!(worker.counts().committed, begun + 1);

    route_everywhere(&log, &events);
    worker.step(Millis(5200)).unwrap();
    worker.step(Millis(5219)).unwrap();
    assert_eq!((worker.counts().committed, count(&log, ALERTS)), (begun + 1, 0));
    worker.step(Millis(5220)).unwrap();
    assert_eq!(
        (worker.counts().committed, count(&log, ALERTS)),
        (begun + 2, worker.counts().alerts as usize)
    );
    assert!(worker.counts().alerts > 0);
}

#[test]
fn an_orderly_handover_leaves_nothing_to_replay() {
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
    log.expire_member(adcs_watch::memory_log::detector_port::GROUP, &member);
    (8..10).for_each(|now| second.step(Millis(now)).unwrap());
    assert_eq!((owned(&second), second.is_ready()), (2, true));
    assert_eq!((second.counts().restored, second.counts().replayed), (2, 0));
    let alerts = first.counts().alerts + second.counts().alerts;
    assert_eq!((count(&log, ALERTS) as u64, alerts > 0), (alerts, true));
}

/// The routed topic is kept for days and read again after a crash. (An event names its topic, for the evidence.)
#[test]
fn a_routed_certificate_is_small() {
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

/// The log in memory gives at most so many records of a partition in one poll.
const ONE_POLL: usize = 100 * PARTITIONS as usize;

#[test]
fn what_cannot_be_sent_does_not_grow_without_a_bound_and_nothing_of_it_is_lost() {
    let (log, event) = (log(), recording().remove(0));
    // Records that are no events: each is a dead letter, which waits to be sent as alerts do.
    let broken = 5000;
    for n in 0..broken {
        log.append(&routed(n % PARTITIONS), Some(vec![0xff; 8]), None);
    }
    let pace = Pace { outbox: 50, ..Pace::default() };
    let port = Aborting(MemoryDetector::new(log.clone(), "aborting"));
    let mut worker = DetectorWorker::new(port, Policy::default(), PARTITIONS, pace);
    let waiting = |worker: &DetectorWorker<Aborting>| -> usize {
        (0..PARTITIONS).filter_map(|partition| worker.task(partition)).map(|task| task.waiting()).sum()
    };
    for now in 0..500 {
        worker.step(Millis(now * 50)).unwrap();
        assert!(waiting(&worker) <= pace.outbox + ONE_POLL, "{} wait", waiting(&worker));
    }
    assert!(waiting(&worker) >= pace.outbox && worker.counts().aborted > 100, "it was not held up");

    // The group still counts on it, and its successor sends everything.
    let mut second = detector(&log, "second");
    for now in 0..10 {
        worker.step(Millis(25_000 + now)).unwrap();
        second.step(Millis(now)).unwrap();
    }
    assert_eq!(
        (worker.status().count(), second.status().count()),
        (1, 1),
        "it answers the group all the while"
    );
    let member = worker.port_mut().0.client.member().to_owned();
    drop(worker);
    log.expire_member(adcs_watch::memory_log::detector_port::GROUP, &member);
    route_everywhere(&log, &[event]);
    (0..500).for_each(|now| second.step(Millis(100 + now * 50)).unwrap());
    assert_eq!(count(&log, DEAD_LETTER), broken as usize);
}
