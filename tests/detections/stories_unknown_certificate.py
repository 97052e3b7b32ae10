"""Fixtures of unknown-certificate: a certificate is used that no CA of ours issued."""
from windows import CA, CA2, DC, at, issued, logon, normalised, own, serial

NAMES = "cas:\n  ca01.corp.example: CORP-CA01\n"
COMPLETE = {"policy": NAMES + "unknown_certificate:\n  complete_since:\n    ca01.corp.example: '2026-03-01T00:00:00Z'\n"}
MOVED = {"policy": COMPLETE["policy"].replace(NAMES, NAMES + "  ca02.corp.example: CORP-CA01\n")}
FORGED = "4f2a9c1be07733d5a86f1d20b4c3e5978a61f0d2"


def of_ca(e, number, issuer="CORP-CA01"):
    """The logon, with a certificate of this serial number and issuer."""
    return dict(e, data=e["data"] | {"CertSerialNumber": number.upper(), "CertIssuerName": issuer})


def ordinary(minutes):
    """An issuance that moves the clock of the CA's events on."""
    return at(minutes, own(300 + minutes))


def stories():
    yield from fires()
    yield from harmless()
    yield from incomplete()


def fires():
    forged = of_ca(logon("administrator", 301), FORGED)
    yield ("fires_golden_certificate", "A certificate forged with the CA's key: the issuer is ours, the serial number was never issued. The next event of the CA an hour later ends the wait.",
           [ordinary(0), at(5, forged), ordinary(66)], COMPLETE)
    yield ("fires_forged_serial_of_the_form_of_ad_cs", "The forged serial number has the form of AD CS and a request id that was never issued; an ordinary account.",
           [ordinary(0), at(5, logon("bob.jones", 999)), ordinary(66)], COMPLETE)
    yield ("fires_forged_request_id_that_exists", "The forged serial number names a request that exists, but that certificate has another serial number.",
           [at(0, own(301)), at(5, of_ca(logon("bob.jones", 301), f"77{301:08x}00112233445566778899{301:08x}")), ordinary(66)], COMPLETE)
    yield ("fires_forged_certificate_of_a_ca_that_moved", "A CA with two hosts of one name, and a serial number that neither issued.",
           [at(0, own(301)), at(2, own(302, "bob.jones", CA2)), at(5, logon("bob.jones", 999)), ordinary(68)], MOVED)
    yield ("fires_refused_forged_certificate", "The KDC refuses the forged certificate: one step milder.",
           [ordinary(0), at(5, of_ca(logon("administrator", 301, status="0x3e"), FORGED)), ordinary(66)], COMPLETE)
    yield ("fires_at_once_by_its_form", "The forged serial number has not the form of AD CS, which all certificates of the CA have: there is no issuance to wait for.",
           [ordinary(0), at(5, of_ca(logon("bob.jones", 301), FORGED))], COMPLETE)
    mapped = {"account": "bob.jones", "issuer": "CN=CORP-CA01, DC=corp, DC=example", "serial": FORGED, "verdict": "no_strong_mapping"}
    yield ("fires_no_strong_mapping", "Seen by the KDC's event 39 and by the ticket: one alert, with the address of the ticket.",
           [ordinary(0), at(5, normalised(DC, certificate_mapped=mapped)), at(5, of_ca(logon("bob.jones", 301), FORGED), seconds=1), ordinary(66)], COMPLETE)
    yield ("fires_again_after_a_day", "Used again two hours later in silence, and again a day later.",
           [ordinary(0), at(5, forged), ordinary(66), at(125, forged), ordinary(190), at(10, forged, days=1), at(80, own(390), days=1)], COMPLETE)
    yield ("fires_unknown_issuer_of_a_protected_account", "The administrator logs on with a certificate of a CA that nobody has named: an attacker added it to NTAuth.",
           [ordinary(0), at(5, of_ca(logon("administrator", 301), "0badcafe", "CORP-CA09"))], {"policy": NAMES})


