//! Membership, how far partitions are read, and what workers do with their time.

use crate::event::time::Time;
use crate::observe::metrics::book::{Book, Forget, whole};
use crate::observe::metrics::durability::seconds;
use crate::observe::metrics::{Metrics, PARTITION, STAGE};
use crate::stage::Stage;
use prometheus::{CounterVec, GaugeVec, IntCounterVec, IntGaugeVec};
use std::time::Duration;

#[derive(Clone, Debug)]
pub(crate) struct Group {
    rebalances: IntCounterVec,
    assigned: IntGaugeVec,
    routed_partitions: IntGaugeVec,
    fencings: IntCounterVec,
    restarts: IntCounterVec,
    time: CounterVec,
    poll_at: GaugeVec,
    skipped_by_retention: IntCounterVec,
    delivered_again: IntCounterVec,
    position: IntGaugeVec,
    committed: IntGaugeVec,
    end: IntGaugeVec,
    lag: IntGaugeVec,
    lag_seconds: GaugeVec,
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
    const ALL: [Rebalance; 3] = [Rebalance::Assign, Rebalance::Revoke, Rebalance::Lost];

    /// The word for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rebalance::Assign => "assign",
            Rebalance::Revoke => "revoke",
            Rebalance::Lost => "lost",
        }
    }
}

/// What a worker did with its time since it began: the rest it worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// It waited for records.
    pub waiting: Duration,
    /// It waited for brokers to end transactions.
    pub committing: Duration,
}

/// How far a partition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The next offset to read.
    pub next: u64,
    /// The end of what is stable.
    pub end: u64,
    /// How long ago the record before the next was written, where that is known.
    pub behind: Option<Duration>,
}

impl Group {
    pub(crate) fn new(book: &mut Book) -> prometheus::Result<Group> {
        let group = Group {
            rebalances: book.counter(
                "rebalances_total",
                "Changes of the partitions of a member of a group",
                &[STAGE, "event"],
            )?,
            assigned: book.gauge("assigned_partitions", "Partitions that are ours", &[STAGE, "worker"])?,
            routed_partitions: book.gauge(
                "routed_partitions",
                "Partitions of the routed topic, of which each must be some detector's",
                &[],
            )?,
            fencings: book.counter("fencings_total", "Workers that another instance took over", &[STAGE])?,
            restarts: book.counter(
                "worker_restarts_total",
                "Workers that broke down and began anew",
                &[STAGE],
            )?,
            time: book.seconds(
                "worker_time_seconds_total",
                "What workers did: waiting for records, committing (waiting for brokers), working (restoring, too)",
                &[STAGE, "worker", "doing"],
            )?,
            poll_at: book.fraction(
                "last_poll_timestamp_seconds",
                "When a worker polled last",
                &[STAGE, "worker"],
            )?,
            skipped_by_retention: book.counter(
                "retention_skipped_records_total",
                "Offsets of source topics that retention deleted before they were read",
                &[],
            )?,
            delivered_again: book.counter(
                "redelivered_records_total",
                "Records below the position, skipped",
                &[STAGE],
            )?,
            position: book.gauge("consumer_position_offset", "The next offset to read", &PARTITION)?,
            committed: book.gauge("consumer_committed_offset", "The committed offset", &PARTITION)?,
            end: book.gauge(
                "consumer_stable_offset",
                "The end of what is stable: behind it are at most open transactions",
                &PARTITION,
            )?,
            lag: book.gauge(
                "consumer_lag_records",
                "Offsets between the position and the end of what is stable",
                &PARTITION,
            )?,
            lag_seconds: book.fraction(
                "consumer_lag_seconds",
                "The age of the record that was read last, by its timestamp in Kafka; 0 when all is read",
                &PARTITION,
            )?,
        };
        group.begin();
        Ok(group)
    }

    /// What can be counted is there from the start, at zero.
    fn begin(&self) {
        for stage in Stage::ALL.map(Stage::as_str) {
            for event in Rebalance::ALL {
                self.rebalances.with_label_values(&[stage, event.as_str()]);
            }
            for counter in [&self.fencings, &self.restarts, &self.delivered_again] {
                counter.with_label_values(&[stage]);
            }
        }
        self.skipped_by_retention.with_label_values::<&str>(&[]);
    }

    pub(crate) fn forget(&self, place: &[&str]) {
        let gauges: [&dyn Forget; 5] =
            [&self.position, &self.committed, &self.end, &self.lag, &self.lag_seconds];
        gauges.iter().for_each(|gauge| gauge.forget(place));
    }
}

/// What is counted of members and workers.
impl Metrics {
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

    /// How many partitions the detectors must share.
    pub fn routed_partitions(&self, partitions: u32) {
        self.group.routed_partitions.with_label_values::<&str>(&[]).set(i64::from(partitions));
    }

    /// Another instance took over.
    pub fn fenced(&self, stage: Stage) {
        self.group.fencings.with_label_values(&[stage.as_str()]).inc();
    }

    /// A worker begins anew.
    pub fn restarted(&self, stage: Stage) {
        self.group.restarts.with_label_values(&[stage.as_str()]).inc();
    }

    /// A worker lived for this much longer, spent so, and has just polled.
    pub fn lived(&self, stage: Stage, worker: u16, lived: Duration, spent: Spent, now: Time) {
        let worker = worker.to_string();
        let working = lived.saturating_sub(spent.waiting + spent.committing);
        let doings = [("waiting", spent.waiting), ("committing", spent.committing), ("working", working)];
        for (doing, time) in doings {
            let labels = [stage.as_str(), &worker, doing];
            self.group.time.with_label_values(&labels).inc_by(time.as_secs_f64());
        }
        self.group.poll_at.with_label_values(&[stage.as_str(), &worker]).set(seconds(now));
    }

    /// Retention was faster than we were.
    pub fn skipped_by_retention(&self, offsets: u64) {
        self.group.skipped_by_retention.with_label_values::<&str>(&[]).inc_by(offsets);
    }

    /// Records came that had come before.
    pub fn delivered_again(&self, stage: Stage) {
        self.group.delivered_again.with_label_values(&[stage.as_str()]).inc();
    }

    /// How far a partition is read, and how much of it is left.
    pub fn position(&self, stage: Stage, topic: &str, partition: u32, position: &Position) {
        let place = [stage.as_str(), topic, &partition.to_string()];
        let lag = position.end.saturating_sub(position.next);
        self.group.position.with_label_values(&place).set(whole(position.next));
        self.group.end.with_label_values(&place).set(whole(position.end));
        self.group.lag.with_label_values(&place).set(whole(lag));
        match position.behind {
            _ if lag == 0 => self.group.lag_seconds.with_label_values(&place).set(0.0),
            Some(behind) => self.group.lag_seconds.with_label_values(&place).set(behind.as_secs_f64()),
            None => self.group.lag_seconds.forget(&place),
        }
    }

    /// The committed offset of a partition that is ours.
    pub fn committed(&self, stage: Stage, topic: &str, partition: u32, next: u64) {
        let place = [stage.as_str(), topic, &partition.to_string()];
        self.group.committed.with_label_values(&place).set(whole(next));
    }
}
