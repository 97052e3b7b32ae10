//! KAFKA: the only room that names rdkafka. It does what `stage` asks, and decides nothing about events.
//!
//! The files stand in reading order: each uses only files above it.

mod timeouts;
mod oauth;
mod native;
pub(crate) mod errors;
pub(crate) mod topics;
mod tls_probe;
mod tls_files;
mod partitions;
mod last_transaction;
mod context;
pub(crate) mod settings;
pub(crate) mod properties;
pub(crate) mod trial;
mod metadata;
pub(crate) mod admin;
mod limits;
mod outage;
mod poll_error;
mod decode;
mod log_bounds;
mod output;
mod topic_ids;
mod open_transactions;
mod unanswered;
mod consumer;
pub(crate) mod refused_sources;
mod silent_patterns;
mod checkpoint_reader;
pub(crate) mod range_reader;
mod send;
mod worker_context;
mod markers;
mod watched;
mod forgotten;
mod transactional_id;
mod transactions;
mod worker_clients;
pub(crate) mod fit;
pub(crate) mod detector_port;
pub(crate) mod router_port;
pub(crate) mod follower;
pub(crate) mod writer;
