"""Fixtures of ca-tampered: a setting of a CA is changed so that it can be abused, or so that it logs less."""
from activities import ca_changed, registry
from windows import CA, at

POLICY = "PolicyModules\\CertificateAuthority_MicrosoftDefault.Policy"
KEY = f"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\CertSvc\\Configuration\\CORP-CA01\\{POLICY}"
M = "CORP\\mallory"


def setting(entry, value, actor=M):
    return ca_changed(4891, actor, {"Node": POLICY, "Entry": entry, "Value": value})


def audit(bits, actor=M):
    return ca_changed(4885, actor, {"AuditFilter": bits})


def security(actor=M):
    return ca_changed(4882, actor, {"SecuritySettings": "Allow CORP\\mallory Manage CA"})


def stories():
    yield ("fires_names_in_attributes_allowed", "mallory sets EDITF_ATTRIBUTESUBJECTALTNAME2 with certutil: 4657 of the registry (ESC6).",
           [at(0, registry(M, "EditFlags", "1114446", "1376590", CA, KEY))])
    yield ("fires_names_in_attributes_allowed_through_the_service", "The same change reaches the CA as 4891, and the registry reports it too: one alert.",
           [at(0, setting("EditFlags", "0x15014e")), at(0, registry(M, "EditFlags", "0x11014e", "0x15014e", CA, KEY), seconds=1)])
    yield ("fires_audit_filter_deleted", "mallory deletes the audit filter of the CA: without it Windows logs nothing of the CA.",
           [at(0, registry(M, "AuditFilter", "127", None, CA, KEY.removesuffix(f"\\{POLICY}")))])
    yield ("fires_encryption_not_enforced", "InterfaceFlags loses IF_ENFORCEENCRYPTICERTREQUEST (ESC11).",
           [at(0, registry(M, "InterfaceFlags", "1601", "1089", CA, KEY))])
    yield ("fires_sid_extension_off", "The CA leaves the SID out of all certificates (ESC16).",
           [at(0, registry(M, "DisableExtensionList", None, "1.3.6.1.4.1.311.25.2", CA, KEY))])
    yield ("fires_approval_of_the_whole_ca_off", "Requests waited for a manager of the CA. mallory lets the CA issue at once.",
           [at(0, registry(M, "RequestDisposition", "257", "1", CA, KEY))])
    yield ("fires_approval_off_through_the_service", "An administrator sets the approval, and mallory lets the request decide: 4891 names the new values only.",
           [at(0, setting("RequestDisposition", "0x101", "CORP\\ca-admin")), at(60, setting("RequestDisposition", "3"))])
    yield ("quiet_approval_on", "Requests wait for a manager from now on, and the setup of a new CA writes the value of Windows.",
           [at(0, setting("RequestDisposition", "1", "CORP\\ca-admin")), at(9, registry("CORP\\ca-admin", "RequestDisposition", "1", "257", CA, KEY))])
    yield ("fires_audit_off", "The audit filter is 0: nothing is logged any more.", [at(0, audit("127", "CORP\\ca-admin")), at(60, audit("0"))])
    yield ("fires_permissions_and_restrictions", "mallory changes who may manage the CA, then the restrictions of its managers: one alert, revised.",
           [at(0, security()), at(3, ca_changed(4890, M, {"EnableRestrictedPermissions": "0", "RestrictedPermissions": ""}))])
    yield ("fires_template_published_and_rows_deleted", "A template is published, and afterwards rows of the database are deleted.",
           [at(0, ca_changed(4892, M, {"PropertyName": "29", "PropertyIndex": "0", "PropertyType": "4", "PropertyValue": "ESC1\n1.3.6.1.4.1.311.21.8.1"})),
            at(30, ca_changed(4896, M, {"TableId": "0", "Filter": "0", "RowsDeleted": "3"}))])
    yield ("fires_low_for_a_known_hand", "ca-admin changes the CA again after 31 days: high at first, low then.",
           [at(0, security("CORP\\ca-admin")), at(0, security("CORP\\ca-admin"), days=31)])
    yield ("fires_new_hand_beside_a_known_one", "ca-admin is known; an hour later mallory does the same, and the alert becomes high.",
           [at(0, security("CORP\\ca-admin")), at(0, security("CORP\\ca-admin"), days=31), at(60, security(), days=31)])
    managers = {"policy": "allow: {ca_managers: ['CORP\\ca-admin']}\n"}
    published = ca_changed(4892, "CORP\\ca-admin", {"PropertyName": "29", "PropertyIndex": "0", "PropertyType": "4", "PropertyValue": "VpnUser\n1.3.6.1.4.1.311.21.8.2"})
    yield ("fires_low_for_a_named_manager", "An administrator of the CA that the policy names publishes a template and changes who may manage the CA.",
           [at(0, published), at(9, security("CORP\\ca-admin"))], managers)
    yield ("fires_ca_opened_by_a_named_manager", "The same administrator lets requests name other accounts (ESC6): that opens the CA, whoever does it.",
           [at(0, setting("EditFlags", "0x15014e", "CORP\\ca-admin"))], managers)
    yield ("fires_administration_by_another", "Somebody else changes who may manage the CA.", [at(0, security())], managers)
    yield ("quiet_setting_without_danger", "The CA logs more, enforces encryption, and has another validity period.",
           [at(0, audit("127", "CORP\\ca-admin")), at(1, setting("InterfaceFlags", "0x641")), at(2, setting("ValidityPeriodUnits", "2")),
            at(3, registry("CORP\\ca-admin", "EditFlags", "0x15014e", "0x11014e", CA, KEY))])
    yield ("quiet_ca_service_starts", "The service starts and stops.",
           [at(0, ca_changed(4880, None, {"CertificateDatabaseHash": "a1 b2", "PrivateKeyUsageCount": "7", "CACertificateHash": "c3 d4", "CACertificatePublicKeyHash": "e5 f6"})), at(9, ca_changed(4881, None, {"CertificateDatabaseHash": "a1 b2", "PrivateKeyUsageCount": "9", "CACertificateHash": "c3 d4", "CACertificatePublicKeyHash": "e5 f6"}))])
    yield ("quiet_switched_off", "The detection is switched off.", [at(0, security())], {"policy": "ca_tampered: {enabled: false}\n"})
