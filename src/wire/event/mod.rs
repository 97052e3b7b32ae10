//! Events ⇄ protobuf: the routed record, and what replay spills to disk.

mod common;
mod certification;
mod kerberos;
mod ca;
pub(crate) mod template;
mod directory;
mod files;
mod facts;

use crate::event::host::Host;
use crate::event::time::Time;
use crate::event::{Activity, AlertRaised, Event, Origin};
use crate::wire::record;

/// The event in bytes.
pub fn encode(event: &Event) -> Vec<u8> {
    crate::wire::encode(&to_record(event))
}

/// The event that these bytes hold.
///
/// # Errors
/// Names the field that is missing or cannot be read.
pub fn decode(bytes: &[u8]) -> Result<Event, String> {
    from_record(crate::wire::decode(bytes)?)
}

fn to_record(event: &Event) -> record::Event {
    record::Event {
        time_ms: event.time.as_millis(),
        computer: event.computer.to_string(),
        origin: Some(origin_to(&event.origin)),
        activity: Some(activity_to(&event.activity)),
    }
}

fn from_record(r: record::Event) -> Result<Event, String> {
    Ok(Event {
        time: Time::from_millis(r.time_ms),
        computer: Host::new(&r.computer),
        origin: r.origin.map(origin_from).unwrap_or_default(),
        activity: activity_from(r.activity.ok_or("event without an activity")?)?,
    })
}

fn origin_to(o: &Origin) -> record::Origin {
    record::Origin {
        source: o.source.clone(),
        partition: o.partition,
        offset: o.offset,
        append_time_ms: o.append_time.map(Time::as_millis),
        channel: o.channel.clone(),
        event_id: o.event_id,
        record_id: o.record_id,
        trace: o.trace.clone(),
    }
}

fn origin_from(r: record::Origin) -> Origin {
    Origin {
        source: r.source,
        partition: r.partition,
        offset: r.offset,
        append_time: r.append_time_ms.map(Time::from_millis),
        channel: r.channel,
        event_id: r.event_id,
        record_id: r.record_id,
        trace: r.trace,
    }
}

fn activity_to(activity: &Activity) -> record::event::Activity {
    use crate::wire::record::event::Activity as To;
    match activity {
        Activity::CertificateRequested(a) => To::CertificateRequested(certification::request_to(a)),
        Activity::CertificateIssued(a) => To::CertificateIssued(certification::issued_to(a)),
        Activity::CertificateDenied(a) => To::CertificateDenied(certification::denied_to(a)),
        Activity::CertificatePending(a) => To::CertificatePending(certification::denied_to(a)),
        Activity::RequestRefused(a) => To::RequestRefused(certification::denied_to(a)),
        Activity::PendingRequestChanged(a) => To::PendingRequestChanged(ca::request_change_to(a)),
        Activity::CaChanged(a) => To::CaChanged(ca::ca_change_to(a)),
        Activity::TemplateSeen(a) => To::TemplateSeen(template::template_to(a)),
        Activity::CertificateLogon(a) => To::CertificateLogon(kerberos::logon_to(a)),
        Activity::CertificateMapped(a) => To::CertificateMapped(kerberos::mapping_to(a)),
        Activity::NetworkLogon(a) => To::NetworkLogon(kerberos::network_logon_to(a)),
        Activity::ServiceTicket(a) => To::ServiceTicket(kerberos::service_ticket_to(a)),
        Activity::AccountChanged(a) => To::AccountChanged(directory::account_change_to(a)),
        Activity::AccountRenamed(a) => To::AccountRenamed(directory::rename_to(a)),
        Activity::RegistryChanged(a) => To::RegistryChanged(directory::registry_to(a)),
        Activity::DirectoryChanged(a) => To::DirectoryChanged(directory::change_to(a)),
        Activity::KeyUsed(a) => To::KeyUsed(ca::key_use_to(a)),
        Activity::CertificateExported(a) => To::CertificateExported(ca::export_to(a)),
        Activity::ShareAccessed(a) => To::ShareAccessed(files::share_to(a)),
        Activity::RemoteFileWrite(a) => To::RemoteFileWrite(files::write_to(a)),
        Activity::AccountKnown(a) => To::AccountKnown(facts::account_known_to(a)),
        Activity::TemplateKnown(a) => To::TemplateKnown(facts::template_known_to(a)),
        Activity::CertificateKnown(a) => To::CertificateKnown(facts::certificate_known_to(a)),
        Activity::HostKnown(a) => To::HostKnown(facts::host_known_to(a)),
        Activity::AlertRaised(a) => To::AlertRaised(raised_to(a)),
        Activity::FindingMade(a) => To::FindingMade(raised_to(a)),
    }
}

fn activity_from(activity: record::event::Activity) -> Result<Activity, String> {
    use crate::wire::record::event::Activity as From;
    Ok(match activity {
        From::CertificateRequested(r) => {
            Activity::CertificateRequested(certification::request_from(Some(r))?)
        }
        From::CertificateIssued(r) => Activity::CertificateIssued(certification::issued_from(r)?),
        From::CertificateDenied(r) => Activity::CertificateDenied(certification::denied_from(r)?),
        From::CertificatePending(r) => Activity::CertificatePending(certification::denied_from(r)?),
        From::RequestRefused(r) => Activity::RequestRefused(certification::denied_from(r)?),
        From::PendingRequestChanged(r) => Activity::PendingRequestChanged(ca::request_change_from(r)?),
        From::CaChanged(r) => Activity::CaChanged(ca::ca_change_from(r)?),
        From::TemplateSeen(r) => Activity::TemplateSeen(template::template_from(r)?),
        From::CertificateLogon(r) => Activity::CertificateLogon(kerberos::logon_from(r)?),
        From::CertificateMapped(r) => Activity::CertificateMapped(kerberos::mapping_from(r)?),
        From::NetworkLogon(r) => Activity::NetworkLogon(kerberos::network_logon_from(r)?),
        From::ServiceTicket(r) => Activity::ServiceTicket(kerberos::service_ticket_from(r)?),
        From::AccountChanged(r) => Activity::AccountChanged(directory::account_change_from(r)?),
        From::AccountRenamed(r) => Activity::AccountRenamed(directory::rename_from(r)?),
        From::RegistryChanged(r) => Activity::RegistryChanged(directory::registry_from(r)?),
        From::DirectoryChanged(r) => Activity::DirectoryChanged(directory::change_from(r)?),
        From::KeyUsed(r) => Activity::KeyUsed(ca::key_use_from(r)?),
        From::CertificateExported(r) => Activity::CertificateExported(ca::export_from(r)),
        From::ShareAccessed(r) => Activity::ShareAccessed(files::share_from(r)?),
        From::RemoteFileWrite(r) => Activity::RemoteFileWrite(files::write_from(r)),
        From::AccountKnown(r) => Activity::AccountKnown(facts::account_known_from(r)?),
        From::TemplateKnown(r) => Activity::TemplateKnown(facts::template_known_from(r)),
        From::CertificateKnown(r) => Activity::CertificateKnown(facts::certificate_known_from(r)?),
        From::HostKnown(r) => Activity::HostKnown(facts::host_known_from(r)),
        From::AlertRaised(r) => Activity::AlertRaised(raised_from(r)),
        From::FindingMade(r) => Activity::FindingMade(raised_from(r)),
    })
}

fn raised_to(a: &AlertRaised) -> record::AlertRaised {
    record::AlertRaised { keys: a.keys.clone(), alert: a.alert.clone() }
}

fn raised_from(r: record::AlertRaised) -> AlertRaised {
    AlertRaised { keys: r.keys, alert: r.alert }
}
