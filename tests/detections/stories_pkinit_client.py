"""Fixtures of pkinit-client: a logon with a certificate from a kind of client that the account never used."""
from windows import at, issued, logon, upn

WINDOWS = "\n\t\tAES256-CTS-HMAC-SHA1-96\n\t\tAES128-CTS-HMAC-SHA1-96\n\t\tRC4-HMAC-NT\n\t\tRC4-HMAC-NT-EXP\n\t\tRC4-HMAC-OLD-EXP"
NEWER_WINDOWS = "\n\t\tAES256-CTS-HMAC-SHA1-96\n\t\tAES128-CTS-HMAC-SHA1-96\n\t\tRC4-HMAC-NT"


def windows(user, request_id, ip="10.20.30.41", offered=WINDOWS, **more):
    """A smart-card logon as Windows makes it."""
    event = logon(user, request_id, ip=ip, **more)
    event["data"] |= {"TicketOptions": "0x40810010"}
    if "ClientAdvertizedEncryptionTypes" in event["data"]:
        event["data"]["ClientAdvertizedEncryptionTypes"] = offered
    return event


def requested(request_id, auth="NTLM", client="", user="bob.jones"):
    """bob.jones's own certificate; without a client, as tools ask for one."""
    return issued(request_id, f"CORP\\{user}", upn(f"{user}@corp.example"), f"CertificateTemplate:User{client}", auth=auth)


def own_key(user, issuer, number, options="0x40800010", **more):
    """A logon with a key that no CA has certified: of Windows Hello, or one that a tool registered for the account."""
    event = logon(user, 1, **more)
    return event | {"data": event["data"] | {"CertIssuerName": issuer, "CertSerialNumber": number, "TicketOptions": options}}


