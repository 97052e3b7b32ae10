//! What an error of librdkafka means: an outage that passes, a rejection with its fix, a missing permission, or a fault that
//! ends the worker.

use crate::stage::port::Fault;
use rdkafka::error::{KafkaError, RDKafkaError, RDKafkaErrorCode as Code};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether the error only means that no broker can be reached for now.
pub(crate) fn is_unreachable(error: &KafkaError) -> bool {
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

/// Whether the same request may succeed later.
pub(crate) fn is_transient(error: &KafkaError) -> bool {
    let later = [Code::UnstableOffsetCommit, Code::RebalanceInProgress, Code::ConcurrentTransactions];
    error.rdkafka_error_code().is_some_and(|code| unreachable(code) || later.contains(&code))
}

/// Whether a seek may succeed later: librdkafka has not started the partition yet.
pub(crate) fn may_seek_later(error: &KafkaError) -> bool {
    let later = [Code::State, Code::PreviousInProgress, Code::UnknownPartition];
    error.rdkafka_error_code().is_some_and(|code| later.contains(&code)) || is_transient(error)
}

/// Whether a client cannot be created because the system has no further thread: no fault of its settings.
pub(crate) fn is_lack_of_threads(error: &KafkaError) -> bool {
    matches!(error, KafkaError::ClientCreation(why) if why.contains("Failed to create thread"))
}

/// Whether the code means that another instance took over the transactional id or the group membership.
pub(crate) fn is_fencing(code: Code) -> bool {
    [Code::Fenced, Code::ProducerFenced, Code::InvalidProducerEpoch, Code::FencedInstanceId].contains(&code)
}

/// Whether the code means that the group rebalances: a commit of the generation before is refused.
pub(crate) fn is_rebalance(code: Code) -> bool {
    [Code::IllegalGeneration, Code::RebalanceInProgress].contains(&code)
}

/// The fault of an error. `action` is what was tried, as "seeking".
pub(crate) fn fault(action: &str, error: &KafkaError) -> Fault {
    let text = format!("{action}: {}", message(error));
    match error.rdkafka_error_code() {
        Some(code) if is_fencing(code) => Fault::Fenced(text),
        Some(Code::InconsistentGroupProtocol) => Fault::Broken(format!("{text}; to fix: {FOREIGN_GROUP}")),
        Some(_) | None => Fault::Broken(text),
    }
}

const FOREIGN_GROUP: &str =
    "another application is a member of this consumer group: give adcs-watch a kafka.group of its own";

/// The names that a request used, from which the missing permission is derived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    /// Topics that are read.
    pub read: Vec<String>,
    /// Topics that are written.
    pub written: Vec<String>,
    /// The consumer group that commits offsets.
    pub group: Option<String>,
    pub transactional_id: Option<String>,
}

impl Resources {
    /// The permission that is missing according to this code, if any.
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

    /// The permission that is missing according to this error, if any.
    pub(crate) fn missing_permission(&self, error: &KafkaError) -> Option<String> {
        error.rdkafka_error_code().and_then(|code| self.missing(code))
    }

    /// As [`fault`], or [`Fault::Forbidden`] with the permission that is missing.
    pub(crate) fn fault(&self, action: &str, error: &KafkaError) -> Fault {
        match self.missing_permission(error) {
            Some(missing) => Fault::Forbidden(format!("{action}: {missing}")),
            None => fault(action, error),
        }
    }
}

/// The sentence that names a permission this principal needs, as `READ on topic a`.
pub(crate) fn needs_permission(what: &str) -> String {
    format!("this principal needs {what} (docs/security.md)")
}

/// The inner error of a transaction call.
pub(crate) fn transaction_error(error: &KafkaError) -> Option<&RDKafkaError> {
    if let KafkaError::Transaction(error) = error { Some(error) } else { None }
}

/// The text of an error, without the wrapper of a transaction call.
pub(crate) fn message(error: &KafkaError) -> String {
    match transaction_error(error) {
        Some(inner) => inner.string(),
        None => error.to_string(),
    }
}

/// Why a request to the brokers has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionError {
    /// A broker rejects this client, or this client the broker. Waiting alone does not help.
    Rejected(String),
    /// No broker can be reached.
    Unreachable(String),
}

impl ConnectionError {
    /// The reason, with the fix where it is known.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            ConnectionError::Rejected(why) | ConnectionError::Unreachable(why) => why,
        }
    }
}

/// The last connection error of a client. librdkafka reports it by callback only: a request that times out has no reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastConnectionError(Arc<Mutex<Option<ConnectionError>>>);

impl LastConnectionError {
    /// Notes an error of the callback. The more informative one is kept: a rejection, or else the first that is not the mere
    /// number of brokers that are down.
    pub(crate) fn note(&self, error: &KafkaError, reason: &str) {
        let Some(code) = error.rdkafka_error_code() else { return };
        let mut last = self.lock();
        let rejected = [Code::Authentication, Code::SaslAuthenticationFailed, Code::SSL].contains(&code);
        let closed = [Code::BrokerTransportFailure, Code::Resolve, Code::Authentication].contains(&code);
        // The connection was closed before the broker sent its mechanisms: no rejection.
        let rejected = rejected && !reason.contains("(n/a)");
        // With TLS 1.3 the broker rejects our certificate after the handshake.
        if rejected || reason.contains("SSL alert") {
            *last = Some(ConnectionError::Rejected(with_fix(reason)));
        } else if closed && !is_rejection(last.as_ref()) || code == Code::AllBrokersDown && last.is_none() {
            *last = Some(ConnectionError::Unreachable(with_fix(reason)));
        }
    }

