//! The rules of the protocol that can be left out, one at a time, in the port: the tasks and workers stay as they are.

/// A rule that is broken in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Offsets are part of the transaction. Broken: they are committed after it.
    OffsetsInTransaction,
    /// A checkpoint is part of the transaction. Broken: its records are written one by one before it.
    CheckpointInTransaction,
    /// A checkpoint comes with its offset although that is committed already. Broken: it comes without, so that nothing refuses it.
    CheckpointWithOffset,
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

/// Whose port breaks it; the other one is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Router,
    Detector,
}

/// Every rule where it matters. (A router takes doubt for an abort anyway: it asks for the committed offsets after both.)
pub(crate) const ALL: [(Rule, Where); 22] = [
    (Rule::OffsetsInTransaction, Where::Router),
    (Rule::GenerationFence, Where::Router),
    (Rule::WaitForUndecided, Where::Router),
    (Rule::NoResetToLatest, Where::Router),
    (Rule::DoubtIsNoCommit, Where::Router),
    (Rule::LossIsTold, Where::Router),
    (Rule::OffsetsInTransaction, Where::Detector),
    (Rule::CheckpointInTransaction, Where::Detector),
    (Rule::CheckpointWithOffset, Where::Detector),
    (Rule::GenerationFence, Where::Detector),
    (Rule::SilentReplay, Where::Detector),
    (Rule::WaitForUndecided, Where::Detector),
    (Rule::EndAfterCommitted, Where::Detector),
    (Rule::EndIsHighWatermark, Where::Detector),
    (Rule::NoResetToLatest, Where::Detector),
    (Rule::DoubtIsNoAbort, Where::Detector),
    (Rule::DoubtIsNoCommit, Where::Detector),
    (Rule::Marker, Where::Detector),
    (Rule::ReplayFromMarker, Where::Detector),
    (Rule::Determinism, Where::Detector),
    (Rule::LossIsTold, Where::Detector),
    (Rule::ReadCommitted, Where::Detector),
];
