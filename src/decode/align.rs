//! Values without names: named by their position, or, where a collector left empty ones out, by what they look like.

use crate::decode::fields::named::Named;
use crate::decode::manifest;
use crate::decode::names;
use crate::decode::rejection::{Reason, Rejection};
use crate::decode::versions;

/// The values with their names, which the order in the manifest gives.
pub(crate) fn named(id: u32, values: &[String]) -> Result<Named, Rejection> {
    let names = manifest::of(id);
    if names::is_whole(id, values.len()) {
        return Ok(zip(names.iter().copied(), values));
    }
    if let Some(names) = ticket_of_a_password(id, names, values) {
        return Ok(zip(names.iter().copied(), values));
    }
    let names = versions::with_gaps(id);
    let mut all = Vec::new();
    assignments(names, values, 0, &mut Vec::new(), &mut all);
    let unclear = |detail: String| Rejection::new(Reason::PositionUnclear, detail);
    let Some(first) = all.first() else {
        let known = versions::counts(id).iter().map(usize::to_string).collect::<Vec<_>>().join(" or ");
        return Err(unclear(format!(
            "{} values without names, not {known}, and they do not fit",
            values.len()
        )));
    };
    match all.iter().all(|other| needed(names, other) == needed(names, first)) {
        true => Ok(zip(first.iter().map(|at| names[*at]), values)),
        false => Err(unclear(format!(
            "{} values without names: which of them are left out is not clear",
            values.len()
        ))),
    }
}

/// The names of a ticket (4768) of the latest version that has all values but the three of a certificate, as far as they are
/// certain. Most tickets are such ones: for a password there is no certificate.
fn ticket_of_a_password<'n>(
    id: u32,
    names: &'n [&'static str],
    values: &[String],
) -> Option<&'n [&'static str]> {
    let certificate = names.iter().position(|name| *name == "CertIssuerName").filter(|_| id == 4768)?;
    let (before, behind) = values.split_at_checked(certificate)?;
    let fits = before.iter().zip(names).all(|(value, name)| !value.is_empty() && names::fits(name, value));
    let is_thumbprint = |value: &String| !value.is_empty() && names::fits("CertThumbprint", value);
    let has_certificate = behind.iter().take(3).any(is_thumbprint);
    (values.len() + 3 == names.len() && fits && !has_certificate).then(|| &names[..certificate])
}

fn zip(names: impl Iterator<Item = &'static str>, values: &[String]) -> Named {
    let mut named = Named::default();
    names.zip(values).for_each(|(name, value)| named.push(name, value.as_str()));
    named.end_own_data();
    named
}

/// How many ways to place the values are compared.
const MAX_ASSIGNMENTS: usize = 256;

/// Every way to give the values names in their order so that each looks like what its name means.
fn assignments(
    names: &[&str],
    values: &[String],
    from: usize,
    chosen: &mut Vec<usize>,
    all: &mut Vec<Vec<usize>>,
) {
    let Some(value) = values.get(chosen.len()) else {
        all.push(chosen.clone());
        return;
    };
    let left = values.len() - chosen.len();
    for at in from..=names.len().saturating_sub(left) {
        if all.len() >= MAX_ASSIGNMENTS {
            return;
        }
        if names::fits(names[at], value) {
            chosen.push(at);
            assignments(names, values, at + 1, chosen, all);
            chosen.pop();
        }
        if names::is_required(names[at]) {
            return;
        }
    }
}

/// Which value each field gets that decides something.
fn needed(names: &[&str], chosen: &[usize]) -> Vec<Option<usize>> {
    let deciding = names.iter().enumerate().filter(|(_, name)| names::decides(name));
    deciding.map(|(at, _)| chosen.iter().position(|c| *c == at)).collect()
}

#[cfg(test)]
mod tests {
    use crate::decode::align::named;
    use crate::decode::rejection::Reason;

    const TICKET: [&str; 14] = [
        "dave.admin",
        "CORP.EXAMPLE",
        "S-1-5-21-1-2-3-1604",
        "krbtgt",
        "S-1-5-21-1-2-3-502",
        "0x40800010",
        "0x0",
        "0x12",
        "16",
        "::ffff:10.44.5.6",
        "50123",
        "CORP-CA02",
        "61000000D1B2C3D4",
        "0D4C3B2A19F8E7D6C5B4A3928170FFEEDDCCBBAA",
    ];

    fn without(all: &[&str], left_out: &[usize]) -> Vec<String> {
        let kept = all.iter().enumerate().filter(|(at, _)| !left_out.contains(at));
        kept.map(|(_, value)| (*value).to_owned()).collect()
    }

