//! Every metric, each name and label once. A label is one of a closed set or a topic and partition of ours, never a name
//! from an event.

use crate::alert::Severity;
use crate::service::exit::{Exit, Failure};
use crate::service::stage::Stage;
use crate::task::detector_worker::DetectorCounts;
use crate::task::router::Routed;
use crate::task::router_worker::RouterCounts;
use prometheus::core::Collector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// All metrics of a process.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    flow: Flow,
    durability: Durability,
    group: Group,
}

/// What became of records.
#[derive(Clone, Debug)]
struct Flow {
    records: IntCounterVec,
    routed: IntCounterVec,
    late: IntCounterVec,
    silenced: IntCounterVec,
    policy_crossings: IntCounterVec,
    alerts: IntCounterVec,
    held: IntCounterVec,
    dead_letters: IntCounterVec,
    latency: HistogramVec,
}

/// Transactions, and what is remembered.
#[derive(Clone, Debug)]
struct Durability {
    transactions: HistogramVec,
    checkpoints: HistogramVec,
    checkpoint_records: IntCounterVec,
    restores: IntCounterVec,
    restored_records: IntCounterVec,
    restoring: IntGaugeVec,
    state_records: IntGaugeVec,
    state_bytes: IntGaugeVec,
    watermark: IntGaugeVec,
}

/// Membership, and how far partitions are read.
#[derive(Clone, Debug)]
struct Group {
    rebalances: IntCounterVec,
    assigned: IntGaugeVec,
    fencings: IntCounterVec,
    restarts: IntCounterVec,
    skipped_by_retention: IntCounterVec,
    delivered_again: IntCounterVec,
    position: IntGaugeVec,
    lag: IntGaugeVec,
}

/// How a transaction ended, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Committed.
    Committed,
    /// Aborted.
    Aborted,
    /// Nobody knows yet.
    Doubtful,
}

impl Ended {
    const fn as_str(self) -> &'static str {
        match self {
            Ended::Committed => "committed",
            Ended::Aborted => "aborted",
            Ended::Doubtful => "doubtful",
        }
    }
}

/// What happened to the partitions of a member of a group, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// Some were given.
    Assign,
    /// Some were taken, in order.
    Revoke,
    /// Some were gone already.
    Lost,
}

impl Rebalance {
    /// The word for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rebalance::Assign => "assign",
            Rebalance::Revoke => "revoke",
            Rebalance::Lost => "lost",
        }
    }
}

/// Seconds: transactions and checkpoints.
const SHORT: [f64; 12] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0];
/// Seconds: from the source record to its alert, with all that lies between them.
const LONG: [f64; 14] =
    [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 21_600.0, 86_400.0];

const STAGE: &str = "stage";
const PARTITION: [&str; 3] = ["stage", "topic", "partition"];

impl Metrics {
    /// All of them, at zero.
    ///
    /// # Errors
    /// When a name is used twice.
    pub fn new() -> Result<Metrics, Failure> {
        Metrics::registered()
            .map_err(|error| Failure::new(Exit::Output, "cannot define the metrics").because(&error))
    }

    fn registered() -> prometheus::Result<Metrics> {
        let registry = Registry::new();
        let info = gauge(&registry, "build_info", "Always 1", &["version"])?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let (flow, durability) = (Flow::new(&registry)?, Durability::new(&registry)?);
        let group = Group::new(&registry)?;
        Ok(Metrics { registry, flow, durability, group })
    }

    /// All of them in Prometheus' text format.
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}

impl Flow {
    fn new(r: &Registry) -> prometheus::Result<Flow> {
        Ok(Flow {
            records: counter(
                r,
                "records_total",
                "Records consumed, each with its one outcome",
                &[STAGE, "outcome"],
            )?,
            routed: counter(r, "routed_records_total", "Records written to the routed topic", &[])?,
            late: counter(r, "late_events_total", "Events older than the allowed lateness", &[])?,
            policy_crossings: counter(
                r,
                "replay_policy_crossings_total",
                "Replays across a change of the policy",
                &[],
            )?,
            silenced: counter(r, "silenced_alerts_total", "Alerts of a replay, which were out already", &[])?,
            alerts: counter(r, "alerts_total", "Alerts and revisions committed", &["detection", "severity"])?,
            held: counter(r, "alerts_held_total", "Alerts on events too old to be told, not written", &[])?,
            dead_letters: counter(
                r,
                "dead_letters_total",
                "Records written to the dead-letter topic",
                &[STAGE, "reason"],
            )?,
            latency: histogram(
                r,
                "alert_latency_seconds",
                "From the append of the source record to the committed alert",
                &["detection"],
                &LONG,
            )?,
        })
    }
}

