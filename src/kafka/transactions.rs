//! Transactions: all or nothing, and when nobody knows which, the spare takes over.

use crate::host::clock::Stopwatch;
use crate::kafka::context::Chatter;
use crate::kafka::errors::{Tried, fault, is_fencing, plain, transaction_error};
use crate::kafka::metadata::ASIDE;
use crate::kafka::partitions::signed;
use crate::kafka::records::Outgoing;
use crate::kafka::settings::Clients;
use crate::observe::metrics::{Ended, Metrics};
use crate::stage::Stage;
use crate::stage::port::{Fault, Outcome};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext, PurgeConfig};
use rdkafka::util::Timeout;
use std::time::Duration;

/// The producer of a worker, and its spare.
///
/// librdkafka has the transaction protocol before KIP-890: a commit whose answer was lost may still arrive, and would then
/// end a *later* transaction of the same transactional id. So after a doubtful commit the id changes.
pub struct Producer {
    clients: Clients,
    stage: Stage,
    ids: [String; 2],
    active: usize,
    current: Option<BaseProducer<Chatter>>,
    /// Of the other id, ready to take over. To make it decides what its id left open.
    spare: Option<BaseProducer<Chatter>>,
    /// The other id has left a transaction that is not decided.
    undecided: bool,
    /// Since when every transaction was aborted.
    aborting: Option<Stopwatch>,
    /// When that was last tried to be decided.
    tried: Option<Stopwatch>,
    group: String,
    /// How long transactions took so far.
    took: Duration,
    metrics: Metrics,
}

/// How long the broker may take to give us our id; it may first have to end what a predecessor left.
const INIT: Duration = Duration::from_secs(20);
/// The same while other work waits.
const INIT_AGAIN: Duration = Duration::from_secs(2);
/// How long records and offsets may take.
const DELIVERY: Duration = Duration::from_secs(10);
/// How long to undo may take.
const ABORT: Duration = Duration::from_secs(5);
/// A commit that took longer may have been asked for twice.
const LONG_COMMIT: Duration = Duration::from_secs(2);
/// When every transaction is aborted for so long, the worker begins anew.
const STUCK: Duration = Duration::from_secs(60);
/// How long one look for delivery reports waits.
const LOOK: Duration = Duration::from_millis(10);

/// Why a transaction did not end well.
enum Trouble {
    /// Nothing of it will be seen, once it is undone.
    Undo(String),
    /// Nobody knows.
    Doubt(String),
    /// No further transaction is possible.
    End(Fault),
}

impl Producer {
    /// Makes the producer, and fences its predecessor of the same name.
    ///
    /// # Errors
    /// When no broker gives it its id.
    pub fn new(clients: &Clients, stage: Stage, worker: u16, metrics: Metrics) -> Result<Producer, Fault> {
        let ids = clients.transactional_ids(stage, worker);
        let current = make(clients, &ids[0], INIT)?;
        let group = clients.group(stage);
        let clients = clients.clone();
        let current = Some(current);
        Ok(Producer {
            clients,
            group,
            stage,
            ids,
            active: 0,
            current,
            spare: None,
            undecided: false,
            aborting: None,
            tried: None,
            took: Duration::ZERO,
            metrics,
        })
    }

