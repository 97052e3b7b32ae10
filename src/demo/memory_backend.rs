//! The demo's log in memory. It is gone when the process ends.

use crate::alert::Alert;
use crate::demo::backend::{Backend, PARTITIONS, SOURCE_PARTITIONS, alerts_in};
use crate::demo::story::EVENTS;
use crate::host::exit::{Exit, Failure};
use crate::memory_log::MemoryLog;
use crate::memory_log::detector_port::{ALERTS, CHECKPOINT, DEAD_LETTER, GROUP, MemoryDetector, ROUTED};
use crate::memory_log::router_port::MemoryRouter;
use crate::observe::metrics::Metrics;
use crate::stage::port::{Millis, SourcePartition};

/// How far the clock advances with each call: the demo waits for no real time.
const TICK: Millis = Millis(50);

/// A log in memory with the topics of the demo, and a clock of its own.
pub(crate) struct MemoryBackend {
    log: MemoryLog,
    now: Millis,
    detectors_started: u32,
    read_to: u64,
}

impl MemoryBackend {
    /// Creates the log with its topics, all empty.
    pub(crate) fn new() -> MemoryBackend {
        let log = MemoryLog::new();
        let topics = [
            (EVENTS, SOURCE_PARTITIONS),
            (ROUTED, PARTITIONS),
            (CHECKPOINT, PARTITIONS),
            (ALERTS, 1),
            (DEAD_LETTER, 1),
        ];
        topics.into_iter().for_each(|(topic, partitions)| log.create(topic, partitions));
        MemoryBackend { log, now: Millis(0), detectors_started: 0, read_to: 0 }
    }
}

impl Backend for MemoryBackend {
    type Router = MemoryRouter;
    type Detector = MemoryDetector;

    const REFUSED: Exit = Exit::Defect;

    fn name(&self) -> String {
        "a log in memory".to_owned()
    }

    fn topics(&self) -> Option<String> {
        None
    }

    fn now(&mut self) -> Millis {
        self.now = self.now.plus(TICK);
        self.now
    }

    fn append(&mut self, records: Vec<(u32, Vec<u8>)>) -> Result<(), Failure> {
        for (partition, record) in records {
            self.log.append(&SourcePartition { topic: EVENTS.to_owned(), partition }, Some(record), None);
        }
        Ok(())
    }

    fn router(&mut self) -> Result<MemoryRouter, Failure> {
        Ok(MemoryRouter::new(self.log.clone(), "router-0", &[EVENTS]))
    }

    fn detector(&mut self) -> Result<MemoryDetector, Failure> {
        for member in self.log.owners(GROUP).into_values() {
            self.log.expire_member(GROUP, &member);
        }
        let name = format!("detector-{}", self.detectors_started);
        self.detectors_started += 1;
        Ok(MemoryDetector::new(self.log.clone(), &name))
    }

    fn alerts(&mut self) -> Result<Vec<Alert>, Failure> {
        let topic = SourcePartition { topic: ALERTS.to_owned(), partition: 0 };
        let (records, next) = self.log.read_committed(&topic, self.read_to, usize::MAX);
        self.read_to = next;
        Ok(alerts_in(records.into_iter().map(|record| record.value)))
    }

    fn last_alerts(&mut self) -> Result<Vec<Alert>, Failure> {
        self.alerts()
    }

    fn last_routed(&mut self) -> Result<Vec<Option<u64>>, Failure> {
        let last = |partition: &SourcePartition| {
            let (records, _) = self.log.read_committed(partition, 0, usize::MAX);
            records.last().map(|record| record.offset)
        };
        Ok(self.log.partitions(ROUTED).iter().map(last).collect())
    }

    fn count(&self, metrics: &Metrics, routed: u64, alerts: &[Alert]) {
        metrics.routed(routed);
        for alert in alerts {
            // Events of the story are from the past: a latency between event and alert would mean nothing.
            metrics.alert(&alert.detection, alert.severity, None);
        }
    }
}
