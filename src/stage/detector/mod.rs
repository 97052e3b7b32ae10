//! The detector: one task for each partition of the routed topic, and the worker that drives them.

pub mod age;
mod checkpoint;
pub mod restore;
pub mod applied;
pub mod task;
mod takeover;
pub mod worker;
