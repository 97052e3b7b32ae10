//! Every metric, each name and label once. A label is one of a closed set, a topic and partition of ours, or a CA that the
//! policy names; never a name from an event.
//!
//! A series of a closed set is there from the start, at zero: one that came into being with its first count would hide that
//! count from `increase()`. A series of a partition ends with its ownership.

mod book;
mod coverage;
mod durability;
mod flow;
mod group;
mod spans;

pub use crate::observe::metrics::book::{Definition, PREFIX};
pub use crate::observe::metrics::durability::{Ended, PartitionState};
pub use crate::observe::metrics::group::{Position, Rebalance, Spent};

use crate::host::exit::{Exit, Failure};
use crate::observe::metrics::book::Book;
use crate::observe::metrics::coverage::Coverage;
use crate::observe::metrics::durability::Durability;
use crate::observe::metrics::flow::Flow;
use crate::observe::metrics::group::Group;
use crate::observe::metrics::spans::Spans;
use crate::stage::Stage;

/// All metrics of a process.
#[derive(Clone, Debug)]
pub struct Metrics {
    book: Book,
    flow: Flow,
    durability: Durability,
    group: Group,
    coverage: Coverage,
    spans: Spans,
}

/// Seconds: transactions and checkpoints.
const SHORT: [f64; 12] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0];
/// Seconds: from a record to what came of it, with all that lies between them.
const LONG: [f64; 14] =
    [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 21_600.0, 86_400.0];

const STAGE: &str = "stage";
const PARTITION: [&str; 3] = ["stage", "topic", "partition"];

/// The commit that this was built of, where the build says so.
const REVISION: &str = match option_env!("ADCS_WATCH_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

impl Metrics {
    /// All of them, at zero.
    ///
    /// # Errors
    /// When a name is used twice.
    pub fn new() -> Result<Metrics, Failure> {
        Metrics::defined()
            .map_err(|error| Failure::new(Exit::Output, "cannot define the metrics").because(&error))
    }

    fn defined() -> prometheus::Result<Metrics> {
        let mut book = Book::default();
        let info = book.gauge("build_info", "Always 1: which program this is", &["version", "revision"])?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION"), REVISION]).set(1);
        let (flow, durability) = (Flow::new(&mut book)?, Durability::new(&mut book)?);
        let (group, coverage) = (Group::new(&mut book)?, Coverage::new(&mut book)?);
        let spans = Spans::new(&mut book)?;
        book.process()?;
        Ok(Metrics { book, flow, durability, group, coverage, spans })
    }

    /// All of them in Prometheus' text format.
    pub fn text(&self) -> Vec<u8> {
        self.book.text()
    }

    /// What each of them is, in the order of this room's files.
    pub fn definitions(&self) -> &[Definition] {
        self.book.definitions()
    }

    /// The partition is not ours any more: its series end.
    pub fn forget(&self, stage: Stage, topic: &str, partition: u32) {
        let partition = partition.to_string();
        self.group.forget(&[stage.as_str(), topic, &partition]);
        if stage == Stage::Detector {
            self.durability.forget(&[topic, &partition]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::time::Time;
    use std::time::Duration;

    fn series(metrics: &Metrics) -> Vec<String> {
        let text = String::from_utf8(metrics.text()).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    /// Everything that can be told of a partition.
    fn tell(metrics: &Metrics, stage: Stage, partition: u32) {
        let position = Position { next: 3, end: 9, behind: Some(Duration::from_secs(4)) };
        metrics.position(stage, "a-topic", partition, &position);
        metrics.committed(stage, "a-topic", partition, 2);
        if stage == Stage::Detector {
            let at = Some(Time::from_millis(1));
            let state = PartitionState { watermark: at, checkpoint_at: at, ..PartitionState::default() };
            metrics.state("a-topic", partition, &state);
        }
    }

    #[test]
    fn the_series_of_a_partition_end_with_its_ownership() {
        let metrics = Metrics::new().unwrap();
        let before = series(&metrics).len();
        for stage in Stage::ALL {
            tell(&metrics, stage, 7);
        }
        let of_it = series(&metrics).into_iter().filter(|line| line.contains("partition=\"7\"")).count();
        assert_eq!(of_it, 5 + 10);
        Stage::ALL.iter().for_each(|stage| metrics.forget(*stage, "a-topic", 7));
        assert_eq!(series(&metrics).len(), before);
    }

    #[test]
    fn a_big_assignment_stays_below_two_thousand_series() {
        let metrics = Metrics::new().unwrap();
        for stage in Stage::ALL {
            (0..48).for_each(|partition| tell(&metrics, stage, partition));
            for worker in 0..4 {
                metrics.assigned(stage, worker, 12);
                metrics.restoring(worker, 0);
                metrics.lived(stage, worker, Duration::from_secs(1), Spent::default(), Time::from_millis(1));
            }
        }
        for ca in 0..20 {
            let ca = format!("ca{ca:02}.corp.example");
            metrics.heard(&ca, 1, Time::from_millis(1));
            metrics.training("certlog-remote-write", &ca, 0.5);
        }
        let count = series(&metrics).len();
        assert!((1000..2000).contains(&count), "{count} series");
    }

    #[test]
    fn what_can_be_counted_is_there_at_zero_from_the_start() {
        let metrics = Metrics::new().unwrap();
        let there = series(&metrics);
        for definition in metrics.definitions() {
            let by_name = ["worker", "ca", "partition"];
            let closed = !definition.labels.iter().any(|label| by_name.contains(&label.as_str()));
            let is_there = there.iter().any(|line| line.starts_with(&definition.name));
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
    fn a_lag_is_never_negative_and_never_old() {
        let metrics = Metrics::new().unwrap();
        let lag = |position: Position| {
            metrics.position(Stage::Router, "t", 0, &position);
            let lags =
                series(&metrics).into_iter().filter(|line| line.starts_with("adcs_watch_consumer_lag_"));
            lags.map(|line| line.rsplit_once(' ').unwrap().1.to_owned()).collect::<Vec<_>>()
        };
        let behind = Some(Duration::from_secs(60));
        assert_eq!(lag(Position { next: 3, end: 9, behind }), ["6", "60"]);
        assert_eq!(lag(Position { next: 9, end: 9, behind }), ["0", "0"], "all is read");
        assert_eq!(lag(Position { next: 11, end: 9, behind }), ["0", "0"], "the end is old news");
        assert_eq!(lag(Position { next: 3, end: 9, behind: None }), ["6"], "unknown is no number");
    }
}
