//! The counters and histograms of closed label sets: registered once, at zero, and kept.
//!
//! A series that came into being with its first count would hide that count from `increase()`. To keep the handles also
//! keeps locks and allocations away from where records are counted.

use crate::alert::Severity;
use crate::decode::rejection::Reason;
use crate::detect::catalogue;
use crate::observe::metrics::definitions as define;
use crate::observe::metrics::definitions::Definition;
use crate::observe::metrics::recorder::Recorder;
use crate::observe::metrics::values::{Ended, Rebalance, Reloaded};
use crate::stage::Stage;
use crate::stage::detector::outbox::UNREADABLE;
use crate::stage::port::ALERT_TOO_LONG;
use crate::stage::router::task::Routed;
use metrics::{Counter, Histogram};
use std::collections::BTreeMap;

/// One handle per stage.
pub(crate) struct PerStage<H> {
    router: H,
    detector: H,
}

impl<H> PerStage<H> {
    fn new(handle: impl Fn(Stage) -> H) -> PerStage<H> {
        PerStage { router: handle(Stage::Router), detector: handle(Stage::Detector) }
    }

    pub(crate) fn of(&self, stage: Stage) -> &H {
        match stage {
            Stage::Router => &self.router,
            Stage::Detector => &self.detector,
        }
    }
}

/// One handle per outcome of a transaction.
pub(crate) struct PerEnd<H> {
    committed: H,
    aborted: H,
    unknown: H,
}

impl<H> PerEnd<H> {
    fn new(handle: impl Fn(&'static str) -> H) -> PerEnd<H> {
        let [committed, aborted, unknown] = Ended::ALL.map(|ended| handle(ended.as_str()));
        PerEnd { committed, aborted, unknown }
    }

    pub(crate) fn of(&self, ended: Ended) -> &H {
        match ended {
            Ended::Committed => &self.committed,
            Ended::Aborted => &self.aborted,
            Ended::Unknown => &self.unknown,
        }
    }
}

/// What happens to the partitions of a stage's members.
pub(crate) struct Rebalances {
    assign: Counter,
    revoke: Counter,
    lost: Counter,
}

impl Rebalances {
    pub(crate) fn of(&self, event: Rebalance) -> &Counter {
        match event {
            Rebalance::Assign => &self.assign,
            Rebalance::Revoke => &self.revoke,
            Rebalance::Lost => &self.lost,
        }
    }
}

/// The outcomes of a record at a detector.
pub(crate) struct Applied {
    pub(crate) applied: Counter,
    pub(crate) replayed: Counter,
    pub(crate) skipped: Counter,
    pub(crate) unexpected: Counter,
    pub(crate) unreadable: Counter,
}

/// The series of one detection.
pub(crate) struct OfDetection {
    pub(crate) alerts: BTreeMap<Severity, Counter>,
    pub(crate) latency: Histogram,
    pub(crate) truncated: Counter,
}

/// The series with closed label sets, registered once so that counting needs no look-up.
pub(crate) struct Handles {
    pub(crate) routed: BTreeMap<Routed, Counter>,
    pub(crate) applied: Applied,
    pub(crate) consumed_bytes: PerStage<Counter>,
    pub(crate) record_age: PerStage<Histogram>,
    pub(crate) routed_records: Counter,
    pub(crate) late_events: Counter,
    pub(crate) replayed_alerts: Counter,
    pub(crate) policy_crossings: Counter,
    pub(crate) reloads: BTreeMap<&'static str, Counter>,
    pub(crate) outdated_alerts: Counter,
    pub(crate) excepted_alerts: Counter,
    pub(crate) detections: BTreeMap<&'static str, OfDetection>,
    pub(crate) suppressed_dead_letters: BTreeMap<&'static str, Counter>,
    /// Suppressed dead letters of detectors.
    pub(crate) suppressed_routed: Counter,
    pub(crate) dead_letters: PerStage<BTreeMap<&'static str, Counter>>,
    pub(crate) transactions: PerStage<PerEnd<Histogram>>,
    pub(crate) checkpoints: PerEnd<Histogram>,
    pub(crate) checkpoint_records: Counter,
    pub(crate) checkpoint_bytes: Counter,
    pub(crate) restores: Histogram,
    pub(crate) restored_records: Counter,
    pub(crate) rebalances: PerStage<Rebalances>,
    pub(crate) fencings: PerStage<Counter>,
    pub(crate) restarts: PerStage<Counter>,
    pub(crate) retention_skipped: Counter,
    pub(crate) redelivered: PerStage<Counter>,
    pub(crate) traces_dropped: Counter,
}

impl Handles {
    /// Registers all of them.
    pub(crate) fn new(recorder: &Recorder) -> Handles {
        let plain = |definition: &'static Definition| recorder.counter(definition, &[]);
        let per_stage = |definition: &'static Definition| {
            PerStage::new(|stage| recorder.counter(definition, &[stage.as_str()]))
        };
        Handles {
            routed: routed(recorder),
            applied: applied(recorder),
            consumed_bytes: per_stage(define::CONSUMED_BYTES),
            record_age: PerStage::new(|stage| recorder.histogram(define::RECORD_AGE, &[stage.as_str()])),
            routed_records: plain(define::ROUTED_RECORDS),
            late_events: plain(define::LATE_EVENTS),
            replayed_alerts: plain(define::REPLAYED_ALERTS),
            policy_crossings: plain(define::POLICY_CROSSINGS),
            reloads: Reloaded::ALL
                .map(|outcome| {
                    let outcome = outcome.as_str();
                    (outcome, recorder.counter(define::POLICY_RELOADS, &[outcome]))
                })
                .into(),
            outdated_alerts: plain(define::OUTDATED_ALERTS),
            excepted_alerts: plain(define::EXCEPTED_ALERTS),
            detections: detections(recorder),
            suppressed_dead_letters: Reason::ALL
                .map(|reason| {
                    let reason = reason.as_str();
                    (reason, recorder.counter(define::SUPPRESSED_DEAD_LETTERS, &[reason]))
                })
                .into(),
            suppressed_routed: recorder.counter(define::SUPPRESSED_DEAD_LETTERS, &[UNREADABLE]),
            dead_letters: PerStage::new(|stage| dead_letters(recorder, stage)),
            transactions: PerStage::new(|stage| {
                PerEnd::new(|end| recorder.histogram(define::TRANSACTION_DURATION, &[stage.as_str(), end]))
            }),
            checkpoints: PerEnd::new(|end| recorder.histogram(define::CHECKPOINT_DURATION, &[end])),
            checkpoint_records: plain(define::CHECKPOINT_RECORDS),
            checkpoint_bytes: plain(define::CHECKPOINT_BYTES),
            restores: recorder.histogram(define::RESTORE_DURATION, &[]),
            restored_records: plain(define::RESTORED_RECORDS),
            rebalances: PerStage::new(|stage| rebalances(recorder, stage)),
            fencings: per_stage(define::FENCINGS),
            restarts: per_stage(define::RESTARTS),
            retention_skipped: plain(define::RETENTION_SKIPPED),
            redelivered: per_stage(define::REDELIVERED),
            traces_dropped: plain(define::TRACES_DROPPED),
        }
    }
}

