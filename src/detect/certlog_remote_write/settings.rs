//! What the operator may set of `certlog-remote-write`. The defaults are the analytic's.

use crate::alert::Severity;
use crate::detect::DetectionSettings;
use crate::event::time::Span;
use crate::state::days::REMEMBERED_DAYS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set. The defaults are the analytic's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// How far back the baseline looks, in days, at most 64. Default 30.
    pub training_days: Days,
    /// On how many different days a CA must have given data before it can alert. Default 14.
    pub activation_days: Days,
    /// How long further writes of the same host to the same CA are suppressed after an alert. Default 1d.
    pub suppression: Span,
    /// On how many further days a pair that alerted must be seen before it counts as normal. Default 3.
    pub probation_days: Days,
    /// How near a mismatched or denied request must be to make a write suspicious. Default 10m.
    pub bad_request_window: Span,
    /// The severity of an alert by the variation that it reports.
    pub severity: Severities,
}

/// The severity of an alert by the variation that it reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// Host or account is new to the CA. Default low.
    pub unusual: Severity,
    /// And the evidence is worse. Default medium.
    pub suspicious: Severity,
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn assume_trained(&mut self) {
        self.activation_days = Days(0);
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            training_days: Days(30),
            activation_days: Days(14),
            suppression: Span::days(1),
            probation_days: Days(3),
            bad_request_window: Span::minutes(10),
            severity: Severities::default(),
        }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities { unusual: Severity::Low, suspicious: Severity::Medium }
    }
}

/// A number of days that a baseline can remember: 0 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(extend("maximum" = REMEMBERED_DAYS))]
pub struct Days(pub(crate) u32);

impl TryFrom<u32> for Days {
    type Error = String;
    fn try_from(days: u32) -> Result<Days, String> {
        if days > REMEMBERED_DAYS {
            return Err(format!("{days} days are more than the {REMEMBERED_DAYS} that a baseline remembers"));
        }
        Ok(Days(days))
    }
}

impl From<Days> for u32 {
    fn from(days: Days) -> u32 {
        days.0
    }
}
