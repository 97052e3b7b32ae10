"""Fixtures of certificate-used-by-other: the account that logs on with a certificate is not the one that asked for it."""
from windows import CA, CA2, DC, SID, at, denied, event, issued, logon, normalised, own, requested, serial, upn

MALLORY = "CORP\\mallory"
KDC = ("Microsoft-Windows-Kerberos-Key-Distribution-Center", "{3fd9da1a-5a54-46c5-9a26-9bd7c0685056}", "System")
CAS = "cas:\n  ca01.corp.example: CORP-CA01\n  ca02.corp.example: CORP-CA02\n"


def clean(request_id, name="mallory", ca=CA):
    """A certificate in the requester's own name: nothing to see until it is used."""
    return own(request_id, name, ca)


def v0(request_id, name="mallory", ca=CA):
    """The same on a CA that writes neither the name nor the serial number."""
    return issued(request_id, f"CORP\\{name}", attributes="\n\nccm:wks-066.corp.example", ca=ca, version=0)


def of_ca(e, number, issuer):
    """The logon, with a certificate of this serial number and issuer."""
    return dict(e, data=e["data"] | {"CertSerialNumber": number.upper(), "CertIssuerName": issuer})


def mapped(user, request_id, verdict, **more):
    """A remark of the KDC about the certificate 39, 40, 41, 45 or 21."""
    return normalised(DC, certificate_mapped={"account": user, "issuer": "CORP-CA01", "serial": serial(request_id), "verdict": verdict, **more})


def by_windows(event):
    """The logon with the options of Windows' own client."""
    return event | {"data": event["data"] | {"TicketOptions": "0x40810010"}}


def stories():
    yield from joined()
    yield from copies()
    yield from joined_by_request_id()
    yield from issuer_unknown()
    yield from further_events()
    yield from spellings()
    yield from renames()
    yield from agents()
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


def copied(e, thumbprint="9C"):
    """The logon with a certificate that is a copy of the other one, made with the key of the CA."""
    return dict(e, data=e["data"] | {"CertThumbprint": thumbprint * 20})


def copies():
    yield ("fires_copy_of_the_own_certificate", "The key of the CA is stolen, and alice's certificate is copied with its serial number. The thumbprint is another one.",
           [at(0, own(305)), at(2, logon("alice.smith", 305, "10.20.30.114")), at(21, copied(logon("alice.smith", 305))), at(30, logon("alice.smith", 305, "10.20.30.114"))], {"shape": "xml"})
    yield ("fires_copy_is_read_first", "The copy of alice's certificate is read before her own logon, which was before it.",
           [at(0, own(305)), at(21, copied(logon("alice.smith", 305))), at(2, logon("alice.smith", 305, "10.20.30.114"))])
    yield ("fires_copy_for_another_account", "The copy of alice's certificate names the administrator: used by another, and there are two.",
           [at(0, own(305)), at(2, logon("alice.smith", 305, "10.20.30.114")), at(21, copied(logon("administrator", 305)))])
    yield ("fires_copy_of_a_certificate_from_before", "Neither event nor import has the issuance of the certificate that is copied.",
           [at(2, logon("alice.smith", 305, "10.20.30.114")), at(21, copied(logon("alice.smith", 305)))])
    yield ("quiet_two_thumbprints_of_one_client", "The same account from the same address, and two thumbprints: events that a product wrote itself, no copy.",
           [at(0, own(305)), at(2, logon("alice.smith", 305, "10.20.30.114")), at(21, copied(logon("alice.smith", 305, "10.20.30.114")))])
    yield ("quiet_renewed_certificate_with_its_own_serial", "A certificate and its renewal: two thumbprints, two serial numbers.",
           [at(0, own(305)), at(1, logon("alice.smith", 305, "10.20.30.114")), at(2, own(306)), at(3, logon("alice.smith", 306, "10.20.30.114")), at(4, logon("alice.smith", 305, "10.20.30.114"))])
    yield ("quiet_short_serial_of_two_cards", "Two cards of another vendor, who counts from one again for each series.",
           [at(1, of_ca(logon("alice.smith", 305), "0137", ACME)), at(21, copied(of_ca(logon("carol.white", 305), "0137", ACME)))])


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
           [at(0, clean(301)), at(1, dict(clean(301, "bob.jones"), data=clean(301, "bob.jones")["data"] | {"SerialNumber": "6d0000012db0b1b2b3b4b5b60000000000012d"})), at(11, logon("bob.jones", 301))])
    yield ("quiet_v0_request_id_of_a_rebuilt_ca", "A version 0 CA was built again and counts from 1. Both holders of a certificate 304 log on, the first with the old one.",
           [at(0, v0(304)), at(0, v0(304, "bob.jones"), days=20), at(21, logon("mallory", 304, version=0), days=20), at(22, logon("bob.jones", 304, version=0), days=20)], {"policy": CAS})
    yield ("fires_v0_request_id_of_a_rebuilt_ca", "The same, and somebody logs on who holds neither of the two certificates.",
           [at(0, v0(304)), at(0, v0(304, "bob.jones"), days=20), at(21, logon("carol.white", 304, version=0), days=20)], {"policy": CAS})
    yield ("fires_v0_with_unnamed_ca", "A version 0 certificate, no CA in the policy and none learned: the serial number has the request id in both places. One step milder.",
           [at(0, v0(304)), at(21, logon("bob.jones", 304, version=0))], {"shape": "xml"})



