//! Changes of accounts (4738, 4741, 4742, 4781), of the directory (5136, 5137, 5141) and of the registry (4657).

use crate::decode::actor::{MAX_TEXT_BYTES, actor, actor_sid, required_text, sid, target, text};
use crate::decode::envelope::Fields;
use crate::decode::rejection::Rejection;
use crate::event::fold::cut;
use crate::event::host::Host;
use crate::event::{
    AccountChange, AccountChangeKind, AccountRename, Activity, DirectoryChange, DirectoryOperation,
    RegistryChange,
};

/// The most service principal names that are kept of one event.
const MAX_SPNS: usize = 256;

/// The privilege that ms-DS-MachineAccountQuota counts the use of.
const JOIN_PRIVILEGE: &str = "SeMachineAccountPrivilege";

/// 4741: a computer account was created.
pub(crate) fn account_created(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    account(fields, AccountChangeKind::Created)
}

/// 4738 and 4742: an account was changed.
pub(crate) fn account_changed(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    account(fields, AccountChangeKind::Changed)
}

fn account(fields: &Fields<'_>, kind: AccountChangeKind) -> Result<Activity, Rejection> {
    let names = fields.text("ServicePrincipalNames")?;
    let privileges = fields.text("PrivilegeList")?;
    Ok(Activity::AccountChanged(AccountChange {
        account: target(fields)?,
        sid: sid(fields, "TargetSid")?,
        actor: actor(fields)?,
        actor_sid: actor_sid(fields)?,
        kind,
        sam_account_name: text(fields, "SamAccountName")?,
        upn: text(fields, "UserPrincipalName")?,
        dns_host_name: fields.text("DnsHostName")?.map(|name| Host::new(&name)),
        service_principal_names: names
            .map(|names| names.split_whitespace().take(MAX_SPNS).map(ToOwned::to_owned).collect()),
        by_quota: privileges.is_some_and(|list| list.split_whitespace().any(|name| name == JOIN_PRIVILEGE)),
    }))
}

/// 4781: an account has another name.
pub(crate) fn account_renamed(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    Ok(Activity::AccountRenamed(AccountRename {
        domain: text(fields, "TargetDomainName")?.unwrap_or_default(),
        old_name: required_text(fields, "OldTargetUserName")?,
        new_name: required_text(fields, "NewTargetUserName")?,
        sid: sid(fields, "TargetSid")?,
        actor: actor(fields)?,
        actor_sid: actor_sid(fields)?,
    }))
}

/// Values of the registry that decide on certificates: those of a CA's policy module and audit filter, and those of the
/// mapping of certificates at a domain controller.
const REGISTRY_VALUES: [&str; 8] = [
    "EditFlags",
    "RequestDisposition",
    "InterfaceFlags",
    "DisableExtensionList",
    "AuditFilter",
    "StrongCertificateBindingEnforcement",
    "AllowNtAuthPolicyBypass",
    "CertificateMappingMethods",
];

/// 4657: a value of the registry was changed; none for a value that decides nothing here.
pub(crate) fn registry_changed(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    // The default value of a key has no name.
    let Some(value_name) = text(fields, "ObjectValueName")? else { return Ok(None) };
    if !REGISTRY_VALUES.iter().any(|name| name.eq_ignore_ascii_case(&value_name)) {
        return Ok(None);
    }
    Ok(Some(Activity::RegistryChanged(RegistryChange {
        actor: actor(fields)?,
        actor_sid: actor_sid(fields)?,
        key: required_text(fields, "ObjectName")?,
        value_name,
        old: text(fields, "OldValue")?,
        new: text(fields, "NewValue")?,
        process: text(fields, "ProcessName")?,
    })))
}

/// Attributes that decide on which account a certificate maps to, whatever the class of the object is.
const ATTRIBUTES: [&str; 10] = [
    "altSecurityIdentities",
    "userPrincipalName",
    "mail",
    "dNSHostName",
    "servicePrincipalName",
    "sAMAccountName",
    "cn",
    "name",
    KEY_CREDENTIAL_LINK,
    "msDS-OIDToGroupLink",
];
const KEY_CREDENTIAL_LINK: &str = "msDS-KeyCredentialLink";
/// How much is kept of a key credential link, in bytes: its version, and the length of the rest.
const MAX_KEY_CREDENTIAL_BYTES: usize = 256;
/// The container of everything about CAs and templates.
const CONTAINER: &str = "cn=public key services,";

