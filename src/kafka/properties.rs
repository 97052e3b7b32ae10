//! Checks settings of librdkafka with the library itself: it knows their names and types.

use crate::config::kafka::Kafka;
use crate::config::mistake::Mistake;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

/// Settings that the library does not know, or whose values it refuses.
pub(crate) fn mistakes(kafka: &Kafka) -> Vec<Mistake> {
    let sections =
        [("properties", &kafka.properties), ("consumer", &kafka.consumer), ("producer", &kafka.producer)];
    let all =
        sections.iter().flat_map(|(section, properties)| properties.0.iter().map(move |set| (section, set)));
    all.filter_map(|(section, (name, value))| {
        let message = refusal(name, value)?;
        Some(Mistake::of(format!("kafka.{section}.{name}"), message))
    })
    .collect()
}

/// Why the library refuses a setting; `None` if it accepts it.
fn refusal(name: &str, value: &str) -> Option<String> {
    match ClientConfig::new().set(name, value).create_native_config() {
        Ok(_) => None,
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
            Some("librdkafka has no setting of this name".to_owned())
        }
        Err(KafkaError::ClientConfig(_, why, ..)) => Some(format!("librdkafka refuses this value: {why}")),
        Err(other) => Some(format!("librdkafka refuses this: {other}")),
    }
}
