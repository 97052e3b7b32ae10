//! Reads checkpoint partitions from their beginning to an end that was requested before.

use crate::host::clock::Stopwatch;
use crate::kafka::context::BasicContext;
use crate::kafka::errors::{Resources, fault, is_unreachable};
use crate::kafka::log_bounds::watermarks;
use crate::kafka::partitions::{at, list};
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::{CHECKPOINT_POLL_MS, TRIAL_READ_SECONDS};
use crate::stage::Stage;
use crate::stage::port::{Answer, CheckpointRecord, Fault, SourcePartition};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The reader of a worker.
pub(crate) struct CheckpointReader {
    topic: String,
    group: String,
    /// Read-committed: returns no record of a transaction that may be aborted.
    records: BaseConsumer<BasicContext>,
    /// Read-uncommitted: sees the end behind open transactions.
    ends: BaseConsumer<BasicContext>,
    partitions: BTreeMap<u32, Progress>,
}

/// How far one partition is read.
#[derive(Debug, Default)]
struct Progress {
    /// The next offset to read.
    next: i64,
    /// All records below this offset were read.
    read_to: u64,
    /// The partition is assigned. At its end, all records below this offset were read.
    reading_to: Option<u64>,
    /// Records that came while another partition was requested.
    buffered: VecDeque<(u64, CheckpointRecord)>,
}

/// The most records of one call.
const MAX_RECORDS: usize = 10_000;

impl CheckpointReader {
    /// Creates the clients, and reads once to find a missing permission.
    ///
    /// # Errors
    /// librdkafka rejects the settings, or the topic may not be read.
    pub(crate) fn new(clients: &Clients, topic: &str) -> Result<CheckpointReader, Fault> {
        let make = |config: &ClientConfig| {
            config
                .create_with_context::<_, BaseConsumer<BasicContext>>(clients.context())
                .map_err(|error| fault("creating a reader of checkpoints", &error))
        };
        let (records, ends) = (make(&clients.checkpoint_reader()?)?, make(&clients.metadata()?)?);
        let (topic, group) = (topic.to_owned(), clients.group(Stage::Detector));
        let reader = CheckpointReader { topic, group, records, ends, partitions: BTreeMap::new() };
        reader.serve_events();
        reader.try_to_read()?;
        Ok(reader)
    }

    /// Reads at the end of a partition: a missing permission shows now, not when a state is to be restored.
    fn try_to_read(&self) -> Result<(), Fault> {
        let partition = self.partition(0);
        let Answer::Ready((_, end)) = watermarks(&self.records, &partition)? else { return Ok(()) };
        let list = list(&[partition], at(end))?;
        self.records.incremental_assign(&list).map_err(|error| fault("reading checkpoints", &error))?;
        let watch = Stopwatch::start();
        let forbidden = loop {
            match self.records.poll(CHECKPOINT_POLL_MS) {
                None if watch.elapsed() < TRIAL_READ_SECONDS => {}
                Some(Err(error)) => break self.resources().missing_permission(&error),
                // A record: the topic may be read. No answer: the restore will show it.
                None | Some(Ok(_)) => break None,
            }
        };
        self.stop(0)?;
        forbidden.map_or(Ok(()), |why| Err(Fault::Forbidden(format!("reading checkpoints: {why}"))))
    }

    fn resources(&self) -> Resources {
        let group = Some(self.group.clone());
        Resources { read: vec![self.topic.clone()], group, ..Resources::default() }
    }

    /// Serves the events of librdkafka, such as a request for a token, while nothing is read.
    pub(crate) fn serve_events(&self) {
        drop(self.ends.poll(Duration::ZERO));
        // While records are read, the poll for them serves the events, and this one would lose a record.
        if self.partitions.values().all(|progress| progress.reading_to.is_none()) {
            drop(self.records.poll(Duration::ZERO));
        }
    }

