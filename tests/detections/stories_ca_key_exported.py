"""Fixtures of ca-key-exported: somebody takes a copy of what a CA signs with."""
from activities import ca_changed, certificate_exported, key_used
from windows import at

CAS = {"policy": "cas: {ca01.corp.example: CORP-CA01}\n"}
M = "CORP\\mallory"


def key(event_id, operation, actor=M, name="CORP-CA01"):
    return key_used(event_id, actor, operation, name)


def backup(actor):
    return ca_changed(4876, actor, {"BackupType": "1"})


def stories():
    yield "fires_key_exported", "mallory exports the key of the CA.", [at(0, key(5058, "%%2458")), at(0, key(5059, "%%2464"), seconds=1)], CAS
    yield ("fires_named_key_exported_while_no_ca_is_named", "The policy names no CA; mallory exports a key of the machine whose name somebody gave.",
           [at(0, key(5059, "%%2464", name="CORP-CA01(1)"))])
    yield ("fires_key_of_a_ca_whose_name_is_sanitized", "The name of the CA has characters that Windows replaces in the name of its key.",
           [at(0, key(5059, "%%2464", name="M!00fcller CA !00282026!0029(1)"))], {"policy": "cas: {ca01.corp.example: 'Müller CA (2026)'}\n"})
    web = "te-WebServer-8d0f3a52-1c1e-4f0f-9b6a-2f7d1f0c9a11"
    yield ("quiet_key_of_a_web_server", "An administrator exports the key of a web server, whose name Windows made, and that of a web farm.",
           [at(m, key_used(5059, "CORP\\ca-admin", "%%2464", name, computer="web01.corp.example")) for m, name in enumerate((web, "{3E4C1D5A-9B2F-4A77-8E11-6F0D2C3B4A59}", "NetFrameworkConfigurationKey"))])
    yield ("quiet_key_of_a_user", "Windows exports a key of the user.",
           [at(0, key_used(5059, M, "%%2464", "Microsoft Connected Devices Platform device certificate", "%%2500", "wks-066.corp.example"))])
    yield ("quiet_named_key_is_read_while_no_ca_is_named", "A key with a name is read on some host: many services do.", [at(0, key(5058, "%%2458"))])
    own, web_server = "CN=CORP-CA01, DC=corp, DC=example", "CN=web01.corp.example"
    yield ("fires_certificate_of_the_ca_exported", "mallory exports the certificate of the CA from the store of its host.",
           [at(0, certificate_exported(M, own, "CA"))], CAS | {"shape": "xml"})
    yield ("fires_certificate_of_a_ca_template_exported_while_no_ca_is_named", "The policy names no CA; mallory exports a certificate of the template for CAs.",
           [at(0, certificate_exported(M, own, "SubCA"))], {"shape": "xml"})
    yield ("quiet_other_certificates_are_exported", "On the CA an administrator exports the certificate of its web pages; on a web server, that of the server and that of the CA, which every machine has.",
           [at(0, certificate_exported("CORP\\ca-admin", "CN=ca01.corp.example", "WebServer", "Server Authentication")),
            at(1, certificate_exported("CORP\\ca-admin", web_server, "WebServer", "Server Authentication", computer="web01.corp.example")),
            at(2, certificate_exported("CORP\\ca-admin", own, "CA", computer="web01.corp.example"))], CAS | {"shape": "xml"})
    yield ("quiet_certificates_of_machines_while_no_ca_is_named", "The policy names no CA; certificates of machines are exported, with a template, without one, and by the CA itself.",
           [at(0, certificate_exported("CORP\\ca-admin", web_server, "WebServer", "Server Authentication", computer="web01.corp.example")),
            at(1, certificate_exported("CORP\\ca-admin", "CN=self.corp.example", eku="Client Authentication", computer="web01.corp.example")),
            at(2, certificate_exported("CORP\\CA01$", own, "CA", process="certutil.exe"))], {"shape": "xml"})
    yield "fires_first_backup_of_an_account", "An account that never made a backup of this CA makes one, and is known on the second day after.", [at(0, backup(M)), at(0, backup(M), days=2)]
    yield ("fires_new_hand_beside_the_nightly_backup", "The nightly backup is known; mallory makes one too.",
           [at(0, backup("CORP\\svc-ca"), days=d) for d in range(4)] + [at(300, backup(M), days=3)])
    yield "fires_certificate_imported", "mallory imports a certificate into the database.", [at(0, ca_changed(4884, M, {"Certificate": "MIID", "RequestId": "77"}))]
    yield "quiet_backup_by_the_system", "The nightly backup as SYSTEM.", [at(0, backup("NT AUTHORITY\\SYSTEM"), days=d) for d in range(2)]
    yield "quiet_backup_account_of_the_policy", "The nightly backup by an account that the policy lists.", [at(0, backup("CORP\\svc-backup"))], {"policy": "allow:\n  backup: ['CORP\\svc-backup']\n"}
    yield "quiet_service_uses_its_key", "The service reads its own key, as SYSTEM and as the machine account.", [at(0, key(5058, "%%2458", "NT AUTHORITY\\SYSTEM")), at(1, key(5059, "%%2464", "CORP\\CA01$"))], CAS
    yield "quiet_other_key", "An administrator uses a key of their own on the CA.", [at(0, key(5058, "%%2458", M, "{6a3c1f0e}"))], CAS
