//! KAFKA: the only room that names rdkafka. It does what `stage` asks and decides nothing about events.

pub mod topics;
pub(crate) mod properties;
pub mod oauth;
pub mod refusals;
pub mod errors;
pub mod context;
pub mod tls_probe;
pub mod settings;
pub mod metadata;
mod outage;
pub mod partitions;
pub mod decode;
pub mod consumer;
pub mod log_bounds;
pub mod checkpoint_reader;
pub mod records;
pub mod transactions;
pub mod detector_port;
pub mod router_port;
pub mod admin;
pub mod range_reader;
pub mod follower;
pub mod writer;