HELLO = "S-1-12-1-1943430372-1249052806-2496021943-3034400218/8be0a7c6-0e0c-4f5c-9d2c-0a7b3c2d1e0f/login.windows.net/corp.example/bob.jones@corp.example"
ACME = "ACME Issuing CA 3"


def issuer_unknown():
    """A version 0 CA that `cas:` does not name, and certificates of others that log on."""
    yield ("quiet_v0_hello_key", "Windows Hello: a certificate that signs itself, serial number 01. A version 0 CA has issued a request 1, to mallory.",
           [at(0, v0(1)), at(5, of_ca(logon("bob.jones", 1), "01", HELLO)), at(6, of_ca(logon("carol.white", 1), "01", "CN=carol.white"))])
    yield ("quiet_v0_device_key", "A device logs on with its own key; the serial number happens to end in the id of mallory's request.",
           [at(0, v0(304)), at(5, of_ca(logon("WKS-114$", 304), "2c5fa1b2c3d4e5f600000130", "CN=WKS-114"))])
    yield ("quiet_v0_card_of_another_vendor", "A smart card of another vendor's CA: its serial number ends in the id of mallory's request and has it nowhere else.",
           [at(0, v0(304)), at(5, of_ca(logon("bob.jones", 304), "04e3a1b2c3d4e5f60708090a0b00000130", ACME))])
    yield ("quiet_v0_foreign_issuer_of_the_policy", "A partner's CA is an AD CS too, so its serial number has the form of ours; the policy lists it as foreign.",
           [at(0, v0(304)), at(5, of_ca(logon("bob.jones", 304), f"73{304:08x}d1e2f304152637485900{304:08x}", "PARTNER-CA01"))],
           {"policy": "foreign_issuers: [PARTNER-CA01]\n"})
    yield ("quiet_v0_device_of_entra_id", "A device with the certificate that Entra ID gives it for connections between devices.",
           [at(0, v0(304)), at(5, of_ca(logon("bob.jones", 304), serial(304), "MS-Organization-P2P-Access [2026]"))])
    yield ("quiet_v0_issuer_is_another_of_our_cas", "The issuer is the CA that the policy names; the request with this id is one of another CA, which has no name.",
           [at(0, v0(304, ca=CA2)), at(5, logon("bob.jones", 304))], {"policy": "cas:\n  ca01.corp.example: CORP-CA01\n"})
    yield ("quiet_v0_two_unnamed_cas", "Two version 0 CAs without a name have issued a certificate 304, to mallory and to bob.jones: bob.jones logs on with his own.",
           [at(0, v0(304)), at(1, v0(304, "bob.jones", CA2)), at(11, logon("bob.jones", 304, ca=CA2))])
    yield ("fires_v0_with_unnamed_ca_refused_for_a_tool", "The KDC refuses the logon with the certificate of the CA without a name (0x42). The client has the options of attack tools: high.",
           [at(0, v0(304)), at(21, logon("administrator", 304, status="0x42", version=0))])
    yield ("fires_v0_with_unnamed_ca_refused_for_windows", "The same by Windows' own client: perhaps a card of another company's CA, so medium.",
           [at(0, v0(304)), at(21, by_windows(logon("administrator", 304, status="0x42", version=0)))])
    yield ("fires_v0_with_unnamed_ca_after_a_hello_key", "A logon with a Hello key and one with another vendor's card before; then the certificate 304 of the version 0 CA is used by another account.",
           [at(0, v0(304)), at(1, of_ca(logon("carol.white", 1), "01", HELLO)), at(2, of_ca(logon("alice.smith", 1), "04e3a1b2c3d4e5f6000130", ACME)),
            at(21, logon("bob.jones", 304))])
    yield ("fires_v0_of_an_unnamed_ca_beside_a_named_one", "The policy names one CA; the certificate is of the other one, whose name no event has shown.",
           [at(0, v0(304, ca=CA2)), at(21, logon("bob.jones", 304, ca=CA2))], {"policy": "cas:\n  ca01.corp.example: CORP-CA01\n"})


