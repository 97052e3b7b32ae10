//! WHAT OPERATORS SEE: health, metrics, traces, log lines, the HTTP port, dashboards and alert rules.

pub mod health;
pub mod metrics;
pub mod traces;
pub mod dashboards;
pub mod log;
pub mod http;
