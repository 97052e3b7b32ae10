//! The stages under demonstration: the router and the detector of `run`, on a backend of the demo.

use crate::alert::Alert;
use crate::demo::backend::{Backend, PARTITIONS, SOURCE_PARTITIONS};
use crate::detect::policy::Policy;
use crate::host::exit::Failure;
use crate::stage::detector::counts::{DetectorCounts, PartitionStatus};
use crate::stage::detector::worker::DetectorWorker;
use crate::stage::pace::Pace;
use crate::stage::port::{Fault, Millis};
use crate::stage::router::task::RouterTask;
use crate::stage::router::worker::{RouterCounts, RouterWorker};
use std::collections::BTreeMap;

/// A router worker and a detector worker in one thread.
pub(crate) struct Stages<'a, G: Backend> {
    backend: &'a mut G,
    router: RouterWorker<G::Router>,
    detector: DetectorWorker<G::Detector>,
    policy: Policy,
    /// Records in each partition of the source topic.
    appended: [u64; SOURCE_PARTITIONS as usize],
    /// The last offsets of the routed topic when it was last read, once the router has nothing more to write.
    last_routed: Option<Vec<Option<u64>>>,
    /// Counts of detectors that were killed.
    earlier: DetectorCounts,
}

impl<'a, G: Backend> Stages<'a, G> {
    /// Both stages before their first record.
    ///
    /// # Errors
    /// The backend does not open a port.
    pub(crate) fn new(backend: &'a mut G, policy: Policy) -> Result<Stages<'a, G>, Failure> {
        let task = RouterTask::new(&policy, PARTITIONS, BTreeMap::new());
        let router = RouterWorker::new(backend.router()?, task, pace());
        let detector = detector(backend, &policy)?;
        Ok(Stages {
            backend,
            router,
            detector,
            policy,
            appended: [0; SOURCE_PARTITIONS as usize],
            last_routed: None,
            earlier: DetectorCounts::default(),
        })
    }

    /// Appends records to partitions of the source topic.
    ///
    /// # Errors
    /// The backend does not accept them.
    pub(crate) fn append(&mut self, records: Vec<(u32, Vec<u8>)>) -> Result<(), Failure> {
        for (partition, _) in &records {
            self.appended[*partition as usize] += 1;
        }
        self.backend.append(records)
    }

    /// Runs one step of each stage. Returns the time of the backend.
    ///
    /// # Errors
    /// The backend refuses an operation that the demo depends on.
    pub(crate) fn step(&mut self) -> Result<Millis, Failure> {
        let now = self.backend.now();
        self.router.step(now).map_err(refused::<G>)?;
        self.detector.step(now).map_err(refused::<G>)?;
        Ok(now)
    }

    /// Kills the detector without a commit, as by kill -9, and starts its successor.
    ///
    /// # Errors
    /// The backend does not open a port for the successor.
    pub(crate) fn crash(&mut self) -> Result<(), Failure> {
        self.earlier = sum(self.earlier, self.detector.counts());
        self.detector = detector(self.backend, &self.policy)?;
        Ok(())
    }

    /// Alerts that were committed since the last call, as a read-committed consumer sees them.
    ///
    /// # Errors
    /// The alert topic cannot be read.
    pub(crate) fn alerts(&mut self) -> Result<Vec<Alert>, Failure> {
        self.backend.alerts()
    }

    /// Whether both stages own their partitions and the detector has restored all of them.
    pub(crate) fn is_ready(&self) -> bool {
        let reads = self.router.positions().count() == SOURCE_PARTITIONS as usize && self.router.is_ready();
        reads && self.ready_partitions() == PARTITIONS as usize
    }

    /// Whether every record is processed and every alert committed.
    ///
    /// # Errors
    /// The backend refuses an operation that the demo depends on.
    pub(crate) fn is_idle(&mut self) -> Result<bool, Failure> {
        if self.last_routed.is_none() {
            if self.has_read_all() {
                self.router.commit().map_err(refused::<G>)?;
            }
            // A commit that was aborted is repeated in later steps.
            if !self.has_read_all() {
                return Ok(false);
            }
            self.last_routed = Some(self.backend.last_routed()?);
        }
        let last = self.last_routed.iter().flatten();
        let is_done = |(partition, last): (u32, &Option<u64>)| {
            self.detector
                .task(partition)
                .is_some_and(|task| !task.has_alerts() && last.is_none_or(|last| task.position() > last))
        };
        if !self.is_ready() || !(0..PARTITIONS).zip(last).all(is_done) {
            return Ok(false);
        }
        // The detector may have written further events: alerts for their stories, and findings that become alerts.
        let last = Some(self.backend.last_routed()?);
        let is_all = self.last_routed == last;
        self.last_routed = last;
        Ok(is_all)
    }

    fn has_read_all(&self) -> bool {
        let mut positions = self.router.positions();
        self.router.is_ready()
            && positions.all(|(place, next)| next == self.appended.get(place.partition as usize).copied())
    }

    /// Counts of the router.
    pub(crate) fn router_counts(&self) -> RouterCounts {
        self.router.counts().clone()
    }

    /// Counts of all detectors, those that were killed included.
    pub(crate) fn detector_counts(&self) -> DetectorCounts {
        sum(self.earlier, self.detector.counts())
    }

    /// Records and bytes of the state in memory.
    pub(crate) fn state(&self) -> (usize, usize) {
        self.detector.status().fold((0, 0), |(records, bytes), status| {
            (records + status.size.records, bytes + status.size.bytes)
        })
    }

    /// The state of each partition of the detector.
    pub(crate) fn status(&self) -> impl Iterator<Item = PartitionStatus> {
        self.detector.status()
    }

    /// How many partitions are restored and read live.
    pub(crate) fn ready_partitions(&self) -> usize {
        self.detector
            .status()
            .filter(|status| status.position.is_some() && status.left_to_replay == 0)
            .count()
    }

    /// The backend under both stages.
    pub(crate) fn backend(&self) -> &G {
        self.backend
    }

    /// Shuts down in order: a last commit with checkpoints. Returns the alerts that were not yet read.
    ///
    /// # Errors
    /// The backend refuses an operation that the demo depends on.
    pub(crate) fn finish(&mut self) -> Result<Vec<Alert>, Failure> {
        let now = self.backend.now();
        self.detector.finish(now).map_err(refused::<G>)?;
        self.backend.last_alerts()
    }
}

fn refused<G: Backend>(fault: Fault) -> Failure {
    Failure::new(G::REFUSED, "the demo failed").because(&fault)
}

/// The pace of `run`, but with a checkpoint every few hundred records, so that there is one to restore from, and with short
/// polls, so that the screen is drawn in time.
fn pace() -> Pace {
    Pace { longest_replay: Millis(2), poll: Millis(20), ..Pace::default() }
}

fn detector<G: Backend>(backend: &mut G, policy: &Policy) -> Result<DetectorWorker<G::Detector>, Failure> {
    Ok(DetectorWorker::new(backend.detector()?, policy.clone(), PARTITIONS, pace()))
}

fn sum(a: DetectorCounts, b: DetectorCounts) -> DetectorCounts {
    DetectorCounts {
        applied: a.applied + b.applied,
        replayed: a.replayed + b.replayed,
        replayed_alerts: a.replayed_alerts + b.replayed_alerts,
        skipped: a.skipped + b.skipped,
        unexpected: a.unexpected + b.unexpected,
        unreadable: a.unreadable + b.unreadable,
        dead_suppressed: a.dead_suppressed + b.dead_suppressed,
        late: a.late + b.late,
        suppressed: a.suppressed + b.suppressed,
        excepted: a.excepted + b.excepted,
        alerts: a.alerts + b.alerts,
        committed: a.committed + b.committed,
        aborted: a.aborted + b.aborted,
        unknown: a.unknown + b.unknown,
        checkpoints: a.checkpoints + b.checkpoints,
        restored: a.restored + b.restored,
        policy_crossings: a.policy_crossings + b.policy_crossings,
    }
}
