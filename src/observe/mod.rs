//! OBSERVE: health, metrics, traces, dashboards and alert rules, log lines, and the HTTP port.

pub mod health;
pub mod metrics;
pub mod traces;
pub mod dashboards;
pub mod log;
pub mod http;
