//! The book of metrics: each is defined once, with its name, its labels and what it says.

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// What all our names begin with.
pub const PREFIX: &str = "adcs_watch_";

/// What a metric is, for documents and tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The whole name.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// What it says.
    pub help: String,
}

/// What was defined so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    registry: Registry,
    definitions: Vec<Definition>,
}

impl Book {
    pub(crate) fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// All series in Prometheus' text format.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }

    pub(crate) fn counter(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        let opts = self.opts("counter", name, help, labels);
        self.register(IntCounterVec::new(opts, labels)?)
    }

    /// A counter of seconds.
    pub(crate) fn seconds(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<prometheus::CounterVec> {
        let opts = self.opts("counter", name, help, labels);
        self.register(prometheus::CounterVec::new(opts, labels)?)
    }

    pub(crate) fn gauge(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntGaugeVec> {
        let opts = self.opts("gauge", name, help, labels);
        self.register(IntGaugeVec::new(opts, labels)?)
    }

    /// A gauge that is no whole number: seconds, ratios.
    pub(crate) fn fraction(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<GaugeVec> {
        let opts = self.opts("gauge", name, help, labels);
        self.register(GaugeVec::new(opts, labels)?)
    }

    pub(crate) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> prometheus::Result<HistogramVec> {
        let opts = self.opts("histogram", name, help, labels);
        let opts = HistogramOpts { common_opts: opts, buckets: buckets.to_vec() };
        self.register(HistogramVec::new(opts, labels)?)
    }

    /// What the operating system says of this process: the library's own names.
    pub(crate) fn process(&mut self) -> prometheus::Result<()> {
        let process = ProcessCollector::for_self();
        for described in process.desc() {
            let kind = if described.fq_name.ends_with("_total") { "counter" } else { "gauge" };
            let (name, help) = (described.fq_name.clone(), described.help.trim_end_matches('.').to_owned());
            self.definitions.push(Definition { name, kind, labels: Vec::new(), help });
        }
        self.registry.register(Box::new(process))?;
        Ok(())
    }

    fn opts(&mut self, kind: &'static str, name: &str, help: &str, labels: &[&str]) -> Opts {
        let name = format!("{PREFIX}{name}");
        let (labels, said) = (labels.iter().map(|label| (*label).to_owned()).collect(), help.to_owned());
        self.definitions.push(Definition { name: name.clone(), kind, labels, help: said });
        Opts::new(name, help)
    }

    fn register<C: Collector + Clone + 'static>(&mut self, metric: C) -> prometheus::Result<C> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

/// Drops a series; one that was never written need not be dropped.
pub(crate) trait Forget {
    fn forget(&self, labels: &[&str]);
}

impl Forget for IntGaugeVec {
    fn forget(&self, labels: &[&str]) {
        let _ = self.remove_label_values(labels);
    }
}

impl Forget for GaugeVec {
    fn forget(&self, labels: &[&str]) {
        let _ = self.remove_label_values(labels);
    }
}

/// A count as a gauge takes it.
pub(crate) fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
