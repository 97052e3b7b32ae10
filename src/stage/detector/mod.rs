//! THE DETECTOR: runs the detections on each partition of the routed topic, and commits alerts, checkpoints and offsets.

pub mod age;
pub(crate) mod applied;
pub(crate) mod outbox;
mod checkpoint;
pub(crate) mod restore_fault;
pub(crate) mod stored;
pub(crate) mod task;
pub(crate) mod restore;
mod takeover;
pub(crate) mod counts;
pub mod worker;
