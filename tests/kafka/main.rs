//! The program against a real broker: `scripts/kafka/broker.sh` starts Apache Kafka on loopback, with Java and Maven.
//!
//! Each test has topics, groups and files of its own ([`environment::Environment`]), so tests run beside each other. Only a test
//! that freezes the shared broker runs alone ([`broker::exclusive`]).
//!
//! `ADCS_WATCH_RECORDS` and `ADCS_WATCH_KILLS` set the length of the exactly-once test, `ADCS_WATCH_SEED` its random choices.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests wait, and print figures")]

mod broker;
#[path = "../certificates.rs"]
mod certificates;
mod process;
mod fixtures;
mod environment;

mod recreated_topics;
mod backfill;
mod damaged_checkpoint;
mod deleted_topics;
mod silent_patterns;
mod backpressure;
mod catalogue;
mod chaos;
mod demo;
mod end_to_end;
mod exactly_once;
mod expired_ids;
mod fit;
mod groups;
mod inspect;
mod image;
mod shutdown;
mod logs;
mod markers;
mod source_metadata;
mod outage;
mod outputs;
mod policy_reload;
mod dead_letters;
mod quickstart;
mod replay;
mod retention;
mod security;
mod observability;
mod open_transactions;
mod topics;
mod traces;
mod tuning;
