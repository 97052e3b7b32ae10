"""Fixtures of unusual-source: a certificate requested from a network that nobody requests from."""
from windows import at, network_logon, own, requested

CAS = {"policy": "cas:\n  ca01.corp.example: CORP-CA01\n"}


def enrolled(request_id, user, ip, minute=0, day=0):
    """A logon at the CA, and two seconds later the certificate."""
    return [at(minute, network_logon(user, ip), days=day), at(minute, own(request_id, user), days=day, seconds=2)]


def ordinary_days(count=14):
    """Every day a user requests from a client of the network 10.20.30.0/24."""
    return [e for d in range(count) for e in enrolled(100 + d, f"user{d}", f"10.20.30.{40 + d}", day=d)]


def stories():
    yield ("fires_foreign_network", "A certificate of alice.smith is requested from a network that nobody uses.",
           ordinary_days() + enrolled(201, "alice.smith", "10.66.66.66", 30, 13), CAS)
    yield ("fires_logon_arrives_last", "The logon arrives after the certificate.",
           ordinary_days() + enrolled(201, "alice.smith", "10.66.66.66", 30, 13)[::-1], CAS)
    yield ("fires_for_a_request", "The request waits for a manager: 4886 and the logon suffice.",
           ordinary_days() + [at(30, network_logon("alice.smith", "10.66.66.66"), days=13),
                              at(30, requested(201, "CORP\\alice.smith"), days=13, seconds=1)], CAS)
    yield ("fires_ipv6", "The client has an IPv6 address of a network that nobody uses.",
           ordinary_days() + enrolled(201, "alice.smith", "2001:db8:66::66", 30, 13), CAS)
    yield ("fires_after_a_gap_and_a_training", "Nothing was recorded for 40 days, and then for 14 days again: the network is one that nobody uses.",
           ordinary_days() + [e for d in range(14) for e in enrolled(300 + d, f"user{d}", f"10.20.30.{40 + d}", day=54 + d)]
           + enrolled(601, "alice.smith", "10.66.66.66", 30, 67), CAS)
    yield ("quiet_after_a_gap", "Nothing was recorded for 40 days: which networks are used is no longer known.",
           ordinary_days() + [e for d in range(4) for e in enrolled(300 + d, f"user{d}", f"10.{20 + d}.30.40", minute=d, day=54)], CAS)
    yield ("quiet_known_network", "A laptop gets another address of a network that others use.",
           ordinary_days() + enrolled(201, "alice.smith", "10.20.30.200", 30, 13), CAS)
    yield ("quiet_after_the_first", "The network is known from the first request on.",
           ordinary_days(3) + enrolled(201, "alice.smith", "10.66.66.66", 30, 2) + ordinary_days()[6:] + enrolled(202, "bob.jones", "10.66.66.67", 30, 13), CAS)
    yield ("quiet_training", "The CA is known for four days only.", ordinary_days(4) + enrolled(201, "alice.smith", "10.66.66.66", 30, 3), CAS)
    yield ("quiet_proxy", "The policy names the network of the enrollment proxies.",
           ordinary_days() + enrolled(201, "alice.smith", "10.66.66.66", 30, 13), {"policy": CAS["policy"] + "allow:\n  source_hosts: [10.66.66.0/24]\n"})
    yield ("quiet_logon_an_hour_before", "A logon that belongs to no request.",
           ordinary_days() + [at(30, network_logon("alice.smith", "10.66.66.66"), days=13), at(90, own(201), days=13)], CAS)
    yield ("quiet_another_account", "The logon from the foreign network is that of another account.",
           ordinary_days() + [at(30, network_logon("carol.white", "10.66.66.66"), days=13), at(30, own(201), days=13, seconds=1)], CAS)
