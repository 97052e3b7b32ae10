"""Fixtures of certlog-remote-write: who reaches the CA's request pipe or its log files from another host."""
from windows import at, denied, direct_write, file_created, issued, own, pipe, read, remote_file_write, upn

JUMP, NEW = "10.20.30.10", "10.20.30.66"
USERS = ["alice.smith", "bob.jones", "carol.white"]


def training(days, first=0):
    """One ordinary day after another: the CA's administrator from the jump host, and a user's own certificate."""
    for day in range(first, first + days):
        yield at(15 + day, pipe("ca-admin", JUMP), days=day)
        yield at(40 + day, own(1000 + day, USERS[day % 3]), days=day)


def after(days, *events):
    """The events after so many ordinary days."""
    return [*training(days), *events]


def without_address(e):
    """The event without the fields of its address, as OCSF events of some pipelines are."""
    return e | {"data": {name: value for name, value in e["data"].items() if name not in ("IpAddress", "IpPort")}}


def stories():
    yield from unusual()
    yield from suspicious()
    yield from repeats()
    yield from quiet()


def unusual():
    yield ("fires_unusual", "After 16 ordinary days the CA's administrator comes through the request pipe from a host that was never seen: low.",
           after(16, at(180, pipe("ca-admin", NEW), days=16)))
    yield ("fires_new_account_on_a_known_host", "After 16 ordinary days an account that was never seen comes through the request pipe from the jump host: low.",
           after(16, at(180, pipe("mallory", JUMP), days=16)))
    yield ("fires_account_without_an_address", "The shipper leaves out the addresses. After 16 ordinary days an account that was never seen comes through the request pipe: low.",
           [*(without_address(e) for e in training(16)), without_address(at(180, pipe("mallory", NEW), days=16))])
    yield ("fires_activation_shortened", "The policy shortens the activation period to 3 days: on the fifth day a new host alerts.",
           after(4, at(180, pipe("ca-admin", NEW), days=4)), {"policy": "certlog_remote_write:\n  activation_days: 3\n"})
    yield ("fires_pair_forgotten", "A host was seen on the first three days and then not for 33: the training period of 30 days has forgotten it.",
           [*training(3), *(at(300, pipe("ca-admin", "10.20.30.20"), days=day) for day in range(3)), *training(33, first=3),
            at(180, pipe("ca-admin", "10.20.30.20"), days=36)])


def suspicious():
    esc1 = issued(201, "CORP\\ca-admin", upn("bob.jones@corp.example"), "CertificateTemplate:ESC1\nSAN:upn=bob.jones@corp.example", "ESC1")
    yield ("fires_suspicious_direct_write", "A new host writes a log file over ADMIN$ instead of using the pipe: medium.",
           after(16, at(180, direct_write("ca-admin", NEW), days=16)), {"shape": "xml"})
    yield ("fires_suspicious_both_new", "Neither the host nor the account was ever seen at the CA: medium.", after(16, at(180, pipe("mallory", NEW), days=16)))
    yield ("fires_suspicious_mismatched_request_before", "Five minutes before the pipe is opened from a new host, the same account got a certificate in another name: medium.",
           after(16, at(175, esc1, days=16), at(180, pipe("ca-admin", NEW), days=16)))
    yield ("fires_suspicious_mismatched_request_after", "The pipe is opened from a new host (low); the certificate in another name follows five minutes later and makes it medium.",
           after(16, at(180, pipe("ca-admin", NEW), days=16), at(185, esc1, days=16)))
    scanner = {"policy": "exceptions:\n  - {detections: [certlog-remote-write], remote_ip: 10.20.30.66, up_to: low}\n"}
    yield ("fires_mismatched_request_after_an_exception", "An exception covers the new host, up to low; the certificate in another name that follows makes it medium.",
           after(16, at(180, pipe("ca-admin", NEW), days=16), at(185, esc1, days=16)), scanner)
    yield "quiet_host_of_an_exception", "An exception covers the new host, up to low.", after(16, at(180, pipe("ca-admin", NEW), days=16)), scanner
    yield ("fires_suspicious_denied_request", "Two minutes before the pipe is opened from a new host, a request of the same account was denied: medium.",
           after(16, at(178, denied(201, "CORP\\ca-admin", "CertificateTemplate:WebServer\nApplicationPolicies:1.3.6.1.5.5.7.3.2"), days=16),
                 at(180, pipe("ca-admin", NEW), days=16)))
    yield ("fires_xdr", "An EDR reports that the CA service wrote a log file for a remote caller of ICertPassage: host and account are new.",
           [*(at(15, remote_file_write("ca-admin", "jump01.corp.example", JUMP), days=day) for day in range(16)),
            at(180, remote_file_write("mallory", "wks-066.corp.example", NEW), days=16)])
    yield ("fires_xdr_direct_write", "An EDR reports that a log file was written over SMB from a new host, without an RPC interface: medium.",
           [*(at(15, remote_file_write("ca-admin", "jump01.corp.example", JUMP), days=day) for day in range(16)),
            at(180, remote_file_write("ca-admin", "wks-066.corp.example", NEW, rpc=False), days=16)])


