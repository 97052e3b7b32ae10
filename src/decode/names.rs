//! What values without names can be: whether they are all there, and whether one looks like what a name means.

use crate::decode::manifest::of;
use crate::decode::versions::counts;

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
        "RequestId" | "PreAuthType" | "LogonType" | "RowsDeleted" => all(u8::is_ascii_digit) || value == "-",
        "Disposition" => {
            value.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) && !value.is_empty()
        }
        "IpPort" => all(u8::is_ascii_digit) || is_empty,
        "Requester" => value.contains('\\') || value.contains('@'),
        "Attributes" => value.contains([':', '=']) || is_empty,
        "SubjectKeyIdentifier" => {
            is_empty || (value.contains(' ') && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b' '))
        }
        "Subject" => is_distinguished_name(value) || is_empty,
        "SubjectAlternativeName" => (value.contains('=') && !is_certain_name(value)) || is_empty,
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
        "TargetSid" | "ServiceSid" | "SubjectUserSid" | "TargetUserSid" | "AccountSid" | "CertificateSid" => {
            value.starts_with("S-1-")
        }
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

/// Whether a value can be a distinguished name: a word stands before its first `=`. The labels of alternative names have a blank,
/// a hyphen or a colon there in most languages (`DNS Name=`, `DNS-Name=`, `Other Name:`).
fn is_distinguished_name(value: &str) -> bool {
    let is_word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    value.split_once('=').is_some_and(|(attribute, _)| is_word(attribute))
}

/// Whether a value is a distinguished name for certain: no label of an alternative name is an attribute of these.
fn is_certain_name(value: &str) -> bool {
    const ATTRIBUTES: [&str; 13] =
        ["CN", "E", "OU", "O", "DC", "C", "L", "S", "ST", "STREET", "G", "SN", "SERIALNUMBER"];
    let attribute = value.split_once('=').map_or("", |(attribute, _)| attribute);
    ATTRIBUTES.contains(&attribute) || attribute.starts_with("OID.")
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
        "AccountName",
        "AttributeLDAPDisplayName",
        "LogonType",
        "NewTargetUserName",
        "ObjectDN",
        "OldTargetUserName",
        "OperationType",
        "TemplateInternalName",
    ]
    .contains(&name)
}

/// Whether an event means another thing with another value of this name. Names that only describe do not.
pub(crate) fn decides(name: &str) -> bool {
    !DESCRIPTIVE.contains(&name)
}

/// Names whose values decide nothing.
const DESCRIPTIVE: [&str; 26] = [
    "AccessList",
    "AccessReason",
    "AuthenticationLevel",
    "AuthenticationService",
    "CertIssuerName",
    "CertThumbprint",
    "CertificateTemplate",
    "DCOMorRPC",
    "IpPort",
    "ObjectType",
    "PreAuthType",
    "RequestCSPProvider",
    "RequestClientInfo",
    "RequestOSVersion",
    "ServiceName",
    "ServiceSid",
    "ShareLocalPath",
    "Subject",
    "SubjectDomainName",
    "SubjectKeyIdentifier",
    "SubjectLogonId",
    "SubjectUserSid",
    "TargetDomainName",
    "TargetSid",
    "TicketEncryptionType",
    "TicketOptions",
];
