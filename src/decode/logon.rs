//! 4624: a logon. Only one over the network is of interest: it carries the address of whom an account or a certificate
//! serves.

use crate::decode::actor::{actor, sid, target, text};
use crate::decode::envelope::Fields;
use crate::decode::rejection::Rejection;
use crate::event::host::{Host, remote_ip};
use crate::event::{Activity, NetworkLogon};

/// LogonType of a logon over the network.
const NETWORK: u32 = 3;
/// LogonProcessName of a logon with a certificate over TLS.
const SCHANNEL: &str = "Schannel";

/// 4624; none for a logon of another type, and for one without an address unless it is of Schannel.
pub(crate) fn logged_on(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    let kind = fields.required("LogonType")?;
    let logon_type =
        first_number(&kind).ok_or_else(|| Rejection::bad_field("LogonType", &kind, "a number"))?;
    if logon_type != NETWORK {
        return Ok(None);
    }
    let logon_process = text(fields, "LogonProcessName")?.unwrap_or_default();
    let remote_ip = fields.text("IpAddress")?.and_then(|text| remote_ip(&text));
    if logon_process != SCHANNEL && remote_ip.is_none() {
        return Ok(None);
    }
    let port = fields.text("IpPort")?.and_then(|text| text.trim_ascii().parse().ok());
    let has_subject = fields.text("SubjectUserName")?.is_some();
    Ok(Some(Activity::NetworkLogon(NetworkLogon {
        account: target(fields)?,
        sid: sid(fields, "TargetUserSid")?,
        logon_type,
        logon_process,
        package: text(fields, "AuthenticationPackageName")?.unwrap_or_default(),
        remote_ip,
        remote_port: port.filter(|port| *port != 0),
        workstation: fields.text("WorkstationName")?.map(|name| Host::new(&name)),
        subject: if has_subject { Some(actor(fields)?) } else { None },
    })))
}

/// The number at the beginning: some products write `3 - Network`.
fn first_number(text: &str) -> Option<u32> {
    let text = text.trim_ascii();
    text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::decode::envelope::Fields;
    use crate::decode::logon::logged_on;
    use crate::event::{Activity, NetworkLogon};

    const LOGON: [(&str, &str); 8] = [
        ("TargetUserName", "administrator"),
        ("TargetDomainName", "CORP"),
        ("TargetUserSid", "S-1-5-21-1-2-3-500"),
        ("LogonType", "3"),
        ("LogonProcessName", "Schannel"),
        ("AuthenticationPackageName", "Kerberos"),
        ("IpAddress", "10.20.30.66"),
        ("IpPort", "50111"),
    ];

    fn with(changes: &[(&'static str, &'static str)]) -> Fields<'static> {
        let unchanged = LOGON.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        Fields::List(unchanged.chain(changes).map(|&(name, value)| (name.into(), value.into())).collect())
    }

    fn read(changes: &[(&'static str, &'static str)]) -> Option<NetworkLogon> {
        logged_on(&with(changes)).unwrap().map(|activity| {
            let Activity::NetworkLogon(logon) = activity else { panic!("{activity:?}") };
            logon
        })
    }

    #[test]
    fn a_network_logon_has_an_address() {
        let logon = read(&[]).unwrap();
        assert_eq!(
            (logon.account.to_string().as_str(), logon.remote_port),
            (r"CORP\administrator", Some(50111))
        );
        assert_eq!((logon.remote_ip.as_deref(), logon.subject), (Some("10.20.30.66"), None));
        let ntlm = [
            ("LogonProcessName", "NtLmSsp "),
            ("AuthenticationPackageName", "NTLM"),
            ("WorkstationName", "WKS-066"),
        ];
        let logon = read(&ntlm).unwrap();
        assert_eq!(
            (logon.logon_process.as_str(), logon.workstation.unwrap().as_str()),
            ("NtLmSsp", "wks-066")
        );
        assert!(read(&[("LogonType", "3 - Network")]).is_some());
    }

    #[test]
    fn other_logons_are_not_of_interest() {
        assert_eq!(read(&[("LogonType", "2")]), None);
        assert_eq!(read(&[("LogonProcessName", "Kerberos"), ("IpAddress", "-")]), None);
        assert!(read(&[("IpAddress", "-")]).is_some(), "Schannel");
    }

    #[test]
    fn required_and_readable() {
        let fault = |list: &[_]| logged_on(&with(list)).unwrap_err().to_string();
        assert_eq!(fault(&[("LogonType", "-")]), "missing_field: LogonType is missing");
        assert_eq!(fault(&[("TargetUserName", "-")]), "missing_field: TargetUserName is missing");
        assert_eq!(fault(&[("LogonType", "x")]), "bad_field: LogonType is \"x\", not a number");
    }
}
