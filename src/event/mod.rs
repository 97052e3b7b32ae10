//! WHAT HAPPENED: one decoded record of the input, whatever format it arrived in.
//!
//! The names and their meaning follow the Windows events and their fields, except for formats of
//! our own: what an EDR reports ([`RemoteFileWrite`]) and what an import states ([`facts`]). Text is parsed here once; the rooms below work with its types.

pub(crate) mod fold;
pub(crate) mod oid;
pub(crate) mod other_name;
pub(crate) mod punycode;
pub mod host;
pub mod account;
pub mod san;
pub mod san_display;
pub(crate) mod attribute_keys;
pub(crate) mod attributes;
pub(crate) mod file;
pub mod serial;
pub(crate) mod subject;
pub mod time;
pub mod certification;
pub mod ca;
pub mod template;
pub mod kerberos;
pub mod directory;
pub mod file_access;
pub mod facts;
pub mod raised;

pub use crate::event::ca::{
    CaChange, CaSetting, CertificateExport, KeyUse, PendingRequestChange, RequestChange,
};
pub use crate::event::certification::{CertificateRequest, DeniedRequest, IssuedCertificate};
pub use crate::event::directory::{
    AccountChange, AccountChangeKind, AccountRename, DirectoryChange, DirectoryOperation, RegistryChange,
};
pub use crate::event::facts::{AccountKnown, CertificateKnown, HostKnown, TemplateKnown};
pub use crate::event::file_access::{RemoteFileWrite, ShareAccess};
pub use crate::event::kerberos::{
    CertificateLogon, CertificateMapping, MappingVerdict, NetworkLogon, ServiceTicket,
};
pub use crate::event::raised::AlertRaised;
pub use crate::event::template::{TemplateChange, TemplateFlags, TemplateSeen};

use crate::event::host::Host;
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

/// 2000-01-01: AD CS came with Windows 2000. Earlier times are those of a clock that was never set, such as 1601.
const EARLIEST: Time = Time::from_millis(946_684_800_000);

/// 2100-01-01: later times are those of a damaged or an invented record, such as 9999.
const LATEST: Time = Time::from_millis(4_102_444_800_000);

/// Why the time of an event cannot be right. The event counts all the same, and its evidence has a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockFault {
    /// Before AD CS existed.
    TooEarly,
    /// After 2100, or ahead of the record that carries it by more than [`MAX_CLOCK_LEAD`].
    Ahead,
}

impl Event {
    /// Whether the event's own time cannot be right.
    pub fn clock_fault(&self) -> Option<ClockFault> {
        if self.is_too_early() {
            Some(ClockFault::TooEarly)
        } else if self.time > self.effective_time() || self.is_far_future() {
            Some(ClockFault::Ahead)
        } else {
            None
        }
    }

    /// Whether the event's time is before AD CS existed.
    pub fn is_too_early(&self) -> bool {
        self.time < EARLIEST
    }

    /// Whether the event's time is after 2100.
    pub fn is_far_future(&self) -> bool {
        self.time >= LATEST
    }

    /// Bounds the event's time by when the broker appended a record that carries it, if that is known.
    pub fn bound_by_append(&mut self, appended: Option<Time>) {
        let bounds = [self.origin.append_time, appended];
        self.origin.append_time = bounds.into_iter().flatten().min();
    }

