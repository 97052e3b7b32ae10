//! A transactional id: its producer, and the end of what its last transactions left undecided.

use crate::host::clock::Stopwatch;
use crate::kafka::consumer::GroupConsumer;
use crate::kafka::context::BasicContext;
use crate::kafka::errors::{Resources, fault};
use crate::kafka::forgotten::{abort_rest, commit_rest};
use crate::kafka::last_transaction::{Committed, Ending, Last, Open, Places};
use crate::kafka::markers::{
    everywhere, inherited, offsets_before, undecided, were_committed, without_markers,
};
use crate::kafka::partitions::number;
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{EVENTS_MS, REINIT_TRANSACTIONS_SECONDS, UNDECIDED_SECONDS};
use crate::kafka::watched::Watched;
use crate::kafka::worker_context::WorkerContext;
use crate::stage::port::{Fault, SourcePartition};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::producer::{BaseProducer, Producer as _};
use std::sync::Arc;
use std::time::Duration;

/// Why no offset can be committed.
pub(crate) const NO_ASSIGNMENT: &str = "the consumer has no assignment";

/// The group of a worker, in whose name offsets are committed.
#[derive(Clone, Copy)]
pub(crate) struct Group<'a> {
    pub(crate) consumer: &'a GroupConsumer,
    /// The metadata of the last assignment; none before the first.
    pub(crate) metadata: Option<&'a Arc<ConsumerGroupMetadata>>,
}

/// One of the two transactional ids of a worker.
pub(crate) struct TransactionalId {
    pub(crate) name: String,
    /// Its producer. Creating it fences the one before, and ends the transaction that was left open.
    pub(crate) producer: Option<Arc<BaseProducer<BasicContext>>>,
    watched: Watched,
}

impl TransactionalId {
    pub(crate) fn new(name: String) -> TransactionalId {
        TransactionalId { name, producer: None, watched: Watched::default() }
    }

    /// How its last transaction was to end, if it is not known to be committed.
    pub(crate) fn open(&self, context: &WorkerContext) -> Option<Ending> {
        context.clients.last_transactions.open(&self.name)
    }

    /// A transaction with these offsets begins: until it has ended it counts as abandoned.
    pub(crate) fn begin(&self, context: &WorkerContext, offsets: &TopicPartitionList) {
        self.take_written();
        let (written, offsets) = (Places::default(), Places::of(offsets));
        let open = Open { ending: Ending::Abandoned, written, offsets, since: Stopwatch::start() };
        context.clients.last_transactions.change(&self.name, |last| last.open = Some(open));
    }

    /// The transaction is committed.
    pub(crate) fn committed(&self, context: &WorkerContext) {
        let written = self.take_written();
        context.clients.last_transactions.change(&self.name, |last| last.commit(written));
    }

    /// The transaction ended otherwise.
    pub(crate) fn ended(&self, context: &WorkerContext, ending: Ending) {
        let written = self.take_written();
        context.clients.last_transactions.change(&self.name, |last| {
            if let Some(open) = &mut last.open {
                *open = Open {
                    ending,
                    written,
                    since: Stopwatch::start(),
                    offsets: std::mem::take(&mut open.offsets),
                };
            }
        });
    }

    fn take_written(&self) -> Places {
        self.producer.as_ref().map(|producer| producer.context().take_written()).unwrap_or_default()
    }

    /// Creates the producer unless there is one.
    ///
    /// # Errors
    /// No broker grants the id within `timeout`.
    pub(crate) fn create(
        &mut self,
        context: &WorkerContext,
        timeout: Duration,
    ) -> Result<&Arc<BaseProducer<BasicContext>>, Fault> {
        match &mut self.producer {
            Some(producer) => Ok(producer),
            place @ None => {
                Ok(place.insert(create(&context.clients, &self.name, context.batch_bytes, timeout)?))
            }
        }
    }

    /// Makes the id ready for a transaction: ends what its last ones left undecided, in the way in which they were to end. What was
    /// committed comes first, because an abort would reach it too.
    ///
    /// # Errors
    /// The brokers do not answer, or it is not known yet how the last transaction has ended.
    pub(crate) fn prepare(&mut self, context: &WorkerContext, group: Group<'_>) -> Result<(), Fault> {
        self.create(context, REINIT_TRANSACTIONS_SECONDS)?;
        if self.open(context).is_none() {
            return Ok(());
        }
        let Last { committed, open } = context.clients.last_transactions.get(&self.name);
        let Some(open) = open else { return Ok(()) };
        if let Some(committed) = committed {
            self.complete(context, &committed, group)?;
        }
        match open.ending {
            Ending::Aborted if self.has_markers(&open, group)? => {}
            Ending::Aborted | Ending::Abandoned => self.abort(context, &open.offsets, group)?,
            Ending::Unknown => self.end_unknown(context, &open, group)?,
            Ending::Committed => drop(self.complete(context, &open.committed(), group)?),
            Ending::Inherited => self.end_inherited(context, group)?,
        }
        context.clients.last_transactions.change(&self.name, |last| last.open = None);
        Ok(())
    }

