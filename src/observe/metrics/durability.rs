//! Transactions, checkpoints, restores, and what is remembered.

use crate::event::time::Time;
use crate::observe::metrics::book::{Book, Forget, whole};
use crate::observe::metrics::{LONG, Metrics, PARTITION, SHORT, STAGE};
use crate::stage::Stage;
use prometheus::{GaugeVec, HistogramVec, IntCounterVec, IntGaugeVec};
use std::time::Duration;

#[derive(Clone, Debug)]
pub(crate) struct Durability {
    transactions: HistogramVec,
    checkpoints: HistogramVec,
    checkpoint_records: IntCounterVec,
    checkpoint_bytes: IntCounterVec,
    checkpoint_at: GaugeVec,
    checkpoint_interval: GaugeVec,
    since_checkpoint: IntGaugeVec,
    restores: HistogramVec,
    restored_records: IntCounterVec,
    restoring: IntGaugeVec,
    state_records: IntGaugeVec,
    state_bytes: IntGaugeVec,
    watermark: GaugeVec,
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
    const ALL: [Ended; 3] = [Ended::Committed, Ended::Aborted, Ended::Doubtful];

    const fn as_str(self) -> &'static str {
        match self {
            Ended::Committed => "committed",
            Ended::Aborted => "aborted",
            Ended::Doubtful => "doubtful",
        }
    }
}

/// What a partition of the routed topic remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartitionState {
    /// Entities and parts of entities.
    pub records: u64,
    /// Bytes of their records.
    pub bytes: u64,
    /// The greatest event time seen.
    pub watermark: Option<Time>,
    /// Records applied since the last checkpoint.
    pub since_checkpoint: u64,
    /// When that was committed, or the partition was taken over.
    pub checkpoint_at: Option<Time>,
}

impl Durability {
    pub(crate) fn new(book: &mut Book) -> prometheus::Result<Durability> {
        let place = &PARTITION[1..];
        let durability = Durability {
            transactions: book.histogram(
                "transaction_duration_seconds",
                "From the first record of a transaction to its end",
                &[STAGE, "outcome"],
                &SHORT,
            )?,
            checkpoints: book.histogram(
                "checkpoint_duration_seconds",
                "Transactions that hold a checkpoint",
                &["outcome"],
                &SHORT,
            )?,
            checkpoint_records: book.counter(
                "checkpoint_records_total",
                "Records committed to the checkpoint topic",
                &[],
            )?,
            checkpoint_bytes: book.counter(
                "checkpoint_bytes_total",
                "Bytes of keys and values committed to the checkpoint topic",
                &[],
            )?,
            checkpoint_at: book.fraction(
                "checkpoint_last_success_timestamp_seconds",
                "When the last checkpoint of a partition was committed, or the partition taken over",
                place,
            )?,
            checkpoint_interval: book.fraction(
                "checkpoint_interval_seconds",
                "The configured age of a checkpoint at which there is a new one, if there is anything to write",
                &[],
            )?,
            since_checkpoint: book.gauge(
                "records_since_checkpoint",
                "Records applied since the last checkpoint: what a crash would have replayed",
                place,
            )?,
            restores: book.histogram(
                "restore_duration_seconds",
                "From the assignment of a partition until it raises alerts",
                &[],
                &LONG,
            )?,
            restored_records: book.counter(
                "restored_records_total",
                "Checkpoint records read to restore partitions",
                &[],
            )?,
            restoring: book.gauge(
                "restoring_partitions",
                "Partitions that are ours and do not raise alerts yet",
                &["worker"],
            )?,
            state_records: book.gauge("state_records", "Entities and parts of entities remembered", place)?,
            state_bytes: book.gauge("state_bytes", "Bytes of the records remembered", place)?,
            watermark: book.fraction(
                "watermark_timestamp_seconds",
                "The greatest event time a partition has shown",
                place,
            )?,
        };
        durability.begin();
        Ok(durability)
    }

    /// What can be counted is there from the start, at zero.
    fn begin(&self) {
        for outcome in Ended::ALL {
            for stage in Stage::ALL {
                self.transactions.with_label_values(&[stage.as_str(), outcome.as_str()]);
            }
            self.checkpoints.with_label_values(&[outcome.as_str()]);
        }
        for counter in [&self.checkpoint_records, &self.checkpoint_bytes, &self.restored_records] {
            counter.with_label_values::<&str>(&[]);
        }
        self.restores.with_label_values::<&str>(&[]);
    }

    pub(crate) fn forget(&self, place: &[&str]) {
        let gauges: [&dyn Forget; 5] = [
            &self.checkpoint_at,
            &self.since_checkpoint,
            &self.state_records,
            &self.state_bytes,
            &self.watermark,
        ];
        gauges.iter().for_each(|gauge| gauge.forget(place));
    }
}

/// What is counted of transactions and state.
impl Metrics {
    /// A transaction that ended.
    pub fn transaction(&self, stage: Stage, ended: Ended, took: Duration) {
        self.durability
            .transactions
            .with_label_values(&[stage.as_str(), ended.as_str()])
            .observe(took.as_secs_f64());
    }

    /// A transaction with a checkpoint ended, with so many records and bytes of it.
    pub fn checkpoint(&self, ended: Ended, took: Duration, records: u64, bytes: u64) {
        self.durability.checkpoints.with_label_values(&[ended.as_str()]).observe(took.as_secs_f64());
        if ended == Ended::Committed {
            self.durability.checkpoint_records.with_label_values::<&str>(&[]).inc_by(records);
            self.durability.checkpoint_bytes.with_label_values::<&str>(&[]).inc_by(bytes);
        }
    }

    /// How old the config lets a checkpoint become.
    pub fn checkpoint_interval(&self, interval: Duration) {
        self.durability.checkpoint_interval.with_label_values::<&str>(&[]).set(interval.as_secs_f64());
    }

    /// A partition raises alerts, so long after it was assigned.
    pub fn restored(&self, took: Duration) {
        self.durability.restores.with_label_values::<&str>(&[]).observe(took.as_secs_f64());
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
    pub fn state(&self, topic: &str, partition: u32, state: &PartitionState) {
        let place = [topic, &partition.to_string()];
        self.durability.state_records.with_label_values(&place).set(whole(state.records));
        self.durability.state_bytes.with_label_values(&place).set(whole(state.bytes));
        self.durability.since_checkpoint.with_label_values(&place).set(whole(state.since_checkpoint));
        for (gauge, time) in [
            (&self.durability.watermark, state.watermark),
            (&self.durability.checkpoint_at, state.checkpoint_at),
        ] {
            if let Some(time) = time.filter(|time| *time > Time::MIN) {
                gauge.with_label_values(&place).set(seconds(time));
            }
        }
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn seconds(time: Time) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 have 41 bits, a float 53")]
    let millis = time.as_millis() as f64;
    millis / 1000.0
}
