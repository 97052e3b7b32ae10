//! The program against a real broker: `scripts/kafka/broker.sh` starts Apache Kafka on loopback, with Java and Maven.
//!
//! `ADCS_WATCH_RECORDS` and `ADCS_WATCH_KILLS` make the test of exactly-once as long as you like, `ADCS_WATCH_SEED` another one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests wait, and say what they did")]

mod broker;
#[path = "../certificates.rs"]
mod certificates;
mod process;
mod story;
mod world;

mod anew;
mod backfill;
mod damage;
mod backpressure;
mod demo;
mod end_to_end;
mod exactly_once;
mod groups;
mod image;
mod leaving;
mod logs;
mod origin;
mod outage;
mod poison;
mod quickstart;
mod replay;
mod security;
mod seeing;
mod topics;
mod traces;
