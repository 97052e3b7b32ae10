//! Every wanted Windows event, in event XML, in Winlogbeat and as values without names: one activity in all of them, and
//! a rejection when a field is lost that the event must have.

use crate::decode_formats::decode;
use crate::decode_user_data;
use adcs_watch::decode::Decoded;
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::Reason;
use adcs_watch::event::Activity;
use serde_json::json;
use std::fmt::Write;

const SECURITY: &str = "Microsoft-Windows-Security-Auditing";
const KDC: &str = "Microsoft-Windows-Kerberos-Key-Distribution-Center";

/// An event: its id, the name of its activity, its values in Windows' order, and how many names are needed.
struct Sample {
    id: u32,
    activity: &'static str,
    values: Vec<(&'static str, &'static str)>,
    required: &'static [&'static str],
}

const SUBJECT: [(&str, &str); 4] = [
    ("SubjectUserSid", "S-1-5-21-1-2-3-1733"),
    ("SubjectUserName", "eve"),
    ("SubjectDomainName", "CORP"),
    ("SubjectLogonId", "0x7a6b5c"),
];

fn sample(
    id: u32,
    activity: &'static str,
    values: &[(&'static str, &'static str)],
    required: &'static [&'static str],
) -> Sample {
    Sample { id, activity, values: values.to_vec(), required }
}

/// An event whose last values are those of the account that did it.
fn by_eve(
    id: u32,
    activity: &'static str,
    values: &[(&'static str, &'static str)],
    required: &'static [&'static str],
) -> Sample {
    sample(id, activity, &[values, &SUBJECT].concat(), required)
}

fn pending_requests() -> Vec<Sample> {
    let request = [
        ("RequestId", "209"),
        ("Requester", r"CORP\eve"),
        ("Attributes", "CertificateTemplate:WebUser"),
        ("Disposition", "5"),
        ("SubjectKeyIdentifier", "0a 1b 2c"),
        ("Subject", "CN=Eve"),
    ];
    let id = ("RequestId", "209");
    let extension = [
        id,
        ("ExtensionName", "2.5.29.17"),
        ("ExtensionDataType", "3"),
        ("ExtensionPolicyFlags", "0"),
        ("ExtensionData", "30 1f"),
    ];
    vec![
        sample(4889, "certificate_pending", &request, &["RequestId", "Requester", "Disposition"]),
        by_eve(4868, "pending_request_changed", &[id], &["RequestId", "SubjectUserName"]),
        by_eve(4869, "pending_request_changed", &[id], &["RequestId", "SubjectUserName"]),
        by_eve(4873, "pending_request_changed", &extension, &["RequestId", "ExtensionName"]),
        by_eve(
            4874,
            "pending_request_changed",
            &[id, ("Attributes", "SAN:upn=bob")],
            &["RequestId", "Attributes"],
        ),
    ]
}

fn changes_of_a_ca() -> Vec<Sample> {
    let hashes = [
        ("CertificateDatabaseHash", "aa"),
        ("PrivateKeyUsageCount", "7"),
        ("CACertificateHash", "bb"),
        ("CACertificatePublicKeyHash", "cc"),
    ];
    let setting = [("Node", "PolicyModules"), ("Entry", "EditFlags"), ("Value", "0x15014e")];
    let property =
        [("PropertyName", "29"), ("PropertyIndex", "0"), ("PropertyType", "4"), ("PropertyValue", "WebUser")];
    let published = [("CertificateHash", "aa bb"), ("ValidFrom", "x"), ("ValidTo", "y")];
    let rows = [("TableId", "0"), ("Filter", "0"), ("RowsDeleted", "12")];
    let restrictions = [("EnableRestrictedPermissions", "1"), ("RestrictedPermissions", "x")];
    let change = |id, values: &[_], required| by_eve(id, "ca_changed", values, required);
    vec![
        change(4876, &[("BackupType", "1")], &["BackupType", "SubjectUserName"]),
        sample(4880, "ca_changed", &hashes, &[]),
        sample(4881, "ca_changed", &hashes, &[]),
        change(4882, &[("SecuritySettings", "Allow")], &["SecuritySettings"]),
        change(4884, &[("Certificate", "MII"), ("RequestId", "9")], &["Certificate"]),
        change(4885, &[("AuditFilter", "0")], &["AuditFilter"]),
        change(4890, &restrictions, &["EnableRestrictedPermissions"]),
        change(4891, &setting, &["Entry"]),
        change(4892, &property, &["PropertyName"]),
        sample(4895, "ca_changed", &published, &["CertificateHash"]),
        change(4896, &rows, &["TableId", "RowsDeleted"]),
    ]
}

