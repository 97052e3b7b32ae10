//! An outage of a worker: since when no broker can be reached, or none accepts this client.

use crate::host::clock::Stopwatch;
use crate::kafka::errors::ConnectionError;
use crate::kafka::timeouts::{OUTAGE_PROBE_SECONDS, OUTAGE_SECONDS, REJECTED_SECONDS};
use crate::stage::port::Fault;

/// No broker can be reached, or none accepts this client.
pub(crate) struct Outage {
    why: ConnectionError,
    began: Stopwatch,
    probed: Stopwatch,
}

impl Outage {
    /// Logs the beginning of an outage. What is reported until its end is not logged.
    fn new(why: ConnectionError) -> Outage {
        tracing::warn!(why = why.as_str(), "a broker cannot be reached");
        Outage { why, began: Stopwatch::start(), probed: Stopwatch::start() }
    }

    /// A request failed. An outage that is known keeps its reason.
    pub(crate) fn begin(outage: &mut Option<Outage>, why: impl FnOnce() -> ConnectionError) {
        outage.get_or_insert_with(|| Outage::new(why()));
    }

    /// A client reported a connection error. It becomes the reason of an outage that is known.
    pub(crate) fn report(outage: &mut Option<Outage>, why: ConnectionError) {
        match outage {
            Some(outage) => outage.why = why,
            None => *outage = Some(Outage::new(why)),
        }
    }

    pub(crate) fn why(&self) -> &str {
        self.why.as_str()
    }

    /// Whether it is over: a request succeeds, which is tried every [`OUTAGE_PROBE_SECONDS`]. Records that are received show
    /// nothing: they may have been fetched before, and librdkafka does not report the same error of a broker again.
    ///
    /// # Errors
    /// It lasts longer than [`OUTAGE_SECONDS`], or [`REJECTED_SECONDS`] if brokers reject this client.
    pub(crate) fn is_over(&mut self, request: impl FnOnce() -> bool) -> Result<bool, Fault> {
        let is_due = self.probed.elapsed() >= OUTAGE_PROBE_SECONDS;
        if is_due && request() {
            return Ok(true);
        }
        if matches!(self.why, ConnectionError::Rejected(_)) && self.began.elapsed() >= REJECTED_SECONDS {
            return Err(Fault::Broken(format!("no broker accepts this client: {}", self.why())));
        }
        if self.began.elapsed() >= OUTAGE_SECONDS {
            let why = self.why();
            return Err(Fault::Broken(format!("no broker could be reached for {OUTAGE_SECONDS:?}: {why}")));
        }
        if is_due {
            self.probed = Stopwatch::start();
        }
        Ok(false)
    }
}
