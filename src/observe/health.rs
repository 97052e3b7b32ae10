//! The state of the workers, which `/livez` and `/readyz` report.

use crate::host::clock::Stopwatch;
use crate::observe::sources::{Change, Sources};
use crate::stage::Stage;
use crate::stage::port::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The state of all workers.
#[derive(Debug)]
pub struct Health {
    workers: Mutex<BTreeMap<(Stage, u16), Noted>>,
    worked: AtomicBool,
    sources: Mutex<Sources>,
    clock: Stopwatch,
    longest_round: Millis,
}

/// The state that a worker last noted, and when.
#[derive(Debug)]
struct Noted {
    condition: Condition,
    at: Millis,
    /// It has not worked since it failed.
    has_failed: bool,
}

/// The state of one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Creates its clients, or waits for its first assignment.
    Joining,
    /// Restores so many of its partitions.
    Restoring(usize),
    /// Processes records of all its partitions.
    Working,
    /// Processes records, except those of stopped partitions: which, and why.
    PartitionsStopped(String),
    /// Processes records, except those of sources that cannot be read: which, and why.
    SourcesRefused(String),
    /// All its transactions are aborted, for this reason.
    Refused(String),
    /// No broker is reachable, for this reason.
    Unreachable(String),
    /// Failed for this reason, and waits for its restart.
    Waiting(String),
    /// Creates its clients again after it failed for this reason.
    Restarting(String),
    /// Stopped because the process shuts down.
    Stopped,
}

impl Condition {
    /// Why the worker is not ready; `None` when it is.
    fn complaint(&self) -> Option<String> {
        match self {
            Condition::Working => None,
            Condition::Joining => Some("waits for its partitions".to_owned()),
            Condition::Restoring(partitions) => Some(format!("restores {partitions} partitions")),
            Condition::PartitionsStopped(why) => Some(format!("partitions are stopped: {why}")),
            Condition::SourcesRefused(why) => Some(format!("cannot read: {why}")),
            Condition::Refused(why) => Some(format!("cannot write: {why}")),
            Condition::Unreachable(why) => Some(format!("cannot reach a broker: {why}")),
            Condition::Waiting(why) => Some(format!("waits for its restart: {why}")),
            Condition::Restarting(why) => Some(format!("restarts: {why}")),
            Condition::Stopped => Some("stopped".to_owned()),
        }
    }

    /// Whether the worker is in its poll loop, and so notes its state regularly.
    fn is_polling(&self) -> bool {
        match self {
            Condition::Joining
            | Condition::Restoring(_)
            | Condition::Working
            | Condition::PartitionsStopped(_)
            | Condition::SourcesRefused(_)
            | Condition::Refused(_)
            | Condition::Unreachable(_)
            | Condition::Restarting(_) => true,
            Condition::Waiting(_) | Condition::Stopped => false,
        }
    }
}

impl Health {
    /// No worker has started. A worker that does not note its state for longer than `longest_round` is stuck.
    pub fn new(longest_round: Millis) -> Health {
        Health {
            workers: Mutex::default(),
            worked: AtomicBool::default(),
            sources: Mutex::default(),
            clock: Stopwatch::start(),
            longest_round,
        }
    }

    /// Notes the state of a worker. Each worker does so after every poll.
    pub fn note(&self, stage: Stage, worker: u16, condition: Condition) {
        if condition == Condition::Working {
            self.worked.store(true, Ordering::SeqCst);
        }
        self.note_at(stage, worker, condition, self.clock.millis());
    }

    fn note_at(&self, stage: Stage, worker: u16, condition: Condition, at: Millis) {
        let mut workers = self.lock();
        let had_failed = workers.get(&(stage, worker)).is_some_and(|noted| noted.has_failed);
        let works = condition == Condition::Working;
        if works && had_failed {
            tracing::info!(%stage, worker, "works again");
        }
        let has_failed = !works && (had_failed || matches!(condition, Condition::Waiting(_)));
        workers.insert((stage, worker), Noted { condition, at, has_failed });
    }

    /// Whether any worker was ready since the process started.
    pub fn has_worked(&self) -> bool {
        self.worked.load(Ordering::SeqCst)
    }

