//! The callbacks of librdkafka: rebalances, ends of partitions, errors, log lines, requests for a token.

use crate::config::secret::Secret;
use crate::host::clock::wall;
use crate::kafka::errors::{LastConnectionError, is_unreachable};
use crate::kafka::last_transaction::Places;
use crate::kafka::oauth::Token;
use crate::stage::port::SourcePartition;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A rebalance of the group, for one consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupChange {
    /// These partitions are offered.
    Assign(Vec<SourcePartition>),
    /// These partitions are to be released.
    Revoke(Vec<SourcePartition>),
    /// These partitions may belong to another consumer already.
    Lost(Vec<SourcePartition>),
}

/// Where a partition ends, according to the last fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The last stable offset: a read-committed consumer gets everything below it.
    pub stable: u64,
    /// The offset behind the last record, also behind those of open transactions.
    pub high: u64,
}

/// The context of a group consumer. It queues rebalances; the worker answers them.
#[derive(Debug, Default)]
pub(crate) struct GroupContext {
    token: Option<Secret>,
    changes: Mutex<VecDeque<GroupChange>>,
    ends: Mutex<BTreeMap<SourcePartition, Ends>>,
    /// Why brokers cannot be reached, or reject this client.
    pub(crate) connection: LastConnectionError,
    recreated: Mutex<Option<String>>,
    closing: AtomicBool,
}

impl GroupContext {
    /// `token`: where the OAUTHBEARER token is, if one is used.
    pub(crate) fn new(token: Option<Secret>) -> GroupContext {
        GroupContext { token, ..GroupContext::default() }
    }

    /// The next rebalance that is not answered.
    pub(crate) fn take_change(&self) -> Option<GroupChange> {
        lock(&self.changes).pop_front()
    }

    /// Whether a rebalance is not answered.
    pub(crate) fn has_change(&self) -> bool {
        !lock(&self.changes).is_empty()
    }

    /// The ends of partitions in the statistics since the last call.
    pub(crate) fn take_ends(&self) -> BTreeMap<SourcePartition, Ends> {
        std::mem::take(&mut *lock(&self.ends))
    }

    /// A topic that was re-created while it was read, according to librdkafka's log.
    pub(crate) fn recreated(&self) -> Option<String> {
        lock(&self.recreated).clone()
    }

    /// The worker answers no more rebalances: from now on the callback does.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }
}

/// Each write is one assignment, so the value of a thread that panicked is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ConsumerContext for GroupContext {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<GroupContext>,
        error: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let assign = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::SeqCst) {
            let done = if assign { Ok(()) } else { consumer.incremental_unassign(list) };
            if let Err(error) = done {
                tracing::warn!(%error, "cannot release partitions while leaving the group");
            }
            return;
        }
        let partitions = partitions(list);
        let change = match assign {
            true => GroupChange::Assign(partitions),
            false if consumer.assignment_lost() => GroupChange::Lost(partitions),
            false => GroupChange::Revoke(partitions),
        };
        lock(&self.changes).push_back(change);
    }
}

impl ClientContext for GroupContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        token(self.token.as_ref())
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if let Some(topic) = recreated_topic(message) {
            *lock(&self.recreated) = Some(topic.to_owned());
        }
        log(level, facility, message);
    }

    #[expect(clippy::iter_over_hash_type, reason = "the ends are collected into an ordered map")]
    fn stats(&self, statistics: Statistics) {
        // librdkafka does not report every loss of the last connection as an error.
        if !statistics.brokers.values().any(|broker| CONNECTED.contains(&&*broker.state)) {
            self.connection.note_unconnected();
        }
        let mut ends = lock(&self.ends);
        for (topic, known) in statistics.topics {
            for (partition, known) in known.partitions {
                let Ok(partition) = u32::try_from(partition) else { continue };
                // Negative: unknown.
                if let (Ok(stable), Ok(high)) =
                    (u64::try_from(known.ls_offset), u64::try_from(known.hi_offset))
                {
                    ends.insert(SourcePartition { topic: topic.clone(), partition }, Ends { stable, high });
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        note_error(&error, reason);
        self.connection.note(&error, reason);
    }
}

/// The states of a broker in librdkafka's statistics with which it answers requests.
const CONNECTED: [&str; 2] = ["UP", "UPDATE"];

/// The context of every other client: it logs, notes connection errors and provides the token.
#[derive(Clone, Debug, Default)]
pub(crate) struct BasicContext {
    token: Option<Secret>,
    /// Why brokers cannot be reached, or reject this client.
    pub(crate) connection: LastConnectionError,
    refused: Arc<Mutex<Option<Refused>>>,
    written: Arc<Mutex<Places>>,
}

/// A record that a broker refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Topic, partition, length and the broker's reason.
    pub text: String,
    /// The reason is its length.
    pub is_too_long: bool,
}

impl BasicContext {
    /// `token`: where the OAUTHBEARER token is, if one is used.
    pub(crate) fn new(token: Option<Secret>) -> BasicContext {
        BasicContext { token, ..BasicContext::default() }
    }

    /// Where records were written since the last call.
    pub(crate) fn take_written(&self) -> Places {
        std::mem::take(&mut *lock(&self.written))
    }

    /// The first record that was refused since the last call.
    pub(crate) fn take_refused(&self) -> Option<Refused> {
        lock(&self.refused).take()
    }
}

impl ClientContext for BasicContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        note_error(&error, reason);
        self.connection.note(&error, reason);
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        token(self.token.as_ref())
    }
}

