"""Fixtures of shadow-credential: somebody registers a key for the account of another."""
from activities import BASE, directory
from windows import at, logon

KEY = "B:828:00020000200001"
CAS = "cas: {ca01.corp.example: CORP-CA01}\n"


def key(actor, name="bob.jones", computer=False, operation="value_added"):
    dn = f"CN={name},{'CN=Computers' if computer else 'CN=Users'},{BASE}"
    return directory(actor, dn, "msDS-KeyCredentialLink", f"{KEY}:{dn}", operation, "computer" if computer else "user")


def with_key(name, issuer, **more):
    found = logon(name, 571, **more)
    return found | {"data": found["data"] | {"CertIssuerName": issuer, "CertSerialNumber": "7A11C0DE01"}}


def stories():
    yield ("fires_key_for_another", "mallory registers a key for bob.jones.", [at(0, key("CORP\\mallory"))])
    yield ("fires_critical_when_used", "mallory registers a key for bob.jones, and two minutes later somebody logs on with it.",
           [at(0, key("CORP\\mallory")), at(2, with_key("bob.jones", "bob.jones"))], {"policy": CAS})
    yield ("fires_logon_arrives_first", "The domain controller of the logon delivers first.",
           [at(2, with_key("bob.jones", "bob.jones")), at(0, key("CORP\\mallory"))], {"policy": CAS})
    yield ("fires_used_without_known_cas", "No CA in the policy: the issuer is called like the account.",
           [at(0, key("CORP\\mallory", "WKS-114", True)), at(2, with_key("WKS-114$", "WKS-114"))])
    yield ("fires_user_called_like_entra_connect", "An account called MSOL_admin is not that of Entra Connect.", [at(0, key("CORP\\MSOL_admin"))])
    yield ("fires_key_without_its_use", "The logon that follows is with a certificate of the CA: the alert of the key stays high.",
           [at(0, key("CORP\\mallory")), at(2, logon("bob.jones", 572))], {"policy": CAS})
    yield ("quiet_device_registers_itself", "A laptop registers its own key (Windows Hello, hybrid join), and logs on with it.",
           [at(0, key("CORP\\WKS-114$", "WKS-114", True)), at(2, with_key("WKS-114$", "WKS-114"))])
    yield ("quiet_entra_connect", "Entra Connect writes the key of a user back.", [at(0, key("CORP\\MSOL_0a1b2c3d4e5f"))])
    yield ("quiet_writer_of_the_policy", "AD FS registers a key for a user.", [at(0, key("CORP\\adfs-gmsa$"))],
           {"policy": "allow:\n  key_writers: ['CORP\\adfs-gmsa$']\n"})
    yield ("quiet_key_removed", "An administrator removes a key.", [at(0, key("CORP\\ca-admin", operation="value_deleted"))])
    yield ("quiet_logon_with_a_key_nobody_registered", "A logon with a self-signed key, and no registration by another.", [at(2, with_key("bob.jones", "bob.jones"))])
