//! A consumer in the group of its stage. Partitions are assigned and revoked; the worker decides where each is read from.
//!
//! Rebalances are answered by the worker between two polls, not in librdkafka's callback: state is committed before a partition
//! is released. So this is a `BaseConsumer` on the worker's thread, and no stream on an asynchronous runtime.

mod requests;

use crate::event::time::Time;
use crate::host::clock::{Stopwatch, pass};
use crate::kafka::context::{GroupChange, GroupContext};
use crate::kafka::decode::{PollTotals, age, copy};
use crate::kafka::errors::{Resources, fault, may_seek_later};
use crate::kafka::last_transaction::LastTransactions;
use crate::kafka::log_bounds::{LogBounds, is_out_of_range, out_of_range, recreated, watermarks};
use crate::kafka::open_transactions::OpenTransactions;
use crate::kafka::outage::Outage;
use crate::kafka::output::Output;
use crate::kafka::partitions::{at, list, number};
use crate::kafka::poll_error::{handle, is_of_one_topic};
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{PASSED_POSITIONS_MS, REQUEST_MS, SEEK_RETRY_MS, SEEK_SECONDS};
use crate::kafka::topic_ids::TopicIds;
use crate::kafka::unanswered::Unanswered;
use crate::observe::metrics::{Metrics, Position, Rebalance};
use crate::stage::Stage;
use crate::stage::port::{Answer, Fault, Millis, RouterInput, SourcePartition, TopicPrefilter};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::message::{BorrowedMessage, Message, Timestamp};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The consumer of a worker.
pub(crate) struct GroupConsumer {
    topic_ids: TopicIds<GroupContext>,
    consumer: Arc<BaseConsumer<GroupContext>>,
    stage: Stage,
    /// The assigned partitions. Those that were started have a position.
    partitions: Partitions,
    joined: bool,
    /// No records are taken for now.
    paused: bool,
    /// The group metadata of the last assignment.
    metadata: Option<Arc<ConsumerGroupMetadata>>,
    bounds: LogBounds,
    output: Output,
    unanswered: Unanswered,
    open_transactions: OpenTransactions,
    /// A poll reported a topic that cannot be read, and the others can.
    has_refused_topic: bool,
    outage: Option<Outage>,
    /// Names the missing permission in errors.
    resources: Resources,
    waited: Duration,
    last_transactions: LastTransactions,
    /// When positions behind transaction markers were last added to a poll.
    passed_since: Stopwatch,
    metrics: Metrics,
}

type Partitions = BTreeMap<String, BTreeMap<u32, Option<ReadPosition>>>;

/// How far a partition is read.
#[derive(Clone, Copy, Debug)]
struct ReadPosition {
    /// The next offset expected.
    next: u64,
    /// The Kafka timestamp of the last record, if one was read.
    last: Option<Time>,
}

/// The most records of one poll.
const MAX_RECORDS: usize = 2000;
/// The most bytes of one poll, except for its last record, which may be as long as the source topic allows.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

impl GroupConsumer {
    /// Creates the consumer and subscribes to the topics. The group is joined in the polls that follow.
    ///
    /// # Errors
    /// librdkafka rejects the settings or a topic.
    pub(crate) fn join(
        clients: &Clients,
        stage: Stage,
        worker: u16,
        topics: &[&str],
        output: Output,
        metrics: Metrics,
    ) -> Result<GroupConsumer, Fault> {
        let consumer: BaseConsumer<GroupContext> = clients
            .group_consumer(stage, worker)?
            .create_with_context(GroupContext::new(clients.token()))
            .map_err(|error| fault("creating a consumer", &error))?;
        consumer.subscribe(topics).map_err(|error| fault("subscribing", &error))?;
        let read = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Ok(GroupConsumer {
            topic_ids: TopicIds::default(),
            consumer: Arc::new(consumer),
            stage,
            partitions: BTreeMap::new(),
            joined: false,
            paused: false,
            metadata: None,
            bounds: LogBounds::default(),
            output,
            unanswered: Unanswered::default(),
            open_transactions: OpenTransactions::default(),
            has_refused_topic: false,
            outage: None,
            resources: Resources { read, group: Some(clients.group(stage)), ..Resources::default() },
            waited: Duration::ZERO,
            last_transactions: clients.last_transactions.clone(),
            passed_since: Stopwatch::start(),
            metrics,
        })
    }

    /// Whether this consumer got its first assignment, which may be empty.
    pub(crate) fn has_joined(&self) -> bool {
        self.joined
    }

    /// The reason of an outage, during one.
    pub(crate) fn unreachable(&self) -> Option<&str> {
        self.outage.as_ref().map(Outage::why)
    }

