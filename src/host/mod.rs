//! THE HOST: exit codes, the clock, the runtime, signals.

pub mod exit;
pub mod clock;
pub mod runtime;
pub mod shutdown;
