//! OBSERVE: health, metrics, traces, dashboards and alert rules, log lines, and the HTTP port.

pub(crate) mod sources;
pub mod health;
pub mod metrics;
pub(crate) mod status;
pub(crate) mod traces;
pub(crate) mod dashboards;
pub(crate) mod log;
pub mod http;
