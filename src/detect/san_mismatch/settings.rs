//! What the operator may set of `san-mismatch`. The defaults are the scheduled rule's.

use crate::alert::Severity;
use crate::detect::{ALLOWED_LATENESS, DetectionSettings};
use crate::event::time::Span;
use crate::state::window;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What the operator may set. The defaults are the scheduled rule's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// How long an alert lasts, and how far back its counts look. Default 15m.
    pub look_back: Span,
    /// The window of a burst. Default 10m, as in the text of the scheduled rule; its query uses 15m.
    pub burst_window: Span,
    /// Certificates within the window that make a burst. Default 3.
    pub burst_count: NonZeroU32,
    /// So many other identities within a day make a requester look like an enrollment agent. Default 5.
    pub agent_others: NonZeroU32,
    /// The severity of an alert by its gravest reason.
    pub severity: Severities,
}

/// The severity of an alert by its gravest reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// A protected identity is named. Default critical.
    pub sensitive_san: Severity,
    /// Another identity is named. Default high.
    pub san_mismatch: Severity,
    /// Many certificates in a short time. Default medium.
    pub burst_enrollment: Severity,
    /// The same, but all of them bear only the requester's own names, and fewer than twice `burst_count` are of one template.
    /// Default low.
    pub burst_own_names: Severity,
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            look_back: Span::minutes(15),
            burst_window: Span::minutes(10),
            burst_count: NonZeroU32::new(3).unwrap_or(NonZeroU32::MIN),
            agent_others: NonZeroU32::new(5).unwrap_or(NonZeroU32::MIN),
            severity: Severities::default(),
        }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities {
            sensitive_san: Severity::Critical,
            san_mismatch: Severity::High,
            burst_enrollment: Severity::Medium,
            burst_own_names: Severity::Low,
        }
    }
}

impl Settings {
    /// How far back behind the newest certificate of a requester another one can still matter.
    pub(crate) fn reach(&self) -> Span {
        Span::millis(self.look_back.max(self.burst_window).as_millis() + ALLOWED_LATENESS.as_millis())
    }

    /// So many certificates of one template within the window are no first logon and no new machine.
    pub(crate) fn many_of_one_template(&self) -> usize {
        (self.burst_count.get() as usize).saturating_mul(2)
    }

    /// The most certificates that are remembered of one requester.
    pub(crate) fn capacity(&self) -> usize {
        window::capacity(self.reach(), self.burst_window, self.many_of_one_template()).clamp(64, 4096)
    }
}
