//! A member of a consumer group: its partitions come and go, each is read from where the worker says.

use crate::event::time::Time;
use crate::host::clock::{Stopwatch, pass};
use crate::kafka::context::{Change, MemberContext};
use crate::kafka::decode::{Brought, age, hand_out};
use crate::kafka::errors::{Tried, fault, is_fencing, is_unreachable, may_pass};
use crate::kafka::log_bounds::{self, Reach, is_out_of_range, out_of_range, watermarks};
use crate::kafka::outage::Away;
use crate::kafka::partitions::{at, list, signed};
use crate::kafka::refusals::Cause;
use crate::kafka::settings::Clients;
use crate::observe::metrics::{Metrics, Position, Rebalance};
use crate::stage::Stage;
use crate::stage::port::{Answer, Fault, Millis, RouterInput, SourcePartition, TopicPrefilter};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message, Timestamp};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

/// A member.
pub struct Member {
    consumer: BaseConsumer<MemberContext>,
    stage: Stage,
    /// Ours; those that were started with how far they are read.
    partitions: Partitions,
    joined: bool,
    /// No records are taken for now.
    held: bool,
    /// Who we are in the generation that gave us what we have.
    metadata: Option<ConsumerGroupMetadata>,
    reach: Reach,
    away: Option<Away>,
    /// What may turn out to be forbidden.
    tried: Tried,
    waited: Duration,
    /// When positions behind transaction markers were last added to a poll.
    passed_since: Stopwatch,
    metrics: Metrics,
}

type Partitions = BTreeMap<String, BTreeMap<u32, Option<Reading>>>;

/// How far a partition is read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The next offset expected.
    next: u64,
    /// The timestamp in Kafka of the record before it, if that was read.
    last: Option<Time>,
}

/// The most records of one poll.
const MAX_RECORDS: usize = 2000;
/// The most bytes of one poll, one record excepted: a record may be as long as the source topic allows.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// How long a question to a broker may keep the worker from its work.
pub(crate) const QUESTION: Duration = Duration::from_millis(500);
/// While records arrive, positions behind transaction markers are looked up this often.
const PASSED: Duration = Duration::from_millis(100);
/// How long a seek may take until it is a fault.
const SEEK: Duration = Duration::from_secs(10);

