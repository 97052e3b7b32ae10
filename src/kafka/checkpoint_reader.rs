//! Reads checkpoint partitions from their beginning to an end that was asked for before.

use crate::host::clock::Stopwatch;
use crate::kafka::context::Chatter;
use crate::kafka::errors::{Tried, fault, is_unreachable};
use crate::kafka::log_bounds::watermarks;
use crate::kafka::partitions::{at, list, signed};
use crate::kafka::settings::Clients;
use crate::stage::Stage;
use crate::stage::port::{Answer, CheckpointRecord, Fault, SourcePartition};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The reader.
pub struct Reader {
    topic: String,
    group: String,
    /// Read-committed: hands out nothing that may yet be aborted.
    records: BaseConsumer<Chatter>,
    /// Read-uncommitted: sees the end behind open transactions.
    ends: BaseConsumer<Chatter>,
    partitions: BTreeMap<u32, Reading>,
}

/// How far one partition is read.
#[derive(Debug, Default)]
struct Reading {
    /// The next offset to read.
    next: i64,
    /// Everything below it was read.
    read_to: u64,
    /// Records are on their way; when they end, everything below this was read.
    reading_to: Option<u64>,
    /// Records that came while another partition was read.
    waiting: VecDeque<(u64, CheckpointRecord)>,
}

/// How long one call waits for records.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long a try to read waits for an answer.
const TRIAL: Duration = Duration::from_secs(5);
/// The most records of one call.
const MAX_RECORDS: usize = 10_000;

