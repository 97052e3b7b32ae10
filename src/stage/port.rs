//! What a task asks of the log it lives on: Kafka in `service`, [`crate::memory_log`] in tests and demonstrations.
//!
//! A port does; the worker decides. No call waits long: where Kafka makes one wait (a predecessor's transaction is
//! undecided, records are still on their way) the port answers [`Answer::Wait`] and is asked again in the next step, so
//! that one thread serves all partitions and one slow restore stops nobody. A [`Fault`] ends the worker: it drops all it
//! has, and a new one on a new port restores.

use crate::alert::Alert;
use crate::event::time::Time;
use std::fmt;

/// A steady clock's milliseconds, from any beginning: they pace commits and checkpoints, and decide nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

/// What may not be known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// Here it is.
    Ready(T),
    /// Ask again.
    Wait,
}

/// Whether a poll may bring records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It may.
    Open,
    /// Too much waits to be sent: records stay in the log, changes of the group are told. They come when it is open again, from
    /// where they stopped.
    Shut,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// For certain: all of it will be seen.
    Committed,
    /// For certain: nothing of it will ever be seen. Also when it was refused before it began, when the group's generation was
    /// stale (a rebalance is under way: the next poll tells), or when it was abandoned and no commit was ever asked for.
    Aborted,
    /// The commit was asked for and its answer did not come (timeout, disconnect). It may be seen or not, even later. Before it
    /// says so the port replaces its producer by the spare (`transactional.id` …-a/-b). [`DetectorPort::committed`] waits until
    /// the transaction is decided, and then tells.
    Doubtful,
}

/// What ends a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another instance took over what was ours (transactional id, group membership).
    Fenced(String),
    /// The log cannot be used as it must be: a broken client, a missing topic, an offset that is gone.
    Broken(String),
    /// A permission is missing.
    Forbidden(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Fenced(what) => write!(f, "another instance took over: {what}"),
            Fault::Broken(what) => write!(f, "the log cannot be used: {what}"),
            Fault::Forbidden(what) => write!(f, "a permission is missing: {what}"),
        }
    }
}

impl std::error::Error for Fault {}

/// What a poll of the routed topic brings, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DetectorInput {
    /// These partitions are added to ours. The worker answers with [`DetectorPort::accept`].
    Assign(Vec<u32>),
    /// These are taken away in order, and are ours until [`DetectorPort::release`]: a last commit is still possible.
    Revoke(Vec<u32>),
    /// These are not ours any more. The worker drops them and answers with [`DetectorPort::release`].
    Lost(Vec<u32>),
    /// A record of a partition that was started.
    Record(RoutedRecord),
}

/// A record of the routed topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutedRecord {
    /// Partition of the routed topic.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
    /// When it came to the log, by the log.
    pub append_time: Option<Time>,
    /// Events, as [`crate::wire::routed::encode`] writes them.
    pub value: Vec<u8>,
}

/// The routed topic (with the consumer group), the checkpoint topic and the transactions of one detector process.
///
/// Partition `p` of `routed` and partition `p` of `checkpoint` belong together. The consumer is read-committed, has no automatic
/// commits, and `auto.offset.reset=error`.
pub trait DetectorPort {
    /// What happened; waits at most this long for the first input. Records of partitions that were not started
    /// ([`DetectorPort::start_at`]) are not handed out; records below the position started at may be, the task skips them.
    ///
    /// Rebalance callbacks run within it. A callback only notes the change: `poll` returns at once with what it has, the
    /// change last, and librdkafka waits for the answer ([`DetectorPort::accept`], [`DetectorPort::release`]), which the
    /// worker gives before it polls again.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn poll(&mut self, wait: Millis, intake: Intake) -> Result<Vec<DetectorInput>, Fault>;

    /// Takes what [`DetectorInput::Assign`] offered (incremental assign), paused.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn accept(&mut self, partitions: &[u32]) -> Result<(), Fault>;

    /// Gives back what [`DetectorInput::Revoke`] or [`DetectorInput::Lost`] named (incremental unassign), and forgets the
    /// checkpoint readings of these partitions.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault>;

    /// The group's committed offset of the routed partition: the next record whose alerts are not out. None: there never was
    /// one. [`Answer::Wait`] while a transaction with an offset of this partition is undecided, whoever's it is (librdkafka: an
    /// offset fetch that requires stable offsets, which is what a read-committed consumer sends).
    ///
    /// # Errors
    /// A fault ends the worker.
    fn committed(&mut self, partition: u32) -> Result<Answer<Option<u64>>, Fault>;

    /// The first offset that the routed partition still has. It was read up to `reaches`: so [`Answer::Wait`] while it ends
    /// before that, which the next leader of a partition may say for a moment.
    ///
    /// # Errors
    /// When it stays that short ([`Fault::Broken`]): it was truncated or made anew, and what comes to stand there are other
    /// records.
    fn log_start(&mut self, partition: u32, reaches: Option<u64>) -> Result<Answer<u64>, Fault>;

    /// The end of the checkpoint partition now: the *read-uncommitted* high watermark, never the last stable offset, which may
    /// still lie before a checkpoint whose commit is decided and whose marker is on its way.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn checkpoint_end(&mut self, partition: u32) -> Result<Answer<u64>, Fault>;

