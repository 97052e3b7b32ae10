//! The stage under demonstration: the router and the detector that `run` runs, on a log in memory.

use crate::alert::Alert;
use crate::decode::Decoder;
use crate::detect::policy::Policy;
use crate::service::exit::{Exit, Failure};
use crate::task::detector_worker::{DetectorCounts, DetectorWorker, PartitionStatus};
use crate::task::memory::MemoryLog;
use crate::task::memory::detector::{ALERTS, CHECKPOINT, DEAD_LETTER, GROUP, MemoryDetector, ROUTED};
use crate::task::memory::router::MemoryRouter;
use crate::task::pace::Pace;
use crate::task::port::{Fault, Millis, SourcePartition};
use crate::task::router::{RouterTask, Source};
use crate::task::router_worker::{RouterCounts, RouterWorker};
use std::collections::BTreeMap;

const EVENTS: &str = "windows-events";
const SOURCE_PARTITIONS: u32 = 3;
/// Of the routed and the checkpoint topic.
pub const PARTITIONS: u32 = 8;

/// Everything that `run` connects, in one process and one thread.
pub struct Plant {
    log: MemoryLog,
    router: RouterWorker<MemoryRouter>,
    detector: DetectorWorker<MemoryDetector>,
    policy: Policy,
    appended: u32,
    detectors_begun: u32,
    read_to: u64,
    earlier: DetectorCounts,
}

impl Plant {
    /// A plant that has read nothing.
    pub fn new(policy: Policy) -> Plant {
        let log = MemoryLog::new();
        for (topic, partitions) in [
            (EVENTS, SOURCE_PARTITIONS),
            (ROUTED, PARTITIONS),
            (CHECKPOINT, PARTITIONS),
            (ALERTS, 1),
            (DEAD_LETTER, 1),
        ] {
            log.create(topic, partitions);
        }
        let sources = BTreeMap::from([(EVENTS.to_owned(), Source::new(Decoder::default()))]);
        let router = RouterTask::new(&policy, PARTITIONS, sources);
        let router = RouterWorker::new(MemoryRouter::new(log.clone(), "router-0", &[EVENTS]), router, pace());
        let detector = detector(&log, &policy, 0);
        let earlier = DetectorCounts::default();
        Plant { log, router, detector, policy, appended: 0, detectors_begun: 1, read_to: 0, earlier }
    }

    /// Appends a record to the source topic. Records of one host stand in one partition in a real pipeline; here they all do, so
    /// that the story is told in order.
    pub fn append(&mut self, record: Vec<u8>) {
        let to = SourcePartition { topic: EVENTS.to_owned(), partition: 0 };
        self.log.append(&to, Some(record), None);
        self.appended += 1;
    }

    /// Appends a record that belongs to nobody's story.
    pub fn append_noise(&mut self, n: usize, record: Vec<u8>) {
        let partition = n as u32 % SOURCE_PARTITIONS;
        self.log.append(&SourcePartition { topic: EVENTS.to_owned(), partition }, Some(record), None);
        self.appended += 1;
    }

    /// One step of each stage.
    ///
    /// # Errors
    /// When the log refuses what it must not refuse.
    pub fn step(&mut self, now: Millis) -> Result<(), Failure> {
        let broken = |fault: Fault| Failure::new(Exit::Output, "the demo broke down").because(&fault);
        self.router.step(now).map_err(broken)?;
        self.detector.step(now).map_err(broken)
    }

    /// The detector dies without a word, as by kill -9, and another one begins.
    pub fn crash(&mut self) {
        self.earlier = sum(self.earlier, self.detector.counts());
        for member in self.log.owners(GROUP).into_values() {
            self.log.expire_member(GROUP, &member);
        }
        self.detector = detector(&self.log, &self.policy, self.detectors_begun);
        self.detectors_begun += 1;
    }

    /// Alerts that were committed since this was last asked, as a read-committed consumer sees them.
    pub fn alerts(&mut self) -> Vec<Alert> {
        let topic = SourcePartition { topic: ALERTS.to_owned(), partition: 0 };
        let (records, next) = self.log.read_committed(&topic, self.read_to, usize::MAX);
        self.read_to = next;
        let alert = |value: Option<Vec<u8>>| serde_json::from_slice(&value?).ok();
        records.into_iter().filter_map(|record| alert(record.value)).collect()
    }

    /// Whether nothing is on its way any more.
    pub fn is_idle(&self) -> bool {
        let routed: u64 = self.router_counts().records.values().sum();
        let detected = self.detector.status().filter_map(|status| status.position).sum::<u64>();
        let ends: u64 = self.log.partitions(ROUTED).iter().map(|partition| self.log.end(partition)).sum();
        routed >= u64::from(self.appended)
            && self.detector.is_ready()
            && detected + u64::from(PARTITIONS) >= ends
    }

    /// What the router did.
    pub fn router_counts(&self) -> RouterCounts {
        self.router.counts().clone()
    }

    /// What the detectors did, those that died included.
    pub fn detector_counts(&self) -> DetectorCounts {
        sum(self.earlier, self.detector.counts())
    }

    /// Records and bytes of the state in memory.
    pub fn state(&self) -> (usize, usize) {
        self.detector.status().fold((0, 0), |(records, bytes), status| {
            (records + status.size.records, bytes + status.size.bytes)
        })
    }

    /// The partitions of the detector.
    pub fn status(&self) -> impl Iterator<Item = PartitionStatus> {
        self.detector.status()
    }

    /// How many partitions raise alerts.
    pub fn ready_partitions(&self) -> usize {
        self.detector
            .status()
            .filter(|status| status.position.is_some() && status.left_to_replay == 0)
            .count()
    }

    /// Leaves in order: a last commit, with checkpoints.
    ///
    /// # Errors
    /// When the log refuses what it must not refuse.
    pub fn finish(&mut self, now: Millis) -> Result<(), Failure> {
        self.detector
            .finish(now)
            .map_err(|fault| Failure::new(Exit::Output, "the demo broke down").because(&fault))
    }
}

/// As `run` does it, but with a checkpoint every few hundred records, so that there is one to restore from.
fn pace() -> Pace {
    Pace { longest_replay: Millis(2), ..Pace::default() }
}

fn detector(log: &MemoryLog, policy: &Policy, n: u32) -> DetectorWorker<MemoryDetector> {
    let port = MemoryDetector::new(log.clone(), &format!("detector-{n}"));
    DetectorWorker::new(port, policy.clone(), PARTITIONS, pace())
}

fn sum(a: DetectorCounts, b: DetectorCounts) -> DetectorCounts {
    DetectorCounts {
        applied: a.applied + b.applied,
        replayed: a.replayed + b.replayed,
        silenced: a.silenced + b.silenced,
        skipped: a.skipped + b.skipped,
        stray: a.stray + b.stray,
        unreadable: a.unreadable + b.unreadable,
        late: a.late + b.late,
        held: a.held + b.held,
        alerts: a.alerts + b.alerts,
        committed: a.committed + b.committed,
        aborted: a.aborted + b.aborted,
        doubtful: a.doubtful + b.doubtful,
        checkpoints: a.checkpoints + b.checkpoints,
        restored: a.restored + b.restored,
        policy_crossings: a.policy_crossings + b.policy_crossings,
    }
}