    /// The answer to [`crate::stage::port::DetectorPort::checkpoint_end`].
    pub(crate) fn end(&self, partition: u32) -> Result<Answer<u64>, Fault> {
        Ok(match watermarks(&self.ends, &self.partition(partition))? {
            Answer::Ready((_, end)) => Answer::Ready(end),
            Answer::Wait => Answer::Wait,
        })
    }

    /// The answer to [`crate::stage::port::DetectorPort::read_checkpoint`].
    pub(crate) fn read(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault> {
        let progress = self.partitions.entry(partition).or_default();
        if progress.read_to < end && progress.reading_to.is_none() && !self.begin(partition, end)? {
            return Ok(Answer::Wait);
        }
        self.receive(partition)?;
        let progress = self.partitions.entry(partition).or_default();
        progress.buffered.drain(..).for_each(|(offset, record)| sink(offset, record));
        Ok(if progress.read_to >= end { Answer::Ready(()) } else { Answer::Wait })
    }

    /// Forgets how far a partition was read.
    pub(crate) fn forget(&mut self, partition: u32) -> Result<(), Fault> {
        let progress = self.partitions.remove(&partition);
        if progress.is_some_and(|progress| progress.reading_to.is_some()) {
            self.stop(partition)?;
        }
        Ok(())
    }

    fn partition(&self, partition: u32) -> SourcePartition {
        SourcePartition { topic: self.topic.clone(), partition }
    }

    /// Begins to read, once no transaction below `end` is open: only then the end that librdkafka reports is at least `end`.
    fn begin(&mut self, partition: u32, end: u64) -> Result<bool, Fault> {
        let requested = self.partition(partition);
        let (first, stable) = match watermarks(&self.records, &requested)? {
            Answer::Ready((first, stable)) if stable >= end => (first, stable),
            Answer::Ready(_) | Answer::Wait => return Ok(false),
        };
        let progress = self.partitions.entry(partition).or_default();
        // A number, and not the logical beginning: its answer could come late and move the position back.
        let first = i64::try_from(first).unwrap_or(i64::MAX);
        let list = list(&[requested], Offset::Offset(progress.next.max(first)))?;
        self.records
            .incremental_assign(&list)
            .map_err(|error| fault("assigning a checkpoint partition", &error))?;
        progress.reading_to = Some(stable);
        Ok(true)
    }

    fn stop(&self, partition: u32) -> Result<(), Fault> {
        let list = list(&[self.partition(partition)], Offset::Invalid)?;
        self.records
            .incremental_unassign(&list)
            .map_err(|error| fault("releasing a checkpoint partition", &error))
    }

    /// Buffers the records of all partitions until the wanted one is at its end.
    fn receive(&mut self, wanted: u32) -> Result<(), Fault> {
        let is_reading = |reader: &CheckpointReader| {
            reader.partitions.get(&wanted).is_some_and(|progress| progress.reading_to.is_some())
        };
        for _ in 0..MAX_RECORDS {
            if !is_reading(self) {
                return Ok(());
            }
            let at_end = match self.records.poll(CHECKPOINT_POLL_MS) {
                None => return Ok(()),
                Some(Ok(message)) => {
                    let Ok(partition) = u32::try_from(message.partition()) else { continue };
                    if let Some(progress) = self.partitions.get_mut(&partition) {
                        progress.next = message.offset() + 1;
                        let record = CheckpointRecord {
                            partition,
                            key: message.key().unwrap_or_default().to_vec(),
                            value: message.payload().map(<[u8]>::to_vec),
                        };
                        let offset = u64::try_from(message.offset()).unwrap_or_default();
                        progress.buffered.push_back((offset, record));
                    }
                    continue;
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => partition,
                Some(Err(error)) if is_unreachable(&error) => return Ok(()),
                Some(Err(error)) => return Err(self.resources().fault("reading a checkpoint", &error)),
            };
            let Ok(partition) = u32::try_from(at_end) else { continue };
            if let Some(progress) = self.partitions.get_mut(&partition)
                && let Some(read_to) = progress.reading_to.take()
            {
                progress.read_to = read_to;
                self.stop(partition)?;
            }
        }
        Ok(())
    }
}
