//! Writes records idempotently and in order, outside of transactions.

use crate::host::exit::{Exit, Failure};
use crate::kafka::context::BasicContext;
use crate::kafka::metadata::{invalid_config, rejected_config};
use crate::kafka::send::{enqueue, flush};
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{EVENTS_MS, WRITE_SECONDS};
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use std::error::Error;
use std::sync::{Mutex, PoisonError};

/// A producer without transactions.
pub(crate) struct Writer {
    producer: BaseProducer<Deliveries>,
}

/// The context of the producer. It keeps the error of the first record that was not delivered.
#[derive(Debug)]
struct Deliveries {
    basic: BasicContext,
    failed: Mutex<Option<String>>,
}

impl ClientContext for Deliveries {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    /// At DEBUG: what matters to the caller is a delivery that failed.
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, reason, "client error");
        self.basic.connection.note(&error, reason);
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.basic.generate_oauth_token(config)
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let text = format!("{} [{}]: {error}", message.topic(), message.partition());
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
        }
    }
}

fn failure(why: String) -> Failure {
    Failure::new(Exit::Broker, "a record cannot be written").with_cause(why)
}

impl Writer {
    /// Creates the producer. Sends no request to a broker.
    ///
    /// # Errors
    /// librdkafka rejects the settings.
    pub(crate) fn new(clients: &Clients) -> Result<Writer, Failure> {
        let config = clients.idempotent_producer().map_err(invalid_config)?;
        let context = Deliveries { basic: clients.context(), failed: Mutex::default() };
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(context).map_err(|error| rejected_config(&error))?;
        // librdkafka requests a token by an event.
        producer.poll(EVENTS_MS);
        Ok(Writer { producer })
    }

    /// Puts a record into the queue of the producer. [`Writer::flush`] waits for its delivery.
    ///
    /// # Errors
    /// The queue stays full for [`WRITE_SECONDS`].
    pub(crate) fn append(&self, topic: &str, partition: u32, value: &[u8]) -> Result<(), Failure> {
        let partition = i32::try_from(partition).unwrap_or(i32::MAX);
        let record = BaseRecord::to(topic).partition(partition).payload(value);
        enqueue(&self.producer, record, WRITE_SECONDS).map_err(|error| failure(error.to_string()))
    }

    /// Waits until all records are delivered.
    ///
    /// # Errors
    /// A record was not delivered, or not within [`WRITE_SECONDS`].
    pub(crate) fn flush(&self) -> Result<(), Failure> {
        let all_delivered = flush(&self.producer, WRITE_SECONDS);
        let context = self.producer.client().context();
        let failed = context.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failed {
            Some(why) => Err(failure(why)),
            None if !all_delivered => {
                let failure = failure(format!("no broker confirmed it within {WRITE_SECONDS:?}"));
                Err(match context.basic.connection.take() {
                    Some(last) => failure.with_cause(last.as_str()),
                    None => failure,
                })
            }
            None => Ok(()),
        }
    }
}
