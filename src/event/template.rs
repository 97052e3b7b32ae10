//! Certificate templates as a CA logs them: 4898, 4899 and 4900.

use serde::{Deserialize, Serialize};

/// The fields of 4898, 4899 and 4900. Texts have at most 8 KiB each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSeen {
    /// TemplateInternalName: the common name of the template.
    pub internal_name: String,
    /// TemplateOID, its object identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<String>,
    /// TemplateSchemaVersion: 1 for the templates of Windows 2000, which nobody can edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<u32>,
    /// TemplateVersion, major and minor: `100.4`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// TemplateDSObjectFQDN: the distinguished name of the template.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object_dn: String,
    /// TemplateContent, of 4899 and 4900 the new one: attributes and their values, one a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// SecurityDescriptor or NewSecurityDescriptor. 4899 has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_descriptor: Option<String>,
    /// OldTemplateContent. 4898 has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_content: Option<String>,
    /// OldSecurityDescriptor. Only 4900 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_security_descriptor: Option<String>,
    /// What `content` decodes to, as far as it can be read.
    #[serde(default)]
    pub flags: TemplateFlags,
    /// What `old_content` decodes to, as far as it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_flags: Option<TemplateFlags>,
    /// Which of the three events it is.
    pub change: TemplateChange,
}

/// Why a CA logged a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateChange {
    /// 4898: the CA loaded it, as at every start.
    Loaded,
    /// 4899: its content changed.
    Updated,
    /// 4900: who may use or change it changed.
    SecurityUpdated,
}

/// What decides whether a template can be abused. None is unknown, an empty list is known to be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateFlags {
    /// msPKI-Template-Schema-Version, 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<u32>,
    /// msPKI-Certificate-Name-Flag: where the names of the certificate come from, as MS-CRTD 2.28 numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_flag: Option<u32>,
    /// msPKI-Enrollment-Flag, as MS-CRTD 2.26 numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment_flag: Option<u32>,
    /// msPKI-RA-Signature: how many signatures a request needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ra_signatures: Option<u32>,
    /// pKIExtendedKeyUsage: the object identifiers of what certificates are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ekus: Option<Vec<String>>,
    /// msPKI-Certificate-Application-Policy: the same, for templates of schema 2 and later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_policies: Option<Vec<String>>,
    /// msPKI-Certificate-Policy: object identifiers of issuance policies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_policies: Option<Vec<String>>,
    /// msPKI-RA-Application-Policies: the object identifiers that a signature needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ra_application_policies: Option<Vec<String>>,
}

/// CT_FLAG_ENROLLEE_SUPPLIES_SUBJECT of the name flag: the request decides on the subject and all names.
pub const ENROLLEE_SUPPLIES_SUBJECT: u32 = 0x1;
/// CT_FLAG_ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME of the name flag: the request decides on the alternative names.
pub const ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME: u32 = 0x1_0000;
/// CT_FLAG_PEND_ALL_REQUESTS of the enrollment flag: a manager must approve.
pub const PEND_ALL_REQUESTS: u32 = 0x2;
/// CT_FLAG_NO_SECURITY_EXTENSION of the enrollment flag: the certificate does not name the requester's SID.
pub const NO_SECURITY_EXTENSION: u32 = 0x8_0000;

impl TemplateFlags {
    /// Whether a request decides on names of the certificate; none while the flag is unknown.
    pub fn enrollee_supplies_names(&self) -> Option<bool> {
        self.name_flag
            .map(|flag| flag & (ENROLLEE_SUPPLIES_SUBJECT | ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME) != 0)
    }
}
