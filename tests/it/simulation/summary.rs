//! How often each kind of event occurred in the runs.

use std::collections::BTreeSet;

/// The events of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) alerts: u64,
    /// Alerts that were routed as events.
    pub(crate) links: u64,
    pub(crate) stories: u64,
    pub(crate) deaths: u64,
    pub(crate) pauses: u64,
    pub(crate) zombies: u64,
    pub(crate) fenced: u64,
    pub(crate) stale: u64,
    pub(crate) aborted: u64,
    pub(crate) unknown: u64,
    pub(crate) repeated: u64,
    pub(crate) restored: u64,
    pub(crate) replayed_alerts: u64,
    pub(crate) checkpoints: u64,
    pub(crate) compactions: u64,
    /// Partitions whose records and markers were all deleted.
    pub(crate) emptied: u64,
    /// Changes of the policy.
    pub(crate) policies: u64,
    /// The detections that had alerts.
    pub(crate) detections: BTreeSet<String>,
}

impl Summary {
    fn fields(&self) -> [u64; 17] {
        let Summary { alerts, links, stories, deaths, pauses, zombies, fenced, stale, aborted, .. } = *self;
        let Summary {
            unknown,
            repeated,
            restored,
            replayed_alerts,
            checkpoints,
            compactions,
            emptied,
            policies,
            ..
        } = *self;
        [
            alerts,
            links,
            stories,
            deaths,
            pauses,
            zombies,
            fenced,
            stale,
            aborted,
            unknown,
            repeated,
            restored,
            replayed_alerts,
            checkpoints,
            compactions,
            emptied,
            policies,
        ]
    }

    pub(crate) fn add(&mut self, other: &Summary) {
        self.alerts += other.alerts;
        self.links += other.links;
        self.stories += other.stories;
        self.deaths += other.deaths;
        self.pauses += other.pauses;
        self.zombies += other.zombies;
        self.fenced += other.fenced;
        self.stale += other.stale;
        self.aborted += other.aborted;
        self.unknown += other.unknown;
        self.repeated += other.repeated;
        self.restored += other.restored;
        self.replayed_alerts += other.replayed_alerts;
        self.checkpoints += other.checkpoints;
        self.compactions += other.compactions;
        self.emptied += other.emptied;
        self.policies += other.policies;
        self.detections.extend(other.detections.iter().cloned());
    }

    /// Whether every kind of event occurred often.
    pub(crate) fn is_rich(&self) -> bool {
        self.fields().into_iter().all(|count| count >= 100)
    }
}
