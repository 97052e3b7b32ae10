#!/usr/bin/env python3
"""Writes corp-example/: four ordinary weeks of a small company's CA and domain controller, and one bad Monday. See README.md."""
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "detections"))
from windows import CA, DC, at, issued, json_line, logon, numbered, own, pipe, remote_file_write, requested, upn, xml_document  # noqa: E402

PEOPLE = [("alice.smith", "10.20.30.114"), ("bob.jones", "10.20.30.77"), ("carol.white", "10.20.30.81"), ("dave.brown", "10.20.30.120")]
MACHINES = ["WKS-114", "WKS-077", "WKS-081", "WKS-120", "SRV-FILE1"]
WORKDAYS = [day for day in range(-28, 0) if day % 7 < 5]  # day 0 is Monday 2026-03-02
MALLORY, ATTACKER = "CORP\\mallory", "10.20.30.66"


def machine(request_id, name):
    host = f"{name.lower()}.corp.example"
    attributes = f"\nCertificateTemplate:Machine\nccm:{host}\ncdc:{DC}\nrmd:{host}"
    return issued(request_id, f"CORP\\{name}$", f"DNS Name={host}", attributes, "Machine")


def windows_logon(who, request_id, ip):
    """A logon by Windows' own client, which asks for canonicalisation too. Attack tools do not."""
    event = logon(who, request_id, ip)
    event["data"]["TicketOptions"] = "0x40810010"
    return event


def ordinary_day(n, day):
    """Two certificates, the administrator's work from the jump host, and three smart-card or password logons."""
    who, ip = PEOPLE[n % 4]
    first = 100 + 2 * n
    yield at(2 + n, own(first, who), days=day)
    yield at(4 + n, windows_logon(who, first, ip), days=day)
    yield at(31 + n, machine(first + 1, MACHINES[n % 5]), days=day)
    yield at(45 + n, pipe("ca-admin", "10.20.30.10"), days=day)
    if n >= 4:
        yield at(7 + n, windows_logon(PEOPLE[(n + 1) % 4][0], first - 6, PEOPLE[(n + 1) % 4][1]), days=day)
    yield at(9 + n, windows_logon(PEOPLE[(n + 2) % 4][0], None, PEOPLE[(n + 2) % 4][1]), days=day)


def bad_monday():
    esc1 = "CertificateTemplate:ESC1\nSAN:upn=administrator@corp.example"
    yield at(0, pipe("ca-admin", "10.20.30.10"))
    yield at(3, pipe("mallory", ATTACKER))
    yield at(3, requested(201, MALLORY, esc1, "ESC1"), seconds=1)
    yield at(3, issued(201, MALLORY, upn("administrator@corp.example"), esc1, "ESC1", auth="NTLM", via="RPC"), seconds=1)
    yield at(11, logon("administrator", 201, ATTACKER))
    yield at(62, own(202, "mallory"))
    yield at(75, logon("carol.white", 202, ATTACKER, status="0x42"))
    yield at(78, logon("carol.white", 202, ATTACKER))
    for i, minutes in enumerate((150, 154, 159)):
        yield at(minutes, own(203 + i, "dave.brown"))
    yield at(170, pipe("alice.smith", "10.20.30.114", "srvsvc"))
    yield at(240, remote_file_write("ca-admin", "wks-091.corp.example", "10.20.30.91", rpc=False))


def files():
    events = [e for n, day in enumerate(WORKDAYS) for e in ordinary_day(n, day)] + list(bad_monday())
    events = sorted(numbered(events), key=lambda e: e["time"])
    return {
        "ca01-security.ndjson": "".join(json_line(e) for e in events if e["computer"] == CA and "activity" not in e),
        "ca01-edr.ndjson": "".join(json_line(e) for e in events if "activity" in e),
        "dc01-security.xml": xml_document([e for e in events if e["computer"] == DC]),
    }


def main():
    stale = False
    for name, text in files().items():
        path = HERE / "corp-example" / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale = True
            print(f"{path.name} is not what render.py writes" if "--check" in sys.argv else f"wrote {path.name}")
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    sys.exit("--check" in sys.argv and stale)


main()
