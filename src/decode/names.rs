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

#[cfg(test)]
mod tests {
    use crate::decode::names::of;

    #[test]
    fn an_older_version_is_a_beginning_of_the_newer() {
        assert_eq!(of(4886)[..3], ["RequestId", "Requester", "Attributes"]);
        assert_eq!(of(4887)[5], "Subject");
        assert_eq!(of(4888).len(), 9);
        assert_eq!(of(4768)[12], "CertSerialNumber");
        assert_eq!(of(5145)[10], "AccessMask");
    }
}
