//! Requests to a CA and its answers: 4886 to 4889.

use crate::event::account::{Account, same_text};
use crate::event::host::Host;
use crate::event::san::{self, San};
use crate::event::serial::Serial;
use crate::event::subject;
use serde::{Deserialize, Serialize};

/// What 4886 to 4889 say of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRequest {
    /// RequestId, unique within one CA.
    pub request_id: u32,
    /// Requester: the account that asked.
    pub requester: Account,
    /// Certificate template: the field of version 1, else the `CertificateTemplate:` attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Every subject alternative name, of the field and of the request attributes, each once, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<San>,
    /// Names beyond the first [`san::MAX_NAMES`], which are searched for protected identities only: at most
    /// [`san::MAX_NAMES_SEARCHED`] together with `names`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names_beyond: Vec<San>,
    /// How many names the request has beyond [`san::MAX_NAMES`], those in `names_beyond` included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub names_cut: u32,
    /// Those of `names` that stand in the request attributes: asked for beside the signed request (ESC6). The others
    /// stand in the field only: in 4887 in the certificate, in 4886, 4888 and 4889 in the signed request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attribute_names: Vec<San>,
    /// The common names (`CN=`) of the field Subject of 4886, 4888 and 4889. Those of 4887 are in
    /// [`IssuedCertificate::common_names`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub common_names: Vec<String>,
    /// The `ccm:` attribute: the client machine, as the client states it. It proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Host>,
    /// The `cdc:` attribute: the domain controller that the CA is asked to look the requester up at, a name or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdc: Option<Host>,
    /// The `rmd:` attribute: the machine that the request is for, by its DNS name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmd: Option<Host>,
    /// Further templates that the request states in attributes `CertificateTemplate:`, where no field names the template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates_beyond: Vec<String>,
    /// Further hosts that the request states in attributes `ccm:`. No client of Windows repeats an attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients_beyond: Vec<Host>,
    /// Further hosts that the request states in attributes `cdc:`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cdcs_beyond: Vec<Host>,
    /// Further hosts that the request states in attributes `rmd:`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rmds_beyond: Vec<Host>,
    /// The `UserAgent:` attribute, which the pages of web enrollment add; empty: the client stated none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The `ProxyURI:` attribute, which the enrollment web service adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_uri: Option<String>,
    /// The object identifiers of the `ApplicationPolicies:` attribute (ESC15), at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub application_policies: Vec<String>,
    /// RequestClientInfo of version 1: user, machine and process of the client, as the client states them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_info: Option<String>,
    /// AuthenticationService of version 1: `NTLM`, `Kerberos`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_service: Option<String>,
    /// AuthenticationLevel of version 1: `Privacy`, `Connect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_level: Option<String>,
    /// DCOMorRPC of version 1: `DCOM`, `RPC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
}

impl CertificateRequest {
    /// Takes over names that were collected from the field and the attributes. Those of the attributes stay only if they are among
    /// them, in the spelling that was collected.
    pub fn set_names(&mut self, names: san::Names) {
        self.names = names.names;
        self.names_beyond = names.beyond;
        self.names_cut = names.cut;
        let asked = std::mem::take(&mut self.attribute_names);
        let collected = |name: &San| self.names.iter().find(|known| known.is_same(name)).cloned();
        self.attribute_names = asked.iter().filter_map(collected).collect();
    }

    /// Every template that the request may be for: all that it states, where nothing but the request names one.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.template.iter().chain(&self.templates_beyond).map(String::as_str)
    }

    /// The same in one text, where there is room for one: it is no name of a template that a list excuses.
    pub(crate) fn templates_in_one(&self) -> String {
        self.templates().collect::<Vec<_>>().join(", ")
    }

    /// The template that the request is surely for.
    pub fn sole_template(&self) -> Option<&str> {
        self.template.as_deref().filter(|_| self.templates_beyond.is_empty())
    }

    /// Every machine that the client states as its own.
    pub fn clients(&self) -> impl Iterator<Item = &Host> {
        self.client.iter().chain(&self.clients_beyond)
    }

    /// Every domain controller that the CA is asked to look the requester up at.
    pub fn cdcs(&self) -> impl Iterator<Item = &Host> {
        self.cdc.iter().chain(&self.cdcs_beyond)
    }

    /// Every machine that the request is for.
    pub fn rmds(&self) -> impl Iterator<Item = &Host> {
        self.rmd.iter().chain(&self.rmds_beyond)
    }

    /// Whether the client states a host, and only such as these.
    pub fn is_only_from(&self, is_one: impl Fn(&Host) -> bool) -> bool {
        self.client.is_some() && self.clients().all(is_one)
    }

    /// Whether the client states this host as its own, perhaps among others.
    pub fn is_from(&self, host: &Host) -> bool {
        self.clients().any(|client| client.is_same(host))
    }

    /// Whether the request states anything that Windows' own client, the pages of web enrollment or the enrollment web service
    /// add: `ccm`, `cdc`, `rmd`, UserAgent, ProxyURI or RequestClientInfo. Tools that speak to the CA themselves add none.
    pub fn states_its_client(&self) -> bool {
        self.client.is_some() || self.user_agent.is_some() || !self.is_of_no_windows()
    }

    /// Whether it has nothing that Windows' own client or the enrollment web service adds beside `ccm`.
    pub fn is_of_no_windows(&self) -> bool {
        self.cdc.is_none() && self.rmd.is_none() && self.client_info.is_none() && self.proxy_uri.is_none()
    }

    /// Whether the requester authenticated by NTLM, where the event has it (version 1).
    pub fn is_by_ntlm(&self) -> bool {
        self.authentication_service.as_deref().is_some_and(|service| same_text(service.trim(), "NTLM"))
    }

    /// How many names were not read at all.
    pub fn names_unread(&self) -> u32 {
        self.names_cut.saturating_sub(u32::try_from(self.names_beyond.len()).unwrap_or(u32::MAX))
    }
}

/// The fields of 4887: an issued certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCertificate {
    /// The request that the CA granted.
    #[serde(flatten)]
    pub request: CertificateRequest,
    /// SerialNumber of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<Serial>,
    /// Subject, as a distinguished name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
}

impl IssuedCertificate {
    /// The common names (`CN=`) of the certificate's subject.
    pub fn common_names(&self) -> Vec<String> {
        subject::common_names(&self.subject)
    }
}

/// The fields of 4888 and 4889: a request that was denied, or that waits for a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedRequest {
    /// The request that was denied, or that is pending.
    #[serde(flatten)]
    pub request: CertificateRequest,
    /// Disposition: 2 for denied and 5 for pending, or a negative HRESULT.
    pub disposition: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}
