//! What administrators do to a CA.

use crate::event::{CaChange, CaSetting, CertificateExport, KeyUse, PendingRequestChange, RequestChange};
use crate::wire::event::common::{account_from, account_to, sid_from, sid_to, some_account};
use crate::wire::record;

pub(crate) fn request_change_to(change: &PendingRequestChange) -> record::PendingRequestChange {
    use crate::wire::record::pending_request_change::Change as To;
    record::PendingRequestChange {
        request_id: change.request_id,
        actor: Some(account_to(&change.actor)),
        actor_sid: sid_to(change.actor_sid.as_ref()),
        change: Some(match &change.change {
            RequestChange::Denied => To::Denied(record::Empty {}),
            RequestChange::Resubmitted => To::Resubmitted(record::Empty {}),
            RequestChange::ExtensionSet { name } => To::ExtensionSet(name.clone()),
            RequestChange::AttributesSet { attributes } => To::AttributesSet(attributes.clone()),
        }),
    }
}

pub(crate) fn request_change_from(r: record::PendingRequestChange) -> Result<PendingRequestChange, String> {
    use crate::wire::record::pending_request_change::Change as From;
    Ok(PendingRequestChange {
        request_id: r.request_id,
        actor: account_from(r.actor),
        actor_sid: sid_from(r.actor_sid)?,
        change: match r.change.ok_or("pending request without a change")? {
            From::Denied(_) => RequestChange::Denied,
            From::Resubmitted(_) => RequestChange::Resubmitted,
            From::ExtensionSet(name) => RequestChange::ExtensionSet { name },
            From::AttributesSet(attributes) => RequestChange::AttributesSet { attributes },
        },
    })
}

pub(crate) fn ca_change_to(change: &CaChange) -> record::CaChange {
    record::CaChange {
        actor: change.actor.as_ref().map(account_to),
        actor_sid: sid_to(change.actor_sid.as_ref()),
        change: Some(setting_to(change.change.clone())),
    }
}

pub(crate) fn ca_change_from(r: record::CaChange) -> Result<CaChange, String> {
    Ok(CaChange {
        actor: some_account(r.actor),
        actor_sid: sid_from(r.actor_sid)?,
        change: setting_from(r.change.ok_or("change of a CA without what changed")?),
    })
}

fn setting_to(setting: CaSetting) -> record::ca_change::Change {
    use crate::wire::record::ca_change::Change as To;
    match setting {
        CaSetting::SecuritySettings { settings } => To::SecuritySettings(settings),
        CaSetting::CertificateImported { request_id, certificate } => {
            To::CertificateImported(record::CertificateImported { request_id, certificate })
        }
        CaSetting::AuditFilter { filter } => To::AuditFilter(filter),
        CaSetting::Restrictions { enabled, restrictions } => {
            To::Restrictions(record::CaRestrictions { enabled, restrictions })
        }
        CaSetting::Setting { node, entry, value } => {
            To::Setting(record::CaRegistryEntry { node, entry, value })
        }
        CaSetting::Property { name, index, kind, value } => {
            To::Property(record::CaProperty { name, index, kind, value })
        }
        CaSetting::PublishedCaCertificate { hash, valid_from, valid_to } => {
            To::PublishedCaCertificate(record::PublishedCaCertificate { hash, valid_from, valid_to })
        }
        CaSetting::RowsDeleted { table, filter, rows } => {
            To::RowsDeleted(record::RowsDeleted { table, filter, rows })
        }
        CaSetting::BackupStarted { kind } => To::BackupStarted(kind),
        CaSetting::Started { key_usage_count: count } => To::Started(record::KeyUsage { count }),
        CaSetting::Stopped { key_usage_count: count } => To::Stopped(record::KeyUsage { count }),
    }
}

fn setting_from(r: record::ca_change::Change) -> CaSetting {
    use crate::wire::record::ca_change::Change as From;
    match r {
        From::SecuritySettings(settings) => CaSetting::SecuritySettings { settings },
        From::CertificateImported(r) => {
            CaSetting::CertificateImported { request_id: r.request_id, certificate: r.certificate }
        }
        From::AuditFilter(filter) => CaSetting::AuditFilter { filter },
        From::Restrictions(r) => CaSetting::Restrictions { enabled: r.enabled, restrictions: r.restrictions },
        From::Setting(r) => CaSetting::Setting { node: r.node, entry: r.entry, value: r.value },
        From::Property(r) => {
            CaSetting::Property { name: r.name, index: r.index, kind: r.kind, value: r.value }
        }
        From::PublishedCaCertificate(r) => {
            CaSetting::PublishedCaCertificate { hash: r.hash, valid_from: r.valid_from, valid_to: r.valid_to }
        }
        From::RowsDeleted(r) => CaSetting::RowsDeleted { table: r.table, filter: r.filter, rows: r.rows },
        From::BackupStarted(kind) => CaSetting::BackupStarted { kind },
        From::Started(r) => CaSetting::Started { key_usage_count: r.count },
        From::Stopped(r) => CaSetting::Stopped { key_usage_count: r.count },
    }
}

pub(crate) fn key_use_to(key: &KeyUse) -> record::KeyUse {
    record::KeyUse {
        actor: Some(account_to(&key.actor)),
        actor_sid: sid_to(key.actor_sid.as_ref()),
        key_name: key.key_name.clone(),
        operation: key.operation.clone(),
        provider: key.provider.clone(),
        key_type: key.key_type.clone(),
    }
}

pub(crate) fn key_use_from(r: record::KeyUse) -> Result<KeyUse, String> {
    Ok(KeyUse {
        actor: account_from(r.actor),
        actor_sid: sid_from(r.actor_sid)?,
        key_name: r.key_name,
        operation: r.operation,
        provider: r.provider,
        key_type: r.key_type,
    })
}

pub(crate) fn export_to(export: &CertificateExport) -> record::CertificateExport {
    record::CertificateExport {
        actor: Some(account_to(&export.actor)),
        process: export.process.clone(),
        thumbprint: export.thumbprint.clone(),
        subject: export.subject.clone(),
        template: export.template.clone(),
    }
}

pub(crate) fn export_from(r: record::CertificateExport) -> CertificateExport {
    CertificateExport {
        actor: account_from(r.actor),
        process: r.process,
        thumbprint: r.thumbprint,
        subject: r.subject,
        template: r.template,
    }
}
