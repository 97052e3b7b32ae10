//! What all workers share, and why the process ends.

use crate::detect::policy::Policy;
use crate::host::exit::{Exit, Failure};
use crate::observe::health::Health;
use crate::observe::metrics::Metrics;
use crate::observe::traces::Traces;
use crate::run::setup::Setup;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What all workers share.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub setup: Arc<Setup>,
    /// The partitions of the topic routed; 0 until the topics are checked.
    pub partitions: u32,
    /// The policy that was read last. Each worker has a receiver of its own.
    pub policy: watch::Receiver<Arc<Policy>>,
    /// The state of the workers.
    pub health: Arc<Health>,
    pub metrics: Metrics,
    pub traces: Traces,
    /// Cancelled when the process is to stop.
    pub shutdown: CancellationToken,
    /// Why it stops, if not for a signal.
    pub reasons: Reasons,
}

impl Environment {
    /// Stops the process for this reason.
    pub(crate) fn stop_because(&self, failure: Failure) {
        self.reasons.0.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
        self.shutdown.cancel();
    }
}

/// The failures that stop the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reasons(Arc<Mutex<Vec<Failure>>>);

impl Reasons {
    /// How the process ends: a defect before all else, then the first failure with the others as its causes.
    pub(crate) fn verdict(&self) -> Result<Exit, Failure> {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failures.sort_by_key(|failure| failure.exit != Exit::Defect);
        let mut failures = failures.into_iter();
        let Some(first) = failures.next() else { return Ok(Exit::Done) };
        Err(failures.fold(first, |all, other| all.with_cause(other.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defect_comes_first_and_other_failures_are_its_causes() {
        let reasons = Reasons::default();
        assert_eq!(reasons.verdict(), Ok(Exit::Done));
        for (exit, message) in [(Exit::Config, "a"), (Exit::Config, "b"), (Exit::Defect, "c")] {
            reasons.0.lock().unwrap().push(Failure::new(exit, message));
        }
        let failure = reasons.verdict().unwrap_err();
        assert_eq!(failure.exit, Exit::Defect);
        assert_eq!(failure.to_string(), "c\n  caused by: a\n  caused by: b");
    }
}
