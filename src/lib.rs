//! `adcs-watch`: catches abuse of Active Directory Certificate Services while it happens.
//!
//! The modules stand in reading order and use only what stands above them. The rooms up to `memory_log` decide: each is a
//! pure function of its input. The rooms below it, behind the feature `service`, wait: for Kafka, files, signals and time.

pub mod event;
pub mod alert;
pub mod wire;
pub mod state;
pub mod detect;
pub mod engine;
pub mod decode;
pub mod stage;
pub mod memory_log;
#[cfg(feature = "service")]
pub mod host;
#[cfg(feature = "service")]
pub mod inventory;
#[cfg(feature = "service")]
pub mod config;
#[cfg(feature = "service")]
pub mod observe;
#[cfg(feature = "service")]
pub mod encode;
#[cfg(feature = "service")]
pub(crate) mod kafka;
#[cfg(feature = "service")]
pub(crate) mod run;
#[cfg(feature = "service")]
pub mod replay;
#[cfg(feature = "service")]
pub(crate) mod demo;
#[cfg(feature = "service")]
pub mod cli;
