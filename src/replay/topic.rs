//! A topic as input: the routed topic as the detector reads it, or a source topic as the router does.

use crate::decode::Place;
use crate::decode::rejection::{Reason, Rejection};
use crate::host::exit::Failure;
use crate::kafka::range_reader::{self, Slice};
use crate::kafka::settings::Clients;
use crate::replay::intake::{Intake, Read, reject};
use crate::replay::progress::Progress;
use crate::stage::port::SourceRecord;
use crate::wire;

/// A topic to read.
#[derive(Clone, Debug)]
pub struct TopicInput {
    /// Which part of it.
    pub slice: Slice,
    /// How to reach it.
    pub clients: Clients,
    /// It holds routed events; else records as they come from outside.
    pub routed: bool,
}

impl Intake<'_> {
    /// Takes in a topic. Tells how many partitions it has.
    ///
    /// # Errors
    /// When it cannot be reached, or a temporary file cannot be written.
    pub fn topic(&mut self, input: &TopicInput, progress: &Progress) -> Result<(Read, u32), Failure> {
        let extent = range_reader::read(&input.clients, &input.slice, &mut |record| {
            progress.tick();
            self.topic_record(&record, input.routed)
        })?;
        self.summary.inputs_read += 1;
        if extent.deleted == 0 {
            return Ok((Read::Whole, extent.partitions));
        }
        let why = format!("retention has deleted {} of the offsets that were asked for", extent.deleted);
        self.summary.unread.push(&input.slice.to_string(), &why);
        Ok((Read::Unread(why), extent.partitions))
    }

    fn topic_record(&mut self, record: &SourceRecord, routed: bool) -> Result<(), Failure> {
        let Some(value) = &record.value else {
            self.summary.ignored();
            return Ok(());
        };
        let place = Place {
            source: record.from.topic.clone(),
            partition: i32::try_from(record.from.partition).ok(),
            offset: record.offset,
            append_time: record.append_time,
            trace: record.trace.clone(),
        };
        if !routed {
            return self.record(value, &place);
        }
        for event in wire::routed::decode(value) {
            match event {
                Ok(event) => {
                    let concerned = self.engine.concerns(&event);
                    self.summary.event(&event, concerned);
                    if concerned {
                        self.order.push(&event, Some(record.from.partition))?;
                    }
                }
                Err(detail) => {
                    let rejection = Rejection { reason: Reason::BadProtobuf, detail };
                    reject(&rejection, value, &place, &mut self.dead_letter, &mut self.summary)?;
                }
            }
        }
        Ok(())
    }
}
