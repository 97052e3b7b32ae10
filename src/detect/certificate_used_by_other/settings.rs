//! What the operator may set of `certificate-used-by-other`.

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
    /// How long an issued certificate is remembered: the longest life of a certificate. Default 400d.
    pub remember: Span,
    /// How long a logon waits for the issuance of its certificate to arrive. Default 1d.
    pub wait: Span,
    /// How long further logons with the same certificate as the same account are suppressed. Default 1d.
    pub suppression: Span,
    /// The severity of an alert by the outcome of the logon.
    pub severity: Severities,
}

/// Severity by outcome. A join that had to assume the CA's name is one step milder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// The logon was accepted. Default critical.
    pub accepted: Severity,
    /// The logon was refused: an attempt. Default high.
    pub refused: Severity,
    /// The most that a logon as an account raises that is not protected. Default high.
    pub unprotected: Severity,
    /// A protected account was logged on with a certificate whose issuance was neither seen nor imported, or the serial number
    /// of a certificate shows that the service of its CA did not make it. Default high.
    pub issuance_unknown: Severity,
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
            remember: Span::days(400),
            wait: Span::days(1),
            suppression: Span::days(1),
            severity: Severities::default(),
        }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities {
            accepted: Severity::Critical,
            refused: Severity::High,
            unprotected: Severity::High,
            issuance_unknown: Severity::High,
        }
    }
}
