//! Transactions: records and offsets together or not at all. When the outcome of a commit is unknown, the spare producer with
//! another transactional id takes over.

use crate::encode::record::OutgoingRecord;
use crate::host::clock::Stopwatch;
use crate::kafka::context::{BasicContext, Refused};
use crate::kafka::errors::{Resources, fault, is_fencing, is_rebalance, message, transaction_error};
use crate::kafka::forgotten::abort_everywhere;
use crate::kafka::send::{base_record, enqueue, flush, send_offsets};
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{
    ABORT_SECONDS, ABORTED_AGE_SECONDS, ABORTED_SECONDS, ABORTING_SECONDS, COMMIT_SECONDS, DELIVERY_SECONDS,
    EVENTS_MS, FORGOTTEN_SECONDS, INIT_TRANSACTIONS_SECONDS, LONG_COMMIT_SECONDS, REFUSED_SECONDS,
    REINIT_TRANSACTIONS_SECONDS,
};
use crate::observe::metrics::{Ended, Metrics};
use crate::stage::Stage;
use crate::stage::port::{Fault, Outcome};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseProducer, Producer as _, PurgeConfig};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The producer of a worker, and its spare.
///
/// librdkafka has the transaction protocol before KIP-890: a commit whose answer was lost may still arrive, and would then end a
/// *later* transaction of the same transactional id. So after a commit whose outcome is unknown the id changes.
pub(crate) struct TransactionalProducer {
    clients: Clients,
    stage: Stage,
    ids: [String; 2],
    active: usize,
    current: Option<Arc<BaseProducer<BasicContext>>>,
    /// The producer of the other id. Creating it ends the transaction that its id left open.
    spare: Option<Arc<BaseProducer<BasicContext>>>,
    /// The other id left a transaction whose outcome is unknown.
    undecided: Option<Undecided>,
    /// The topics that are written.
    topics: Vec<String>,
    /// When what a broker may have forgotten was last ended.
    forgotten: Option<Stopwatch>,
    /// The most bytes of a batch of several records.
    batch_bytes: usize,
    /// All transactions were aborted lately.
    aborting: Option<Aborting>,
    /// When the last attempt to end that transaction failed.
    attempted: Option<Stopwatch>,
    group: String,
    /// The time spent in transactions.
    took: Duration,
    metrics: Metrics,
}

/// A transaction whose outcome is unknown.
enum Undecided {
    /// Its commit was sent, so it may be committed.
    Committing,
    /// Its commit was not sent.
    Aborting,
}

/// A time in which all transactions were aborted.
struct Aborting {
    since: Stopwatch,
    last: Stopwatch,
    /// Why the last one was.
    why: String,
}

impl Aborting {
    /// Whether the next attempt is not overdue. A worker that lost its partitions makes none.
    fn is_recent(&self) -> bool {
        self.last.elapsed() < ABORTED_AGE_SECONDS
    }
}

/// Why a transaction is not committed.
enum CommitError {
    /// It is aborted: none of it will be seen.
    Abort(AbortReason),
    /// The offsets were not answered for. No commit was sent.
    Unanswered(String),
    /// The commit was sent and not answered.
    Unknown(String),
    /// No further transaction is possible.
    Fatal(Fault),
}

/// Why a transaction is aborted.
struct AbortReason {
    why: String,
    /// The group rebalances, so the broker refuses the offsets. Every start and scale-out does that.
    is_rebalance: bool,
}

impl CommitError {
    fn abort(why: impl Into<String>) -> CommitError {
        CommitError::Abort(AbortReason { why: why.into(), is_rebalance: false })
    }
}

impl TransactionalProducer {
    /// Creates the producer and takes its transactional id, which fences a predecessor of the same name.
    ///
    /// # Errors
    /// No broker grants the id.
    pub(crate) fn new(
        clients: &Clients,
        stage: Stage,
        worker: u16,
        batch_bytes: usize,
        topics: Vec<String>,
        metrics: Metrics,
    ) -> Result<TransactionalProducer, Fault> {
        let ids = clients.transactional_ids(stage, worker);
        let current = create(clients, &ids[0], batch_bytes, INIT_TRANSACTIONS_SECONDS)?;
        let group = clients.group(stage);
        let clients = clients.clone();
        let current = Some(current);
        Ok(TransactionalProducer {
            clients,
            group,
            stage,
            ids,
            active: 0,
            current,
            spare: None,
            undecided: None,
            topics,
            forgotten: None,
            batch_bytes,
            aborting: None,
            attempted: None,
            took: Duration::ZERO,
            metrics,
        })
    }

