//! ENCODE: what is written to our own topics, as topic, partition, key, value and headers. No client is named here.

pub(crate) mod record;
mod plain;
pub mod ocsf;
pub mod ecs;
pub(crate) mod alert;
pub(crate) mod dead_letter;
