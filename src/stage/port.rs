//! The interface between a stage and its log: Kafka, or [`crate::memory_log`] in the demo and in the crash simulation.
//!
//! The worker decides, the port executes. No call blocks for long: where Kafka lets a client wait (an undecided transaction of a
//! predecessor, records in flight) the port answers [`Answer::Wait`] and the worker asks again in its next step. So one thread
//! serves all partitions, and a slow restore of one does not delay the others.
//!
//! Failures come in two sizes. [`Fault::Partition`] stops one partition, which is retried later. Every other [`Fault`] ends the
//! worker: it drops all its state, and a new worker on a new port restores it.

use crate::alert::Alert;
use crate::decode::prefilter::Candidate;
use crate::event::time::Time;
use std::fmt;

/// Milliseconds of a monotonic clock with an arbitrary origin. They pace commits and checkpoints and decide nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

/// An answer that may not be available yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The answer is available: this is it.
    Ready(T),
    /// Not available yet: ask again in the next step.
    Wait,
}

/// Whether a poll may return records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// Polls return records as well as changes of the assignment.
    Open,
    /// Too many alerts wait to be sent: polls return only changes of the assignment. Records stay in the log, and polls continue
    /// where they stopped once the intake is open again.
    Paused,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Certain: consumers see all of it.
    Committed,
    /// Certain: consumers never see anything of it. Also when it was refused before it began, when the group's generation was stale
    /// (a rebalance is in progress: the next poll reports it), or when it was abandoned before the commit was requested.
    Aborted,
    /// The commit was requested and its answer did not arrive (timeout, disconnect): consumers see all of it or nothing, perhaps
    /// later. The port has replaced its producer by the spare (`transactional.id` …-a/-b) by then.
    /// [`DetectorPort::committed`] waits until the transaction is decided, and so resolves the doubt.
    Unknown,
}

/// Why a worker or a partition cannot continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another instance took over the transactional id or the group membership. Ends the worker.
    Fenced(String),
    /// The log is unusable: a broken client, a missing topic, a record that was deleted while it was read. Ends the worker.
    Broken(String),
    /// A permission is missing. Ends the worker.
    Forbidden(String),
    /// One partition is unusable: a damaged checkpoint, a gap, a truncated log. Only methods that name the partition return it, and
    /// only that partition stops.
    Partition(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Fenced(what) => write!(f, "another instance took over: {what}"),
            Fault::Broken(what) => write!(f, "the log cannot be used: {what}"),
            Fault::Forbidden(what) => write!(f, "a permission is missing: {what}"),
            Fault::Partition(what) => write!(f, "a partition cannot be used: {what}"),
        }
    }
}

impl std::error::Error for Fault {}

/// What a poll of the routed topic returns, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DetectorInput {
    /// These partitions are added to the assignment. The worker answers with [`DetectorPort::accept`].
    Assign(Vec<u32>),
    /// These partitions are revoked in order. They stay assigned until [`DetectorPort::release`]: a last commit is possible.
    Revoke(Vec<u32>),
    /// These partitions are lost: others may own them already. The worker drops them and answers with [`DetectorPort::release`].
    Lost(Vec<u32>),
    /// A record of a started partition.
    Record(RoutedRecord),
    /// Everything below `next` in a started partition was returned by polls up to here. Behind the last record stand only
    /// transaction markers and aborted records, which consumers never see.
    Passed {
        /// Partition of the routed topic.
        partition: u32,
        /// The offset behind them.
        next: u64,
    },
}

/// A record of the routed topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutedRecord {
    /// Partition of the routed topic.
    pub partition: u32,
    /// Its offset in the partition.
    pub offset: u64,
    /// The broker's append time.
    pub append_time: Option<Time>,
    /// Events, as [`crate::wire::routed::encode`] writes them.
    pub value: Vec<u8>,
}

/// The routed topic (with the consumer group), the checkpoint topic and the transactions of one detector process.
///
/// Partition `p` of `routed` and partition `p` of `checkpoint` belong together. The consumer is read-committed, without automatic
/// commits, and with `auto.offset.reset=error`.
pub trait DetectorPort {
    /// Returns what happened, and waits at most `wait` for the first input. Records of partitions that are not started
    /// ([`DetectorPort::start_at`]) are not returned. Records below the start may be; the task skips them.
    ///
    /// Rebalance callbacks run within a poll and only note the change: `poll` returns at once, the change last, and librdkafka
    /// waits for the answer ([`DetectorPort::accept`], [`DetectorPort::release`]), which the worker gives before its next poll.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn poll(&mut self, wait: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault>;

    /// Accepts the partitions of [`DetectorInput::Assign`] (incremental assign), paused.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault>;

    /// Releases the partitions of [`DetectorInput::Revoke`] or [`DetectorInput::Lost`] (incremental unassign), and forgets how far
    /// their checkpoints were read.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault>;

