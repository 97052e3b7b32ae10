//! What administrators do to a CA: 4868 to 4874, 4876 to 4896, and operations on keys, 5058 and 5059.

use crate::decode::actor::{actor, actor_sid, required_text, text};
use crate::decode::certification::request_id;
use crate::decode::envelope::Fields;
use crate::decode::rejection::Rejection;
use crate::event::account::Account;
use crate::event::{
    Activity, CaChange, CaSetting, CertificateExport, KeyUse, PendingRequestChange, RequestChange,
};

/// 4868: a manager denied a pending request.
pub(crate) fn request_denied(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    changed_request(fields, RequestChange::Denied)
}

/// 4869: a request was submitted again.
pub(crate) fn request_resubmitted(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    changed_request(fields, RequestChange::Resubmitted)
}

/// 4873: an extension of a pending request was set.
pub(crate) fn extension_set(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    changed_request(fields, RequestChange::ExtensionSet { name: required_text(fields, "ExtensionName")? })
}

/// 4874: attributes of a pending request were set.
pub(crate) fn attributes_set(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    changed_request(fields, RequestChange::AttributesSet { attributes: required_text(fields, "Attributes")? })
}

fn changed_request(fields: &Fields<'_>, change: RequestChange) -> Result<Activity, Rejection> {
    Ok(Activity::PendingRequestChanged(PendingRequestChange {
        request_id: request_id(fields)?,
        actor: actor(fields)?,
        actor_sid: actor_sid(fields)?,
        change,
    }))
}

/// 4882: the permissions of the CA changed.
pub(crate) fn security_settings(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    changed_by(fields, CaSetting::SecuritySettings { settings: required_text(fields, "SecuritySettings")? })
}

/// 4884: a certificate was imported into the database.
pub(crate) fn certificate_imported(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let request_id = fields.text("RequestId")?.and_then(|text| text.trim_ascii().parse().ok());
    let certificate = required_text(fields, "Certificate")?;
    changed_by(fields, CaSetting::CertificateImported { request_id, certificate })
}

/// 4885: the audit filter of the CA changed.
pub(crate) fn audit_filter(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    changed_by(fields, CaSetting::AuditFilter { filter: required_text(fields, "AuditFilter")? })
}

/// 4890: the restrictions of certificate managers changed.
pub(crate) fn restrictions(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let enabled = required_text(fields, "EnableRestrictedPermissions")?;
    let restrictions = or_empty(fields, "RestrictedPermissions")?;
    changed_by(fields, CaSetting::Restrictions { enabled, restrictions })
}

/// 4891: an entry of the configuration changed. A value that was removed is empty.
pub(crate) fn setting(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let (node, value) = (or_empty(fields, "Node")?, or_empty(fields, "Value")?);
    changed_by(fields, CaSetting::Setting { node, entry: required_text(fields, "Entry")?, value })
}

/// 4892: a property of the CA changed.
pub(crate) fn property(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let name = required_text(fields, "PropertyName")?;
    let (index, kind) = (or_empty(fields, "PropertyIndex")?, or_empty(fields, "PropertyType")?);
    changed_by(fields, CaSetting::Property { name, index, kind, value: or_empty(fields, "PropertyValue")? })
}

/// 4896: rows of the database were deleted.
pub(crate) fn rows_deleted(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let (table, filter) = (required_text(fields, "TableId")?, or_empty(fields, "Filter")?);
    let count = fields.required("RowsDeleted")?;
    let rows = count.trim_ascii().parse();
    let rows = rows.map_err(|_| Rejection::bad_field("RowsDeleted", &count, "a number"))?;
    changed_by(fields, CaSetting::RowsDeleted { table, filter, rows })
}

/// 4876: a backup began.
pub(crate) fn backup_started(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    changed_by(fields, CaSetting::BackupStarted { kind: required_text(fields, "BackupType")? })
}

/// 4895: a CA certificate was published to the directory.
pub(crate) fn certificate_published(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let hash = required_text(fields, "CertificateHash")?;
    let (valid_from, valid_to) = (or_empty(fields, "ValidFrom")?, or_empty(fields, "ValidTo")?);
    Ok(changed(CaSetting::PublishedCaCertificate { hash, valid_from, valid_to }))
}

/// 4880: the service started.
pub(crate) fn started(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    Ok(changed(CaSetting::Started { key_usage_count: key_usage_count(fields)? }))
}

/// 4881: the service stopped.
pub(crate) fn stopped(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    Ok(changed(CaSetting::Stopped { key_usage_count: key_usage_count(fields)? }))
}

/// PrivateKeyUsageCount. Most providers do not count.
fn key_usage_count(fields: &Fields<'_>) -> Result<Option<u64>, Rejection> {
    Ok(fields.text("PrivateKeyUsageCount")?.and_then(|text| text.trim_ascii().parse().ok()))
}

fn changed(change: CaSetting) -> Activity {
    Activity::CaChanged(CaChange { actor: None, actor_sid: None, change })
}

fn changed_by(fields: &Fields<'_>, change: CaSetting) -> Result<Activity, Rejection> {
    let (actor, actor_sid) = (Some(actor(fields)?), actor_sid(fields)?);
    Ok(Activity::CaChanged(CaChange { actor, actor_sid, change }))
}

