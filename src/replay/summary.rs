//! The counts of a replay: every record has exactly one outcome, and the outcomes add up to the total.

use crate::alert::{Alert, Severity};
use crate::decode::rejection::{Reason, Rejection};
use crate::detect::audit;
use crate::detect::report::request_of;
use crate::engine::Notice;
use crate::event::Event;
use crate::event::time::Time;
use crate::replay::coverage::{Covered, EventCount};
use crate::replay::evaluate::Evaluation;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The counts of one replay.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// How long the replay took.
    pub seconds: f64,
    /// How many records had which outcome.
    pub records: Records,
    /// Events, by Windows event id and activity.
    pub events: Vec<EventCount>,
    /// Ignored records with the id of an event that a detection reads, such as 4768 without a certificate.
    pub ignored_ids: BTreeMap<u32, u64>,
    /// What each detection could see.
    pub coverage: Vec<Covered>,
    /// Rejected records, by the code of the reason.
    pub rejections: BTreeMap<&'static str, Rejections>,
    /// Alerts by severity and detection.
    pub alerts: Alerts,
    /// Baselines that raised no alerts at first because they were in training.
    pub training: Vec<Training>,
    /// Suppressed findings, by detection.
    pub suppressed: BTreeMap<&'static str, u64>,
    /// Alerts and revisions that exceptions of the policy withheld, by detection.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub excepted: BTreeMap<&'static str, u64>,
    /// Exceptions and entries of allow-lists that did not count any more at the last event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<String>,
    /// Events older than the allowed lateness.
    pub late: u64,
    /// Events whose time cannot be right; their evidence is marked.
    pub wrong_clock: u64,
    /// Events with more names or attribute lines than are read.
    pub names_cut: u64,
    /// Records in which bytes that are no text were replaced.
    pub bad_text: u64,
    /// Inputs that were read, at least in part.
    pub inputs_read: u64,
    /// Inputs that were not read, or not to their end.
    pub unread: Listed,
    /// Files of a directory that hold no events in a known format.
    pub skipped: Listed,
    /// What labelled records were caught; none without labels.
    #[serde(skip)]
    pub(crate) evaluation: Option<Evaluation>,
}

/// Records by outcome: `total = filtered + ignored + rejected + events`. A record that wraps several events counts once for
/// each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Records {
    /// All records that were read.
    pub total: u64,
    /// Dropped by the prefilter without parsing.
    pub filtered: u64,
    /// Well formed, but no event that a detection knows.
    pub ignored: u64,
    /// Malformed, incomplete or too large.
    pub rejected: u64,
    /// Decoded events, whether a detection used them or not.
    pub events: u64,
}

/// Rejections of one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rejections {
    /// How many records were rejected for this reason.
    pub count: u64,
    /// Where the first one was, `FILE:NUMBER`.
    pub first_place: String,
    /// What was wrong with the first one.
    pub first_detail: String,
}

/// Alerts: each counted once, with the severity of its last revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Alerts {
    /// Alerts of every severity, shown or not.
    pub total: u64,
    /// Those that `--min-severity`, `--since` and `--detection` ask for.
    pub shown: u64,
    /// Revisions of all alerts.
    pub revisions: u64,
    /// Alerts by the severity of their last revision.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Alerts by detection and severity.
    pub by_detection: BTreeMap<String, BTreeMap<Severity, u64>>,
}

/// A baseline that was in training, in which it raises no alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Training {
    /// The id of the detection.
    pub detection: &'static str,
    /// The entity whose baseline it is.
    pub entity: String,
    /// Days with data at the end.
    pub days: u32,
    /// Days with data that activate it.
    pub needed: u32,
    /// The last event during training.
    pub until: Time,
}

/// A bounded list: all entries are counted, the first [`MAX_LISTED`] are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The number of all entries.
    pub count: u64,
    /// The first entries, at most [`MAX_LISTED`].
    pub first: Vec<Named>,
}

/// An input and the reason why it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The path of the input.
    pub source: String,
    /// Why it was not read.
    pub reason: String,
}

/// The most inputs and baselines that are listed.
pub const MAX_LISTED: usize = 1000;

impl Listed {
    /// Counts an entry, and keeps it if there is room.
    pub fn push(&mut self, source: &str, reason: &str) {
        self.count += 1;
        if self.first.len() < MAX_LISTED {
            self.first.push(Named { source: source.to_owned(), reason: reason.to_owned() });
        }
    }
}

impl Summary {
    /// Counts a record that the prefilter dropped.
    pub fn filtered(&mut self) {
        self.records.total += 1;
        self.records.filtered += 1;
    }

    /// Counts a record that is no event that a detection knows; its Windows event id, if it has one.
    pub fn ignored(&mut self, event_id: Option<u32>) {
        if let Some(id) = event_id.filter(|id| audit::setting(Some(*id)).is_some()) {
            *self.ignored_ids.entry(id).or_default() += 1;
        }
        self.records.total += 1;
        self.records.ignored += 1;
    }

    /// Counts a rejected record; `place` is called for the first one of its reason.
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

    /// Counts an event; `concerned` if a detection uses it.
    pub fn event(&mut self, event: &Event, concerned: bool) {
        self.records.total += 1;
        self.records.events += 1;
        self.names_cut += u64::from(request_of(event).is_some_and(|request| request.names_cut > 0));
        let (event_id, activity) = (event.origin.event_id, event.activity.name());
        let position =
            self.events.iter().position(|kind| kind.event_id == event_id && kind.activity == activity);
        let position = position.unwrap_or_else(|| {
            self.events.push(EventCount::new(event));
            self.events.len() - 1
        });
        self.events[position].add(event, concerned);
    }

    /// Counts a suppressed finding, or notes a baseline in training.
    pub fn notice(&mut self, notice: Notice, time: Time) {
        match notice {
            Notice::Excepted { detection } => *self.excepted.entry(detection).or_default() += 1,
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

    /// Counts an alert, by its last revision; `shown` if it is asked for.
    pub fn alert(&mut self, alert: &Alert, shown: bool) {
        self.alerts.total += 1;
        self.alerts.shown += u64::from(shown);
        *self.alerts.by_severity.entry(alert.severity).or_default() += 1;
        let detection = self.alerts.by_detection.entry(alert.detection.clone()).or_default();
        *detection.entry(alert.severity).or_default() += 1;
    }

    /// Sorts the counts of events and sets the elapsed time.
    pub fn finish(&mut self, elapsed: Duration) {
        self.events.sort_by_key(|kind| (kind.event_id, kind.activity));
        self.seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
    }

    /// Whether every input was read to its end and no record was rejected.
    pub fn is_complete(&self) -> bool {
        self.unread.count == 0 && self.records.rejected == 0
    }
}