    /// The group's committed offset of the routed partition: all alerts on records below it are committed. None when there never
    /// was one. [`Answer::Wait`] while any transaction with an offset of this partition is undecided (an offset fetch that requires
    /// stable offsets, as librdkafka sends for a read-committed consumer).
    ///
    /// # Errors
    /// [`Fault::Partition`] when the offset is marked as unusable; any other fault ends the worker.
    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault>;

    /// The first offset that the routed partition still has. [`Answer::Wait`] while the partition ends before `committed`, as a new
    /// leader may report for a moment.
    ///
    /// # Errors
    /// [`Fault::Partition`] when it stays that short: it was truncated or re-created, and later records at these offsets are other
    /// records. Any other fault ends the worker.
    fn log_start(&mut self, partition: u32, committed: Option<u64>) -> Result<Answer<u64>, Fault>;

    /// The present end of the checkpoint partition: the *read-uncommitted* high watermark. The last stable offset may lie before a
    /// checkpoint that is committed and whose marker is not written yet.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn checkpoint_end(&mut self, partition: u32) -> Result<Answer<u64>, Fault>;

    /// Passes committed records of the checkpoint partition with their offsets to `sink`, in order, continuing where the last call
    /// stopped (the first call after [`DetectorPort::accept`] or [`DetectorPort::rewind_checkpoint`]: at the beginning).
    /// `Ready` when all below `end` were passed; `Wait` when more will follow, also while a transaction below `end` is open.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn read_checkpoint(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault>;

    /// Makes the next [`DetectorPort::read_checkpoint`] of this partition start at the beginning.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn rewind_checkpoint(&mut self, partition: u32) -> Result<(), Fault>;

    /// The names of the topics, for error messages.
    fn topics(&self) -> TopicNames;

    /// Seeks and resumes: from now on polls return the records of this partition from `offset` on.
    ///
    /// # Errors
    /// When the offset is not in the log: it is never replaced by another one. A fault ends the worker.
    fn start_at(&mut self, partition: u32, offset: u64) -> Result<(), Fault>;

    /// Runs one Kafka transaction, all or nothing. The offsets are sent with the *present* metadata of the consumer group
    /// (`send_offsets_to_transaction`), so that the broker refuses a stale generation: then the transaction is aborted.
    ///
    /// # Errors
    /// A fault ends the worker, such as the fencing of the producer.
    fn commit(&mut self, transaction: &Transaction) -> Result<Outcome, Fault>;
}

/// The names of the topics that a detector restores from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicNames {
    /// The topic of routed events, from which state is replayed.
    pub routed: String,
    /// The topic of checkpoints, from which state is read back.
    pub checkpoint: String,
}

/// One transaction of a detector. Every partition with an alert, a dead letter, a link or a checkpoint in it also has an offset in it: by
/// the offset the broker refuses a task whose partition has another owner by now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transaction {
    /// Records of the alert topic; the key is the alert id.
    pub alerts: Vec<PendingAlert>,
    /// Records of the dead-letter topic.
    pub dead: Vec<DeadLetter>,
    /// Records of the routed topic: these alerts as events, for the partitions of the stories that they may be part of.
    pub links: Vec<Link>,
    /// Records of the checkpoint topic, in this order.
    pub checkpoint: Vec<CheckpointRecord>,
    /// Committed offsets of the consumer group: partition of the routed topic and next offset.
    pub offsets: Vec<(u32, u64)>,
}

/// An alert that is not committed yet, with facts that are not part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingAlert {
    /// The alert to write.
    pub alert: Alert,
    /// The routed record that raised it: partition and offset.
    pub from: (u32, u64),
    /// When Kafka appended the source record that raised it, if its topic has append times: the start of the latency measurement.
    pub appended: Option<Time>,
}

/// A record of the routed topic that a detector writes: an alert as an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The partition of the story.
    pub partition: u32,
    /// The event, as [`crate::wire::routed::encode`] writes it.
    pub value: Vec<u8>,
}

/// A record of the checkpoint topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRecord {
    /// Its partition, the same as that of the task.
    pub partition: u32,
    /// The key that compaction compares.
    pub key: Vec<u8>,
    /// The value; none for a tombstone.
    pub value: Option<Vec<u8>>,
}

impl CheckpointRecord {
    /// The size of key and value in bytes.
    pub fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// A record that is not an event, with the reason of its rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The partition in which it was read.
    pub from: SourcePartition,
    /// Its offset in that partition.
    pub offset: u64,
    /// When Kafka appended it there, if known.
    pub append_time: Option<Time>,
    /// The reason, from a closed set: a label of metrics.
    pub reason: &'static str,
    /// The details of the rejection.
    pub detail: String,
    /// The value of the record, unchanged.
    pub record: Vec<u8>,
}