impl Reader {
    /// Makes the clients.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(clients: &Clients, topic: &str) -> Result<Reader, Fault> {
        let make = |config: &ClientConfig| {
            config
                .create_with_context::<_, BaseConsumer<Chatter>>(clients.chatter())
                .map_err(|error| fault("making a reader of checkpoints", &error))
        };
        let (records, ends) = (make(&clients.reader()?)?, make(&clients.ends()?)?);
        let (topic, group) = (topic.to_owned(), clients.group(Stage::Detector));
        let reader = Reader { topic, group, records, ends, partitions: BTreeMap::new() };
        reader.tend();
        reader.try_it()?;
        Ok(reader)
    }

    /// Reads at the end of a partition: whether we may is better known now than when there is something to restore.
    fn try_it(&self) -> Result<(), Fault> {
        let place = self.place(0);
        let Answer::Ready((_, end)) = watermarks(&self.records, &place)? else { return Ok(()) };
        let list = list(&[place], at(end))?;
        self.records
            .incremental_assign(&list)
            .map_err(|error| fault("trying to read a checkpoint", &error))?;
        let watch = Stopwatch::start();
        let forbidden = loop {
            match self.records.poll(PATIENCE) {
                None if watch.elapsed() < TRIAL => {}
                Some(Err(error)) => break self.tried().missing_for(&error),
                // Who gets a record may read. Who gets no answer will see.
                None | Some(Ok(_)) => break None,
            }
        };
        self.stop(0)?;
        forbidden.map_or(Ok(()), |why| Err(Fault::Forbidden(format!("reading checkpoints: {why}"))))
    }

    fn tried(&self) -> Tried {
        let group = Some(self.group.clone());
        Tried { read: vec![self.topic.clone()], group, ..Tried::default() }
    }

    /// Looks for what brokers tell aside, such as that a token is to be renewed, also while nothing is read.
    pub fn tend(&self) {
        drop(self.ends.poll(Duration::ZERO));
        // Else it would take a record, and reading looks for the rest as well.
        if self.partitions.values().all(|reading| reading.reading_to.is_none()) {
            drop(self.records.poll(Duration::ZERO));
        }
    }

    /// As [`crate::stage::port::DetectorPort::checkpoint_end`].
    pub fn end(&self, partition: u32) -> Result<Answer<u64>, Fault> {
        Ok(match watermarks(&self.ends, &self.place(partition))? {
            Answer::Ready((_, end)) => Answer::Ready(end),
            Answer::Wait => Answer::Wait,
        })
    }

    /// As [`crate::stage::port::DetectorPort::read_checkpoint`].
    pub fn read(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault> {
        let reading = self.partitions.entry(partition).or_default();
        if reading.read_to < end && reading.reading_to.is_none() && !self.begin(partition, end)? {
            return Ok(Answer::Wait);
        }
        self.receive(partition)?;
        let reading = self.partitions.entry(partition).or_default();
        reading.waiting.drain(..).for_each(|(offset, record)| sink(offset, record));
        Ok(if reading.read_to >= end { Answer::Ready(()) } else { Answer::Wait })
    }

    /// Forgets what was read of a partition.
    pub fn forget(&mut self, partition: u32) -> Result<(), Fault> {
        let reading = self.partitions.remove(&partition);
        if reading.is_some_and(|reading| reading.reading_to.is_some()) {
            self.stop(partition)?;
        }
        Ok(())
    }

    fn place(&self, partition: u32) -> SourcePartition {
        SourcePartition { topic: self.topic.clone(), partition }
    }

    /// Begins to read, when all below `end` is decided: so the end that the client will reach lies no lower.
    fn begin(&mut self, partition: u32, end: u64) -> Result<bool, Fault> {
        let place = self.place(partition);
        let (first, stable) = match watermarks(&self.records, &place)? {
            Answer::Ready((first, stable)) if stable >= end => (first, stable),
            Answer::Ready(_) | Answer::Wait => return Ok(false),
        };
        let reading = self.partitions.entry(partition).or_default();
        // A number, and not "the beginning": an answer that comes late would move the reading back (see Member::anywhere).
        let first = i64::try_from(first).unwrap_or(i64::MAX);
        let list = list(&[place], Offset::Offset(reading.next.max(first)))?;
        self.records
            .incremental_assign(&list)
            .map_err(|error| fault("beginning to read a checkpoint", &error))?;
        reading.reading_to = Some(stable);
        Ok(true)
    }

    fn stop(&self, partition: u32) -> Result<(), Fault> {
        let list = list(&[self.place(partition)], Offset::Invalid)?;
        self.records.incremental_unassign(&list).map_err(|error| fault("ending to read a checkpoint", &error))
    }

    /// Takes what has come, for whichever partition it is, until the wanted one is at its end.
    fn receive(&mut self, wanted: u32) -> Result<(), Fault> {
        let is_reading = |reader: &Reader| {
            reader.partitions.get(&wanted).is_some_and(|reading| reading.reading_to.is_some())
        };
        for _ in 0..MAX_RECORDS {
            if !is_reading(self) {
                return Ok(());
            }
            let at_end = match self.records.poll(PATIENCE) {
                None => return Ok(()),
                Some(Ok(message)) => {
                    let Ok(partition) = u32::try_from(message.partition()) else { continue };
                    if let Some(reading) = self.partitions.get_mut(&partition) {
                        reading.next = message.offset() + 1;
                        let record = CheckpointRecord {
                            partition,
                            key: message.key().unwrap_or_default().to_vec(),
                            value: message.payload().map(<[u8]>::to_vec),
                        };
                        let offset = u64::try_from(message.offset()).unwrap_or_default();
                        reading.waiting.push_back((offset, record));
                    }
                    continue;
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => partition,
                Some(Err(error)) if is_unreachable(&error) => return Ok(()),
                Some(Err(error)) => return Err(self.tried().fault("reading a checkpoint", &error)),
            };
            let Some(partition) = self.partitions.keys().copied().find(|p| signed(*p) == Ok(at_end)) else {
                continue;
            };
            if let Some(reading) = self.partitions.get_mut(&partition)
                && let Some(read_to) = reading.reading_to.take()
            {
                reading.read_to = read_to;
                self.stop(partition)?;
            }
        }
        Ok(())
    }
}
