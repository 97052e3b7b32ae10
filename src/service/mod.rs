//! EVERYTHING THAT WAITS: the command line, files, the terminal, the clock.

pub mod clock;
pub mod exit;
pub mod config;
pub mod stage;
pub mod topics;
pub mod health;
pub mod metrics;
pub mod traces;
pub mod seeing;
pub mod log;
pub mod shutdown;
pub mod http;
pub mod kafka;
pub mod run;
pub mod replay;
pub mod demo;
pub mod cli;
