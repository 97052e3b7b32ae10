//! Asks brokers what is decided of a transaction: whether its markers are written, and which.

use crate::host::clock::{Stopwatch, pass};
use crate::kafka::context::BasicContext;
use crate::kafka::errors::fault;
use crate::kafka::last_transaction::Places;
use crate::kafka::range_reader::has_committed;
use crate::kafka::timeouts::{
    EVENTS_MS, MARKER_POLL_MS, MARKER_SECONDS, REINIT_TRANSACTIONS_SECONDS, REQUEST_MS,
};
use crate::kafka::worker_context::WorkerContext;
use crate::stage::port::Fault;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseProducer, Producer as _};

/// Those partitions where the records up to this offset are not decided: the last stable offset stands before them. That may also be
/// due to an open transaction of another producer which began earlier.
///
/// # Errors
/// A broker does not answer.
pub(crate) fn undecided(asking: &BaseProducer<BasicContext>, written: &Places) -> Result<Places, Fault> {
    let mut undecided = Places::default();
    for (topic, partition, offset) in written.iter() {
        // A producer's requests are read-committed unless it is configured otherwise.
        match asking.client().fetch_watermarks(topic, partition, REQUEST_MS) {
            Ok((_, stable)) if stable > offset => {}
            Ok(_) => undecided.note(topic, partition, offset),
            // A broker that has just started does not know its partitions yet.
            Err(error) if is_unknown(&error) && !partitions(asking, topic)?.contains(&partition) => {}
            Err(error) => return Err(unanswered(&error)),
        }
    }
    Ok(undecided)
}

fn is_unknown(error: &KafkaError) -> bool {
    let codes = [Code::UnknownTopicOrPartition, Code::UnknownTopic, Code::UnknownPartition];
    error.rdkafka_error_code().is_some_and(|code| codes.contains(&code))
}

/// The partitions of a topic; none if there is no such topic.
fn partitions(asking: &BaseProducer<BasicContext>, topic: &str) -> Result<Vec<i32>, Fault> {
    let metadata =
        asking.client().fetch_metadata(Some(topic), REQUEST_MS).map_err(|error| unanswered(&error))?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    Ok(partitions.map(|partition| partition.id()).collect())
}

/// The partitions of these topics, each with offset 0.
///
/// # Errors
/// A broker does not answer.
pub(crate) fn everywhere(asking: &BaseProducer<BasicContext>, topics: &[String]) -> Result<Places, Fault> {
    let mut everywhere = Places::default();
    for topic in topics {
        partitions(asking, topic)?.into_iter().for_each(|partition| everywhere.note(topic, partition, 0));
    }
    Ok(everywhere)
}

/// Where records are undecided after [`MARKER_SECONDS`].
///
/// # Errors
/// A broker does not answer.
pub(crate) fn without_markers(
    asking: &BaseProducer<BasicContext>,
    written: &Places,
) -> Result<Places, Fault> {
    let watch = Stopwatch::start();
    loop {
        let rest = undecided(asking, written)?;
        if rest.is_empty() || watch.elapsed() > MARKER_SECONDS {
            return Ok(rest);
        }
        pass(MARKER_POLL_MS);
    }
}

/// Where records of anyone that were there at first are undecided after [`MARKER_SECONDS`].
///
/// # Errors
/// A broker does not answer.
pub(crate) fn inherited(
    context: &WorkerContext,
    asking: &BaseProducer<BasicContext>,
) -> Result<Places, Fault> {
    without_markers(asking, &ends(context, &everywhere(asking, &context.topics)?)?)
}

/// The last offset of each of these partitions, also in an open transaction. Those that are empty are left out, and those that do
/// not answer within [`REINIT_TRANSACTIONS_SECONDS`].
fn ends(context: &WorkerContext, of: &Places) -> Result<Places, Fault> {
    let (watch, reader) = (Stopwatch::start(), reader(context)?);
    let mut ends = Places::default();
    for (topic, partition, _) in of.iter() {
        if watch.elapsed() > REINIT_TRANSACTIONS_SECONDS {
            break;
        }
        if let Ok((_, end @ 1..)) = reader.fetch_watermarks(topic, partition, REQUEST_MS) {
            ends.note(topic, partition, end - 1);
        }
    }
    Ok(ends)
}

/// Whether these records, which are decided, are committed, as readers of their topics see it. None: this process may not read them,
/// or they are deleted.
pub(crate) fn were_committed(context: &WorkerContext, decided: &Places) -> Option<bool> {
    decided.iter().find_map(|(topic, partition, offset)| {
        let (partition, offset) = (u32::try_from(partition).ok()?, u64::try_from(offset).ok()?);
        let seen = has_committed(&context.clients, topic, partition, offset);
        seen.inspect_err(|failure| tracing::debug!(topic, %failure, "a transaction is not seen")).ok()?
    })
}

/// The group's offsets of these partitions as they were committed before what is undecided.
///
/// # Errors
/// A broker does not answer.
pub(crate) fn offsets_before(context: &WorkerContext, of: &Places) -> Result<Places, Fault> {
    if of.is_empty() {
        return Ok(Places::default());
    }
    let reader = reader(context)?;
    let answer = reader
        .committed_offsets(of.list()?, REINIT_TRANSACTIONS_SECONDS)
        .map_err(|error| unanswered(&error))?;
    // A coordinator that has just started does not know the offsets yet.
    answer.elements().iter().try_for_each(|element| element.error()).map_err(|error| unanswered(&error))?;
    Ok(Places::of(&answer))
}

/// A client that sees what is undecided as it was before.
fn reader(context: &WorkerContext) -> Result<BaseConsumer<BasicContext>, Fault> {
    let reader: BaseConsumer<BasicContext> = context
        .clients
        .undecided_reader(context.stage)?
        .create_with_context(context.clients.context())
        .map_err(|error| fault("creating a consumer", &error))?;
    reader.poll(EVENTS_MS);
    Ok(reader)
}

fn unanswered(error: &KafkaError) -> Fault {
    fault("looking for the end of a transaction", error)
}
