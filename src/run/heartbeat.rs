//! What a worker's time goes to, told about once a second.

use crate::host::clock::{Stopwatch, wall};
use crate::observe::metrics::{Metrics, Spent};
use crate::stage::Stage;
use std::time::Duration;

/// How often that is told, and what else changes slowly.
const TELL: Duration = Duration::from_secs(1);

/// What was told, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pulse {
    stage: Stage,
    worker: u16,
    since: Stopwatch,
    told: Spent,
}

impl Pulse {
    pub(crate) fn new(stage: Stage, worker: u16) -> Pulse {
        Pulse { stage, worker, since: Stopwatch::start(), told: Spent::default() }
    }

    /// Called after each poll; true when it told something: then whoever calls may tell what changes slowly.
    pub(crate) fn beat(&mut self, metrics: &Metrics, spent: Spent) -> bool {
        let lived = self.since.elapsed();
        if lived < TELL {
            return false;
        }
        let more = Spent {
            waiting: spent.waiting.saturating_sub(self.told.waiting),
            committing: spent.committing.saturating_sub(self.told.committing),
        };
        metrics.lived(self.stage, self.worker, lived, more, wall());
        (self.since, self.told) = (Stopwatch::start(), spent);
        true
    }
}
