//! KAFKA: the only room that knows rdkafka. It does what `task` asks and decides nothing about events.

pub mod token;
pub mod refusal;
pub mod trouble;
pub mod context;
pub mod handshake;
pub mod client;
pub mod door;
mod away;
pub mod places;
pub mod message;
pub mod member;
pub mod reach;
pub mod reader;
pub mod records;
pub mod producer;
pub mod detector;
pub mod router;
pub mod admin;
pub mod slice;
pub mod tail;
pub mod writer;
