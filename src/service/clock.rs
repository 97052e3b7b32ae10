//! The only place that reads a clock, and only to say how long something took.

use std::time::{Duration, Instant};

/// Measures elapsed time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "the one reading of the clock")]
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// The time since the start.
    #[expect(clippy::disallowed_methods, reason = "the one reading of the clock")]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
