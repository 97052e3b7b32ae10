//! Changes in the directory and in the registry.

use crate::event::host::Host;
use crate::event::{
    AccountChange, AccountChangeKind, AccountRename, DirectoryChange, DirectoryOperation, RegistryChange,
};
use crate::wire::event::common::{account_from, account_to, host_to, sid_from, sid_to};
use crate::wire::record;

pub(crate) fn account_change_to(change: &AccountChange) -> record::AccountChange {
    let names = change.service_principal_names.clone();
    record::AccountChange {
        account: Some(account_to(&change.account)),
        sid: sid_to(change.sid.as_ref()),
        actor: Some(account_to(&change.actor)),
        actor_sid: sid_to(change.actor_sid.as_ref()),
        created: change.kind == AccountChangeKind::Created,
        sam_account_name: change.sam_account_name.clone(),
        upn: change.upn.clone(),
        dns_host_name: host_to(change.dns_host_name.as_ref()),
        service_principal_names: names.map(|names| record::ServicePrincipalNames { names }),
        by_quota: change.by_quota,
    }
}

pub(crate) fn account_change_from(r: record::AccountChange) -> Result<AccountChange, String> {
    Ok(AccountChange {
        account: account_from(r.account),
        sid: sid_from(r.sid)?,
        actor: account_from(r.actor),
        actor_sid: sid_from(r.actor_sid)?,
        kind: if r.created { AccountChangeKind::Created } else { AccountChangeKind::Changed },
        sam_account_name: r.sam_account_name,
        upn: r.upn,
        dns_host_name: r.dns_host_name.map(Host::from),
        service_principal_names: r.service_principal_names.map(|list| list.names),
        by_quota: r.by_quota,
    })
}

pub(crate) fn rename_to(rename: &AccountRename) -> record::AccountRename {
    record::AccountRename {
        domain: rename.domain.clone(),
        old_name: rename.old_name.clone(),
        new_name: rename.new_name.clone(),
        sid: sid_to(rename.sid.as_ref()),
        actor: Some(account_to(&rename.actor)),
        actor_sid: sid_to(rename.actor_sid.as_ref()),
    }
}

pub(crate) fn rename_from(r: record::AccountRename) -> Result<AccountRename, String> {
    Ok(AccountRename {
        domain: r.domain,
        old_name: r.old_name,
        new_name: r.new_name,
        sid: sid_from(r.sid)?,
        actor: account_from(r.actor),
        actor_sid: sid_from(r.actor_sid)?,
    })
}

pub(crate) fn registry_to(change: &RegistryChange) -> record::RegistryChange {
    record::RegistryChange {
        actor: Some(account_to(&change.actor)),
        actor_sid: sid_to(change.actor_sid.as_ref()),
        key: change.key.clone(),
        value_name: change.value_name.clone(),
        old: change.old.clone(),
        new: change.new.clone(),
        process: change.process.clone(),
    }
}

pub(crate) fn registry_from(r: record::RegistryChange) -> Result<RegistryChange, String> {
    Ok(RegistryChange {
        actor: account_from(r.actor),
        actor_sid: sid_from(r.actor_sid)?,
        key: r.key,
        value_name: r.value_name,
        old: r.old,
        new: r.new,
        process: r.process,
    })
}

pub(crate) fn change_to(change: &DirectoryChange) -> record::DirectoryChange {
    use crate::wire::record::DirectoryOperation as To;
    let operation = match change.operation {
        DirectoryOperation::ValueAdded => To::ValueAdded,
        DirectoryOperation::ValueDeleted => To::ValueDeleted,
        DirectoryOperation::Created => To::Created,
        DirectoryOperation::Deleted => To::Deleted,
    };
    record::DirectoryChange {
        actor: Some(account_to(&change.actor)),
        actor_sid: sid_to(change.actor_sid.as_ref()),
        operation_id: change.operation_id.clone(),
        object_dn: change.object_dn.clone(),
        object_guid: change.object_guid.clone(),
        object_class: change.object_class.clone(),
        attribute: change.attribute.clone(),
        value: change.value.clone(),
        operation: operation.into(),
    }
}

pub(crate) fn change_from(r: record::DirectoryChange) -> Result<DirectoryChange, String> {
    use crate::wire::record::DirectoryOperation as From;
    let operation = match r.operation() {
        From::ValueAdded => DirectoryOperation::ValueAdded,
        From::ValueDeleted => DirectoryOperation::ValueDeleted,
        From::Created => DirectoryOperation::Created,
        From::Deleted => DirectoryOperation::Deleted,
        From::Unspecified => return Err("change of the directory without its operation".to_owned()),
    };
    Ok(DirectoryChange {
        actor: account_from(r.actor),
        actor_sid: sid_from(r.actor_sid)?,
        operation_id: r.operation_id,
        object_dn: r.object_dn,
        object_guid: r.object_guid,
        object_class: r.object_class,
        attribute: r.attribute,
        value: r.value,
        operation,
    })
}
