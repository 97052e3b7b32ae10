//! Requests the metadata of topics, and reports why there is no answer.

use crate::config::topics::Source;
use crate::host::clock::Stopwatch;
use crate::host::exit::{Exit, Failure};
use crate::kafka::context::BasicContext;
use crate::kafka::errors::{ConnectionError, is_lack_of_threads};
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{EVENTS_MS, METADATA_SECONDS, REQUEST_MS};
use crate::stage::port::{Answer, Fault};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// A client for metadata.
pub(crate) struct MetadataClient {
    client: BaseConsumer<BasicContext>,
    clients: Clients,
}

/// Whether a topic exists, as far as this principal may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicState {
    /// It exists with this number of partitions.
    Present(u32),
    /// It does not exist.
    Absent,
    /// The permission DESCRIBE is missing.
    Hidden,
}

impl TopicState {
    /// The number of partitions, if the topic is known to exist.
    pub(crate) fn partitions(self) -> Option<u32> {
        match self {
            TopicState::Present(partitions) => Some(partitions),
            TopicState::Absent | TopicState::Hidden => None,
        }
    }
}

impl MetadataClient {
    /// Creates the client. Sends no request to a broker.
    ///
    /// # Errors
    /// librdkafka rejects the settings.
    pub(crate) fn new(clients: &Clients) -> Result<MetadataClient, Failure> {
        let mut config = clients.metadata().map_err(invalid_config)?;
        // A connection that is closed without a reason may be one between TLS and plain text.
        config.set("log.connection.close", "true");
        let client: BaseConsumer<BasicContext> =
            config.create_with_context(clients.context()).map_err(|error| rejected_config(&error))?;
        Ok(MetadataClient { client, clients: clients.clone() })
    }

    /// Whether the topic exists. Waits up to [`METADATA_SECONDS`] for a broker.
    ///
    /// # Errors
    /// No broker can be reached, or none accepts this client: with the reason.
    pub(crate) fn topic(&self, topic: &str) -> Result<TopicState, Failure> {
        let watch = Stopwatch::start();
        loop {
            // librdkafka requests tokens and reports connection errors by events.
            drop(self.client.poll(EVENTS_MS));
            let error = match self.client.fetch_metadata(Some(topic), REQUEST_MS) {
                Ok(metadata) => {
                    let found = metadata.topics().iter().find(|known| known.name() == topic);
                    let code = found.and_then(|known| known.error()).map(Code::from);
                    match (found, code) {
                        (Some(known), None) => {
                            return Ok(TopicState::Present(count(known.partitions().len())));
                        }
                        (None, _) | (_, Some(Code::UnknownTopicOrPartition | Code::UnknownTopic)) => {
                            return Ok(TopicState::Absent);
                        }
                        (_, Some(Code::TopicAuthorizationFailed)) => return Ok(TopicState::Hidden),
                        // A leader is being elected.
                        (Some(_), Some(code)) => KafkaError::MetadataFetch(code),
                    }
                }
                Err(error) => error,
            };
            drop(self.client.poll(EVENTS_MS));
            if self.client.context().connection.is_rejected() || watch.elapsed() > METADATA_SECONDS {
                return Err(self.failure(&error));
            }
        }
    }

    /// The topics that match a source, each with its partitions.
    ///
    /// # Errors
    /// No broker answers within [`METADATA_SECONDS`].
    pub(crate) fn matching(&self, source: &Source) -> Result<Vec<(String, u32)>, Failure> {
        let watch = Stopwatch::start();
        loop {
            drop(self.client.poll(EVENTS_MS));
            match matching(&self.client, source) {
                Answer::Ready(topics) => return Ok(topics),
                Answer::Wait if watch.elapsed() < METADATA_SECONDS => {}
                Answer::Wait => return Err(Failure::new(Exit::Broker, "no broker lists the topics")),
            }
        }
    }

    fn failure(&self, error: &KafkaError) -> Failure {
        let unreachable = || Failure::new(Exit::Broker, "no broker can be reached");
        let last = self.client.context().connection.take();
        match last.map(|last| self.clients.explain_certificate(last)) {
            Some(ConnectionError::Rejected(why)) => {
                Failure::new(Exit::Refused, "no broker accepts this client").with_cause(why)
            }
            Some(ConnectionError::Unreachable(why)) => unreachable().with_cause(why),
            // What answers speaks Kafka's protocol and serves no clients.
            None if *error == KafkaError::MetadataFetch(Code::UnsupportedFeature) => unreachable()
                .with_cause(
                    "the address answers and has no metadata: perhaps it is that of a KRaft controller",
                ),
            None => unreachable().because(error),
        }
    }
}

/// The topics that match a source, each with its partitions. Those that the principal may not describe are not among them.
/// [`Answer::Wait`]: no broker answers.
pub(crate) fn matching<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    source: &Source,
) -> Answer<Vec<(String, u32)>> {
    let Ok(metadata) = client.fetch_metadata(None, REQUEST_MS) else { return Answer::Wait };
    let matching = metadata.topics().iter().filter(|topic| source.topics.matches(topic.name()));
    Answer::Ready(matching.map(|topic| (topic.name().to_owned(), count(topic.partitions().len()))).collect())
}

fn count(partitions: usize) -> u32 {
    u32::try_from(partitions).unwrap_or(u32::MAX)
}

/// The failure of settings that cannot be made: a secret cannot be read.
pub(crate) fn invalid_config(fault: Fault) -> Failure {
    Failure::new(Exit::Config, fault.to_string())
}

/// The failure of a client that librdkafka does not create: it rejects the settings, or the system has no thread for it.
pub(crate) fn rejected_config(error: &KafkaError) -> Failure {
    if is_lack_of_threads(error) {
        return Failure::new(Exit::Output, "the system refuses a thread").because(error);
    }
    Failure::new(Exit::Config, "librdkafka rejects the settings of kafka").because(error)
}
