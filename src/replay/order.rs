//! Sorts events by event time, so the order of files and lines changes nothing.

use crate::event::Event;
use crate::host::exit::{Exit, Failure};
use crate::replay::sort::{Sorted, Sorter};
use crate::wire::event;

/// Takes events in any order and returns them sorted. Holds only events that a detection uses.
#[derive(Debug, Default)]
pub(crate) struct Order {
    sorter: Sorter,
}

/// Stands for "no partition" in a stored event.
const NO_PARTITION: u64 = u64::MAX;

impl Order {
    /// Adds an event, with its partition if it was read from the routed topic.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(crate) fn push(&mut self, event: &Event, partition: Option<u32>) -> Result<(), Failure> {
        let mut value = partition.map_or(NO_PARTITION, u64::from).to_be_bytes().to_vec();
        value.extend(event::encode(event));
        self.sorter.push(&key(event), &value)
    }

    /// All events, sorted by effective time, computer, channel, record id, source, offset.
    ///
    /// # Errors
    /// A temporary file cannot be written or read.
    pub(crate) fn finish(
        self,
    ) -> Result<impl Iterator<Item = Result<(Option<u32>, Event), Failure>>, Failure> {
        let sorted: Sorted = self.sorter.finish()?;
        Ok(sorted.map(|item| read(&item?.1)))
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
    key.extend(origin.source.as_bytes());
    key.push(0);
    key.extend(origin.offset.to_be_bytes());
    key
}

fn read(bytes: &[u8]) -> Result<(Option<u32>, Event), Failure> {
    let failed = |why: String| {
        Failure::new(Exit::Output, "cannot read an event back from the temporary file").with_cause(why)
    };
    let (partition, bytes) = bytes.split_first_chunk().ok_or_else(|| failed("it is too short".to_owned()))?;
    let event = event::decode(bytes).map_err(failed)?;
    Ok((u32::try_from(u64::from_be_bytes(*partition)).ok(), event))
}
