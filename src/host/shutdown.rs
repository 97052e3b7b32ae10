//! The end, asked for by a signal: the first one in order, the second one at once.

use crate::host::exit::{Exit, Failure};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells whether to stop.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(Arc<AtomicBool>);

impl Shutdown {
    /// Listens to SIGTERM and SIGINT.
    ///
    /// # Errors
    /// When the system refuses that.
    pub fn on_signals() -> Result<Shutdown, Failure> {
        let shutdown = Shutdown::default();
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal finds the flag unset, and sets it.
            flag::register_conditional_default(signal, Arc::clone(&shutdown.0))
                .and_then(|_| flag::register(signal, Arc::clone(&shutdown.0)))
                .map_err(|error| Failure::new(Exit::Output, "cannot listen to signals").because(&error))?;
        }
        Ok(shutdown)
    }

    /// Ends the process now, whatever its threads do. Nobody may be waited for any more, and what runs at a usual exit would
    /// run beside them.
    pub fn leave(exit: Exit) -> ! {
        low_level::exit(i32::from(exit.code()))
    }

    /// Asks for the end.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
