//! The policy: what the operator configures of the domain, and of each detection. Defaults are those of the two seed rules.

use crate::alert::id::AlertId;
use crate::detect::agent::Agent;
use crate::detect::allow_lists::AllowLists;
use crate::detect::decoy_template::DecoyTemplate;
use crate::detect::domain::{DomainPolicy, Protected};
use crate::detect::exception::Exception;
use crate::detect::protected_host_certificate::ProtectedHostCertificate;
use crate::detect::{
    Detection, DetectionSettings, account_remapped, application_policy_injection, ca_key_exported, ca_silent,
    ca_tampered, certificate_used_by_other, certlog_remote_write, changed_then_issued, chase_enrollment,
    decoy_template, denied_enrollment_probing, enrollment_on_behalf, issuance_policy_linked,
    machine_account_enrollment, pending_request_altered, pki_container_changed, pkinit_client,
    protected_host_certificate, relayed_enrollment, san_mismatch, schannel_logon, shadow_credential,
    sid_mismatch, story, template_tampered, unknown_certificate, unpac_the_hash, unusual_source,
    unusual_template, unusual_volume, weak_mapping,
};
use crate::event::fold::without_root;
use crate::event::host::Host;
use crate::event::punycode::readable;
use crate::event::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

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
    /// Common names of CAs that are not yours and whose certificates log on here: card vendors, partners. Those of Windows
    /// itself (`MS-Organization-P2P-Access`, `login.windows.net`) and self-signed ones are known.
    #[schemars(example = json!(["ACME Issuing CA 3"]))]
    pub foreign_issuers: Vec<String>,
    /// Account → further hosts whose names are its own: cluster and load balancer names, the service name of a gMSA.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(example = json!({r"CORP\SQLNODE1$": ["sqlclu.corp.example"]}))]
    pub hosts: BTreeMap<String, Vec<Host>>,
    /// Templates that exist only to be noticed: a request for one of them alerts.
    #[schemars(example = json!(["CorpVpnLegacy"]))]
    pub decoys: Vec<String>,
    /// Enrollment agent → what its job is: Citrix FAS, NDES, smart-card desks, certificate life-cycle products. Names of
    /// others are no finding within this profile, except those of protected identities. Outside it they are one of reason
    /// `agent_outside_profile`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(example = json!({r"CORP\FAS01$": {"templates": ["Citrix_SmartcardLogon"], "hosts": ["fas01.corp.example"]}}))]
    pub agents: BTreeMap<String, Agent>,
    /// Identities nobody else may hold a certificate for.
    pub protected: Protected,
    /// What is allowed to look odd.
    pub allow: AllowLists,
    /// Alerts that are not written: each entry names detections and what their alerts must be about. The detection goes on to
    /// remember what it sees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!([{"detections": ["unusual-volume"], "account": r"CORP\svc-build", "until": "2026-12-31"}]))]
    pub exceptions: Vec<Exception>,
    /// Settings of the detection `san-mismatch`.
    pub san_mismatch: san_mismatch::Settings,
    /// Settings of the detection `certlog-remote-write`.
    pub certlog_remote_write: certlog_remote_write::Settings,
    /// Settings of the detection `certificate-used-by-other`.
    pub certificate_used_by_other: certificate_used_by_other::Settings,
    /// Settings of the detection `unknown-certificate`.
    pub unknown_certificate: unknown_certificate::Settings,
    /// Settings of the detection `decoy-template`.
    pub decoy_template: decoy_template::Settings,
    /// Settings of the detection `weak-mapping`.
    pub weak_mapping: weak_mapping::Settings,
    /// Settings of the detection `sid-mismatch`.
    pub sid_mismatch: sid_mismatch::Settings,
    /// Settings of the detection `ca-tampered`.
    pub ca_tampered: ca_tampered::Settings,
    /// Settings of the detection `application-policy-injection`.
    pub application_policy_injection: application_policy_injection::Settings,
    /// Settings of the detection `chase-enrollment`.
    pub chase_enrollment: chase_enrollment::Settings,
    /// Settings of the detection `protected-host-certificate`.
    pub protected_host_certificate: protected_host_certificate::Settings,
    /// Settings of the detection `relayed-enrollment`.
    pub relayed_enrollment: relayed_enrollment::Settings,
    /// Settings of the detection `denied-enrollment-probing`.
    pub denied_enrollment_probing: denied_enrollment_probing::Settings,
    /// Settings of the detection `pending-request-altered`.
    pub pending_request_altered: pending_request_altered::Settings,
    /// Settings of the detection `enrollment-on-behalf`.
    pub enrollment_on_behalf: enrollment_on_behalf::Settings,
    /// Settings of the detection `template-tampered`.
    pub template_tampered: template_tampered::Settings,
    /// Settings of the detection `shadow-credential`.
    pub shadow_credential: shadow_credential::Settings,
    /// Settings of the detection `unpac-the-hash`.
    pub unpac_the_hash: unpac_the_hash::Settings,
    /// Settings of the detection `account-remapped`.
    pub account_remapped: account_remapped::Settings,
    /// Settings of the detection `changed-then-issued`.
    pub changed_then_issued: changed_then_issued::Settings,
    /// Settings of the detection `machine-account-enrollment`.
    pub machine_account_enrollment: machine_account_enrollment::Settings,
    /// Settings of the detection `pki-container-changed`.
    pub pki_container_changed: pki_container_changed::Settings,
    /// Settings of the detection `issuance-policy-linked`.
    pub issuance_policy_linked: issuance_policy_linked::Settings,
    /// Settings of the detection `ca-key-exported`.
    pub ca_key_exported: ca_key_exported::Settings,
    /// Settings of the detection `schannel-logon`.
    pub schannel_logon: schannel_logon::Settings,
    /// Settings of the detection `pkinit-client`.
    pub pkinit_client: pkinit_client::Settings,
    /// Settings of the detection `unusual-template`.
    pub unusual_template: unusual_template::Settings,
    /// Settings of the detection `unusual-source`.
    pub unusual_source: unusual_source::Settings,
    /// Settings of the detection `unusual-volume`.
    pub unusual_volume: unusual_volume::Settings,
    /// Settings of the detection `ca-silent`.
    pub ca_silent: ca_silent::Settings,
    /// Settings of the detection `story`.
    pub story: story::Settings,
}

