//! A topic as input: the routed topic, read as the detector reads it, or a source topic, read as the router reads it.

use crate::alert::Alert;
use crate::config::topic_range::TopicRange;
use crate::config::topics::AlertFormat;
use crate::decode::Place;
use crate::decode::rejection::{Reason, Rejection};
use crate::encode::alert::read_alert;
use crate::host::exit::Failure;
use crate::kafka::range_reader::{self, Extent};
use crate::kafka::settings::Clients;
use crate::replay::intake::{Intake, Read, reject};
use crate::replay::progress::Progress;
use crate::stage::port::SourceRecord;
use crate::wire;

/// A topic, or a part of it, to read.
#[derive(Clone, Debug)]
pub(crate) struct TopicInput {
    /// The topic, partition and offsets.
    pub slice: TopicRange,
    /// Creates the Kafka clients.
    pub clients: Clients,
    /// It is the routed topic. Otherwise its records are decoded as those of a source.
    pub routed: bool,
    /// What is read, so that two reads return the same records. `None`: what there is when the reading starts.
    pub extent: Option<Extent>,
}

impl TopicInput {
    /// What is to be read.
    ///
    /// # Errors
    /// No broker can be reached, the topic or partition does not exist, or a permission is missing.
    pub(crate) fn extent(&self) -> Result<Extent, Failure> {
        match &self.extent {
            Some(extent) => Ok(extent.clone()),
            None => range_reader::extent(&self.clients, &self.slice),
        }
    }
}

/// The alerts of a topic in this encoding, and why records of it are none, each with its place.
///
/// # Errors
/// The topic cannot be read.
pub(crate) fn alerts(input: &TopicInput, format: AlertFormat) -> Result<(Vec<Alert>, Vec<String>), Failure> {
    let (mut alerts, mut others) = (Vec::new(), Vec::new());
    range_reader::read(&input.clients, &input.slice, &input.extent()?, &mut |record| {
        let Some(value) = &record.value else { return Ok(()) };
        match read_alert(format, value) {
            Ok(alert) => alerts.push(alert),
            Err(why) => {
                others.push(format!(
                    "{}:{}@{}: {why}",
                    record.from.topic, record.from.partition, record.offset
                ));
            }
        }
        Ok(())
    })?;
    Ok((alerts, others))
}

impl Intake<'_> {
    /// Reads a topic to its present end. Returns the outcome and the number of partitions.
    ///
    /// # Errors
    /// No broker can be reached, or a temporary file cannot be written.
    pub(crate) fn topic(&mut self, input: &TopicInput, progress: &Progress) -> Result<(Read, u32), Failure> {
        let extent = input.extent()?;
        range_reader::read(&input.clients, &input.slice, &extent, &mut |record| {
            progress.tick();
            self.topic_record(&record, input.routed)
        })?;
        self.summary.inputs_read += 1;
        if extent.deleted == 0 {
            return Ok((Read::Whole, extent.partitions));
        }
        let why = format!("retention has deleted {} of the requested offsets", extent.deleted);
        self.summary.unread.push(&input.slice.to_string(), &why);
        Ok((Read::Unread(why), extent.partitions))
    }

    fn topic_record(&mut self, record: &SourceRecord, routed: bool) -> Result<(), Failure> {
        let Some(value) = &record.value else {
            self.summary.ignored(None);
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
                Ok(mut event) => {
                    event.bound_by_append(record.append_time);
                    let concerned = self.engine.concerns(&event);
                    self.summary.event(&event, concerned);
                    if concerned {
                        self.order.push(&event, Some(record.from.partition))?;
                    }
                }
                Err(detail) => {
                    let rejection = Rejection::new(Reason::BadProtobuf, detail);
                    reject(&rejection, value, &place, &mut self.dead_letter, &mut self.summary)?;
                }
            }
        }
        Ok(())
    }
}
