//! Events in the order of event time, whatever the order of files and lines.

use crate::event::Event;
use crate::host::exit::{Exit, Failure};
use crate::replay::sort::{Sorted, Sorter};
use crate::wire::event;

/// Takes events in any order. Only those that concern a detection come here.
#[derive(Debug, Default)]
pub struct Order {
    sorter: Sorter,
}

/// What stands for no partition: more than there can be.
const NO_PARTITION: u64 = u64::MAX;

impl Order {
    /// Adds an event, with the partition of the routed topic where it was read, if it was.
    pub fn push(&mut self, event: &Event, partition: Option<u32>) -> Result<(), Failure> {
        let mut value = partition.map_or(NO_PARTITION, u64::from).to_be_bytes().to_vec();
        value.extend(event::encode(event));
        self.sorter.push(&key(event), &value)
    }

    /// All events: by effective time, computer, channel, record id, source, offset.
    pub fn finish(self) -> Result<impl Iterator<Item = Result<(Option<u32>, Event), Failure>>, Failure> {
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

fn read(bytes: &[u8]) -> Result<(Option<u32>, Event), Failure> {
    let failed =
        |why: String| Failure::new(Exit::Output, "cannot read back an event from the sort").with_cause(why);
    let (partition, bytes) = bytes.split_first_chunk().ok_or_else(|| failed("it is too short".to_owned()))?;
    let event = event::decode(bytes).map_err(failed)?;
    Ok((u32::try_from(u64::from_be_bytes(*partition)).ok(), event))
}
