//! THE HOST: the clock, exit codes, signals.

pub mod clock;
pub mod exit;
pub mod shutdown;
