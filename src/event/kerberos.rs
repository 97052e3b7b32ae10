//! Logons and tickets at a domain controller: 4768, 4771, 4769, 4624, and how the KDC maps certificates to accounts.

use crate::event::account::{Account, Sid};
use crate::event::host::Host;
use crate::event::serial::Serial;
use serde::{Deserialize, Serialize};

/// The fields of 4768 and 4771: a logon with a certificate, or the attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateLogon {
    /// TargetUserName and TargetDomainName: who logged on, or tried to.
    pub account: Account,
    /// TargetSid; none when the logon was refused (S-1-0-0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// CertSerialNumber of the certificate that the client presented.
    pub serial: Serial,
    /// CertIssuerName: the CA's common name.
    pub issuer: String,
    /// Status: 0 = accepted, else a Kerberos error (0x3e, 0x42, 0x4b, …).
    pub status: u32,
    /// IpAddress of the client, without the `::ffff:` of mapped IPv4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// TicketOptions: the flags of the request, as RFC 4120 numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_options: Option<u32>,
    /// TicketEncryptionType: 0x17 is RC4, 0x12 is AES-256. 4771 has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_encryption: Option<u32>,
    /// PreAuthType: 15 or 16 with a certificate. A refused logon has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preauth_type: Option<u32>,
    /// ClientAdvertizedEncryptionTypes of version 2: what the client offered, as Windows writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advertised_encryption: Option<String>,
    /// CertThumbprint: the SHA-1 hash of the certificate, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
}

impl CertificateLogon {
    /// Whether the KDC gave a ticket.
    pub fn accepted(&self) -> bool {
        self.status == 0
    }
}

/// The events 21, 39, 40, 41 and 45 of the KDC: a certificate and the account that it was used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateMapping {
    /// AccountName: the account that the certificate was used for.
    pub account: Account,
    /// AccountSid, the SID of that account. Only 41 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<Sid>,
    /// CertificateSid: the SID that the certificate names. Only 41 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sid: Option<Sid>,
    /// Subject of the certificate, without the `@@@` that the KDC may write before it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Issuer of the certificate: the CA's common name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// SerialNumber of the certificate; none for the serial zero of a key that no CA has certified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<Serial>,
    /// Thumbprint: the SHA-1 hash of the certificate, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
    /// What the KDC found wrong with the mapping.
    pub verdict: MappingVerdict,
}

/// What the KDC found wrong with a certificate that was used for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingVerdict {
    /// 39: nothing in the certificate maps it to the account strongly.
    NoStrongMapping,
    /// 40: the certificate is older than the account.
    OlderThanAccount,
    /// 41: the certificate names the SID of another account.
    SidDiffers,
    /// 45: the issuer is not among the trusted CAs of NTAuth. The logon was let through.
    IssuerNotTrusted,
    /// 21: the certificate was refused.
    Refused,
}

/// The fields of 4624, of a logon over the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkLogon {
    /// TargetUserName and TargetDomainName: who logged on.
    pub account: Account,
    /// TargetUserSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// LogonType: 3 is a logon over the network.
    pub logon_type: u32,
    /// LogonProcessName: `Schannel` for a logon with a certificate over TLS, `Kerberos`, `NtLmSsp`.
    pub logon_process: String,
    /// AuthenticationPackageName: `Kerberos`, `NTLM`, `Microsoft Unified Security Protocol Provider`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// IpAddress of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// IpPort of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_port: Option<u16>,
    /// WorkstationName, as the client states it. Kerberos has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workstation: Option<Host>,
    /// SubjectUserName and SubjectDomainName: the account that reported the logon, mostly none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Account>,
}

/// The fields of 4769: a ticket for a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTicket {
    /// TargetUserName and TargetDomainName: who asked.
    pub account: Account,
    /// ServiceName: the account of the service.
    pub service: String,
    /// ServiceSid, the SID of the service's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_sid: Option<Sid>,
    /// TicketOptions: the flags of the request, as RFC 4120 numbers them.
    pub ticket_options: u32,
    /// TicketEncryptionType: 0x17 is RC4, 0x12 is AES-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_encryption: Option<u32>,
    /// IpAddress of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// Status: 0 = granted, else a Kerberos error.
    pub status: u32,
}

/// The bit of TicketOptions that asks for a ticket encrypted under the session key of another one, ENC-TKT-IN-SKEY of
/// RFC 4120. Such a ticket from a user to itself gives away the user's NT hash (UnPAC-the-hash).
pub const ENC_TKT_IN_SKEY: u32 = 0x8;

/// FORWARDABLE, RENEWABLE and RENEWABLE-OK of RFC 4120, as attack tools ask for a ticket. Windows adds CANONICALIZE.
pub const OPTIONS_OF_TOOLS: u32 = 0x4080_0010;
