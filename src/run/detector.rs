//! One run of a detector: from joining its group to a fault, or to an orderly stop.

use crate::detect::policy::Policy;
use crate::engine::CaTraining;
use crate::event::host::Host;
use crate::event::time::Span;
use crate::host::clock::{Stopwatch, wall};
use crate::kafka::detector_port::KafkaDetector;
use crate::kafka::fit::DetectorTopics;
use crate::observe::health::Condition;
use crate::observe::metrics::PartitionState;
use crate::run::environment::Environment;
use crate::run::heartbeat::Heartbeat;
use crate::run::stopped::StoppedPartitions;
use crate::stage::Stage;
use crate::stage::detector::counts::{DetectorCounts, PartitionStatus};
use crate::stage::detector::worker::DetectorWorker;
use crate::stage::pace::Pace;
use crate::stage::port::{Fault, Millis};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Runs a detector until the process stops.
///
/// # Errors
/// The fault that ended it.
pub(crate) fn run(env: &Environment, number: u16) -> Result<(), Fault> {
    let config = &env.setup.config;
    let topics = DetectorTopics::new(&config.topics, config.alerts.format);
    let (metrics, traces) = (env.metrics.clone(), env.traces.clone());
    let port = KafkaDetector::new(&env.setup.clients, number, topics, metrics, traces)?;
    let pace = Pace { dead_letters: config.topics.dead_letters_per_minute, ..config.checkpoints.pace() };
    let mut policies = env.policy.clone();
    let policy = Arc::clone(&policies.borrow_and_update());
    let worker = DetectorWorker::new(port, Policy::clone(&policy), env.partitions, pace)
        .with_age_limit(config.alerts.age_limit);
    let mut detector = Detector {
        env,
        number,
        worker,
        policy,
        is_changing: false,
        reported: DetectorCounts::default(),
        loads: None,
        heartbeat: Heartbeat::new(Stage::Detector, number),
        stopped: StoppedPartitions::new(Stage::Detector, number, env.metrics.clone()),
        restoring: BTreeMap::new(),
        trainings: BTreeSet::new(),
        expired: 0,
    };
    let clock = Stopwatch::start();
    while !env.shutdown.is_cancelled() {
        let now = clock.millis();
        if policies.has_changed().is_ok_and(|changed| changed) {
            detector.change_policy(Arc::clone(&policies.borrow_and_update()));
        }
        detector.worker.step(now)?;
        detector.report(now);
    }
    // Half of the grace period is for checkpoints, the rest for leaving the group.
    let (leaving, half) = (Stopwatch::start(), config.shutdown.grace.duration() / 2);
    while detector.worker.finish(clock.millis())? && leaving.elapsed() < half {}
    detector.report(clock.millis());
    Ok(())
}

struct Detector<'a> {
    env: &'a Environment,
    number: u16,
    worker: DetectorWorker<KafkaDetector>,
    policy: Arc<Policy>,
    /// The worker was given another policy, and some of its partitions may not be there yet.
    is_changing: bool,
    reported: DetectorCounts,
    /// The numbers of assigned and of restoring partitions that were reported.
    loads: Option<(usize, usize)>,
    heartbeat: Heartbeat,
    stopped: StoppedPartitions,
    /// The assigned partitions, with the time since their assignment while they are being restored.
    restoring: BTreeMap<u32, Option<Stopwatch>>,
    /// Expired entries of the policy that were logged.
    expired: usize,
    /// Baselines that were reported.
    trainings: BTreeSet<(&'static str, Host)>,
}

