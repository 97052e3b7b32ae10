//! Which fields of which events the detections read: what must not be lost between Windows and us.

use crate::detect::read::{
    account_change, ca_change, change, created, directory, edr, export, has_attributes, has_names,
    has_record_id, has_request_id, has_requester, has_serial, has_template, key_use, logon, mapping,
    network_logon, refused, registry, rename, request, share, template, ticket,
};
use crate::event::{CaSetting, Event};

/// A field that a detection reads.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The id of the detection.
    pub detection: &'static str,
    /// The events it reads the field of.
    pub events: &'static [Kind],
    /// The name of the field, as in Windows; of an EDR's report, as in the `normalised` format.
    pub field: &'static str,
    /// What the detection takes from it.
    pub gives: &'static str,
    /// When Windows itself leaves the field out; none: it is in every event.
    pub absent: Option<&'static str>,
    found: fn(&Event) -> bool,
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The name of the activity in JSON.
    pub activity: &'static str,
    /// The Windows event id; none for what an EDR reports.
    pub event_id: Option<u32>,
}

impl Need {
    /// Whether the field was read from this event.
    pub fn is_met(&self, event: &Event) -> bool {
        (self.found)(event)
    }
}

/// The needs of all detections that read events of an activity.
pub fn of_activity(activity: &str) -> impl Iterator<Item = &'static Need> {
    ALL.iter().filter(move |need| need.events.iter().any(|kind| kind.activity == activity))
}

/// Whether a detection reads Windows events of this id.
pub fn reads(event_id: u32) -> bool {
    ALL.iter().flat_map(|need| need.events).any(|kind| kind.event_id == Some(event_id))
}

const REQUESTED: Kind = Kind { activity: "certificate_requested", event_id: Some(4886) };
const ISSUED: Kind = Kind { activity: "certificate_issued", event_id: Some(4887) };
const PENDING: Kind = Kind { activity: "certificate_pending", event_id: Some(4889) };
const CREATED: Kind = Kind { activity: "account_changed", event_id: Some(4741) };
const DENIED: Kind = Kind { activity: "certificate_denied", event_id: Some(4888) };
const REFUSED: Kind = Kind { activity: "request_refused", event_id: Some(53) };
const LOGON: Kind = Kind { activity: "certificate_logon", event_id: Some(4768) };
const NETWORK_LOGON: Kind = Kind { activity: "network_logon", event_id: Some(4624) };
const RESUBMITTED: Kind = Kind { activity: "pending_request_changed", event_id: Some(4869) };
const EXTENSION_SET: Kind = Kind { activity: "pending_request_changed", event_id: Some(4873) };
const ATTRIBUTES_SET: Kind = Kind { activity: "pending_request_changed", event_id: Some(4874) };
const SHARE: Kind = Kind { activity: "share_accessed", event_id: Some(5145) };
const MAPPED: Kind = Kind { activity: "certificate_mapped", event_id: Some(39) };
const SID_DIFFERS: Kind = Kind { activity: "certificate_mapped", event_id: Some(41) };
const REGISTRY: Kind = Kind { activity: "registry_changed", event_id: Some(4657) };
const CA_SECURITY: Kind = Kind { activity: "ca_changed", event_id: Some(4882) };
const CA_AUDIT: Kind = Kind { activity: "ca_changed", event_id: Some(4885) };
const CA_RESTRICTED: Kind = Kind { activity: "ca_changed", event_id: Some(4890) };
const CA_SETTING: Kind = Kind { activity: "ca_changed", event_id: Some(4891) };
const CA_PROPERTY: Kind = Kind { activity: "ca_changed", event_id: Some(4892) };
const CA_ROWS: Kind = Kind { activity: "ca_changed", event_id: Some(4896) };
const CA_BACKUP: Kind = Kind { activity: "ca_changed", event_id: Some(4876) };
const CA_IMPORT: Kind = Kind { activity: "ca_changed", event_id: Some(4884) };
const TEMPLATE_UPDATED: Kind = Kind { activity: "template_seen", event_id: Some(4899) };
const TEMPLATE_SECURITY: Kind = Kind { activity: "template_seen", event_id: Some(4900) };
const TICKET: Kind = Kind { activity: "service_ticket", event_id: Some(4769) };
const ACCOUNT: Kind = Kind { activity: "account_changed", event_id: Some(4738) };
const COMPUTER: Kind = Kind { activity: "account_changed", event_id: Some(4742) };
const RENAMED: Kind = Kind { activity: "account_renamed", event_id: Some(4781) };
const DIRECTORY: Kind = Kind { activity: "directory_changed", event_id: Some(5136) };
const OBJECT_CREATED: Kind = Kind { activity: "directory_changed", event_id: Some(5137) };
const OBJECT_DELETED: Kind = Kind { activity: "directory_changed", event_id: Some(5141) };
const KEY_FILE: Kind = Kind { activity: "key_used", event_id: Some(5058) };
const KEY_MIGRATED: Kind = Kind { activity: "key_used", event_id: Some(5059) };
const CA_CERTIFICATE_EXPORTED: Kind = Kind { activity: "certificate_exported", event_id: Some(1007) };
const EDR: Kind = Kind { activity: "remote_file_write", event_id: None };