/// The reason of a dead letter of the detector: an alert that fits into its topic in no form.
pub const ALERT_TOO_LONG: &str = "alert_too_large";

/// A partition of a source topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourcePartition {
    /// The name of the topic.
    pub topic: String,
    /// The number of the partition.
    pub partition: u32,
}

/// What a poll of the source topics returns, in the order in which it happened.
///
/// A record carries its value as `V`: a router takes records that have passed the prefilter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouterInput<V = Candidate> {
    /// These partitions are added to the assignment. The worker answers with [`RouterPort::accept`].
    Assign(Vec<SourcePartition>),
    /// These partitions are revoked in order. They stay assigned until [`RouterPort::release`]: a last commit is possible.
    Revoke(Vec<SourcePartition>),
    /// These partitions are lost: others may own them already. The worker answers with [`RouterPort::release`].
    Lost(Vec<SourcePartition>),
    /// A record of a started partition.
    Record(SourceRecord<V>),
    /// Consecutive records of a started partition that the prefilter dropped.
    Filtered(FilteredRun),
    /// Everything below `next` in a started partition was returned by polls up to here, as in [`DetectorInput::Passed`].
    Passed {
        /// Partition of a source topic.
        from: SourcePartition,
        /// The offset behind everything that polls have returned.
        next: u64,
    },
}

/// Records that the prefilter dropped where they were read, without a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilteredRun {
    /// The source partition that they were read from.
    pub from: SourcePartition,
    /// The offset behind the last of them.
    pub next: u64,
    /// How many records these are.
    pub records: u64,
}

/// The prefilter of each topic: a copy of the value if a record of this topic may be of interest. Ports call it once per record.
pub type TopicPrefilter<'a, V = Candidate> = &'a dyn Fn(&str, &[u8]) -> Option<V>;

/// A record of a source topic. Its key and other headers are not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRecord<V = Vec<u8>> {
    /// The source partition that it was read from.
    pub from: SourcePartition,
    /// Its offset in the partition.
    pub offset: u64,
    /// When Kafka appended it, if the topic has append times.
    pub append_time: Option<Time>,
    /// Its header `traceparent`, if it has one of at most [`crate::event::MAX_TRACE`] characters.
    pub trace: Option<String>,
    /// The value; none for a tombstone.
    pub value: Option<V>,
}

/// The source topics (with the consumer group) and the transactions of one router process.
///
/// The methods mean the same as those of [`DetectorPort`].
pub trait RouterPort {
    /// As [`DetectorPort::poll`]. Records that do not pass the prefilter are returned as [`RouterInput::Filtered`].
    ///
    /// # Errors
    /// A fault ends the worker.
    fn poll(&mut self, wait: Millis, prefilter: TopicPrefilter<'_>) -> Result<Vec<RouterInput>, Fault>;

    /// As [`DetectorPort::accept`].
    ///
    /// # Errors
    /// A fault ends the worker.
    fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault>;

    /// As [`DetectorPort::release`].
    ///
    /// # Errors
    /// A fault ends the worker.
    fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault>;

    /// As [`DetectorPort::committed`].
    ///
    /// # Errors
    /// As [`DetectorPort::committed`].
    fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault>;

    /// As [`DetectorPort::start_at`]. Without an offset the partition starts where the config of the source puts it (its beginning, or
    /// a point in time). Returns the offset at which it starts. When retention has deleted the committed offset, the port reports
    /// the loss and starts at the first record: the operator sizes the source topics. [`Answer::Wait`] while the partition ends
    /// before its committed offset, as in [`DetectorPort::log_start`].
    ///
    /// # Errors
    /// [`Fault::Partition`] when it stays that short; any other fault ends the worker.
    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<Answer<u64>, Fault>;

    /// Runs one Kafka transaction, as [`DetectorPort::commit`].
    ///
    /// # Errors
    /// A fault ends the worker.
    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault>;
}

/// One transaction of a router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouterCommit {
    /// Records of the routed topic: partition and value, in this order, without a key.
    pub routed: Vec<(u32, Vec<u8>)>,
    /// Records of the dead-letter topic.
    pub dead: Vec<DeadLetter>,
    /// Committed offsets of the consumer group: the next offset of each partition.
    pub offsets: Vec<(SourcePartition, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_of_a_checkpoint_record_is_that_of_key_and_value() {
        let record = |value| CheckpointRecord { partition: 0, key: vec![1; 3], value };
        assert_eq!((record(Some(vec![1; 5])).bytes(), record(None).bytes()), (8, 3));
    }

    #[test]
    fn fault_states_its_kind_and_what_it_is_about() {
        assert_eq!(Fault::Partition("a gap".to_owned()).to_string(), "a partition cannot be used: a gap");
    }
}