    #[test]
    fn all_values_are_named_by_position() {
        let named = named(4768, &without(&TICKET, &[])).unwrap();
        assert_eq!(named.find("CertSerialNumber"), Some("61000000D1B2C3D4"));
    }

    #[test]
    fn values_left_out_are_recognised_by_the_others() {
        let read = named(4768, &without(&TICKET, &[1, 4])).unwrap();
        assert_eq!(
            (read.find("Status"), read.find("CertSerialNumber")),
            (Some("0x0"), Some("61000000D1B2C3D4"))
        );
        // A logon with a password: no certificate at all.
        let read = named(4768, &without(&TICKET, &[11, 12, 13])).unwrap();
        assert_eq!((read.find("PreAuthType"), read.find("CertSerialNumber")), (Some("16"), None));
        let share = [
            "S-1-5-21-1-2-3-1733",
            "eve",
            "CORP",
            "0x7a",
            "File",
            "10.44.5.6",
            "50111",
            r"\\*\IPC$",
            "cert",
            "0x3",
            "%%4416",
            "-",
        ];
        let read = named(5145, &without(&share, &[])).unwrap();
        assert_eq!((read.find("RelativeTargetName"), read.find("AccessMask")), (Some("cert"), Some("0x3")));
    }

    #[test]
    fn ticket_without_the_values_of_a_certificate_is_one_of_a_password() {
        let tail = [
            "m7Vxq0Jt0GmEJYxCq1Yk7nE1bS9m3c7tT7n0R0f3a1E=",
            "0x27 (DES, RC4, AES-Sk)",
            "AES-SHA1, RC4",
            "0x1F (DES, RC4, AES128-SHA96, AES256-SHA96)",
            "AES-SHA1, RC4",
            "0x1F (DES, RC4, AES128-SHA96, AES256-SHA96)",
            "AES-SHA1, RC4",
            "AES256-CTS-HMAC-SHA1-96",
            "0x12",
            "0x12",
        ];
        let whole = [&TICKET[..], &tail].concat();
        let read = named(4768, &without(&whole, &[11, 12, 13])).unwrap();
        assert_eq!((read.find("Status"), read.find("CertSerialNumber")), (Some("0x0"), None));
        // Three others are left out, and the certificate is there.
        for left_out in [[14, 15, 16], [2, 4, 20], [1, 2, 3], [17, 18, 19]] {
            let read = named(4768, &without(&whole, &left_out));
            assert_eq!(read.unwrap_err().reason, Reason::PositionUnclear, "{left_out:?}");
        }
    }

    const ISSUED: [&str; 12] = [
        "209",
        r"CORP\eve",
        "CertificateTemplate:WebUser",
        "3",
        "0a 1b 2c 3d",
        "CN=Eve",
        "Other Name: Principal Name=dave@corp.example",
        "WebUser",
        "61000000d1b2c3d4",
        "NTLM",
        "Privacy",
        "RPC",
    ];

    #[test]
    fn subject_and_alternative_names_have_labels_of_their_own() {
        for alternative in [
            "Other Name: Principal Name=dave@corp.example",
            "Other Name:\n     Principal Name=dave@corp.example",
            "DNS Name=dc02.corp.example",
            "RFC822 Name=dave@corp.example",
            "Anderer Name: Prinzipalname=dave@corp.example",
            "DNS-Name=dc02.corp.example",
        ] {
            let mut all = ISSUED;
            all[6] = alternative;
            let read = named(4887, &without(&all, &[5])).unwrap();
            let found = (read.find("Subject"), read.find("SubjectAlternativeName"));
            assert_eq!(found, (None, Some(alternative)));
        }
        for subject in ["CN=Eve", "E=eve@corp.example, CN=Eve", "OID.1.2.840.113549.1.9.2=x", "DC=example"] {
            let mut all = ISSUED;
            all[5] = subject;
            let read = named(4887, &without(&all, &[6])).unwrap();
            let found = (read.find("Subject"), read.find("SubjectAlternativeName"));
            assert_eq!(found, (Some(subject), None));
        }
        // One word before the sign, as a subject has it: it is not clear which of the two is left out.
        let mut all = ISSUED;
        all[6] = "URL=https://corp.example";
        assert_eq!(named(4887, &without(&all, &[5])).unwrap_err().reason, Reason::PositionUnclear);
    }

    #[test]
    fn what_is_not_clear_is_a_rejection() {
        for values in [vec!["x", "y", "z"], vec![r"CORP\a", "3"]] {
            let values: Vec<String> = values.into_iter().map(ToOwned::to_owned).collect();
            assert_eq!(named(4887, &values).unwrap_err().reason, Reason::PositionUnclear, "{values:?}");
        }
    }
}
