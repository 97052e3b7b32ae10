//! The names of the values of each wanted event, in the order of Windows' manifests.
//!
//! 21 has no names here, and neither have 5058 and 5059, whose version 1 puts values between those of version 0.

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

const REFUSED: &[&str] = &["RequestId", "Reason", "SubjectName", "AdditionalInformation"];

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
    "ResponseTicket",
    "AccountSupportedEncryptionTypes",
    "AccountAvailableKeys",
    "ServiceSupportedEncryptionTypes",
    "ServiceAvailableKeys",
    "DCSupportedEncryptionTypes",
    "DCAvailableKeys",
    "ClientAdvertizedEncryptionTypes",
    "SessionKeyEncryptionType",
    "PreAuthEncryptionType",
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

const PREAUTHENTICATION: &[&str] = &[
    "TargetUserName",
    "TargetSid",
    "ServiceName",
    "TicketOptions",
    "Status",
    "PreAuthType",
    "IpAddress",
    "IpPort",
    "CertIssuerName",
    "CertSerialNumber",
    "CertThumbprint",
];

const SERVICE_TICKET: &[&str] = &[
    "TargetUserName",
    "TargetDomainName",
    "ServiceName",
    "ServiceSid",
    "TicketOptions",
    "TicketEncryptionType",
    "IpAddress",
    "IpPort",
    "Status",
    "LogonGuid",
    "TransmittedServices",
    "RequestTicketHash",
    "ResponseTicketHash",
    "AccountSupportedEncryptionTypes",
    "AccountAvailableKeys",
    "ServiceSupportedEncryptionTypes",
    "ServiceAvailableKeys",
    "DCSupportedEncryptionTypes",
    "DCAvailableKeys",
    "ClientAdvertizedEncryptionTypes",
    "SessionKeyEncryptionType",
];

/// As of version 3; version 2 has no RemoteCredentialGuard, and nothing behind it is wanted.
const LOGON: &[&str] = &[
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "TargetUserSid",
    "TargetUserName",
    "TargetDomainName",
    "TargetLogonId",
    "LogonType",
    "LogonProcessName",
    "AuthenticationPackageName",
    "WorkstationName",
    "LogonGuid",
    "TransmittedServices",
    "LmPackageName",
    "KeyLength",
    "ProcessId",
    "ProcessName",
    "IpAddress",
    "IpPort",
    "ImpersonationLevel",
    "RestrictedAdminMode",
    "RemoteCredentialGuard",
    "TargetOutboundUserName",
    "TargetOutboundDomainName",
    "VirtualAccount",
    "TargetLinkedLogonId",
    "ElevatedToken",
];