impl Durability {
    fn new(r: &Registry) -> prometheus::Result<Durability> {
        Ok(Durability {
            transactions: histogram(
                r,
                "transaction_duration_seconds",
                "From the first record of a transaction to its end",
                &[STAGE, "outcome"],
                &SHORT,
            )?,
            checkpoints: histogram(
                r,
                "checkpoint_duration_seconds",
                "Transactions that hold a checkpoint",
                &["outcome"],
                &SHORT,
            )?,
            checkpoint_records: counter(
                r,
                "checkpoint_records_total",
                "Records written to the checkpoint topic",
                &[],
            )?,
            restores: counter(r, "restores_total", "Partitions restored", &[])?,
            restored_records: counter(
                r,
                "restored_records_total",
                "Checkpoint records read to restore partitions",
                &[],
            )?,
            restoring: gauge(
                r,
                "restoring_partitions",
                "Partitions that are ours and not restored",
                &["worker"],
            )?,
            state_records: gauge(
                r,
                "state_records",
                "Entities and parts of entities remembered",
                &PARTITION[1..],
            )?,
            state_bytes: gauge(r, "state_bytes", "Bytes of the records remembered", &PARTITION[1..])?,
            watermark: gauge(
                r,
                "watermark_timestamp_seconds",
                "The greatest event time a partition has shown",
                &PARTITION[1..],
            )?,
        })
    }
}

