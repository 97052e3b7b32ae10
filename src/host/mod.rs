//! THE HOST: exit codes, the clock, the runtime, signals.

pub mod exit;
pub(crate) mod clock;
#[cfg(feature = "service")]
pub mod runtime;
#[cfg(feature = "service")]
pub(crate) mod shutdown;
