"""Fixtures of weak-mapping: a certificate maps to its account by a name only."""
from activities import mapped, registry
from windows import at


def stories():
    yield ("fires_subject_of_another_account", "A certificate of mallory was used for alice.smith: somebody changed what alice.smith maps by.",
           [at(0, mapped(39, "alice.smith", "CN=mallory", 501))])
    yield ("fires_critical_for_a_protected_account", "The same for the administrator.",
           [at(0, mapped(39, "administrator", "CN=mallory", 501))])
    yield ("fires_machine_with_the_name_of_another", "A certificate of a laptop was used for a domain controller.",
           [at(0, mapped(39, "DC02$", "CN=wks-114.corp.example", 502))])
    yield ("fires_once_a_day_for_an_issuer", "Certificates of device management have no SID extension: one low alert a day for users and one for machines, not one for each of them.",
           [at(i, mapped(39, name, subject, 510 + i)) for i, (name, subject) in enumerate([
               ("alice.smith", "CN=Alice Smith"), ("bob.jones", "CN=7c9e6679-7425-40de-944b-e07fc1f90ae7"),
               ("carol.white", "CN=iphone-7.mdm.corp.example"), ("WKS-114$", "CN=wks-114.corp.example"), ("WKS-115$", "CN=WKS-115")])]
           + [at(5, mapped(39, "alice.smith", "CN=Alice Smith", 520), days=1)])
    yield ("fires_low_for_a_habit_of_the_issuer", "Certificates of a CA have the first part of the UPN as common name, which is not the account name: the first four are high, then there is one low alert.",
           [at(i, mapped(39, f"{user[0]}{user.split('.')[1]}", f"CN={user}", 540 + i)) for i, user in enumerate(
               ["ann.lee", "bob.jones", "carol.white", "dan.brown", "eve.black", "finn.gray", "gail.green"])])
    yield ("fires_critical_within_a_habit", "The same CA, and a certificate is used for the administrator.",
           [at(i, mapped(39, f"u{i}", f"CN=user.{i}", 540 + i)) for i in range(6)] + [at(20, mapped(39, "administrator", "CN=mallory", 550))])
    yield ("fires_key_that_signs_itself_under_another_name", "45: a key that signs itself, and its name is not that of the account.",
           [at(0, mapped(45, "bob.jones", "CN=mallory", 503, issuer="mallory"))])
    yield ("fires_binding_enforcement_lowered", "A domain controller does not enforce strong mappings any more.",
           [at(0, registry("CORP\\mallory", "StrongCertificateBindingEnforcement", "2", "1"))])
    yield ("fires_mapping_by_name_allowed", "Schannel of a domain controller maps certificates by their UPN again (0x4).",
           [at(0, registry("CORP\\mallory", "CertificateMappingMethods", "0x18", "0x1c",
                           key="\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Control\\SecurityProviders\\SCHANNEL"))])
    yield ("quiet_windows_hello", "45 and 21 in mass on patched domain controllers: keys of Windows Hello and of hybrid join, which no CA has certified.",
           [at(0, mapped(45, "alice.smith", "CN=S-1-12-1-1-2-3-4/4c3f/login.windows.net/7c1b/alice.smith@corp.example",
                         issuer="S-1-12-1-1-2-3-4/4c3f/login.windows.net/7c1b/alice.smith@corp.example")),
            at(1, mapped(21, "WKS-114$", "CN=wks-114", 531, issuer="MS-Organization-P2P-Access [2026]")),
            at(2, mapped(45, "bob.jones", "CN=bob.jones", 532, issuer="bob.jones"))])
    yield ("fires_low_for_machines_of_their_domain", "Machines whose certificates have their host names as common names, also below a suffix of their own, and a node with the name of its cluster; the KDC writes no domain of the account. One low alert for the issuer.",
           [at(i, mapped(39, name, f"CN={host}", 560 + i)) for i, (name, host) in enumerate([
               ("WKS-114$", "wks-114.corp.example"), ("APP7$", "app7.prod.example"), ("SQLNODE1$", "sqlclu.corp.example")])],
           {"policy": "domains: {CORP: [corp.example]}\nhosts: {'CORP\\SQLNODE1$': [sqlclu.corp.example]}\n"})
    yield ("fires_machine_with_the_name_of_its_namesake", "A certificate of a server of the child domain was used for its namesake of the parent.",
           [at(0, mapped(39, "FILES01$", "CN=files01.child.corp.example", 565))],
           {"policy": "domains: {CORP: [corp.example], CHILD: [child.corp.example]}\n"})
    yield ("fires_check_of_issuers_off", "A domain controller does not check any more whether NTAuthCertificates has the issuer (CVE-2025-26647).",
           [at(0, registry("CORP\\mallory", "AllowNtAuthPolicyBypass", "2", "0"))])
    yield ("quiet_enforcement_raised", "The settings of a domain controller become stricter.",
           [at(0, registry("CORP\\ca-admin", "StrongCertificateBindingEnforcement", "1", "2")),
            at(1, registry("CORP\\ca-admin", "CertificateMappingMethods", "0x1f", "0x18")),
            at(2, registry("CORP\\ca-admin", "AllowNtAuthPolicyBypass", "1", "2"))])
    yield ("quiet_switched_off", "The detection is switched off.",
           [at(0, mapped(39, "alice.smith", "CN=mallory", 501))], {"policy": "weak_mapping: {enabled: false}\n"})
