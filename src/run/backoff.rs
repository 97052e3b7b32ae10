//! The wait before a worker is restarted, or a check repeated.

use std::time::Duration;

/// Waits that double, from 250 ms to 15 s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);
/// A worker that ran for so long has recovered: the next wait is the first one again.
const RECOVERED: Duration = Duration::from_secs(60);

impl Default for Backoff {
    fn default() -> Self {
        Backoff { next: FIRST }
    }
}

impl Backoff {
    /// Returns the next wait.
    pub(crate) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }

    /// Notes how long the worker ran.
    pub(crate) fn ran_for(&mut self, time: Duration) {
        if time >= RECOVERED {
            self.next = FIRST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_reset_after_a_long_run() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..8).map(|_| backoff.wait().as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
        backoff.ran_for(Duration::from_secs(59));
        assert_eq!(backoff.wait(), LONGEST);
        backoff.ran_for(Duration::from_secs(60));
        assert_eq!(backoff.wait(), FIRST);
    }
}
