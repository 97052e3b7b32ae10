"""Fixtures of shadow-credential: somebody registers a key for the account of another."""
from activities import BASE, directory, mapped
from windows import at, logon

KEY = "B:828:00020000200001"
CAS = "cas: {ca01.corp.example: CORP-CA01}\n"


def key(actor, name="bob.jones", computer=False, operation="value_added"):
    dn = f"CN={name},{'CN=Computers' if computer else 'CN=Users'},{BASE}"
    return directory(actor, dn, "msDS-KeyCredentialLink", f"{KEY}:{dn}", operation, "computer" if computer else "user")


def service_key(actor, kind):
    dn = f"CN=svc-sql,CN=Managed Service Accounts,{BASE}"
    return directory(actor, dn, "msDS-KeyCredentialLink", f"{KEY}:{dn}", object_class=f"msDS-{kind}ManagedServiceAccount")


def with_key(name, issuer, number="7A11C0DE01", **more):
    found = logon(name, 571, **more)
    return found | {"data": found["data"] | {"CertIssuerName": issuer, "CertSerialNumber": number}}


def mapping(actor="CORP\\mallory", value="X509:<SKI>90b3d0f1a2c4"):
    return directory(actor, f"CN=bob.jones,CN=Users,{BASE}", "altSecurityIdentities", value)


def untrusted(event_id=45, issuer="Trial Root", subject="CN=bob"):
    """The KDC: the certificate's issuer is not in NTAuthCertificates."""
    return mapped(event_id, "bob.jones", subject, 575, issuer=issuer)


def stories():
    yield ("fires_key_for_another", "mallory registers a key for bob.jones.", [at(0, key("CORP\\mallory"))])
    yield ("fires_critical_when_used", "mallory registers a key for bob.jones, and two minutes later somebody logs on with it.",
           [at(0, key("CORP\\mallory")), at(2, with_key("bob.jones", "bob.jones"))], {"policy": CAS})
    yield ("fires_logon_arrives_first", "The domain controller of the logon delivers first.",
           [at(2, with_key("bob.jones", "bob.jones")), at(0, key("CORP\\mallory"))], {"policy": CAS})
    yield ("fires_used_without_known_cas", "No CA in the policy: the issuer is called like the account.",
           [at(0, key("CORP\\mallory", "WKS-114", True)), at(2, with_key("WKS-114$", "WKS-114"))])
    yield ("fires_used_with_serial_zero", "The tool gives its certificate the serial number 0 and a name of its own.",
           [at(0, key("CORP\\mallory")), at(2, with_key("bob.jones", "kdcproxy", "00"))])
    yield ("fires_user_called_like_entra_connect", "An account called MSOL_admin is not that of Entra Connect.", [at(0, key("CORP\\MSOL_admin"))])
    yield ("fires_key_without_its_use", "The logon that follows is with a certificate of the CA: the alert of the key stays high.",
           [at(0, key("CORP\\mallory")), at(2, logon("bob.jones", 572))], {"policy": CAS})
    yield ("fires_mapped_key_of_an_untrusted_issuer", "mallory maps a key to bob.jones, and a certificate of a CA of her own is used for him (CVE-2025-26647).",
           [at(0, mapping()), at(2, untrusted())])
    yield ("fires_mapped_key_that_is_refused", "The same at a domain controller that enforces the check.", [at(0, mapping()), at(2, untrusted(21))])
    yield ("quiet_mapped_key_without_its_use", "An administrator maps the key of a card to a user.", [at(0, mapping("CORP\\ca-admin"))])
    yield ("quiet_mapped_key_and_windows_hello", "The user has Windows Hello too, whose key signs itself: domain controllers report it in mass.",
           [at(0, mapping("CORP\\ca-admin")), at(2, untrusted(issuer="bob.jones", subject="CN=bob.jones"))])
    yield ("quiet_mapped_by_identity_management", "Identity management maps the cards of a partner's CA.", [at(0, mapping("CORP\\svc-idm")), at(2, untrusted())],
           {"policy": "allow: {changers: ['CORP\\svc-idm']}\n"})
    yield ("quiet_untrusted_issuer_without_a_mapping", "A certificate of a partner's CA, and nobody mapped a key.", [at(2, untrusted())])
    yield ("quiet_device_registers_itself", "A laptop registers its own key (Windows Hello, hybrid join), and logs on with it.",
           [at(0, key("CORP\\WKS-114$", "WKS-114", True)), at(2, with_key("WKS-114$", "WKS-114"))])
    yield ("quiet_entra_connect", "Entra Connect writes the key of a user back.", [at(0, key("CORP\\MSOL_0a1b2c3d4e5f"))])
    yield ("quiet_writer_of_the_policy", "AD FS registers a key for a user.", [at(0, key("CORP\\adfs-gmsa$"))],
           {"policy": "allow:\n  key_writers: ['CORP\\adfs-gmsa$']\n"})
    yield ("quiet_registered_devices", "AD FS registers devices with their keys: their objects are no accounts.",
           [at(i, directory("CORP\\adfs-gmsa$", f"CN=3f2b1c0{i}-0000-4000-8000-000000000001,CN=RegisteredDevices,{BASE}", "msDS-KeyCredentialLink", KEY, object_class="msDS-Device"))
            for i in range(3)])
    yield ("fires_key_of_a_managed_service_account_used", "mallory registers a key for a delegated managed service account, and logs on as it.",
           [at(0, service_key("CORP\\mallory", "Delegated")), at(2, with_key("svc-sql$", "svc-sql"))])
    yield ("quiet_managed_service_account_registers_itself", "A managed service account registers its own key.", [at(0, service_key("CORP\\svc-sql$", ""))])
    yield ("quiet_key_removed", "An administrator removes a key.", [at(0, key("CORP\\ca-admin", operation="value_deleted"))])
    yield ("quiet_logon_with_a_key_nobody_registered", "A logon with a self-signed key, and no registration by another.", [at(2, with_key("bob.jones", "bob.jones"))])
