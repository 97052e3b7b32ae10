//! THE DETECTOR: runs the detections on each partition of the routed topic, and commits alerts, checkpoints and offsets.

pub mod age;
mod outbox;
pub mod applied;
mod checkpoint;
pub mod task;
pub mod restore;
mod takeover;
pub mod counts;
pub mod worker;
