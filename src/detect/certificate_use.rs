//! A certificate in use: what tickets (4768, 4771) and the KDC's remarks about mappings (21, 39, 40, 41, 45) say alike.

use crate::detect::issuer::issuer_name;
use crate::detect::report;
use crate::event::account::{Account, Sid};
use crate::event::kerberos::OPTIONS_OF_TOOLS;
use crate::event::serial::Serial;
use crate::event::{Activity, CertificateLogon, CertificateMapping, Event, MappingVerdict};
use crate::state::key;
use crate::wire;
use crate::wire::record::PendingLogon;

/// What became of the logon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The KDC gave a ticket.
    Accepted,
    /// The KDC refused it.
    Refused,
    /// The KDC accepts it in compatibility mode and refuses it in full enforcement, and the event does not say which.
    Unknown,
}

/// KDC_ERR_CLIENT_NOT_TRUSTED: the certificate itself was refused, whomever it maps to. It is revoked, or its revocation
/// list or its chain could not be checked.
pub(crate) const NOT_TRUSTED: u32 = 0x3e;

/// The serial number of the certificate that the event shows in use; none: it shows none.
pub(crate) fn serial_of(event: &Event) -> Option<&Serial> {
    if let Activity::CertificateLogon(logon) = &event.activity {
        Some(&logon.serial)
    } else if let Activity::CertificateMapped(mapping) = &event.activity {
        mapping.serial.as_ref()
    } else {
        None
    }
}

/// The thumbprint of the certificate that the event shows in use, 20 octets; none: it shows none.
pub(crate) fn thumbprint_of(event: &Event) -> Option<Vec<u8>> {
    let text = if let Activity::CertificateLogon(logon) = &event.activity {
        logon.thumbprint.as_deref()
    } else if let Activity::CertificateMapped(mapping) = &event.activity {
        mapping.thumbprint.as_deref()
    } else {
        None
    }?;
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    let octets: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (octets.len() == THUMBPRINT_OCTETS && digits.len() == 2 * THUMBPRINT_OCTETS).then_some(octets)
}

/// The length of a SHA-1 hash.
const THUMBPRINT_OCTETS: usize = 20;

/// The use of a certificate, as it is remembered; none: the event shows none.
pub(crate) fn use_of(event: &Event) -> Option<PendingLogon> {
    if let Activity::CertificateLogon(logon) = &event.activity {
        Some(ticket(event, logon))
    } else if let Activity::CertificateMapped(mapping) = &event.activity {
        mapped(event, mapping)
    } else {
        None
    }
}

fn ticket(event: &Event, logon: &CertificateLogon) -> PendingLogon {
    PendingLogon {
        status: logon.status,
        remote_ip: logon.remote_ip.clone(),
        account_sid: logon.sid.as_ref().map(ToString::to_string),
        of_tool: logon.ticket_options == Some(OPTIONS_OF_TOOLS),
        ..common(event, &logon.account, &logon.serial, &logon.issuer)
    }
}

fn mapped(event: &Event, mapping: &CertificateMapping) -> Option<PendingLogon> {
    Some(PendingLogon {
        kdc_event: kdc_event(mapping.verdict),
        account_sid: mapping.account_sid.as_ref().map(ToString::to_string),
        certificate_sid: mapping.certificate_sid.as_ref().map(ToString::to_string),
        ..common(event, &mapping.account, mapping.serial.as_ref()?, &mapping.issuer)
    })
}

fn common(event: &Event, account: &Account, serial: &Serial, issuer: &str) -> PendingLogon {
    PendingLogon {
        time_ms: event.effective_time().as_millis(),
        serial_hash: serial_hash(serial),
        issuer: report::cut(&issuer_name(issuer)),
        domain: account.domain.clone(),
        account: account.name.clone(),
        serial: serial.to_string(),
        evidence: Some(wire::alert::evidence_to_record(report::evidence(event))),
        ..PendingLogon::default()
    }
}

/// 64 bits of a keyed hash: enough among the few certificates that share a request id.
pub(crate) fn serial_hash(serial: &Serial) -> u64 {
    key::hash(&[serial.as_str().as_bytes()]) as u64
}

fn kdc_event(verdict: MappingVerdict) -> u32 {
    match verdict {
        MappingVerdict::NoStrongMapping => 39,
        MappingVerdict::OlderThanAccount => 40,
        MappingVerdict::SidDiffers => 41,
        MappingVerdict::IssuerNotTrusted => 45,
        MappingVerdict::Refused => 21,
    }
}

pub(crate) fn account_of(logon: &PendingLogon) -> Account {
    Account { domain: logon.domain.clone(), name: logon.account.clone() }
}

/// What the event shows of the outcome. 39 warns in compatibility mode and refuses in full enforcement; 45 is the audit of
/// what 21 refuses; 40 and 41 refuse in both modes.
pub(crate) fn outcome(logon: &PendingLogon) -> Outcome {
    match logon.kdc_event {
        0 if logon.status == 0 => Outcome::Accepted,
        39 => Outcome::Unknown,
        45 => Outcome::Accepted,
        _ => Outcome::Refused,
    }
}

/// What the KDC remarks, for a reason; none for a ticket.
pub(crate) fn remark(logon: &PendingLogon) -> Option<&'static str> {
    match logon.kdc_event {
        39 => Some(
            "the KDC found no strong mapping (39); the event does not say whether it let the logon through",
        ),
        40 => Some("the certificate is older than the account (40)"),
        41 => Some("the certificate names the SID of another account (41)"),
        45 => Some("the issuer is not trusted for logons (45), and the logon was let through"),
        21 => Some("the KDC refused the certificate (21)"),
        _ => None,
    }
}

/// The SIDs of the account and of the certificate, where the event has both and they differ.
pub(crate) fn differing_sids(logon: &PendingLogon) -> Option<(Sid, Sid)> {
    let account = Sid::parse(logon.account_sid.as_deref()?)?;
    let certificate = Sid::parse(logon.certificate_sid.as_deref()?)?;
    (account != certificate).then_some((account, certificate))
}