    /// Writes and commits one transaction. `group` is the metadata of the assignment that the offsets belong to; without it the
    /// transaction is aborted.
    ///
    /// # Errors
    /// A fault ends the worker: this producer is fenced, a permission is missing, or all transactions were aborted for
    /// [`ABORTED_SECONDS`].
    pub(crate) fn commit<'a>(
        &mut self,
        records: impl Iterator<Item = OutgoingRecord<'a>>,
        offsets: &TopicPartitionList,
        group: Option<&Arc<ConsumerGroupMetadata>>,
    ) -> Result<Outcome, Fault> {
        let watch = Stopwatch::start();
        let result = self.attempt(records, offsets, group);
        let took = watch.elapsed();
        self.took += took;
        let (outcome, ended) = match result {
            Ok(commit_took) => {
                self.aborting = None;
                if commit_took > LONG_COMMIT_SECONDS {
                    self.replace("a commit took long", None);
                }
                (Outcome::Committed, Ended::Committed)
            }
            Err(CommitError::Abort(reason)) => {
                let refused = self.current.as_ref().and_then(|producer| producer.context().take_refused());
                self.note_abort(reason, refused)?;
                self.abort()?;
                (Outcome::Aborted, Ended::Aborted)
            }
            Err(CommitError::Unanswered(why)) => {
                self.note_abort(AbortReason { why: why.clone(), is_rebalance: false }, None)?;
                self.replace(&why, Some(Undecided::Aborting));
                (Outcome::Aborted, Ended::Aborted)
            }
            Err(CommitError::Unknown(why)) => {
                self.replace(&why, Some(Undecided::Committing));
                (Outcome::Unknown, Ended::Unknown)
            }
            Err(CommitError::Fatal(fault)) => return Err(fault),
        };
        self.metrics.transaction(self.stage, ended, took);
        Ok(outcome)
    }

    /// Logs an aborted transaction, with the first record that was refused.
    ///
    /// # Errors
    /// All transactions were aborted for too long.
    fn note_abort(&mut self, reason: AbortReason, refused: Option<Refused>) -> Result<(), Fault> {
        let AbortReason { why, is_rebalance } = reason;
        let is_too_long = refused.as_ref().is_some_and(|refused| refused.is_too_long);
        let why = refused.map_or(why, |refused| refused.text);
        if is_rebalance {
            tracing::info!(stage = %self.stage, why, "a transaction is aborted: the group rebalances");
        } else {
            tracing::warn!(stage = %self.stage, why, "a transaction is aborted");
        }
        let known = self.aborting.take().filter(Aborting::is_recent);
        let since = known.map_or_else(Stopwatch::start, |known| known.since);
        let longest = if is_too_long { REFUSED_SECONDS } else { ABORTED_SECONDS };
        if since.elapsed() > longest {
            return Err(Fault::Broken(format!("all transactions of {longest:?} were aborted: {why}")));
        }
        self.aborting = Some(Aborting { since, last: Stopwatch::start(), why });
        Ok(())
    }

    /// Why nothing is written: the reason of the last abort, while all transactions are aborted for [`ABORTING_SECONDS`].
    pub(crate) fn refused(&self) -> Option<&str> {
        let aborting = self.aborting.as_ref().filter(|aborting| aborting.is_recent());
        aborting
            .filter(|aborting| aborting.since.elapsed() > ABORTING_SECONDS)
            .map(|aborting| aborting.why.as_str())
    }

    /// Serves the events of librdkafka, such as a request for a token, while there is nothing to commit.
    pub(crate) fn serve_events(&self) {
        for producer in self.current.iter().chain(&self.spare) {
            producer.poll(Duration::ZERO);
        }
    }

    /// The time spent in transactions since the producer was created.
    pub(crate) fn took(&self) -> Duration {
        self.took
    }

    /// Ends the transaction whose outcome is unknown, if there is one: a new producer takes its id. Waits at most
    /// [`REINIT_TRANSACTIONS_SECONDS`] for that, and tries again after twice that time. `offsets` has a partition of the assignment
    /// that `group` is the metadata of.
    ///
    /// The broker then aborts the transaction unless its commit arrived, but may forget partitions
    /// ([`crate::kafka::forgotten`]). Where no commit was sent, an aborted transaction ends what it forgot.
    pub(crate) fn end_unknown(
        &mut self,
        offsets: &TopicPartitionList,
        group: Option<&Arc<ConsumerGroupMetadata>>,
    ) {
        let is_early = |attempted: Stopwatch| attempted.elapsed() < REINIT_TRANSACTIONS_SECONDS * 2;
        let (Some(undecided), Some(group)) = (&self.undecided, group) else { return };
        if self.attempted.is_some_and(is_early) {
            return;
        }
        let id = &self.ids[1 - self.active];
        let created = create(&self.clients, id, self.batch_bytes, REINIT_TRANSACTIONS_SECONDS);
        let ended = created.and_then(|spare| {
            match undecided {
                Undecided::Committing => {}
                Undecided::Aborting => abort_everywhere(&spare, &self.topics, offsets, group)?,
            }
            Ok(spare)
        });
        match ended {
            Ok(spare) => {
                tracing::info!(stage = %self.stage, "a transaction with an unknown outcome is ended");
                self.spare = Some(spare);
                self.undecided = None;
                self.attempted = None;
            }
            Err(fault) => {
                self.attempted = Some(Stopwatch::start());
                tracing::warn!(stage = %self.stage, %fault, "the outcome of a transaction is still unknown");
            }
        }
    }

    /// The committed offset is not answered long after all transactions that may write it have ended: a broker forgot one
    /// ([`crate::kafka::forgotten`]). If it is one of this worker's ids, an aborted transaction of each id ends it.
    pub(crate) fn end_forgotten(
        &mut self,
        offsets: &TopicPartitionList,
        group: Option<&Arc<ConsumerGroupMetadata>>,
    ) {
        let is_early = self.forgotten.is_some_and(|attempted| attempted.elapsed() < FORGOTTEN_SECONDS);
        let (false, Some(group)) = (is_early, group) else { return };
        self.forgotten = Some(Stopwatch::start());
        for (number, id) in self.ids.iter().enumerate() {
            let place = if number == self.active { &mut self.current } else { &mut self.spare };
            let known = place
                .take()
                .map_or_else(|| create(&self.clients, id, self.batch_bytes, REINIT_TRANSACTIONS_SECONDS), Ok);
            let ended = known.and_then(|producer| {
                abort_everywhere(&producer, &self.topics, offsets, group)?;
                Ok(producer)
            });
            match ended {
                Ok(producer) => *place = Some(producer),
                Err(fault) => {
                    tracing::warn!(stage = %self.stage, id, %fault, "a transaction may be undecided")
                }
            }
        }
    }

    /// Writes and commits. Returns how long the commit itself took.
    fn attempt<'a>(
        &mut self,
        records: impl Iterator<Item = OutgoingRecord<'a>>,
        offsets: &TopicPartitionList,
        group: Option<&Arc<ConsumerGroupMetadata>>,
    ) -> Result<Duration, CommitError> {
        let Some(group) = group else { return Err(CommitError::abort("the consumer has no assignment")) };
        let mut resources = Resources { group: Some(self.group.clone()), ..Resources::default() };
        let producer = self.ready()?;
        producer
            .begin_transaction()
            .map_err(|error| classify("beginning a transaction", &error, &resources))?;
        for record in records {
            if resources.written.iter().all(|topic| topic != record.topic) {
                resources.written.push(record.topic.to_owned());
            }
            let record = base_record(&record).map_err(CommitError::Fatal)?;
            if let Err(error) = enqueue(producer, record, DELIVERY_SECONDS) {
                let refusal = refusal(producer, offsets, group, &error).unwrap_or(error);
                return Err(classify("sending a record", &refusal, &resources));
            }
        }
        if offsets.count() > 0 {
            let elements = offsets.elements();
            let read: BTreeSet<&str> = elements.iter().map(|element| element.topic()).collect();
            let read = read.into_iter().map(str::to_owned).collect();
            let of_offsets = Resources { read, group: resources.group.clone(), ..Resources::default() };
            let answer = send_offsets(producer, offsets, group, DELIVERY_SECONDS)
                .ok_or_else(|| CommitError::Unanswered("offsets are not answered for".to_owned()))?;
            if let Err(error) = answer {
                return Err(match refusal(producer, offsets, group, &error) {
                    Some(refusal) => classify("sending a record", &refusal, &resources),
                    None => classify("sending offsets", &error, &of_offsets),
                });
            }
        }
        if !flush(producer, DELIVERY_SECONDS) {
            return Err(CommitError::abort(format!("records are not delivered within {DELIVERY_SECONDS:?}")));
        }
        let watch = Stopwatch::start();
        producer.commit_transaction(COMMIT_SECONDS).map_err(|error| classify_commit(&error, &resources))?;
        Ok(watch.elapsed())
    }

    /// The current producer. It is created if the spare was not ready.
    fn ready(&mut self) -> Result<&Arc<BaseProducer<BasicContext>>, CommitError> {
        if self.current.is_none() {
            match create(&self.clients, &self.ids[self.active], self.batch_bytes, REINIT_TRANSACTIONS_SECONDS)
            {
                Ok(producer) => self.current = Some(producer),
                Err(fault @ (Fault::Fenced(_) | Fault::Forbidden(_))) => {
                    return Err(CommitError::Fatal(fault));
                }
                Err(Fault::Broken(why) | Fault::Partition(why)) => return Err(CommitError::abort(why)),
            }
        }
        self.current.as_ref().ok_or_else(|| CommitError::abort("there is no producer"))
    }

    fn abort(&mut self) -> Result<(), Fault> {
        let Some(producer) = &self.current else { return Ok(()) };
        if producer.client().fatal_error().is_some_and(|(code, _)| is_fencing(code)) {
            return Err(Fault::Fenced("the producer is fenced".to_owned()));
        }
        // Records in flight must be delivered before the abort, or they would join the next transaction.
        producer.purge(PurgeConfig::default().queue());
        if !flush(producer, ABORT_SECONDS) {
            self.replace("records are still in flight", Some(Undecided::Aborting));
            return Ok(());
        }
        match producer.abort_transaction(ABORT_SECONDS) {
            Ok(()) => Ok(()),
            // No transaction had begun.
            Err(error) if transaction_error(&error).is_some_and(|e| e.code() == Code::State) => Ok(()),
            Err(error) => match classify("aborting a transaction", &error, &Resources::default()) {
                CommitError::Fatal(fault) => Err(fault),
                CommitError::Abort(AbortReason { why, .. })
                | CommitError::Unanswered(why)
                | CommitError::Unknown(why) => {
                    self.replace(&why, Some(Undecided::Aborting));
                    Ok(())
                }
            },
        }
    }

    /// Continues with the spare and its transactional id.
    fn replace(&mut self, why: &str, undecided: Option<Undecided>) {
        tracing::warn!(stage = %self.stage, why, "the spare producer takes over");
        self.current = self.spare.take();
        self.active = 1 - self.active;
        self.undecided = undecided;
    }
}