def further_events():
    number = "4f2a9c1be07733d5a86f"
    custom = dict(clean(301), data=clean(301)["data"] | {"SerialNumber": number})
    yield ("fires_serial_that_names_no_request", "The CA makes serial numbers of its own (HighSerial): they name no request, but issuance and logon have the same one.",
           [at(0, custom), at(11, of_ca(logon("bob.jones", 301), number, "CORP-CA01"))])
    yield ("fires_no_strong_mapping", "39: the KDC finds no strong mapping. The ticket follows and adds the client's address to the alert.",
           [at(0, clean(301)), at(11, mapped("bob.jones", 301, "no_strong_mapping")), at(11, logon("bob.jones", 301), seconds=1)])
    yield ("fires_sid_differs", "41: the certificate names mallory's SID and is used for bob.jones. The KDC refuses it.",
           [at(0, clean(301)), at(11, mapped("bob.jones", 301, "sid_differs", account_sid=f"{SID}-1111", certificate_sid=f"{SID}-1142"))])
    yield ("fires_sid_differs_under_the_same_name", "41 under the requester's own name: an account took the name of another one, or was created again.",
           [at(0, clean(301)), at(11, mapped("mallory", 301, "sid_differs", account_sid=f"{SID}-1999", certificate_sid=f"{SID}-1142"))])
    yield ("fires_issuer_not_trusted", "45: the CA is not trusted for logons, and the KDC only audits it (CVE-2025-26647).",
           [at(0, clean(301)), at(11, mapped("bob.jones", 301, "issuer_not_trusted"))])
    yield ("fires_certificate_refused", "21: the KDC refuses the certificate of mallory for the administrator.",
           [at(0, clean(301)), at(11, mapped("administrator", 301, "refused"))])
    windows_39 = event(39, 0, DC, 0, {"AccountName": "bob.jones", "Subject": "@@@CN=mallory, CN=Users, DC=corp, DC=example", "Issuer": "CORP-CA01",
                                      "SerialNumber": serial(301).upper(), "Thumbprint": f"{301 * 7919:040X}"}, KDC)
    yield ("fires_no_strong_mapping_in_the_system_log", "39 as the System log of a domain controller has it.", [at(0, clean(301)), at(11, windows_39)], {"shape": "xml"})
    windows_4771 = event(4771, 0, DC, 14339, {
        "TargetUserName": "administrator", "TargetSid": f"{SID}-500", "ServiceName": "krbtgt/CORP.EXAMPLE", "TicketOptions": "0x40800010", "Status": "0x42",
        "PreAuthType": "16", "IpAddress": "::ffff:10.20.30.66", "IpPort": "50412", "CertIssuerName": "CORP-CA01", "CertSerialNumber": serial(301).upper(),
        "CertThumbprint": f"{301 * 7919:040X}"})
    yield ("fires_preauthentication_failed", "4771 with certificate fields: a refused logon.", [at(0, clean(301)), at(11, windows_4771)], {"shape": "xml"})
    yield ("quiet_weak_mapping_of_the_own_account", "39 and 40 for the requester: her certificate maps weakly, to herself.",
           [at(0, own(301)), at(2, mapped("alice.smith", 301, "no_strong_mapping")), at(3, mapped("alice.smith", 301, "older_than_account"))])
    yield ("quiet_hello_key_not_trusted", "45 and 21 for Hello keys, as patched domain controllers write them in mass.",
           [at(0, v0(1)), at(2, normalised(DC, certificate_mapped={"account": "bob.jones", "issuer": HELLO, "serial": "01", "verdict": "issuer_not_trusted"})),
            at(3, normalised(DC, certificate_mapped={"account": "bob.jones", "issuer": HELLO, "verdict": "refused"}))])
    yield ("fires_only_the_request_was_seen", "4886 arrived and 4887 did not: the certificate in use shows that it was issued. One step milder.",
           [at(0, requested(304, MALLORY)), at(21, logon("bob.jones", 304))], {"policy": CAS})
    yield ("quiet_denied_request", "4886 and 4888: no certificate has this request id. The logon is with one of a CA that was there before, under the same name.",
           [at(0, requested(304, MALLORY)), at(1, denied(304, MALLORY, "CertificateTemplate:User")), at(21, logon("bob.jones", 304))], {"policy": CAS})
    yield ("quiet_request_and_issuance", "4886 and 4887 of one request, and the requester's own logon.",
           [at(0, requested(304, MALLORY)), at(1, clean(304)), at(21, logon("mallory", 304))], {"policy": CAS})
    forged = "7d3fa1c09be4567712cd8a90ef3355aa01b2c3d4"
    desk = {"policy": "agents: {'CORP\\FAS01$': {templates: [Citrix_SmartcardLogon], used_from: [10.20.0.0/16]}}\n"}
    fas = issued(310, "CORP\\FAS01$", upn("bob.jones@corp.example"), template="Citrix_SmartcardLogon")
    yield ("quiet_agent_s_certificate_at_a_virtual_desktop", "Citrix FAS enrolls for a user, whose certificate is used from a virtual desktop.",
           [at(0, fas), at(4, by_windows(logon("bob.jones", 310, "10.20.31.7")))], desk)
    yield ("fires_agent_s_certificate_used_by_a_tool", "The same certificate, used by a tool within the networks of the profile.",
           [at(0, fas), at(4, logon("bob.jones", 310, "10.20.31.7"))], desk)
    yield ("quiet_agent_s_certificate_on_a_mac", "The profile of the agent states that other systems than Windows use its certificates.",
           [at(0, fas), at(4, logon("bob.jones", 310, "10.20.31.7"))],
           {"policy": "agents:\n  'CORP\\FAS01$': {templates: [Citrix_SmartcardLogon], used_from: [10.20.0.0/16], other_systems: true}\n"})
    yield ("fires_agent_s_certificate_used_elsewhere", "The same certificate, used from an address that the profile of the agent does not have.",
           [at(0, fas), at(4, logon("bob.jones", 310, "10.66.66.66"))], desk)
    yield ("fires_protected_account_with_an_unknown_certificate", "The administrator logs on with a certificate that no event has (golden certificate). Its serial number is random, as tools make it.",
           [at(21, of_ca(logon("administrator", 1), forged, "CORP-CA01"))])
    ours = [at(0, own(280)), at(1, logon("alice.smith", 280))]
    yield ("fires_serial_that_the_ca_does_not_make", "An ordinary account logs on with a certificate of our CA, which puts the request id into its serial numbers; this one has none (golden certificate).",
           [*ours, at(21, of_ca(logon("bob.jones", 1), forged, "CORP-CA01"))])
    yield ("fires_serial_that_the_ca_does_not_make_refused", "The same as the administrator, and the KDC refuses it: that there is such a certificate is as grave.",
           [*ours, at(21, of_ca(logon("administrator", 1, status="0x4b"), forged, "CORP-CA01"))])
    yield ("fires_serial_that_a_version_0_ca_does_not_make", "A version 0 CA states no serial numbers; those of the certificates in use have the request id. One has none (golden certificate).",
           [at(0, v0(304, "alice.smith")), at(1, logon("alice.smith", 304, version=0)), at(21, of_ca(logon("bob.jones", 1), forged, "CORP-CA01"))], {"policy": CAS})
    yield ("quiet_serial_of_another_form_at_a_ca_that_makes_such", "The CA makes random serial numbers since last year.",
           [*ours, at(2, dict(clean(281), data=clean(281)["data"] | {"SerialNumber": "3b" + forged[2:]})), at(21, of_ca(logon("bob.jones", 1), forged, "CORP-CA01"))])
    yield ("quiet_serial_of_an_old_ca", "A card from the time when the CA was Windows Server 2008: its serial number has ten octets.",
           [*ours, at(21, of_ca(logon("bob.jones", 1), "6109d2d7000000000012", "CORP-CA01"))])
    yield ("quiet_serial_of_another_form_of_another_issuer", "A card of another vendor.",
           [*ours, at(21, of_ca(logon("bob.jones", 1), forged, "ACME Issuing CA 3"))])
    yield ("fires_unknown_certificate_once", "The administrator's card was issued before the events were read: one alert for the card, not one for every day.",
           [at(day * 1440, logon("administrator", 280)) for day in range(3)])
    yield ("fires_unknown_certificate_until_its_issuance_arrives", "The events of the CA arrive after the logon: the alert is revised, because the certificate was issued to another account.",
           [at(21, logon("administrator", 301)), at(0, clean(301))])
    yield ("quiet_unknown_certificate_of_an_ordinary_account", "A card from before the events were read, of an account that is not protected.", [at(21, logon("alice.smith", 280))])
    yield ("quiet_card_of_another_vendor", "The administrator's card is of a CA that the policy lists as foreign.",
           [at(21, of_ca(logon("administrator", 1), forged, "ACME Issuing CA 3"))], {"policy": "foreign_issuers: [ACME Issuing CA 3]\n"})
    yield ("quiet_imported_card_of_the_administrator", "The card is known by an import. It was issued longer ago than certificates are remembered.",
           [at(0, normalised(CA, certificate_known={"serial": serial(280), "requester": "CORP\\administrator", "ca": CA, "issued": "2024-11-03T08:00:00.000Z",
                                                    "template": "User"})), at(21, logon("administrator", 280))])
    known = {"serial": serial(280), "requester": MALLORY, "ca": CA, "issued": "2025-11-03T08:00:00.000Z", "template": "User"}
    yield ("fires_imported_certificate", "A certificate from before the events were collected, imported from the CA's database, is used by another account.",
           [at(0, normalised(CA, certificate_known=known)), at(21, logon("bob.jones", 280))])


