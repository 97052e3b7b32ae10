//! Log lines on standard error, as text or JSON. Contents of events are logged at `debug` only.

use crate::config::process::{Log, LogFormat, LogLevel};
use std::io;
use tracing_subscriber::filter::LevelFilter;

/// Starts to write log lines.
pub(crate) fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // A line that cannot be written is lost. To report that on the same standard error would panic.
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(false)
        .log_internal_errors(false);
    // A writer exists already only where a test started one.
    let _ = match log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
