//! What an error of Kafka means for a worker.

use crate::stage::port::Fault;
use rdkafka::error::{KafkaError, RDKafkaError, RDKafkaErrorCode as Code};

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

/// What was tried with, to say which permission is missing when one is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Topics that are read.
    pub read: Vec<String>,
    /// Topics that are written.
    pub written: Vec<String>,
    /// The group.
    pub group: Option<String>,
    /// The transactional id.
    pub transactional_id: Option<String>,
}

impl Tried {
    /// The permission whose lack a code tells, if it does.
    fn missing(&self, code: Code) -> Option<String> {
        let named = |what: &Option<String>| what.clone().unwrap_or_default();
        let topics = || {
            let needs = |operation: &str, topics: &[String]| {
                (!topics.is_empty()).then(|| format!("{operation} on topic {}", topics.join(", ")))
            };
            let needs = [needs("READ", &self.read), needs("WRITE", &self.written)];
            needs.into_iter().flatten().collect::<Vec<_>>().join(" and ")
        };
        let needs = [
            (Code::TopicAuthorizationFailed, topics()),
            (Code::GroupAuthorizationFailed, format!("READ on group {}", named(&self.group))),
            (
                Code::TransactionalIdAuthorizationFailed,
                format!("WRITE on transactional id {}", named(&self.transactional_id)),
            ),
            (Code::ClusterAuthorizationFailed, "IDEMPOTENT_WRITE on the cluster".to_owned()),
        ];
        let (_, needed) = needs.into_iter().find(|(forbidden, _)| *forbidden == code)?;
        Some(needs_permission(&needed))
    }

    /// The permission whose lack an error tells, if it does.
    pub fn missing_for(&self, error: &KafkaError) -> Option<String> {
        error.rdkafka_error_code().and_then(|code| self.missing(code))
    }

    /// The fault that an error is, with what was tried.
    pub fn fault(&self, tried: &str, error: &KafkaError) -> Fault {
        match self.missing_for(error) {
            Some(missing) => Fault::Forbidden(format!("{tried}: {missing}")),
            None => fault(tried, error),
        }
    }
}

/// Says which permission is needed.
pub fn needs_permission(what: &str) -> String {
    format!("this principal needs {what} (docs/security.md)")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named() {
        let tried = Tried {
            read: vec!["a".to_owned()],
            written: vec!["b".to_owned(), "c".to_owned()],
            group: Some("g".to_owned()),
            transactional_id: Some("t".to_owned()),
        };
        let says = |code, what: &str| {
            let fault = tried.fault("trying", &KafkaError::MetadataFetch(code));
            assert!(matches!(&fault, Fault::Forbidden(why) if why.contains(what)), "{fault}");
        };
        says(
            Code::TopicAuthorizationFailed,
            "trying: this principal needs READ on topic a and WRITE on topic b, c ",
        );
        says(Code::GroupAuthorizationFailed, "READ on group g ");
        says(Code::TransactionalIdAuthorizationFailed, "WRITE on transactional id t ");
        says(Code::ClusterAuthorizationFailed, "on the cluster ");
        assert!(matches!(tried.fault("x", &KafkaError::MetadataFetch(Code::Fenced)), Fault::Fenced(_)));
        assert!(matches!(tried.fault("x", &KafkaError::MetadataFetch(Code::SSL)), Fault::Broken(_)));
    }
}