def spellings():
    machine = issued(302, "CORP\\WKS-114$", "DNS Name=wks-114.corp.example", template="Machine")
    yield ("quiet_refused_under_other_spellings", "The revocation list cannot be reached (0x3e). The refused logons have the names as the clients wrote them: UPN, host name, service name.",
           [at(0, own(301)), at(1, machine), at(11, logon("Alice.Smith@corp.example", 301, status="0x3e")), at(12, logon("wks-114.corp.example", 302, status="0x3e")),
            at(13, logon("host/wks-114.corp.example", 302, status="0x3e"))])
    yield ("fires_certificate_not_trusted", "Refused with 0x3e, and the name is another account's: one step milder than a refusal because of the mapping.",
           [at(0, clean(301)), at(11, logon("bob.jones", 301, status="0x3e"))])
    yield ("fires_user_with_the_name_of_a_machine", "A user account called WKS-114 logs on with the certificate of the machine WKS-114$.",
           [at(0, machine), at(11, logon("WKS-114", 302))])


def renames():
    def renamed(old, new):
        return normalised(DC, account_renamed={"domain": "CORP", "old_name": old, "new_name": new, "sid": f"{SID}-1110", "actor": "CORP\\helpdesk"})

    yield ("quiet_renamed_user", "A user marries: the account has a new name, and she logs on with the certificate from before.",
           [at(0, own(301)), at(5, renamed("alice.smith", "alice.miller")), at(11, logon("alice.miller", 301))])
    machine = issued(302, "CORP\\WKS-114$", "DNS Name=wks-114.corp.example", template="Machine")
    yield ("quiet_renamed_machine", "A machine has a new name, and logs on with the certificate from before.",
           [at(0, machine), at(5, renamed("WKS-114$", "PC-2201$")), at(11, logon("PC-2201$", 302))])
    yield ("fires_other_account_than_the_renamed_one", "The same rename, but a third account uses the certificate.",
           [at(0, own(301)), at(5, renamed("alice.smith", "alice.miller")), at(11, logon("bob.jones", 301))])
    yield ("fires_renamed_after_the_logon", "The account takes the other name after the logon: at that time it was another account.",
           [at(0, own(301)), at(11, logon("alice.miller", 301)), at(20, renamed("alice.smith", "alice.miller"))])