fn templates() -> Vec<Sample> {
    let head = [
        ("TemplateInternalName", "WebUser"),
        ("TemplateVersion", "100.4"),
        ("TemplateSchemaVersion", "2"),
        ("TemplateOID", "1.3.6.1.4.1.311.21.8.1"),
        ("TemplateDSObjectFQDN", "CN=WebUser"),
        ("DCDNSName", "dc01.corp.example"),
    ];
    let content = "msPKI-Certificate-Name-Flag = 0x1 (1)\n  CT_FLAG_ENROLLEE_SUPPLIES_SUBJECT -- 0x1";
    let (new, old) = (("NewTemplateContent", content), ("OldTemplateContent", "msPKI-RA-Signature = 1"));
    let descriptors = [("NewSecurityDescriptor", "O:BA"), ("OldSecurityDescriptor", "O:SY")];
    let with = |values: &[_]| [&head[..], values].concat();
    let name = "template_seen";
    vec![
        sample(
            4898,
            name,
            &with(&[("TemplateContent", content), ("SecurityDescriptor", "O:BA")]),
            &["TemplateInternalName", "TemplateContent"],
        ),
        sample(4899, name, &with(&[new, old]), &["TemplateInternalName", "NewTemplateContent"]),
        sample(4900, name, &with(&[new, descriptors[0], old, descriptors[1]]), &["NewTemplateContent"]),
    ]
}

fn logons_and_tickets() -> Vec<Sample> {
    let refused = [
        ("TargetUserName", "bob"),
        ("TargetSid", "S-1-0-0"),
        ("ServiceName", "krbtgt/CORP.EXAMPLE"),
        ("TicketOptions", "0x40800010"),
        ("Status", "0x42"),
        ("PreAuthType", "16"),
        ("IpAddress", "::ffff:10.44.5.6"),
        ("IpPort", "50123"),
        ("CertIssuerName", "CORP-CA02"),
        ("CertSerialNumber", "61000000D1B2C3D4"),
        ("CertThumbprint", "0D4C3B2A19F8E7D6C5B4A3928170FFEEDDCCBBAA"),
    ];
    let ticket = [
        ("TargetUserName", "bob@CORP.EXAMPLE"),
        ("TargetDomainName", "CORP.EXAMPLE"),
        ("ServiceName", "bob"),
        ("ServiceSid", "S-1-5-21-1-2-3-1604"),
        ("TicketOptions", "0x40810018"),
        ("TicketEncryptionType", "0x12"),
        ("IpAddress", "::ffff:10.44.5.6"),
        ("IpPort", "50124"),
        ("Status", "0x0"),
        ("LogonGuid", "{00000000-0000-0000-0000-000000000000}"),
        ("TransmittedServices", "-"),
    ];
    let mut logon = SUBJECT.to_vec();
    logon.extend([
        ("TargetUserSid", "S-1-5-21-1-2-3-500"),
        ("TargetUserName", "administrator"),
        ("TargetDomainName", "CORP"),
        ("TargetLogonId", "0x1f"),
        ("LogonType", "3"),
        ("LogonProcessName", "Schannel"),
        ("AuthenticationPackageName", "Kerberos"),
        ("WorkstationName", "WKS-066"),
        ("LogonGuid", "-"),
        ("TransmittedServices", "-"),
        ("LmPackageName", "-"),
        ("KeyLength", "0"),
        ("ProcessId", "0x2a0"),
        ("ProcessName", r"C:\Windows\System32\lsass.exe"),
        ("IpAddress", "10.44.5.6"),
        ("IpPort", "50125"),
    ]);
    vec![
        sample(4771, "certificate_logon", &refused, &["TargetUserName", "CertSerialNumber", "Status"]),
        sample(
            4769,
            "service_ticket",
            &ticket,
            &["TargetUserName", "ServiceName", "TicketOptions", "Status"],
        ),
        sample(4624, "network_logon", &logon, &["TargetUserName", "LogonType"]),
    ]
}