fn routed(recorder: &Recorder) -> BTreeMap<Routed, Counter> {
    let router = Stage::Router.as_str();
    let counter = |outcome: Routed| recorder.counter(define::RECORDS, &[router, outcome.as_str()]);
    Routed::ALL.into_iter().map(|outcome| (outcome, counter(outcome))).collect()
}

fn applied(recorder: &Recorder) -> Applied {
    let counter = |outcome| recorder.counter(define::RECORDS, &[Stage::Detector.as_str(), outcome]);
    Applied {
        applied: counter("applied"),
        replayed: counter("replayed"),
        skipped: counter("skipped"),
        unexpected: counter("stray"),
        unreadable: counter("unreadable"),
    }
}

fn detections(recorder: &Recorder) -> BTreeMap<&'static str, OfDetection> {
    let handles = catalogue::all().into_iter().map(|about| {
        let alerts = about
            .severities
            .iter()
            .map(|severity| (*severity, recorder.counter(define::ALERTS, &[about.id, severity.as_str()])));
        let latency = recorder.histogram(define::ALERT_LATENCY, &[about.id]);
        let truncated = recorder.counter(define::TRUNCATED_ALERTS, &[about.id]);
        (about.id, OfDetection { alerts: alerts.collect(), latency, truncated })
    });
    handles.collect()
}

fn dead_letters(recorder: &Recorder, stage: Stage) -> BTreeMap<&'static str, Counter> {
    let reasons = match stage {
        Stage::Router => Reason::ALL.map(Reason::as_str).to_vec(),
        Stage::Detector => vec![UNREADABLE, ALERT_TOO_LONG],
    };
    let counter = |reason| recorder.counter(define::DEAD_LETTERS, &[stage.as_str(), reason]);
    reasons.into_iter().map(|reason| (reason, counter(reason))).collect()
}

fn rebalances(recorder: &Recorder, stage: Stage) -> Rebalances {
    let counter = |event: Rebalance| recorder.counter(define::REBALANCES, &[stage.as_str(), event.as_str()]);
    let [assign, revoke, lost] = Rebalance::ALL.map(counter);
    Rebalances { assign, revoke, lost }
}