/// 5058 and 5059: an operation on a key.
pub(crate) fn key_used(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    Ok(Activity::KeyUsed(KeyUse {
        actor: actor(fields)?,
        actor_sid: actor_sid(fields)?,
        key_name: required_text(fields, "KeyName")?,
        operation: required_text(fields, "Operation")?,
        provider: or_empty(fields, "ProviderName")?,
        key_type: or_empty(fields, "KeyType")?,
    }))
}

/// 1007 of the certificates' life cycle: a certificate of the machine was exported. Its data stands in UserData, most of it in
/// attributes of elements. In JSON the name of the Template looks like that of an EKU, so there it counts only if
/// it is that of a CA.
pub(crate) fn certificate_exported(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    let name =
        text(fields, "Name")?.filter(|name| CertificateExport::TEMPLATES_OF_CAS.contains(&name.as_str()));
    let subjects = required_text(fields, "SubjectName")?;
    Ok(Activity::CertificateExported(CertificateExport {
        actor: Account::parse(&required_text(fields, "AccountName")?),
        process: or_empty(fields, "ProcessName")?,
        thumbprint: required_text(fields, "Thumbprint")?,
        subject: subjects.lines().next().unwrap_or_default().trim_end().to_owned(),
        template: text(fields, "Template")?.or(name),
    }))
}

fn or_empty(fields: &Fields<'_>, name: &str) -> Result<String, Rejection> {
    Ok(text(fields, name)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::decode::ca;
    use crate::decode::envelope::Fields;
    use crate::decode::rejection::Rejection;
    use crate::event::{Activity, CaSetting, RequestChange};

    type Read = fn(&Fields<'_>) -> Result<Activity, Rejection>;

    const WHO: [(&str, &str); 3] = [
        ("SubjectUserSid", "S-1-5-21-1-2-3-1733"),
        ("SubjectUserName", "eve"),
        ("SubjectDomainName", "CORP"),
    ];

    fn read(read: Read, list: &[(&'static str, &'static str)]) -> Result<Activity, Rejection> {
        let list = list.iter().chain(&WHO).map(|&(name, value)| (name.into(), value.into()));
        read(&Fields::List(list.collect()))
    }

    #[test]
    fn changes_of_a_request_name_it_and_who_did_it() {
        for (how, list, expect) in [
            (ca::request_denied as Read, vec![("RequestId", "7")], RequestChange::Denied),
            (ca::request_resubmitted, vec![("RequestId", "7")], RequestChange::Resubmitted),
            (
                ca::extension_set,
                vec![("RequestId", "7"), ("ExtensionName", "2.5.29.17")],
                RequestChange::ExtensionSet { name: "2.5.29.17".into() },
            ),
            (
                ca::attributes_set,
                vec![("RequestId", "7"), ("Attributes", "SAN:upn=administrator@corp.example")],
                RequestChange::AttributesSet { attributes: "SAN:upn=administrator@corp.example".into() },
            ),
        ] {
            let Ok(Activity::PendingRequestChanged(change)) = read(how, &list) else { panic!("{expect:?}") };
            assert_eq!((change.request_id, change.change), (7, expect));
            assert_eq!(change.actor.to_string(), r"CORP\eve");
        }
    }

    #[test]
    fn changes_of_a_ca_keep_the_texts_of_windows() {
        for (how, list, expect) in [
            (
                ca::audit_filter as Read,
                vec![("AuditFilter", "127")],
                CaSetting::AuditFilter { filter: "127".into() },
            ),
            (
                ca::setting,
                vec![("Node", "PolicyModules"), ("Entry", "EditFlags"), ("Value", "0x15014e")],
                CaSetting::Setting {
                    node: "PolicyModules".into(),
                    entry: "EditFlags".into(),
                    value: "0x15014e".into(),
                },
            ),
            (
                ca::rows_deleted,
                vec![("TableId", "0"), ("Filter", "0"), ("RowsDeleted", "12")],
                CaSetting::RowsDeleted { table: "0".into(), filter: "0".into(), rows: 12 },
            ),
            (
                ca::started,
                vec![("PrivateKeyUsageCount", "55")],
                CaSetting::Started { key_usage_count: Some(55) },
            ),
            (ca::stopped, vec![("PrivateKeyUsageCount", "-")], CaSetting::Stopped { key_usage_count: None }),
        ] {
            let Ok(Activity::CaChanged(change)) = read(how, &list) else { panic!("{expect:?}") };
            assert_eq!(change.change, expect);
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        for (how, name) in [
            (ca::request_denied as Read, "RequestId"),
            (ca::extension_set, "ExtensionName"),
            (ca::attributes_set, "Attributes"),
            (ca::security_settings, "SecuritySettings"),
            (ca::certificate_imported, "Certificate"),
            (ca::audit_filter, "AuditFilter"),
            (ca::restrictions, "EnableRestrictedPermissions"),
            (ca::setting, "Entry"),
            (ca::property, "PropertyName"),
            (ca::rows_deleted, "TableId"),
            (ca::backup_started, "BackupType"),
            (ca::certificate_published, "CertificateHash"),
            (ca::key_used, "KeyName"),
        ] {
            assert_eq!(read(how, &[]), Err(Rejection::missing(name)));
        }
        assert_eq!(
            read(ca::rows_deleted, &[("TableId", "0"), ("RowsDeleted", "many")]).unwrap_err().to_string(),
            "bad_field: RowsDeleted is \"many\", not a number"
        );
    }
}
