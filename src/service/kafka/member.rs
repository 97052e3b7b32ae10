//! A member of a consumer group: its partitions come and go, each is read from where the worker says.

use crate::event::MAX_TRACE;
use crate::event::time::Time;
use crate::service::clock::{Stopwatch, pass};
use crate::service::kafka::client::Clients;
use crate::service::kafka::context::{Change, MemberContext};
use crate::service::kafka::refusal::Cause;
use crate::service::kafka::trouble::{Tried, fault, is_fencing, is_unreachable, may_pass};
use crate::service::metrics::{Metrics, Rebalance};
use crate::service::stage::Stage;
use crate::task::port::{
    Answer, Fault, FilteredRun, Millis, RouterInput, Sieve, SourcePartition, SourceRecord,
};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Headers, Message, Timestamp};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

/// A member.
pub struct Member {
    consumer: BaseConsumer<MemberContext>,
    stage: Stage,
    /// Ours; those that were started with the next offset expected.
    partitions: BTreeMap<String, BTreeMap<u32, Option<u64>>>,
    joined: bool,
    /// Who we are in the generation that gave us what we have.
    metadata: Option<ConsumerGroupMetadata>,
    away: Option<Away>,
    /// What may turn out to be forbidden.
    tried: Tried,
    metrics: Metrics,
}

/// No broker can be reached, or none lets us in.
struct Away {
    why: Cause,
    began: Stopwatch,
    probed: Stopwatch,
}

impl Away {
    fn new(why: Cause) -> Away {
        Away { why, began: Stopwatch::start(), probed: Stopwatch::start() }
    }
}

