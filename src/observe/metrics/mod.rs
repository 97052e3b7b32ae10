//! METRICS: what is counted, by one method each. Names, labels and help texts stand in `definitions.rs`.

pub(crate) mod definitions;
mod recorder;
mod values;
mod handles;

pub use crate::observe::metrics::definitions::Definition;
pub(crate) use crate::observe::metrics::recorder::Gauge;
pub use crate::observe::metrics::values::{Ended, PartitionState, Position, Rebalance, Reloaded, Spent};

use crate::alert::Severity;
use crate::decode::Format;
use crate::event::time::Time;
use crate::host::exit::Failure;
use crate::observe::metrics::definitions as define;
use crate::observe::metrics::handles::Handles;
use crate::observe::metrics::recorder::Recorder;
use crate::observe::metrics::values::{number, seconds};
use crate::stage::Stage;
use crate::stage::detector::counts::DetectorCounts;
use crate::stage::router::tally::Tally;
use crate::stage::router::worker::{DeadLetters, RouterCounts};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// All metrics of a process. Clones share their counts.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    recorder: Recorder,
    handles: Handles,
}

/// The commit of this build, where the build names it.
const REVISION: &str = match option_env!("ADCS_WATCH_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};
/// How often recorded values are moved into the buckets of histograms.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

impl Metrics {
    /// All metrics, those with closed label sets at zero.
    ///
    /// # Errors
    /// When the exporter refuses a definition.
    pub fn new() -> Result<Metrics, Failure> {
        let recorder = Recorder::new()?;
        let handles = Handles::new(&recorder);
        recorder.set(define::BUILD_INFO, &[env!("CARGO_PKG_VERSION"), REVISION], 1.0);
        Ok(Metrics(Arc::new(Inner { recorder, handles })))
    }

    /// All series in Prometheus' text format.
    pub fn text(&self) -> String {
        self.0.recorder.render()
    }

    /// All gauges with their present values.
    pub(crate) fn gauges(&self) -> Vec<Gauge> {
        self.0.recorder.present()
    }

    /// All definitions, in the order of the reference.
    pub fn definitions(&self) -> &'static [&'static Definition] {
        define::ALL
    }

    /// Moves recorded values into the buckets of histograms, every second, for as long as it is polled.
    pub async fn keep_up(&self) {
        let mut timer = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            timer.tick().await;
            self.0.recorder.run_upkeep();
        }
    }

    /// Counts spans that were dropped.
    pub fn spans_dropped(&self, count: u64) {
        self.0.handles.traces_dropped.increment(count);
    }

    /// Sets the fingerprint of the policy, in place of an earlier one.
    pub fn policy(&self, earlier: Option<&str>, version: &str) {
        earlier.into_iter().for_each(|version| self.remove(define::POLICY_INFO, &[version]));
        self.set(define::POLICY_INFO, &[version], 1.0);
    }

    /// Counts a config that was read again.
    pub fn reloaded(&self, outcome: Reloaded) {
        self.0.handles.reloads.get(outcome.as_str()).into_iter().for_each(|count| count.increment(1));
    }

    fn set(&self, definition: &'static Definition, values: &[&str], value: f64) {
        self.0.recorder.set(definition, values, value);
    }

    fn remove(&self, definition: &'static Definition, values: &[&str]) {
        self.0.recorder.remove(definition, values);
    }
}

impl Metrics {
    /// Counts what a router did between two readings of its counts.
    pub fn router(&self, before: &RouterCounts, counts: &RouterCounts) {
        for (outcome, counter) in &self.0.handles.routed {
            let of = |counts: &RouterCounts| counts.records.get(outcome).copied().unwrap_or_default();
            counter.increment(of(counts) - of(before));
        }
        for (kind, DeadLetters { suppressed, .. }) in &counts.rejected {
            let known = before.rejected.get(kind).copied().unwrap_or_default();
            if let Some(counter) = self.0.handles.suppressed_dead_letters.get(kind.1) {
                counter.increment(suppressed - known.suppressed);
            }
        }
    }