    /// One transaction.
    ///
    /// # Errors
    /// A fault ends the worker.
    pub fn commit<'a>(
        &mut self,
        records: impl Iterator<Item = Outgoing<'a>>,
        offsets: &TopicPartitionList,
        group: Option<&ConsumerGroupMetadata>,
    ) -> Result<Outcome, Fault> {
        let watch = Stopwatch::start();
        let done = self.attempt(records, offsets, group);
        let took = watch.elapsed();
        self.took += took;
        let (outcome, ended) = match done {
            Ok(commit_took) => {
                self.aborting = None;
                if commit_took > LONG_COMMIT {
                    self.replace("a commit took long", false);
                }
                (Outcome::Committed, Ended::Committed)
            }
            Err(Trouble::Undo(why)) => {
                tracing::warn!(stage = %self.stage, why, "a transaction is aborted");
                let since = self.aborting.get_or_insert_with(Stopwatch::start);
                if since.elapsed() > STUCK {
                    return Err(Fault::Broken(format!("every transaction of {STUCK:?} was aborted: {why}")));
                }
                self.undo()?;
                (Outcome::Aborted, Ended::Aborted)
            }
            Err(Trouble::Doubt(why)) => {
                self.replace(&why, true);
                (Outcome::Unknown, Ended::Unknown)
            }
            Err(Trouble::End(fault)) => return Err(fault),
        };
        self.metrics.transaction(self.stage, ended, took);
        Ok(outcome)
    }

    /// Looks for what brokers tell aside, such as that a token is to be renewed, also while there is nothing to commit.
    pub fn tend(&self) {
        for producer in self.current.iter().chain(&self.spare) {
            producer.poll(Duration::ZERO);
        }
    }

    /// How long transactions took so far.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Has what a doubtful commit left decided, when it can be had without a long wait: a producer that takes the id ends its
    /// transaction.
    pub fn decide(&mut self) {
        if !self.undecided || self.tried.is_some_and(|tried| tried.elapsed() < INIT_AGAIN * 2) {
            return;
        }
        match make(&self.clients, &self.ids[1 - self.active], INIT_AGAIN) {
            Ok(spare) => {
                self.spare = Some(spare);
                self.undecided = false;
                self.tried = None;
            }
            Err(fault) => {
                self.tried = Some(Stopwatch::start());
                tracing::warn!(stage = %self.stage, %fault, "a transaction stays undecided");
            }
        }
    }

    /// How long the commit itself took.
    fn attempt<'a>(
        &mut self,
        records: impl Iterator<Item = Outgoing<'a>>,
        offsets: &TopicPartitionList,
        group: Option<&ConsumerGroupMetadata>,
    ) -> Result<Duration, Trouble> {
        let Some(group) = group else { return Err(Trouble::Undo("we are in no group".to_owned())) };
        let mut tried = Tried { group: Some(self.group.clone()), ..Tried::default() };
        let producer = self.ready()?;
        producer.begin_transaction().map_err(|error| judge("beginning a transaction", &error, &tried))?;
        for record in records {
            if tried.written.iter().all(|topic| topic != record.topic) {
                tried.written.push(record.topic.to_owned());
            }
            send(producer, &record, &tried)?;
        }
        if offsets.count() > 0 {
            producer
                .send_offsets_to_transaction(offsets, group, DELIVERY)
                .map_err(|error| judge("sending offsets", &error, &tried))?;
        }
        if !flush(producer, DELIVERY) {
            return Err(Trouble::Undo("records are not delivered in time".to_owned()));
        }
        let watch = Stopwatch::start();
        producer.commit_transaction(Timeout::Never).map_err(|error| judge_commit(&error, &tried))?;
        Ok(watch.elapsed())
    }

    /// The producer, made if there is none.
    fn ready(&mut self) -> Result<&BaseProducer<Chatter>, Trouble> {
        if self.current.is_none() {
            match make(&self.clients, &self.ids[self.active], INIT_AGAIN) {
                Ok(producer) => self.current = Some(producer),
                Err(fault @ (Fault::Fenced(_) | Fault::Forbidden(_))) => return Err(Trouble::End(fault)),
                Err(Fault::Broken(why) | Fault::Partition(why)) => return Err(Trouble::Undo(why)),
            }
        }
        self.current.as_ref().ok_or_else(|| Trouble::Undo("there is no producer".to_owned()))
    }

    fn undo(&mut self) -> Result<(), Fault> {
        let Some(producer) = &self.current else { return Ok(()) };
        if producer.client().fatal_error().is_some_and(|(code, _)| is_fencing(code)) {
            return Err(Fault::Fenced("the producer is fenced".to_owned()));
        }
        // What is on its way must arrive before the abort: after it, it would fall into the next transaction.
        producer.purge(PurgeConfig::default().queue());
        if !flush(producer, ABORT) {
            self.replace("records are still on their way", true);
            return Ok(());
        }
        match producer.abort_transaction(ABORT) {
            Ok(()) => Ok(()),
            // There was none.
            Err(error) if transaction_error(&error).is_some_and(|e| e.code() == Code::State) => Ok(()),
            Err(error) => match judge("aborting a transaction", &error, &Tried::default()) {
                Trouble::End(fault) => Err(fault),
                Trouble::Undo(why) | Trouble::Doubt(why) => {
                    self.replace(&why, true);
                    Ok(())
                }
            },
        }
    }

    /// Goes on with the spare.
    fn replace(&mut self, why: &str, undecided: bool) {
        tracing::warn!(stage = %self.stage, why, "the spare producer takes over");
        self.current = self.spare.take();
        self.active = 1 - self.active;
        self.undecided = undecided;
    }
}