/// The most records of one poll.
const MAX_RECORDS: usize = 2000;
/// How long a question to a broker may keep the worker from its work.
const QUESTION: Duration = Duration::from_millis(500);
/// How long a seek may take until it is a fault.
const SEEK: Duration = Duration::from_secs(10);
/// How often an unreachable broker is looked for.
const PROBE: Duration = Duration::from_secs(1);
/// Who is refused for so long begins anew: with the password, the certificate or the token that there is then.
const REFUSED: Duration = Duration::from_secs(10);

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
        let (partitions, joined, metadata, away) = (BTreeMap::new(), false, None, None);
        let read = topics.iter().map(|topic| (*topic).to_owned()).collect();
        let tried = Tried { read, group: Some(clients.group(stage)), ..Tried::default() };
        Ok(Member { consumer, stage, partitions, joined, metadata, away, tried, metrics })
    }

    /// Whether the group has answered.
    pub fn has_joined(&self) -> bool {
        self.joined
    }

    /// Why no broker can be reached, if none can.
    pub fn unreachable(&self) -> Option<&str> {
        self.away.as_ref().map(|away| away.why.as_str())
    }

    /// How many partitions are ours.
    pub fn count(&self) -> usize {
        self.partitions.values().map(BTreeMap::len).sum()
    }

    /// What a transaction that commits our offsets must show.
    ///
    /// It is that of the last assignment, not what the client would say now: one that was thrown out of its group and joins
    /// anew has no generation and no name for a while, and a broker takes offsets in a transaction from somebody without a
    /// name as they are. Of a generation that is over it refuses them.
    pub fn metadata(&self) -> Option<&ConsumerGroupMetadata> {
        self.metadata.as_ref()
    }

    /// As [`crate::task::port::RouterPort::poll`].
    pub fn poll(&mut self, wait: Millis, may_matter: Sieve<'_>) -> Result<Vec<RouterInput>, Fault> {
        let (mut inputs, mut received) = (Vec::new(), 0);
        let watch = Stopwatch::start();
        let wait = Duration::from_millis(wait.0);
        while received < MAX_RECORDS && !self.consumer.context().has_change() {
            let left = if received == 0 { wait.saturating_sub(watch.elapsed()) } else { Duration::ZERO };
            match self.consumer.poll(left) {
                Some(Ok(message)) => {
                    received += 1;
                    let again = || self.metrics.delivered_again(self.stage);
                    if let Some(offset) = is_news(&message, &mut self.partitions, again) {
                        hand_out(&message, offset, self.stage, may_matter, &mut inputs);
                    }
                }
                Some(Err(error)) => note(&error, &self.tried, &mut self.away)?,
                None if left.is_zero() || self.consumer.context().has_change() => break,
                None => {}
            }
        }
        self.look_around(received > 0)?;
        while let Some(change) = self.consumer.context().take_change() {
            inputs.push(self.change(change));
        }
        Ok(inputs)
    }

    fn change(&mut self, change: Change) -> RouterInput {
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
    fn look_around(&mut self, received: bool) -> Result<(), Fault> {
        if let Some(why) = self.consumer.context().causes.take() {
            match &mut self.away {
                Some(away) => away.why = why,
                None => self.away = Some(Away::new(why)),
            }
        }
        if let Some(away) = &mut self.away {
            let probe = away.probed.elapsed() >= PROBE;
            if received || (probe && self.consumer.fetch_metadata(None, QUESTION).is_ok()) {
                self.away = None;
            } else if matches!(away.why, Cause::Refused(_)) && away.began.elapsed() >= REFUSED {
                return Err(Fault::Broken(format!("no broker lets us in: {}", away.why.as_str())));
            } else if probe {
                away.probed = Stopwatch::start();
            }
        }
        let ends = self.consumer.context().take_ends();
        let passed = if ends.is_empty() { BTreeMap::new() } else { self.passed() };
        for (partition, end) in ends {
            let ours = self.partitions.get(&partition.topic).and_then(|of| of.get(&partition.partition));
            if let Some(Some(next)) = ours {
                let next = passed.get(&partition).copied().unwrap_or_default().max(*next);
                self.metrics.position(self.stage, &partition.topic, partition.partition, next, Some(end));
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

    /// As [`crate::task::port::RouterPort::accept`].
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
            let first = match if answers { self.watermarks(place)? } else { Answer::Wait } {
                Answer::Ready((first, _)) => first,
                Answer::Wait => {
                    answers = false;
                    0
                }
            };
            let offset = Offset::Offset(i64::try_from(first).unwrap_or(i64::MAX));
            list.add_partition_offset(&place.topic, signed(place.partition)?, offset)
                .map_err(|error| fault("naming a partition", &error))?;
        }
        Ok(list)
    }

    /// As [`crate::task::port::RouterPort::release`].
    pub fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        for SourcePartition { topic, partition } in partitions {
            self.partitions.entry(topic.clone()).or_default().remove(partition);
            self.metrics.forget(self.stage, topic, *partition);
        }
        let list = list(partitions, Offset::Invalid)?;
        self.consumer.incremental_unassign(&list).map_err(|error| fault("giving partitions back", &error))
    }

    /// As [`crate::task::port::RouterPort::committed`].
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
        Ok(Answer::Ready(match element.offset() {
            Offset::Offset(offset) => u64::try_from(offset).ok(),
            Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => {
                None
            }
        }))
    }

    /// The first offset that is still there, and the end of what is stable.
    pub fn watermarks(&self, partition: &SourcePartition) -> Result<Answer<(u64, u64)>, Fault> {
        watermarks(&self.consumer, partition)
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
        let to = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        let list = list(std::slice::from_ref(partition), to)?;
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
        self.consumer.resume(&list).map_err(|error| fault("resuming a partition", &error))?;
        self.partitions.entry(partition.topic.clone()).or_default().insert(partition.partition, Some(offset));
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
    partitions: &mut BTreeMap<String, BTreeMap<u32, Option<u64>>>,
    again: impl Fn(),
) -> Option<u64> {
    let partition = u32::try_from(message.partition()).ok()?;
    let offset = u64::try_from(message.offset()).ok()?;
    let next = partitions.get_mut(message.topic())?.get_mut(&partition)?.as_mut()?;
    if offset < *next {
        again();
        return None;
    }
    *next = offset + 1;
    Some(offset)
}

/// Copies a record that may matter out of the client's memory; others are only counted, in runs.
fn hand_out(
    message: &BorrowedMessage<'_>,
    offset: u64,
    stage: Stage,
    may_matter: Sieve<'_>,
    inputs: &mut Vec<RouterInput>,
) {
    let topic = message.topic();
    if message.payload().is_none_or(|value| may_matter(topic, value)) {
        inputs.extend(source_record(message, stage).map(RouterInput::Record));
        return;
    }
    let Ok(partition) = u32::try_from(message.partition()) else { return };
    match inputs.last_mut() {
        Some(RouterInput::Filtered(run)) if run.from.partition == partition && run.from.topic == topic => {
            run.next = offset + 1;
            run.records += 1;
        }
        Some(_) | None => {
            let from = SourcePartition { topic: topic.to_owned(), partition };
            inputs.push(RouterInput::Filtered(FilteredRun { from, next: offset + 1, records: 1 }));
        }
    }
}