/// Creates a producer and takes the transactional id within `timeout`.
fn create(
    clients: &Clients,
    id: &str,
    batch_bytes: usize,
    timeout: Duration,
) -> Result<Arc<BaseProducer<BasicContext>>, Fault> {
    let producer: BaseProducer<BasicContext> = clients
        .transactional_producer(id, batch_bytes)?
        .create_with_context(clients.context())
        .map_err(|error| fault("creating a producer", &error))?;
    // librdkafka requests a token by an event, and the calls below serve no events.
    producer.poll(EVENTS_MS);
    producer.init_transactions(timeout).map_err(|error| {
        let resources = Resources { transactional_id: Some(id.to_owned()), ..Resources::default() };
        // The reason of a connection error comes as an event.
        producer.poll(EVENTS_MS);
        match (resources.fault("taking a transactional id", &error), producer.context().connection.take()) {
            (Fault::Broken(text), Some(last)) => Fault::Broken(format!("{text}: {}", last.as_str())),
            (fault, Some(_) | None) => fault,
        }
    })?;
    Ok(Arc::new(producer))
}

/// Why an earlier record of the transaction was refused, where an error states no more than that the transaction has failed.
/// librdkafka states the reason to the next call for offsets. They join a transaction that is aborted in any case.
fn refusal(
    producer: &Arc<BaseProducer<BasicContext>>,
    offsets: &TopicPartitionList,
    group: &Arc<ConsumerGroupMetadata>,
    error: &KafkaError,
) -> Option<KafkaError> {
    let has_failed = error.rdkafka_error_code() == Some(Code::State);
    has_failed.then(|| send_offsets(producer, offsets, group, DELIVERY_SECONDS))??.err()
}

