//! What the operator may set of `unknown-certificate`.

use crate::alert::Severity;
use crate::detect::DetectionSettings;
use crate::event::host::Host;
use crate::event::time::{Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What the operator may set. Certificates of our own CAs are looked at only if `complete_since` names the CA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// CA host → from when on every certificate of it that is still valid is known: imported, or issued since its events
    /// are read. Logons before that time are ignored. The CA needs its name in `cas:`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(example = json!({"ca01.corp.example": "2026-03-01T00:00:00Z"}))]
    pub complete_since: BTreeMap<String, Time>,
    /// How long an issued certificate is remembered: the longest life of a certificate. Default 400d.
    pub remember: Span,
    /// How long the issuance of a certificate may arrive after its use. Default 1h.
    pub wait: Span,
    /// How long further uses of the same certificate as the same account are suppressed. Default 1d.
    pub suppression: Span,
    /// The severity of an alert by what is unknown. A refused logon is one step milder.
    pub severity: Severities,
}

/// Severity by what is unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// The issuer is one of our CAs, which did not issue the certificate. Default high.
    pub not_issued: Severity,
    /// The same, used as a protected account. Default critical.
    pub not_issued_protected: Severity,
    /// A protected account uses a certificate of an issuer that is neither ours nor known to be foreign. Default high.
    pub unknown_issuer: Severity,
}

impl Settings {
    /// From when on all certificates of the CA are known; none: they are not.
    pub(crate) fn complete_since(&self, ca: &Host) -> Option<Time> {
        self.complete_since.iter().find(|(host, _)| Host::new(host).is_same(ca)).map(|(_, since)| *since)
    }
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
            complete_since: BTreeMap::new(),
            remember: Span::days(400),
            wait: Span::hours(1),
            suppression: Span::days(1),
            severity: Severities::default(),
        }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities {
            not_issued: Severity::High,
            not_issued_protected: Severity::Critical,
            unknown_issuer: Severity::High,
        }
    }
}
