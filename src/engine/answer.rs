//! What each detection made of one event, for people who ask why.

use crate::alert::Alert;
use crate::detect::Notice;

/// An entity of an event, and what a detection remembers of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The canonical name of the entity, such as `corp\ann@ca01`.
    pub entity: String,
    /// Its state in words, without that of its members; none: nothing is remembered.
    pub state: Option<String>,
}

/// What one detection made of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The id of the detection.
    pub detection: &'static str,
    /// What it knew before, of each entity that the event concerns; empty: the event does not concern it.
    pub before: Vec<Known>,
    /// What it knew afterwards.
    pub after: Vec<Known>,
    /// The alerts and revisions that it raised.
    pub alerts: Vec<Alert>,
    /// Why it raised none, where it reports that.
    pub notices: Vec<Notice>,
}

impl Answer {
    /// Whether it looked at the event, or at an alert that the event led to.
    pub fn has_looked(&self) -> bool {
        !(self.before.is_empty() && self.alerts.is_empty() && self.notices.is_empty())
    }
}

/// What all detections that are switched on made of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// The event is older than the allowed lateness.
    pub late: bool,
    /// One answer of each detection, in the order of the catalogue.
    pub answers: Vec<Answer>,
}
