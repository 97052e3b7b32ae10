//! The rules of the protocol that can be left out, one at a time, in the port: the tasks and workers stay as they are.

/// A rule that is broken in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Offsets are part of the transaction. Broken: they are committed after it.
    OffsetsInTransaction,
    /// A checkpoint is part of the transaction. Broken: its records are written one by one before it.
    CheckpointInTransaction,
    /// A stale generation cannot commit. Broken: it can.
    GenerationFence,
    /// The committed offset is honest, so that a replay is silent. Broken: it is reported as none.
    SilentReplay,
    /// An undecided transaction is waited for. Broken: the old offset is reported.
    WaitForUndecided,
    /// The checkpoint's end is taken after the committed offset. Broken: when the process began. (That it is taken when the
    /// partition is assigned is harmless as long as it is the high watermark: a transaction's records precede its offsets.)
    EndAfterCommitted,
    /// The checkpoint's end is the high watermark. Broken: it is the last stable offset.
    EndIsHighWatermark,
    /// Reading starts where it is asked to. Broken: without a committed offset at the end of the log.
    NoResetToLatest,
    /// Doubt is told. Broken: it is taken for an abort.
    DoubtIsNoAbort,
    /// Doubt is told. Broken: it is taken for a commit.
    DoubtIsNoCommit,
    /// A checkpoint has its marker. Broken: the marker is not written.
    Marker,
    /// A restored task goes on at the marker's offset. Broken: at the committed one.
    ReplayFromMarker,
    /// What a record leads to is the same every time. Broken: an event's time is that of its reading.
    Determinism,
    /// A loss of partitions is told. Broken: the worker goes on with what it had.
    LossIsTold,
    /// Readers see committed records only. Broken: all.
    ReadCommitted,
}

impl Rule {
    pub(crate) const ALL: [Rule; 15] = [
        Rule::OffsetsInTransaction,
        Rule::CheckpointInTransaction,
        Rule::GenerationFence,
        Rule::SilentReplay,
        Rule::WaitForUndecided,
        Rule::EndAfterCommitted,
        Rule::EndIsHighWatermark,
        Rule::NoResetToLatest,
        Rule::DoubtIsNoAbort,
        Rule::DoubtIsNoCommit,
        Rule::Marker,
        Rule::ReplayFromMarker,
        Rule::Determinism,
        Rule::LossIsTold,
        Rule::ReadCommitted,
    ];
}