/// A record as tasks are given it.
pub fn source_record(message: &BorrowedMessage<'_>, stage: Stage) -> Option<SourceRecord> {
    let partition = u32::try_from(message.partition()).ok()?;
    let offset = u64::try_from(message.offset()).ok()?;
    let append_time = match (message.timestamp(), stage) {
        (Timestamp::LogAppendTime(millis), Stage::Router | Stage::Detector) => {
            Some(Time::from_millis(millis))
        }
        // Our router made the record when it wrote it; anybody else may have made it long before.
        (Timestamp::CreateTime(millis), Stage::Detector) => Some(Time::from_millis(millis)),
        (Timestamp::CreateTime(_), Stage::Router) | (Timestamp::NotAvailable, _) => None,
    };
    let from = SourcePartition { topic: message.topic().to_owned(), partition };
    let value = message.payload().map(<[u8]>::to_vec);
    let trace = match stage {
        Stage::Router => message.headers().and_then(trace),
        Stage::Detector => None,
    };
    Some(SourceRecord { from, offset, append_time, trace, value })
}

/// The trace context of a record, if it can be one.
fn trace(headers: &impl Headers) -> Option<String> {
    let value = headers.iter().find(|header| header.key.eq_ignore_ascii_case("traceparent"))?.value?;
    let right = (1..=MAX_TRACE).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    right.then(|| String::from_utf8_lossy(value).into_owned())
}

/// An error that a poll brought: some end the worker, some pass.
fn note(error: &KafkaError, tried: &Tried, away: &mut Option<Away>) -> Result<(), Fault> {
    let code = error.rdkafka_error_code();
    let ends = [
        Code::AutoOffsetReset,
        Code::OffsetOutOfRange,
        Code::SaslAuthenticationFailed,
        Code::InconsistentGroupProtocol,
    ];
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    if fatal
        || tried.missing_for(error).is_some()
        || code.is_some_and(|code| ends.contains(&code) || is_fencing(code))
    {
        return Err(tried.fault("consuming", error));
    }
    if is_unreachable(error) {
        away.get_or_insert_with(|| Away::new(Cause::Unreachable(error.to_string())));
    }
    tracing::warn!(%error, "consuming");
    Ok(())
}

fn may_seek_later(error: &KafkaError) -> bool {
    let later = [Code::State, Code::PreviousInProgress, Code::UnknownPartition];
    error.rdkafka_error_code().is_some_and(|code| later.contains(&code)) || may_pass(error)
}

/// The first offset that is still there, and the end of what this client may see.
pub fn watermarks<C: rdkafka::consumer::ConsumerContext>(
    consumer: &BaseConsumer<C>,
    partition: &SourcePartition,
) -> Result<Answer<(u64, u64)>, Fault> {
    match consumer.fetch_watermarks(&partition.topic, signed(partition.partition)?, QUESTION) {
        Ok((low, high)) => {
            let (low, high) = (u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0));
            Ok(Answer::Ready((low, high)))
        }
        Err(error) if may_pass(&error) => Ok(Answer::Wait),
        Err(error) => {
            let tried = Tried { read: vec![partition.topic.clone()], ..Tried::default() };
            Err(tried.fault("asking where a partition begins and ends", &error))
        }
    }
}

/// Kafka's number of a partition.
pub fn signed(partition: u32) -> Result<i32, Fault> {
    i32::try_from(partition).map_err(|_| Fault::Broken(format!("{partition} is no partition")))
}

/// Kafka's list of partitions.
pub fn list(partitions: &[SourcePartition], offset: Offset) -> Result<TopicPartitionList, Fault> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for SourcePartition { topic, partition } in partitions {
        list.add_partition_offset(topic, signed(*partition)?, offset)
            .map_err(|error| fault("naming a partition", &error))?;
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::message::{Header, OwnedHeaders};

    #[test]
    fn a_trace_context_is_kept_where_it_can_be_one() {
        let of = |value: &str| {
            trace(&OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(value) }))
        };
        let right = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(of(right).as_deref(), Some(right));
        for wrong in ["", "a b", "a\n", "é", &"0".repeat(65)] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        let none = OwnedHeaders::new().insert(Header { key: "traceparent", value: None::<&str> });
        assert_eq!(trace(&none), None);
        let other = OwnedHeaders::new().insert(Header { key: "tracestate", value: Some("x") });
        assert_eq!(trace(&other), None);
    }
}
