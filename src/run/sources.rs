//! What a router reads of its source topics, reported about once a second.

use crate::event::time::Time;
use crate::observe::health::Health;
use crate::observe::metrics::Metrics;
use crate::observe::sources::Change;
use crate::stage::router::tally::Tally;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tallies that were reported.
#[derive(Debug)]
pub(crate) struct SourceReports {
    metrics: Metrics,
    health: Arc<Health>,
    reported: BTreeMap<String, Tally>,
}

impl SourceReports {
    /// Nothing is reported yet.
    pub(crate) fn new(metrics: Metrics, health: Arc<Health>) -> SourceReports {
        SourceReports { metrics, health, reported: BTreeMap::new() }
    }

    /// Reports what was read since the last time, and logs when a source becomes idle, and when that ends.
    pub(crate) fn report(&mut self, tallies: &BTreeMap<String, Tally>, now: Time) {
        for (topic, tally) in tallies {
            let before = self.reported.get(topic).cloned().unwrap_or_default();
            if *tally != before {
                self.metrics.source(topic, &before, tally, now);
                self.reported.insert(topic.clone(), tally.clone());
            }
            let (records, events) = (tally.records - before.records, tally.events() - before.events());
            match self.health.source_read(topic, records, events) {
                Some(Change::Idle { silent, records }) => {
                    let minutes = silent.0 / 60_000;
                    let advice = "check the topic, the audit policy of the CAs and the filters of the shipper; \
                                  `adcs-watch inspect --topic` shows what the records are";
                    tracing::warn!(topic, minutes, records, advice, "a source has no wanted event");
                }
                Some(Change::Ended) => tracing::info!(topic, "a source has wanted events again"),
                None => {}
            }
        }
    }
}
