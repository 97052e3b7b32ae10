//! The only place that reads a clock, for pacing and durations. No decision about events depends on it.

use crate::event::time::Time;
use crate::stage::port::Millis;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the one reading of the clock")]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// The time since the start.
    #[expect(clippy::disallowed_methods, reason = "the one reading of the clock")]
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The time since the start in milliseconds, as tasks take it.
    pub(crate) fn millis(&self) -> Millis {
        Millis(u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// The time of day, for latencies and for names that differ between processes.
#[expect(clippy::disallowed_methods, reason = "the one reading of the clock")]
pub(crate) fn wall() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Blocks this thread for a while. For threads that wait for a broker which sends no event; never for the runtime.
#[expect(clippy::disallowed_methods, reason = "the one place where a thread sleeps")]
pub(crate) fn pass(time: Duration) {
    std::thread::sleep(time);
}
