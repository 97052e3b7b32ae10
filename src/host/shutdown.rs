//! Signals: the first SIGTERM or SIGINT asks for an orderly stop, the second ends the process at once. SIGHUP ends nothing.
//!
//! tokio receives the signals. `signal-hook` stays for what tokio and the standard library do not offer without unsafe code:
//! to end the process by a signal, and to end it without the handlers of a normal exit, which would run beside threads that
//! are still at work.

use crate::host::exit::{Exit, Failure};
use signal_hook::low_level;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The signals that a process listens to.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Cancelled when SIGTERM or SIGINT asks for a stop.
    pub(crate) stop: CancellationToken,
    /// Each SIGHUP. By default one would end the process, with work that is not committed; this one may also be dropped unread.
    pub(crate) hangup: Signal,
}

/// Listens to SIGTERM, SIGINT and SIGHUP.
///
/// # Errors
/// When the system refuses to deliver signals.
pub(crate) fn on_signals() -> Result<Signals, Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| Failure::new(Exit::Output, "cannot listen to signals").because(&error))
    };
    let terminate = listen(SignalKind::terminate())?;
    let interrupt = listen(SignalKind::interrupt())?;
    let hangup = listen(SignalKind::hangup())?;
    let shutdown = CancellationToken::new();
    tokio::spawn(stop(shutdown.clone(), terminate, interrupt));
    Ok(Signals { stop: shutdown, hangup })
}

async fn stop(shutdown: CancellationToken, mut terminate: Signal, mut interrupt: Signal) {
    loop {
        let kind = tokio::select! {
            _ = terminate.recv() => SignalKind::terminate(),
            _ = interrupt.recv() => SignalKind::interrupt(),
        };
        if shutdown.is_cancelled() {
            // It does not return for these two signals.
            let _ = low_level::emulate_default_handler(kind.as_raw_value());
        }
        shutdown.cancel();
    }
}

/// Ends the process now, whatever its threads do, and without the handlers of a normal exit.
pub(crate) fn leave(exit: Exit) -> ! {
    low_level::exit(i32::from(exit.code()))
}
