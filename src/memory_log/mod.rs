//! A LOG IN MEMORY that behaves as Kafka does in everything on which exactly-once rests.
//!
//! It has topics with partitions and offsets, transactions that end with a marker in every partition, read-committed readers that
//! stop at the first undecided record, transactional ids whose epochs fence, consumer groups with generations and cooperative
//! rebalances, committed offsets that wait for undecided transactions, compaction and retention. The decision of a transaction
//! and its markers are separate steps, as in Kafka, so that a reader in between sees what it would see there.
//!
//! It is not durable, replicated, fast, or shared between threads. It has no leaders, no timeouts and no clock: sessions and
//! transactions end when the caller ends them. It serves the demo and the crash simulation. That Kafka behaves in the same way
//! is tested against Kafka.

mod partition;
mod group;
mod transaction;
mod log;
pub mod client;
pub mod detector_port;
pub mod router_port;

pub use crate::memory_log::log::MemoryLog;
pub use crate::memory_log::partition::StoredRecord;
pub use crate::memory_log::transaction::{NewRecord, Refused};
