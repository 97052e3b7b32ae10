//! What the producers of a worker have in common.

use crate::kafka::settings::Clients;
use crate::stage::Stage;

/// How the producers of a worker are made, and where they write.
pub(crate) struct WorkerContext {
    pub(crate) clients: Clients,
    pub(crate) stage: Stage,
    /// The most bytes of a batch of several records.
    pub(crate) batch_bytes: usize,
    /// The topics that are written.
    pub(crate) topics: Vec<String>,
}
