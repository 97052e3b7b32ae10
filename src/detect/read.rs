//! What was read of an event: whether its fields are there, and its activity by name.

use crate::detect::report::request_of;
use crate::event::{
    AccountChange, AccountRename, Activity, CaChange, CertificateExport, CertificateLogon,
    CertificateMapping, CertificateRequest, DeniedRequest, DirectoryChange, Event, KeyUse, NetworkLogon,
    PendingRequestChange, RegistryChange, RemoteFileWrite, ServiceTicket, ShareAccess, TemplateSeen,
};

pub(crate) fn request(event: &Event, found: impl Fn(&CertificateRequest) -> bool) -> bool {
    request_of(event).is_some_and(found)
}

pub(crate) fn has_requester(event: &Event) -> bool {
    request(event, |request| !request.requester.name.is_empty())
}

/// A request without its id is rejected.
pub(crate) fn has_request_id(event: &Event) -> bool {
    request(event, |_| true)
}

/// Names of the attributes count too: an event does not keep which of them stand in the field as well.
pub(crate) fn has_names(event: &Event) -> bool {
    request(event, |request| !request.names.is_empty())
}

pub(crate) fn has_attributes(event: &Event) -> bool {
    request(event, |request| {
        !request.attribute_names.is_empty()
            || !request.application_policies.is_empty()
            || request.user_agent.is_some()
            || [&request.client, &request.rmd, &request.cdc].into_iter().any(Option::is_some)
    })
}

pub(crate) fn has_template(event: &Event) -> bool {
    request(event, |request| request.template.is_some())
}

pub(crate) fn has_serial(event: &Event) -> bool {
    if let Activity::CertificateIssued(issued) = &event.activity { issued.serial.is_some() } else { false }
}

pub(crate) fn has_record_id(event: &Event) -> bool {
    event.origin.record_id.is_some()
}

pub(crate) fn share(event: &Event) -> Option<&ShareAccess> {
    if let Activity::ShareAccessed(access) = &event.activity { Some(access) } else { None }
}

pub(crate) fn logon(event: &Event) -> Option<&CertificateLogon> {
    if let Activity::CertificateLogon(logon) = &event.activity { Some(logon) } else { None }
}

pub(crate) fn mapping(event: &Event) -> Option<&CertificateMapping> {
    if let Activity::CertificateMapped(mapping) = &event.activity { Some(mapping) } else { None }
}

pub(crate) fn registry(event: &Event) -> Option<&RegistryChange> {
    if let Activity::RegistryChanged(change) = &event.activity { Some(change) } else { None }
}

pub(crate) fn ca_change(event: &Event) -> Option<&CaChange> {
    if let Activity::CaChanged(change) = &event.activity { Some(change) } else { None }
}

pub(crate) fn change(event: &Event) -> Option<&PendingRequestChange> {
    if let Activity::PendingRequestChanged(change) = &event.activity { Some(change) } else { None }
}

pub(crate) fn created(event: &Event) -> Option<&AccountChange> {
    if let Activity::AccountChanged(change) = &event.activity { Some(change) } else { None }
}

pub(crate) fn directory(event: &Event) -> Option<&DirectoryChange> {
    if let Activity::DirectoryChanged(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn template(event: &Event) -> Option<&TemplateSeen> {
    if let Activity::TemplateSeen(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn ticket(event: &Event) -> Option<&ServiceTicket> {
    if let Activity::ServiceTicket(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn account_change(event: &Event) -> Option<&AccountChange> {
    if let Activity::AccountChanged(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn rename(event: &Event) -> Option<&AccountRename> {
    if let Activity::AccountRenamed(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn key_use(event: &Event) -> Option<&KeyUse> {
    if let Activity::KeyUsed(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn refused(event: &Event) -> Option<&DeniedRequest> {
    if let Activity::RequestRefused(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn export(event: &Event) -> Option<&CertificateExport> {
    if let Activity::CertificateExported(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn network_logon(event: &Event) -> Option<&NetworkLogon> {
    if let Activity::NetworkLogon(found) = &event.activity { Some(found) } else { None }
}

pub(crate) fn edr(event: &Event) -> Option<&RemoteFileWrite> {
    if let Activity::RemoteFileWrite(write) = &event.activity { Some(write) } else { None }
}
