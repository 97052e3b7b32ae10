//! The recorder behind the `metrics` facade: `metrics-exporter-prometheus`, one per [`crate::observe::metrics::Metrics`],
//! not one per process, so that tests do not share counts.
//!
//! Counters and histograms are handles that are made once and kept. Gauges are values in a map, and enter the recorder
//! only while a page is rendered: the exporter cannot remove a series, and a gauge handle that is kept stays invisible
//! once it has idled. So every gauge is registered and set for each page, under the lock that also covers the rendering,
//! and an idle timeout of a nanosecond removes each gauge that was not set for this page. The series of a partition
//! therefore ends when it is removed from the map.

use crate::host::exit::{Exit, Failure};
use crate::observe::metrics::definitions::{ALL, Definition};
use metrics::{Counter, Histogram, Key, KeyName, Label, Level, Metadata, Recorder as _, with_local_recorder};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use metrics_process::Collector;
use metrics_util::MetricKindMask;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const METADATA: Metadata<'static> = Metadata::new("adcs_watch", Level::INFO, None);

/// All series of a process.
pub(crate) struct Recorder {
    exporter: PrometheusRecorder,
    handle: PrometheusHandle,
    gauges: Mutex<Gauges>,
    process: Collector,
}

/// A gauge and its present value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gauge {
    pub definition: &'static Definition,
    /// The values of its labels, in their order.
    pub values: Vec<String>,
    pub value: f64,
}

/// The current value of each gauge, by name and label values.
type Gauges = BTreeMap<(&'static str, Vec<String>), (&'static Definition, f64)>;

impl Recorder {
    /// A recorder that knows all definitions and has no series yet.
    ///
    /// # Errors
    /// When the exporter refuses a definition.
    pub(crate) fn new() -> Result<Recorder, Failure> {
        let builder = builder()
            .map_err(|error| Failure::new(Exit::Defect, "cannot define the metrics").because(&error))?;
        let exporter = builder.build_recorder();
        for definition in ALL {
            let (name, help) = (KeyName::from_const_str(definition.name), definition.help.into());
            match definition.kind {
                "counter" => exporter.describe_counter(name, None, help),
                "gauge" => exporter.describe_gauge(name, None, help),
                _ => exporter.describe_histogram(name, None, help),
            }
        }
        let handle = exporter.handle();
        Ok(Recorder { exporter, handle, gauges: Mutex::default(), process: Collector::default() })
    }

    /// A counter, which is exported from now on, at zero until it is incremented.
    pub(crate) fn counter(&self, definition: &'static Definition, values: &[&str]) -> Counter {
        self.exporter.register_counter(&key(definition, values), &METADATA)
    }

    /// A histogram, which is exported from now on, empty until a value is recorded.
    pub(crate) fn histogram(&self, definition: &'static Definition, values: &[&str]) -> Histogram {
        self.exporter.register_histogram(&key(definition, values), &METADATA)
    }

    /// Sets the gauge with these label values, and exports it from now on.
    pub(crate) fn set(&self, definition: &'static Definition, values: &[&str], value: f64) {
        self.gauges().insert(place(definition, values), (definition, value));
    }

    /// Ends the series of a gauge.
    pub(crate) fn remove(&self, definition: &'static Definition, values: &[&str]) {
        self.gauges().remove(&place(definition, values));
    }

    /// Sets a gauge to 1, or ends its series.
    pub(crate) fn flag(&self, definition: &'static Definition, values: &[&str], is_set: bool) {
        match is_set {
            true => self.set(definition, values, 1.0),
            false => self.remove(definition, values),
        }
    }

