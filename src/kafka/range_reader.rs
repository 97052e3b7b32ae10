//! Reads a part of a topic, up to the end it has when the reading begins, and leaves no trace: no group is joined, nothing
//! is committed.

use crate::host::clock::{Stopwatch, pass};
use crate::host::exit::{Exit, Failure};
use crate::kafka::context::Chatter;
use crate::kafka::decode::source_record;
use crate::kafka::errors::{is_unreachable, needs_permission};
use crate::kafka::log_bounds::watermarks;
use crate::kafka::metadata::{ASIDE, Door, Seen, refused, unreadable};
use crate::kafka::partitions::{at, list};
use crate::kafka::settings::Clients;
use crate::stage::Stage;
use crate::stage::port::{Answer, Fault, SourcePartition, SourceRecord};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::topic_partition_list::TopicPartitionList;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A topic, one of its partitions, or some offsets of that: `TOPIC[:PARTITION[@FROM..TO]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Which topic.
    pub topic: String,
    /// Which partition; none: all.
    pub partition: Option<u32>,
    /// The first offset; none: the first there is.
    pub from: Option<u64>,
    /// The offset behind the last; none: the end.
    pub to: Option<u64>,
}

impl FromStr for Slice {
    type Err = String;

    fn from_str(text: &str) -> Result<Slice, String> {
        let (place, range) = text.split_once('@').map_or((text, None), |(place, range)| (place, Some(range)));
        let (topic, partition) = place.split_once(':').map_or((place, None), |(topic, n)| (topic, Some(n)));
        let partition =
            partition.map(|n| n.parse().map_err(|_| format!("`{n}` is no partition"))).transpose()?;
        let offset = |text: &str| match text {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| format!("`{digits}` is no offset")),
        };
        let (from, to) = match range.map(|range| range.split_once("..")) {
            None => (None, None),
            Some(None) => return Err("a range of offsets is `@FROM..TO`, `@FROM..` or `@..TO`".to_owned()),
            Some(Some(_)) if partition.is_none() => {
                return Err(
                    "offsets are those of a partition: say which, TOPIC:PARTITION@FROM..TO".to_owned()
                );
            }
            Some(Some((from, to))) => (offset(from)?, offset(to)?),
        };
        if topic.is_empty() {
            return Err("the topic is missing".to_owned());
        }
        Ok(Slice { topic: topic.to_owned(), partition, from, to })
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.topic)?;
        self.partition.map_or(Ok(()), |partition| write!(f, ":{partition}"))
    }
}

/// What there is of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many partitions it has, read or not.
    pub partitions: u32,
    /// Offsets that were asked for and that retention has deleted.
    pub deleted: u64,
}

/// How long brokers may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one look for records waits.
const LOOK: Duration = Duration::from_millis(100);
/// How often a broker is asked where a partition begins and ends.
const QUESTIONS: usize = 40;

/// Hands on the committed records of a slice, in order within each partition.
///
/// # Errors
/// When no broker can be reached, the topic is not there, or `sink` fails.
pub fn read(
    clients: &Clients,
    slice: &Slice,
    sink: &mut dyn FnMut(SourceRecord) -> Result<(), Failure>,
) -> Result<Extent, Failure> {
    let gone = |what: String| Failure::new(Exit::Input, format!("{what} is not there"));
    let partitions = match Door::new(clients)?.look(&slice.topic)? {
        Seen::There(partitions) => partitions,
        Seen::Absent => return Err(gone(format!("the topic {}", slice.topic))),
        Seen::Hidden => return Err(forbidden(slice)),
    };
    let wanted = match slice.partition {
        None => 0..partitions,
        Some(partition) if partition < partitions => partition..partition + 1,
        Some(partition) => return Err(gone(format!("partition {partition} of {}", slice.topic))),
    };
    let consumer = reader(clients)?;
    let (mut assigned, mut ends, mut deleted) = (TopicPartitionList::new(), BTreeMap::new(), 0);
    for partition in wanted {
        let place = SourcePartition { topic: slice.topic.clone(), partition };
        let (first, end) = bounds(&consumer, &place)?;
        deleted += first.saturating_sub(slice.from.unwrap_or(first));
        let (from, end) = (slice.from.unwrap_or(first).max(first), slice.to.unwrap_or(end).min(end));
        if from < end {
            let number = i32::try_from(partition).unwrap_or(i32::MAX);
            assigned
                .add_partition_offset(&slice.topic, number, at(from))
                .map_err(|error| unread(slice, &error))?;
            ends.insert(place, end);
        }
    }
    consumer.assign(&assigned).map_err(|error| unread(slice, &error))?;
    drain(&consumer, slice, ends, sink)?;
    Ok(Extent { partitions, deleted })
}

/// A client that reads committed records of what it is assigned, of which there is nothing yet.
///
/// # Errors
/// When the settings are refused.
pub fn reader(clients: &Clients) -> Result<BaseConsumer<Chatter>, Failure> {
    let config = clients.slice().map_err(unreadable)?;
    let consumer: BaseConsumer<Chatter> =
        config.create_with_context(clients.chatter()).map_err(|error| refused(&error))?;
    // A token is asked for by an event, and nobody looks for events before the first question. No record gets lost.
    drop(consumer.poll(ASIDE));
    Ok(consumer)
}

fn forbidden(slice: &Slice) -> Failure {
    let needs = needs_permission(&format!("READ on topic {}", slice.topic));
    Failure::new(Exit::Config, format!("cannot read {slice}")).with_cause(needs)
}

fn unread(slice: &Slice, error: &KafkaError) -> Failure {
    if error.rdkafka_error_code() == Some(Code::TopicAuthorizationFailed) {
        return forbidden(slice);
    }
    let exit = if is_unreachable(error) { Exit::Broker } else { Exit::Input };
    Failure::new(exit, format!("cannot read {slice}")).because(error)
}

/// Where a partition begins, and where what is decided of it ends now.
fn bounds(consumer: &BaseConsumer<Chatter>, place: &SourcePartition) -> Result<(u64, u64), Failure> {
    let silent = || Failure::new(Exit::Broker, format!("no broker says where {} ends", place.topic));
    for _ in 0..QUESTIONS {
        match watermarks(consumer, place) {
            Ok(Answer::Ready(bounds)) => return Ok(bounds),
            Ok(Answer::Wait) => pass(LOOK),
            Err(Fault::Fenced(why) | Fault::Broken(why) | Fault::Forbidden(why) | Fault::Partition(why)) => {
                return Err(silent().with_cause(why));
            }
        }
    }
    Err(silent())
}

/// Reads until every partition is at its end.
fn drain(
    consumer: &BaseConsumer<Chatter>,
    slice: &Slice,
    mut ends: BTreeMap<SourcePartition, u64>,
    sink: &mut dyn FnMut(SourceRecord) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut heard = Stopwatch::start();
    while !ends.is_empty() {
        let done = match consumer.poll(LOOK) {
            Some(Ok(message)) => {
                heard = Stopwatch::start();
                let Some(record) = source_record(&message, Stage::Router) else { continue };
                let place = record.from.clone();
                let Some(end) = ends.get(&place).copied() else { continue };
                let is_last = record.offset + 1 >= end;
                if record.offset < end {
                    sink(record)?;
                }
                is_last.then_some(place)
            }
            // Behind the last record there may be the mark of a transaction: then it is the end that is told.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                heard = Stopwatch::start();
                u32::try_from(partition)
                    .ok()
                    .map(|partition| SourcePartition { topic: slice.topic.clone(), partition })
            }
            Some(Err(error)) if !is_unreachable(&error) => return Err(unread(slice, &error)),
            Some(Err(_)) | None if heard.elapsed() > PATIENCE => {
                return Err(Failure::new(
                    Exit::Broker,
                    format!("no broker answers any more; {slice} is read in part"),
                ));
            }
            Some(Err(_)) | None => None,
        };
        if let Some(place) = done.filter(|place| ends.remove(place).is_some()) {
            // What comes behind the end is not read: it need not be fetched.
            let finished = list(&[place], Offset::Invalid)
                .map_err(|fault| Failure::new(Exit::Input, format!("cannot read {slice}")).because(&fault))?;
            consumer.pause(&finished).map_err(|error| unread(slice, &error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_a_topic_a_partition_or_a_range() {
        let slice =
            |topic: &str, partition, from, to| Ok(Slice { topic: topic.to_owned(), partition, from, to });
        assert_eq!("a.b".parse(), slice("a.b", None, None, None));
        assert_eq!("a:3".parse(), slice("a", Some(3), None, None));
        assert_eq!("a:3@7..9".parse(), slice("a", Some(3), Some(7), Some(9)));
        assert_eq!("a:3@..9".parse(), slice("a", Some(3), None, Some(9)));
        assert_eq!("a:3@7..".parse(), slice("a", Some(3), Some(7), None));
        for wrong in ["", ":3", "a:", "a:x", "a@7..9", "a:3@7", "a:3@x..", "a:-1"] {
            assert!(wrong.parse::<Slice>().is_err(), "{wrong}");
        }
    }
}
