//! What is watched: the CAs that the policy names. Others get no series: their names come from events.

use crate::event::time::Time;
use crate::observe::metrics::Metrics;
use crate::observe::metrics::book::{Book, Forget};
use crate::observe::metrics::durability::seconds;
use prometheus::{GaugeVec, IntCounterVec};

#[derive(Clone, Debug)]
pub(crate) struct Coverage {
    events: IntCounterVec,
    heard_at: GaugeVec,
    training: GaugeVec,
}

impl Coverage {
    pub(crate) fn new(book: &mut Book) -> prometheus::Result<Coverage> {
        Ok(Coverage {
            events: book.counter("ca_events_total", "Events of a CA that the policy names", &["ca"])?,
            heard_at: book.fraction(
                "ca_last_event_timestamp_seconds",
                "When an event of a CA that the policy names was read last",
                &["ca"],
            )?,
            training: book.fraction(
                "baseline_training_ratio",
                "How far the baseline of a CA that the policy names is trained; at 1 it raises alerts",
                &["detection", "ca"],
            )?,
        })
    }
}

/// What is counted of CAs.
impl Metrics {
    /// So many more events of a CA were read by now. None tells that it is listened for.
    pub fn heard(&self, ca: &str, events: u64, now: Time) {
        self.coverage.events.with_label_values(&[ca]).inc_by(events);
        if events > 0 {
            self.coverage.heard_at.with_label_values(&[ca]).set(seconds(now));
        }
    }

    /// How far a baseline is trained.
    pub fn training(&self, detection: &str, ca: &str, ratio: f64) {
        self.coverage.training.with_label_values(&[detection, ca]).set(ratio);
    }

    /// The baseline is another worker's by now.
    pub fn forget_training(&self, detection: &str, ca: &str) {
        self.coverage.training.forget(&[detection, ca]);
    }
}
