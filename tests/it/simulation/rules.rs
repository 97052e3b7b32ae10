//! The rules of the protocol that a port can break, one at a time. The tasks and workers stay unchanged.

/// A rule that is broken in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Offsets are part of the transaction. Broken: they are committed after it.
    OffsetsInTransaction,
    /// A checkpoint is part of the transaction. Broken: its records are written one by one before it.
    CheckpointInTransaction,
    /// A checkpoint is committed with its offset even if that is committed already. Broken: without, so that no fence applies.
    CheckpointWithOffset,
    /// A stale generation cannot commit. Broken: it can.
    GenerationFence,
    /// The committed offset is reported as it is, so that a replay has no output. Broken: it is reported as none.
    ReplayWithoutOutput,
    /// The committed offset waits for undecided transactions. Broken: the old offset is reported.
    WaitForUndecided,
    /// The checkpoint's end is taken after the committed offset. Broken: when the process began. (That it is taken when the
    /// partition is assigned is harmless as long as it is the high watermark: a transaction's records precede its offsets.)
    EndAfterCommitted,
    /// The checkpoint's end is the high watermark. Broken: it is the last stable offset.
    EndIsHighWatermark,
    /// Reading starts at the requested offset. Broken: at the end of the log if there is no committed offset.
    NoResetToLatest,
    /// An unknown outcome is reported. Broken: it is reported as aborted.
    UnknownIsNotAborted,
    /// An unknown outcome is reported. Broken: it is reported as committed.
    UnknownIsNotCommitted,
    /// A checkpoint has its marker. Broken: the marker is not written.
    Marker,
    /// A restored task continues at the marker's offset. Broken: at the committed one.
    ReplayFromMarker,
    /// A record has the same effect every time it is read. Broken: an event's time depends on when it is read.
    Determinism,
    /// A loss of partitions is reported. Broken: the worker continues with the partitions it had.
    LossIsReported,
    /// Readers see committed records only. Broken: all.
    ReadCommitted,
    /// Positions pass transaction markers and aborted records. Broken: they stop behind the last record.
    PassedMarkers,
}

/// Whose port breaks the rule. The other port is correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Router,
    Detector,
}

/// Every rule where it matters. (A router treats an unknown outcome as an abort: it reads the committed offsets after both.)
pub(crate) const ALL: [(Rule, Where); 23] = [
    (Rule::OffsetsInTransaction, Where::Router),
    (Rule::GenerationFence, Where::Router),
    (Rule::WaitForUndecided, Where::Router),
    (Rule::NoResetToLatest, Where::Router),
    (Rule::UnknownIsNotCommitted, Where::Router),
    (Rule::LossIsReported, Where::Router),
    (Rule::OffsetsInTransaction, Where::Detector),
    (Rule::CheckpointInTransaction, Where::Detector),
    (Rule::CheckpointWithOffset, Where::Detector),
    (Rule::GenerationFence, Where::Detector),
    (Rule::ReplayWithoutOutput, Where::Detector),
    (Rule::WaitForUndecided, Where::Detector),
    (Rule::EndAfterCommitted, Where::Detector),
    (Rule::EndIsHighWatermark, Where::Detector),
    (Rule::NoResetToLatest, Where::Detector),
    (Rule::UnknownIsNotAborted, Where::Detector),
    (Rule::UnknownIsNotCommitted, Where::Detector),
    (Rule::Marker, Where::Detector),
    (Rule::ReplayFromMarker, Where::Detector),
    (Rule::Determinism, Where::Detector),
    (Rule::LossIsReported, Where::Detector),
    (Rule::ReadCommitted, Where::Detector),
    (Rule::PassedMarkers, Where::Detector),
];
