//! Writes records, each once and in order, outside of transactions.

use crate::host::exit::{Exit, Failure};
use crate::kafka::context::Chatter;
use crate::kafka::metadata::{ASIDE, refused, unreadable};
use crate::kafka::settings::Clients;
use crate::kafka::transactions::{flush, queue};
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A producer.
pub struct Writer {
    producer: BaseProducer<Deliveries>,
}

/// How long records may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Remembers the first record that was not delivered.
#[derive(Debug)]
struct Deliveries {
    chatter: Chatter,
    lost: Mutex<Option<String>>,
}

impl ClientContext for Deliveries {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    /// What matters comes as a delivery that failed.
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, reason, "client error");
        self.chatter.causes.note(&error, reason);
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.chatter.generate_oauth_token(config)
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let said = format!("{} [{}]: {error}", message.topic(), message.partition());
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(said);
        }
    }
}

fn unwritten(why: String) -> Failure {
    Failure::new(Exit::Broker, "a record cannot be written").with_cause(why)
}

impl Writer {
    /// Makes the producer.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(clients: &Clients) -> Result<Writer, Failure> {
        let config = clients.writer().map_err(unreadable)?;
        let context = Deliveries { chatter: clients.chatter(), lost: Mutex::default() };
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(context).map_err(|error| refused(&error))?;
        // A token is asked for by an event.
        producer.poll(ASIDE);
        Ok(Writer { producer })
    }

    /// Sends a record on its way.
    ///
    /// # Errors
    /// When there is no place for it for long.
    pub fn append(&self, topic: &str, partition: u32, value: &[u8]) -> Result<(), Failure> {
        let partition = i32::try_from(partition).unwrap_or(i32::MAX);
        let record = BaseRecord::to(topic).partition(partition).payload(value);
        queue(&self.producer, record, PATIENCE).map_err(|error| unwritten(error.to_string()))
    }

    /// Waits until all records have arrived.
    ///
    /// # Errors
    /// When one did not.
    pub fn flush(&self) -> Result<(), Failure> {
        let all_arrived = flush(&self.producer, PATIENCE);
        let context = self.producer.client().context();
        let lost = context.lost.lock().unwrap_or_else(PoisonError::into_inner).take();
        match lost {
            Some(why) => Err(unwritten(why)),
            None if !all_arrived => {
                let failure = unwritten(format!("no broker has taken it within {PATIENCE:?}"));
                Err(match context.chatter.causes.take() {
                    Some(cause) => failure.with_cause(cause.as_str()),
                    None => failure,
                })
            }
            None => Ok(()),
        }
    }
}
