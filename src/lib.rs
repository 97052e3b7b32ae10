//! `adcs-watch`: catches abuse of Active Directory Certificate Services while it happens.
//!
//! The modules stand in reading order and use only what stands above them. The rooms up to `memory_log` decide: each is a
//! pure function of its input. The rooms below it wait: for files and a terminal behind the feature
//! `files`, and for Kafka, signals and time behind the feature `service`.

#![cfg_attr(
    all(feature = "files", not(feature = "service")),
    allow(dead_code, unused_imports, reason = "the commands that need Kafka use it")
)]

pub mod event;
pub mod alert;
pub mod wire;
pub mod state;
pub mod detect;
pub mod engine;
pub mod decode;
pub mod stage;
pub mod memory_log;
#[cfg(feature = "files")]
pub mod host;
#[cfg(feature = "files")]
pub mod inventory;
#[cfg(feature = "files")]
pub mod config;
#[cfg(feature = "service")]
pub mod observe;
#[cfg(feature = "files")]
pub mod encode;
#[cfg(feature = "service")]
pub(crate) mod kafka;
#[cfg(all(feature = "files", not(feature = "service")))]
pub(crate) mod without_kafka;
#[cfg(all(feature = "files", not(feature = "service")))]
pub(crate) use without_kafka as kafka;
#[cfg(feature = "service")]
pub(crate) mod run;
#[cfg(feature = "files")]
pub mod replay;
#[cfg(feature = "service")]
pub(crate) mod demo;
#[cfg(feature = "files")]
pub mod cli;
