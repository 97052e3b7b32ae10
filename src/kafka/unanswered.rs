//! Requests before a partition is read that no broker answers: logged, and a reason to restart the worker.

use crate::host::clock::Stopwatch;
use crate::kafka::timeouts::{UNANSWERED_LOG_SECONDS, UNANSWERED_PAUSE_SECONDS, UNANSWERED_SECONDS};
use crate::stage::port::{Answer, Fault, SourcePartition};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

/// Requests that are not answered, by what they ask and the partition. They are repeated; what waits forever would be silent.
#[derive(Default)]
pub(crate) struct Unanswered(BTreeMap<(SourcePartition, &'static str), Waiting>);

struct Waiting {
    since: Stopwatch,
    last: Stopwatch,
    is_logged: bool,
}

impl Unanswered {
    /// A request failed, and is made again.
    ///
    /// # Errors
    /// It has failed for [`UNANSWERED_SECONDS`]: the worker restarts, with new clients.
    pub(crate) fn wait<T>(
        &mut self,
        partition: &SourcePartition,
        what: &'static str,
        why: &dyn Display,
    ) -> Result<Answer<T>, Fault> {
        let SourcePartition { topic, partition: number } = partition;
        let new = || Waiting { since: Stopwatch::start(), last: Stopwatch::start(), is_logged: false };
        let waiting = self.0.entry((partition.clone(), what)).or_insert_with(new);
        // A rebalance interrupts the requests for a short time. After a longer one they begin again.
        if waiting.last.elapsed() >= UNANSWERED_PAUSE_SECONDS {
            *waiting = new();
        }
        waiting.last = Stopwatch::start();
        if waiting.since.elapsed() >= UNANSWERED_SECONDS {
            return Err(Fault::Broken(format!(
                "brokers have not said {what} of {topic} [{number}] for {UNANSWERED_SECONDS:?}: {why}"
            )));
        }
        if waiting.since.elapsed() >= UNANSWERED_LOG_SECONDS && !waiting.is_logged {
            waiting.is_logged = true;
            tracing::warn!(topic, partition = number, what, %why, "a request before a partition is read is not answered");
        }
        Ok(Answer::Wait)
    }

    /// How long a request has not been answered; zero if it was.
    pub(crate) fn waited(&self, partition: &SourcePartition, what: &'static str) -> Duration {
        self.0.get(&(partition.clone(), what)).map_or(Duration::ZERO, |waiting| waiting.since.elapsed())
    }

    /// A request was answered: the next one may wait as long again.
    pub(crate) fn answered(&mut self, partition: &SourcePartition, what: &'static str) {
        self.0.remove(&(partition.clone(), what));
    }
}