    /// Whether a poll since the last call reported a topic that cannot be read.
    pub(crate) fn take_refused_topic(&mut self) -> bool {
        std::mem::take(&mut self.has_refused_topic)
    }

    /// The topics with assigned partitions.
    pub(crate) fn topics(&self) -> BTreeSet<String> {
        self.partitions.iter().filter(|(_, of)| !of.is_empty()).map(|(topic, _)| topic.clone()).collect()
    }

    /// The number of assigned partitions.
    pub(crate) fn count(&self) -> usize {
        self.partitions.values().map(BTreeMap::len).sum()
    }

    /// The time that polls have waited for records since the consumer was created.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// The group metadata for a transaction that commits offsets: that of the last assignment.
    ///
    /// librdkafka's present metadata would not do. A consumer that was fenced and joins again has no generation and no member id
    /// for a while, and a broker accepts offsets without a member id unchecked. Those of an old generation it refuses.
    pub(crate) fn metadata(&self) -> Option<&Arc<ConsumerGroupMetadata>> {
        self.metadata.as_ref()
    }

    /// Does what [`crate::stage::port::RouterPort::poll`] requires, for both stages.
    pub(crate) fn poll<V>(
        &mut self,
        wait: Millis,
        prefilter: TopicPrefilter<'_, V>,
    ) -> Result<Vec<RouterInput<V>>, Fault> {
        let (mut inputs, mut totals) = (Vec::new(), PollTotals::default());
        let (watch, mut waited) = (Stopwatch::start(), Duration::ZERO);
        let wait = Duration::from_millis(wait.0);
        while totals.records < MAX_RECORDS
            && totals.bytes < MAX_BYTES
            && !self.consumer.context().has_change()
        {
            let waits = totals.records == 0;
            let left = if waits { wait.saturating_sub(watch.elapsed()) } else { Duration::ZERO };
            let polled = self.consumer.poll(left);
            if waits {
                waited = watch.elapsed();
            }
            match polled {
                Some(Ok(message)) => {
                    let timestamp = message.timestamp();
                    totals.add(&message, timestamp, self.stage);
                    let again = || self.metrics.delivered_again(self.stage);
                    if let Some(offset) = advance(&message, timestamp, &mut self.partitions, again) {
                        copy(&message, offset, self.stage, prefilter, &mut inputs);
                    }
                }
                Some(Err(error)) if is_out_of_range(&error) => {
                    return Err(out_of_range(&self.consumer, &self.started()));
                }
                Some(Err(error)) if self.stage == Stage::Router && is_of_one_topic(&error) => {
                    self.has_refused_topic = true;
                }
                Some(Err(error)) => handle(&error, &self.resources, &mut self.outage)?,
                None if left.is_zero() || self.consumer.context().has_change() => break,
                None => {}
            }
        }
        self.check_topics()?;
        self.waited += waited;
        self.observe(&totals)?;
        self.add_passed(&totals, &mut inputs);
        while let Some(change) = self.consumer.context().take_change() {
            inputs.push(self.change(change));
        }
        Ok(inputs)
    }

    /// Checks that no topic was re-created since it was assigned. Called before each commit, too: otherwise offsets of the old
    /// topic would be committed for the new one.
    ///
    /// # Errors
    /// The topic that was re-created.
    pub(crate) fn check_topics(&mut self) -> Result<(), Fault> {
        let assigned = self.partitions.iter().filter(|(_, partitions)| !partitions.is_empty());
        let by_id = self.topic_ids.compare(&self.consumer, assigned.map(|(topic, _)| topic));
        let (topic, noticed_by) = match (by_id, self.consumer.context().recreated()) {
            (None, None) => return Ok(()),
            (Some(topic), _) => (topic, "its topic id"),
            (None, Some(topic)) => (topic, "the log of librdkafka"),
        };
        tracing::warn!(stage = %self.stage, topic, noticed_by, "a topic was re-created");
        let partitions = self.partitions.get(&topic).into_iter().flat_map(BTreeMap::keys);
        self.last_transactions.forget(&topic);
        Err(recreated(&self.consumer, &topic, partitions)?)
    }

    /// Adds how far started partitions were read behind their last record: behind it stand transaction markers and aborted records,
    /// which are never returned.
    fn add_passed<V>(&mut self, totals: &PollTotals, inputs: &mut Vec<RouterInput<V>>) {
        let is_due = totals.records == 0 || self.consumer.context().has_change();
        if !is_due && self.passed_since.elapsed() < PASSED_POSITIONS_MS {
            return;
        }
        self.passed_since = Stopwatch::start();
        for (from, next) in self.positions() {
            let partitions = self.partitions.get_mut(&from.topic);
            let position = partitions.and_then(|of| of.get_mut(&from.partition)?.as_mut());
            if let Some(position) = position.filter(|position| position.next < next) {
                position.next = next;
                inputs.push(RouterInput::Passed { from, next });
            }
        }
    }

