//! STATUS: the state of this process as one JSON document: health and gauges, by worker and by partition.

use crate::event::time::Time;
use crate::observe::health::Health;
use crate::observe::metrics::definitions as define;
use crate::observe::metrics::{Definition, Gauge, Metrics};
use crate::stage::Stage;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How the value of a gauge is written.
#[derive(Clone, Copy, Debug)]
enum As {
    Count,
    Seconds,
    /// Seconds since the Unix epoch as an RFC 3339 time.
    Time,
    /// True; where there is no gauge, false.
    Flag,
}

/// The fields of a partition. The last six are those of a partition of the routed topic.
const PARTITION: [(&str, &Definition, As); 13] = [
    ("position", define::POSITION, As::Count),
    ("committed", define::COMMITTED, As::Count),
    ("end", define::STABLE, As::Count),
    ("lag_records", define::LAG, As::Count),
    ("lag_seconds", define::LAG_SECONDS, As::Seconds),
    ("hidden_records", define::HIDDEN, As::Count),
    ("is_stopped", define::PARTITION_STOPPED, As::Flag),
    ("left_to_replay", define::LEFT_TO_REPLAY, As::Count),
    ("state_records", define::STATE_RECORDS, As::Count),
    ("state_bytes", define::STATE_BYTES, As::Count),
    ("records_since_checkpoint", define::SINCE_CHECKPOINT, As::Count),
    ("last_checkpoint", define::CHECKPOINT_AT, As::Time),
    ("watermark", define::WATERMARK, As::Time),
];

/// The fields of a worker, beside what it does.
const WORKER: [(&str, &Definition, As); 3] = [
    ("assigned_partitions", define::ASSIGNED, As::Count),
    ("restoring_partitions", define::RESTORING, As::Count),
    ("last_poll", define::LAST_POLL, As::Time),
];

/// Rows by stage, topic (none for a worker) and number.
type Rows = BTreeMap<(String, String, u64), Map<String, Value>>;

/// The state of the process.
pub(crate) fn of(health: &Health, metrics: &Metrics) -> Value {
    let (mut workers, mut partitions) = (Rows::new(), Rows::new());
    for (stage, worker, state) in health.workers() {
        let key = (stage.as_str().to_owned(), String::new(), u64::from(worker));
        workers.entry(key).or_default().insert("state".to_owned(), state.into());
    }
    for gauge in metrics.gauges() {
        let labels = Labels(&gauge);
        if let Some(partition) = labels.number("partition") {
            let key = (labels.stage(), labels.text("topic").unwrap_or_default().to_owned(), partition);
            add(partitions.entry(key).or_default(), &PARTITION, &gauge);
        } else if let Some(worker) = labels.number("worker") {
            add(workers.entry((labels.stage(), String::new(), worker)).or_default(), &WORKER, &gauge);
        }
    }
    let complaints = health.complaints();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "is_ready": complaints.is_empty(),
        "complaints": complaints,
        "remarks": health.remarks(),
        "workers": rows(workers, "worker"),
        "partitions": rows(partitions, "partition"),
    })
}

struct Labels<'a>(&'a Gauge);

impl Labels<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        let mut labels = self.0.definition.labels.iter().zip(&self.0.values);
        labels.find(|(label, _)| **label == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// Gauges without the label are those of a detector.
    fn stage(&self) -> String {
        self.text("stage").unwrap_or(Stage::Detector.as_str()).to_owned()
    }
}

fn add(row: &mut Map<String, Value>, fields: &[(&str, &Definition, As)], gauge: &Gauge) {
    if let Some((name, _, kind)) = fields.iter().find(|(_, definition, _)| *definition == gauge.definition) {
        row.insert((*name).to_owned(), kind.value(gauge.value));
    }
}

impl As {
    #[expect(clippy::cast_possible_truncation, reason = "counts and milliseconds stay below 2^53")]
    fn value(self, gauge: f64) -> Value {
        match self {
            As::Count => Value::from(gauge as i64),
            As::Seconds => Value::from(gauge),
            As::Time => Value::from(Time::from_millis((gauge * 1000.0).round() as i64).to_string()),
            As::Flag => Value::from(gauge > 0.0),
        }
    }
}

/// The rows in their order, each with its key.
fn rows(rows: Rows, number_as: &str) -> Vec<Map<String, Value>> {
    let row = |((stage, topic, number), mut row): ((String, String, u64), Map<String, Value>)| {
        row.insert("stage".to_owned(), stage.into());
        row.insert(number_as.to_owned(), number.into());
        if !topic.is_empty() {
            row.insert("topic".to_owned(), topic.into());
            row.entry("is_stopped").or_insert(Value::Bool(false));
        }
        row
    };
    rows.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::health::Condition;
    use crate::observe::metrics::{PartitionState, Position};
    use std::time::Duration;

    #[test]
    fn partitions_and_workers_have_what_the_gauges_know() {
        let (health, metrics) = (Health::default(), Metrics::new().unwrap());
        health.note(Stage::Detector, 1, Condition::Restoring(2));
        metrics.assigned(Stage::Detector, 1, 4);
        metrics.restoring(1, 2);
        let behind = Some(Duration::from_millis(4500));
        let position = Position { next: 90, end: 100, high: 103, behind };
        metrics.position(Stage::Detector, "routed", 7, &position);
        metrics.committed(Stage::Detector, "routed", 7, 80);
        let checkpoint_at = Some(Time::from_millis(1_700_000_000_120));
        let state = PartitionState {
            records: 5,
            bytes: 700,
            left_to_replay: 12,
            checkpoint_at,
            ..PartitionState::default()
        };
        metrics.state("routed", 7, &state);
        metrics.position(Stage::Router, "siem", 0, &Position { behind: None, ..position });
        metrics.partition_stopped(Stage::Router, "siem", 0, true);
        let status = of(&health, &metrics);
        assert_eq!(
            (&status["is_ready"], status["complaints"].as_array().map(Vec::len)),
            (&false.into(), Some(1))
        );
        let worker = json!([{
            "stage": "detector", "worker": 1, "state": "restores 2 partitions",
            "assigned_partitions": 4, "restoring_partitions": 2,
        }]);
        assert_eq!(status["workers"], worker);
        let partitions = json!([
            {
                "stage": "detector", "topic": "routed", "partition": 7, "is_stopped": false,
                "position": 90, "committed": 80, "end": 100, "hidden_records": 3,
                "lag_records": 10, "lag_seconds": 4.5, "left_to_replay": 12,
                "state_records": 5, "state_bytes": 700, "records_since_checkpoint": 0,
                "last_checkpoint": "2023-11-14T22:13:20.120Z",
            },
            {
                "stage": "router", "topic": "siem", "partition": 0, "is_stopped": true,
                "position": 90, "end": 100, "hidden_records": 3, "lag_records": 10,
            },
        ]);
        assert_eq!(status["partitions"], partitions);
    }

    #[test]
    fn partition_that_is_taken_away_is_not_there_and_a_worker_without_a_gauge_is() {
        let (health, metrics) = (Health::default(), Metrics::new().unwrap());
        health.note(Stage::Router, 0, Condition::Working);
        metrics.committed(Stage::Router, "siem", 3, 1);
        metrics.forget(Stage::Router, "siem", 3);
        let status = of(&health, &metrics);
        assert_eq!((&status["is_ready"], &status["partitions"]), (&true.into(), &json!([])));
        assert_eq!(status["workers"], json!([{"stage": "router", "worker": 0, "state": "works"}]));
    }
}