def stories():
    yield ("fires_key_of_a_tool", "Somebody logs on with a key that a tool registered for bob.jones; its certificate has the serial number 0.",
           [at(0, own_key("bob.jones", "bob.jones", "00"))])
    yield ("fires_key_of_a_tool_beside_a_mac", "bob.jones uses a smart card on a Mac, whose options are those of tools; then a tool uses a key of no CA.",
           [at(0, logon("bob.jones", 579)), at(0, own_key("bob.jones", "CN=bob.jones", "7A11C0DE01"), days=3)])
    yield ("quiet_windows_hello", "Windows logs on with the keys of Windows Hello, whose serial numbers are 0 or 1.",
           [at(d, own_key("bob.jones", "CN=bob.jones", n, "0x40810010"), days=d) for d, n in enumerate(["00", "01", "00"])])
    yield ("fires_requested_and_used_by_tools", "A tool with the hash of bob.jones asks for a certificate of his, and logs on with it a month later (PERSIST1).",
           [at(0, requested(570)), at(5, logon("bob.jones", 570), days=30)])
    yield ("fires_use_by_tools_is_read_first", "The domain controller delivers before the CA does.",
           [at(1, logon("bob.jones", 571)), at(0, requested(571))])
    yield ("fires_high_for_a_machine", "The certificate of a server is used by a tool: machines that are not Windows log on with keys.",
           [at(0, logon("SRV-12$", 572))])
    yield ("fires_low_for_another_certificate", "The certificate that bob.jones's Mac uses is another one than the tool asked for.",
           [at(0, requested(573)), at(5, logon("bob.jones", 574))])
    yield ("fires_low_for_a_client_of_windows", "Windows asked for the certificate, by NTLM, and a tool used it: nothing else is known.",
           [at(0, requested(575, client="\nccm:wks-114.corp.example")), at(5, logon("bob.jones", 575))])
    yield ("fires_low_by_kerberos", "A Linux host asked for the certificate by Kerberos, and uses it from the next day on.",
           [at(0, requested(576, auth="Kerberos")), at(5, logon("bob.jones", 576), days=1)])
    yield ("fires_used_at_once", "A tool relays bob.jones by Kerberos to web enrollment on the CA, and logs on as him minutes later.",
           [at(0, requested(580, auth="Kerberos", client="\nccm:ca01.corp.example")), at(5, logon("bob.jones", 580))])
    yield ("fires_used_at_once_with_a_browser", "The relay states a browser, as the pages do; the domain controller delivers first.",
           [at(5, logon("bob.jones", 581)),
            at(0, requested(581, client="\nUserAgent:Mozilla/5.0 (X11; Linux x86_64)\nccm:ca01.corp.example"))])
    yield ("fires_used_at_once_at_a_version_0_ca", "A relay to the RPC interface of a CA that does not log how the requester came.",
           [at(0, issued(582, "CORP\\bob.jones", attributes="CertificateTemplate:User", version=0)), at(5, logon("bob.jones", 582))])
    yield ("quiet_web_enrollment_and_windows", "bob.jones gets a certificate from the pages of web enrollment and uses it on his workstation at once.",
           [at(0, requested(583, client="\nUserAgent:Mozilla/5.0 (Windows NT 10.0; Win64; x64)\nccm:ca01.corp.example")), at(5, windows("bob.jones", 583))])
    yield ("quiet_requested_by_a_tool_and_used_by_windows", "A tool asked for the certificate; Windows used it.",
           [at(0, requested(577)), at(5, windows("bob.jones", 577))])
    yield "quiet_machine_of_windows", "A server logs on with its certificate through Windows.", [at(0, windows("SRV-12$", 578))]
    yield ("fires_tool_options", "The administrator, who has never used a certificate, logs on with the options of attack tools.",
           [at(0, logon("administrator", 561))])
    yield ("fires_tool_options_on_the_own_machine", "alice.smith uses a smart card every day; a tool on her workstation uses a certificate of hers.",
           [at(0, windows("alice.smith", 562), days=d) for d in range(3)] + [at(30, logon("alice.smith", 563, ip="10.20.30.41"), days=2)])
    yield ("fires_new_encryption_types", "A client with the options of Windows and another list, at an address that is new for the account.",
           [at(0, windows("alice.smith", 562), days=d) for d in range(3)]
           + [at(30, windows("alice.smith", 563, ip="10.66.0.9", offered="\n\t\tAES256-CTS-HMAC-SHA1-96\n\t\tAES128-CTS-HMAC-SHA1-96"), days=2)])
    yield ("fires_version_0", "A domain controller that writes version 0 has the options, and no list.",
           [at(0, logon("bob.jones", 564, version=0))])
    yield ("fires_once_for_linux", "sssd on a Linux host has the same options every day: one alert.",
           [at(0, logon("carol.white", 565), days=d) for d in range(0, 60, 5)])
    yield ("fires_again_after_90_days", "The account comes back with the same client 100 days later.",
           [at(0, logon("carol.white", 565)), at(0, logon("carol.white", 566), days=100)])
    yield ("quiet_macs_of_the_policy", "The policy names the network of the Macs.",
           [at(0, logon("carol.white", 565, ip="10.30.7.4"))], {"policy": "pkinit_client:\n  clients: [10.30.0.0/16]\n"})
    yield ("quiet_first_smart_card_logon", "The first logon of an account with a smart card, from Windows.",
           [at(0, windows("bob.jones", 567))])
    yield ("quiet_windows_elsewhere", "The same kind of Windows at other addresses.",
           [at(d, windows("bob.jones", 567, ip=f"10.20.{30 + d}.41"), days=d) for d in range(5)])
    yield ("quiet_newer_windows", "The workstation gets a newer Windows, which offers another list from the same address.",
           [at(0, windows("bob.jones", 567)), at(0, windows("bob.jones", 567, offered=NEWER_WINDOWS), days=1)])
    yield ("quiet_refused", "A refused logon is for other detections.", [at(0, logon("bob.jones", 567, status="0x4b"))])