    fn change<V>(&mut self, change: GroupChange) -> RouterInput<V> {
        self.joined = true;
        let (event, partitions) = match &change {
            GroupChange::Assign(partitions) => (Rebalance::Assign, partitions),
            GroupChange::Revoke(partitions) => (Rebalance::Revoke, partitions),
            GroupChange::Lost(partitions) => (Rebalance::Lost, partitions),
        };
        self.metrics.rebalance(self.stage, event);
        let names: Vec<String> =
            partitions.iter().map(|of| format!("{} [{}]", of.topic, of.partition)).collect();
        tracing::info!(stage = %self.stage, event = event.as_str(), partitions = names.join(", "), "rebalance");
        match change {
            GroupChange::Assign(partitions) => RouterInput::Assign(partitions),
            GroupChange::Revoke(partitions) => RouterInput::Revoke(partitions),
            GroupChange::Lost(partitions) => RouterInput::Lost(partitions),
        }
    }

    /// Notes the beginning and the end of an outage, and reports positions and lag.
    fn observe(&mut self, totals: &PollTotals) -> Result<(), Fault> {
        if totals.records > 0 {
            let age = totals.oldest.map(age);
            self.metrics.polled(self.stage, totals.bytes, age);
        }
        if let Some(why) = self.consumer.context().connection.take() {
            Outage::report(&mut self.outage, why);
        }
        let request = || self.consumer.fetch_metadata(None, REQUEST_MS).is_ok();
        if let Some(outage) = &mut self.outage
            && outage.is_over(request)?
        {
            self.outage = None;
            tracing::info!(stage = %self.stage, "brokers answer again");
        }
        let ends = self.consumer.context().take_ends();
        let positions = if ends.is_empty() { BTreeMap::new() } else { self.positions() };
        for (partition, ends) in ends {
            let assigned = self.partitions.get(&partition.topic).and_then(|of| of.get(&partition.partition));
            if let Some(Some(ReadPosition { next, last })) = assigned {
                let next = positions.get(&partition).copied().unwrap_or_default().max(*next);
                let position = Position { next, end: ends.stable, high: ends.high, behind: last.map(age) };
                self.metrics.position(self.stage, &partition.topic, partition.partition, &position);
                self.open_transactions.observe(&partition, ends);
            }
        }
        Ok(())
    }

    /// The positions of librdkafka. They pass control records, which are never returned by a poll and would look like a lag that
    /// never ends.
    fn positions(&self) -> BTreeMap<SourcePartition, u64> {
        let Ok(positions) = self.consumer.position() else { return BTreeMap::new() };
        if positions.count() == 0 {
            return BTreeMap::new();
        }
        let known = positions.elements().into_iter().filter_map(|element| {
            let partition = u32::try_from(element.partition()).ok()?;
            let next = u64::try_from(element.offset().to_raw()?).ok()?;
            Some((SourcePartition { topic: element.topic().to_owned(), partition }, next))
        });
        known.collect()
    }

