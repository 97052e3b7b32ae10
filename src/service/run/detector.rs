//! The life of a detector: from joining its group to a fault, or to the end in order.

use crate::event::time::Time;
use crate::service::clock::Stopwatch;
use crate::service::health::Condition;
use crate::service::kafka::detector::{DetectorTopics, KafkaDetector};
use crate::service::run::House;
use crate::service::stage::Stage;
use crate::task::detector_worker::{DetectorCounts, DetectorWorker, PartitionStatus};
use crate::task::port::{Fault, Millis};

/// How often the state of partitions is told.
const TELL: Millis = Millis(1000);

/// Lives.
///
/// # Errors
/// The fault that ended it.
pub fn live(house: &House, number: u16) -> Result<(), Fault> {
    let config = &house.setup.config;
    let topics = DetectorTopics {
        routed: config.topics.routed.0.clone(),
        checkpoint: config.topics.checkpoint.0.clone(),
        alerts: config.topics.alerts.0.clone(),
        dead_letter: config.topics.dead_letter.0.clone(),
        format: config.alerts.format,
    };
    let port = KafkaDetector::new(&house.setup.clients, number, topics, house.metrics.clone())?;
    let partitions = config.topics.partitions.0;
    let worker = DetectorWorker::new(port, config.policy.clone(), partitions, config.checkpoints.pace())
        .with_age_limit(config.alerts.age_limit);
    let told = DetectorCounts::default();
    let mut detector = Detector { house, number, worker, told, told_at: Millis(0) };
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
    told_at: Millis,
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
        if now.since(self.told_at) >= TELL {
            self.told_at = now;
            self.tell_partitions();
        }
    }

    fn tell_partitions(&self) {
        let topic = &self.house.setup.config.topics.routed.0;
        for PartitionStatus { partition, size, watermark, position, .. } in self.worker.status() {
            if position.is_some() {
                let watermark = watermark.filter(|time| *time > Time::MIN).map(Time::as_millis);
                let (records, bytes) = (size.records as u64, size.bytes as u64);
                self.house.metrics.state(topic, partition, records, bytes, watermark);
            }
        }
    }

    fn note_health(&mut self) {
        let restoring = self.worker.status().filter(|status| !is_restored(status)).count();
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

fn is_restored(status: &PartitionStatus) -> bool {
    status.position.is_some() && status.left_to_replay == 0
}