    /// The gauges that `/metrics` would export now, without those of the process.
    pub(crate) fn present(&self) -> Vec<Gauge> {
        let gauges = self.gauges();
        let gauge =
            |((_, values), (definition, value)): (&(&str, Vec<String>), &(&'static Definition, f64))| Gauge {
                definition,
                values: values.clone(),
                value: *value,
            };
        gauges.iter().map(gauge).collect()
    }

    /// All series in Prometheus' text format.
    pub(crate) fn render(&self) -> String {
        let gauges = self.gauges();
        with_local_recorder(&self.exporter, || self.process.collect());
        for ((_, values), (definition, value)) in &*gauges {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            self.exporter.register_gauge(&key(definition, &values), &METADATA).set(*value);
        }
        self.handle.render()
    }

    /// Moves recorded values into the buckets of their histograms. Without it they pile up between two pages.
    pub(crate) fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// A thread that panicked leaves a map that is whole.
    fn gauges(&self) -> MutexGuard<'_, Gauges> {
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let idle = Some(Duration::from_nanos(1));
    let builder = PrometheusBuilder::new().idle_timeout(MetricKindMask::GAUGE, idle);
    let mut histograms = ALL.iter().filter(|definition| !definition.buckets.is_empty());
    histograms.try_fold(builder, |builder, definition| {
        builder.set_buckets_for_metric(Matcher::Full(definition.name.to_owned()), definition.buckets)
    })
}

fn place(definition: &'static Definition, values: &[&str]) -> (&'static str, Vec<String>) {
    (definition.name, values.iter().map(|value| (*value).to_owned()).collect())
}

/// A series, its labels in alphabetical order.
fn key(definition: &'static Definition, values: &[&str]) -> Key {
    assert_eq!(definition.labels.len(), values.len(), "each label of {} has a value", definition.name);
    let mut labels: Vec<Label> = definition
        .labels
        .iter()
        .zip(values)
        .map(|(name, value)| Label::new(*name, (*value).to_owned()))
        .collect();
    labels.sort_by(|one, other| one.key().cmp(other.key()));
    Key::from_parts(definition.name, labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::metrics::definitions::{FENCINGS, LAG, STATE_BYTES};

    fn lines(recorder: &Recorder, name: &str) -> Vec<String> {
        let mut lines: Vec<String> =
            recorder.render().lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect();
        lines.sort();
        lines
    }

    #[test]
    fn removed_gauge_ends_and_a_later_one_is_visible_again() {
        let recorder = Recorder::new().unwrap();
        let at = ["router", "t", "7"];
        for value in [1.0, 1.0, 2.0] {
            recorder.set(LAG, &at, value);
            let line = format!("{}{{partition=\"7\",stage=\"router\",topic=\"t\"}} {value}", LAG.name);
            assert_eq!(lines(&recorder, LAG.name), [line.as_str()], "set before the page");
            assert_eq!(lines(&recorder, LAG.name), [line.as_str()], "and not set again before the next");
        }
        recorder.remove(LAG, &at);
        assert_eq!(lines(&recorder, LAG.name), [""; 0]);
        recorder.set(LAG, &at, 0.0);
        assert_eq!(lines(&recorder, LAG.name).len(), 1);
    }

    #[test]
    fn removal_of_one_gauge_leaves_the_others() {
        let recorder = Recorder::new().unwrap();
        ["1", "2", "3"].iter().for_each(|partition| recorder.set(STATE_BYTES, &["t", partition], 5.0));
        assert_eq!(lines(&recorder, STATE_BYTES.name).len(), 3);
        recorder.remove(STATE_BYTES, &["t", "2"]);
        let left = lines(&recorder, STATE_BYTES.name);
        assert_eq!(left.len(), 2);
        assert!(left.iter().all(|line| !line.contains("partition=\"2\"")), "{left:?}");
    }

    #[test]
    fn counter_that_idles_stays() {
        let recorder = Recorder::new().unwrap();
        let counter = recorder.counter(FENCINGS, &["router"]);
        let line = |count: u64| format!("{}{{stage=\"router\"}} {count}", FENCINGS.name);
        assert_eq!(
            [lines(&recorder, FENCINGS.name), lines(&recorder, FENCINGS.name)].concat(),
            [line(0), line(0)]
        );
        counter.increment(2);
        assert_eq!(
            [lines(&recorder, FENCINGS.name), lines(&recorder, FENCINGS.name)].concat(),
            [line(2), line(2)]
        );
    }
}