impl Detector<'_> {
    fn change_policy(&mut self, policy: Arc<Policy>) {
        self.worker.change_policy(Policy::clone(&policy));
        (self.policy, self.is_changing, self.expired) = (policy, true, 0);
    }

    fn report(&mut self, now: Millis) {
        let metrics = &self.env.metrics;
        let counts = self.worker.counts();
        if counts != self.reported {
            metrics.detector(&self.reported, &counts);
            self.reported = counts;
        }
        if self.is_changing && self.worker.outdated() == 0 {
            self.is_changing = false;
            let policy = self.policy.version();
            tracing::info!(worker = self.number, policy, "all partitions go on under the changed policy");
        }
        for notice in self.worker.notices() {
            tracing::debug!(?notice, "notice of a detection");
        }
        self.note_health();
        let spent = self.worker.port_mut().spent();
        if self.heartbeat.beat(&self.env.metrics, spent) {
            self.report_partitions(now);
            self.report_trainings();
            self.report_expired();
        }
    }

    /// Logs each entry of the policy that has expired, once. Workers have one policy, so the first one reports.
    fn report_expired(&mut self) {
        if self.number != 0 {
            return;
        }
        let expired = self.policy.expired(wall());
        self.env.metrics.expired_entries(expired.len());
        if expired.len() > self.expired {
            let places: Vec<&str> = expired.iter().map(|entry| entry.place.as_str()).collect();
            tracing::warn!(
                entries = places.join(", "),
                "entries of the policy have expired and silence nothing"
            );
        }
        self.expired = expired.len();
    }

    fn report_partitions(&self, now: Millis) {
        let topic = &self.env.setup.config.topics.routed.0;
        let wall = wall();
        for status in self.worker.status().filter(|status| status.position.is_some()) {
            let age = status.checkpoint_at.map(|at| i64::try_from(now.since(at).0).unwrap_or(i64::MAX));
            let state = PartitionState {
                records: status.size.records as u64,
                bytes: status.size.bytes as u64,
                watermark: status.watermark,
                since_checkpoint: status.since_checkpoint,
                left_to_replay: status.left_to_replay,
                checkpoint_at: age.map(|millis| wall.minus(Span::millis(millis))),
            };
            self.env.metrics.state(topic, status.partition, &state);
        }
    }

    fn report_trainings(&mut self) {
        let metrics = &self.env.metrics;
        let mut reported = BTreeSet::new();
        for CaTraining { detection, ca, training } in self.worker.trainings() {
            metrics.training(detection, ca.as_str(), training.ratio());
            reported.insert((detection, ca));
        }
        for (detection, ca) in self.trainings.difference(&reported) {
            metrics.forget_training(detection, ca.as_str());
        }
        self.trainings = reported;
    }

    /// Notes new and restored partitions; returns the number of those that are being restored.
    fn note_restores(&mut self) -> usize {
        let mut known = std::mem::take(&mut self.restoring);
        for status in self.worker.status() {
            let since = known.remove(&status.partition).unwrap_or_else(|| Some(Stopwatch::start()));
            let since = since.filter(|since| {
                if is_restored(&status) {
                    self.env.metrics.restored(since.elapsed());
                }
                !is_restored(&status)
            });
            self.restoring.insert(status.partition, since);
        }
        self.restoring.values().flatten().count()
    }

    fn note_health(&mut self) {
        let restoring = self.note_restores();
        let member = self.worker.port_mut().consumer();
        let metrics = &self.env.metrics;
        let loads = (member.count(), restoring);
        if self.loads.replace(loads) != Some(loads) {
            metrics.assigned(Stage::Detector, self.number, loads.0);
            metrics.restoring(self.number, restoring);
        }
        let unreachable = member.unreachable().map(str::to_owned);
        let has_joined = member.has_joined();
        let topic = self.env.setup.config.topics.routed.0.as_str();
        let stopped = self.worker.stopped().map(|(partition, why)| (topic, partition, why));
        let stopped = self.stopped.update(stopped);
        let refused = self.worker.port_mut().refused().map(str::to_owned);
        let condition = match (unreachable, has_joined, restoring) {
            (Some(why), _, _) => Condition::Unreachable(why),
            (None, true, _) if let Some(why) = refused => Condition::Refused(why),
            (None, false, _) => Condition::Joining,
            (None, true, 0) => Condition::Working,
            (None, true, restoring) => {
                stopped.map_or(Condition::Restoring(restoring), Condition::PartitionsStopped)
            }
        };
        self.env.health.note(Stage::Detector, self.number, condition);
    }
}

impl Drop for Detector<'_> {
    fn drop(&mut self) {
        for (detection, ca) in &self.trainings {
            self.env.metrics.forget_training(detection, ca.as_str());
        }
    }
}

fn is_restored(status: &PartitionStatus) -> bool {
    status.position.is_some() && status.left_to_replay == 0
}