    /// Counts what a detector did between two readings of its counts.
    pub fn detector(&self, before: &DetectorCounts, counts: &DetectorCounts) {
        let handles = &self.0.handles;
        let records = &handles.applied;
        for (counter, more) in [
            (&records.applied, counts.applied - before.applied),
            (&records.replayed, counts.replayed - before.replayed),
            (&records.skipped, counts.skipped - before.skipped),
            (&records.unexpected, counts.unexpected - before.unexpected),
            (&records.unreadable, counts.unreadable - before.unreadable),
            (&handles.suppressed_routed, counts.dead_suppressed - before.dead_suppressed),
            (&handles.late_events, counts.late - before.late),
            (&handles.replayed_alerts, counts.replayed_alerts - before.replayed_alerts),
            (&handles.policy_crossings, counts.policy_crossings - before.policy_crossings),
            (&handles.outdated_alerts, counts.suppressed - before.suppressed),
            (&handles.excepted_alerts, counts.excepted - before.excepted),
        ] {
            counter.increment(more);
        }
    }

    /// Exceptions and entries of allow-lists that do not count any more.
    pub fn expired_entries(&self, count: usize) {
        self.set(define::EXPIRED_ENTRIES, &[], count as f64);
    }

    /// Counts a poll that returned records: the bytes of their values, and the age of the oldest where it is known.
    pub fn polled(&self, stage: Stage, bytes: u64, oldest: Option<Duration>) {
        self.0.handles.consumed_bytes.of(stage).increment(bytes);
        if let Some(oldest) = oldest {
            self.0.handles.record_age.of(stage).record(oldest);
        }
    }

    /// Counts records written to the routed topic.
    pub fn routed(&self, count: u64) {
        self.0.handles.routed_records.increment(count);
    }

    /// Counts a committed alert or revision, and the time since its source record was appended, where it is known.
    pub fn alert(&self, detection: &str, severity: Severity, latency: Option<Duration>) {
        let known = self.0.handles.detections.get(detection);
        match known.and_then(|known| known.alerts.get(&severity)) {
            Some(counter) => counter.increment(1),
            None => self.0.recorder.counter(define::ALERTS, &[detection, severity.as_str()]).increment(1),
        }
        if let (Some(known), Some(latency)) = (known, latency) {
            known.latency.record(latency);
        }
    }

    /// Counts an alert that was shortened.
    pub fn alert_truncated(&self, detection: &str) {
        match self.0.handles.detections.get(detection) {
            Some(known) => known.truncated.increment(1),
            None => self.0.recorder.counter(define::TRUNCATED_ALERTS, &[detection]).increment(1),
        }
    }

    /// Counts a dead letter; the reason is one of a closed set.
    pub fn dead_letter(&self, stage: Stage, reason: &str) {
        match self.0.handles.dead_letters.of(stage).get(reason) {
            Some(counter) => counter.increment(1),
            None => self.0.recorder.counter(define::DEAD_LETTERS, &[stage.as_str(), reason]).increment(1),
        }
    }
}

/// Transactions, checkpoints, restores and state.
impl Metrics {
    /// Counts a transaction of this stage by its outcome, with the time it took.
    pub fn transaction(&self, stage: Stage, ended: Ended, took: Duration) {
        self.0.handles.transactions.of(stage).of(ended).record(took);
    }

    /// Counts a transaction that contains a checkpoint of so many records and bytes.
    pub fn checkpoint(&self, ended: Ended, took: Duration, records: u64, bytes: u64) {
        let handles = &self.0.handles;
        handles.checkpoints.of(ended).record(took);
        if ended == Ended::Committed {
            handles.checkpoint_records.increment(records);
            handles.checkpoint_bytes.increment(bytes);
        }
    }

    /// Sets the configured age at which a checkpoint is replaced.
    pub fn checkpoint_interval(&self, interval: Duration) {
        self.set(define::CHECKPOINT_INTERVAL, &[], interval.as_secs_f64());
    }

    /// Counts a restored partition, with the time since its assignment.
    pub fn restored(&self, took: Duration) {
        self.0.handles.restores.record(took);
    }

