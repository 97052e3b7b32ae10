//! Stopped partitions: logged when they stop, and named by `/readyz` while they are stopped.

use crate::stage::Stage;
use std::collections::BTreeMap;

/// The stopped partitions of one worker.
#[derive(Debug)]
pub(crate) struct StoppedPartitions {
    stage: Stage,
    worker: u16,
    /// The reason by topic and partition.
    reasons: BTreeMap<(String, u32), String>,
}

impl StoppedPartitions {
    /// No partition of this worker is stopped.
    pub(crate) fn new(stage: Stage, worker: u16) -> StoppedPartitions {
        StoppedPartitions { stage, worker, reasons: BTreeMap::new() }
    }

    /// Takes the partitions that are stopped now, each with topic, number and reason, and logs those that were not. The text for
    /// `/readyz`; none when no partition is stopped. A partition is tried again every few seconds, and logged each time.
    pub(crate) fn update<'a>(
        &mut self,
        stopped: impl Iterator<Item = (&'a str, u32, &'a str)>,
    ) -> Option<String> {
        let before = std::mem::take(&mut self.reasons);
        for (topic, partition, reason) in stopped {
            let key = (topic.to_owned(), partition);
            if before.get(&key).is_none_or(|known| known != reason) {
                let Self { stage, worker, .. } = self;
                tracing::error!(%stage, worker, topic, partition, reason, "a partition is stopped, the others continue");
            }
            self.reasons.insert(key, reason.to_owned());
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
        let mut stopped = StoppedPartitions::new(Stage::Detector, 0);
        assert_eq!(stopped.update(std::iter::empty()), None);
        let both = [("routed", 1, "damaged"), ("routed", 7, "truncated")];
        assert_eq!(
            stopped.update(both.into_iter()).as_deref(),
            Some("routed [1]: damaged; routed [7]: truncated")
        );
        assert_eq!(stopped.update([both[1]].into_iter()).as_deref(), Some("routed [7]: truncated"));
        assert_eq!(stopped.update(std::iter::empty()), None);
    }
}
