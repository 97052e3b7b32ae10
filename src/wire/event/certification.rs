//! Requests to a CA and its answers.

use crate::event::account::Sid;
use crate::event::host::Host;
use crate::event::san::San;
use crate::event::serial::Serial;
use crate::event::{CertificateRequest, DeniedRequest, IssuedCertificate};
use crate::wire::event::common::{account_from, account_to, host_to};
use crate::wire::record;

pub(crate) fn issued_to(issued: &IssuedCertificate) -> record::IssuedCertificate {
    record::IssuedCertificate {
        request: Some(request_to(&issued.request)),
        serial: issued.serial.as_ref().map(Serial::to_string),
        subject: issued.subject.clone(),
    }
}

pub(crate) fn issued_from(r: record::IssuedCertificate) -> Result<IssuedCertificate, String> {
    Ok(IssuedCertificate {
        request: request_from(r.request)?,
        serial: r.serial.map(Serial::try_from).transpose()?,
        subject: r.subject,
    })
}

pub(crate) fn denied_to(denied: &DeniedRequest) -> record::DeniedRequest {
    record::DeniedRequest { request: Some(request_to(&denied.request)), disposition: denied.disposition }
}

pub(crate) fn denied_from(r: record::DeniedRequest) -> Result<DeniedRequest, String> {
    Ok(DeniedRequest { request: request_from(r.request)?, disposition: r.disposition })
}

pub(crate) fn request_to(request: &CertificateRequest) -> record::CertificateRequest {
    record::CertificateRequest {
        request_id: request.request_id,
        requester: Some(account_to(&request.requester)),
        template: request.template.clone(),
        names: request.names.iter().map(san_to).collect(),
        names_cut: request.names_cut,
        client: host_to(request.client.as_ref()),
        authentication_service: request.authentication_service.clone(),
        authentication_level: request.authentication_level.clone(),
        transport: request.transport.clone(),
        names_beyond: request.names_beyond.iter().map(san_to).collect(),
        attribute_names: positions(&request.attribute_names, &request.names),
        common_names: request.common_names.clone(),
        cdc: host_to(request.cdc.as_ref()),
        rmd: host_to(request.rmd.as_ref()),
        user_agent: request.user_agent.clone(),
        proxy_uri: request.proxy_uri.clone(),
        application_policies: request.application_policies.clone(),
        client_info: request.client_info.clone(),
        clients_beyond: hosts_to(&request.clients_beyond),
        cdcs_beyond: hosts_to(&request.cdcs_beyond),
        rmds_beyond: hosts_to(&request.rmds_beyond),
        templates_beyond: request.templates_beyond.clone(),
    }
}

fn hosts_to(hosts: &[Host]) -> Vec<String> {
    hosts.iter().map(Host::to_string).collect()
}

fn hosts_from(hosts: Vec<String>) -> Vec<Host> {
    hosts.into_iter().map(Host::from).collect()
}

pub(crate) fn request_from(r: Option<record::CertificateRequest>) -> Result<CertificateRequest, String> {
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
        cdc: r.cdc.map(Host::from),
        rmd: r.rmd.map(Host::from),
        user_agent: r.user_agent,
        proxy_uri: r.proxy_uri,
        application_policies: r.application_policies,
        client_info: r.client_info,
        clients_beyond: hosts_from(r.clients_beyond),
        cdcs_beyond: hosts_from(r.cdcs_beyond),
        rmds_beyond: hosts_from(r.rmds_beyond),
        templates_beyond: r.templates_beyond,
    })
}

/// Where the names stand in the list. They are a part of it, and are not written twice.
fn positions(names: &[San], list: &[San]) -> Vec<u32> {
    let position = |name: &San| list.iter().position(|known| known == name);
    names.iter().filter_map(position).filter_map(|at| u32::try_from(at).ok()).collect()
}

fn at_positions(positions: &[u32], list: &[San]) -> Vec<San> {
    positions.iter().filter_map(|&at| list.get(usize::try_from(at).ok()?).cloned()).collect()
}

fn sans_from(names: Vec<record::San>) -> Result<Vec<San>, String> {
    names.into_iter().map(san_from).collect()
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