def harmless():
    yield "quiet_issued_certificate", "A user logs on with a certificate that was issued.", [at(0, own(301)), at(5, logon("alice.smith", 301)), ordinary(66)], COMPLETE
    yield ("quiet_issuance_arrives_later", "The CA's events arrive half an hour after the logon.",
           [ordinary(0), at(5, logon("alice.smith", 301)), ordinary(30), at(4, own(301)), ordinary(66)], COMPLETE)
    known = {"serial": serial(120), "requester": "CORP\\alice.smith", "ca": CA, "issued": "2025-11-03T08:00:00.000Z"}
    yield ("quiet_imported_certificate", "The certificate is older than the events and was imported from the CA's database.",
           [at(0, normalised(CA, certificate_known=known)), at(5, logon("alice.smith", 120)), ordinary(66)], COMPLETE)
    v0 = issued(301, "CORP\\alice.smith", attributes="", version=0)
    yield "quiet_issuance_without_serial_number", "A version 0 CA: the serial number names a request that was issued.", [at(0, v0), at(5, logon("alice.smith", 301)), ordinary(66)], COMPLETE
    moved = own(302, "bob.jones", CA2)
    yield ("quiet_ca_that_moved", "The CA moved to another host and kept its name: certificates of both hosts are its own.",
           [at(0, own(301)), at(2, moved), at(5, logon("alice.smith", 301)), at(6, of_ca(logon("bob.jones", 302), moved["data"]["SerialNumber"])), ordinary(68)], MOVED)
    admin = logon("administrator", 301)
    yield ("quiet_foreign_issuer_of_the_policy", "The administrator's card is of a vendor that the policy lists.",
           [at(5, of_ca(admin, "0badcafe", "ACME Issuing CA 3")), ordinary(66)], {"policy": NAMES + "foreign_issuers: [ACME Issuing CA 3]\n"})
    hello = "S-1-12-1-1943430372-1249052806-2496021943-3034400218/8be0a7c6-0e0c-4f5c-9d2c-0a7b3c2d1e0f/login.windows.net/corp.example/administrator@corp.example"
    yield ("quiet_hello_key_of_a_protected_account", "The administrator logs on with a Windows Hello key; a domain controller with its own device key.",
           [at(5, of_ca(admin, "01", hello)), at(6, of_ca(logon("DC01$", 301), "2c5fa1b2c3d4e5f60130", "CN=dc01.corp.example")), ordinary(66)], {"policy": NAMES})
    yield ("quiet_unknown_issuer_of_an_ordinary_account", "An ordinary account with a certificate of an issuer that nobody has named.",
           [at(5, of_ca(logon("bob.jones", 301), "0badcafe", "ACME Issuing CA 3")), ordinary(66)], {"policy": NAMES})


def incomplete():
    forged = of_ca(logon("administrator", 301), FORGED)
    other = dict(own(301), data=own(301)["data"] | {"SerialNumber": "7d10aa52c9b1"})
    yield ("quiet_within_the_wait_at_a_ca_with_serials_of_its_own", "The CA is configured to issue random serial numbers: the form tells nothing, and the issuance may still arrive.",
           [at(0, other), at(5, forged), ordinary(64)], COMPLETE)
    yield ("quiet_ca_not_complete", "The forged certificate of the first fixture, and nothing states that the CA's certificates are all known.",
           [ordinary(0), at(5, forged), ordinary(66)], {"policy": NAMES})
    yield ("quiet_no_ca_has_a_name", "No CA has a name in the policy: no issuer can be told from ours.", [at(5, of_ca(forged, "0badcafe", "CORP-CA09")), ordinary(66)])
    yield ("quiet_before_it_is_complete", "A certificate that was never seen, used the day before the certificates of the CA are all known.",
           [at(0, logon("alice.smith", 120)), ordinary(66), at(0, own(390), days=1)],
           {"policy": COMPLETE["policy"].replace("2026-03-01", "2026-03-03")})
    yield "quiet_within_the_wait", "A forged certificate whose wait is not over: the alert comes with the next event of the CA.", [ordinary(0), at(5, of_ca(forged, serial(999))), ordinary(64)], COMPLETE
    yield ("quiet_switched_off", "The forged certificate, and the detection is switched off.",
           [ordinary(0), at(5, forged), ordinary(66)], {"policy": COMPLETE["policy"].replace("unknown_certificate:\n", "unknown_certificate:\n  enabled: false\n")})
