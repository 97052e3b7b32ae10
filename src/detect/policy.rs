//! The policy: what the operator configures of the domain, and of each detection. Defaults are those of the two seed rules.

use crate::alert::id::AlertId;
use crate::detect::domain::{Allow, DomainPolicy, Protected};
use crate::detect::{DetectionSettings, certificate_used_by_other, certlog_remote_write, san_mismatch};
use crate::event::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// The `policy:` section of the config.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// NetBIOS name of a domain → its UPN and DNS suffixes. Without an entry every suffix counts as the domain's own, and
    /// the alert states this.
    #[schemars(example = json!({"CORP": ["corp.example", "example.com"]}))]
    pub domains: BTreeMap<String, Vec<String>>,
    /// CA host → the CA's common name, as 4768 writes it in CertIssuerName. Learned from exact joins where it can be.
    #[schemars(example = json!({"ca01.corp.example": "CORP-CA01"}))]
    pub cas: BTreeMap<String, String>,
    /// Account → further hosts whose names are its own: cluster and load balancer names, the service name of a gMSA.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(example = json!({r"CORP\SQLNODE1$": ["sqlclu.corp.example"]}))]
    pub hosts: BTreeMap<String, Vec<Host>>,
    /// Identities nobody else may hold a certificate for.
    pub protected: Protected,
    /// What is allowed to look odd.
    pub allow: Allow,
    /// Settings of the detection `san-mismatch`.
    pub san_mismatch: san_mismatch::Settings,
    /// Settings of the detection `certlog-remote-write`.
    pub certlog_remote_write: certlog_remote_write::Settings,
    /// Settings of the detection `certificate-used-by-other`.
    pub certificate_used_by_other: certificate_used_by_other::Settings,
}

impl Policy {
    /// The part that every detection may read.
    pub fn domain(&self) -> DomainPolicy {
        DomainPolicy {
            domains: self.domains.clone(),
            cas: self.cas.clone(),
            hosts: self.hosts.clone(),
            protected: self.protected.clone(),
            allow: self.allow.clone(),
        }
    }

    /// Takes every baseline for trained, from the first event on: for a replay of files that are shorter than a training period.
    pub fn assume_trained(&mut self) {
        let settings: [&mut dyn DetectionSettings; 3] =
            [&mut self.san_mismatch, &mut self.certlog_remote_write, &mut self.certificate_used_by_other];
        settings.into_iter().for_each(DetectionSettings::assume_trained);
    }

    /// Eight hex digits that change when the policy does.
    pub fn version(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        AlertId::of(&["policy", &json]).to_string()[..8].to_owned()
    }
}
