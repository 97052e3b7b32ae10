//! Kerberos at a domain controller: tickets asked for with a certificate (4768, 4771), tickets under the key of another one
//! (4769), and what the KDC logs about the mapping of certificates (21, 39, 40, 41, 45).

use crate::decode::actor::{sid, target, text};
use crate::decode::certification::serial;
use crate::decode::envelope::Fields;
use crate::decode::files::hex_or_decimal;
use crate::decode::rejection::Rejection;
use crate::decode::values::is_word_for_none;
use crate::event::account::Account;
use crate::event::host::remote_ip;
use crate::event::kerberos::ENC_TKT_IN_SKEY;
use crate::event::serial::Serial;
use crate::event::{Activity, CertificateLogon, CertificateMapping, MappingVerdict, ServiceTicket};

/// Kinds of pre-authentication with a certificate (PA-PK-AS-REP, in its old and its new number).
const PKINIT: [&str; 4] = ["15", "16", "0xf", "0x10"];

/// 4768; none without a certificate.
///
/// A refused PKINIT has PreAuthType `-` but keeps the certificate, so the serial number decides. A serial of
/// zero is that of a key that no CA has certified, of Windows Hello or of a tool, if PreAuthType shows that one was used.
pub(crate) fn ticket(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    fields.required("TargetUserName")?;
    if !has_certificate(fields)? {
        return Ok(None);
    }
    Ok(Some(Activity::CertificateLogon(CertificateLogon { account: target(fields)?, ..logon(fields)? })))
}

/// 4771: pre-authentication failed; none without a certificate. The realm stands only behind the name of the service.
pub(crate) fn refused(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    let name = fields.required("TargetUserName")?;
    if !has_certificate(fields)? {
        return Ok(None);
    }
    let logon = logon(fields)?;
    if logon.accepted() {
        return Err(Rejection::bad_field("Status", "0x0", "a Kerberos error"));
    }
    let service = fields.text("ServiceName")?.unwrap_or_default();
    let realm = service.split_once('/').map_or("", |(_, realm)| realm);
    let account = Account::of_logon(realm, &name);
    Ok(Some(Activity::CertificateLogon(CertificateLogon { account, ..logon })))
}

fn has_certificate(fields: &Fields<'_>) -> Result<bool, Rejection> {
    if let Some(serial) = fields.text("CertSerialNumber")?.filter(|text| !is_word_for_none(text)) {
        return Ok(!is_zero(&serial) || is_pkinit(fields)?);
    }
    // A logon with a certificate always names the certificate, so here the format has lost it. A refused one may have none.
    let with_certificate = is_pkinit(fields)?;
    if with_certificate { Err(Rejection::missing("CertSerialNumber")) } else { Ok(false) }
}

fn is_pkinit(fields: &Fields<'_>) -> Result<bool, Rejection> {
    Ok(fields.text("PreAuthType")?.is_some_and(|kind| PKINIT.contains(&kind.trim_ascii())))
}

fn is_zero(serial: &str) -> bool {
    serial.trim_ascii().bytes().all(|b| b == b'0')
}

fn logon_serial(text: &str) -> Result<Serial, Rejection> {
    let serial = Serial::parse_or_zero(text);
    serial.ok_or_else(|| Rejection::bad_field("CertSerialNumber", text, "a serial number in hex"))
}

/// What 4768 and 4771 have in common.
fn logon(fields: &Fields<'_>) -> Result<CertificateLogon, Rejection> {
    let number = |name| Ok(fields.text(name)?.and_then(|text| hex_or_decimal(&text)));
    Ok(CertificateLogon {
        account: Account::default(),
        sid: sid(fields, "TargetSid")?,
        serial: logon_serial(&fields.required("CertSerialNumber")?)?,
        issuer: fields.owned("CertIssuerName")?.unwrap_or_default(),
        status: number_of(fields, "Status")?,
        remote_ip: fields.text("IpAddress")?.and_then(|text| remote_ip(&text)),
        ticket_options: number("TicketOptions")?,
        ticket_encryption: number("TicketEncryptionType")?,
        preauth_type: number("PreAuthType")?,
        advertised_encryption: text(fields, "ClientAdvertizedEncryptionTypes")?,
        thumbprint: thumbprint(fields, "CertThumbprint")?,
    })
}