/// 5136: a value of an object was added or deleted; none for an attribute that decides nothing here.
pub(crate) fn value_changed(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    let attribute = required_text(fields, "AttributeLDAPDisplayName")?;
    let object_dn = required_text(fields, "ObjectDN")?;
    let class = text(fields, "ObjectClass")?.unwrap_or_default();
    if !is_wanted(&attribute, &object_dn, &class) {
        return Ok(None);
    }
    let operation = fields.required("OperationType")?;
    let operation = operation_of(&operation)
        .ok_or_else(|| Rejection::bad_field("OperationType", &operation, "%%14674 or %%14675"))?;
    let is_link = attribute.eq_ignore_ascii_case(KEY_CREDENTIAL_LINK);
    let length = if is_link { MAX_KEY_CREDENTIAL_BYTES } else { MAX_TEXT_BYTES };
    let value = fields.text("AttributeValue")?.map(|value| cut(value.trim(), length).to_owned());
    let change = change(fields, object_dn, class, operation)?;
    Ok(Some(Activity::DirectoryChanged(DirectoryChange { attribute: Some(attribute), value, ..change })))
}

/// 5137: an object was created; none for one outside of the container of CAs and templates.
pub(crate) fn object_created(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    object(fields, DirectoryOperation::Created)
}

/// 5141: an object was deleted; none for one outside of the container of CAs and templates.
pub(crate) fn object_deleted(fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    object(fields, DirectoryOperation::Deleted)
}

fn object(fields: &Fields<'_>, operation: DirectoryOperation) -> Result<Option<Activity>, Rejection> {
    let object_dn = required_text(fields, "ObjectDN")?;
    if !is_in_container(&object_dn) {
        return Ok(None);
    }
    let class = text(fields, "ObjectClass")?.unwrap_or_default();
    Ok(Some(Activity::DirectoryChanged(change(fields, object_dn, class, operation)?)))
}

fn change(
    fields: &Fields<'_>,
    object_dn: String,
    object_class: String,
    operation: DirectoryOperation,
) -> Result<DirectoryChange, Rejection> {
    Ok(DirectoryChange {
        actor: actor(fields)?,
        actor_sid: actor_sid(fields)?,
        operation_id: text(fields, "OpCorrelationID")?,
        object_dn,
        object_guid: text(fields, "ObjectGUID")?,
        object_class,
        attribute: None,
        value: None,
        operation,
    })
}

/// Whether a change of this attribute of this object can decide on a certificate.
fn is_wanted(attribute: &str, object_dn: &str, class: &str) -> bool {
    let is = |name: &&str| name.eq_ignore_ascii_case(attribute);
    let of_template = class.eq_ignore_ascii_case("pKICertificateTemplate")
        && (starts_with(attribute, "msPKI-") || starts_with(attribute, "pKI") || is(&"nTSecurityDescriptor"));
    let of_policy = class.eq_ignore_ascii_case("msPKI-Enterprise-Oid") && is(&"flags");
    ATTRIBUTES.iter().any(is) || of_template || of_policy || is_in_container(object_dn)
}

