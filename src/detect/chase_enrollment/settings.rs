//! The settings of `chase-enrollment`.

use crate::alert::Severity;
use crate::detect::DetectionSettings;
use crate::detect::chase_enrollment::judge::Gravity;
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
    /// The machine is a protected one, the controller is an address, or the account is new. Default critical.
    pub critical: Severity,
    /// Another machine, or a controller in another domain. Default high.
    pub other: Severity,
    /// What may be ordinary: a controller that is not listed, a user's own workstation. Default low.
    pub ordinary: Severity,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true, suppression: Span::hours(24), severity: Severities::default() }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities { critical: Severity::Critical, other: Severity::High, ordinary: Severity::Low }
    }
}

impl Severities {
    pub(super) fn of(&self, gravity: Gravity) -> Severity {
        match gravity {
            Gravity::Ordinary => self.ordinary,
            Gravity::Other => self.other,
            Gravity::Critical => self.critical,
        }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}