/// The hash of a certificate. In a rendered text a sentence may follow it.
fn thumbprint(fields: &Fields<'_>, name: &str) -> Result<Option<String>, Rejection> {
    let text = fields.text(name)?;
    let first = text.as_deref().and_then(|text| text.split_whitespace().next());
    let is_hash = |hash: &&str| hash.len() <= 128 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(first.filter(is_hash).map(ToOwned::to_owned))
}

fn number_of(fields: &Fields<'_>, name: &str) -> Result<u32, Rejection> {
    let text = fields.required(name)?;
    hex_or_decimal(&text).ok_or_else(|| Rejection::bad_field(name, &text, "a number of 32 bits"))
}

/// 4769; none unless the ticket was asked for under the session key of another one.
pub(crate) fn service_ticket(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    let ticket_options = number_of(fields, "TicketOptions")?;
    if ticket_options & ENC_TKT_IN_SKEY == 0 {
        return Ok(None);
    }
    let encryption = fields.text("TicketEncryptionType")?;
    Ok(Some(Activity::ServiceTicket(ServiceTicket {
        account: target(fields)?,
        service: fields.required("ServiceName")?.trim().to_owned(),
        service_sid: sid(fields, "ServiceSid")?,
        ticket_options,
        ticket_encryption: encryption.and_then(|text| hex_or_decimal(&text)),
        remote_ip: fields.text("IpAddress")?.and_then(|text| remote_ip(&text)),
        status: number_of(fields, "Status")?,
    })))
}

/// 39, 40, 41, 45, and 48 and 49 of Windows Server 2008: a certificate that does not map to its account as it should.
///
/// The numbers of 2008 mean something else later, so the SID of the certificate decides: only the event about a wrong SID
/// has one.
pub(crate) fn mapped(fields: &Fields<'_>, id: u32) -> Result<Activity, Rejection> {
    let names_sid = fields.text("CertificateSid")?.is_some_and(|sid| !is_word_for_none(&sid));
    let verdict = match id {
        _ if names_sid => MappingVerdict::SidDiffers,
        40 | 48 => MappingVerdict::OlderThanAccount,
        45 => MappingVerdict::IssuerNotTrusted,
        49 => return Err(Rejection::missing("CertificateSid")),
        _ => MappingVerdict::NoStrongMapping,
    };
    mapping(fields, verdict)
}

/// 21: the certificate of a logon was refused; none for the older event of this number, which names no certificate.
pub(crate) fn certificate_refused(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    let has_fields = fields.text("AccountName")?.is_some() && fields.text("SerialNumber")?.is_some();
    if has_fields { mapping(fields, MappingVerdict::Refused).map(Some) } else { Ok(None) }
}

fn mapping(fields: &Fields<'_>, verdict: MappingVerdict) -> Result<Activity, Rejection> {
    let number = fields.required("SerialNumber")?;
    let subject = text(fields, "Subject")?.unwrap_or_default();
    Ok(Activity::CertificateMapped(CertificateMapping {
        account: Account::parse(&fields.required("AccountName")?),
        account_sid: sid(fields, "AccountSid")?,
        certificate_sid: sid(fields, "CertificateSid")?,
        subject: subject.trim_start_matches('@').to_owned(),
        issuer: text(fields, "Issuer")?.unwrap_or_default(),
        serial: if is_zero(&number) { None } else { Some(serial("SerialNumber", &number)?) },
        thumbprint: thumbprint(fields, "Thumbprint")?,
        verdict,
    }))
}