    /// Counts records of checkpoints that were read.
    pub fn restored_records(&self, count: u64) {
        self.0.handles.restored_records.increment(count);
    }

    /// Sets the number of partitions that a worker is restoring.
    pub fn restoring(&self, worker: u16, partitions: usize) {
        self.set(define::RESTORING, &[&worker.to_string()], number(partitions as u64));
    }

    /// Sets the gauges of a partition's state.
    pub fn state(&self, topic: &str, partition: u32, state: &PartitionState) {
        let place = [topic, &partition.to_string()];
        self.set(define::STATE_RECORDS, &place, number(state.records));
        self.set(define::STATE_BYTES, &place, number(state.bytes));
        self.set(define::SINCE_CHECKPOINT, &place, number(state.since_checkpoint));
        self.set(define::LEFT_TO_REPLAY, &place, number(state.left_to_replay));
        let times = [(define::WATERMARK, state.watermark), (define::CHECKPOINT_AT, state.checkpoint_at)];
        for (gauge, time) in times {
            if let Some(time) = time.filter(|time| *time > Time::MIN) {
                self.set(gauge, &place, seconds(time));
            }
        }
    }
}

/// Group membership, positions and workers.
impl Metrics {
    /// Counts a change of the assigned partitions.
    pub fn rebalance(&self, stage: Stage, event: Rebalance) {
        self.0.handles.rebalances.of(stage).of(event).increment(1);
    }

    /// Sets the number of a worker's assigned partitions.
    pub fn assigned(&self, stage: Stage, worker: u16, partitions: usize) {
        let labels = [stage.as_str(), &worker.to_string()];
        self.set(define::ASSIGNED, &labels, number(partitions as u64));
    }

    /// Sets the number of partitions of the routed topic.
    pub fn routed_partitions(&self, partitions: u32) {
        self.set(define::ROUTED_PARTITIONS, &[], f64::from(partitions));
    }

    /// Counts a worker that was fenced.
    pub fn fenced(&self, stage: Stage) {
        self.0.handles.fencings.of(stage).increment(1);
    }

    /// Counts a restart of a worker after a fault.
    pub fn restarted(&self, stage: Stage) {
        self.0.handles.restarts.of(stage).increment(1);
    }

    /// Counts whole seconds of a worker's time; `doing` is one of `waiting`, `committing` and `working`.
    pub fn worker_time(&self, stage: Stage, worker: u16, doing: &'static str, seconds: u64) {
        let labels = [stage.as_str(), &worker.to_string(), doing];
        self.0.recorder.counter(define::WORKER_TIME, &labels).increment(seconds);
    }

    /// Sets the time of a worker's last poll.
    pub fn worker_polled(&self, stage: Stage, worker: u16, now: Time) {
        self.set(define::LAST_POLL, &[stage.as_str(), &worker.to_string()], seconds(now));
    }

    /// Counts offsets of source topics that retention deleted before they were read.
    pub fn skipped_by_retention(&self, offsets: u64) {
        self.0.handles.retention_skipped.increment(offsets);
    }

    /// Counts a record that was delivered again.
    pub fn delivered_again(&self, stage: Stage) {
        self.0.handles.redelivered.of(stage).increment(1);
    }

    /// Sets the position of a partition and its lag.
    pub fn position(&self, stage: Stage, topic: &str, partition: u32, position: &Position) {
        let place = [stage.as_str(), topic, &partition.to_string()];
        let lag = position.end.saturating_sub(position.next);
        self.set(define::POSITION, &place, number(position.next));
        self.set(define::STABLE, &place, number(position.end));
        self.set(define::LAG, &place, number(lag));
        self.set(define::HIDDEN, &place, number(position.high.saturating_sub(position.end)));
        match position.behind {
            _ if lag == 0 => self.set(define::LAG_SECONDS, &place, 0.0),
            Some(behind) => self.set(define::LAG_SECONDS, &place, behind.as_secs_f64()),
            None => self.remove(define::LAG_SECONDS, &place),
        }
    }

    /// Shows whether a source topic cannot be read.
    pub fn source_refused(&self, topic: &str, is_refused: bool) {
        self.0.recorder.flag(define::SOURCE_REFUSED, &[topic], is_refused);
    }