    /// Commits once more what was committed and is not decided, and offsets that were aborted with a later transaction. Returns
    /// whether there was any.
    ///
    /// # Errors
    /// The brokers do not take it, or it is not known yet whether a marker is missing.
    pub(crate) fn end_committed(&mut self, context: &WorkerContext, group: Group<'_>) -> Result<bool, Fault> {
        let committed = context.clients.last_transactions.get(&self.name).committed;
        let Some(committed) = committed else { return Ok(false) };
        self.create(context, REINIT_TRANSACTIONS_SECONDS)?;
        self.complete(context, &committed, group)
    }

    /// Aborts what is undecided of this id at the group's offset of a partition and in all topics. Nothing is known of it: another
    /// process began it.
    ///
    /// # Errors
    /// The brokers do not take it.
    pub(crate) fn end_foreign(
        &mut self,
        context: &WorkerContext,
        partition: &SourcePartition,
        group: Group<'_>,
    ) -> Result<(), Fault> {
        let mut offsets = Places::default();
        offsets.note(&partition.topic, number(partition.partition)?, 0);
        self.create(context, REINIT_TRANSACTIONS_SECONDS)?;
        self.abort(context, &offsets, group)
    }

    /// Looks whether what was committed is decided. What is not after [`UNDECIDED_SECONDS`], when every transaction that began
    /// earlier has ended, is committed once more. Others wait for it, so this id must not wait for its next use. `asking` is any
    /// producer.
    ///
    /// # Errors
    /// The brokers do not answer, or do not take it.
    pub(crate) fn look_after(
        &mut self,
        context: &WorkerContext,
        asking: &BaseProducer<BasicContext>,
        group: Group<'_>,
    ) -> Result<(), Fault> {
        let Last { committed, open } = context.clients.last_transactions.get(&self.name);
        let (Some(committed), None) = (committed, open) else { return Ok(()) };
        self.look_after_records(context, &committed, asking, group)?;
        if self.watched.are_answered(&committed.offsets) {
            return Ok(());
        }
        let answer = group.consumer.committed_offsets(&committed.offsets.list()?)?;
        if !self.watched.note_answer(&committed.offsets, answer.is_some(), UNDECIDED_SECONDS) {
            return Ok(());
        }
        self.create(context, REINIT_TRANSACTIONS_SECONDS)?;
        self.complete(context, &committed, group).map(|_| ())
    }

    fn look_after_records(
        &mut self,
        context: &WorkerContext,
        committed: &Committed,
        asking: &BaseProducer<BasicContext>,
        group: Group<'_>,
    ) -> Result<(), Fault> {
        let quiet = self.watched.quiet(&committed.written);
        if quiet.is_empty() {
            return Ok(());
        }
        let open = undecided(asking, &quiet)?;
        let decided = quiet.without(&open);
        context.clients.last_transactions.change(&self.name, |last| last.decided(&decided));
        let Some(hidden) = self.watched.overdue(open, UNDECIDED_SECONDS) else { return Ok(()) };
        self.create(context, REINIT_TRANSACTIONS_SECONDS)?;
        self.commit(context, &hidden, &Places::default(), group)
    }

    /// As [`TransactionalId::end_committed`]. Returns whether anything was committed.
    fn complete(
        &mut self,
        context: &WorkerContext,
        committed: &Committed,
        group: Group<'_>,
    ) -> Result<bool, Fault> {
        let rest = self.undecided(&committed.written)?;
        let stable = group.consumer.committed_offsets(&committed.offsets.list()?)?;
        let (before, is_stable) = match stable {
            Some(stable) => (Places::of(&stable), true),
            None => (offsets_before(context, &committed.offsets)?, false),
        };
        // Another worker continues at a stable offset. A partition without one may be that of a topic which was created again.
        let is_lost = |topic: &str, partition: i32, next: i64| {
            let is_ours = !is_stable || group.consumer.has(topic, partition);
            is_ours && before.get(topic, partition).is_some_and(|before| before < next)
        };
        let lost = committed.offsets.filter(is_lost);
        if !rest.is_empty() && committed.since.elapsed() < UNDECIDED_SECONDS {
            return Err(Fault::Broken("committed records are not decided yet".to_owned()));
        }
        if rest.is_empty() && lost.is_empty() {
            return Ok(false);
        }
        self.commit(context, &rest, &lost, group).map(|()| true)
    }

