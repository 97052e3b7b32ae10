//! Logons, tickets, and how the KDC maps certificates.

use crate::event::host::Host;
use crate::event::serial::Serial;
use crate::event::{CertificateLogon, CertificateMapping, MappingVerdict, NetworkLogon, ServiceTicket};
use crate::wire::event::common::{account_from, account_to, host_to, sid_from, sid_to, some_account};
use crate::wire::record;

pub(crate) fn logon_to(logon: &CertificateLogon) -> record::CertificateLogon {
    record::CertificateLogon {
        account: Some(account_to(&logon.account)),
        sid: sid_to(logon.sid.as_ref()),
        serial: logon.serial.to_string(),
        issuer: logon.issuer.clone(),
        status: logon.status,
        remote_ip: logon.remote_ip.clone(),
        ticket_options: logon.ticket_options,
        ticket_encryption: logon.ticket_encryption,
        preauth_type: logon.preauth_type,
        advertised_encryption: logon.advertised_encryption.clone(),
        thumbprint: logon.thumbprint.clone(),
    }
}

pub(crate) fn logon_from(r: record::CertificateLogon) -> Result<CertificateLogon, String> {
    Ok(CertificateLogon {
        account: account_from(r.account),
        sid: sid_from(r.sid)?,
        serial: Serial::try_from(r.serial)?,
        issuer: r.issuer,
        status: r.status,
        remote_ip: r.remote_ip,
        ticket_options: r.ticket_options,
        ticket_encryption: r.ticket_encryption,
        preauth_type: r.preauth_type,
        advertised_encryption: r.advertised_encryption,
        thumbprint: r.thumbprint,
    })
}

pub(crate) fn mapping_to(mapping: &CertificateMapping) -> record::CertificateMapping {
    use crate::wire::record::MappingVerdict as To;
    let verdict = match mapping.verdict {
        MappingVerdict::NoStrongMapping => To::NoStrongMapping,
        MappingVerdict::OlderThanAccount => To::OlderThanAccount,
        MappingVerdict::SidDiffers => To::SidDiffers,
        MappingVerdict::IssuerNotTrusted => To::IssuerNotTrusted,
        MappingVerdict::Refused => To::Refused,
    };
    record::CertificateMapping {
        account: Some(account_to(&mapping.account)),
        account_sid: sid_to(mapping.account_sid.as_ref()),
        certificate_sid: sid_to(mapping.certificate_sid.as_ref()),
        subject: mapping.subject.clone(),
        issuer: mapping.issuer.clone(),
        serial: mapping.serial.as_ref().map(Serial::to_string),
        thumbprint: mapping.thumbprint.clone(),
        verdict: verdict.into(),
    }
}

pub(crate) fn mapping_from(r: record::CertificateMapping) -> Result<CertificateMapping, String> {
    use crate::wire::record::MappingVerdict as From;
    let verdict = match r.verdict() {
        From::NoStrongMapping => MappingVerdict::NoStrongMapping,
        From::OlderThanAccount => MappingVerdict::OlderThanAccount,
        From::SidDiffers => MappingVerdict::SidDiffers,
        From::IssuerNotTrusted => MappingVerdict::IssuerNotTrusted,
        From::Refused => MappingVerdict::Refused,
        From::Unspecified => return Err("certificate mapping without a verdict".to_owned()),
    };
    Ok(CertificateMapping {
        account: account_from(r.account),
        account_sid: sid_from(r.account_sid)?,
        certificate_sid: sid_from(r.certificate_sid)?,
        subject: r.subject,
        issuer: r.issuer,
        serial: r.serial.map(Serial::try_from).transpose()?,
        thumbprint: r.thumbprint,
        verdict,
    })
}

pub(crate) fn network_logon_to(logon: &NetworkLogon) -> record::NetworkLogon {
    record::NetworkLogon {
        account: Some(account_to(&logon.account)),
        sid: sid_to(logon.sid.as_ref()),
        logon_type: logon.logon_type,
        logon_process: logon.logon_process.clone(),
        package: logon.package.clone(),
        remote_ip: logon.remote_ip.clone(),
        remote_port: logon.remote_port.map(u32::from),
        workstation: host_to(logon.workstation.as_ref()),
        subject: logon.subject.as_ref().map(account_to),
    }
}

pub(crate) fn network_logon_from(r: record::NetworkLogon) -> Result<NetworkLogon, String> {
    Ok(NetworkLogon {
        account: account_from(r.account),
        sid: sid_from(r.sid)?,
        logon_type: r.logon_type,
        logon_process: r.logon_process,
        package: r.package,
        remote_ip: r.remote_ip,
        remote_port: r
            .remote_port
            .map(|port| u16::try_from(port).map_err(|_| "port above 65535"))
            .transpose()?,
        workstation: r.workstation.map(Host::from),
        subject: some_account(r.subject),
    })
}

pub(crate) fn service_ticket_to(ticket: &ServiceTicket) -> record::ServiceTicket {
    record::ServiceTicket {
        account: Some(account_to(&ticket.account)),
        service: ticket.service.clone(),
        service_sid: sid_to(ticket.service_sid.as_ref()),
        ticket_options: ticket.ticket_options,
        ticket_encryption: ticket.ticket_encryption,
        remote_ip: ticket.remote_ip.clone(),
        status: ticket.status,
    }
}

pub(crate) fn service_ticket_from(r: record::ServiceTicket) -> Result<ServiceTicket, String> {
    Ok(ServiceTicket {
        account: account_from(r.account),
        service: r.service,
        service_sid: sid_from(r.service_sid)?,
        ticket_options: r.ticket_options,
        ticket_encryption: r.ticket_encryption,
        remote_ip: r.remote_ip,
        status: r.status,
    })
}
