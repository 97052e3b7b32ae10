//! Asks brokers, and hears meanwhile why they do not answer.

use crate::host::clock::Stopwatch;
use crate::host::exit::{Exit, Failure};
use crate::kafka::context::Chatter;
use crate::kafka::refusals::Cause;
use crate::kafka::settings::Clients;
use crate::stage::port::Fault;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::time::Duration;

/// A client that asks.
pub struct Door {
    client: BaseConsumer<Chatter>,
    clients: Clients,
}

/// What there is of a topic, as far as we may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It has so many partitions.
    There(u32),
    /// It is not there.
    Absent,
    /// We may not even know whether it is there.
    Hidden,
}

/// How long is listened to what is told aside: for no time it would be one thing only.
pub const ASIDE: Duration = Duration::from_millis(10);
/// How long brokers may be silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one question waits, until it is looked whether somebody has said why.
const QUESTION: Duration = Duration::from_millis(500);

impl Door {
    /// Makes the client.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(clients: &Clients) -> Result<Door, Failure> {
        let mut config = clients.ends().map_err(unreadable)?;
        // Who hangs up without a word may want TLS, or none.
        config.set("log.connection.close", "true");
        let client: BaseConsumer<Chatter> =
            config.create_with_context(clients.chatter()).map_err(|error| refused(&error))?;
        Ok(Door { client, clients: clients.clone() })
    }

    /// What there is of a topic.
    ///
    /// # Errors
    /// When no broker can be reached, or none lets us in: with the reason.
    pub fn look(&self, topic: &str) -> Result<Seen, Failure> {
        let watch = Stopwatch::start();
        loop {
            // A token is asked for by an event, and errors come as events.
            drop(self.client.poll(ASIDE));
            let error = match self.client.fetch_metadata(Some(topic), QUESTION) {
                Ok(metadata) => {
                    let found = metadata.topics().iter().find(|known| known.name() == topic);
                    let code = found.and_then(|known| known.error()).map(Code::from);
                    match (found, code) {
                        (Some(known), None) => return Ok(Seen::There(count(known.partitions().len()))),
                        (None, _) | (_, Some(Code::UnknownTopicOrPartition | Code::UnknownTopic)) => {
                            return Ok(Seen::Absent);
                        }
                        (_, Some(Code::TopicAuthorizationFailed)) => return Ok(Seen::Hidden),
                        // Its leader is being elected.
                        (Some(_), Some(code)) => KafkaError::MetadataFetch(code),
                    }
                }
                Err(error) => error,
            };
            drop(self.client.poll(ASIDE));
            if self.client.context().causes.is_refused() || watch.elapsed() > PATIENCE {
                return Err(self.failure(&error));
            }
        }
    }

    fn failure(&self, error: &KafkaError) -> Failure {
        let unreachable = || Failure::new(Exit::Broker, "no broker can be reached");
        let cause = self.client.context().causes.take();
        match cause.map(|cause| self.clients.look_at_certificate(cause)) {
            Some(Cause::Refused(why)) => Failure::new(Exit::Refused, "no broker lets us in").with_cause(why),
            Some(Cause::Unreachable(why)) => unreachable().with_cause(why),
            None => unreachable().because(error),
        }
    }
}

fn count(partitions: usize) -> u32 {
    u32::try_from(partitions).unwrap_or(u32::MAX)
}

/// Settings cannot be made: a secret cannot be read.
pub fn unreadable(fault: Fault) -> Failure {
    Failure::new(Exit::Config, fault.to_string())
}

/// The settings are not those of a client.
pub fn refused(error: &KafkaError) -> Failure {
    Failure::new(Exit::Config, "the settings of kafka are refused").because(error)
}
