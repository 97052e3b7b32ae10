//! Facts that an import states: no event of Windows, a format of our own.

use crate::event::account::{Account, Sid};
use crate::event::host::Host;
use crate::event::serial::Serial;
use crate::event::template::TemplateFlags;
use crate::event::time::Time;
use serde::{Deserialize, Serialize};

/// An account of the directory, as it was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountKnown {
    /// Domain and sAMAccountName of the account.
    pub account: Account,
    /// objectSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// userPrincipalName, which a computer seldom has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    /// mail, the address of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// dNSHostName of a computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_host_name: Option<Host>,
    /// servicePrincipalName, all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_principal_names: Vec<String>,
    /// Whether the account is to be protected: a domain controller, a member of an administrators' group.
    #[serde(default)]
    pub protected: bool,
}

/// A host and its addresses, as they were exported from DNS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKnown {
    /// The name of the host, with or without its domain.
    pub host: Host,
    /// Its IP addresses, in the form that events are read in.
    pub addresses: Vec<String>,
}

/// A certificate template of the directory, as it was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateKnown {
    /// The common name of the template.
    pub name: String,
    /// msPKI-Cert-Template-OID, its object identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// What decides whether it can be abused.
    #[serde(default)]
    pub flags: TemplateFlags,
}

/// A row of a CA's database: a certificate that was issued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateKnown {
    /// The serial number of the certificate.
    pub serial: Serial,
    /// The account that asked for it.
    pub requester: Account,
    /// The host of the CA that issued it.
    pub ca: Host,
    /// When it was issued.
    pub issued: Time,
    /// The template that it was issued from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}
