//! Events in the order of event time, whatever the order of files and lines.

use crate::event::Event;
use crate::service::exit::{Exit, Failure};
use crate::service::replay::sort::{Sorted, Sorter};
use crate::wire::event;

/// Takes events in any order. Only those that concern a detection come here.
#[derive(Debug, Default)]
pub struct Order {
    sorter: Sorter,
}

impl Order {
    /// Adds an event.
    pub fn push(&mut self, event: &Event) -> Result<(), Failure> {
        self.sorter.push(&key(event), &event::encode(event))
    }

    /// All events: by effective time, computer, channel, record id, source, offset.
    pub fn finish(self) -> Result<impl Iterator<Item = Result<Event, Failure>>, Failure> {
        let sorted: Sorted = self.sorter.finish()?;
        Ok(sorted.map(|item| read(&item?.1)))
    }
}

/// Bytes that compare as the events do. Texts end in a zero, so that a short one comes before its continuations.
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
    key.extend(origin.source.as_bytes());
    key.push(0);
    key.extend(origin.offset.to_be_bytes());
    key
}

fn read(bytes: &[u8]) -> Result<Event, Failure> {
    let said = "cannot read back an event from the sort";
    event::decode(bytes).map_err(|error| Failure::new(Exit::Output, said).with_cause(error))
}