const USER_CHANGED: &[&str] = &[
    "Dummy",
    "TargetUserName",
    "TargetDomainName",
    "TargetSid",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
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

const COMPUTER_CREATED: &[&str] = &[
    "TargetUserName",
    "TargetDomainName",
    "TargetSid",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
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
    "DnsHostName",
    "ServicePrincipalNames",
];

const COMPUTER_CHANGED: &[&str] = &[
    "ComputerAccountChange",
    "TargetUserName",
    "TargetDomainName",
    "TargetSid",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
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
    "DnsHostName",
    "ServicePrincipalNames",
];

const RENAMED: &[&str] = &[
    "OldTargetUserName",
    "NewTargetUserName",
    "TargetDomainName",
    "TargetSid",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "PrivilegeList",
];

const REGISTRY: &[&str] = &[
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "ObjectName",
    "ObjectValueName",
    "HandleId",
    "OperationType",
    "OldValueType",
    "OldValue",
    "NewValueType",
    "NewValue",
    "ProcessId",
    "ProcessName",
];

const VALUE_CHANGED: &[&str] = &[
    "OpCorrelationID",
    "AppCorrelationID",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "DSName",
    "DSType",
    "ObjectDN",
    "ObjectGUID",
    "ObjectClass",
    "AttributeLDAPDisplayName",
    "AttributeSyntaxOID",
    "AttributeValue",
    "OperationType",
];

/// Created, with 11 values; deleted, with one more.
const OBJECT_CHANGED: &[&str] = &[
    "OpCorrelationID",
    "AppCorrelationID",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "DSName",
    "DSType",
    "ObjectDN",
    "ObjectGUID",
    "ObjectClass",
    "TreeDelete",
];

const PENDING: &[&str] =
    &["RequestId", "SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"];

const EXTENSION: &[&str] = &[
    "RequestId",
    "ExtensionName",
    "ExtensionDataType",
    "ExtensionPolicyFlags",
    "ExtensionData",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
];

const ATTRIBUTES: &[&str] =
    &["RequestId", "Attributes", "SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"];

const BACKUP: &[&str] =
    &["BackupType", "SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"];

const SERVICE: &[&str] =
    &["CertificateDatabaseHash", "PrivateKeyUsageCount", "CACertificateHash", "CACertificatePublicKeyHash"];

const PERMISSIONS: &[&str] =
    &["SecuritySettings", "SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"];

const IMPORTED: &[&str] =
    &["Certificate", "RequestId", "SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"];

const AUDIT_FILTER: &[&str] =
    &["AuditFilter", "SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"];

const RESTRICTIONS: &[&str] = &[
    "EnableRestrictedPermissions",
    "RestrictedPermissions",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
];

const SETTING: &[&str] =
    &["Node", "Entry", "Value", "SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId"];

const PROPERTY: &[&str] = &[
    "PropertyName",
    "PropertyIndex",
    "PropertyType",
    "PropertyValue",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
];

const PUBLISHED: &[&str] = &["CertificateHash", "ValidFrom", "ValidTo"];

const ROWS_DELETED: &[&str] = &[
    "TableId",
    "Filter",
    "RowsDeleted",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
];

const TEMPLATE_LOADED: &[&str] = &[
    "TemplateInternalName",
    "TemplateVersion",
    "TemplateSchemaVersion",
    "TemplateOID",
    "TemplateDSObjectFQDN",
    "DCDNSName",
    "TemplateContent",
    "SecurityDescriptor",
];

const TEMPLATE_UPDATED: &[&str] = &[
    "TemplateInternalName",
    "TemplateVersion",
    "TemplateSchemaVersion",
    "TemplateOID",
    "TemplateDSObjectFQDN",
    "DCDNSName",
    "NewTemplateContent",
    "OldTemplateContent",
];

const TEMPLATE_SECURITY: &[&str] = &[
    "TemplateInternalName",
    "TemplateVersion",
    "TemplateSchemaVersion",
    "TemplateOID",
    "TemplateDSObjectFQDN",
    "DCDNSName",
    "NewTemplateContent",
    "NewSecurityDescriptor",
    "OldTemplateContent",
    "OldSecurityDescriptor",
];

const MAPPING: &[&str] = &["AccountName", "Subject", "Issuer", "SerialNumber", "Thumbprint"];

const MAPPING_OF_SID: &[&str] =
    &["AccountName", "AccountSid", "Subject", "Issuer", "SerialNumber", "Thumbprint", "CertificateSid"];

/// The names of an event's values. A later version only appends, so the names of the latest known one serve for it
/// and for all before it; what is not wanted behind the last name has none.
pub(crate) fn of(id: u32) -> &'static [&'static str] {
    match id {
        4886 => REQUESTED,
        4887 => ISSUED,
        4888 | 4889 => DENIED,
        4768 => TICKET,
        5145 => SHARE,
        4771 => PREAUTHENTICATION,
        4769 => SERVICE_TICKET,
        4624 => LOGON,
        4738 => USER_CHANGED,
        4741 => COMPUTER_CREATED,
        4742 => COMPUTER_CHANGED,
        4781 => RENAMED,
        4657 => REGISTRY,
        5136 => VALUE_CHANGED,
        5137 => OBJECT_CHANGED.split_at(11).0,
        5141 => OBJECT_CHANGED,
        4868 | 4869 => PENDING,
        4873 => EXTENSION,
        4874 => ATTRIBUTES,
        4876 => BACKUP,
        4880 | 4881 => SERVICE,
        4882 => PERMISSIONS,
        4884 => IMPORTED,
        4885 => AUDIT_FILTER,
        4890 => RESTRICTIONS,
        4891 => SETTING,
        4892 => PROPERTY,
        4895 => PUBLISHED,
        4896 => ROWS_DELETED,
        4898 => TEMPLATE_LOADED,
        4899 => TEMPLATE_UPDATED,
        4900 => TEMPLATE_SECURITY,
        39 | 40 | 45 | 48 => MAPPING,
        53 => REFUSED,
        41 | 49 => MAPPING_OF_SID,
        _ => &[],
    }
}
