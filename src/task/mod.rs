//! ONE PARTITION'S LIFE, without I/O: what a router and a detector do between a poll and a commit, and after a failure.
//!
//! The routed topic is the write-ahead log of all state: the state of partition `p` is a function of `routed[p]` up to an
//! offset. So there is no changelog per event and no rollback; to restore is to read a checkpoint and to replay the rest
//! in silence.

pub mod port;
pub mod pace;
pub mod age;
mod checkpoint;
pub mod restore;
pub mod applied;
pub mod detector;
pub mod router;
mod takeover;
pub mod detector_worker;
pub mod router_worker;
pub mod memory;
#[cfg(test)]
pub(crate) mod testing;