/// The fields of events that one detection reads: what it takes from them, and when Windows leaves them out.
macro_rules! needs {
    ($($detection:literal $events:expr => {
        $($field:literal: $gives:literal, $absent:expr, $found:expr;)*
    })*) => {
        /// All needs, in the order of the catalogue.
        pub const ALL: &[Need] = &[$($(Need {
            detection: $detection,
            events: $events,
            field: $field,
            gives: $gives,
            absent: $absent,
            found: $found,
        }),*),*];
    };
}

const VERSION_0: Option<&str> = Some("events of version 0 do not have it");
const NO_NAMES: Option<&str> = Some("requests without names, and events of version 0");
const NO_ATTRIBUTES: Option<&str> = Some("requests that state neither in their attributes");

needs! {
    "san-mismatch" &[ISSUED] => {
        "Requester": "the account that the certificate was issued to", None, has_requester;
        "RequestId": "which request it was", None, has_request_id;
        "SubjectAlternativeName": "the names that are compared with the account", NO_NAMES, has_names;
        "Attributes": "the names (SAN:) and the client machine (ccm:)", NO_ATTRIBUTES, has_attributes;
        "CertificateTemplate": "allow.templates and the alert's templates", VERSION_0, has_template;
        "SerialNumber": "recognises a second copy of the event", VERSION_0, has_serial;
        "EventRecordID": "recognises a second copy of the event", None, has_record_id;
    }
    "certlog-remote-write" &[SHARE] => {
        "SubjectUserName": "the account whose baseline it is", None, |event| share(event).is_some_and(|s| !s.account.name.is_empty());
        "SubjectDomainName": "the account's domain", None, |event| share(event).is_some_and(|s| !s.account.domain.is_empty());
        "IpAddress": "the host whose baseline it is", None, |event| share(event).is_some_and(|s| s.remote_ip.is_some());
        "ShareName": "the path that was opened", None, |event| share(event).is_some_and(|s| !s.share.is_empty());
        "ShareLocalPath": "the path behind a share", Some("pipes (IPC$)"), |event| share(event).is_some_and(|s| !s.local_path.is_empty());
        "RelativeTargetName": "the file that was opened", Some("the root of a share"), |event| share(event).is_some_and(|s| !s.target.is_empty());
        "AccessMask": "whether it was opened for writing", None, |event| share(event).is_some();
    }
    "certlog-remote-write" &[EDR] => {
        "path": "the file that was written", None, |event| edr(event).is_some_and(|w| !w.path.is_empty());
        "remote_host": "the host whose baseline it is", Some("remote_ip suffices"), |event| edr(event).is_some_and(|w| w.remote_host.is_some());
        "remote_ip": "the host whose baseline it is", Some("remote_host suffices"), |event| edr(event).is_some_and(|w| w.remote_ip.is_some());
        "account": "the account whose baseline it is", Some("products that do not report it"), |event| edr(event).is_some_and(|w| w.account.is_some());
        "interface": "whether it came through RPC", Some("writes over SMB"), |event| edr(event).is_some_and(|w| w.interface.is_some());
    }
    "certlog-remote-write" &[REQUESTED, ISSUED, DENIED] => {
        "Requester": "whose suspicious request makes a write graver", None, has_requester;
        "Attributes": "the names (SAN:) and the client machine (ccm:)", NO_ATTRIBUTES, has_attributes;
    }
    "certlog-remote-write" &[REQUESTED, ISSUED] => {
        "SubjectAlternativeName": "whether the request is suspicious", NO_NAMES, has_names;
    }
    "decoy-template" &[DIRECTORY] => {
        "ObjectDN": "the template that was changed", None, |event| directory(event).is_some_and(|c| !c.object_dn.is_empty());
        "SubjectUserName": "who changed it", None, |event| directory(event).is_some_and(|c| !c.actor.name.is_empty());
    }
    "decoy-template" &[TEMPLATE_UPDATED, TEMPLATE_SECURITY] => {
        "TemplateInternalName": "the template that was changed", None, |event| template(event).is_some_and(|t| !t.internal_name.is_empty());
    }
    "decoy-template" &[REQUESTED, ISSUED] => {
        "Requester": "the account that asked", None, has_requester;
        "CertificateTemplate": "the template that is compared with the decoys", VERSION_0, has_template;
        "Attributes": "the client machine (ccm:)", NO_ATTRIBUTES, has_attributes;
    }
    "certificate-used-by-other" &[ISSUED] => {
        "Requester": "the account that the certificate was issued to", None, has_requester;
        "RequestId": "joins it with a logon where there is no serial number", None, has_request_id;
        "SerialNumber": "joins it with a logon", VERSION_0, has_serial;
        "EventRecordID": "recognises a second copy of the event", None, has_record_id;
    }
    "certificate-used-by-other" &[ISSUED, REQUESTED] => {
        "CertificateTemplate": "the template in the alert", VERSION_0, has_template;
    }
    "certificate-used-by-other" &[LOGON] => {
        "TargetUserName": "the account that was logged on", None, |event| logon(event).is_some_and(|l| !l.account.name.is_empty());
        "TargetDomainName": "the account's domain", None, |event| logon(event).is_some_and(|l| !l.account.domain.is_empty());
        "CertSerialNumber": "joins the logon with the certificate", None, |event| logon(event).is_some();
        "CertIssuerName": "the CA that issued the certificate", None, |event| logon(event).is_some_and(|l| !l.issuer.is_empty());
        "Status": "whether the logon succeeded", None, |event| logon(event).is_some();
        "IpAddress": "the client's address in the alert", None, |event| logon(event).is_some_and(|l| l.remote_ip.is_some());
    }
    "weak-mapping" &[MAPPED] => {
        "AccountName": "the account that the certificate was used for", None, |event| mapping(event).is_some_and(|m| !m.account.name.is_empty());
        "Subject": "whose name the certificate has", None, |event| mapping(event).is_some_and(|m| !m.subject.is_empty());
        "Issuer": "the CA whose certificates map weakly", None, |event| mapping(event).is_some_and(|m| !m.issuer.is_empty());
        "SerialNumber": "the certificate in the alert", Some("keys that no CA has certified"), |event| mapping(event).is_some_and(|m| m.serial.is_some());
    }
    "weak-mapping" &[REGISTRY] => {
        "SubjectUserName": "who changed the setting", None, |event| registry(event).is_some_and(|c| !c.actor.name.is_empty());
        "OldValue": "whether the setting is weaker now", Some("values that are new"), |event| registry(event).is_some_and(|c| c.old.is_some());
        "NewValue": "whether the setting is weaker now", Some("values that were deleted"), |event| registry(event).is_some_and(|c| c.new.is_some());
    }
    "sid-mismatch" &[SID_DIFFERS] => {
        "AccountName": "the account that the certificate was used for", None, |event| mapping(event).is_some_and(|m| !m.account.name.is_empty());
        "AccountSid": "the account's SID", None, |event| mapping(event).is_some_and(|m| m.account_sid.is_some());
        "CertificateSid": "the SID that the certificate names", None, |event| mapping(event).is_some_and(|m| m.certificate_sid.is_some());
    }
    "ca-tampered" &[CA_SECURITY, CA_AUDIT, CA_RESTRICTED, CA_SETTING, CA_PROPERTY, CA_ROWS] => {
        "SubjectUserName": "who changed the CA", None, |event| ca_change(event).is_some_and(|c| c.actor.is_some());
    }
    "ca-tampered" &[CA_AUDIT] => {
        "AuditFilter": "which events are logged no more", None, |event| ca_change(event).is_some_and(|c| matches!(&c.change, CaSetting::AuditFilter { filter } if !filter.is_empty()));
    }
    "ca-tampered" &[CA_SETTING] => {
        "Value": "which bits came and went", None, |event| ca_change(event).is_some_and(|c| matches!(&c.change, CaSetting::Setting { value, .. } if !value.is_empty()));
    }
    "ca-tampered" &[REGISTRY] => {
        "OldValue": "which bits came and went", Some("values that are new"), |event| registry(event).is_some_and(|c| c.old.is_some());
        "NewValue": "which bits came and went", Some("values that were deleted"), |event| registry(event).is_some_and(|c| c.new.is_some());
    }
    "unknown-certificate" &[ISSUED] => {
        "RequestId": "names the certificate where there is no serial number", None, has_request_id;
        "SerialNumber": "names the certificate", VERSION_0, has_serial;
    }
    "unknown-certificate" &[LOGON] => {
        "TargetUserName": "the account that was logged on", None, |event| logon(event).is_some_and(|l| !l.account.name.is_empty());
        "CertSerialNumber": "the certificate that was used", None, |event| logon(event).is_some();
        "CertIssuerName": "the CA that the certificate names", None, |event| logon(event).is_some_and(|l| !l.issuer.is_empty());
        "Status": "whether the logon succeeded", None, |event| logon(event).is_some();
        "IpAddress": "the client's address in the alert", None, |event| logon(event).is_some_and(|l| l.remote_ip.is_some());
    }
    "application-policy-injection" &[REQUESTED, ISSUED, DENIED, PENDING] => {
        "Requester": "the account that asked", None, has_requester;
        "Attributes": "the purposes (ApplicationPolicies:)", NO_ATTRIBUTES, has_attributes;
        "CertificateTemplate": "the template in the alert", VERSION_0, has_template;
    }
    "chase-enrollment" &[REQUESTED, ISSUED, DENIED, PENDING] => {
        "Requester": "the account that asked", None, has_requester;
        "Attributes": "the machine (rmd:) and the domain controller (cdc:) to look up", NO_ATTRIBUTES, has_attributes;
        "SubjectAlternativeName": "whether the certificate names a protected machine", NO_NAMES, has_names;
    }
    "chase-enrollment" &[CREATED] => {
        "TargetUserName": "the machine account that is new", None, |event| created(event).is_some_and(|c| !c.account.name.is_empty());
        "SubjectUserName": "who created it", None, |event| created(event).is_some_and(|c| !c.actor.name.is_empty());
    }
    "protected-host-certificate" &[ISSUED] => {
        "Requester": "the account that the certificate was issued to", None, has_requester;
        "SubjectAlternativeName": "the hosts that it names", NO_NAMES, has_names;
        "Attributes": "the hosts that it names (SAN:)", NO_ATTRIBUTES, has_attributes;
        "CertificateTemplate": "the template in the alert", VERSION_0, has_template;
    }
    "relayed-enrollment" &[REQUESTED, ISSUED, DENIED, PENDING] => {
        "Requester": "the account whose request it is", None, has_requester;
        "Attributes": "the client machine (ccm:) and web enrollment (UserAgent:)", NO_ATTRIBUTES, has_attributes;
        "AuthenticationService": "whether the request came by NTLM", VERSION_0, |event| request(event, |r| r.authentication_service.is_some());
        "AuthenticationLevel": "whether the request was protected", VERSION_0, |event| request(event, |r| r.authentication_level.is_some());
        "DCOMorRPC": "whether the request came over RPC", VERSION_0, |event| request(event, |r| r.transport.is_some());
    }
    "relayed-enrollment" &[REQUESTED] => {
        "RequestClientInfo": "the host of the client", Some("requests of other clients than Windows' own"), |event| request(event, |r| r.client_info.is_some());
    }
    "relayed-enrollment" &[NETWORK_LOGON] => {
        "TargetUserName": "the account that logged on to the CA", None, |event| network_logon(event).is_some_and(|l| !l.account.name.is_empty());
        "TargetDomainName": "the account's domain", None, |event| network_logon(event).is_some_and(|l| !l.account.domain.is_empty());
        "IpAddress": "where the logon came from", None, |event| network_logon(event).is_some_and(|l| l.remote_ip.is_some());
        "AuthenticationPackageName": "whether it was by NTLM", None, |event| network_logon(event).is_some_and(|l| !l.package.is_empty());
    }
    "relayed-enrollment" &[SHARE] => {
        "RelativeTargetName": "the pipe by which a machine is coerced", Some("the root of a share"), |event| share(event).is_some_and(|s| !s.target.is_empty());
        "IpAddress": "the host that opened the pipe", None, |event| share(event).is_some_and(|s| s.remote_ip.is_some());
    }
    "denied-enrollment-probing" &[DENIED, PENDING] => {
        "Requester": "the account that was refused", None, has_requester;
        "Attributes": "the template and the names (SAN:)", NO_ATTRIBUTES, has_attributes;
    }
    "denied-enrollment-probing" &[REFUSED] => {
        "SubjectName": "the account that was refused", None, |event| refused(event).is_some_and(|r| !r.request.requester.name.is_empty());
        "AdditionalInformation": "the template", None, |event| refused(event).is_some_and(|r| r.request.template.is_some());
    }
    "pending-request-altered" &[ISSUED, DENIED, PENDING] => {
        "RequestId": "which request it was", None, has_request_id;
        "Requester": "whether the same account asked and altered", None, has_requester;
    }
    "pending-request-altered" &[RESUBMITTED, EXTENSION_SET, ATTRIBUTES_SET] => {
        "RequestId": "which request it was", None, |event| change(event).is_some();
        "SubjectUserName": "the manager who changed it", None, |event| change(event).is_some_and(|c| !c.actor.name.is_empty());
    }
    "enrollment-on-behalf" &[ISSUED] => {
        "Requester": "the account that the certificate was issued to", None, has_requester;
        "CertificateTemplate": "whether it is an enrollment agent's", VERSION_0, has_template;
        "Attributes": "the purposes that were asked for", NO_ATTRIBUTES, has_attributes;
    }
    "template-tampered" &[DIRECTORY] => {
        "ObjectDN": "the template", None, |event| directory(event).is_some_and(|c| !c.object_dn.is_empty());
        "SubjectUserName": "who changed the template", None, |event| directory(event).is_some_and(|c| !c.actor.name.is_empty());
        "AttributeLDAPDisplayName": "what was changed", None, |event| directory(event).is_some_and(|c| c.attribute.is_some());
        "AttributeValue": "the value that came or went", None, |event| directory(event).is_some_and(|c| c.value.is_some());
        "OpCorrelationID": "which deleted value belongs to the new one", None, |event| directory(event).is_some_and(|c| c.operation_id.is_some());
    }
    "template-tampered" &[TEMPLATE_UPDATED] => {
        "TemplateInternalName": "the template", None, |event| template(event).is_some_and(|t| !t.internal_name.is_empty());
        "NewTemplateContent": "the template now", None, |event| template(event).is_some_and(|t| !t.content.is_empty());
        "OldTemplateContent": "the template before", None, |event| template(event).is_some_and(|t| t.old_content.is_some());
    }
    "template-tampered" &[TEMPLATE_SECURITY] => {
        "NewSecurityDescriptor": "who may use and change the template now", None, |event| template(event).is_some_and(|t| t.security_descriptor.is_some());
        "OldSecurityDescriptor": "who might use and change it before", None, |event| template(event).is_some_and(|t| t.old_security_descriptor.is_some());
    }
    "shadow-credential" &[DIRECTORY] => {
        "ObjectDN": "whose key it is", None, |event| directory(event).is_some_and(|c| !c.object_dn.is_empty());
        "SubjectUserName": "who registered the key", None, |event| directory(event).is_some_and(|c| !c.actor.name.is_empty());
        "AttributeLDAPDisplayName": "whether it is a key", None, |event| directory(event).is_some_and(|c| c.attribute.is_some());
    }
    "shadow-credential" &[LOGON] => {
        "CertIssuerName": "whether a CA issued the certificate", None, |event| logon(event).is_some_and(|l| !l.issuer.is_empty());
    }
    "unpac-the-hash" &[LOGON] => {
        "TargetUserName": "the account that logged on", None, |event| logon(event).is_some_and(|l| !l.account.name.is_empty());
        "TargetSid": "compared with the SID of the service", Some("refused logons"), |event| logon(event).is_some_and(|l| l.sid.is_some());
    }
    "unpac-the-hash" &[TICKET] => {
        "TargetUserName": "the account that asked", None, |event| ticket(event).is_some_and(|t| !t.account.name.is_empty());
        "ServiceName": "whether it is the account itself", None, |event| ticket(event).is_some_and(|t| !t.service.is_empty());
        "ServiceSid": "whether it is the account itself", None, |event| ticket(event).is_some_and(|t| t.service_sid.is_some());
        "TicketOptions": "whether the ticket is under a session key", None, |event| ticket(event).is_some_and(|t| t.ticket_options != 0);
    }
    "account-remapped" &[ACCOUNT, COMPUTER] => {
        "TargetUserName": "the account", None, |event| account_change(event).is_some_and(|c| !c.account.name.is_empty());
        "SubjectUserName": "who changed it", None, |event| account_change(event).is_some_and(|c| !c.actor.name.is_empty());
    }
    "account-remapped" &[ACCOUNT] => {
        "UserPrincipalName": "the new name", Some("changes of something else"), |event| account_change(event).is_some_and(|c| c.upn.is_some());
    }
    "account-remapped" &[LOGON] => {
        "TargetUserName": "the account that a certificate is used for after the change", None, |event| logon(event).is_some_and(|l| !l.account.name.is_empty());
    }
    "account-remapped" &[COMPUTER] => {
        "DnsHostName": "the new name", Some("changes of something else"), |event| account_change(event).is_some_and(|c| c.dns_host_name.is_some());
    }
    "account-remapped" &[DIRECTORY] => {
        "ObjectDN": "the account", None, |event| directory(event).is_some_and(|c| !c.object_dn.is_empty());
        "AttributeLDAPDisplayName": "which of its names", None, |event| directory(event).is_some_and(|c| c.attribute.is_some());
        "AttributeValue": "the new name", None, |event| directory(event).is_some_and(|c| c.value.is_some());
    }
    "changed-then-issued" &[ISSUED] => {
        "Requester": "the account that the certificate was issued to", None, has_requester;
        "SerialNumber": "the certificate in the alert", VERSION_0, has_serial;
    }
    "changed-then-issued" &[ACCOUNT, COMPUTER] => {
        "TargetUserName": "the account", None, |event| account_change(event).is_some_and(|c| !c.account.name.is_empty());
        "SubjectUserName": "who changed it", None, |event| account_change(event).is_some_and(|c| !c.actor.name.is_empty());
    }
    "changed-then-issued" &[RENAMED] => {
        "OldTargetUserName": "the name before", None, |event| rename(event).is_some_and(|r| !r.old_name.is_empty());
        "NewTargetUserName": "the name now", None, |event| rename(event).is_some_and(|r| !r.new_name.is_empty());
    }
    "changed-then-issued" &[DIRECTORY] => {
        "AttributeValue": "the name before or now", None, |event| directory(event).is_some_and(|c| c.value.is_some());
    }
    "machine-account-enrollment" &[CREATED, COMPUTER] => {
        "TargetUserName": "the machine", None, |event| account_change(event).is_some_and(|c| !c.account.name.is_empty());
        "SubjectUserName": "who created or changed it", None, |event| account_change(event).is_some_and(|c| !c.actor.name.is_empty());
    }
    "machine-account-enrollment" &[ISSUED] => {
        "Requester": "the machine", None, has_requester;
        "SubjectAlternativeName": "whether it has the name of another machine", NO_NAMES, has_names;
        "SerialNumber": "the certificate in the alert", VERSION_0, has_serial;
    }
    "pki-container-changed" &[DIRECTORY, OBJECT_CREATED, OBJECT_DELETED] => {
        "ObjectDN": "the object", None, |event| directory(event).is_some_and(|c| !c.object_dn.is_empty());
        "SubjectUserName": "who changed it", None, |event| directory(event).is_some_and(|c| !c.actor.name.is_empty());
        "ObjectClass": "whether it is a template", None, |event| directory(event).is_some_and(|c| !c.object_class.is_empty());
    }
    "issuance-policy-linked" &[DIRECTORY] => {
        "ObjectDN": "the issuance policy", None, |event| directory(event).is_some_and(|c| !c.object_dn.is_empty());
        "SubjectUserName": "who linked it", None, |event| directory(event).is_some_and(|c| !c.actor.name.is_empty());
        "AttributeValue": "the group", None, |event| directory(event).is_some_and(|c| c.value.is_some());
    }
    "ca-key-exported" &[CA_BACKUP, CA_IMPORT] => {
        "SubjectUserName": "who made the backup, or the import", None, |event| ca_change(event).is_some_and(|c| c.actor.is_some());
    }
    "ca-key-exported" &[KEY_FILE, KEY_MIGRATED] => {
        "SubjectUserName": "who used the key", None, |event| key_use(event).is_some_and(|k| !k.actor.name.is_empty());
        "KeyName": "whether it is the key of the CA", None, |event| key_use(event).is_some_and(|k| !k.key_name.is_empty());
        "Operation": "what was done with the key", None, |event| key_use(event).is_some_and(|k| !k.operation.is_empty());
    }
    "ca-key-exported" &[CA_CERTIFICATE_EXPORTED] => {
        "AccountName": "who exported the certificate", None, |event| export(event).is_some_and(|e| !e.actor.name.is_empty());
        "SubjectName": "whether it is the certificate of the CA", None, |event| export(event).is_some_and(|e| !e.subject.is_empty());
        "Template": "the same, while policy.cas names no CA", Some("certificates without a template"), |event| export(event).is_some_and(|e| e.template.is_some());
    }
    "schannel-logon" &[NETWORK_LOGON] => {
        "TargetUserName": "the account", None, |event| network_logon(event).is_some_and(|l| !l.account.name.is_empty());
        "LogonProcessName": "whether it was over TLS", None, |event| network_logon(event).is_some_and(|l| !l.logon_process.is_empty());
        "IpAddress": "the client's address in the alert", None, |event| network_logon(event).is_some_and(|l| l.remote_ip.is_some());
    }
    "schannel-logon" &[CREATED, COMPUTER] => {
        "Computer": "which machine is a domain controller", None, |event| !event.computer.as_str().is_empty();
    }
    "schannel-logon" &[ISSUED] => {
        "CertificateTemplate": "whether the machine is a domain controller", VERSION_0, has_template;
    }
    "pkinit-client" &[LOGON] => {
        "TargetUserName": "the account that logged on", None, |event| logon(event).is_some_and(|l| !l.account.name.is_empty());
        "TicketOptions": "whether the options are those of attack tools", None, |event| logon(event).is_some_and(|l| l.ticket_options.is_some());
        "IpAddress": "whether the account was there before", None, |event| logon(event).is_some_and(|l| l.remote_ip.is_some());
        "ClientAdvertizedEncryptionTypes": "the kind of the client", Some("events before version 2, and refused logons"), |event| logon(event).is_some_and(|l| l.advertised_encryption.is_some());
    }
    "unusual-template" &[ISSUED] => {
        "Requester": "the account that the certificate was issued to", None, has_requester;
        "CertificateTemplate": "the template", VERSION_0, has_template;
    }
    "unusual-source" &[REQUESTED, ISSUED] => {
        "Requester": "the account that asked", None, has_requester;
    }
    "unusual-source" &[NETWORK_LOGON] => {
        "TargetUserName": "the account that logged on to the CA", None, |event| network_logon(event).is_some_and(|l| !l.account.name.is_empty());
        "IpAddress": "the network of the client", None, |event| network_logon(event).is_some_and(|l| l.remote_ip.is_some());
    }
    "unusual-volume" &[ISSUED] => {
        "Requester": "the account that the certificates were issued to", None, has_requester;
        "SubjectAlternativeName": "names of others", NO_NAMES, has_names;
    }
    "ca-silent" &[ISSUED] => {
        "SerialNumber": "whether the CA writes version 1", VERSION_0, has_serial;
    }
    "ca-silent" &[LOGON] => {
        "CertIssuerName": "the CA whose certificate is used while it is silent", None, |event| logon(event).is_some_and(|l| !l.issuer.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::catalogue;
    use crate::detect::link::STORY;
    use crate::detect::needs::{ALL, EDR, of_activity};
    use crate::event::RemoteFileWrite;
    use crate::event::account::Account;
    use crate::event::host::Host;

    #[test]
    fn every_detection_states_its_needs_and_no_other_does() {
        let ids: Vec<_> = catalogue::all().iter().map(|about| about.id).collect();
        // A story reads alerts.
        for id in ids.iter().filter(|id| **id != STORY) {
            assert!(ALL.iter().any(|need| need.detection == *id), "{id} has no line in the table");
        }
        for need in ALL {
            assert!(ids.contains(&need.detection), "there is no detection {}", need.detection);
        }
    }

    #[test]
    fn fields_of_an_edr_are_those_of_its_json() {
        let write = RemoteFileWrite {
            path: "x".to_owned(),
            remote_host: Some(Host::new("a")),
            remote_ip: Some("10.0.0.1".to_owned()),
            account: Some(Account::parse("a")),
            interface: Some("x".to_owned()),
            process: Some("x".to_owned()),
        };
        let json = serde_json::to_value(&write).unwrap();
        for need in of_activity(EDR.activity) {
            assert!(json.get(need.field).is_some(), "{}", need.field);
        }
    }
}
