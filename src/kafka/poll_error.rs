//! What an error of a poll does: it ends the worker, begins an outage, or is logged.

use crate::kafka::errors::{ConnectionError, Resources, is_fencing, is_unreachable};
use crate::kafka::outage::Outage;
use crate::stage::port::Fault;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// Whether the error concerns a topic that does not exist or may not be read: one source of several.
pub(crate) fn is_of_one_topic(error: &KafkaError) -> bool {
    let codes = [Code::UnknownTopicOrPartition, Code::UnknownTopic, Code::TopicAuthorizationFailed];
    let is_fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    !is_fatal && error.rdkafka_error_code().is_some_and(|code| codes.contains(&code))
}

/// An error of a poll: it ends the worker, begins an outage, or is logged.
pub(crate) fn handle(
    error: &KafkaError,
    resources: &Resources,
    outage: &mut Option<Outage>,
) -> Result<(), Fault> {
    let code = error.rdkafka_error_code();
    let ends =
        [Code::UnknownTopicOrPartition, Code::SaslAuthenticationFailed, Code::InconsistentGroupProtocol];
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    if fatal
        || resources.missing_permission(error).is_some()
        || code.is_some_and(|code| ends.contains(&code) || is_fencing(code))
    {
        return Err(resources.fault("consuming", error));
    }
    if is_unreachable(error) {
        Outage::begin(outage, || ConnectionError::Unreachable(error.to_string()));
        return Ok(());
    }
    tracing::warn!(%error, "a poll failed");
    Ok(())
}