    /// Does what [`crate::stage::port::RouterPort::accept`] requires, for both stages.
    pub(crate) fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        let list = self.with_any_offset(partitions)?;
        self.consumer.incremental_assign(&list).map_err(|error| fault("assigning partitions", &error))?;
        if !partitions.is_empty() {
            self.consumer.pause(&list).map_err(|error| fault("pausing partitions", &error))?;
        }
        for SourcePartition { topic, partition } in partitions {
            self.partitions.entry(topic.clone()).or_default().insert(*partition, None);
        }
        self.topic_ids.assigned();
        // In this order: a consumer that is fenced between the two calls has lost its assignment.
        let metadata = self.consumer.group_metadata();
        self.metadata = metadata.filter(|_| !self.consumer.assignment_lost()).map(Arc::new);
        Ok(())
    }

    /// The partitions with an offset each, as librdkafka requires. None is read from there: they are paused until a seek. A
    /// logical offset (stored, end) would start a request whose answer may come after the seek and override it.
    fn with_any_offset(&self, partitions: &[SourcePartition]) -> Result<TopicPartitionList, Fault> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        let mut is_reachable = true;
        for partition in partitions {
            let bounds = if is_reachable { watermarks(&self.consumer, partition)? } else { Answer::Wait };
            let first = match bounds {
                Answer::Ready((first, _)) => first,
                Answer::Wait => {
                    is_reachable = false;
                    0
                }
            };
            list.add_partition_offset(&partition.topic, number(partition.partition)?, at(first))
                .map_err(|error| fault("listing partitions", &error))?;
        }
        Ok(list)
    }

    /// Does what [`crate::stage::port::RouterPort::release`] requires, for both stages.
    pub(crate) fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        for released in partitions {
            let SourcePartition { topic, partition } = released;
            self.partitions.entry(topic.clone()).or_default().remove(partition);
            self.metrics.forget(self.stage, topic, *partition);
            self.open_transactions.forget(released);
        }
        let list = list(partitions, Offset::Invalid)?;
        self.consumer.incremental_unassign(&list).map_err(|error| fault("releasing partitions", &error))
    }

    /// Pauses or resumes all partitions that were started. A pause discards what librdkafka has fetched, so resuming seeks to the
    /// next offset expected.
    pub(crate) fn set_paused(&mut self, paused: bool) -> Result<(), Fault> {
        if std::mem::replace(&mut self.paused, paused) == paused {
            return Ok(());
        }
        let started = self.started();
        if !paused {
            tracing::info!(stage = %self.stage, "records are read again: the outbox was sent");
            return started.iter().try_for_each(|(partition, next)| self.start_at(partition, *next));
        }
        tracing::warn!(stage = %self.stage, "no records are read until the outbox is sent: it is full");
        let partitions: Vec<SourcePartition> = started.into_iter().map(|(partition, _)| partition).collect();
        let list = list(&partitions, Offset::Invalid)?;
        if partitions.is_empty() {
            return Ok(());
        }
        self.consumer.pause(&list).map_err(|error| fault("pausing partitions", &error))
    }

    /// The partitions that were started, each with the next offset expected.
    fn started(&self) -> Vec<(SourcePartition, u64)> {
        let started = self.partitions.iter().flat_map(|(topic, partitions)| {
            let of = |(partition, reading): (&u32, &Option<ReadPosition>)| {
                Some((
                    SourcePartition { topic: topic.clone(), partition: *partition },
                    reading.as_ref()?.next,
                ))
            };
            partitions.iter().filter_map(of)
        });
        started.collect()
    }

    /// Reads the partition from this offset on: seeks, and resumes unless all are paused.
    pub(crate) fn start_at(&mut self, partition: &SourcePartition, offset: u64) -> Result<(), Fault> {
        let list = list(std::slice::from_ref(partition), at(offset))?;
        let watch = Stopwatch::start();
        loop {
            let done = self.consumer.seek_partitions(list.clone(), SEEK_SECONDS);
            match done.and_then(|done| done.elements().iter().try_for_each(|element| element.error())) {
                Ok(()) => break,
                // librdkafka has not started a partition that was assigned a moment ago, and reports no event when it has.
                Err(error) if watch.elapsed() < SEEK_SECONDS && may_seek_later(&error) => pass(SEEK_RETRY_MS),
                Err(error) => return Err(fault("seeking", &error)),
            }
        }
        if !self.paused {
            self.consumer.resume(&list).map_err(|error| fault("resuming a partition", &error))?;
        }
        let reading = Some(ReadPosition { next: offset, last: None });
        self.partitions.entry(partition.topic.clone()).or_default().insert(partition.partition, reading);
        Ok(())
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        self.consumer.context().close();
        // Leaving the group would wait for rebalances that are not answered.
        while let Some(change) = self.consumer.context().take_change() {
            if let GroupChange::Revoke(partitions) | GroupChange::Lost(partitions) = change
                && let Ok(list) = list(&partitions, Offset::Invalid)
            {
                drop(self.consumer.incremental_unassign(&list));
            }
        }
        for (topic, partitions) in &self.partitions {
            for partition in partitions.keys() {
                self.metrics.forget(self.stage, topic, *partition);
            }
        }
    }
}

/// Moves the position behind a record, and returns the record's offset. `None`: its partition was not started, or it was delivered
/// before.
fn advance(
    message: &BorrowedMessage<'_>,
    timestamp: Timestamp,
    partitions: &mut Partitions,
    again: impl Fn(),
) -> Option<u64> {
    let partition = u32::try_from(message.partition()).ok()?;
    let offset = u64::try_from(message.offset()).ok()?;
    let reading = partitions.get_mut(message.topic())?.get_mut(&partition)?.as_mut()?;
    if offset < reading.next {
        again();
        return None;
    }
    *reading = ReadPosition { next: offset + 1, last: timestamp.to_millis().map(Time::from_millis) };
    Some(offset)
}