/// An exception, or an entry of an allow-list, that does not count any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Its place in the policy: `allow.requesters[0]`.
    pub place: String,
    /// The event time from which on it does not count.
    pub until: Time,
    /// Who answers for it.
    pub owner: Option<String>,
}

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy.{} ended at {} and silences nothing any more", self.place, self.until)?;
        self.owner.as_ref().map_or(Ok(()), |owner| write!(f, "; its owner is {owner}"))
    }
}

/// The domains and their suffixes as names are compared: without the dot of the DNS root, and not in the ASCII form of
/// internationalized names.
fn domains_without_root(domains: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let plain = |text: &String| readable(without_root(text)).into_owned();
    domains.iter().map(|(domain, suffixes)| (plain(domain), suffixes.iter().map(plain).collect())).collect()
}

impl Policy {
    /// The part that every detection may read. Of the allow-lists it has the entries without limits.
    pub fn domain(&self) -> DomainPolicy {
        DomainPolicy {
            domains: domains_without_root(&self.domains),
            cas: self.cas.clone(),
            foreign_issuers: self.foreign_issuers.clone(),
            hosts: self.hosts.clone(),
            decoys: self.decoys.clone(),
            agents: self.agents.clone(),
            protected: self.protected.clone(),
            allow: self.allow.always(),
        }
    }

