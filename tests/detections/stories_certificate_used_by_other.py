"""Fixtures of certificate-used-by-other: the account that logs on with a certificate is not the one that asked for it."""
from windows import CA, CA2, at, issued, logon, own, upn

MALLORY = "CORP\\mallory"
CAS = "cas:\n  ca01.corp.example: CORP-CA01\n  ca02.corp.example: CORP-CA02\n"


def clean(request_id, name="mallory", ca=CA):
    """A certificate in the requester's own name: nothing to see until it is used."""
    return own(request_id, name, ca)


def v0(request_id, name="mallory", ca=CA):
    """The same on a CA that writes neither the name nor the serial number."""
    return issued(request_id, f"CORP\\{name}", attributes="\n\nccm:wks-066.corp.example", ca=ca, version=0)


def stories():
    yield from joined()
    yield from joined_by_request_id()
    yield from order_and_time()
    yield from quiet()


def joined():
    yield ("fires_exact_serial", "ESC14: mallory's certificate is in mallory's own name, but another account's altSecurityIdentities maps it. It is used as bob.jones.",
           [at(0, clean(301)), at(11, logon("bob.jones", 301))])
    yield ("fires_protected_account", "The same, used as the administrator.", [at(0, clean(301)), at(11, logon("administrator", 301))], {"shape": "xml"})
    yield ("fires_refused_logon", "The KDC refuses the logon with the other account's certificate (0x4b): an attempt, and still high.",
           [at(0, clean(301)), at(11, logon("administrator", 301, status="0x4b"))])
    yield ("fires_two_cas_with_one_request_id", "Two CAs have issued a certificate 301, to mallory and to bob.jones. The one that bob.jones logs on with is mallory's.",
           [at(0, clean(301)), at(1, clean(301, "bob.jones", CA2)), at(11, logon("bob.jones", 301))])
    yield ("fires_used_as_two_others", "One certificate, used as two accounts that it was not issued to.",
           [at(0, clean(301)), at(11, logon("bob.jones", 301)), at(12, logon("carol.white", 301))])
    yield ("fires_machine_certificate_used_by_a_user", "A workstation's certificate is used to log on as a user.",
           [at(0, issued(302, "CORP\\WKS-066$", "DNS Name=wks-066.corp.example", template="Machine")), at(9, logon("bob.jones", 302))])
    yield ("fires_same_name_in_another_domain", "The certificate of alice.smith of DEV is used as alice.smith of CORP; the policy says which suffixes are whose.",
           [at(0, issued(303, "DEV\\alice.smith", upn("alice.smith@dev.example"))), at(9, logon("alice.smith", 303))],
           {"policy": "domains:\n  CORP: [corp.example]\n  DEV: [dev.example]\n"})


def joined_by_request_id():
    yield ("fires_v0_with_configured_ca", "A version 0 CA with the name inside the CSR: issuance shows nothing. The serial number of the logon ends in the request id, and the policy names the CA.",
           [at(0, v0(304)), at(1, v0(304, "bob.jones", CA2)), at(21, logon("bob.jones", 304, version=0))], {"policy": CAS})
    yield ("fires_v0_with_learned_ca", "Which CA calls itself CORP-CA01 is learned from alice's exact join; the version 0 certificates 304 of two CAs are told apart by it.",
           [at(0, own(300)), at(2, logon("alice.smith", 300, "10.20.30.114")), at(5, v0(304)), at(6, v0(304, "bob.jones", CA2)), at(21, logon("bob.jones", 304))])
    yield ("fires_v0_with_a_clock_one_hour_off", "The CA's collector writes local time: the issuance is dated an hour after the logon that it came before. The join bears that, and the alert says so.",
           [at(60, v0(304)), at(21, logon("bob.jones", 304, version=0))], {"policy": CAS})
    yield ("quiet_v0_logon_a_day_before_the_issuance", "A logon a day before the issuance with the same request id: no clock is off by so much, it was another certificate.",
           [at(0, v0(304), days=1), at(21, logon("bob.jones", 304, version=0))], {"policy": CAS})
    yield ("fires_request_id_of_a_rebuilt_ca", "The CA was built again and counts from 1: both certificates 301 are remembered, and mallory's is used by another.",
           [at(0, clean(301)), at(1, dict(clean(301, "bob.jones"), data=clean(301, "bob.jones")["data"] | {"SerialNumber": "6d00000000b0b1b2b3b4b5000000000000012d"})), at(11, logon("bob.jones", 301))])
    yield ("fires_v0_with_only_one_ca", "A version 0 certificate, no CA in the policy and none learned: only one CA has issued a certificate with this request id.",
           [at(0, v0(304)), at(21, logon("bob.jones", 304, version=0))], {"shape": "xml"})


