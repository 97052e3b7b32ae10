"""Fixtures of pkinit-client: a logon with a certificate from a kind of client that the account never used."""
from windows import at, logon

WINDOWS = "\n\t\tAES256-CTS-HMAC-SHA1-96\n\t\tAES128-CTS-HMAC-SHA1-96\n\t\tRC4-HMAC-NT\n\t\tRC4-HMAC-NT-EXP\n\t\tRC4-HMAC-OLD-EXP"
NEWER_WINDOWS = "\n\t\tAES256-CTS-HMAC-SHA1-96\n\t\tAES128-CTS-HMAC-SHA1-96\n\t\tRC4-HMAC-NT"


def windows(user, request_id, ip="10.20.30.41", offered=WINDOWS, **more):
    """A smart-card logon as Windows makes it."""
    event = logon(user, request_id, ip=ip, **more)
    event["data"] |= {"TicketOptions": "0x40810010"}
    if "ClientAdvertizedEncryptionTypes" in event["data"]:
        event["data"]["ClientAdvertizedEncryptionTypes"] = offered
    return event


def stories():
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
