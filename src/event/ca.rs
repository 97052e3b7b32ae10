//! What administrators do to a CA: its pending requests (4868 to 4874), its settings (4876 to 4896), keys (5058, 5059), and
//! certificates (1007 of CertificateServicesClient-Lifecycle-System).

use crate::event::account::{Account, Sid};
use serde::{Deserialize, Serialize};

/// The fields of 4868, 4869, 4873 and 4874: somebody decided on a pending request, or altered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRequestChange {
    /// RequestId, unique within one CA.
    pub request_id: u32,
    /// SubjectUserName and SubjectDomainName: who did it.
    pub actor: Account,
    /// SubjectUserSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_sid: Option<Sid>,
    /// What was done to the request.
    pub change: RequestChange,
}

/// What was done to a pending request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestChange {
    /// 4868: a manager denied it.
    Denied,
    /// 4869: it was submitted again, which issues it.
    Resubmitted,
    /// 4873: an extension of the certificate to be was set.
    ExtensionSet {
        /// ExtensionName: its object identifier.
        name: String,
    },
    /// 4874: attributes of the request were set.
    AttributesSet {
        /// Attributes, as lines of `Name:value`.
        attributes: String,
    },
}

/// The fields of 4876, 4880 to 4885, 4890 to 4892, 4895 and 4896: a CA was changed, started or stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaChange {
    /// SubjectUserName and SubjectDomainName: who did it. 4880, 4881 and 4895 name nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Account>,
    /// SubjectUserSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_sid: Option<Sid>,
    /// Which of these events it is, with its fields.
    pub change: CaSetting,
}

/// What was changed at a CA. Texts are those of Windows, at most 8 KiB each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaSetting {
    /// 4882: who may manage the CA or enroll.
    SecuritySettings {
        /// SecuritySettings: the new permissions.
        settings: String,
    },
    /// 4884: a certificate was imported into the database.
    CertificateImported {
        /// RequestId that the certificate got.
        request_id: Option<u32>,
        /// Certificate, as Windows writes it.
        certificate: String,
    },
    /// 4885: which groups of events the CA audits.
    AuditFilter {
        /// AuditFilter: the new bits, as Windows writes them.
        filter: String,
    },
    /// 4890: what certificate managers and agents are restricted to.
    Restrictions {
        /// EnableRestrictedPermissions, whether they apply.
        enabled: String,
        /// RestrictedPermissions: who may manage whose requests, on which templates.
        restrictions: String,
    },
    /// 4891: an entry of the CA's configuration in the registry.
    Setting {
        /// Node: the key below the configuration of the CA.
        node: String,
        /// Entry: the name of the value, such as `EditFlags`.
        entry: String,
        /// Value that the entry has now.
        value: String,
    },
    /// 4892: a property of the CA, such as the list of its templates.
    Property {
        /// PropertyName, or its number.
        name: String,
        /// PropertyIndex, for properties that have several values.
        index: String,
        /// PropertyType, or its number.
        kind: String,
        /// PropertyValue: the new value.
        value: String,
    },
    /// 4895: a CA certificate was published to the directory.
    PublishedCaCertificate {
        /// CertificateHash of the certificate.
        hash: String,
        /// ValidFrom, as Windows writes it.
        valid_from: String,
        /// ValidTo, as Windows writes it.
        valid_to: String,
    },
    /// 4896: rows of the CA's database were deleted.
    RowsDeleted {
        /// TableId: the table that had them.
        table: String,
        /// Filter: which rows, by their age or id.
        filter: String,
        /// RowsDeleted, the number of rows.
        rows: u64,
    },
    /// 4876: a backup of the database or of the key began.
    BackupStarted {
        /// BackupType, as Windows writes it.
        kind: String,
    },
    /// 4880: the service started.
    Started {
        /// PrivateKeyUsageCount: how often the key was used, where its provider counts.
        key_usage_count: Option<u64>,
    },
    /// 4881: the service stopped.
    Stopped {
        /// PrivateKeyUsageCount: how often the key was used, where its provider counts.
        key_usage_count: Option<u64>,
    },
}

/// The fields of 5058 and 5059: an operation on the file of a key, or its export or import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// SubjectUserName and SubjectDomainName: who did it.
    pub actor: Account,
    /// SubjectUserSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_sid: Option<Sid>,
    /// KeyName: for the key of a CA, the CA's common name.
    pub key_name: String,
    /// Operation, as Windows writes it: `%%2464` is an export.
    pub operation: String,
    /// ProviderName: the provider that keeps the key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// KeyType, as Windows writes it: `%%2499` is a key of the machine, `%%2500` one of a user.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_type: String,
}

/// The fields of 1007 of CertificateServicesClient-Lifecycle-System: a certificate of the machine was exported from its store,
/// with its key or without: the event does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateExport {
    /// AccountName: who did it.
    pub actor: Account,
    /// ProcessName: the program that did it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub process: String,
    /// Thumbprint of the certificate.
    pub thumbprint: String,
    /// The first SubjectName: the subject, as a distinguished name.
    pub subject: String,
    /// The name of the Template; none: the certificate was made without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

impl CertificateExport {
    /// The templates of the certificates of CAs, by the names that Windows gives them.
    pub const TEMPLATES_OF_CAS: [&str; 2] = ["CA", "SubCA"];
}
