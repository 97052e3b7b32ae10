//! THE HOST: exit codes, the clock, the runtime, signals.

pub mod exit;
pub(crate) mod clock;
pub mod runtime;
pub(crate) mod shutdown;
