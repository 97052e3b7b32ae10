//! The life of a detector: from joining its group to a fault, or to the end in order.

use crate::engine::CaTraining;
use crate::event::host::Host;
use crate::event::time::Span;
use crate::host::clock::{Stopwatch, wall};
use crate::kafka::detector_port::{DetectorTopics, KafkaDetector};
use crate::observe::health::Condition;
use crate::observe::metrics::PartitionState;
use crate::run::House;
use crate::run::heartbeat::Pulse;
use crate::stage::Stage;
use crate::stage::detector::worker::{DetectorCounts, DetectorWorker, PartitionStatus};
use crate::stage::port::{Fault, Millis};
use std::collections::{BTreeMap, BTreeSet};

/// Lives.
///
/// # Errors
/// The fault that ended it.
pub fn live(house: &House, number: u16) -> Result<(), Fault> {
    let config = &house.setup.config;
    let topics = DetectorTopics::new(&config.topics, config.alerts.format);
    let (metrics, traces) = (house.metrics.clone(), house.traces.clone());
    let port = KafkaDetector::new(&house.setup.clients, number, topics, metrics, traces)?;
    let partitions = config.topics.partitions.0;
    let worker = DetectorWorker::new(port, config.policy.clone(), partitions, config.checkpoints.pace())
        .with_age_limit(config.alerts.age_limit);
    let mut detector = Detector {
        house,
        number,
        worker,
        told: DetectorCounts::default(),
        pulse: Pulse::new(Stage::Detector, number),
        restoring: BTreeMap::new(),
        trainings: BTreeSet::new(),
    };
    let clock = Stopwatch::start();
    while !house.shutdown.is_requested() {
        let now = clock.millis();
        detector.worker.step(now)?;
        detector.tell(now);
    }
    // Half of the grace for checkpoints, the rest for taking leave.
    let (leaving, half) = (Stopwatch::start(), config.shutdown.grace.duration() / 2);
    while detector.worker.finish(clock.millis())? && leaving.elapsed() < half {}
    detector.tell(clock.millis());
    Ok(())
}

struct Detector<'a> {
    house: &'a House,
    number: u16,
    worker: DetectorWorker<KafkaDetector>,
    told: DetectorCounts,
    pulse: Pulse,
    /// Our partitions, those that do not raise alerts yet with the time since they are ours.
    restoring: BTreeMap<u32, Option<Stopwatch>>,
    /// Baselines that were told.
    trainings: BTreeSet<(&'static str, Host)>,
}

impl Detector<'_> {
    fn tell(&mut self, now: Millis) {
        let metrics = &self.house.metrics;
        let (counts, told) = (self.worker.counts(), self.told);
        metrics.detector(&told, &counts);
        self.told = counts;
        for notice in self.worker.notices() {
            tracing::debug!(?notice, "a detection says");
        }
        self.note_health();
        let spent = self.worker.port_mut().spent();
        if self.pulse.beat(&self.house.metrics, spent) {
            self.tell_partitions(now);
            self.tell_trainings();
        }
    }

    fn tell_partitions(&self, now: Millis) {
        let topic = &self.house.setup.config.topics.routed.0;
        let wall = wall();
        for status in self.worker.status().filter(|status| status.position.is_some()) {
            let age = status.checkpoint_at.map(|at| i64::try_from(now.since(at).0).unwrap_or(i64::MAX));
            let state = PartitionState {
                records: status.size.records as u64,
                bytes: status.size.bytes as u64,
                watermark: status.watermark,
                since_checkpoint: status.since_checkpoint,
                checkpoint_at: age.map(|millis| wall.minus(Span::millis(millis))),
            };
            self.house.metrics.state(topic, status.partition, &state);
        }
    }

    fn tell_trainings(&mut self) {
        let metrics = &self.house.metrics;
        let mut told = BTreeSet::new();
        for CaTraining { detection, ca, training } in self.worker.trainings() {
            metrics.training(detection, ca.as_str(), training.ratio());
            told.insert((detection, ca));
        }
        for (detection, ca) in self.trainings.difference(&told) {
            metrics.forget_training(detection, ca.as_str());
        }
        self.trainings = told;
    }

    /// Notes which partitions came and which are restored; how many are not.
    fn note_restores(&mut self) -> usize {
        let mut known = std::mem::take(&mut self.restoring);
        for status in self.worker.status() {
            let since = known.remove(&status.partition).unwrap_or_else(|| Some(Stopwatch::start()));
            let since = since.filter(|since| {
                if is_restored(&status) {
                    self.house.metrics.restored(since.elapsed());
                }
                !is_restored(&status)
            });
            self.restoring.insert(status.partition, since);
        }
        self.restoring.values().flatten().count()
    }

    fn note_health(&mut self) {
        let restoring = self.note_restores();
        let member = self.worker.port_mut().member();
        let metrics = &self.house.metrics;
        metrics.assigned(Stage::Detector, self.number, member.count());
        metrics.restoring(self.number, restoring);
        let condition = match (member.unreachable(), member.has_joined(), restoring) {
            (Some(why), _, _) => Condition::Unreachable(why.to_owned()),
            (None, false, _) => Condition::Joining,
            (None, true, 0) => Condition::Working,
            (None, true, restoring) => Condition::Restoring(restoring),
        };
        self.house.health.note(Stage::Detector, self.number, condition);
    }
}

impl Drop for Detector<'_> {
    fn drop(&mut self) {
        for (detection, ca) in &self.trainings {
            self.house.metrics.forget_training(detection, ca.as_str());
        }
    }
}

fn is_restored(status: &PartitionStatus) -> bool {
    status.position.is_some() && status.left_to_replay == 0
}
