//! The stage under demonstration: the router and the detector that `run` runs, on the ground the demo stands on.

use crate::alert::Alert;
use crate::demo::backend::{Ground, PARTITIONS, SOURCE_PARTITIONS};
use crate::detect::policy::Policy;
use crate::host::exit::Failure;
use crate::stage::detector::worker::{DetectorCounts, DetectorWorker, PartitionStatus};
use crate::stage::pace::Pace;
use crate::stage::port::{Fault, Millis};
use crate::stage::router::task::RouterTask;
use crate::stage::router::worker::{RouterCounts, RouterWorker};
use std::collections::BTreeMap;

/// Everything that `run` connects, in one thread.
pub(crate) struct Plant<'a, G: Ground> {
    ground: &'a mut G,
    router: RouterWorker<G::Router>,
    detector: DetectorWorker<G::Detector>,
    policy: Policy,
    /// Records in each partition of the source topic.
    appended: [u64; SOURCE_PARTITIONS as usize],
    /// The last records of the routed topic, once the router has nothing more to write.
    last_routed: Option<Vec<Option<u64>>>,
    earlier: DetectorCounts,
}

impl<'a, G: Ground> Plant<'a, G> {
    /// A plant that has read nothing.
    ///
    /// # Errors
    /// When the log lets nobody in.
    pub(crate) fn new(ground: &'a mut G, policy: Policy) -> Result<Plant<'a, G>, Failure> {
        let task = RouterTask::new(&policy, PARTITIONS, BTreeMap::new());
        let router = RouterWorker::new(ground.router()?, task, pace());
        let detector = detector(ground, &policy)?;
        Ok(Plant {
            ground,
            router,
            detector,
            policy,
            appended: [0; SOURCE_PARTITIONS as usize],
            last_routed: None,
            earlier: DetectorCounts::default(),
        })
    }

    /// Appends records to partitions of the source topic. Records of one host stand in one partition in a real pipeline.
    ///
    /// # Errors
    /// When the log does not take them.
    pub(crate) fn append(&mut self, records: Vec<(u32, Vec<u8>)>) -> Result<(), Failure> {
        for (partition, _) in &records {
            self.appended[*partition as usize] += 1;
        }
        self.ground.append(records)
    }

    /// One step of each stage; the time it was.
    ///
    /// # Errors
    /// When the log refuses what it must not refuse.
    pub(crate) fn step(&mut self) -> Result<Millis, Failure> {
        let now = self.ground.now();
        self.router.step(now).map_err(refused::<G>)?;
        self.detector.step(now).map_err(refused::<G>)?;
        Ok(now)
    }

    /// The detector dies without a word, as by kill -9, and another one begins.
    ///
    /// # Errors
    /// When the log does not let the other one in.
    pub(crate) fn crash(&mut self) -> Result<(), Failure> {
        self.earlier = sum(self.earlier, self.detector.counts());
        self.detector = detector(self.ground, &self.policy)?;
        Ok(())
    }

    /// Alerts that were committed since this was last asked, as a read-committed consumer sees them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn alerts(&mut self) -> Result<Vec<Alert>, Failure> {
        self.ground.alerts()
    }

    /// Whether both stages have their partitions, and the detector raises alerts in all of them.
    pub(crate) fn is_ready(&self) -> bool {
        let reads = self.router.positions().count() == SOURCE_PARTITIONS as usize && self.router.is_ready();
        reads && self.ready_partitions() == PARTITIONS as usize
    }

    /// Whether nothing is on its way any more.
    ///
    /// # Errors
    /// When the log refuses what it must not refuse.
    pub(crate) fn is_idle(&mut self) -> Result<bool, Failure> {
        if self.last_routed.is_none() {
            if self.has_read_all() {
                self.router.commit().map_err(refused::<G>)?;
            }
            // A commit that did not succeed begins again.
            if !self.has_read_all() {
                return Ok(false);
            }
            self.last_routed = Some(self.ground.last_routed()?);
        }
        let last = self.last_routed.iter().flatten();
        let is_done = |(partition, last): (u32, &Option<u64>)| {
            self.detector
                .task(partition)
                .is_some_and(|task| !task.has_alerts() && last.is_none_or(|last| task.position() > last))
        };
        Ok(self.is_ready() && (0..PARTITIONS).zip(last).all(is_done))
    }

    fn has_read_all(&self) -> bool {
        let mut positions = self.router.positions();
        self.router.is_ready()
            && positions.all(|(place, next)| next == self.appended.get(place.partition as usize).copied())
    }

    /// What the router did.
    pub(crate) fn router_counts(&self) -> RouterCounts {
        self.router.counts().clone()
    }

    /// What the detectors did, those that died included.
    pub(crate) fn detector_counts(&self) -> DetectorCounts {
        sum(self.earlier, self.detector.counts())
    }

    /// Records and bytes of the state in memory.
    pub(crate) fn state(&self) -> (usize, usize) {
        self.detector.status().fold((0, 0), |(records, bytes), status| {
            (records + status.size.records, bytes + status.size.bytes)
        })
    }

    /// The partitions of the detector.
    pub(crate) fn status(&self) -> impl Iterator<Item = PartitionStatus> {
        self.detector.status()
    }

    /// How many partitions raise alerts.
    pub(crate) fn ready_partitions(&self) -> usize {
        self.detector
            .status()
            .filter(|status| status.position.is_some() && status.left_to_replay == 0)
            .count()
    }

    /// The ground.
    pub(crate) fn ground(&self) -> &G {
        self.ground
    }

    /// Leaves in order: a last commit, with checkpoints. The last alerts.
    ///
    /// # Errors
    /// When the log refuses what it must not refuse.
    pub(crate) fn finish(&mut self) -> Result<Vec<Alert>, Failure> {
        let now = self.ground.now();
        self.detector.finish(now).map_err(refused::<G>)?;
        self.ground.last_alerts()
    }
}

fn refused<G: Ground>(fault: Fault) -> Failure {
    Failure::new(G::REFUSED, "the demo broke down").because(&fault)
}

/// As `run` does it, but with a checkpoint every few hundred records, so that there is one to restore from; and no poll keeps
/// the screen waiting.
fn pace() -> Pace {
    Pace { longest_replay: Millis(2), poll: Millis(20), ..Pace::default() }
}

fn detector<G: Ground>(ground: &mut G, policy: &Policy) -> Result<DetectorWorker<G::Detector>, Failure> {
    Ok(DetectorWorker::new(ground.detector()?, policy.clone(), PARTITIONS, pace()))
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
