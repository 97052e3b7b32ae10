//! Names by position, for the formats that carry only values: the order in the manifests of Windows.

const REQUESTED: &[&str] = &[
    "RequestId",
    "Requester",
    "Attributes",
    "Subject",
    "SubjectAlternativeName",
    "CertificateTemplate",
    "RequestOSVersion",
    "RequestCSPProvider",
    "RequestClientInfo",
    "AuthenticationService",
    "AuthenticationLevel",
    "DCOMorRPC",
];

const ISSUED: &[&str] = &[
    "RequestId",
    "Requester",
    "Attributes",
    "Disposition",
    "SubjectKeyIdentifier",
    "Subject",
    "SubjectAlternativeName",
    "CertificateTemplate",
    "SerialNumber",
    "AuthenticationService",
    "AuthenticationLevel",
    "DCOMorRPC",
];

const DENIED: &[&str] = &[
    "RequestId",
    "Requester",
    "Attributes",
    "Disposition",
    "SubjectKeyIdentifier",
    "Subject",
    "AuthenticationService",
    "AuthenticationLevel",
    "DCOMorRPC",
];

const TICKET: &[&str] = &[
    "TargetUserName",
    "TargetDomainName",
    "TargetSid",
    "ServiceName",
    "ServiceSid",
    "TicketOptions",
    "Status",
    "TicketEncryptionType",
    "PreAuthType",
    "IpAddress",
    "IpPort",
    "CertIssuerName",
    "CertSerialNumber",
    "CertThumbprint",
];

const SHARE: &[&str] = &[
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "ObjectType",
    "IpAddress",
    "IpPort",
    "ShareName",
    "ShareLocalPath",
    "RelativeTargetName",
    "AccessMask",
    "AccessList",
    "AccessReason",
];

/// The names of an event's values. A later version only appends, so the names of the latest known one serve for it
/// and for all before it; what is not wanted behind the last name has none.
pub(crate) fn of(id: u32) -> &'static [&'static str] {
    match id {
        4886 => REQUESTED,
        4887 => ISSUED,
        4888 => DENIED,
        4768 => TICKET,
        5145 => SHARE,
        _ => &[],
    }
}

/// How many values the versions of an event have, as far as they have names here.
pub(crate) fn counts(id: u32) -> &'static [usize] {
    match id {
        4886 => &[3, 12],
        4887 => &[6, 12],
        4888 => &[6, 9],
        4768 => &[14],
        5145 => &[13],
        _ => &[],
    }
}

/// Whether so many values are all that a version of an event has: later versions than those known append.
pub(crate) fn is_whole(id: u32, count: usize) -> bool {
    counts(id).contains(&count) || count > of(id).len() || of(id).is_empty()
}

/// Whether a value looks like what a name means. Names whose values can be anything fit anything.
pub(crate) fn fits(name: &str, value: &str) -> bool {
    let value = value.trim();
    let all = |of: fn(&u8) -> bool| !value.is_empty() && value.bytes().all(|b| of(&b));
    let is_empty = value.is_empty() || value == "-";
    match name {
        "RequestId" | "PreAuthType" => all(u8::is_ascii_digit) || value == "-",
        "Disposition" => {
            value.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) && !value.is_empty()
        }
        "IpPort" => all(u8::is_ascii_digit) || is_empty,
        "Requester" => value.contains('\\') || value.contains('@'),
        "Attributes" => value.contains([':', '=']) || is_empty,
        "SubjectKeyIdentifier" => {
            is_empty || (value.contains(' ') && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b' '))
        }
        "Subject" | "SubjectAlternativeName" => value.contains('=') || is_empty,
        "SerialNumber" | "CertSerialNumber" | "CertThumbprint" => {
            is_empty || (value.len() >= 8 && all(u8::is_ascii_hexdigit))
        }
        "AuthenticationService" => {
            ["NTLM", "Kerberos", "Negotiate", "None", "-"].contains(&value) || is_empty
        }
        "AuthenticationLevel" => {
            ["Privacy", "Integrity", "Packet", "Connect", "Call", "None", "Default"].contains(&value)
                || is_empty
        }
        "DCOMorRPC" => ["DCOM", "RPC"].contains(&value) || is_empty,
        "TargetSid" | "ServiceSid" | "SubjectUserSid" => value.starts_with("S-1-"),
        "TicketOptions" | "Status" | "TicketEncryptionType" | "SubjectLogonId" | "AccessMask" => {
            value.starts_with("0x")
        }
        "IpAddress" => crate::event::host::remote_ip(value).is_some() || is_empty,
        "ShareName" => value.starts_with("\\\\"),
        "ShareLocalPath" => value.starts_with("\\??\\") || is_empty,
        "AccessList" => value.contains("%%"),
        "ObjectType" => value == "File",
        _ => true,
    }
}

/// Whether Windows always writes a value for this name, so that it cannot be the one left out.
pub(crate) fn is_required(name: &str) -> bool {
    [
        "RequestId",
        "Requester",
        "Disposition",
        "TargetUserName",
        "Status",
        "SubjectUserName",
        "ShareName",
        "AccessMask",
    ]
    .contains(&name)
}

/// Whether a detection reads the value of this name.
pub(crate) fn decides(name: &str) -> bool {
    is_required(name)
        || [
            "Attributes",
            "SubjectAlternativeName",
            "CertSerialNumber",
            "SerialNumber",
            "RelativeTargetName",
            "IpAddress",
        ]
        .contains(&name)
}

#[cfg(test)]
mod tests {
    use crate::decode::names::of;
    use crate::detect::needs;

    #[test]
    fn an_older_version_is_a_beginning_of_the_newer() {
        assert_eq!(of(4886)[..3], ["RequestId", "Requester", "Attributes"]);
        assert_eq!(of(4887)[5], "Subject");
        assert_eq!(of(4888).len(), 9);
        assert_eq!(of(4768)[12], "CertSerialNumber");
        assert_eq!(of(5145)[10], "AccessMask");
    }

    #[test]
    fn detections_read_fields_that_windows_has() {
        for need in needs::ALL {
            for id in need.events.iter().filter_map(|kind| kind.event_id) {
                let is_field = of(id).contains(&need.field) || need.field == "EventRecordID";
                assert!(is_field, "{} reads {} of {id}", need.detection, need.field);
            }
        }
    }
}
