//! The demo's `/metrics`: the same series that `run` serves, as far as the backend has values for them.

use crate::alert::Alert;
use crate::config::process::Http;
use crate::demo::backend::Backend;
use crate::demo::stage::Stages;
use crate::host::exit::Failure;
use crate::memory_log::detector_port::ROUTED;
use crate::observe::health::{Condition, Health};
use crate::observe::http::{Listening, Pages, listen};
use crate::observe::metrics::{Metrics, PartitionState};
use crate::stage::Stage;
use crate::stage::detector::counts::DetectorCounts;
use crate::stage::router::worker::RouterCounts;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The default port of `run`.
const PORT: u16 = 9464;

/// The metrics and health of the demo, with the counts that were added to them so far.
pub(crate) struct Gauges {
    pub(crate) metrics: Metrics,
    health: Arc<Health>,
    router: RouterCounts,
    detector: DetectorCounts,
}

impl Gauges {
    pub(crate) fn new() -> Result<Gauges, Failure> {
        let (metrics, health) = (Metrics::new()?, Arc::default());
        Ok(Gauges { metrics, health, router: RouterCounts::default(), detector: DetectorCounts::default() })
    }

    /// Listens on the default port of this machine, or on a free one when that is taken.
    pub(crate) fn listen(&self) -> Result<(Listening, Pages), Failure> {
        let at = |port| {
            let listen_at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            listen(&Http { listen: listen_at, ..Http::default() })
        };
        let listening = at(PORT).or_else(|_| at(0))?;
        let pages = Pages { health: Arc::clone(&self.health), metrics: self.metrics.clone() };
        Ok((listening, pages))
    }

    /// Adds what happened since the last call.
    pub(crate) fn update(&mut self, stages: &Stages<'_, impl Backend>, alerts: &[Alert]) {
        let (router, detector) = (stages.router_counts(), stages.detector_counts());
        self.metrics.router(&self.router, &router);
        stages.backend().count(&self.metrics, router.routed - self.router.routed, alerts);
        self.metrics.detector(&self.detector, &detector);
        for status in stages.status() {
            let state = PartitionState {
                records: status.size.records as u64,
                bytes: status.size.bytes as u64,
                watermark: status.watermark,
                since_checkpoint: status.since_checkpoint,
                left_to_replay: status.left_to_replay,
                checkpoint_at: None,
            };
            self.metrics.state(ROUTED, status.partition, &state);
        }
        self.health.note(Stage::Router, 0, Condition::Working);
        let restoring = stages.status().count() - stages.ready_partitions();
        let condition = if restoring == 0 { Condition::Working } else { Condition::Restoring(restoring) };
        self.health.note(Stage::Detector, 0, condition);
        (self.router, self.detector) = (router, detector);
    }
}