fn token(place: Option<&Secret>) -> Result<OAuthToken, Box<dyn Error>> {
    let place = place.ok_or("kafka.sasl.token is not set")?;
    Token::for_client(place, wall())
}

impl ConsumerContext for BasicContext {}

impl ProducerContext for BasicContext {
    type DeliveryOpaque = ();

    /// Notes where a record was written. One that is not delivered makes the commit of its transaction fail, and is reported there.
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let (error, message) = match result {
            Ok(message) => {
                lock(&self.written).note(message.topic(), message.partition(), message.offset());
                return;
            }
            Err((error, message)) => (error, message),
        };
        let code = error.rdkafka_error_code();
        // The other records of a transaction that failed.
        if code.is_some_and(|code| {
            [RDKafkaErrorCode::PurgeQueue, RDKafkaErrorCode::PurgeInflight].contains(&code)
        }) {
            return;
        }
        let (topic, partition, bytes) = (message.topic(), message.partition(), message.payload_len());
        let text = format!("{topic} [{partition}] does not take a record of {bytes} bytes: {error}");
        let is_too_long = code == Some(RDKafkaErrorCode::MessageSizeTooLarge);
        lock(&self.refused).get_or_insert(Refused { text, is_too_long });
    }
}

/// The partitions of a list. `elements()` of an empty list has panicked, so it is not called.
fn partitions(list: &TopicPartitionList) -> Vec<SourcePartition> {
    if list.count() == 0 {
        return Vec::new();
    }
    let known = list.elements().into_iter().filter_map(|element| {
        let partition = u32::try_from(element.partition()).ok()?;
        Some(SourcePartition { topic: element.topic().to_owned(), partition })
    });
    known.collect()
}

/// The topic that was re-created according to this line of librdkafka's log.
///
/// A consumer that finds a re-created topic behind a known name continues at its old offset, and reports that in its debugging
/// log only (librdkafka 2.12, `rd_kafka_topic_metadata_update`). `tests/kafka/recreated_topics.rs` fails if the line goes;
/// [`crate::kafka::topic_ids`] does not depend on it.
fn recreated_topic(message: &str) -> Option<&str> {
    let (before, ids) = message.split_once(" changed id from ")?;
    let topic = before.rsplit_once("Topic ")?.1;
    (!ids.starts_with(NO_ID)).then_some(topic)
}

/// The base64 form of the id of a topic that was unknown before.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn note_error(error: &KafkaError, reason: &str) {
    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
        return;
    }
    // Clients report it many times a second; the worker logs the beginning and the end of an outage.
    if is_unreachable(error) {
        tracing::debug!(target: "librdkafka", %error, reason, "client error");
        return;
    }
    tracing::warn!(target: "librdkafka", %error, reason, "client error");
}

fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        // The worker logs the abort with its reason; librdkafka's line would be an ERROR in every healthy scale-out.
        _ if is_expected_abort(message) => {
            tracing::debug!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::error!(target: "librdkafka", facility, "{message}"),
        RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::debug!(target: "librdkafka", facility, "{message}");
        }
    }
}

/// Why a transaction is aborted in a healthy scale-out: the broker refuses its offsets because the group rebalances, or its
/// records because those of the transaction before were purged. Of the second librdkafka recovers with a new epoch.
const EXPECTED: [&str; 3] = ["ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS", "skipped sequence numbers"];

/// Whether the line reports a transaction that failed for an expected reason: it is aborted and sent again.
fn is_expected_abort(message: &str) -> bool {
    message.contains("Current transaction failed") && EXPECTED.iter().any(|why| message.contains(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_line_names_a_recreated_topic() {
        let line = "[thrd:main]: Topic a.b changed id from qgVbQ1pXSkKJ4mCgzYSWDA to X9mXk2cQTlyJ8nD4mS1v0w";
        assert_eq!(recreated_topic(line), Some("a.b"));
        assert_eq!(
            recreated_topic("Topic a.b changed id from AAAAAAAAAAAAAAAAAAAAAA to X9mXk2cQTlyJ8nD4mS1v0w"),
            None
        );
        assert_eq!(recreated_topic("Topic a.b [0] Leader 1 Epoch 0"), None);
    }

    #[test]
    fn abort_that_a_rebalance_causes_is_expected() {
        let line = |code: &str| {
            format!(
                "[thrd:main]: Current transaction failed in state InTransaction: offsets refused ({code})"
            )
        };
        assert!(is_expected_abort(&line("ILLEGAL_GENERATION")));
        assert!(is_expected_abort(&line("REBALANCE_IN_PROGRESS")));
        let skipped =
            "Current transaction failed in state InTransaction: skipped sequence numbers (OUT_OF_ORDER)";
        assert!(is_expected_abort(skipped));
        assert!(!is_expected_abort(&line("INVALID_PRODUCER_EPOCH")));
        assert!(!is_expected_abort("heartbeat failed: ILLEGAL_GENERATION"));
    }
}
