//! THE ROUTER: reads source topics, and writes each event to the partitions of the routed topic that it concerns.

mod batch;
pub mod tally;
pub mod task;
pub mod worker;
