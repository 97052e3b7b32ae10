//! The router: source records in, routed records out.

pub mod task;
pub mod worker;
