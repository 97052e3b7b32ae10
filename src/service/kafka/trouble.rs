//! What an error of Kafka means for a worker.

use crate::service::clock::Stopwatch;
use crate::task::port::Fault;
use rdkafka::error::{KafkaError, RDKafkaError, RDKafkaErrorCode as Code};
use std::time::Duration;

/// Whether the error only says that no broker can be reached now.
pub fn is_unreachable(error: &KafkaError) -> bool {
    error.rdkafka_error_code().is_some_and(unreachable)
}

fn unreachable(code: Code) -> bool {
    [
        Code::AllBrokersDown,
        Code::BrokerTransportFailure,
        Code::Resolve,
        Code::OperationTimedOut,
        Code::RequestTimedOut,
        Code::CoordinatorNotAvailable,
        Code::NotCoordinator,
        Code::CoordinatorLoadInProgress,
        Code::LeaderNotAvailable,
        Code::NotLeaderForPartition,
        Code::WaitingForCoordinator,
        Code::BrokerNotAvailable,
        Code::NetworkException,
    ]
    .contains(&code)
}

/// Whether the same question may have an answer later.
pub fn may_pass(error: &KafkaError) -> bool {
    let later = [Code::UnstableOffsetCommit, Code::RebalanceInProgress, Code::ConcurrentTransactions];
    error.rdkafka_error_code().is_some_and(|code| unreachable(code) || later.contains(&code))
}

/// Whether a code says that another instance has taken over.
pub fn is_fencing(code: Code) -> bool {
    [Code::Fenced, Code::ProducerFenced, Code::InvalidProducerEpoch, Code::FencedInstanceId].contains(&code)
}

/// The fault that an error is, with what was tried.
pub fn fault(tried: &str, error: &KafkaError) -> Fault {
    let said = format!("{tried}: {}", plain(error));
    match error.rdkafka_error_code() {
        Some(code) if is_fencing(code) => Fault::Fenced(said),
        Some(_) | None => Fault::Broken(said),
    }
}

/// The error that transactions give.
pub fn transaction_error(error: &KafkaError) -> Option<&RDKafkaError> {
    if let KafkaError::Transaction(error) = error { Some(error) } else { None }
}

/// What the error says, without its wrappers.
pub fn plain(error: &KafkaError) -> String {
    match transaction_error(error) {
        Some(inner) => inner.string(),
        None => error.to_string(),
    }
}

/// No broker can be reached.
#[derive(Debug)]
pub struct Unreachable {
    /// Why.
    pub why: String,
    /// Since when.
    pub since: Stopwatch,
    /// When one was last looked for.
    pub probed: Stopwatch,
}

/// How long no broker may be reached until the worker begins anew with new clients: it has lost its partitions by then, and
/// a client that a hanging broker had kept waiting was seen not to find back although others had.
pub const SILENCE: Duration = Duration::from_secs(30);

/// Says once that no broker can be reached, however often it is heard.
pub fn note_unreachable(why: String, unreachable: &mut Option<Unreachable>) {
    if unreachable.is_none() {
        tracing::warn!(why, "a broker cannot be reached");
        *unreachable = Some(Unreachable { why, since: Stopwatch::start(), probed: Stopwatch::start() });
    }
}