def agents():
    fas = {"policy": "agents:\n  'CORP\\FAS01$':\n    templates: [Citrix_SmartcardLogon]\n    hosts: [fas01.corp.example]\n"}

    def card(user, template="Citrix_SmartcardLogon"):
        return issued(306, "CORP\\FAS01$", upn(f"{user}@corp.example"), template=template)

    yield ("quiet_agent_within_its_profile", "A Citrix server requests certificates for the users that it logs on; the policy has its profile.",
           [at(0, card("alice.smith")), at(2, by_windows(logon("alice.smith", 306, "10.20.30.40")))], fas)
    yield ("fires_protected_account_by_an_agent", "A certificate of the agent is used as the administrator, who is in no profile.",
           [at(0, card("administrator")), at(2, logon("administrator", 306, "10.20.30.40"))], fas)
    yield ("fires_template_outside_the_profile", "The agent's account requested the certificate from a template that is not in its profile.",
           [at(0, card("alice.smith", "User")), at(2, logon("alice.smith", 306, "10.20.30.40"))], fas)


    def cards(users, template="Citrix_SmartcardLogon", first=320):
        for i, user in enumerate(users):
            yield at(i * 5, issued(first + i, "CORP\\FAS02$", upn(f"{user}@corp.example"), template=template))
            yield at(i * 5 + 2, logon(user, first + i, f"10.20.30.{i + 40}"))

    users = [f"user{i:02}" for i in range(1, 24)]
    yield ("fires_many_accounts_in_one_alert", "An agent that the policy does not name: one alert with the first ten accounts, revised once more when there were twenty logons.",
           list(cards(users)))
    yield ("fires_protected_account_among_many", "The same agent, and one of its certificates is used as the administrator: an alert of its own.",
           list(cards(["user01", "user02", "administrator", "user03"])))
    yield ("fires_once_for_each_template", "Certificates of two templates that one account requested are used as others: one alert each.",
           list(cards(users[:3])) + list(cards(users[:2], "User", 350)))
    yield ("fires_many_accounts_at_a_ca_of_version_0", "The CA logs neither names nor templates: one alert for the requester.",
           [e for i, user in enumerate(users[:4]) for e in (at(i * 5, v0(360 + i, "svc-ndes")), at(i * 5 + 2, logon(user, 360 + i)))], {"policy": CAS})
    yield ("fires_again_for_an_agent_on_the_next_day", "The next day the same agent raises another alert.",
           list(cards(users[:2])) + [at(10, issued(340, "CORP\\FAS02$", upn("user09@corp.example"), template="Citrix_SmartcardLogon"), days=1),
                                     at(12, logon("user09", 340, "10.20.30.49"), days=1)])
    excepted = {"policy": "exceptions:\n  - {detections: [certificate-used-by-other], account: 'CORP\\FAS02$', used_by: 'CORP.EXAMPLE\\user02'}\n"}
    yield ("fires_others_than_the_excepted_account", "An exception names one of three accounts: the alert has the two others.", list(cards(users[:3])), excepted)
    yield ("quiet_excepted_account", "An exception names the account that used the certificate.", [at(0, clean(301)), at(11, logon("bob.jones", 301))],
           {"policy": "exceptions:\n  - {detections: [certificate-used-by-other], account: 'CORP\\mallory', used_by: 'CORP.EXAMPLE\\bob.jones'}\n"})


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
