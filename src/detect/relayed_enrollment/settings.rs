//! The settings of `relayed-enrollment`.

use crate::alert::Severity;
use crate::detect::DetectionSettings;
use crate::event::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The same requester alerts once in this time, unless it gets worse. Default 1d.
    pub suppression: Span,
    /// How grave each finding is.
    pub severity: Severities,
}

/// How grave each finding is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// The requester is a domain controller or a protected account, or it was coerced shortly before. Default critical.
    pub protected: Severity,
    /// The request of any other account came through a relay. Default high.
    pub relayed: Severity,
    /// The address is new to the machine, and nothing else is unusual. Default low.
    pub address: Severity,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true, suppression: Span::hours(24), severity: Severities::default() }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities { protected: Severity::Critical, relayed: Severity::High, address: Severity::Low }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}
