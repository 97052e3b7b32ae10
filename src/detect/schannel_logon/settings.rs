//! What the operator may set of `schannel-logon`.

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
    /// During the training, unless the account is protected. Default low.
    pub severity_training: Severity,
    /// For a protected account. Default high.
    pub severity_protected: Severity,
    /// An account that did not log on this way for so long is new again. Default 30d.
    pub remember: Span,
    /// Different days with such logons before an account that is new is more than low. Default 7.
    pub training_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::Medium,
            severity_training: Severity::Low,
            severity_protected: Severity::High,
            remember: Span::days(30),
            training_days: 7,
        }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn assume_trained(&mut self) {
        self.training_days = 0;
    }
}
