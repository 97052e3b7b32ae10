//! Events ⇄ protobuf: the routed record, and what replay spills to disk.

use crate::event::account::{Account, Sid};
use crate::event::host::Host;
use crate::event::san::San;
use crate::event::serial::Serial;
use crate::event::time::Time;
use crate::event::{
    Activity, CertificateLogon, CertificateRequest, DeniedRequest, Event, IssuedCertificate, Origin,
    RemoteFileWrite, ShareAccess,
};
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
        Activity::CertificateRequested(request) => To::CertificateRequested(request_to(request)),
        Activity::CertificateIssued(issued) => To::CertificateIssued(record::IssuedCertificate {
            request: Some(request_to(&issued.request)),
            serial: issued.serial.as_ref().map(Serial::to_string),
            subject: issued.subject.clone(),
        }),
        Activity::CertificateDenied(denied) => To::CertificateDenied(record::DeniedRequest {
            request: Some(request_to(&denied.request)),
            disposition: denied.disposition,
        }),
        Activity::CertificateLogon(logon) => To::CertificateLogon(record::CertificateLogon {
            account: Some(account_to(&logon.account)),
            sid: logon.sid.as_ref().map(Sid::to_string),
            serial: logon.serial.to_string(),
            issuer: logon.issuer.clone(),
            status: logon.status,
            remote_ip: logon.remote_ip.clone(),
        }),
        Activity::ShareAccessed(access) => To::ShareAccessed(record::ShareAccess {
            account: Some(account_to(&access.account)),
            sid: access.sid.as_ref().map(Sid::to_string),
            remote_ip: access.remote_ip.clone(),
            share: access.share.clone(),
            local_path: access.local_path.clone(),
            target: access.target.clone(),
            access_mask: access.access_mask,
        }),
        Activity::RemoteFileWrite(write) => To::RemoteFileWrite(record::RemoteFileWrite {
            path: write.path.clone(),
            remote_host: write.remote_host.as_ref().map(Host::to_string),
            remote_ip: write.remote_ip.clone(),
            account: write.account.as_ref().map(account_to),
            interface: write.interface.clone(),
            process: write.process.clone(),
        }),
    }
}

fn activity_from(activity: record::event::Activity) -> Result<Activity, String> {
    use crate::wire::record::event::Activity as From;
    Ok(match activity {
        From::CertificateRequested(r) => Activity::CertificateRequested(request_from(Some(r))?),
        From::CertificateIssued(r) => Activity::CertificateIssued(IssuedCertificate {
            request: request_from(r.request)?,
            serial: r.serial.map(Serial::try_from).transpose()?,
            subject: r.subject,
        }),
        From::CertificateDenied(r) => Activity::CertificateDenied(DeniedRequest {
            request: request_from(r.request)?,
            disposition: r.disposition,
        }),
        From::CertificateLogon(r) => Activity::CertificateLogon(CertificateLogon {
            account: account_from(r.account),
            sid: r.sid.map(Sid::try_from).transpose()?,
            serial: Serial::try_from(r.serial)?,
            issuer: r.issuer,
            status: r.status,
            remote_ip: r.remote_ip,
        }),
        From::ShareAccessed(r) => Activity::ShareAccessed(ShareAccess {
            account: account_from(r.account),
            sid: r.sid.map(Sid::try_from).transpose()?,
            remote_ip: r.remote_ip,
            share: r.share,
            local_path: r.local_path,
            target: r.target,
            access_mask: r.access_mask,
        }),
        From::RemoteFileWrite(r) => Activity::RemoteFileWrite(RemoteFileWrite {
            path: r.path,
            remote_host: r.remote_host.map(Host::from),
            remote_ip: r.remote_ip,
            account: r.account.map(|account| account_from(Some(account))),
            interface: r.interface,
            process: r.process,
        }),
    })
}

fn request_to(request: &CertificateRequest) -> record::CertificateRequest {
    record::CertificateRequest {
        request_id: request.request_id,
        requester: Some(account_to(&request.requester)),
        template: request.template.clone(),
        names: request.names.iter().map(san_to).collect(),
        names_cut: request.names_cut,
        client: request.client.as_ref().map(Host::to_string),
        authentication_service: request.authentication_service.clone(),
        authentication_level: request.authentication_level.clone(),
        transport: request.transport.clone(),
        names_beyond: request.names_beyond.iter().map(san_to).collect(),
        attribute_names: positions(&request.attribute_names, &request.names),
        common_names: request.common_names.clone(),
    }
}

fn request_from(r: Option<record::CertificateRequest>) -> Result<CertificateRequest, String> {
    let r = r.ok_or("certificate event without a request")?;
    let names = sans_from(r.names)?;
    Ok(CertificateRequest {
        request_id: r.request_id,
        requester: account_from(r.requester),
        template: r.template,
        attribute_names: at_positions(&r.attribute_names, &names),
        names,
        names_beyond: sans_from(r.names_beyond)?,
        common_names: r.common_names,
        names_cut: r.names_cut,
        client: r.client.map(Host::from),
        authentication_service: r.authentication_service,
        authentication_level: r.authentication_level,
        transport: r.transport,
    })
}

/// Where the names stand in the list. They are a part of it, and are not written twice.
fn positions(names: &[San], list: &[San]) -> Vec<u32> {
    let position = |name: &San| list.iter().position(|known| known.is_same(name));
    names.iter().filter_map(position).filter_map(|at| u32::try_from(at).ok()).collect()
}

fn at_positions(positions: &[u32], list: &[San]) -> Vec<San> {
    positions.iter().filter_map(|&at| list.get(usize::try_from(at).ok()?).cloned()).collect()
}

fn sans_from(names: Vec<record::San>) -> Result<Vec<San>, String> {
    names.into_iter().map(san_from).collect()
}

fn account_to(account: &Account) -> record::Account {
    record::Account { domain: account.domain.clone(), name: account.name.clone() }
}

fn account_from(r: Option<record::Account>) -> Account {
    r.map(|r| Account { domain: r.domain, name: r.name }).unwrap_or_default()
}

fn san_to(san: &San) -> record::San {
    use crate::wire::record::san::Kind;
    let kind = match san {
        San::Upn(s) => Kind::Upn(s.clone()),
        San::Dns(s) => Kind::Dns(s.clone()),
        San::Email(s) => Kind::Email(s.clone()),
        San::Sid(sid) => Kind::Sid(sid.to_string()),
        San::Guid(s) => Kind::Guid(s.clone()),
        San::Url(s) => Kind::Url(s.clone()),
        San::Ip(s) => Kind::Ip(s.clone()),
        San::Other(s) => Kind::Other(s.clone()),
    };
    record::San { kind: Some(kind) }
}

fn san_from(r: record::San) -> Result<San, String> {
    use crate::wire::record::san::Kind;
    Ok(match r.kind.ok_or("name without a kind")? {
        Kind::Upn(s) => San::Upn(s),
        Kind::Dns(s) => San::Dns(s),
        Kind::Email(s) => San::Email(s),
        Kind::Sid(s) => San::Sid(Sid::try_from(s)?),
        Kind::Guid(s) => San::Guid(s),
        Kind::Url(s) => San::Url(s),
        Kind::Ip(s) => San::Ip(s),
        Kind::Other(s) => San::Other(s),
    })
}
