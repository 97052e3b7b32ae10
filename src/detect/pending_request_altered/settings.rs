//! The settings of `pending-request-altered`.

use crate::alert::Severity;
use crate::detect::DetectionSettings;
use crate::event::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// A manager who altered requests on so many different days of the last 64 does it as a job. Default 5.
    pub known_after_days: NonZeroU32,
    /// How grave each finding is.
    pub severity: Severities,
    /// A request can wait this long. Default 30d.
    pub remember: Span,
}

/// How grave each finding is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// The same account asked for the certificate and altered the request. Default critical.
    pub same_account: Severity,
    /// A request was issued that was altered, or that was denied before. Default high.
    pub altered: Severity,
    /// A manager who does so often altered it. Default low.
    pub known_manager: Severity,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            known_after_days: NonZeroU32::MIN.saturating_add(4),
            severity: Severities::default(),
            remember: Span::days(30),
        }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities { same_account: Severity::Critical, altered: Severity::High, known_manager: Severity::Low }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}
