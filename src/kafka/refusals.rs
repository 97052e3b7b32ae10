//! Why no broker lets us in: what librdkafka tells aside, kept for whoever asked, and how to mend it.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why a question to the brokers has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A broker and we do not trust each other: waiting alone mends nothing.
    Refused(String),
    /// None can be reached.
    Unreachable(String),
}

impl Cause {
    /// What is said.
    pub fn as_str(&self) -> &str {
        match self {
            Cause::Refused(why) | Cause::Unreachable(why) => why,
        }
    }
}

/// The last cause that a client heard of: a question that is not answered does not say.
#[derive(Clone, Debug, Default)]
pub struct Causes(Arc<Mutex<Option<Cause>>>);

impl Causes {
    /// Notes an error that came aside. What says more is kept: a refusal, or else the first that is no mere count.
    pub fn note(&self, error: &KafkaError, reason: &str) {
        let Some(code) = error.rdkafka_error_code() else { return };
        let mut last = self.lock();
        let refused = [Code::Authentication, Code::SaslAuthenticationFailed, Code::SSL].contains(&code);
        let closed = [Code::BrokerTransportFailure, Code::Resolve, Code::Authentication].contains(&code);
        // A connection that ended before the broker said a word on it.
        let refused = refused && !reason.contains("(n/a)");
        // With TLS 1.3 the broker's word on our certificate comes after the handshake.
        if refused || reason.contains("SSL alert") {
            *last = Some(Cause::Refused(with_remedy(reason)));
        } else if closed && !is_refusal(last.as_ref()) || code == Code::AllBrokersDown && last.is_none() {
            *last = Some(Cause::Unreachable(with_remedy(reason)));
        }
    }

    /// The last cause; from now on there is none.
    pub fn take(&self) -> Option<Cause> {
        self.lock().take()
    }

    /// Whether the last cause is a refusal.
    pub fn is_refused(&self) -> bool {
        is_refusal(self.lock().as_ref())
    }

    /// A thread that panicked leaves what it wrote, which is whole.
    fn lock(&self) -> MutexGuard<'_, Option<Cause>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_refusal(cause: Option<&Cause>) -> bool {
    matches!(cause, Some(Cause::Refused(_)))
}

/// What a part of librdkafka's words means here. The first that fits counts.
const REMEDIES: [(&str, &str); 12] = [
    ("kafka.sasl.token", "whoever renews that file is to renew it"),
    (
        "certificate verify failed",
        "kafka.tls.ca_file is to hold the CA that issued the certificate of the broker",
    ),
    (
        "SSL alert",
        "this listener wants a certificate of ours that it trusts: kafka.tls.cert_file and key_file",
    ),
    ("mechanisms: (n/a)", HUNG_UP),
    ("supported mechanisms", "set kafka.sasl.mechanism to one of these"),
    ("PLAINTEXT broker listener", "this listener has no TLS: another port, or no kafka.tls"),
    ("SSL listener", "this listener wants TLS: kafka.tls"),
    (
        "invalid_token",
        "kafka.sasl.token: the broker does not take this token (issuer, audience, signature, time)",
    ),
    ("uthentication failed", "kafka.sasl: the broker does not know this name with this password"),
    ("brokers are down", HUNG_UP),
    ("Send failed", HUNG_UP),
    ("Disconnected", HUNG_UP),
];
/// Who expects something else than what comes mostly says nothing.
const HUNG_UP: &str =
    "they hang up, or nobody listens: are kafka.tls and kafka.sasl set as the listener wants them?";

/// The words, with how to mend it when that is known.
pub fn with_remedy(reason: &str) -> String {
    let remedy = REMEDIES.iter().find(|(part, _)| reason.contains(part));
    remedy.map_or_else(|| reason.to_owned(), |(_, remedy)| format!("{reason}; to fix: {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn causes(told: &[(Code, &str)]) -> Option<Cause> {
        let causes = Causes::default();
        told.iter().for_each(|(code, reason)| causes.note(&KafkaError::Global(*code), reason));
        causes.take()
    }

    #[test]
    fn what_says_most_is_kept() {
        let refused = (Code::SSL, "handshake failed: certificate verify failed");
        let down = (Code::AllBrokersDown, "1/1 brokers are down");
        let closed = (Code::BrokerTransportFailure, "connection refused");
        let said = |told: &[(Code, &str)]| causes(told).map(|cause| cause.as_str().to_owned());
        assert_eq!(said(&[]), None);
        assert!(said(&[down]).is_some_and(|why| why.starts_with("1/1 brokers are down; to fix: ")));
        assert_eq!(said(&[closed, down]).as_deref(), Some("connection refused"));
        assert_eq!(said(&[down, closed]).as_deref(), Some("connection refused"));
        assert!(
            matches!(causes(&[refused, closed, down]), Some(Cause::Refused(why)) if why.contains("kafka.tls.ca_file"))
        );
        let cut = (Code::Authentication, "mechanism handshake failed: broker's supported mechanisms: (n/a)");
        assert!(
            matches!(causes(&[refused, cut]), Some(Cause::Refused(why)) if why.contains("kafka.tls.ca_file"))
        );
        assert!(matches!(causes(&[cut]), Some(Cause::Unreachable(_))));
        assert_eq!(said(&[(Code::PartitionEOF, "end")]), None);
    }
}
