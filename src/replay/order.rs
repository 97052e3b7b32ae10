//! Sorts events by event time, so the order of files and lines changes nothing.
//!
//! A topic has the time of the append, which bounds the time of an event. A file has none, so the bound comes from the
//! events themselves: one that is dated after 2100, or more than [`FAR_AHEAD`] after 99 % of all events, counts as one that
//! follows the last event before it that is not. Fewer than a hundred events have no such share, and only the year counts.
//! One that is dated before AD CS existed counts as the first event that is not.
//!
//! An import has the time at which it was made, often after the recording that it is replayed with. What it states holds for
//! the whole recording then: it comes before the first event.

use crate::event::time::{Span, Time};
use crate::event::{Activity, DirectoryOperation, Event};
use crate::host::exit::{Exit, Failure};
use crate::replay::sort::{Sorted, Sorter};
use crate::wire::event;

/// Takes events in any order and returns them sorted. Holds only events that a detection uses.
#[derive(Debug, Default)]
pub(crate) struct Order {
    sorter: Sorter,
    /// Events of files: their times have no bound yet.
    unbounded: u64,
    /// What files of imports state.
    facts: Sorter,
    /// The first and the last time of the other events that can be right.
    span: Option<(Time, Time)>,
}

/// Stands for "no partition" in a stored event.
const NO_PARTITION: u64 = u64::MAX;

/// The time of an event in the order of bytes that no event has.
const BEFORE_ALL: u64 = 0;

/// The longest that a detection remembers by default. What lies further ahead could concern no earlier event.
const FAR_AHEAD: Span = Span::days(400);

impl Order {
    /// Adds an event, with its partition if it was read from the routed topic.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(crate) fn push(&mut self, event: &Event, partition: Option<u32>) -> Result<(), Failure> {
        self.unbounded += u64::from(event.origin.append_time.is_none());
        let mut value = partition.map_or(NO_PARTITION, u64::from).to_be_bytes().to_vec();
        value.extend(event::encode(event));
        if is_of_import_file(event) {
            return self.facts.push(&key(event), &value);
        }
        let is_early = event.is_too_early() && event.origin.append_time.is_none();
        if !event.is_far_future() && !is_early {
            let at = event.effective_time();
            let (first, last) = self.span.unwrap_or((at, at));
            self.span = Some((first.min(at), last.max(at)));
        }
        self.sorter.push(&key(event), &value)
    }

    /// Puts the facts among the events: those of an import that was made after the last event before the first.
    fn place_facts(&mut self) -> Result<(), Failure> {
        for item in std::mem::take(&mut self.facts).finish()? {
            let mut value = item?.1;
            let (_, mut event) = read(&value)?;
            let mut place = key(&event);
            if let Some((first, _)) = self.span.filter(|(_, last)| event.time > *last) {
                event.time = first.minus(Span::millis(1));
                value.truncate(size_of::<u64>());
                value.extend(event::encode(&event));
                // Also before events that count as the first one.
                place = BEFORE_ALL.to_be_bytes().into_iter().chain(key(&event)).collect();
            }
            self.sorter.push(&place, &value)?;
        }
        Ok(())
    }

    /// All events, sorted by effective time, computer, channel, record id, what comes first, source, offset.
    ///
    /// # Errors
    /// A temporary file cannot be written or read.
    pub(crate) fn finish(
        mut self,
    ) -> Result<impl Iterator<Item = Result<(Option<u32>, Event), Failure>>, Failure> {
        self.place_facts()?;
        let mut bound = Bound::new(self.unbounded, self.span.map(|(first, _)| first));
        let sorted: Sorted = self.sorter.finish()?;
        Ok(sorted.map(move |item| {
            let (partition, mut event) = read(&item?.1)?;
            bound.apply(&mut event);
            Ok((partition, event))
        }))
    }
}

/// Whether the event states a fact and was read from a file.
fn is_of_import_file(event: &Event) -> bool {
    let is_fact = matches!(
        event.activity,
        Activity::AccountKnown(_)
            | Activity::TemplateKnown(_)
            | Activity::CertificateKnown(_)
            | Activity::HostKnown(_)
    );
    is_fact && event.origin.append_time.is_none()
}

/// Bounds the times of sorted events of files.
#[derive(Debug)]
struct Bound {
    /// How many events are left until 99 % of all have passed.
    usual: u64,
    /// The first time that is believed.
    first: Option<Time>,
    /// Later times are not believed; none before 99 % of all events have passed.
    limit: Option<Time>,
    /// The last time that was believed.
    newest: Option<Time>,
}

impl Bound {
    fn new(events: u64, first: Option<Time>) -> Bound {
        Bound { usual: events - events / 100, first, limit: None, newest: None }
    }

    fn apply(&mut self, event: &mut Event) {
        if event.origin.append_time.is_some() {
            return;
        }
        let time = event.time;
        if event.is_too_early() {
            event.bound_by_append(self.first);
        } else if event.is_far_future() || self.limit.is_some_and(|limit| time > limit) {
            event.bound_by_append(self.newest);
        } else {
            self.newest = Some(time);
        }
        self.usual = self.usual.saturating_sub(1);
        if self.usual == 0 && self.limit.is_none() {
            self.limit = Some(time.plus(FAR_AHEAD));
        }
    }
}

/// A key whose byte order is the order of events. Texts end with a zero byte, so a prefix sorts first.
fn key(event: &Event) -> Vec<u8> {
    let origin = &event.origin;
    let time = event.effective_time().as_millis();
    let mut key = Vec::with_capacity(64);
    key.extend((time.cast_unsigned() ^ (1 << 63)).to_be_bytes());
    for text in [event.computer.as_str(), &origin.channel] {
        key.extend(text.as_bytes());
        key.push(0);
    }
    key.push(u8::from(origin.record_id.is_some()));
    key.extend(origin.record_id.unwrap_or_default().to_be_bytes());
    key.push(u8::from(!is_first_of_its_time(&event.activity)));
    key.extend(origin.source.as_bytes());
    key.push(0);
    key.extend(origin.offset.to_be_bytes());
    key
}

/// Whether the event comes before others of its time: a value goes before that which takes its place comes, and a request comes
/// before its certificate. Exports that have the newest event first and lack its number show that nowhere else.
fn is_first_of_its_time(activity: &Activity) -> bool {
    if let Activity::DirectoryChanged(change) = activity {
        return matches!(change.operation, DirectoryOperation::Created | DirectoryOperation::ValueDeleted);
    }
    matches!(activity, Activity::CertificateRequested(_))
}

fn read(bytes: &[u8]) -> Result<(Option<u32>, Event), Failure> {
    let failed = |why: String| {
        Failure::new(Exit::Output, "cannot read an event back from the temporary file").with_cause(why)
    };
    let (partition, bytes) = bytes.split_first_chunk().ok_or_else(|| failed("it is too short".to_owned()))?;
    let event = event::decode(bytes).map_err(failed)?;
    Ok((u32::try_from(u64::from_be_bytes(*partition)).ok(), event))
}
