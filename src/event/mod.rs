//! WHAT HAPPENED: one decoded record of the input, whatever format it arrived in.
//!
//! The names and their meaning follow the Windows events (4886–4888, 4768, 5145) and one format of our own for what an
//! EDR reports, [`RemoteFileWrite`]. Text is parsed here once; the rooms below work with its types.

pub(crate) mod fold;
pub mod host;
pub mod account;
pub mod san;
pub mod san_display;
pub(crate) mod attributes;
pub(crate) mod file;
pub mod serial;
pub(crate) mod subject;
pub mod time;

use crate::event::account::{Account, Sid};
use crate::event::host::Host;
use crate::event::san::San;
use crate::event::serial::Serial;
use crate::event::time::Time;
use serde::{Deserialize, Serialize};

/// A decoded, normalised fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened, by the clock of the computer that logged it.
    pub time: Time,
    /// The computer that logged it: the CA, the domain controller, the file server.
    pub computer: Host,
    /// Where the record was read and which Windows record it is.
    #[serde(default)]
    pub origin: Origin,
    /// The activity that it reports.
    #[serde(flatten)]
    pub activity: Activity,
}

/// How far event time may run ahead of the time at which Kafka appended the record.
pub const MAX_CLOCK_LEAD: time::Span = time::Span::minutes(5);

impl Event {
    /// Bounds the event's time by when the broker appended a record that carries it, if that is known.
    pub fn bound_by_append(&mut self, appended: Option<Time>) {
        let bounds = [self.origin.append_time, appended];
        self.origin.append_time = bounds.into_iter().flatten().min();
    }

    /// The time detections count with: the event's own, but never more than [`MAX_CLOCK_LEAD`] ahead of the
    /// time at which Kafka appended it, so that one host with a wrong clock cannot run ahead far.
    pub fn effective_time(&self) -> Time {
        match self.origin.append_time {
            Some(appended) => self.time.min(appended.plus(MAX_CLOCK_LEAD)),
            None => self.time,
        }
    }
}

/// Where an event was read, and which Windows record it is. The first half differs between two runs over the
/// same events, the second does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// Topic, or path of the file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Partition of the topic; none for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// Offset in the partition, or the number of the record (of the line) in the file, from 1.
    pub offset: u64,
    /// When Kafka appended the record; none for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub append_time: Option<Time>,
    /// Windows channel, `Security`; empty when the format does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// Windows event id, `4887`; none for events that are not of Windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<u32>,
    /// EventRecordID within computer and channel; none where the format loses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<u64>,
    /// The W3C trace context (`traceparent`) that the record came with, at most [`MAX_TRACE`] characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// The longest trace context that is kept; version 00 has 55 characters.
pub const MAX_TRACE: usize = 64;

/// The activity that an event reports. In protobuf and JSON the name of the variant is the name of the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// 4886: the CA received a certificate request.
    CertificateRequested(CertificateRequest),
    /// 4887: the CA approved a request and issued a certificate.
    CertificateIssued(IssuedCertificate),
    /// 4888: the CA denied a request.
    CertificateDenied(DeniedRequest),
    /// 4768 with certificate fields: a Kerberos ticket was asked for with a certificate (PKINIT).
    CertificateLogon(CertificateLogon),
    /// 5145: an object of a network share was checked for access.
    ShareAccessed(ShareAccess),
    /// An EDR saw a remote host write a file, over SMB or through RPC. Our own format.
    RemoteFileWrite(RemoteFileWrite),
}

/// What 4886, 4887 and 4888 say of a request.
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
    /// stand in the field only: in 4887 in the certificate, in 4886 and 4888 in the signed request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attribute_names: Vec<San>,
    /// The common names (`CN=`) of the field Subject of 4886 and 4888. Those of 4887 are in
    /// [`IssuedCertificate::common_names`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub common_names: Vec<String>,
    /// The `ccm:` attribute: the client machine, as the client states it. It proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Host>,
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
    /// Takes over names that were collected from the field and the attributes.
    pub fn set_names(&mut self, names: san::Names) {
        self.names = names.names;
        self.names_beyond = names.beyond;
        self.names_cut = names.cut;
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

/// The fields of 4888: a denied request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedRequest {
    /// The request that was denied.
    #[serde(flatten)]
    pub request: CertificateRequest,
    /// Disposition: 2, or a negative HRESULT.
    pub disposition: i64,
}

/// The fields of 4768: a logon with a certificate.
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
}

impl CertificateLogon {
    /// Whether the KDC gave a ticket.
    pub fn accepted(&self) -> bool {
        self.status == 0
    }
}

/// The fields of 5145: an access to a share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareAccess {
    /// SubjectDomainName and SubjectUserName: the account that opened the file.
    pub account: Account,
    /// SubjectUserSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// IpAddress of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// ShareName with its `\\*\`, as in `\\*\ADMIN$`.
    pub share: String,
    /// ShareLocalPath, `\??\C:\Windows`; empty for pipes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub local_path: String,
    /// RelativeTargetName: the path below the share, as in `System32\CertLog\edb.log`.
    pub target: String,
    /// AccessMask: the rights that were asked for, as in `winnt.h`.
    pub access_mask: u32,
}

/// What an EDR reports of a remote write, normalised: `computer` is the CA host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoteFileWrite {
    /// Full path of the file on the CA.
    pub path: String,
    /// Name of the host that wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<Host>,
    /// Address of the host that wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// The account it wrote as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// RPC interface, when the write came through one: its UUID or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Process on the CA that did the write, `certsrv.exe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}