fn is_in_container(object_dn: &str) -> bool {
    object_dn.to_ascii_lowercase().contains(CONTAINER)
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// OperationType: a number of Windows' message table, or its text where a shipper resolved it.
fn operation_of(text: &str) -> Option<DirectoryOperation> {
    match text.trim() {
        "%%14674" | "Value Added" => Some(DirectoryOperation::ValueAdded),
        "%%14675" | "Value Deleted" => Some(DirectoryOperation::ValueDeleted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::directory as read;
    use crate::decode::envelope::Fields;
    use crate::event::{AccountChangeKind, Activity, DirectoryOperation};

    const WHO: [(&str, &str); 3] = [
        ("SubjectUserSid", "S-1-5-21-1-2-3-1733"),
        ("SubjectUserName", "eve"),
        ("SubjectDomainName", "CORP"),
    ];

    fn fields(list: &[(&'static str, &'static str)]) -> Fields<'static> {
        Fields::List(list.iter().chain(&WHO).map(|&(name, value)| (name.into(), value.into())).collect())
    }

    const ACCOUNT: [(&str, &str); 3] =
        [("TargetUserName", "WKS-9$"), ("TargetDomainName", "CORP"), ("TargetSid", "S-1-5-21-1-2-3-1900")];

    #[test]
    fn unchanged_values_of_an_account_are_none() {
        let list = [
            ACCOUNT[0],
            ACCOUNT[1],
            ACCOUNT[2],
            ("UserPrincipalName", "-"),
            ("DnsHostName", "DC01.corp.example"),
            ("ServicePrincipalNames", "\n\t\tHOST/wks-9\n\t\tRestrictedKrbHost/wks-9"),
        ];
        let Ok(Activity::AccountChanged(change)) = read::account_created(&fields(&list)) else {
            panic!("4741")
        };
        assert_eq!(
            (change.kind, change.account.to_string().as_str()),
            (AccountChangeKind::Created, r"CORP\WKS-9$")
        );
        assert_eq!((change.upn, change.dns_host_name.unwrap().as_str()), (None, "dc01.corp.example"));
        assert_eq!(change.service_principal_names.unwrap(), ["HOST/wks-9", "RestrictedKrbHost/wks-9"]);
        let Ok(Activity::AccountChanged(change)) = read::account_changed(&fields(&ACCOUNT)) else {
            panic!("4742")
        };
        assert_eq!((change.kind, change.service_principal_names), (AccountChangeKind::Changed, None));
    }

    #[test]
    fn a_renamed_account_has_both_names() {
        let list =
            [("OldTargetUserName", "WKS-9$"), ("NewTargetUserName", "DC01"), ("TargetDomainName", "CORP")];
        let Ok(Activity::AccountRenamed(rename)) = read::account_renamed(&fields(&list)) else {
            panic!("4781")
        };
        assert_eq!((rename.old_name.as_str(), rename.new_name.as_str()), ("WKS-9$", "DC01"));
        let fault = read::account_renamed(&fields(&list[..1])).unwrap_err().to_string();
        assert_eq!(fault, "missing_field: NewTargetUserName is missing");
    }

    #[test]
    fn only_values_of_the_registry_that_decide_are_read() {
        let list = [
            ("ObjectName", r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\Kdc"),
            ("ObjectValueName", "StrongCertificateBindingEnforcement"),
            ("OldValue", "2"),
            ("NewValue", "0"),
        ];
        let Ok(Some(Activity::RegistryChanged(change))) = read::registry_changed(&fields(&list)) else {
            panic!("4657")
        };
        assert_eq!((change.old.as_deref(), change.new.as_deref()), (Some("2"), Some("0")));
        for name in ["Start", "-"] {
            assert_eq!(read::registry_changed(&fields(&[list[0], ("ObjectValueName", name)])), Ok(None));
        }
        let fault = read::registry_changed(&fields(&list[1..2])).unwrap_err().to_string();
        assert_eq!(fault, "missing_field: ObjectName is missing");
    }

    const USER: &str = "CN=bob,CN=Users,DC=corp,DC=example";
    const TEMPLATE: &str = "CN=User,CN=Certificate Templates,CN=Public Key Services,CN=Services,CN=Configuration,DC=corp,DC=example";

    #[track_caller]
    fn check(attribute: &'static str, dn: &'static str, class: &'static str, expect: bool) {
        let list = [
            ("AttributeLDAPDisplayName", attribute),
            ("ObjectDN", dn),
            ("ObjectClass", class),
            ("OperationType", "%%14674"),
            ("AttributeValue", "x"),
        ];
        let found = read::value_changed(&fields(&list)).unwrap();
        assert_eq!(found.is_some(), expect, "{attribute} of {class}");
    }

    #[test]
    fn only_attributes_that_decide_are_read() {
        check("userPrincipalName", USER, "user", true);
        check("ALTSECURITYIDENTITIES", USER, "user", true);
        check("description", USER, "user", false);
        check("msPKI-Enrollment-Flag", TEMPLATE, "pKICertificateTemplate", true);
        check("nTSecurityDescriptor", "CN=x", "pKICertificateTemplate", true);
        check("nTSecurityDescriptor", USER, "user", false);
        check("flags", "CN=1.2,CN=OID", "msPKI-Enterprise-Oid", true);
        check("flags", USER, "user", false);
        check(
            "cACertificate",
            "CN=NTAuthCertificates,CN=Public Key Services,CN=Services",
            "certificationAuthority",
            true,
        );
    }

    #[test]
    fn a_key_credential_link_is_cut() {
        let value: &'static str = Box::leak(format!("B:828:{}:{USER}", "0".repeat(828)).into_boxed_str());
        let list = [
            ("AttributeLDAPDisplayName", "msDS-KeyCredentialLink"),
            ("ObjectDN", USER),
            ("OperationType", "%%14675"),
            ("AttributeValue", value),
        ];
        let Ok(Some(Activity::DirectoryChanged(change))) = read::value_changed(&fields(&list)) else {
            panic!("5136")
        };
        assert_eq!((change.value.unwrap().len(), change.operation), (256, DirectoryOperation::ValueDeleted));
        let fault = read::value_changed(&fields(&list[..2])).unwrap_err().to_string();
        assert_eq!(fault, "missing_field: OperationType is missing");
        let bad = [list[0], list[1], ("OperationType", "%%1")];
        assert_eq!(
            read::value_changed(&fields(&bad)).unwrap_err().to_string(),
            "bad_field: OperationType is \"%%1\", not %%14674 or %%14675"
        );
    }

    #[test]
    fn objects_of_the_pki_come_and_go() {
        let list = [("ObjectDN", TEMPLATE), ("ObjectClass", "pKICertificateTemplate")];
        let created = read::object_created(&fields(&list));
        let Ok(Some(Activity::DirectoryChanged(change))) = created else { panic!("5137") };
        assert_eq!((change.operation, change.attribute), (DirectoryOperation::Created, None));
        assert!(read::object_deleted(&fields(&list)).unwrap().is_some());
        assert_eq!(read::object_created(&fields(&[("ObjectDN", USER)])), Ok(None));
        assert_eq!(
            read::object_created(&fields(&[])).unwrap_err().to_string(),
            "missing_field: ObjectDN is missing"
        );
    }
}
