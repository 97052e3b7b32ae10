//! 4768: a Kerberos ticket was asked for. Only with a certificate (PKINIT) is it of interest.

use crate::decode::certification::serial;
use crate::decode::envelope::Fields;
use crate::decode::files::hex_or_decimal;
use crate::decode::rejection::Rejection;
use crate::event::account::{Account, Sid};
use crate::event::host::remote_ip;
use crate::event::{Activity, CertificateLogon};

/// Kinds of pre-authentication with a certificate (PA-PK-AS-REP, in its old and its new number).
const PKINIT: [&str; 4] = ["15", "16", "0xf", "0x10"];

/// 4768; none without a certificate.
///
/// A refused PKINIT has PreAuthType `-` but keeps the certificate, so the serial number decides. A serial of
/// zero is that of a key that no CA has certified (Windows Hello key trust): no certificate either.
pub(crate) fn ticket(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    let name = fields.required("TargetUserName")?;
    let Some(serial_number) = fields.text("CertSerialNumber")? else {
        // A logon with a certificate always names the certificate, so here the format has lost it.
        let with_certificate =
            fields.text("PreAuthType")?.is_some_and(|kind| PKINIT.contains(&kind.trim_ascii()));
        return if with_certificate { Err(Rejection::missing("CertSerialNumber")) } else { Ok(None) };
    };
    if serial_number.trim_ascii().bytes().all(|b| b == b'0') {
        return Ok(None);
    }
    let domain = fields.text("TargetDomainName")?.unwrap_or_default();
    let status = fields.required("Status")?;
    Ok(Some(Activity::CertificateLogon(CertificateLogon {
        account: Account::of_logon(&domain, &name),
        sid: fields.text("TargetSid")?.and_then(|text| Sid::parse(&text)),
        serial: serial("CertSerialNumber", &serial_number)?,
        issuer: fields.owned("CertIssuerName")?.unwrap_or_default(),
        status: hex_or_decimal(&status)
            .ok_or_else(|| Rejection::bad_field("Status", &status, "a number of 32 bits"))?,
        remote_ip: fields.text("IpAddress")?.and_then(|text| remote_ip(&text)),
        ..CertificateLogon::default()
    })))
}

#[cfg(test)]
mod tests {
    use crate::decode::envelope::Fields;
    use crate::decode::kerberos::ticket;
    use crate::event::Activity;

    fn fields(list: &[(&'static str, &'static str)]) -> Fields<'static> {
        Fields::List(list.iter().map(|&(name, value)| (name.into(), value.into())).collect())
    }

    #[test]
    fn without_a_certificate_it_is_not_of_interest() {
        for serial in ["", "-", "00"] {
            assert_eq!(ticket(&fields(&[("TargetUserName", "bob"), ("CertSerialNumber", serial)])), Ok(None));
        }
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
}
