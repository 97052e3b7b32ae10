//! What became of records, and of alerts.

use crate::alert::Severity;
use crate::decode::rejection::Reason;
use crate::detect::catalogue;
use crate::observe::metrics::book::Book;
use crate::observe::metrics::{LONG, Metrics, STAGE};
use crate::stage::Stage;
use crate::stage::detector::task::UNREADABLE;
use crate::stage::detector::worker::DetectorCounts;
use crate::stage::router::task::Routed;
use crate::stage::router::worker::RouterCounts;
use prometheus::{HistogramVec, IntCounterVec};
use std::time::Duration;

#[derive(Clone, Debug)]
pub(crate) struct Flow {
    records: IntCounterVec,
    bytes: IntCounterVec,
    age: HistogramVec,
    routed: IntCounterVec,
    late: IntCounterVec,
    silenced: IntCounterVec,
    policy_crossings: IntCounterVec,
    alerts: IntCounterVec,
    held: IntCounterVec,
    dead_letters: IntCounterVec,
    latency: HistogramVec,
}

/// What becomes of a record at a detector.
const APPLIED: [&str; 5] = ["applied", "replayed", "skipped", "stray", "unreadable"];

impl Flow {
    pub(crate) fn new(book: &mut Book) -> prometheus::Result<Flow> {
        let flow = Flow {
            records: book.counter(
                "records_total",
                "Records consumed, each with its one outcome",
                &[STAGE, "outcome"],
            )?,
            bytes: book.counter("consumed_bytes_total", "Bytes of the values of records consumed", &[STAGE])?,
            age: book.histogram(
                "record_age_seconds",
                "The oldest record of each poll, from its append to the poll (topics with LogAppendTime, and the routed topic)",
                &[STAGE],
                &LONG,
            )?,
            routed: book.counter("routed_records_total", "Records written to the routed topic", &[])?,
            late: book.counter("late_events_total", "Events older than the allowed lateness", &[])?,
            silenced: book.counter(
                "silenced_alerts_total",
                "Alerts of a replay, which were out already",
                &[],
            )?,
            policy_crossings: book.counter(
                "replay_policy_crossings_total",
                "Replays across a change of the policy",
                &[],
            )?,
            alerts: book.counter(
                "alerts_total",
                "Alerts and revisions committed",
                &["detection", "severity"],
            )?,
            held: book.counter(
                "alerts_held_total",
                "Alerts on events too old to be told, not written",
                &[],
            )?,
            dead_letters: book.counter(
                "dead_letters_total",
                "Records written to the dead-letter topic",
                &[STAGE, "reason"],
            )?,
            latency: book.histogram(
                "alert_latency_seconds",
                "From the append of the source record (topics with LogAppendTime) to the committed alert",
                &["detection"],
                &LONG,
            )?,
        };
        flow.begin();
        Ok(flow)
    }

    /// What can be counted is there from the start, at zero.
    fn begin(&self) {
        for outcome in Routed::ALL {
            self.records.with_label_values(&[Stage::Router.as_str(), outcome.as_str()]);
        }
        for outcome in APPLIED {
            self.records.with_label_values(&[Stage::Detector.as_str(), outcome]);
        }
        for stage in Stage::ALL {
            self.bytes.with_label_values(&[stage.as_str()]);
            self.age.with_label_values(&[stage.as_str()]);
        }
        for counter in [&self.routed, &self.late, &self.silenced, &self.policy_crossings, &self.held] {
            counter.with_label_values::<&str>(&[]);
        }
        for reason in Reason::ALL {
            self.dead_letters.with_label_values(&[Stage::Router.as_str(), reason.as_str()]);
        }
        self.dead_letters.with_label_values(&[Stage::Detector.as_str(), UNREADABLE]);
        for about in catalogue::all() {
            self.latency.with_label_values(&[about.id]);
            for severity in about.severities {
                self.alerts.with_label_values(&[about.id, severity.as_str()]);
            }
        }
    }
}

/// What is counted of records and alerts.
impl Metrics {
    /// What a router did since `told`.
    pub fn router(&self, told: &RouterCounts, counts: &RouterCounts) {
        for outcome in Routed::ALL {
            let of = |counts: &RouterCounts| counts.records.get(&outcome).copied().unwrap_or_default();
            let more = of(counts) - of(told);
            if more > 0 {
                self.records(Stage::Router, outcome.as_str(), more);
            }
        }
    }

    /// What a detector did since `told`.
    pub fn detector(&self, told: &DetectorCounts, counts: &DetectorCounts) {
        let [applied, replayed, skipped, stray, unreadable] = APPLIED;
        let outcomes = [
            (applied, counts.applied - told.applied),
            (replayed, counts.replayed - told.replayed),
            (skipped, counts.skipped - told.skipped),
            (stray, counts.stray - told.stray),
            (unreadable, counts.unreadable - told.unreadable),
        ];
        for (outcome, more) in outcomes.into_iter().filter(|(_, more)| *more > 0) {
            self.records(Stage::Detector, outcome, more);
        }
        let others = [
            (&self.flow.late, counts.late - told.late),
            (&self.flow.silenced, counts.silenced - told.silenced),
            (&self.flow.policy_crossings, counts.policy_crossings - told.policy_crossings),
            (&self.flow.held, counts.held - told.held),
        ];
        for (counter, more) in others.into_iter().filter(|(_, more)| *more > 0) {
            counter.with_label_values::<&str>(&[]).inc_by(more);
        }
    }

    /// Records that had this outcome.
    pub fn records(&self, stage: Stage, outcome: &str, count: u64) {
        self.flow.records.with_label_values(&[stage.as_str(), outcome]).inc_by(count);
    }

    /// A poll brought records with values of so many bytes, the oldest of them appended so long ago where that is known.
    pub fn polled(&self, stage: Stage, bytes: u64, oldest: Option<Duration>) {
        self.flow.bytes.with_label_values(&[stage.as_str()]).inc_by(bytes);
        if let Some(oldest) = oldest {
            self.flow.age.with_label_values(&[stage.as_str()]).observe(oldest.as_secs_f64());
        }
    }

    /// Records written to the routed topic.
    pub fn routed(&self, count: u64) {
        self.flow.routed.with_label_values::<&str>(&[]).inc_by(count);
    }

    /// An alert or revision that is out, this long after its source record was appended, where that is known.
    pub fn alert(&self, detection: &str, severity: Severity, latency: Option<Duration>) {
        self.flow.alerts.with_label_values(&[detection, severity.as_str()]).inc();
        if let Some(latency) = latency {
            self.flow.latency.with_label_values(&[detection]).observe(latency.as_secs_f64());
        }
    }

    /// A dead letter.
    pub fn dead_letter(&self, stage: Stage, reason: &str) {
        self.flow.dead_letters.with_label_values(&[stage.as_str(), reason]).inc();
    }
}
