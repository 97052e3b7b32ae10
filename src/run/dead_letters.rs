//! Dead letters in the log: one line a minute for each source topic and reason, not one for each record.

use crate::host::clock::Stopwatch;
use crate::stage::flood::FloodLimit;
use crate::stage::router::worker::{DeadLetters, Kind};
use std::collections::BTreeMap;

/// Which dead letters were logged, and when.
#[derive(Debug)]
pub(crate) struct DeadLetterLog {
    clock: Stopwatch,
    lines: FloodLimit<Kind>,
}

impl DeadLetterLog {
    /// No line was written.
    pub(crate) fn new() -> DeadLetterLog {
        DeadLetterLog { clock: Stopwatch::start(), lines: FloodLimit::new(1) }
    }

    /// Logs the kinds of dead letters whose counts differ from those before, each once a minute, with its totals.
    pub(crate) fn report(
        &mut self,
        before: &BTreeMap<Kind, DeadLetters>,
        counts: &BTreeMap<Kind, DeadLetters>,
    ) {
        let now = self.clock.millis();
        let changed = counts.iter().filter(|(kind, count)| before.get(*kind) != Some(*count));
        for (kind, DeadLetters { written, suppressed }) in changed {
            if self.lines.admits(kind.clone(), now) {
                let (topic, reason) = kind;
                tracing::warn!(topic, reason, written, suppressed, "records of this topic are rejected");
            }
        }
    }
}
