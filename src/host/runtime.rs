//! The tokio runtime, which hosts what waits: signals, HTTP, timers, and the ends of workers. Workers have threads of their own.

use crate::host::exit::{Exit, Failure};
use tokio::runtime::{Builder, Runtime};

/// The threads of the runtime. Two, so that a signal is received while a page is written.
const THREADS: usize = 2;

/// Starts the runtime.
///
/// # Errors
/// When the system gives no threads.
pub fn start() -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(THREADS).thread_name("host").enable_all().build();
    runtime.map_err(|error| Failure::new(Exit::Output, "cannot start the runtime").because(&error))
}
