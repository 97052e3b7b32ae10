//! Whether the process lives, and whether it does its work: what `/livez` and `/readyz` say.

use crate::host::clock::Stopwatch;
use crate::stage::Stage;
use crate::stage::port::Millis;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The state of all workers.
#[derive(Debug)]
pub struct Health {
    workers: Mutex<BTreeMap<(Stage, u16), Noted>>,
    worked: AtomicBool,
    clock: Stopwatch,
    longest_round: Millis,
}

/// What a worker said of itself, and when.
#[derive(Debug)]
struct Noted {
    condition: Condition,
    at: Millis,
}

/// The state of one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Makes its clients, or waits for its first assignment.
    Joining,
    /// Has partitions that are not restored.
    Restoring(usize),
    /// Does its work.
    Working,
    /// Works, but for partitions that are stopped: which, and why.
    PartitionsStopped(String),
    /// Cannot reach a broker.
    Unreachable(String),
    /// Broke down, and begins anew in a while.
    Waiting(String),
    /// Is gone, in order.
    Stopped,
}

impl Condition {
    /// What is to be said of a worker that is not ready.
    fn complaint(&self) -> Option<String> {
        match self {
            Condition::Working => None,
            Condition::Joining => Some("waits for its partitions".to_owned()),
            Condition::Restoring(partitions) => Some(format!("restores {partitions} partitions")),
            Condition::PartitionsStopped(why) => Some(format!("partitions are stopped: {why}")),
            Condition::Unreachable(why) => Some(format!("cannot reach a broker: {why}")),
            Condition::Waiting(why) => Some(format!("will begin anew: {why}")),
            Condition::Stopped => Some("stopped".to_owned()),
        }
    }

    /// Whether the worker goes round, and so notes its state again and again.
    fn goes_round(&self) -> bool {
        match self {
            Condition::Joining
            | Condition::Restoring(_)
            | Condition::Working
            | Condition::PartitionsStopped(_)
            | Condition::Unreachable(_) => true,
            Condition::Waiting(_) | Condition::Stopped => false,
        }
    }
}

impl Health {
    /// Nobody has started. A worker that does not note its state for longer than `longest_round` is stuck.
    pub fn new(longest_round: Millis) -> Health {
        Health {
            workers: Mutex::default(),
            worked: AtomicBool::default(),
            clock: Stopwatch::start(),
            longest_round,
        }
    }

    /// Notes the state of a worker: each does that every time it comes round.
    pub fn note(&self, stage: Stage, worker: u16, condition: Condition) {
        if condition == Condition::Working {
            self.worked.store(true, Ordering::SeqCst);
        }
        self.note_at(stage, worker, condition, self.clock.millis());
    }

    fn note_at(&self, stage: Stage, worker: u16, condition: Condition, at: Millis) {
        self.lock().insert((stage, worker), Noted { condition, at });
    }

    /// Whether any worker has done its work since the process began.
    pub fn has_worked(&self) -> bool {
        self.worked.load(Ordering::SeqCst)
    }

    /// Why the process is not ready, one line for each worker that is not; empty: it is.
    pub fn complaints(&self) -> Vec<String> {
        let workers = self.lock();
        if workers.is_empty() {
            return vec!["no worker has started".to_owned()];
        }
        let complaint = |((stage, worker), noted): (&(Stage, u16), &Noted)| {
            noted.condition.complaint().map(|said| format!("{stage} {worker} {said}"))
        };
        workers.iter().filter_map(complaint).collect()
    }

    /// Workers that hang, one line each; empty: the process lives. Whether a broker can be reached does not matter.
    pub fn stuck(&self) -> Vec<String> {
        self.stuck_at(self.clock.millis())
    }

    fn stuck_at(&self, now: Millis) -> Vec<String> {
        let complaint = |((stage, worker), noted): (&(Stage, u16), &Noted)| {
            let silent = now.since(noted.at);
            let is_stuck = noted.condition.goes_round() && silent > self.longest_round;
            is_stuck.then(|| {
                let (silent, longest) = (silent.0 / 1000, self.longest_round.0 / 1000);
                format!(
                    "{stage} {worker} hangs: it has not come round for {silent} s, longer than {longest} s"
                )
            })
        };
        self.lock().iter().filter_map(complaint).collect()
    }

    /// A thread that panicked while it wrote leaves what it wrote: still true enough to be told.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Stage, u16), Noted>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Health {
    /// With the longest round that librdkafka allows a consumer by default.
    fn default() -> Self {
        Health::new(Millis(300_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_who_has_only_working_workers() {
        let health = Health::default();
        assert_eq!(health.complaints(), ["no worker has started"]);
        health.note(Stage::Router, 0, Condition::Working);
        health.note(Stage::Detector, 1, Condition::Restoring(3));
        assert_eq!(health.complaints(), ["detector 1 restores 3 partitions"]);
        health.note(Stage::Detector, 1, Condition::Working);
        assert_eq!(health.complaints(), [""; 0]);
    }

    #[test]
    fn a_worker_that_does_not_come_round_is_stuck() {
        let health = Health::new(Millis(60_000));
        assert_eq!(health.stuck_at(Millis(1_000_000)), [""; 0], "nobody has started");
        let note = |worker, condition, at| health.note_at(Stage::Detector, worker, condition, Millis(at));
        note(0, Condition::Working, 0);
        note(1, Condition::Unreachable("no route".to_owned()), 50_000);
        note(2, Condition::Waiting("a fault".to_owned()), 0);
        note(3, Condition::Stopped, 0);
        assert_eq!(health.stuck_at(Millis(60_000)), [""; 0]);
        let said = "detector 0 hangs: it has not come round for 61 s, longer than 60 s";
        assert_eq!(health.stuck_at(Millis(61_000)), [said]);
        assert_eq!(health.stuck_at(Millis(110_001)).len(), 2);
        note(0, Condition::Working, 110_000);
        note(1, Condition::Unreachable("no route".to_owned()), 110_000);
        assert_eq!(health.stuck_at(Millis(110_001)), [""; 0], "a broker that cannot be reached kills nobody");
    }
}
