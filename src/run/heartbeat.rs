//! The time of a worker, reported once a second.

use crate::host::clock::{Stopwatch, wall};
use crate::observe::metrics::{Metrics, Spent};
use crate::stage::Stage;
use std::time::Duration;

/// The interval of reports.
const INTERVAL: Duration = Duration::from_secs(1);

/// What was reported so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    stage: Stage,
    worker: u16,
    since: Stopwatch,
    reported: Spent,
    /// Time below a whole second that is not counted yet: waiting, committing, working. Counters take whole numbers only.
    rest: [Duration; 3],
}

impl Heartbeat {
    pub(crate) fn new(stage: Stage, worker: u16) -> Heartbeat {
        let (reported, rest) = (Spent::default(), [Duration::ZERO; 3]);
        Heartbeat { stage, worker, since: Stopwatch::start(), reported, rest }
    }

    /// Called after each poll; true about once a second, when it reported: then the caller reports what changes slowly.
    pub(crate) fn beat(&mut self, metrics: &Metrics, spent: Spent) -> bool {
        let elapsed = self.since.elapsed();
        if elapsed < INTERVAL {
            return false;
        }
        let waiting = spent.waiting.saturating_sub(self.reported.waiting);
        let committing = spent.committing.saturating_sub(self.reported.committing);
        let working = elapsed.saturating_sub(waiting + committing);
        for (seconds, doing) in self.whole_seconds([waiting, committing, working]) {
            metrics.worker_time(self.stage, self.worker, doing, seconds);
        }
        metrics.worker_polled(self.stage, self.worker, wall());
        (self.since, self.reported) = (Stopwatch::start(), spent);
        true
    }

    /// Adds this time; returns the whole seconds, and keeps the rest for the next time.
    fn whole_seconds(&mut self, more: [Duration; 3]) -> [(u64, &'static str); 3] {
        let mut whole = [(0, "waiting"), (0, "committing"), (0, "working")];
        for ((rest, more), (seconds, _)) in self.rest.iter_mut().zip(more).zip(&mut whole) {
            *rest += more;
            *seconds = rest.as_secs();
            *rest -= Duration::from_secs(*seconds);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_below_a_second_is_counted_later_and_not_lost() {
        let mut heartbeat = Heartbeat::new(Stage::Router, 0);
        let mut total = [0; 3];
        for _ in 0..10 {
            let more = [700, 250, 50].map(Duration::from_millis);
            for (sum, (seconds, _)) in total.iter_mut().zip(heartbeat.whole_seconds(more)) {
                *sum += seconds;
            }
        }
        assert_eq!(total, [7, 2, 0]);
        assert_eq!(heartbeat.rest, [0, 500, 500].map(Duration::from_millis));
    }
}
