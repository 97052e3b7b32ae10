//! Whether the process lives, and whether it does its work: what `/livez` and `/readyz` say.

use crate::service::stage::Stage;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The state of all workers.
#[derive(Debug, Default)]
pub struct Health {
    workers: Mutex<BTreeMap<(Stage, u16), Condition>>,
    worked: AtomicBool,
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
            Condition::Unreachable(why) => Some(format!("cannot reach a broker: {why}")),
            Condition::Waiting(why) => Some(format!("will begin anew: {why}")),
            Condition::Stopped => Some("stopped".to_owned()),
        }
    }
}

impl Health {
    /// Notes the state of a worker.
    pub fn note(&self, stage: Stage, worker: u16, condition: Condition) {
        if condition == Condition::Working {
            self.worked.store(true, Ordering::SeqCst);
        }
        self.lock().insert((stage, worker), condition);
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
        let complaint = |((stage, worker), condition): (&(Stage, u16), &Condition)| {
            condition.complaint().map(|said| format!("{stage} {worker} {said}"))
        };
        workers.iter().filter_map(complaint).collect()
    }

    /// A thread that panicked while it wrote leaves what it wrote: still true enough to be told.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Stage, u16), Condition>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
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
}
