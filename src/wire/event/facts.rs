//! Facts that an import states.

use crate::event::host::Host;
use crate::event::serial::Serial;
use crate::event::time::Time;
use crate::event::{AccountKnown, CertificateKnown, HostKnown, TemplateKnown};
use crate::wire::event::common::{account_from, account_to, host_to, sid_from, sid_to};
use crate::wire::event::template::{flags_from, flags_to};
use crate::wire::record;

pub(crate) fn account_known_to(known: &AccountKnown) -> record::AccountKnown {
    record::AccountKnown {
        account: Some(account_to(&known.account)),
        sid: sid_to(known.sid.as_ref()),
        upn: known.upn.clone(),
        mail: known.mail.clone(),
        dns_host_name: host_to(known.dns_host_name.as_ref()),
        service_principal_names: known.service_principal_names.clone(),
        protected: known.protected,
    }
}

pub(crate) fn account_known_from(r: record::AccountKnown) -> Result<AccountKnown, String> {
    Ok(AccountKnown {
        account: account_from(r.account),
        sid: sid_from(r.sid)?,
        upn: r.upn,
        mail: r.mail,
        dns_host_name: r.dns_host_name.map(Host::from),
        service_principal_names: r.service_principal_names,
        protected: r.protected,
    })
}

pub(crate) fn template_known_to(known: &TemplateKnown) -> record::TemplateKnown {
    record::TemplateKnown {
        name: known.name.clone(),
        oid: known.oid.clone(),
        flags: Some(flags_to(&known.flags)),
    }
}

pub(crate) fn template_known_from(r: record::TemplateKnown) -> TemplateKnown {
    TemplateKnown { name: r.name, oid: r.oid, flags: r.flags.map(flags_from).unwrap_or_default() }
}

pub(crate) fn certificate_known_to(known: &CertificateKnown) -> record::CertificateKnown {
    record::CertificateKnown {
        serial: known.serial.to_string(),
        requester: Some(account_to(&known.requester)),
        ca: known.ca.to_string(),
        issued_ms: known.issued.as_millis(),
        template: known.template.clone(),
    }
}

pub(crate) fn certificate_known_from(r: record::CertificateKnown) -> Result<CertificateKnown, String> {
    Ok(CertificateKnown {
        serial: Serial::try_from(r.serial)?,
        requester: account_from(r.requester),
        ca: Host::from(r.ca),
        issued: Time::from_millis(r.issued_ms),
        template: r.template,
    })
}

pub(crate) fn host_known_to(known: &HostKnown) -> record::HostKnown {
    record::HostKnown { host: known.host.to_string(), addresses: known.addresses.clone() }
}

pub(crate) fn host_known_from(r: record::HostKnown) -> HostKnown {
    HostKnown { host: Host::from(r.host), addresses: r.addresses }
}