    /// The time detections count with: the event's own, but never more than [`MAX_CLOCK_LEAD`] ahead of the
    /// time at which Kafka appended it, so that one host with a wrong clock cannot run ahead far. For a clock that was
    /// never set stands the time of the append: what it dates would be forgotten at once, and meet no other event.
    pub fn effective_time(&self) -> Time {
        match self.origin.append_time {
            Some(appended) if self.is_too_early() => appended,
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
    /// 4889: a request waits for a manager of the CA.
    CertificatePending(DeniedRequest),
    /// 53 of CertificationAuthority: the CA denied a request. It names the account and the template only.
    RequestRefused(DeniedRequest),
    /// 4868, 4869, 4873, 4874: a pending request was decided on or altered.
    PendingRequestChanged(PendingRequestChange),
    /// 4876, 4880 to 4885, 4890 to 4892, 4895, 4896: a CA was changed, started or stopped.
    CaChanged(CaChange),
    /// 4898, 4899, 4900: the CA loaded a template, or noticed that it changed.
    TemplateSeen(TemplateSeen),
    /// 4768 and 4771 with certificate fields: a Kerberos ticket was asked for with a certificate (PKINIT).
    CertificateLogon(CertificateLogon),
    /// 21, 39, 40, 41, 45 of the KDC: a certificate does not map to its account as it should.
    CertificateMapped(CertificateMapping),
    /// 4624 of type 3: a logon over the network.
    NetworkLogon(NetworkLogon),
    /// 4769 with the option ENC-TKT-IN-SKEY: a ticket under the session key of another one was asked for.
    ServiceTicket(ServiceTicket),
    /// 4738, 4741, 4742: an account was created or changed.
    AccountChanged(AccountChange),
    /// 4781: an account has another name.
    AccountRenamed(AccountRename),
    /// 4657: a value of the registry was changed that decides on certificates.
    RegistryChanged(RegistryChange),
    /// 5136, 5137, 5141: an object of the directory was changed, created or deleted that decides on certificates.
    DirectoryChanged(DirectoryChange),
    /// 5058, 5059: an operation on the file of a key, or its export or import.
    KeyUsed(KeyUse),
    /// 1007 of CertificateServicesClient-Lifecycle-System: a certificate of the machine was exported.
    CertificateExported(CertificateExport),
    /// 5145: an object of a network share was checked for access.
    ShareAccessed(ShareAccess),
    /// An EDR saw a remote host write a file, over SMB or through RPC. Our own format.
    RemoteFileWrite(RemoteFileWrite),
    /// An import states an account of the directory. Our own format.
    AccountKnown(AccountKnown),
    /// An import states a certificate template. Our own format.
    TemplateKnown(TemplateKnown),
    /// An import states a certificate that a CA issued. Our own format.
    CertificateKnown(CertificateKnown),
    /// An import states the addresses of a host. Our own format.
    HostKnown(HostKnown),
    /// An alert was raised. Our own: it comes from no source.
    #[serde(skip)]
    AlertRaised(AlertRaised),
    /// A finding was made that is one alert with others of its requester. Our own: it comes from no source.
    #[serde(skip)]
    FindingMade(AlertRaised),
}

impl Activity {
    /// The names of all activities that sources report in JSON, in the order of their declaration.
    pub const NAMES: [&str; 24] = [
        "certificate_requested",
        "certificate_issued",
        "certificate_denied",
        "certificate_pending",
        "request_refused",
        "pending_request_changed",
        "ca_changed",
        "template_seen",
        "certificate_logon",
        "certificate_mapped",
        "network_logon",
        "service_ticket",
        "account_changed",
        "account_renamed",
        "registry_changed",
        "directory_changed",
        "key_used",
        "certificate_exported",
        "share_accessed",
        "remote_file_write",
        "account_known",
        "template_known",
        "certificate_known",
        "host_known",
    ];

    /// The name in JSON and protobuf, `certificate_issued`.
    pub const fn name(&self) -> &'static str {
        match self {
            Activity::CertificateRequested(_) => "certificate_requested",
            Activity::CertificateIssued(_) => "certificate_issued",
            Activity::CertificateDenied(_) => "certificate_denied",
            Activity::CertificatePending(_) => "certificate_pending",
            Activity::RequestRefused(_) => "request_refused",
            Activity::PendingRequestChanged(_) => "pending_request_changed",
            Activity::CaChanged(_) => "ca_changed",
            Activity::TemplateSeen(_) => "template_seen",
            Activity::CertificateLogon(_) => "certificate_logon",
            Activity::CertificateMapped(_) => "certificate_mapped",
            Activity::NetworkLogon(_) => "network_logon",
            Activity::ServiceTicket(_) => "service_ticket",
            Activity::AccountChanged(_) => "account_changed",
            Activity::AccountRenamed(_) => "account_renamed",
            Activity::RegistryChanged(_) => "registry_changed",
            Activity::DirectoryChanged(_) => "directory_changed",
            Activity::KeyUsed(_) => "key_used",
            Activity::CertificateExported(_) => "certificate_exported",
            Activity::ShareAccessed(_) => "share_accessed",
            Activity::RemoteFileWrite(_) => "remote_file_write",
            Activity::AccountKnown(_) => "account_known",
            Activity::TemplateKnown(_) => "template_known",
            Activity::CertificateKnown(_) => "certificate_known",
            Activity::HostKnown(_) => "host_known",
            Activity::AlertRaised(_) => "alert_raised",
            Activity::FindingMade(_) => "finding_made",
        }
    }

    /// The alert or finding that the detector wrote; none of what a source reports.
    pub fn raised(&self) -> Option<&AlertRaised> {
        let (Activity::AlertRaised(raised) | Activity::FindingMade(raised)) = self else { return None };
        Some(raised)
    }

    /// The request of 4886 to 4889.
    pub fn request(&self) -> Option<&CertificateRequest> {
        if let Activity::CertificateRequested(request) = self {
            return Some(request);
        }
        if let Activity::CertificateDenied(denied) | Activity::CertificatePending(denied) = self {
            return Some(&denied.request);
        }
        self.issued().map(|issued| &issued.request)
    }

    /// The request of 4886 to 4889, to be changed.
    pub fn request_mut(&mut self) -> Option<&mut CertificateRequest> {
        if let Activity::CertificateRequested(request) = self {
            Some(request)
        } else if let Activity::CertificateIssued(issued) = self {
            Some(&mut issued.request)
        } else if let Activity::CertificateDenied(denied) | Activity::CertificatePending(denied) = self {
            Some(&mut denied.request)
        } else {
            None
        }
    }

    /// The certificate of 4887.
    pub fn issued(&self) -> Option<&IssuedCertificate> {
        if let Activity::CertificateIssued(issued) = self { Some(issued) } else { None }
    }
}