fn mappings() -> Vec<Sample> {
    let mapping = [
        ("AccountName", "bob"),
        ("Subject", "@@@CN=mallory"),
        ("Issuer", "CORP-CA01"),
        ("SerialNumber", "61000000D1B2C3D4"),
        ("Thumbprint", "0D4C3B2A19F8E7D6C5B4A3928170FFEEDDCCBBAA"),
    ];
    let differs = [
        mapping[0],
        ("AccountSid", "S-1-5-21-1-2-3-1604"),
        mapping[1],
        mapping[2],
        mapping[3],
        mapping[4],
        ("CertificateSid", "S-1-5-21-1-2-3-500"),
    ];
    let required: &[_] = &["AccountName", "SerialNumber"];
    let name = "certificate_mapped";
    let mut samples: Vec<Sample> =
        [39, 40, 45, 48].into_iter().map(|id| sample(id, name, &mapping, required)).collect();
    samples.extend([41, 49].map(|id| sample(id, name, &differs, required)));
    samples.push(sample(21, name, &mapping, &[]));
    samples
}

fn objects() -> Vec<Sample> {
    let registry = [
        ("ObjectName", r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\CertSvc"),
        ("ObjectValueName", "EditFlags"),
        ("HandleId", "0x1"),
        ("OperationType", "%%1905"),
        ("OldValueType", "%%1876"),
        ("OldValue", "1114446"),
        ("NewValueType", "%%1876"),
        ("NewValue", "1376590"),
        ("ProcessId", "0x2"),
        ("ProcessName", r"C:\Windows\System32\certutil.exe"),
    ];
    let object = [
        ("DSName", "corp.example"),
        ("DSType", "%%14676"),
        ("ObjectDN", "CN=WebUser,CN=Certificate Templates,CN=Public Key Services,CN=Services"),
        ("ObjectGUID", "{0a1b2c3d-0000-0000-0000-000000000000}"),
        ("ObjectClass", "pKICertificateTemplate"),
    ];
    let operation = [("OpCorrelationID", "{1}"), ("AppCorrelationID", "-")];
    let object = [&operation[..], &SUBJECT, &object].concat();
    let value = [
        ("AttributeLDAPDisplayName", "msPKI-Certificate-Name-Flag"),
        ("AttributeSyntaxOID", "2.5.5.9"),
        ("AttributeValue", "1"),
        ("OperationType", "%%14674"),
    ];
    vec![
        sample(
            4657,
            "registry_changed",
            &[&SUBJECT[..], &registry].concat(),
            &["ObjectName", "SubjectUserName"],
        ),
        sample(5136, "directory_changed", &[&object[..], &value].concat(), &["ObjectDN", "OperationType"]),
        sample(5137, "directory_changed", &object, &["ObjectDN", "SubjectUserName"]),
        sample(
            5141,
            "directory_changed",
            &[&object[..], &[("TreeDelete", "%%14679")]].concat(),
            &["ObjectDN", "SubjectUserName"],
        ),
    ]
}

fn accounts() -> Vec<Sample> {
    let account = |first: &[(&'static str, &'static str)], last: &[_]| {
        let target = [
            ("TargetUserName", "WKS-9$"),
            ("TargetDomainName", "CORP"),
            ("TargetSid", "S-1-5-21-1-2-3-1900"),
        ];
        let unchanged = [
            "PrivilegeList",
            "SamAccountName",
            "DisplayName",
            "UserPrincipalName",
            "HomeDirectory",
            "HomePath",
            "ScriptPath",
            "ProfilePath",
            "UserWorkstations",
            "PasswordLastSet",
            "AccountExpires",
            "PrimaryGroupId",
            "AllowedToDelegateTo",
            "OldUacValue",
            "NewUacValue",
            "UserAccountControl",
            "UserParameters",
            "SidHistory",
            "LogonHours",
        ];
        let unchanged = unchanged.map(|name| (name, "-"));
        [first, &target, &SUBJECT, &unchanged, last].concat()
    };
    let computer = [("DnsHostName", "dc01.corp.example"), ("ServicePrincipalNames", "HOST/wks-9")];
    let renamed = [
        ("OldTargetUserName", "WKS-9$"),
        ("NewTargetUserName", "DC01"),
        ("TargetDomainName", "CORP"),
        ("TargetSid", "S-1-5-21-1-2-3-1900"),
    ];
    let changed = "account_changed";
    vec![
        sample(4738, changed, &account(&[("Dummy", "-")], &[]), &["TargetUserName", "SubjectUserName"]),
        sample(4741, changed, &account(&[], &computer), &["TargetUserName", "SubjectUserName"]),
        sample(4742, changed, &account(&[("ComputerAccountChange", "-")], &computer), &["TargetUserName"]),
        sample(
            4781,
            "account_renamed",
            &[&renamed[..], &SUBJECT, &[("PrivilegeList", "-")]].concat(),
            &["OldTargetUserName", "NewTargetUserName", "SubjectUserName"],
        ),
    ]
}

fn samples() -> Vec<Sample> {
    let key = [
        ("KeyName", "CORP-CA01"),
        ("ProviderName", "Microsoft Software Key Storage Provider"),
        ("Operation", "%%2464"),
    ];
    let keys =
        [5058, 5059].map(|id| by_eve(id, "key_used", &key, &["KeyName", "Operation", "SubjectUserName"]));
    let refused = [
        ("RequestId", "209"),
        (
            "Reason",
            "The requested certificate template is not supported by this CA. 0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)",
        ),
        ("SubjectName", r"CORP\eve"),
        (
            "AdditionalInformation",
            "Denied by Policy Module  0x80094800, The request was for a certificate template that is not supported by the Active Directory Certificate Services policy: EnrollmentAgent",
        ),
    ];
    let refused = sample(53, "request_refused", &refused, &["RequestId", "Reason", "SubjectName"]);
    let all = [
        vec![refused],
        pending_requests(),
        changes_of_a_ca(),
        templates(),
        logons_and_tickets(),
        mappings(),
        accounts(),
        objects(),
    ];
    all.into_iter().flatten().chain(keys).collect()
}

fn provider(id: u32) -> &'static str {
    match id {
        53 => "Microsoft-Windows-CertificationAuthority",
        ..100 => KDC,
        _ => SECURITY,
    }
}