    fn commit(
        &mut self,
        context: &WorkerContext,
        rest: &Places,
        offsets: &Places,
        group: Group<'_>,
    ) -> Result<(), Fault> {
        // One by one: a transaction that fails is aborted, and would abort the committed records in all its partitions.
        for (topic, partition, offset) in rest.iter() {
            let mut place = Places::default();
            place.note(topic, partition, offset);
            self.run(|producer| commit_rest(producer, &place, (&Places::default(), metadata(group)?)))?;
            context.clients.last_transactions.change(&self.name, |last| last.decided(&place));
            tracing::warn!(
                topic,
                partition,
                offset,
                "committed records that a broker hid are committed again"
            );
        }
        if offsets.is_empty() {
            return Ok(());
        }
        // What fails here is committed at the next attempt: the offsets are known.
        self.run(|producer| commit_rest(producer, &Places::default(), (offsets, metadata(group)?)))?;
        for (topic, partition, next) in offsets.iter() {
            tracing::warn!(
                topic,
                partition,
                next,
                "a committed offset that a broker lost is committed again"
            );
        }
        Ok(())
    }

    fn abort(&mut self, context: &WorkerContext, offsets: &Places, group: Group<'_>) -> Result<(), Fault> {
        self.run(|producer| {
            let all = everywhere(producer, &context.topics)?;
            abort_rest(producer, &all, (offsets, metadata(group)?))
        })
    }

    /// Whether the brokers have written the markers of an aborted transaction.
    fn has_markers(&self, aborted: &Open, group: Group<'_>) -> Result<bool, Fault> {
        let is_decided = self.undecided(&aborted.written)?.is_empty();
        Ok(is_decided && group.consumer.committed_offsets(&aborted.offsets.list()?)?.is_some())
    }

    fn undecided(&self, written: &Places) -> Result<Places, Fault> {
        self.producer
            .as_ref()
            .map_or_else(|| Ok(written.clone()), |producer| without_markers(producer, written))
    }

    /// Ends a transaction whose commit was sent and not answered. A producer has its id again, so it is committed or aborted.
    fn end_unknown(
        &mut self,
        context: &WorkerContext,
        unknown: &Open,
        group: Group<'_>,
    ) -> Result<(), Fault> {
        let rest = self.undecided(&unknown.written)?;
        let offsets = group.consumer.committed_offsets(&unknown.offsets.list()?)?;
        if rest.is_empty() && offsets.is_some() {
            return Ok(());
        }
        if unknown.since.elapsed() < UNDECIDED_SECONDS {
            return Err(Fault::Broken("the last transaction is not decided everywhere".to_owned()));
        }
        let decided = unknown.written.without(&rest);
        let offsets = offsets.map(|offsets| Places::of(&offsets));
        let is_committed = were_committed(context, &decided).or_else(|| match offsets {
            Some(offsets) if offsets == unknown.offsets => Some(true),
            Some(offsets) => offsets.are_before(&unknown.offsets).then_some(false),
            None => decided.is_empty().then_some(false),
        });
        if is_committed == Some(true) {
            return self.complete(context, &unknown.committed(), group).map(|_| ());
        }
        if is_committed.is_none() {
            let id = &self.name;
            tracing::error!(
                id,
                ?rest,
                "it is not known how a transaction has ended that a broker decided in part: it is aborted, so alerts may be lost or repeated"
            );
        }
        self.abort(context, &unknown.offsets, group)
    }

    /// Whether an earlier process of the same name left nothing undecided. `asking` is any producer.
    ///
    /// # Errors
    /// The brokers do not answer.
    pub(crate) fn inherits_nothing(
        &self,
        context: &WorkerContext,
        asking: &BaseProducer<BasicContext>,
    ) -> Result<bool, Fault> {
        let is_clean = inherited(context, asking)?.is_empty();
        if is_clean {
            context.clients.last_transactions.change(&self.name, |last| last.open = None);
        }
        Ok(is_clean)
    }

    /// Ends what an earlier process of the same name may have left undecided. It was killed, so its last transaction was aborted.
    fn end_inherited(&mut self, context: &WorkerContext, group: Group<'_>) -> Result<(), Fault> {
        let Some(producer) = &self.producer else { return Ok(()) };
        let rest = inherited(context, producer)?;
        if rest.is_empty() {
            return Ok(());
        }
        self.run(|producer| abort_rest(producer, &rest, (&Places::default(), metadata(group)?)))
    }

    /// Runs a transaction. After an error the producer is of no further use.
    fn run(
        &mut self,
        transaction: impl FnOnce(&Arc<BaseProducer<BasicContext>>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(producer) = &self.producer else {
            return Err(Fault::Broken("there is no producer".to_owned()));
        };
        let done = transaction(producer);
        if done.is_err() {
            self.producer = None;
        }
        done
    }
}

fn metadata<'a>(group: Group<'a>) -> Result<&'a Arc<ConsumerGroupMetadata>, Fault> {
    group.metadata.ok_or_else(|| Fault::Broken(NO_ASSIGNMENT.to_owned()))
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
