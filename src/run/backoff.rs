//! How long to wait before what failed is tried again.

use std::time::Duration;

/// Waits that double.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
}

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);
/// What lived so long has recovered.
const RECOVERED: Duration = Duration::from_secs(60);

impl Default for Backoff {
    fn default() -> Self {
        Backoff { next: FIRST }
    }
}

impl Backoff {
    /// The next wait.
    pub fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }

    /// What was tried lived so long.
    pub fn lived(&mut self, time: Duration) {
        if time >= RECOVERED {
            self.next = FIRST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_bound_and_begin_again_after_a_long_life() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..8).map(|_| backoff.wait().as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
        backoff.lived(Duration::from_secs(59));
        assert_eq!(backoff.wait(), LONGEST);
        backoff.lived(Duration::from_secs(60));
        assert_eq!(backoff.wait(), FIRST);
    }
}
