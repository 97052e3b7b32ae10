//! ENCODE: what is written to our own topics, as topic, partition, key, value and headers. No client is named here.

pub mod record;
pub mod alert;
pub mod dead_letter;
