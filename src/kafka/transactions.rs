//! Transactions: records and offsets together or not at all. When the outcome of a commit is unknown, the spare producer with
//! another transactional id takes over.

use crate::encode::record::OutgoingRecord;
use crate::host::clock::Stopwatch;
use crate::kafka::context::{BasicContext, Refused};
use crate::kafka::errors::{Resources, is_fencing, is_rebalance, message, transaction_error};
use crate::kafka::last_transaction::Ending;
use crate::kafka::partitions::number;
use crate::kafka::send::{base_record, enqueue, flush, send_offsets};
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{
    ABORT_SECONDS, ABORTED_AGE_SECONDS, ABORTED_SECONDS, ABORTING_SECONDS, COMMIT_SECONDS, DELIVERY_SECONDS,
    FORGOTTEN_SECONDS, INIT_TRANSACTIONS_SECONDS, LONG_COMMIT_SECONDS, LOOK_AFTER_SECONDS, REFUSED_SECONDS,
    REINIT_TRANSACTIONS_SECONDS,
};
use crate::kafka::transactional_id::{Group, NO_ASSIGNMENT, TransactionalId};
use crate::kafka::worker_context::WorkerContext;
use crate::observe::metrics::{Ended, Metrics};
use crate::stage::Stage;
use crate::stage::port::{Fault, Outcome, SourcePartition};
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
    context: WorkerContext,
    ids: [TransactionalId; 2],
    active: usize,
    /// When committed records were looked after last.
    looked_after: Stopwatch,
    /// When what a broker may have forgotten was last ended.
    forgotten: Option<Stopwatch>,
    /// All transactions were aborted lately.
    aborting: Option<Aborting>,
    /// When the last attempt to end a transaction of an id failed.
    attempted: Option<Stopwatch>,
    group: String,
    /// The time spent in transactions.
    took: Duration,
    metrics: Metrics,
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
    /// The producer is of no further use: its offsets were not answered for, or the broker has forgotten its transactional id. Nothing
    /// of the transaction is committed.
    Useless(String),
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
        let ids = clients.transactional_ids(stage, worker).map(TransactionalId::new);
        let group = clients.group(stage);
        let mut producer = TransactionalProducer {
            context: WorkerContext { clients: clients.clone(), stage, batch_bytes, topics },
            ids,
            active: 0,
            looked_after: Stopwatch::start(),
            forgotten: None,
            aborting: None,
            attempted: None,
            group,
            took: Duration::ZERO,
            metrics,
        };
        producer.ids[0].create(&producer.context, INIT_TRANSACTIONS_SECONDS)?;
        Ok(producer)
    }

    /// Writes and commits one transaction. The offsets belong to the last assignment of the group; without one the transaction is
    /// aborted.
    ///
    /// # Errors
    /// A fault ends the worker: this producer is fenced, a permission is missing, or all transactions were aborted for
    /// [`ABORTED_SECONDS`].
    pub(crate) fn commit<'a>(
        &mut self,
        records: impl Iterator<Item = OutgoingRecord<'a>>,
        offsets: &TopicPartitionList,
        group: Group<'_>,
    ) -> Result<Outcome, Fault> {
        let watch = Stopwatch::start();
        let result = self.attempt(records, offsets, group);
        let took = watch.elapsed();
        self.took += took;
        let (outcome, ended) = match result {
            Ok(commit_took) => {
                self.aborting = None;
                self.ids[self.active].committed(&self.context);
                if commit_took > LONG_COMMIT_SECONDS {
                    self.replace("a commit took long");
                }
                (Outcome::Committed, Ended::Committed)
            }
            Err(CommitError::Abort(reason)) => {
                let refused = self.current().and_then(|producer| producer.context().take_refused());
                self.note_abort(reason, refused)?;
                self.abort()?;
                (Outcome::Aborted, Ended::Aborted)
            }
            Err(CommitError::Useless(why)) => {
                self.note_abort(AbortReason { why: why.clone(), is_rebalance: false }, None)?;
                self.replace(&why);
                (Outcome::Aborted, Ended::Aborted)
            }
            Err(CommitError::Unknown(why)) => {
                self.ids[self.active].ended(&self.context, Ending::Unknown);
                self.replace(&why);
                (Outcome::Unknown, Ended::Unknown)
            }
            Err(CommitError::Fatal(fault)) => return Err(fault),
        };
        self.metrics.transaction(self.context.stage, ended, took);
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
            tracing::info!(stage = %self.context.stage, why, "a transaction is aborted: the group rebalances");
        } else {
            tracing::warn!(stage = %self.context.stage, why, "a transaction is aborted");
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

    /// Serves the events of librdkafka, such as a request for a token, while there is nothing to commit, and looks after the last
    /// transactions.
    pub(crate) fn serve_events(&mut self, group: Group<'_>) {
        for producer in self.ids.iter().filter_map(|id| id.producer.as_ref()) {
            producer.poll(Duration::ZERO);
        }
        if self.looked_after.elapsed() < LOOK_AFTER_SECONDS {
            return;
        }
        self.looked_after = Stopwatch::start();
        self.end_unknown(group);
        let Some(asking) = self.current().cloned() else { return };
        for id in &mut self.ids {
            if let Err(fault) = id.look_after(&self.context, &asking, group) {
                tracing::debug!(id = id.name, %fault, "committed records are not looked after");
                break;
            }
        }
    }

    /// The group's committed offset of a partition is answered, and this worker continues there. It shows how a transaction with an
    /// unknown outcome has ended.
    ///
    /// # Errors
    /// A number is too great for Kafka.
    pub(crate) fn settle(&self, partition: &SourcePartition, committed: Option<u64>) -> Result<(), Fault> {
        let SourcePartition { topic, partition } = partition;
        let (partition, next) = (number(*partition)?, committed.and_then(|next| i64::try_from(next).ok()));
        let known = &self.context.clients.last_transactions;
        self.ids.iter().for_each(|id| known.settle(&id.name, topic, partition, next));
        Ok(())
    }

    /// The time spent in transactions since the producer was created.
    pub(crate) fn took(&self) -> Duration {
        self.took
    }

    /// Ends the last transactions with an unknown outcome, and those that are not aborted yet. Waits about
    /// [`REINIT_TRANSACTIONS_SECONDS`] for that, and tries again after twice that time.
    pub(crate) fn end_unknown(&mut self, group: Group<'_>) {
        let is_early = |attempted: Stopwatch| attempted.elapsed() < REINIT_TRANSACTIONS_SECONDS * 2;
        if group.metadata.is_none() || self.attempted.is_some_and(is_early) {
            return;
        }
        self.attempted = None;
        let asking = self.current().cloned();
        for id in &mut self.ids {
            let Some(ending) = id.open(&self.context) else { continue };
            if ending == Ending::Inherited
                && let Some(asking) = &asking
                && id.inherits_nothing(&self.context, asking).is_ok_and(|is_clean| is_clean)
            {
                continue;
            }
            match id.prepare(&self.context, group) {
                // As after every rebalance.
                Ok(()) if ending == Ending::Aborted => {}
                Ok(()) => {
                    tracing::info!(stage = %self.context.stage, "a transaction with an unknown outcome is ended")
                }
                Err(fault) => {
                    self.attempted = Some(Stopwatch::start());
                    tracing::warn!(stage = %self.context.stage, %fault, "a transaction is not ended yet");
                }
            }
        }
    }

    /// The committed offset of this partition is not answered long after all transactions that may write it have ended: a broker
    /// forgot one ([`crate::kafka::forgotten`]). If it is one of this worker's ids, it is ended.
    pub(crate) fn end_forgotten(&mut self, partition: &SourcePartition, group: Group<'_>) {
        if self.forgotten.is_some_and(|attempted| attempted.elapsed() < FORGOTTEN_SECONDS) {
            return;
        }
        self.forgotten = Some(Stopwatch::start());
        for id in &mut self.ids {
            let ended = id.end_committed(&self.context, group).and_then(|was_own| {
                // What is open is ended by `end_unknown`.
                let is_known = was_own || id.open(&self.context).is_some();
                if is_known { Ok(()) } else { id.end_foreign(&self.context, partition, group) }
            });
            if let Err(fault) = ended {
                tracing::warn!(id = id.name, %fault, "a transaction may be undecided");
            }
        }
    }

    /// Writes and commits. Returns how long the commit itself took.
    fn attempt<'a>(
        &mut self,
        records: impl Iterator<Item = OutgoingRecord<'a>>,
        offsets: &TopicPartitionList,
        group: Group<'_>,
    ) -> Result<Duration, CommitError> {
        let Some(metadata) = group.metadata else { return Err(CommitError::abort(NO_ASSIGNMENT)) };
        let mut resources = Resources { group: Some(self.group.clone()), ..Resources::default() };
        let producer = self.begin(offsets, group)?;
        producer
            .begin_transaction()
            .map_err(|error| classify("beginning a transaction", &error, &resources))?;
        for record in records {
            if resources.written.iter().all(|topic| topic != record.topic) {
                resources.written.push(record.topic.to_owned());
            }
            let record = base_record(&record).map_err(CommitError::Fatal)?;
            if let Err(error) = enqueue(producer, record, DELIVERY_SECONDS) {
                let refusal = refusal(producer, offsets, metadata, &error).unwrap_or(error);
                return Err(classify("sending a record", &refusal, &resources));
            }
        }
        if offsets.count() > 0 {
            let elements = offsets.elements();
            let read: BTreeSet<&str> = elements.iter().map(|element| element.topic()).collect();
            let read = read.into_iter().map(str::to_owned).collect();
            let of_offsets = Resources { read, group: resources.group.clone(), ..Resources::default() };
            let answer = send_offsets(producer, offsets, metadata, DELIVERY_SECONDS)
                .ok_or_else(|| CommitError::Useless("offsets are not answered for".to_owned()))?;
            if let Err(error) = answer {
                return Err(match refusal(producer, offsets, metadata, &error) {
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

    /// A producer that is ready for a transaction with these offsets: the current one, or that of the other id while it is not known
    /// how the last transaction of the current one has ended.
    fn begin(
        &mut self,
        offsets: &TopicPartitionList,
        group: Group<'_>,
    ) -> Result<&Arc<BaseProducer<BasicContext>>, CommitError> {
        let mut ready = self.ids[self.active].prepare(&self.context, group);
        if let Err(Fault::Broken(why) | Fault::Partition(why)) = &ready {
            tracing::warn!(stage = %self.context.stage, why, "the spare producer takes over");
            self.active = 1 - self.active;
            ready = self.ids[self.active].prepare(&self.context, group);
        }
        match ready {
            Ok(()) => {}
            Err(fault @ (Fault::Fenced(_) | Fault::Forbidden(_))) => return Err(CommitError::Fatal(fault)),
            Err(Fault::Broken(why) | Fault::Partition(why)) => return Err(CommitError::abort(why)),
        }
        let id = &self.ids[self.active];
        id.begin(&self.context, offsets);
        id.producer.as_ref().ok_or_else(|| CommitError::abort("there is no producer"))
    }

    fn current(&self) -> Option<&Arc<BaseProducer<BasicContext>>> {
        self.ids[self.active].producer.as_ref()
    }

    fn abort(&mut self) -> Result<(), Fault> {
        let Some(producer) = self.current() else { return Ok(()) };
        if producer.client().fatal_error().is_some_and(|(code, _)| is_fencing(code)) {
            return Err(Fault::Fenced("the producer is fenced".to_owned()));
        }
        // Records in flight must be delivered before the abort, or they would join the next transaction.
        producer.purge(PurgeConfig::default().queue());
        if !flush(producer, ABORT_SECONDS) {
            self.replace("records are still in flight");
            return Ok(());
        }
        match producer.abort_transaction(ABORT_SECONDS) {
            Ok(()) => {
                self.ids[self.active].ended(&self.context, Ending::Aborted);
                Ok(())
            }
            // No transaction had begun.
            Err(error) if transaction_error(&error).is_some_and(|e| e.code() == Code::State) => Ok(()),
            Err(error) => match classify("aborting a transaction", &error, &Resources::default()) {
                CommitError::Fatal(fault) => Err(fault),
                CommitError::Abort(AbortReason { why, .. })
                | CommitError::Useless(why)
                | CommitError::Unknown(why) => {
                    self.replace(&why);
                    Ok(())
                }
            },
        }
    }

    /// Continues with the other transactional id.
    fn replace(&mut self, why: &str) {
        tracing::warn!(stage = %self.context.stage, why, "the spare producer takes over");
        self.ids[self.active].producer = None;
        self.active = 1 - self.active;
    }
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
        _ if code == Some(Code::InvalidProducerIdMapping) => CommitError::Useless(why),
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
        other @ (CommitError::Fatal(_) | CommitError::Useless(_) | CommitError::Unknown(_)) => other,
        CommitError::Abort(reason) => match transaction_error(error) {
            Some(error) if error.txn_requires_abort() => CommitError::Abort(reason),
            Some(_) | None => CommitError::Unknown(reason.why),
        },
    }
}