impl Group {
    fn new(r: &Registry) -> prometheus::Result<Group> {
        Ok(Group {
            rebalances: counter(
                r,
                "rebalances_total",
                "Changes of the partitions of a member of a group",
                &[STAGE, "event"],
            )?,
            assigned: gauge(r, "assigned_partitions", "Partitions that are ours", &[STAGE, "worker"])?,
            fencings: counter(r, "fencings_total", "Workers that another instance took over", &[STAGE])?,
            restarts: counter(
                r,
                "worker_restarts_total",
                "Workers that broke down and began anew",
                &[STAGE],
            )?,
            skipped_by_retention: counter(
                r,
                "retention_skipped_records_total",
                "Offsets that retention deleted before they were read",
                &["topic"],
            )?,
            delivered_again: counter(
                r,
                "redelivered_records_total",
                "Records below the position, skipped",
                &[STAGE],
            )?,
            position: gauge(r, "consumer_position_offset", "The next offset to read", &PARTITION)?,
            lag: gauge(
                r,
                "consumer_lag_records",
                "Offsets between the position and the end of what is stable",
                &PARTITION,
            )?,
        })
    }
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> prometheus::Result<C> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn counter(r: &Registry, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
    registered(r, IntCounterVec::new(Opts::new(format!("adcs_watch_{name}"), help), labels)?)
}

fn gauge(r: &Registry, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
    registered(r, IntGaugeVec::new(Opts::new(format!("adcs_watch_{name}"), help), labels)?)
}

fn histogram(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
    buckets: &[f64],
) -> prometheus::Result<HistogramVec> {
    let opts = HistogramOpts::new(format!("adcs_watch_{name}"), help).buckets(buckets.to_vec());
    registered(r, HistogramVec::new(opts, labels)?)
}

/// What is counted.
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
        let outcomes = [
            ("applied", counts.applied - told.applied),
            ("replayed", counts.replayed - told.replayed),
            ("skipped", counts.skipped - told.skipped),
            ("stray", counts.stray - told.stray),
            ("unreadable", counts.unreadable - told.unreadable),
        ];
        for (outcome, more) in outcomes.into_iter().filter(|(_, more)| *more > 0) {
            self.records(Stage::Detector, outcome, more);
        }
        self.late(counts.late - told.late);
        self.silenced(counts.silenced - told.silenced);
        self.policy_crossings(counts.policy_crossings - told.policy_crossings);
        self.held(counts.held - told.held);
    }

    /// Records that had this outcome.
    pub fn records(&self, stage: Stage, outcome: &str, count: u64) {
        self.flow.records.with_label_values(&[stage.as_str(), outcome]).inc_by(count);
    }

    /// Records written to the routed topic.
    pub fn routed(&self, count: u64) {
        self.flow.routed.with_label_values::<&str>(&[]).inc_by(count);
    }

    /// Events older than the allowed lateness.
    pub fn late(&self, count: u64) {
        self.flow.late.with_label_values::<&str>(&[]).inc_by(count);
    }

    /// Replays that ran records under another policy than the one that had applied them.
    pub fn policy_crossings(&self, count: u64) {
        self.flow.policy_crossings.with_label_values::<&str>(&[]).inc_by(count);
    }

    /// Alerts that a replay raised again in silence.
    pub fn silenced(&self, count: u64) {
        self.flow.silenced.with_label_values::<&str>(&[]).inc_by(count);
    }

    /// Alerts that are old news and were not written.
    pub fn held(&self, count: u64) {
        self.flow.held.with_label_values::<&str>(&[]).inc_by(count);
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

    /// A transaction that ended.
    pub fn transaction(&self, stage: Stage, ended: Ended, took: Duration) {
        self.durability
            .transactions
            .with_label_values(&[stage.as_str(), ended.as_str()])
            .observe(took.as_secs_f64());
    }

    /// A checkpoint that ended, of so many records.
    pub fn checkpoint(&self, ended: Ended, took: Duration, records: u64) {
        self.durability.checkpoints.with_label_values(&[ended.as_str()]).observe(took.as_secs_f64());
        self.durability.checkpoint_records.with_label_values::<&str>(&[]).inc_by(records);
    }

    /// A partition was restored.
    pub fn restored(&self) {
        self.durability.restores.with_label_values::<&str>(&[]).inc();
    }

    /// Records of a checkpoint were read.
    pub fn restored_records(&self, count: u64) {
        self.durability.restored_records.with_label_values::<&str>(&[]).inc_by(count);
    }

    /// So many partitions are being restored.
    pub fn restoring(&self, worker: u16, partitions: usize) {
        self.durability.restoring.with_label_values(&[&worker.to_string()]).set(whole(partitions as u64));
    }

    /// What a partition remembers, and how far its events have come.
    pub fn state(&self, topic: &str, partition: u32, records: u64, bytes: u64, watermark_ms: Option<i64>) {
        let labels = [topic, &partition.to_string()];
        self.durability.state_records.with_label_values(&labels).set(whole(records));
        self.durability.state_bytes.with_label_values(&labels).set(whole(bytes));
        if let Some(millis) = watermark_ms {
            self.durability.watermark.with_label_values(&labels).set(millis / 1000);
        }
    }

    /// Partitions were given or taken.
    pub fn rebalance(&self, stage: Stage, event: Rebalance) {
        self.group.rebalances.with_label_values(&[stage.as_str(), event.as_str()]).inc();
    }

    /// So many partitions are ours.
    pub fn assigned(&self, stage: Stage, worker: u16, partitions: usize) {
        self.group
            .assigned
            .with_label_values(&[stage.as_str(), &worker.to_string()])
            .set(whole(partitions as u64));
    }

    /// Another instance took over.
    pub fn fenced(&self, stage: Stage) {
        self.group.fencings.with_label_values(&[stage.as_str()]).inc();
    }

    /// A worker begins anew.
    pub fn restarted(&self, stage: Stage) {
        self.group.restarts.with_label_values(&[stage.as_str()]).inc();
    }

    /// Retention was faster than we were.
    pub fn skipped_by_retention(&self, topic: &str, offsets: u64) {
        self.group.skipped_by_retention.with_label_values(&[topic]).inc_by(offsets);
    }

    /// A record came that had come before.
    pub fn delivered_again(&self, stage: Stage) {
        self.group.delivered_again.with_label_values(&[stage.as_str()]).inc();
    }

    /// How far a partition is read, and how much of it is left.
    pub fn position(&self, stage: Stage, topic: &str, partition: u32, next: u64, end: Option<u64>) {
        let labels = [stage.as_str(), topic, &partition.to_string()];
        self.group.position.with_label_values(&labels).set(whole(next));
        if let Some(end) = end {
            self.group.lag.with_label_values(&labels).set(whole(end.saturating_sub(next)));
        }
    }

    /// The partition is not ours any more: its series end.
    pub fn forget(&self, stage: Stage, topic: &str, partition: u32) {
        let partition = partition.to_string();
        let labels = [stage.as_str(), topic, &partition];
        // A series that was never written need not be dropped.
        for gauge in [&self.group.position, &self.group.lag] {
            let _ = gauge.remove_label_values(&labels);
        }
        if stage == Stage::Detector {
            for gauge in
                [&self.durability.state_records, &self.durability.state_bytes, &self.durability.watermark]
            {
                let _ = gauge.remove_label_values(&labels[1..]);
            }
        }
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