fn xml(sample: &Sample, with_names: bool) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let mut data = String::new();
    for (name, value) in &sample.values {
        let name = if with_names { format!(" Name=\"{name}\"") } else { String::new() };
        write!(data, "<Data{name}>{}</Data>", escaped(value)).unwrap();
    }
    format!(
        "<Event><System><Provider Name=\"{}\"/><EventID>{}</EventID><TimeCreated SystemTime=\"2026-03-02T09:00:00Z\"/>\
         <Computer>dc01.corp.example</Computer></System><EventData>{data}</EventData></Event>",
        provider(sample.id),
        sample.id
    )
}

/// A record of Winlogbeat, which leaves empty values out.
fn winlogbeat(sample: &Sample, left_out: &str) -> String {
    let kept = sample.values.iter().filter(|(name, value)| *name != left_out && *value != "-");
    let data: serde_json::Map<_, _> = kept.map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({"@timestamp": "2026-03-02T09:00:00.000Z", "winlog": {"event_id": sample.id.to_string(),
        "provider_name": provider(sample.id), "computer_name": "dc01.corp.example", "event_data": data}})
    .to_string()
}

/// A row of the table Event of Azure Monitor, which has the provider in `Source`.
fn azure_event(sample: &Sample) -> String {
    let whole = xml(sample, true);
    let (from, to) = (whole.find("<EventData>").unwrap(), whole.find("</Event>").unwrap());
    json!({"TimeGenerated": "2026-03-02T09:00:00Z", "Source": provider(sample.id), "EventID": sample.id, "Type": "Event",
        "Computer": "dc01.corp.example", "EventData": format!("<DataItem type=\"System.XmlData\">{}</DataItem>", &whole[from..to])})
    .to_string()
}

