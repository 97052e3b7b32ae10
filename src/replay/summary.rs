//! What came of the records: every one ends in exactly one counted outcome, and the outcomes add up.

use crate::alert::{Alert, Severity};
use crate::decode::rejection::{Reason, Rejection};
use crate::detect::report::request_of;
use crate::engine::Notice;
use crate::event::Event;
use crate::event::time::Time;
use crate::replay::names::activity_name;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The counts of one replay.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// How long it took.
    pub seconds: f64,
    /// Records and how they ended.
    pub records: Records,
    /// Events, by Windows event id and activity.
    pub events: Vec<EventCount>,
    /// Rejections by reason.
    pub rejections: BTreeMap<&'static str, Rejections>,
    /// Alerts.
    pub alerts: Alerts,
    /// Baselines that were not active from the first event on.
    pub training: Vec<Training>,
    /// Findings that were not raised again, by detection.
    pub suppressed: BTreeMap<&'static str, u64>,
    /// Events older than the allowed lateness.
    pub late: u64,
    /// Events with more names or attribute lines than are read of one.
    pub names_cut: u64,
    /// Inputs that were read, at least in part.
    pub inputs_read: u64,
    /// Inputs that were not read, or not to their end.
    pub unread: Listed,
    /// Files of a directory that hold nothing of a format that is read.
    pub skipped: Listed,
}

/// Records and how they ended: `total = filtered + ignored + rejected + events`. A record that wraps several counts
/// as so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Records {
    /// All.
    pub total: u64,
    /// Without a trace of what matters: not even parsed.
    pub filtered: u64,
    /// Well formed, but not of interest.
    pub ignored: u64,
    /// Not understood.
    pub rejected: u64,
    /// Events of interest.
    pub events: u64,
}

/// Events of one kind: `concerned` were shown to a detection, `unconcerned` were no detection's business.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventCount {
    /// Windows event id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<u32>,
    /// What happened.
    pub activity: &'static str,
    /// Shown to a detection.
    pub concerned: u64,
    /// No detection's business.
    pub unconcerned: u64,
}

/// Rejections of one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rejections {
    /// How many.
    pub count: u64,
    /// The first: where.
    pub first_place: String,
    /// The first: what exactly.
    pub first_detail: String,
}

/// Alerts: each counted once, with the severity of its last revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Alerts {
    /// All.
    pub total: u64,
    /// Those at or above `--min-severity`.
    pub shown: u64,
    /// With all revisions.
    pub revisions: u64,
    /// By severity.
    pub by_severity: BTreeMap<Severity, u64>,
    /// By detection and severity.
    pub by_detection: BTreeMap<String, BTreeMap<Severity, u64>>,
}

/// A baseline in training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Training {
    /// The detection.
    pub detection: &'static str,
    /// Whose baseline.
    pub entity: String,
    /// Different days of data so far.
    pub days: u32,
    /// Days needed.
    pub needed: u32,
    /// The last event that came too early.
    pub until: Time,
}

/// Names and why they are listed; the first [`MAX_LISTED`] of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// How many there are.
    pub count: u64,
    /// The first ones.
    pub first: Vec<Named>,
}

/// A name and why it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The input.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// The most names, baselines and kinds of events that are listed.
pub const MAX_LISTED: usize = 1000;

impl Listed {
    /// Adds one.
    pub fn push(&mut self, source: &str, reason: &str) {
        self.count += 1;
        if self.first.len() < MAX_LISTED {
            self.first.push(Named { source: source.to_owned(), reason: reason.to_owned() });
        }
    }
}

impl Summary {
    /// A record without a trace of what matters.
    pub fn filtered(&mut self) {
        self.records.total += 1;
        self.records.filtered += 1;
    }

    /// A record that is not of interest.
    pub fn ignored(&mut self) {
        self.records.total += 1;
        self.records.ignored += 1;
    }

    /// A record that was not understood.
    pub fn rejected(&mut self, rejection: &Rejection, place: impl FnOnce() -> String) {
        self.records.total += 1;
        self.records.rejected += 1;
        let reason: Reason = rejection.reason;
        let entry = self.rejections.entry(reason.as_str()).or_default();
        if entry.count == 0 {
            entry.first_place = place();
            entry.first_detail = rejection.detail.clone();
        }
        entry.count += 1;
    }

    /// An event of interest.
    pub fn event(&mut self, event: &Event, concerned: bool) {
        self.records.total += 1;
        self.records.events += 1;
        self.names_cut += u64::from(request_of(event).is_some_and(|request| request.names_cut > 0));
        let (event_id, activity) = (event.origin.event_id, activity_name(&event.activity));
        let position =
            self.events.iter().position(|kind| kind.event_id == event_id && kind.activity == activity);
        let position = position.unwrap_or_else(|| {
            self.events.push(EventCount { event_id, activity, ..EventCount::default() });
            self.events.len() - 1
        });
        match concerned {
            true => self.events[position].concerned += 1,
            false => self.events[position].unconcerned += 1,
        }
    }

    /// What a detection had to say that is no alert.
    pub fn notice(&mut self, notice: Notice, time: Time) {
        match notice {
            Notice::Suppressed { detection } => *self.suppressed.entry(detection).or_default() += 1,
            Notice::Training { detection, entity, days, needed } => {
                let known = self.training.iter_mut().find(|t| t.detection == detection && t.entity == entity);
                if let Some(training) = known {
                    (training.days, training.needed, training.until) = (days, needed, time);
                } else if self.training.len() < MAX_LISTED {
                    self.training.push(Training { detection, entity, days, needed, until: time });
                }
            }
        }
    }

    /// The last revision of an alert.
    pub fn alert(&mut self, alert: &Alert, shown: bool) {
        self.alerts.total += 1;
        self.alerts.shown += u64::from(shown);
        *self.alerts.by_severity.entry(alert.severity).or_default() += 1;
        let detection = self.alerts.by_detection.entry(alert.detection.clone()).or_default();
        *detection.entry(alert.severity).or_default() += 1;
    }

    /// The end: kinds of events in order, and the time it took.
    pub fn finish(&mut self, elapsed: Duration) {
        self.events.sort_by_key(|kind| (kind.event_id, kind.activity));
        self.seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
    }

    /// Whether everything that was asked for was read and understood.
    pub fn is_complete(&self) -> bool {
        self.unread.count == 0 && self.records.rejected == 0
    }
}