    /// Why the process is not ready, with one line for each worker that is not; empty when it is.
    pub fn complaints(&self) -> Vec<String> {
        let workers = self.lock();
        if workers.is_empty() {
            return vec!["no worker has started".to_owned()];
        }
        let complaint = |((stage, worker), noted): (&(Stage, u16), &Noted)| {
            noted.condition.complaint().map(|why| format!("{stage} {worker} {why}"))
        };
        workers.iter().filter_map(complaint).collect()
    }

    /// What each worker does: `works`, or why it is not ready.
    pub fn workers(&self) -> Vec<(Stage, u16, String)> {
        let workers = self.lock();
        let state = |((stage, worker), noted): (&(Stage, u16), &Noted)| {
            (*stage, *worker, noted.condition.complaint().unwrap_or_else(|| "works".to_owned()))
        };
        workers.iter().map(state).collect()
    }

    /// Takes what was read of a source topic since the last time: records, and wanted events among them.
    pub(crate) fn source_read(&self, topic: &str, records: u64, events: u64) -> Option<Change> {
        let now = self.clock.millis();
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).read(topic, records, events, now)
    }

    /// Takes the patterns of sources that match no topic now.
    pub(crate) fn sources_unmatched(&self, patterns: &BTreeSet<String>) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).unmatched(patterns);
    }

    /// What does not make the process unready and yet needs attention, one line each.
    pub fn remarks(&self) -> Vec<String> {
        let now = self.clock.millis();
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).remarks(now)
    }

    /// Workers that are stuck, one line each; empty when there are none. An unreachable broker makes no worker stuck.
    pub fn stuck(&self) -> Vec<String> {
        self.stuck_at(self.clock.millis())
    }

    fn stuck_at(&self, now: Millis) -> Vec<String> {
        let complaint = |((stage, worker), noted): (&(Stage, u16), &Noted)| {
            let silent = now.since(noted.at);
            let is_stuck = noted.condition.is_polling() && silent > self.longest_round;
            is_stuck.then(|| {
                let (silent, longest) = (silent.0 / 1000, self.longest_round.0 / 1000);
                format!("{stage} {worker} is stuck: no poll for {silent} s, longer than {longest} s")
            })
        };
        self.lock().iter().filter_map(complaint).collect()
    }

    /// A thread that panicked leaves a map that is whole.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Stage, u16), Noted>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Health {
    /// With librdkafka's default of `max.poll.interval.ms`.
    fn default() -> Self {
        Health::new(Millis(300_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_is_ready_when_all_workers_are() {
        let health = Health::default();
        assert_eq!(health.complaints(), ["no worker has started"]);
        health.note(Stage::Router, 0, Condition::Working);
        health.note(Stage::Detector, 1, Condition::Restoring(3));
        assert_eq!(health.complaints(), ["detector 1 restores 3 partitions"]);
        health.note(Stage::Detector, 1, Condition::Working);
        assert_eq!(health.complaints(), [""; 0]);
    }

    #[test]
    fn worker_without_a_poll_is_stuck() {
        let health = Health::new(Millis(60_000));
        assert_eq!(health.stuck_at(Millis(1_000_000)), [""; 0], "no worker has started");
        let note = |worker, condition, at| health.note_at(Stage::Detector, worker, condition, Millis(at));
        note(0, Condition::Working, 0);
        note(1, Condition::Unreachable("no route".to_owned()), 50_000);
        note(2, Condition::Waiting("a fault".to_owned()), 0);
        note(3, Condition::Stopped, 0);
        assert_eq!(health.stuck_at(Millis(60_000)), [""; 0]);
        let line = "detector 0 is stuck: no poll for 61 s, longer than 60 s";
        assert_eq!(health.stuck_at(Millis(61_000)), [line]);
        assert_eq!(health.stuck_at(Millis(110_001)).len(), 2);
        note(0, Condition::Working, 110_000);
        note(1, Condition::Unreachable("no route".to_owned()), 110_000);
        assert_eq!(health.stuck_at(Millis(110_001)), [""; 0], "an unreachable broker makes no worker stuck");
    }
}
