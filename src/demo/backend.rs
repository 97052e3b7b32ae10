//! The log that the demo runs on: one in memory, or a real Kafka. The stages above it are the same.

use crate::alert::Alert;
use crate::host::exit::{Exit, Failure};
use crate::observe::metrics::Metrics;
use crate::stage::port::{DetectorPort, Millis, RouterPort};

/// Partitions of the source topic.
pub(crate) const SOURCE_PARTITIONS: u32 = 3;
/// Partitions of the routed and the checkpoint topic.
pub(crate) const PARTITIONS: u32 = 8;

/// Decodes the values of records of the alert topic; tombstones and values that are no alert are left out.
pub(crate) fn alerts_in(values: impl Iterator<Item = Option<Vec<u8>>>) -> Vec<Alert> {
    values.filter_map(|value| serde_json::from_slice(&value?).ok()).collect()
}

/// A log that holds the topics of the demo.
pub(crate) trait Backend {
    /// The router's port to this log.
    type Router: RouterPort;
    /// The detector's port to this log.
    type Detector: DetectorPort;

    /// The exit code when the log refuses an operation that the demo depends on.
    const REFUSED: Exit;

    /// What the log is, for a person: `a log in memory`, `Kafka at HOST:PORT`.
    fn name(&self) -> String;

    /// The names of its topics, when other programs can read them.
    fn topics(&self) -> Option<String>;

    /// A monotonic time that paces the workers.
    fn now(&mut self) -> Millis;

    /// Appends records to partitions of the source topic, in this order. They are readable when it returns.
    fn append(&mut self, records: Vec<(u32, Vec<u8>)>) -> Result<(), Failure>;

    /// Opens the port of the router.
    fn router(&mut self) -> Result<Self::Router, Failure>;

    /// Opens the port of a detector. A detector that had one before is fenced: it neither commits nor leaves its group.
    fn detector(&mut self) -> Result<Self::Detector, Failure>;

    /// Alerts that were committed since the last call, as far as they have arrived. Does not wait.
    fn alerts(&mut self) -> Result<Vec<Alert>, Failure>;

    /// Alerts that were committed since the last call, up to the present end of the topic.
    fn last_alerts(&mut self) -> Result<Vec<Alert>, Failure>;

    /// For each partition of the routed topic, the offset of the last committed record; `None` if it has no record.
    fn last_routed(&mut self) -> Result<Vec<Option<u64>>, Failure>;

    /// Counts routed records and alerts where the ports of this log do not count them themselves. Both are those since
    /// the last call.
    fn count(&self, metrics: &Metrics, routed: u64, alerts: &[Alert]);
}