def repeats():
    yield ("fires_again_after_a_day", "A new host alerts, comes twice more on the same day in silence, and alerts again a day later, with the two that were kept silent.",
           after(16, *(at(minutes, pipe("ca-admin", NEW), days=16) for minutes in (180, 210, 540)), at(185, pipe("ca-admin", NEW), days=17)))
    yield ("fires_until_learned", "A new host comes every day, always a little more than a day after the last time: it alerts until it was seen on three further days, and is then ordinary.",
           [*training(16), *(e for day in range(16, 23) for e in (*training(1, first=day), at(180 + 5 * day, pipe("ca-admin", NEW), days=day)))])


def quiet():
    yield ("quiet_training", "Ten days of data, however many events: the baseline is not active yet, so a new host with a new account writes in silence.",
           [*training(10), *(at(i, pipe("ca-admin", JUMP), days=9) for i in range(60, 120, 5)), at(180, direct_write("mallory", NEW), days=9)])
    yield ("quiet_known_account_without_an_address", "The shipper leaves out the addresses, and the account is known.",
           [*(without_address(e) for e in training(16)), without_address(at(180, pipe("ca-admin", NEW), days=16))])
    yield ("quiet_known_pair", "After 16 ordinary days the administrator writes a log file from the jump host: both are known.",
           after(16, at(180, direct_write("ca-admin", JUMP), days=16)), {"shape": "xml"})
    yield ("quiet_source_host_allowed", "The backup server is allowed by the policy.", after(16, at(180, direct_write("svc-backup", NEW), days=16)),
           {"policy": f"allow:\n  source_hosts: [{NEW}]\n"})
    yield ("quiet_other_pipe", "A new host opens other pipes of the CA.",
           after(16, at(180, pipe("mallory", NEW, "srvsvc"), days=16), at(181, pipe("mallory", NEW, "winreg"), days=16)))
    yield "quiet_read_only_access", "A new host reads a log file over ADMIN$ and writes none.", after(16, at(180, read("mallory", NEW), days=16))
    yield ("quiet_local_write", "The CA writes its own log files: by its service, and over its own loopback addresses.",
           after(16, at(180, file_created(), days=16), at(181, direct_write("ca-admin", "::1"), days=16), at(182, direct_write("mallory", "127.0.0.1"), days=16),
                 at(183, pipe("mallory", "::ffff:127.0.0.1"), days=16)))
    yield "quiet_switched_off", "A new host with a new account, and the detection is switched off.", after(16, at(180, direct_write("mallory", NEW), days=16)), {
        "policy": "certlog_remote_write:\n  enabled: false\n"}
