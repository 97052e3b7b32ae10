//! Changes in the directory and in the registry: 4738, 4741, 4742, 4781, 5136, 5137, 5141, and 4657.

use crate::event::account::{Account, Sid};
use crate::event::host::Host;
use serde::{Deserialize, Serialize};

/// The fields of 4738, 4741 and 4742: an account was created or changed. A value that was not set is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChange {
    /// TargetUserName and TargetDomainName: the account.
    pub account: Account,
    /// TargetSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// SubjectUserName and SubjectDomainName: who did it.
    pub actor: Account,
    /// SubjectUserSid, the SID of the one who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_sid: Option<Sid>,
    /// Whether the account is new.
    pub kind: AccountChangeKind,
    /// SamAccountName, the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sam_account_name: Option<String>,
    /// UserPrincipalName, the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    /// DnsHostName of a computer, the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_host_name: Option<Host>,
    /// ServicePrincipalNames of a computer, all of the new ones, at most 256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_principal_names: Option<Vec<String>>,
    /// PrivilegeList of 4741 has SeMachineAccountPrivilege: the account was created under the quota that every user has, and not by
    /// rights on the container.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_quota: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Whether an account was created or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChangeKind {
    /// 4741: a computer account was created.
    Created,
    /// 4738, 4742: a user account or a computer account was changed.
    Changed,
}

/// The fields of 4781: an account has another name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRename {
    /// TargetDomainName, the domain of the account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// OldTargetUserName, its sAMAccountName until now.
    pub old_name: String,
    /// NewTargetUserName, its sAMAccountName from now on.
    pub new_name: String,
    /// TargetSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// SubjectUserName and SubjectDomainName: who did it.
    pub actor: Account,
    /// SubjectUserSid, the SID of the one who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_sid: Option<Sid>,
}

/// The fields of 5136, 5137 and 5141: an object of the directory, or a value of it, was added or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryChange {
    /// SubjectUserName and SubjectDomainName: who did it.
    pub actor: Account,
    /// SubjectUserSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_sid: Option<Sid>,
    /// OpCorrelationID, which the changes of one operation share: the value that goes and the one that comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
    /// ObjectDN, the distinguished name of the object.
    pub object_dn: String,
    /// ObjectGUID, which stays when the object is renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_guid: Option<String>,
    /// ObjectClass: `user`, `computer`, `pKICertificateTemplate`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object_class: String,
    /// AttributeLDAPDisplayName. Only 5136 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// AttributeValue, at most 8 KiB of it, and 256 bytes of a msDS-KeyCredentialLink. Only 5136 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What happened to the value or the object.
    pub operation: DirectoryOperation,
}

/// What happened to an object of the directory or a value of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryOperation {
    /// 5136 with `%%14674`: the attribute has this value now.
    ValueAdded,
    /// 5136 with `%%14675`: the attribute has this value no more.
    ValueDeleted,
    /// 5137: the object was created.
    Created,
    /// 5141: the object was deleted.
    Deleted,
}

/// The fields of 4657: a value in the registry was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryChange {
    /// SubjectUserName and SubjectDomainName: who did it.
    pub actor: Account,
    /// SubjectUserSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_sid: Option<Sid>,
    /// ObjectName, the path of the key: `\REGISTRY\MACHINE\SYSTEM\…`.
    pub key: String,
    /// ObjectValueName, the name of the value.
    pub value_name: String,
    /// OldValue, as Windows writes it; none for a value that is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// NewValue, as Windows writes it; none for a value that was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// ProcessName: the program that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
}