/// What an error before the commit means. `action` is what was tried, as "sending offsets".
fn classify(action: &str, error: &KafkaError, resources: &Resources) -> CommitError {
    let why = format!("{action}: {}", message(error));
    let code = error.rdkafka_error_code();
    if let Some(missing) = resources.missing_permission(error) {
        return CommitError::Fatal(Fault::Forbidden(format!("{action}: {missing}")));
    }
    let is_rebalance = code.is_some_and(is_rebalance);
    match transaction_error(error) {
        _ if code.is_some_and(is_fencing) => CommitError::Fatal(Fault::Fenced(why)),
        Some(error) if error.is_fatal() => CommitError::Fatal(Fault::Broken(why)),
        None if code == Some(Code::MessageSizeTooLarge) || code == Some(Code::UnknownTopicOrPartition) => {
            CommitError::Fatal(Fault::Broken(why))
        }
        Some(_) | None => CommitError::Abort(AbortReason { why, is_rebalance }),
    }
}

/// What an error of the commit means. Only an error that requires an abort proves that the commit was refused.
fn classify_commit(error: &KafkaError, resources: &Resources) -> CommitError {
    match classify("committing a transaction", error, resources) {
        other @ (CommitError::Fatal(_) | CommitError::Unanswered(_) | CommitError::Unknown(_)) => other,
        CommitError::Abort(reason) => match transaction_error(error) {
            Some(error) if error.txn_requires_abort() => CommitError::Abort(reason),
            Some(_) | None => CommitError::Unknown(reason.why),
        },
    }
}
