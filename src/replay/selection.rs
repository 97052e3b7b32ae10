//! Which alerts a replay shows.

use crate::alert::{Alert, Severity};
use crate::event::time::Time;

/// What the command line asks to see.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// Alerts below this severity are counted, not shown.
    pub min_severity: Severity,
    /// Alerts that only speak of events before this time are counted, not shown.
    pub since: Option<Time>,
    /// Events after this time are not looked at.
    pub until: Option<Time>,
    /// The ids of the detections whose alerts are shown; empty: all.
    pub detections: Vec<String>,
}

impl Selection {
    pub(crate) const ALL: Selection =
        Selection { min_severity: Severity::Informational, since: None, until: None, detections: Vec::new() };

    /// Whether the alert is shown.
    pub(crate) fn shows(&self, alert: &Alert) -> bool {
        alert.severity >= self.min_severity && self.is_about(alert)
    }

    /// Whether the alert is of the time and the detections that were asked for, whatever its severity.
    pub(crate) fn is_about(&self, alert: &Alert) -> bool {
        self.since.is_none_or(|since| alert.last_seen >= since)
            && (self.detections.is_empty() || self.detections.contains(&alert.detection))
    }
}