    /// The exceptions and entries of allow-lists that do not count any more at this time, each with its place.
    pub fn expired(&self, at: Time) -> Vec<Expired> {
        let entries =
            self.allow.limits().into_iter().map(|(place, limits)| (place, limits.until, &limits.owner));
        let exceptions = self.exceptions.iter().enumerate();
        let exceptions = exceptions.map(|(n, e)| (format!("exceptions[{n}]"), e.until, &e.owner));
        let expired = |(place, until, owner): (String, Option<Time>, &Option<String>)| {
            let until = until.filter(|until| *until <= at)?;
            Some(Expired { place, until, owner: owner.clone() })
        };
        entries.chain(exceptions).filter_map(expired).collect()
    }

    /// Takes every baseline for trained, from the first event on: for a replay of files that are shorter than a training period.
    pub fn assume_trained(&mut self) {
        let settings: [&mut dyn DetectionSettings; 31] = [
            &mut self.san_mismatch,
            &mut self.certlog_remote_write,
            &mut self.certificate_used_by_other,
            &mut self.unknown_certificate,
            &mut self.decoy_template,
            &mut self.weak_mapping,
            &mut self.sid_mismatch,
            &mut self.ca_tampered,
            &mut self.application_policy_injection,
            &mut self.chase_enrollment,
            &mut self.protected_host_certificate,
            &mut self.relayed_enrollment,
            &mut self.denied_enrollment_probing,
            &mut self.pending_request_altered,
            &mut self.enrollment_on_behalf,
            &mut self.template_tampered,
            &mut self.shadow_credential,
            &mut self.unpac_the_hash,
            &mut self.account_remapped,
            &mut self.changed_then_issued,
            &mut self.machine_account_enrollment,
            &mut self.pki_container_changed,
            &mut self.issuance_policy_linked,
            &mut self.ca_key_exported,
            &mut self.schannel_logon,
            &mut self.pkinit_client,
            &mut self.unusual_template,
            &mut self.unusual_source,
            &mut self.unusual_volume,
            &mut self.ca_silent,
            &mut self.story,
        ];
        settings.into_iter().for_each(DetectionSettings::assume_trained);
    }

    /// The detections that raise nothing while a list of the policy is empty, each with the list.
    pub fn missing_lists(&self) -> Vec<(&'static str, &'static str)> {
        let lists = [
            (DecoyTemplate::ABOUT.id, "decoys", self.decoys.is_empty()),
            (ProtectedHostCertificate::ABOUT.id, "protected.hosts", self.protected.hosts.is_empty()),
        ];
        let empty = lists.into_iter().filter(|(_, _, is_empty)| *is_empty);
        empty.map(|(detection, list, _)| (detection, list)).collect()
    }

    /// Eight hex digits that change when what the operator configured does. A release that adds a setting leaves them.
    pub fn version(&self) -> String {
        static DEFAULT: LazyLock<Value> = LazyLock::new(|| as_json(&Policy::default()));
        let json = changed(as_json(self), &DEFAULT).unwrap_or_default().to_string();
        AlertId::of(&["policy", &json]).to_string()[..8].to_owned()
    }
}

fn as_json(policy: &Policy) -> Value {
    serde_json::to_value(policy).unwrap_or_default()
}

/// What of a value differs from its default; none: nothing.
fn changed(own: Value, default: &Value) -> Option<Value> {
    match own {
        Value::Object(entries) => {
            let differs = |(key, value)| {
                let value = changed(value, default.get(&key).unwrap_or(&Value::Null))?;
                Some((key, value))
            };
            let entries: Map<String, Value> = entries.into_iter().filter_map(differs).collect();
            (!entries.is_empty()).then_some(Value::Object(entries))
        }
        own @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            (own != *default).then_some(own)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::policy::Policy;

    #[test]
    fn version_follows_what_is_configured_and_nothing_else() {
        let default = Policy::default().version();
        let mut policy = Policy::default();
        policy.decoys.push("CorpVpnLegacy".to_owned());
        let with_decoy = policy.version();
        assert_ne!(with_decoy, default);
        policy.san_mismatch.enabled = false;
        assert!(![with_decoy, default.clone()].contains(&policy.version()));
        assert_eq!(Policy::default().version(), default);
    }
}