fn make(clients: &Clients, id: &str, patience: Duration) -> Result<BaseProducer<Chatter>, Fault> {
    let producer: BaseProducer<Chatter> = clients
        .producer(id)?
        .create_with_context(clients.chatter())
        .map_err(|error| fault("making a producer", &error))?;
    // A token is asked for by an event, and nothing below looks for events.
    producer.poll(ASIDE);
    producer.init_transactions(patience).map_err(|error| {
        let tried = Tried { transactional_id: Some(id.to_owned()), ..Tried::default() };
        // Why brokers did not let us in came aside.
        producer.poll(ASIDE);
        match (tried.fault("taking a transactional id", &error), producer.context().causes.take()) {
            (Fault::Broken(said), Some(cause)) => Fault::Broken(format!("{said}: {}", cause.as_str())),
            (fault, Some(_) | None) => fault,
        }
    })?;
    Ok(producer)
}

fn send(producer: &BaseProducer<Chatter>, record: &Outgoing<'_>, tried: &Tried) -> Result<(), Trouble> {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
    for (key, value) in &record.headers {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    let mut next = BaseRecord::<[u8], [u8]>::to(record.topic).headers(headers);
    if let Some(partition) = record.partition {
        next = next.partition(signed(partition).map_err(Trouble::End)?);
    }
    if let Some(key) = &record.key {
        next = next.key(key);
    }
    if let Some(value) = &record.value {
        next = next.payload(value);
    }
    queue(producer, next, DELIVERY).map_err(|error| judge("sending a record", &error, tried))
}

/// Sends a record on its way, as soon as there is a place for it.
///
/// # Errors
/// When there is none for so long, or the record is refused.
pub(crate) fn queue<C: ProducerContext<DeliveryOpaque = ()>>(
    producer: &BaseProducer<C>,
    record: BaseRecord<'_, [u8], [u8]>,
    patience: Duration,
) -> Result<(), KafkaError> {
    let (watch, mut next) = (Stopwatch::start(), record);
    loop {
        match producer.send(next) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(Code::QueueFull), again)) if watch.elapsed() < patience => {
                producer.poll(LOOK);
                next = again;
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// Waits until nothing is on its way, and says whether that came to be. The library's own way looks only every 100 ms.
pub(crate) fn flush<C: ProducerContext>(producer: &BaseProducer<C>, patience: Duration) -> bool {
    let watch = Stopwatch::start();
    while producer.in_flight_count() > 0 {
        if watch.elapsed() > patience {
            return false;
        }
        producer.poll(LOOK);
    }
    true
}

/// What an error before the commit means.
fn judge(what: &str, error: &KafkaError, tried: &Tried) -> Trouble {
    let said = format!("{what}: {}", plain(error));
    let code = error.rdkafka_error_code();
    if let Some(missing) = tried.missing_for(error) {
        return Trouble::End(Fault::Forbidden(format!("{what}: {missing}")));
    }
    match transaction_error(error) {
        _ if code.is_some_and(is_fencing) => Trouble::End(Fault::Fenced(said)),
        Some(error) if error.is_fatal() => Trouble::End(Fault::Broken(said)),
        Some(_) => Trouble::Undo(said),
        None if code == Some(Code::MessageSizeTooLarge) || code == Some(Code::UnknownTopicOrPartition) => {
            Trouble::End(Fault::Broken(said))
        }
        None => Trouble::Undo(said),
    }
}

/// What an error of the commit means: only an error that asks for an abort says that it was refused.
fn judge_commit(error: &KafkaError, tried: &Tried) -> Trouble {
    match judge("committing a transaction", error, tried) {
        Trouble::End(fault) => Trouble::End(fault),
        Trouble::Undo(why) | Trouble::Doubt(why) => match transaction_error(error) {
            Some(error) if error.txn_requires_abort() => Trouble::Undo(why),
            Some(_) | None => Trouble::Doubt(why),
        },
    }
}
