//! `adcs-watch`: catches abuse of Active Directory Certificate Services while it happens.
//!
//! The modules stand in reading order and use only what stands above them. Everything that decides is a pure function of
//! its input; everything that waits is in `service`.

pub mod event;
pub mod alert;
pub mod wire;
pub mod state;
pub mod detect;
pub mod engine;
pub mod decode;
pub mod task;
#[cfg(feature = "service")]
pub mod service;
