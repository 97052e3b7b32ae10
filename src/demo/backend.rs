//! What the demo stands on: a log in memory, or a real Kafka. The stage above it is the same.

use crate::alert::Alert;
use crate::host::exit::{Exit, Failure};
use crate::observe::metrics::Metrics;
use crate::stage::port::{DetectorPort, Millis, RouterPort};

/// Partitions of the source topic.
pub(crate) const SOURCE_PARTITIONS: u32 = 3;
/// Partitions of the routed and the checkpoint topic.
pub(crate) const PARTITIONS: u32 = 8;

/// The alerts that values of records hold.
pub(crate) fn alerts_in(values: impl Iterator<Item = Option<Vec<u8>>>) -> Vec<Alert> {
    values.filter_map(|value| serde_json::from_slice(&value?).ok()).collect()
}

/// A log with the topics of the demo.
pub(crate) trait Ground {
    /// Reads the source topic.
    type Router: RouterPort;
    /// Reads the routed topic.
    type Detector: DetectorPort;

    /// How the program ends when the log refuses what it must not refuse.
    const REFUSED: Exit;

    /// What it is, in a few words.
    fn name(&self) -> String;

    /// Where its topics are, if anybody else can see them.
    fn topics(&self) -> Option<String>;

    /// A steady time for the pace of the workers.
    fn now(&mut self) -> Millis;

    /// Appends records to partitions of the source topic, in this order; they are there when it returns.
    fn append(&mut self, records: Vec<(u32, Vec<u8>)>) -> Result<(), Failure>;

    /// The port of the router.
    fn router(&mut self) -> Result<Self::Router, Failure>;

    /// The port of a detector, and of its successor: whoever had it before dies without a word.
    fn detector(&mut self) -> Result<Self::Detector, Failure>;

    /// Alerts that were committed since this was last asked, as far as they have come.
    fn alerts(&mut self) -> Result<Vec<Alert>, Failure>;

    /// The same, up to the end that the topic has now.
    fn last_alerts(&mut self) -> Result<Vec<Alert>, Failure>;

    /// Of each partition of the routed topic the offset of the last record that is committed; none: it has no record.
    fn last_routed(&mut self) -> Result<Vec<Option<u64>>, Failure>;

    /// Counts what its ports do not count themselves: records routed and alerts since this was last told.
    fn count(&self, metrics: &Metrics, routed: u64, alerts: &[Alert]);
}