    /// Shows whether no topic matches the pattern of a source.
    pub fn source_unmatched(&self, pattern: &str, is_unmatched: bool) {
        self.0.recorder.flag(define::SOURCE_UNMATCHED, &[pattern], is_unmatched);
    }

    /// Shows whether an assigned partition is stopped.
    pub fn partition_stopped(&self, stage: Stage, topic: &str, partition: u32, is_stopped: bool) {
        let place = [stage.as_str(), topic, &partition.to_string()];
        self.0.recorder.flag(define::PARTITION_STOPPED, &place, is_stopped);
    }

    /// Sets the committed offset of an assigned partition.
    pub fn committed(&self, stage: Stage, topic: &str, partition: u32, next: u64) {
        let place = [stage.as_str(), topic, &partition.to_string()];
        self.set(define::COMMITTED, &place, number(next));
    }

    /// Ends all series of a partition that is no longer assigned.
    pub fn forget(&self, stage: Stage, topic: &str, partition: u32) {
        let partition = partition.to_string();
        let gauges = define::ALL.iter().filter(|definition| definition.labels.contains(&"partition"));
        for gauge in gauges {
            match gauge.labels {
                ["stage", ..] => self.remove(gauge, &[stage.as_str(), topic, &partition]),
                _ if stage == Stage::Detector => self.remove(gauge, &[topic, &partition]),
                _ => {}
            }
        }
    }
}

/// What is read of source topics.
impl Metrics {
    /// Counts what was read of a topic between two readings of its tally, by `now`.
    pub fn source(&self, topic: &str, before: &Tally, tally: &Tally, now: Time) {
        let recorder = &self.0.recorder;
        recorder.counter(define::SOURCE_RECORDS, &[topic]).increment(tally.records - before.records);
        recorder.counter(define::SOURCE_BAD_TEXT, &[topic]).increment(tally.replaced - before.replaced);
        for (key, count) in &tally.decoded {
            let (format, outcome) = (key.0.map_or("none", Format::as_str), key.1.as_str());
            let more = count - before.decoded.get(key).copied().unwrap_or_default();
            recorder.counter(define::SOURCE_DECODED, &[topic, format, outcome]).increment(more);
        }
        if *before == Tally::default() || tally.events() > before.events() {
            self.set(define::SOURCE_LAST_EVENT, &[topic], seconds(now));
        }
    }
}

/// CAs that the policy names. Others get no series: their names come from events.
impl Metrics {
    /// Counts events of a CA that were read by `now`. Zero events show that the program listens for the CA.
    pub fn heard(&self, ca: &str, events: u64, now: Time) {
        self.0.recorder.counter(define::CA_EVENTS, &[ca]).increment(events);
        if events > 0 {
            self.set(define::CA_LAST_EVENT, &[ca], seconds(now));
        }
    }

    /// Ends the series of a CA that the policy does not name any more.
    pub fn forget_ca(&self, ca: &str) {
        self.remove(define::CA_LAST_EVENT, &[ca]);
    }

    /// Sets the training progress of a baseline.
    pub fn training(&self, detection: &str, ca: &str, ratio: f64) {
        self.set(define::TRAINING, &[detection, ca], ratio);
    }

    /// Ends the series of a baseline that this worker no longer owns.
    pub fn forget_training(&self, detection: &str, ca: &str) {
        self.remove(define::TRAINING, &[detection, ca]);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.0.recorder).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::rejection::Reason;
    use crate::event::time::Time;
    use crate::stage::router::tally::Outcome;
    use std::time::Duration;

    fn series(metrics: &Metrics) -> Vec<String> {
        let series = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let mut all: Vec<String> = metrics.text().lines().filter(series).map(str::to_owned).collect();
        all.sort();
        all
    }

