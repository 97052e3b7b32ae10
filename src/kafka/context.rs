//! What librdkafka tells on its own: changes of a member's partitions, ends of partitions, errors, log lines.

use crate::config::secret::Secret;
use crate::host::clock::wall;
use crate::kafka::errors::is_unreachable;
use crate::kafka::oauth::Token;
use crate::kafka::refusals::Causes;
use crate::stage::port::SourcePartition;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A change of a member's partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These are offered.
    Assign(Vec<SourcePartition>),
    /// These are to be given back.
    Revoke(Vec<SourcePartition>),
    /// These are gone.
    Lost(Vec<SourcePartition>),
}

/// The context of a member of a group: it notes changes, and leaves the answer to the worker.
#[derive(Debug, Default)]
pub struct MemberContext {
    token: Option<Secret>,
    changes: Mutex<VecDeque<Change>>,
    ends: Mutex<BTreeMap<SourcePartition, u64>>,
    /// Why brokers do not let us in.
    pub causes: Causes,
    renewed: Mutex<Option<String>>,
    closing: AtomicBool,
}

impl MemberContext {
    /// Of a member that shows this token, if any.
    pub fn new(token: Option<Secret>) -> MemberContext {
        MemberContext { token, ..MemberContext::default() }
    }

    /// The next change that waits for its answer.
    pub fn take_change(&self) -> Option<Change> {
        lock(&self.changes).pop_front()
    }

    /// Whether a change waits for its answer.
    pub fn has_change(&self) -> bool {
        !lock(&self.changes).is_empty()
    }

    /// Where partitions ended when that was last heard.
    pub fn take_ends(&self) -> BTreeMap<SourcePartition, u64> {
        std::mem::take(&mut *lock(&self.ends))
    }

    /// A topic that was deleted and made anew while it was read, if there is one.
    pub fn renewed(&self) -> Option<String> {
        lock(&self.renewed).clone()
    }

    /// From now on nobody answers changes: they are answered here.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }
}

/// A thread that panicked leaves what it wrote, which is whole: each write is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ConsumerContext for MemberContext {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<MemberContext>,
        error: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let assign = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::SeqCst) {
            let done = if assign { Ok(()) } else { consumer.incremental_unassign(list) };
            if let Err(error) = done {
                tracing::warn!(%error, "cannot give partitions back while leaving the group");
            }
            return;
        }
        let partitions = partitions(list);
        let change = match assign {
            true => Change::Assign(partitions),
            false if consumer.assignment_lost() => Change::Lost(partitions),
            false => Change::Revoke(partitions),
        };
        lock(&self.changes).push_back(change);
    }
}

impl ClientContext for MemberContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        token(self.token.as_ref())
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if let Some(topic) = renewed(message) {
            *lock(&self.renewed) = Some(topic.to_owned());
        }
        log(level, facility, message);
    }

    #[expect(clippy::iter_over_hash_type, reason = "they land in an ordered map")]
    fn stats(&self, statistics: Statistics) {
        let mut ends = lock(&self.ends);
        for (topic, known) in statistics.topics {
            for (partition, known) in known.partitions {
                let Ok(partition) = u32::try_from(partition) else { continue };
                // Below zero: not known.
                if let Ok(end) = u64::try_from(known.ls_offset) {
                    ends.insert(SourcePartition { topic: topic.clone(), partition }, end);
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        note_error(&error, reason);
        self.causes.note(&error, reason);
    }
}

/// The context of every other client: it only talks.
#[derive(Clone, Debug, Default)]
pub struct Chatter {
    token: Option<Secret>,
    /// Why brokers do not let us in.
    pub causes: Causes,
}

impl Chatter {
    /// Of a client that shows this token, if any.
    pub fn new(token: Option<Secret>) -> Chatter {
        Chatter { token, causes: Causes::default() }
    }
}

impl ClientContext for Chatter {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        note_error(&error, reason);
        self.causes.note(&error, reason);
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        token(self.token.as_ref())
    }
}

fn token(place: Option<&Secret>) -> Result<OAuthToken, Box<dyn Error>> {
    let place = place.ok_or("kafka.sasl.token is not set")?;
    Token::for_client(place, wall())
}

impl ConsumerContext for Chatter {}

impl ProducerContext for Chatter {
    type DeliveryOpaque = ();

    /// A record that is not delivered aborts its transaction, which is where it is seen.
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// The partitions of a list; `elements()` of an empty one is not to be called.
pub fn partitions(list: &TopicPartitionList) -> Vec<SourcePartition> {
    if list.count() == 0 {
        return Vec::new();
    }
    let known = list.elements().into_iter().filter_map(|element| {
        let partition = u32::try_from(element.partition()).ok()?;
        Some(SourcePartition { topic: element.topic().to_owned(), partition })
    });
    known.collect()
}

/// The topic that this line of the log says is another one than before.
///
/// A client that finds a new topic behind a name that it reads goes on at the offset that it had in the old one, and tells
/// nobody but its debugging log (librdkafka 2.12, `rd_kafka_topic_metadata_update`). `tests/kafka/recreated_topics.rs` holds that it
/// still does.
fn renewed(message: &str) -> Option<&str> {
    let (before, ids) = message.split_once(" changed id from ")?;
    let topic = before.rsplit_once("Topic ")?.1;
    (!ids.starts_with(NO_ID)).then_some(topic)
}

/// The id of a topic that was not known before, in base 64.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn note_error(error: &KafkaError, reason: &str) {
    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
        return;
    }
    // A member says once that no broker can be reached, and once that one can; clients say it many times a second.
    if is_unreachable(error) {
        tracing::debug!(target: "librdkafka", %error, reason, "client error");
        return;
    }
    tracing::warn!(target: "librdkafka", %error, reason, "client error");
}

fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_with_another_id_is_another_topic() {
        let line = "[thrd:main]: Topic a.b changed id from qgVbQ1pXSkKJ4mCgzYSWDA to X9mXk2cQTlyJ8nD4mS1v0w";
        assert_eq!(renewed(line), Some("a.b"));
        assert_eq!(
            renewed("Topic a.b changed id from AAAAAAAAAAAAAAAAAAAAAA to X9mXk2cQTlyJ8nD4mS1v0w"),
            None
        );
        assert_eq!(renewed("Topic a.b [0] Leader 1 Epoch 0"), None);
    }
}