    /// Hands some committed records of the checkpoint partition with their offsets to `sink`, in order, from where the last
    /// call stopped (the first one since [`DetectorPort::accept`] or [`DetectorPort::read_again`]: from the beginning).
    /// `Ready` when all below `end` were handed out; `Wait` when more will come, also while a transaction below `end` is open.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn read_checkpoint(
        &mut self,
        partition: u32,
        end: u64,
        sink: &mut dyn FnMut(u64, CheckpointRecord),
    ) -> Result<Answer<()>, Fault>;

    /// Forgets how far the checkpoint partition was read.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn read_again(&mut self, partition: u32) -> Result<(), Fault>;

    /// What the topics are called, to say what is wrong with them.
    fn names(&self) -> Names;

    /// Seeks and resumes: from now on polls bring the records of this partition from `offset` on.
    ///
    /// # Errors
    /// When the offset is not in the log ([`Fault::Broken`]): it is never replaced by another one.
    fn start_at(&mut self, partition: u32, offset: u64) -> Result<(), Fault>;

    /// One Kafka transaction, all or nothing. The offsets are sent with the consumer group's *present* metadata
    /// (`send_offsets_to_transaction`), so that a stale generation refuses them: then the transaction is aborted.
    /// The producer's fencing is a fault.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn commit(&mut self, transaction: &Transaction) -> Result<Outcome, Fault>;
}

/// The names of the topics that a detector lives on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The routed topic.
    pub routed: String,
    /// The checkpoint topic.
    pub checkpoint: String,
}

/// What a detector commits at once. For every partition that it has an alert, a dead letter or a checkpoint of it has an
/// offset: that is what refuses a task whose partition is somebody else's by now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transaction {
    /// To the alert topic; the key is the alert id.
    pub alerts: Vec<Raised>,
    /// To the dead-letter topic.
    pub dead: Vec<DeadLetter>,
    /// To the checkpoint topic, in this order.
    pub checkpoint: Vec<CheckpointRecord>,
    /// To the consumer group: partition of the routed topic, and the next offset.
    pub offsets: Vec<(u32, u64)>,
}

/// An alert on its way out, with what is known of it and not said in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    /// What is written.
    pub alert: Alert,
    /// When Kafka appended the source record that raised it, if its topic says so: where the latency begins.
    pub appended: Option<Time>,
}

/// A record of the checkpoint topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRecord {
    /// Its partition, that of the task.
    pub partition: u32,
    /// What compaction keeps the newest of.
    pub key: Vec<u8>,
    /// None: a tombstone.
    pub value: Option<Vec<u8>>,
}

impl CheckpointRecord {
    /// The bytes of key and value.
    pub fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// A record that is no event, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it was read.
    pub from: SourcePartition,
    /// Where there.
    pub offset: u64,
    /// When Kafka appended it there, where the reader knows.
    pub append_time: Option<Time>,
    /// From a closed set: a label of metrics.
    pub reason: &'static str,
    /// What exactly.
    pub detail: String,
    /// The record as it was.
    pub record: Vec<u8>,
}

/// A partition of a source topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourcePartition {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: u32,
}

/// What a poll of the source topics brings, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouterInput {
    /// As [`DetectorInput::Assign`].
    Assign(Vec<SourcePartition>),
    /// As [`DetectorInput::Revoke`].
    Revoke(Vec<SourcePartition>),
    /// As [`DetectorInput::Lost`].
    Lost(Vec<SourcePartition>),
    /// A record of a partition that was started.
    Record(SourceRecord),
    /// Records of a partition that was started, one after the other, none of which may matter.
    Filtered(FilteredRun),
}

/// Records that were thrown away where they were read, without being copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilteredRun {
    /// Their partition.
    pub from: SourcePartition,
    /// The offset behind the last of them.
    pub next: u64,
    /// How many.
    pub records: u64,
}

/// Whether a record of this topic with this value may matter.
pub type Sieve<'a> = &'a dyn Fn(&str, &[u8]) -> bool;

/// A record of a source topic. Its key and other headers are not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRecord {
    /// Its partition.
    pub from: SourcePartition,
    /// Its offset.
    pub offset: u64,
    /// When Kafka appended it, if the topic says so.
    pub append_time: Option<Time>,
    /// Its header `traceparent`, where it has one of at most [`crate::event::MAX_TRACE`] characters.
    pub trace: Option<String>,
    /// None: a tombstone.
    pub value: Option<Vec<u8>>,
}

/// The source topics (with the consumer group) and the transactions of one router process.
///
/// The methods are those of [`DetectorPort`], and mean the same.
pub trait RouterPort {
    /// As [`DetectorPort::poll`]. What may not matter need not be handed out whole: [`RouterInput::Filtered`] counts it.
    ///
    /// # Errors
    /// A fault ends the worker.
    fn poll(&mut self, wait: Millis, may_matter: Sieve<'_>) -> Result<Vec<RouterInput>, Fault>;

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
    /// A fault ends the worker.
    fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault>;

    /// As [`DetectorPort::start_at`]; without an offset where the source's config says (its beginning or its end). Tells at
    /// which offset that is. A committed offset that retention has overtaken is the port's to report and to move forward: the
    /// operator sizes the source topics. [`Answer::Wait`] while the partition ends before its committed offset, as in
    /// [`DetectorPort::log_start`].
    ///
    /// # Errors
    /// When it stays that short ([`Fault::Broken`]).
    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<Answer<u64>, Fault>;

    /// One Kafka transaction, as [`DetectorPort::commit`].
    ///
    /// # Errors
    /// A fault ends the worker.
    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault>;
}

/// What a router commits at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouterCommit {
    /// To the routed topic: partition and value, in this order; there is no key.
    pub routed: Vec<(u32, Vec<u8>)>,
    /// To the dead-letter topic.
    pub dead: Vec<DeadLetter>,
    /// To the consumer group: the next offsets.
    pub offsets: Vec<(SourcePartition, u64)>,
}