    /// Notes that no broker is connected, without an error that gives the reason.
    pub(crate) fn note_unconnected(&self) {
        self.lock().get_or_insert_with(|| ConnectionError::Unreachable("no broker is connected".to_owned()));
    }

    /// The last error. It is forgotten.
    pub(crate) fn take(&self) -> Option<ConnectionError> {
        self.lock().take()
    }

    /// Whether the last error is a rejection.
    pub(crate) fn is_rejected(&self) -> bool {
        is_rejection(self.lock().as_ref())
    }

    /// Each write is one assignment, so the value of a thread that panicked is whole.
    fn lock(&self) -> MutexGuard<'_, Option<ConnectionError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_rejection(error: Option<&ConnectionError>) -> bool {
    matches!(error, Some(ConnectionError::Rejected(_)))
}

/// A part of librdkafka's text, and the fix. The first that occurs counts.
const FIXES: [(&str, &str); 12] = [
    ("kafka.sasl.token", "the process that issues the tokens must renew this file"),
    (
        "certificate verify failed",
        "kafka.tls.ca_file must hold the CA that issued the certificate of the broker",
    ),
    (
        "SSL alert",
        "this listener requires a client certificate that it trusts: set kafka.tls.cert_file and kafka.tls.key_file",
    ),
    ("mechanisms: (n/a)", CLOSED),
    ("supported mechanisms", "set kafka.sasl.mechanism to one of these"),
    ("PLAINTEXT broker listener", "this listener has no TLS: use another port, or remove kafka.tls"),
    ("SSL listener", "this listener requires TLS: set kafka.tls"),
    (
        "invalid_token",
        "kafka.sasl.token: the broker rejects this token (check issuer, audience, signature and time)",
    ),
    ("uthentication failed", "kafka.sasl: the broker does not know this name with this password"),
    ("brokers are down", CLOSED),
    ("Send failed", CLOSED),
    ("Disconnected", CLOSED),
];
/// A broker that expects another protocol closes the connection without a reason.
const CLOSED: &str = "the broker closes the connection, or none listens: check that kafka.tls and kafka.sasl are what the listener expects";

/// A reason of librdkafka, with the fix if it is known.
pub(crate) fn with_fix(reason: &str) -> String {
    let fix = FIXES.iter().find(|(part, _)| reason.contains(part));
    fix.map_or_else(|| reason.to_owned(), |(_, fix)| format!("{reason}; to fix: {fix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_permission_is_named() {
        let resources = Resources {
            read: vec!["a".to_owned()],
            written: vec!["b".to_owned(), "c".to_owned()],
            group: Some("g".to_owned()),
            transactional_id: Some("t".to_owned()),
        };
        let names = |code, what: &str| {
            let fault = resources.fault("trying", &KafkaError::MetadataFetch(code));
            assert!(matches!(&fault, Fault::Forbidden(why) if why.contains(what)), "{fault}");
        };
        names(
            Code::TopicAuthorizationFailed,
            "trying: this principal needs READ on topic a and WRITE on topic b, c ",
        );
        names(Code::GroupAuthorizationFailed, "READ on group g ");
        names(Code::TransactionalIdAuthorizationFailed, "WRITE on transactional id t ");
        names(Code::ClusterAuthorizationFailed, "on the cluster ");
        assert!(matches!(resources.fault("x", &KafkaError::MetadataFetch(Code::Fenced)), Fault::Fenced(_)));
        assert!(matches!(resources.fault("x", &KafkaError::MetadataFetch(Code::SSL)), Fault::Broken(_)));
    }

    #[test]
    fn lack_of_threads_is_no_fault_of_the_settings() {
        let creation = |why: &str| KafkaError::ClientCreation(why.to_owned());
        let lack = creation("Failed to create thread: Resource temporarily unavailable (11)");
        assert!(is_lack_of_threads(&lack));
        assert!(!is_lack_of_threads(&creation("`max.poll.interval.ms`must be >= `session.timeout.ms`")));
    }

    #[test]
    fn group_of_another_application_is_named_with_the_fix() {
        let fault = fault("consuming", &KafkaError::MessageConsumption(Code::InconsistentGroupProtocol));
        assert!(fault.to_string().contains("give adcs-watch a kafka.group of its own"), "{fault}");
    }

    fn last(errors: &[(Code, &str)]) -> Option<ConnectionError> {
        let last = LastConnectionError::default();
        errors.iter().for_each(|(code, reason)| last.note(&KafkaError::Global(*code), reason));
        last.take()
    }

    #[test]
    fn most_informative_connection_error_is_kept() {
        let rejected = (Code::SSL, "handshake failed: certificate verify failed");
        let down = (Code::AllBrokersDown, "1/1 brokers are down");
        let closed = (Code::BrokerTransportFailure, "connection refused");
        let text = |errors: &[(Code, &str)]| last(errors).map(|error| error.as_str().to_owned());
        assert_eq!(text(&[]), None);
        assert!(text(&[down]).is_some_and(|why| why.starts_with("1/1 brokers are down; to fix: ")));
        assert_eq!(text(&[closed, down]).as_deref(), Some("connection refused"));
        assert_eq!(text(&[down, closed]).as_deref(), Some("connection refused"));
        let names_the_ca = |errors: &[(Code, &str)]| matches!(last(errors), Some(ConnectionError::Rejected(why)) if why.contains("kafka.tls.ca_file"));
        assert!(names_the_ca(&[rejected, closed, down]));
        let cut = (Code::Authentication, "mechanism handshake failed: broker's supported mechanisms: (n/a)");
        assert!(names_the_ca(&[rejected, cut]));
        assert!(matches!(last(&[cut]), Some(ConnectionError::Unreachable(_))));
        assert_eq!(text(&[(Code::PartitionEOF, "end")]), None);
    }
}