#[cfg(test)]
mod tests {
    use crate::decode::envelope::Fields;
    use crate::decode::kerberos::{certificate_refused, mapped, refused, service_ticket, ticket};
    use crate::event::{Activity, MappingVerdict};

    fn fields(list: &[(&'static str, &'static str)]) -> Fields<'static> {
        Fields::List(list.iter().map(|&(name, value)| (name.into(), value.into())).collect())
    }

    #[test]
    fn without_a_certificate_it_is_not_of_interest() {
        for serial in ["", "-", "00", "NULL", "(null)", "<null>", "None", "nan", "N/A", "\\N", "undefined"] {
            assert_eq!(ticket(&fields(&[("TargetUserName", "bob"), ("CertSerialNumber", serial)])), Ok(None));
        }
    }

    #[test]
    fn a_key_without_a_ca_may_have_the_serial_zero() {
        let read = ticket(&fields(&[
            ("TargetUserName", "bob"),
            ("TargetDomainName", "CORP.EXAMPLE"),
            ("Status", "0x0"),
            ("PreAuthType", "16"),
            ("CertIssuerName", "bob"),
            ("CertSerialNumber", "00"),
        ]));
        let Ok(Some(Activity::CertificateLogon(logon))) = read else { panic!("{read:?}") };
        assert!(logon.serial.is_zero() && logon.accepted());
    }

    #[test]
    fn a_refused_logon_keeps_the_certificate() {
        let read = ticket(&fields(&[
            ("TargetUserName", "administrator"),
            ("TargetDomainName", "CORP.EXAMPLE"),
            ("TargetSid", "S-1-0-0"),
            ("Status", "0x4b"),
            ("PreAuthType", "-"),
            ("IpAddress", "::ffff:10.20.30.66"),
            ("CertSerialNumber", "5C0000AB"),
        ]));
        let Ok(Some(Activity::CertificateLogon(logon))) = read else { panic!("{read:?}") };
        assert_eq!((logon.status, logon.accepted(), logon.sid), (0x4b, false, None));
        assert_eq!(logon.remote_ip.as_deref(), Some("10.20.30.66"));
        assert_eq!(logon.account.to_string(), r"CORP.EXAMPLE\administrator");
    }

    #[test]
    fn required_and_readable() {
        let fault = |list: &[_]| ticket(&fields(list)).unwrap_err().to_string();
        let serial = ("CertSerialNumber", "5C0000AB");
        assert_eq!(fault(&[serial, ("Status", "0x0")]), "missing_field: TargetUserName is missing");
        assert_eq!(fault(&[]), "missing_field: TargetUserName is missing");
        assert_eq!(
            fault(&[("TargetUserName", "a"), ("PreAuthType", "16")]),
            "missing_field: CertSerialNumber is missing"
        );
        assert_eq!(fault(&[serial, ("TargetUserName", "a")]), "missing_field: Status is missing");
        assert_eq!(
            fault(&[serial, ("TargetUserName", "a"), ("Status", "fine")]),
            "bad_field: Status is \"fine\", not a number of 32 bits"
        );
    }

    #[test]
    fn a_logon_carries_its_options_and_encryption() {
        let read = ticket(&fields(&[
            ("TargetUserName", "bob"),
            ("Status", "0x0"),
            ("CertSerialNumber", "5C0000AB"),
            ("TicketOptions", "0x40800010"),
            ("TicketEncryptionType", "0x12"),
            ("PreAuthType", "16"),
            ("ClientAdvertizedEncryptionTypes", "\n\t\tAES256-CTS-HMAC-SHA1-96\n\t\tRC4-HMAC-NT"),
            ("CertThumbprint", "0D4C"),
        ]));
        let Ok(Some(Activity::CertificateLogon(logon))) = read else { panic!("{read:?}") };
        assert_eq!((logon.ticket_options, logon.ticket_encryption), (Some(0x4080_0010), Some(0x12)));
        assert_eq!((logon.preauth_type, logon.thumbprint.as_deref()), (Some(16), Some("0D4C")));
        assert!(logon.advertised_encryption.unwrap().contains("RC4"));
    }

    #[test]
    fn failed_preauthentication_is_a_refused_logon() {
        let all = [
            ("TargetUserName", "bob"),
            ("ServiceName", "krbtgt/CORP.EXAMPLE"),
            ("Status", "0x42"),
            ("CertSerialNumber", "5C0000AB"),
        ];
        let Ok(Some(Activity::CertificateLogon(logon))) = refused(&fields(&all)) else { panic!("4771") };
        assert_eq!((logon.account.to_string().as_str(), logon.accepted()), (r"CORP.EXAMPLE\bob", false));
        assert_eq!(refused(&fields(&all[..3])), Ok(None), "a wrong password");
        let accepted = refused(&fields(&[all[0], all[3], ("Status", "0x0")])).unwrap_err().to_string();
        assert_eq!(accepted, "bad_field: Status is \"0x0\", not a Kerberos error");
    }

    #[test]
    fn a_ticket_under_another_key_is_of_interest() {
        let all = [("TargetUserName", "bob@CORP.EXAMPLE"), ("ServiceName", "bob"), ("Status", "0x0")];
        let with = |options| fields(&[all[0], all[1], all[2], ("TicketOptions", options)]);
        let Ok(Some(Activity::ServiceTicket(ticket))) = service_ticket(&with("0x40810018")) else {
            panic!("4769")
        };
        assert_eq!((ticket.account.name.as_str(), ticket.service.as_str()), ("bob", "bob"));
        assert_eq!(service_ticket(&with("0x40810000")), Ok(None));
        assert_eq!(
            service_ticket(&fields(&all)).unwrap_err().to_string(),
            "missing_field: TicketOptions is missing"
        );
    }

    #[test]
    fn the_sid_decides_what_a_mapping_event_means() {
        let all = [
            ("AccountName", r"CORP\bob"),
            ("Subject", "@@@CN=mallory"),
            ("Issuer", "CORP-CA01"),
            ("SerialNumber", "5C0000AB"),
        ];
        let verdict = |id, list: &[_]| match mapped(&fields(list), id) {
            Ok(Activity::CertificateMapped(mapping)) => Ok((mapping.verdict, mapping.subject)),
            other => Err(format!("{other:?}")),
        };
        let with_sid = [all[0], all[3], ("CertificateSid", "S-1-5-21-1-2-3-500")];
        for (id, expect) in [
            (39, MappingVerdict::NoStrongMapping),
            (40, MappingVerdict::OlderThanAccount),
            (41, MappingVerdict::NoStrongMapping),
            (45, MappingVerdict::IssuerNotTrusted),
            (48, MappingVerdict::OlderThanAccount),
        ] {
            assert_eq!(verdict(id, &all), Ok((expect, "CN=mallory".to_owned())), "{id}");
        }
        for id in [41, 49] {
            assert_eq!(verdict(id, &with_sid).unwrap().0, MappingVerdict::SidDiffers, "{id}");
        }
        assert!(verdict(49, &all).unwrap_err().contains("CertificateSid is missing"));
        assert!(verdict(39, &all[..3]).unwrap_err().contains("SerialNumber is missing"));
        assert!(certificate_refused(&fields(&all)).unwrap().is_some());
        assert_eq!(certificate_refused(&fields(&all[1..])), Ok(None), "the older event 21");
    }

    #[test]
    fn a_key_that_no_ca_certified_has_no_serial() {
        let all = [("AccountName", "bob"), ("SerialNumber", "00")];
        let Ok(Activity::CertificateMapped(mapping)) = mapped(&fields(&all), 45) else { panic!("45") };
        assert_eq!(mapping.serial, None);
    }
}
