//! The only place that reads a clock. It paces, and says how long something took; it decides nothing about events.

use crate::event::time::Time;
use crate::stage::port::Millis;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

    /// The time since the start, as tasks are told.
    pub fn millis(&self) -> Millis {
        Millis(u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// The time of day: for latencies, and to tell processes apart.
#[expect(clippy::disallowed_methods, reason = "the one reading of the clock")]
pub fn wall() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Lets this much time pass.
pub fn pass(time: Duration) {
    let (_sender, receiver) = mpsc::channel::<()>();
    // Nothing is ever sent, so it ends by its timeout.
    let _ = receiver.recv_timeout(time);
}