def order_and_time():
    yield ("fires_logon_arrives_first", "The domain controller's event arrives before the CA's, though it happened after it.",
           [at(11, logon("bob.jones", 301)), at(0, clean(301))])
    yield ("fires_refused_then_accepted", "The first logon is refused, the second is accepted: the same alert, revised.",
           [at(0, clean(301)), at(11, logon("bob.jones", 301, status="0x42")), at(15, logon("bob.jones", 301))])
    yield ("fires_again_after_a_day", "Used again two hours later in silence, and again a day later.",
           [at(0, clean(301)), at(11, logon("bob.jones", 301)), at(131, logon("bob.jones", 301)), at(20, logon("bob.jones", 301), days=1)])
    yield ("fires_after_399_days", "The certificate is used by another account 399 days after it was issued; issuances are remembered for 400.",
           [at(0, clean(301)), at(0, logon("bob.jones", 301), days=399)])
    yield ("quiet_after_more_than_400_days", "The certificate is used by another account 401 days after it was issued: forgotten.",
           [at(0, clean(301)), at(0, own(390), days=399), at(0, logon("bob.jones", 301), days=401)])


def quiet():
    alice = own(301)
    yield "quiet_own_logon", "A user logs on with her own certificate.", [at(0, alice), at(2, logon("alice.smith", 301, "10.20.30.114"))]
    yield ("quiet_own_machine", "A machine logs on with its own certificate, as WKS-114$ and by its service name.",
           [at(0, issued(302, "CORP\\WKS-114$", "DNS Name=wks-114.corp.example", template="Machine")), at(2, logon("WKS-114$", 302, "10.20.30.114")),
            at(3, logon("host/wks-114.corp.example", 302, "10.20.30.114"))])
    yield ("quiet_renewal", "A user renews her certificate and logs on with the old and the new one.",
           [at(0, alice), at(30, own(305)), at(35, logon("alice.smith", 301, "10.20.30.114")), at(40, logon("alice.smith", 305, "10.20.30.114"))])
    yield ("quiet_enrollment_agent", "The smart-card desk enrolled for alice, who logs on with the card; the policy lists the desk as an enrollment agent.",
           [at(0, issued(306, "CORP\\smartcard-desk", upn("alice.smith@corp.example"), template="SmartcardLogon")), at(60, logon("alice.smith", 306, "10.20.30.114"))],
           {"policy": "allow:\n  requesters: ['CORP\\smartcard-desk']\n"})
    pairs = {"policy": "allow:\n  pairs: {'CORP\\mallory': ['CORP\\adm-mallory']}\n"}
    yield ("quiet_second_account_of_one_card", "One card is mapped to two accounts of one person; the policy lists the pair.",
           [at(0, clean(301)), at(11, logon("adm-mallory", 301))], pairs)
    yield ("fires_other_account_than_the_second_one", "The same card and the same pair, but it is used as a third account.",
           [at(0, clean(301)), at(11, logon("bob.jones", 301))], pairs)
    yield "quiet_unknown_certificate", "A logon with a certificate whose issuance was never seen.", [at(0, own(307)), at(2, logon("bob.jones", 399))]
    yield ("quiet_two_cas_with_one_request_id", "Two version 0 CAs have issued a certificate 304, to mallory and to bob.jones; bob.jones logs on with his own.",
           [at(0, v0(304)), at(1, v0(304, "bob.jones", CA2)), at(11, logon("bob.jones", 304, ca=CA2))], {"policy": CAS})
    yield ("quiet_realm_and_netbios_name", "The requester's domain is a NetBIOS name, the logons' are the realm and the NetBIOS name.",
           [at(0, alice), at(2, logon("alice.smith", 301, "10.20.30.114", domain="CORP.EXAMPLE")), at(3, logon("Alice.Smith", 301, "10.20.30.114", domain="CORP"))],
           {"policy": "domains:\n  CORP: [corp.example]\n"})
    yield ("quiet_password_logon", "A logon with a password: the certificate fields are empty.", [at(0, alice), at(2, logon("bob.jones", None, "10.20.30.77"))], {"shape": "xml"})
    yield "quiet_switched_off", "Another account's certificate, and the detection is switched off.", [at(0, clean(301)), at(11, logon("bob.jones", 301))], {
        "policy": "certificate_used_by_other:\n  enabled: false\n"}
