//! What becomes of traces.

use crate::observe::metrics::Metrics;
use crate::observe::metrics::book::Book;
use prometheus::IntCounterVec;

#[derive(Clone, Debug)]
pub(crate) struct Spans {
    dropped: IntCounterVec,
}

impl Spans {
    pub(crate) fn new(book: &mut Book) -> prometheus::Result<Spans> {
        let dropped = book.counter(
            "traces_dropped_total",
            "Spans that the collector did not take, or that found the queue to it full",
            &[],
        )?;
        dropped.with_label_values::<&str>(&[]);
        Ok(Spans { dropped })
    }
}

/// What is counted of traces.
impl Metrics {
    /// Spans that nobody will see.
    pub fn spans_dropped(&self, count: u64) {
        self.spans.dropped.with_label_values::<&str>(&[]).inc_by(count);
    }
}
