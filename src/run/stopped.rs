//! Stopped partitions: logged when they stop, and named by `/readyz` and a metric while they are stopped.

use crate::observe::metrics::Metrics;
use crate::stage::Stage;
use std::collections::BTreeMap;

/// The stopped partitions of one worker.
#[derive(Debug)]
pub(crate) struct StoppedPartitions {
    stage: Stage,
    worker: u16,
    metrics: Metrics,
    /// The reason by topic and partition.
    reasons: BTreeMap<(String, u32), String>,
}

impl StoppedPartitions {
    /// No partition of this worker is stopped.
    pub(crate) fn new(stage: Stage, worker: u16, metrics: Metrics) -> StoppedPartitions {
        StoppedPartitions { stage, worker, metrics, reasons: BTreeMap::new() }
    }

    /// Takes the partitions that are stopped now, each with topic, number and reason, and logs those that were not. The text for
    /// `/readyz`; none when no partition is stopped. A partition is tried again every few seconds, and logged each time.
    pub(crate) fn update<'a>(
        &mut self,
        stopped: impl Iterator<Item = (&'a str, u32, &'a str)>,
    ) -> Option<String> {
        let mut before = std::mem::take(&mut self.reasons);
        for (topic, partition, reason) in stopped {
            let key = (topic.to_owned(), partition);
            let known = before.remove(&key);
            if known.is_none_or(|known| known != reason) {
                let Self { stage, worker, metrics, .. } = self;
                tracing::error!(%stage, worker, topic, partition, reason, "a partition is stopped, the others continue");
                metrics.partition_stopped(*stage, topic, partition, true);
            }
            self.reasons.insert(key, reason.to_owned());
        }
        for (topic, partition) in before.keys() {
            self.metrics.partition_stopped(self.stage, topic, *partition, false);
        }
        (!self.reasons.is_empty()).then(|| self.text())
    }

    fn text(&self) -> String {
        let each = |((topic, partition), reason): (&(String, u32), &String)| {
            format!("{topic} [{partition}]: {reason}")
        };
        self.reasons.iter().map(each).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_every_stopped_partition_until_it_continues() {
        let metrics = Metrics::new().unwrap();
        let series = |metrics: &Metrics| metrics.text().matches("adcs_watch_partition_stopped{").count();
        let mut stopped = StoppedPartitions::new(Stage::Detector, 0, metrics.clone());
        assert_eq!(stopped.update(std::iter::empty()), None);
        let both = [("routed", 1, "damaged"), ("routed", 7, "truncated")];
        assert_eq!(
            stopped.update(both.into_iter()).as_deref(),
            Some("routed [1]: damaged; routed [7]: truncated")
        );
        assert_eq!(series(&metrics), 2);
        assert_eq!(stopped.update([both[1]].into_iter()).as_deref(), Some("routed [7]: truncated"));
        assert_eq!(series(&metrics), 1);
        assert_eq!((stopped.update(std::iter::empty()), series(&metrics)), (None, 0));
    }
}