/// What xml2js makes of event XML: attributes below `$`.
fn xml2js(sample: &Sample) -> String {
    let data: Vec<_> =
        sample.values.iter().map(|(name, value)| json!({"$": {"Name": name}, "_": value})).collect();
    json!({"Event": {"System": {"Provider": {"$": {"Name": provider(sample.id)}}, "EventID": sample.id.to_string(),
        "TimeCreated": {"$": {"SystemTime": "2026-03-02T09:00:00Z"}}, "Computer": "dc01.corp.example"}, "EventData": {"Data": data}}})
    .to_string()
}

fn fluent_bit(sample: &Sample) -> String {
    let values: Vec<_> = sample.values.iter().map(|(_, value)| *value).collect();
    json!({"EventID": sample.id, "ProviderName": provider(sample.id), "Computer": "dc01.corp.example",
        "TimeCreated": "2026-03-02 09:00:00 +0000", "StringInserts": values})
    .to_string()
}

/// All events, in XML and in JSON.
pub(crate) fn all_records() -> impl Iterator<Item = Vec<u8>> {
    samples()
        .into_iter()
        .flat_map(|sample| {
            [xml(&sample, true), winlogbeat(&sample, ""), azure_event(&sample), xml2js(&sample)]
        })
        .chain(decode_user_data::records())
        .map(String::into_bytes)
}

#[track_caller]
fn activity(record: &str) -> Activity {
    assert!(Prefilter::for_source(None, None).may_matter(record.as_bytes()), "{record}");
    match decode(record.as_bytes()).remove(0) {
        Ok(Decoded::Event(event)) => event.activity,
        other => panic!("{record}: {other:?}"),
    }
}

#[test]
fn every_event_is_one_activity_in_every_format() {
    for sample in samples() {
        let expect = activity(&xml(&sample, true));
        assert_eq!(expect.name(), sample.activity, "{}", sample.id);
        for record in [winlogbeat(&sample, ""), azure_event(&sample), xml2js(&sample)] {
            assert_eq!(activity(&record), expect, "{}: {record}", sample.id);
        }
        // Their values have no known order.
        if ![21, 5058, 5059].contains(&sample.id) {
            assert_eq!(activity(&fluent_bit(&sample)), expect, "{}", sample.id);
            assert_eq!(activity(&xml(&sample, false)), expect, "{}", sample.id);
        }
    }
}

#[test]
fn a_lost_field_is_a_rejection_that_names_it() {
    for sample in samples() {
        for name in sample.required {
            let record = winlogbeat(&sample, name);
            assert!(Prefilter::for_source(None, None).may_matter(record.as_bytes()), "{record}");
            let outcome = decode(record.as_bytes()).remove(0);
            let rejection = outcome.expect_err(&record);
            assert_eq!(
                (rejection.reason, rejection.detail),
                (Reason::MissingField, format!("{name} is missing"))
            );
        }
    }
}
