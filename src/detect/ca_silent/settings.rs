//! What the operator may set of `ca-silent`.

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
    /// The severity of an alert. Default medium.
    pub severity: Severity,
    /// A silence below this is never remarkable. Default 1d.
    pub least: Span,
    /// A silence is remarkable if it is so many percent of the longest one of the last 60 days. Default 150.
    pub percent: u32,
    /// Events of a bit of the audit filter are missed after so many different days with any. Default 10.
    pub training_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::Medium,
            least: Span::hours(24),
            percent: 150,
            training_days: 10,
        }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}