impl Member {
    /// Joins the group.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn join(
        clients: &Clients,
        stage: Stage,
        worker: u16,
        topics: &[&str],
        metrics: Metrics,
    ) -> Result<Member, Fault> {
        let consumer: BaseConsumer<MemberContext> = clients
            .member(stage, worker)?
            .create_with_context(MemberContext::new(clients.token()))
            .map_err(|error| fault("making a consumer", &error))?;
        consumer.subscribe(topics).map_err(|error| fault("subscribing", &error))?;
        let read = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Ok(Member {
            consumer,
            stage,
            partitions: BTreeMap::new(),
            joined: false,
            held: false,
            metadata: None,
            reach: Reach::default(),
            away: None,
            tried: Tried { read, group: Some(clients.group(stage)), ..Tried::default() },
            waited: Duration::ZERO,
            passed_since: Stopwatch::start(),
            metrics,
        })
    }

    /// Whether the group has answered.
    pub fn has_joined(&self) -> bool {
        self.joined
    }

    /// Why no broker can be reached, if none can.
    pub fn unreachable(&self) -> Option<&str> {
        self.away.as_ref().map(Away::why)
    }

    /// How many partitions are ours.
    pub fn count(&self) -> usize {
        self.partitions.values().map(BTreeMap::len).sum()
    }

    /// How long polls have waited for records so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// What a transaction that commits our offsets must show.
    ///
    /// It is that of the last assignment, not what the client would say now: one that was thrown out of its group and joins
    /// anew has no generation and no name for a while, and a broker takes offsets in a transaction from somebody without a
    /// name as they are. Of a generation that is over it refuses them.
    pub fn metadata(&self) -> Option<&ConsumerGroupMetadata> {
        self.metadata.as_ref()
    }

    /// As [`crate::stage::port::RouterPort::poll`].
    pub fn poll<V>(
        &mut self,
        wait: Millis,
        prefilter: TopicPrefilter<'_, V>,
    ) -> Result<Vec<RouterInput<V>>, Fault> {
        let (mut inputs, mut brought) = (Vec::new(), Brought::default());
        let (watch, mut waited) = (Stopwatch::start(), Duration::ZERO);
        let wait = Duration::from_millis(wait.0);
        while brought.records < MAX_RECORDS
            && brought.bytes < MAX_BYTES
            && !self.consumer.context().has_change()
        {
            let waits = brought.records == 0;
            let left = if waits { wait.saturating_sub(watch.elapsed()) } else { Duration::ZERO };
            let polled = self.consumer.poll(left);
            if waits {
                waited = watch.elapsed();
            }
            match polled {
                Some(Ok(message)) => {
                    let timestamp = message.timestamp();
                    brought.add(&message, timestamp, self.stage);
                    let again = || self.metrics.delivered_again(self.stage);
                    if let Some(offset) = is_news(&message, timestamp, &mut self.partitions, again) {
                        hand_out(&message, offset, self.stage, prefilter, &mut inputs);
                    }
                }
                Some(Err(error)) if is_out_of_range(&error) => {
                    return Err(out_of_range(&self.consumer, &self.started()));
                }
                Some(Err(error)) => note(&error, &self.tried, &mut self.away)?,
                None if left.is_zero() || self.consumer.context().has_change() => break,
                None => {}
            }
        }
        self.is_same()?;
        self.waited += waited;
        self.look_around(&brought)?;
        self.add_passed(&brought, &mut inputs);
        while let Some(change) = self.consumer.context().take_change() {
            inputs.push(self.change(change));
        }
        Ok(inputs)
    }

    /// Whether the topics are still those that we began to read: to be asked before a commit, too, or offsets of the old one
    /// would become the new one's.
    ///
    /// # Errors
    /// When one is not.
    pub fn is_same(&self) -> Result<(), Fault> {
        let Some(topic) = self.consumer.context().renewed() else { return Ok(()) };
        log_bounds::replaced(
            &self.consumer,
            &topic,
            self.partitions.get(&topic).into_iter().flat_map(BTreeMap::keys),
        )
    }

    /// Adds how far started partitions were read behind their last record: behind it stand transaction markers and aborted records,
    /// which are never returned.
    fn add_passed<V>(&mut self, brought: &Brought, inputs: &mut Vec<RouterInput<V>>) {
        let is_due = brought.records == 0 || self.consumer.context().has_change();
        if !is_due && self.passed_since.elapsed() < PASSED {
            return;
        }
        self.passed_since = Stopwatch::start();
        for (from, next) in self.passed() {
            let partitions = self.partitions.get_mut(&from.topic);
            let reading = partitions.and_then(|of| of.get_mut(&from.partition)?.as_mut());
            if let Some(reading) = reading.filter(|reading| reading.next < next) {
                reading.next = next;
                inputs.push(RouterInput::Passed { from, next });
            }
        }
    }

    fn change<V>(&mut self, change: Change) -> RouterInput<V> {
        self.joined = true;
        let (event, partitions) = match &change {
            Change::Assign(partitions) => (Rebalance::Assign, partitions),
            Change::Revoke(partitions) => (Rebalance::Revoke, partitions),
            Change::Lost(partitions) => (Rebalance::Lost, partitions),
        };
        self.metrics.rebalance(self.stage, event);
        let named: Vec<String> =
            partitions.iter().map(|place| format!("{} [{}]", place.topic, place.partition)).collect();
        tracing::info!(stage = %self.stage, event = event.as_str(), partitions = named.join(", "), "rebalance");
        match change {
            Change::Assign(partitions) => RouterInput::Assign(partitions),
            Change::Revoke(partitions) => RouterInput::Revoke(partitions),
            Change::Lost(partitions) => RouterInput::Lost(partitions),
        }
    }

    /// Whether brokers can be reached, and how far we are behind.
    fn look_around(&mut self, brought: &Brought) -> Result<(), Fault> {
        let received = brought.records > 0;
        if received {
            let age = brought.oldest.map(age);
            self.metrics.polled(self.stage, brought.bytes, age);
        }
        if let Some(why) = self.consumer.context().causes.take() {
            Away::hear(&mut self.away, why);
        }
        let answers = || self.consumer.fetch_metadata(None, QUESTION).is_ok();
        if let Some(away) = &mut self.away
            && away.is_over(received, answers)?
        {
            self.away = None;
            tracing::info!(stage = %self.stage, "brokers answer again");
        }
        let ends = self.consumer.context().take_ends();
        let passed = if ends.is_empty() { BTreeMap::new() } else { self.passed() };
        for (partition, end) in ends {
            let ours = self.partitions.get(&partition.topic).and_then(|of| of.get(&partition.partition));
            if let Some(Some(Reading { next, last })) = ours {
                let next = passed.get(&partition).copied().unwrap_or_default().max(*next);
                let position = Position { next, end, behind: last.map(age) };
                self.metrics.position(self.stage, &partition.topic, partition.partition, &position);
            }
        }
        Ok(())
    }

    /// How far the client has read: behind the last record there may be the marks of transactions, which are never handed out
    /// and would look like a lag that nothing ends.
    fn passed(&self) -> BTreeMap<SourcePartition, u64> {
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

    /// As [`crate::stage::port::RouterPort::accept`].
    pub fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        let list = self.anywhere(partitions)?;
        self.consumer.incremental_assign(&list).map_err(|error| fault("taking partitions", &error))?;
        if !partitions.is_empty() {
            self.consumer.pause(&list).map_err(|error| fault("pausing partitions", &error))?;
        }
        for SourcePartition { topic, partition } in partitions {
            self.partitions.entry(topic.clone()).or_default().insert(*partition, None);
        }
        // Asked in this order: who is thrown out between the two has lost its assignment.
        let metadata = self.consumer.group_metadata();
        self.metadata = metadata.filter(|_| !self.consumer.assignment_lost());
        Ok(())
    }

    /// Partitions with an offset each that can be read: where they begin. None is read from there, they are paused until a
    /// seek; but librdkafka wants one. A logical one (stored, end) would be a question, whose answer may come after the
    /// seek: then librdkafka asks again, and moves to where the answer says.
    fn anywhere(&self, partitions: &[SourcePartition]) -> Result<TopicPartitionList, Fault> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        let mut answers = true;
        for place in partitions {
            let first = match if answers { watermarks(&self.consumer, place)? } else { Answer::Wait } {
                Answer::Ready((first, _)) => first,
                Answer::Wait => {
                    answers = false;
                    0
                }
            };
            list.add_partition_offset(&place.topic, signed(place.partition)?, at(first))
                .map_err(|error| fault("naming a partition", &error))?;
        }
        Ok(list)
    }

    /// As [`crate::stage::port::RouterPort::release`].
    pub fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        for SourcePartition { topic, partition } in partitions {
            self.partitions.entry(topic.clone()).or_default().remove(partition);
            self.metrics.forget(self.stage, topic, *partition);
        }
        let list = list(partitions, Offset::Invalid)?;
        self.consumer.incremental_unassign(&list).map_err(|error| fault("giving partitions back", &error))
    }

    /// Takes no records from now on, or takes them again from where they stopped: the client throws away what it has fetched, so
    /// it is told where that was.
    pub fn hold(&mut self, held: bool) -> Result<(), Fault> {
        if std::mem::replace(&mut self.held, held) == held {
            return Ok(());
        }
        let started = self.started();
        if !held {
            tracing::info!(stage = %self.stage, "what waited is sent: records are taken again");
            return started.iter().try_for_each(|(partition, next)| self.start_at(partition, *next));
        }
        tracing::warn!(stage = %self.stage, "too much waits to be sent: no records are taken until it is");
        let places: Vec<SourcePartition> = started.into_iter().map(|(place, _)| place).collect();
        let list = list(&places, Offset::Invalid)?;
        if places.is_empty() {
            return Ok(());
        }
        self.consumer.pause(&list).map_err(|error| fault("pausing partitions", &error))
    }

    /// Our partitions that were started, each with the next offset expected.
    fn started(&self) -> Vec<(SourcePartition, u64)> {
        let started = self.partitions.iter().flat_map(|(topic, partitions)| {
            let of = |(partition, reading): (&u32, &Option<Reading>)| {
                Some((
                    SourcePartition { topic: topic.clone(), partition: *partition },
                    reading.as_ref()?.next,
                ))
            };
            partitions.iter().filter_map(of)
        });
        started.collect()
    }

    /// As [`crate::stage::port::RouterPort::committed`].
    pub fn committed(&self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        let asked = list(std::slice::from_ref(partition), Offset::Invalid)?;
        let answer = match self.consumer.committed_offsets(asked, QUESTION) {
            Ok(answer) => answer,
            Err(error) if may_pass(&error) => return Ok(Answer::Wait),
            Err(error) => return Err(self.tried.fault("asking for a committed offset", &error)),
        };
        let number = signed(partition.partition)?;
        let Some(element) = answer.find_partition(&partition.topic, number) else {
            return Ok(Answer::Wait);
        };
        match element.error() {
            Ok(()) => {}
            Err(error) if may_pass(&error) => return Ok(Answer::Wait),
            Err(error) => return Err(self.tried.fault("asking for a committed offset", &error)),
        }
        log_bounds::noted(&element)?;
        let committed = match element.offset() {
            Offset::Offset(offset) => u64::try_from(offset).ok(),
            Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => {
                None
            }
        };
        if let Some(next) = committed {
            self.metrics.committed(self.stage, &partition.topic, partition.partition, next);
        }
        Ok(Answer::Ready(committed))
    }

    /// The first offset that is still there, and the end of what is stable, of a partition that was read up to `reaches`:
    /// [`Reach::bounds`].
    pub fn bounds(
        &mut self,
        partition: &SourcePartition,
        reaches: Option<u64>,
    ) -> Result<Answer<(u64, u64)>, Fault> {
        self.reach.bounds(&self.consumer, partition, reaches)
    }

    /// The offset of the first record that was appended at this time or after it; none: there is no such record.
    pub fn first_since(&self, partition: &SourcePartition, time: Time) -> Result<Answer<Option<u64>>, Fault> {
        let asked = list(std::slice::from_ref(partition), Offset::Offset(time.as_millis().max(0)))?;
        let answer = self.consumer.offsets_for_times(asked, QUESTION);
        let found = answer.and_then(|answer| {
            let element = answer
                .elements()
                .into_iter()
                .next()
                .map(|element| element.error().map(|()| element.offset()));
            element.transpose()
        });
        match found {
            Ok(Some(offset)) => {
                Ok(Answer::Ready(offset.to_raw().and_then(|offset| u64::try_from(offset).ok())))
            }
            Ok(None) => Ok(Answer::Wait),
            Err(error) if may_pass(&error) => Ok(Answer::Wait),
            Err(error) => Err(fault("asking where a partition begins", &error)),
        }
    }

    /// Reads the partition from this offset on.
    pub fn start_at(&mut self, partition: &SourcePartition, offset: u64) -> Result<(), Fault> {
        let list = list(std::slice::from_ref(partition), at(offset))?;
        let watch = Stopwatch::start();
        loop {
            let done = self.consumer.seek_partitions(list.clone(), SEEK);
            match done.and_then(|done| done.elements().iter().try_for_each(|element| element.error())) {
                Ok(()) => break,
                // It was assigned a moment ago and is not yet on its way.
                Err(error) if watch.elapsed() < SEEK && may_seek_later(&error) => {
                    pass(Duration::from_millis(5))
                }
                Err(error) => return Err(fault("seeking", &error)),
            }
        }
        if !self.held {
            self.consumer.resume(&list).map_err(|error| fault("resuming a partition", &error))?;
        }
        let reading = Some(Reading { next: offset, last: None });
        self.partitions.entry(partition.topic.clone()).or_default().insert(partition.partition, reading);
        Ok(())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.consumer.context().close();
        // What was offered and not answered is given back, or leaving would wait for it.
        while let Some(change) = self.consumer.context().take_change() {
            if let Change::Revoke(partitions) | Change::Lost(partitions) = change
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

/// The offset of a record, unless its partition was not started or it came before.
fn is_news(
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
    *reading = Reading { next: offset + 1, last: timestamp.to_millis().map(Time::from_millis) };
    Some(offset)
}

/// An error that a poll brought: some end the worker, some pass.
fn note(error: &KafkaError, tried: &Tried, away: &mut Option<Away>) -> Result<(), Fault> {
    let code = error.rdkafka_error_code();
    let ends =
        [Code::UnknownTopicOrPartition, Code::SaslAuthenticationFailed, Code::InconsistentGroupProtocol];
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    if fatal
        || tried.missing_for(error).is_some()
        || code.is_some_and(|code| ends.contains(&code) || is_fencing(code))
    {
        return Err(tried.fault("consuming", error));
    }
    if is_unreachable(error) {
        Away::begin(away, || Cause::Unreachable(error.to_string()));
        return Ok(());
    }
    tracing::warn!(%error, "consuming");
    Ok(())
}

fn may_seek_later(error: &KafkaError) -> bool {
    let later = [Code::State, Code::PreviousInProgress, Code::UnknownPartition];
    error.rdkafka_error_code().is_some_and(|code| later.contains(&code)) || may_pass(error)
}