    /// Sets every gauge of a partition.
    fn set_all(metrics: &Metrics, stage: Stage, partition: u32) {
        let position = Position { next: 3, end: 9, high: 12, behind: Some(Duration::from_secs(4)) };
        metrics.position(stage, "a-topic", partition, &position);
        metrics.committed(stage, "a-topic", partition, 2);
        if stage == Stage::Detector {
            let at = Some(Time::from_millis(1));
            let state = PartitionState { watermark: at, checkpoint_at: at, ..PartitionState::default() };
            metrics.state("a-topic", partition, &state);
        }
    }

    #[test]
    fn series_of_a_partition_end_with_its_ownership() {
        let metrics = Metrics::new().unwrap();
        let before = series(&metrics).len();
        for stage in Stage::ALL {
            set_all(&metrics, stage, 7);
        }
        let of_partition =
            series(&metrics).into_iter().filter(|line| line.contains("partition=\"7\"")).count();
        assert_eq!(of_partition, 6 + 12);
        Stage::ALL.iter().for_each(|stage| metrics.forget(*stage, "a-topic", 7));
        assert_eq!(series(&metrics).len(), before);
    }

    #[test]
    fn large_assignment_stays_below_two_thousand_series() {
        let metrics = Metrics::new().unwrap();
        for stage in Stage::ALL {
            (0..48).for_each(|partition| set_all(&metrics, stage, partition));
            for worker in 0..4 {
                metrics.assigned(stage, worker, 12);
                metrics.restoring(worker, 0);
                metrics.worker_polled(stage, worker, Time::from_millis(1));
                ["waiting", "committing", "working"]
                    .iter()
                    .for_each(|doing| metrics.worker_time(stage, worker, doing, 1));
            }
        }
        for ca in 0..20 {
            let ca = format!("ca{ca:02}.corp.example");
            metrics.heard(&ca, 1, Time::from_millis(1));
            metrics.training("certlog-remote-write", &ca, 0.5);
        }
        for topic in 0..4 {
            let outcomes = [Outcome::Event, Outcome::Ignored, Outcome::Rejected(Reason::MissingField)];
            let decoded = outcomes.map(|outcome| ((Some(Format::Xml), outcome), 1)).into();
            let tally = Tally { decoded, ..Tally::default() };
            metrics.source(&format!("a-topic-{topic}"), &Tally::default(), &tally, Time::from_millis(1));
        }
        let count = series(&metrics).len();
        assert!((1000..2000).contains(&count), "{count} series");
    }

    #[test]
    fn counters_of_closed_label_sets_start_at_zero() {
        let metrics = Metrics::new().unwrap();
        let there = series(&metrics);
        for definition in metrics.definitions() {
            let by_name = ["worker", "ca", "partition", "topic"];
            let closed = !definition.labels.iter().any(|label| by_name.contains(label));
            let is_there = there.iter().any(|line| line.starts_with(definition.name));
            let counts = definition.kind != "gauge";
            assert!(is_there || !counts || !closed, "{} is not there", definition.name);
        }
        for line in [
            "adcs_watch_dead_letters_total{reason=\"bad_json\",stage=\"router\"} 0",
            "adcs_watch_alerts_total{detection=\"san-mismatch\",severity=\"critical\"} 0",
            "adcs_watch_records_total{outcome=\"applied\",stage=\"detector\"} 0",
        ] {
            assert!(there.iter().any(|series| series == line), "{line}");
        }
    }

    #[test]
    fn lag_is_never_negative_and_never_stale() {
        let metrics = Metrics::new().unwrap();
        let lag = |position: Position| {
            metrics.position(Stage::Router, "t", 0, &position);
            let lags =
                series(&metrics).into_iter().filter(|line| line.starts_with("adcs_watch_consumer_lag_"));
            lags.map(|line| line.rsplit_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>()
        };
        let behind = Some(Duration::from_secs(60));
        assert_eq!(lag(Position { next: 3, end: 9, high: 9, behind }), ["6", "60"]);
        assert_eq!(lag(Position { next: 9, end: 9, high: 9, behind }), ["0", "0"], "all is read");
        assert_eq!(lag(Position { next: 11, end: 9, high: 9, behind }), ["0", "0"], "the end is stale");
        assert_eq!(lag(Position { next: 3, end: 9, high: 9, behind: None }), ["6"], "unknown is no number");
    }
}
