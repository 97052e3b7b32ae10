"""Fixtures of ca-silent: a CA that reports less than it did, or nothing."""
from activities import ca_changed
from windows import CA, CA2, at, logon, own, pipe

CAS = {"policy": "cas:\n  ca01.corp.example: CORP-CA01\n  ca02.corp.example: CORP-CA02\n"}


def daily(days=12, hour=0):
    """One certificate on every day."""
    return [at(60 * hour, own(100 + d, f"user{d}"), days=d) for d in range(days)]


def backups(days=12):
    return [at(60 * 12, ca_changed(4876, "CORP\\svc-backup", {"BackupType": "1"}), days=d) for d in range(days)]


def workdays(weeks, ca=CA, first=0):
    return [at(60 * h, own(100 + 7 * w + d + 1000 * h, f"user{d}", ca=ca), days=7 * w + d)
            for w in range(first, first + weeks) for d in range(5) for h in (0, 4, 8)]


def logons(first, last):
    """A logon with a certificate of the CA on every work day of these weeks."""
    return [at(30, logon("bob.jones", 561), days=7 * w + d) for w in range(first, last) for d in range(5)]


# The nodes of a cluster, or the old and the new host of a CA that was moved.
NODES = {"policy": "cas:\n  ca01.corp.example: CORP-CA01\n  ca02.corp.example: CORP-CA01\n"}


def in_order(events):
    return sorted(events, key=lambda e: e["time"])


def stories():
    yield ("fires_silent_while_its_certificates_are_used", "The CA reports nothing for two days, and its certificates are used.",
           daily() + [at(0, logon("bob.jones", 561), days=13)], CAS)
    yield ("fires_silent_while_clients_ask", "Clients open the request pipe of the CA, and nothing shows a request.",
           daily() + [at(0, pipe("bob.jones", "10.20.30.41"), days=13)], CAS)
    yield ("fires_when_the_silence_ends", "The CA is back after four days.", daily() + [at(0, own(301), days=15)])
    yield ("fires_requests_are_missing", "The settings of the CA are changed, and no request is reported for two days.",
           daily() + [at(0, ca_changed(4891, "CORP\\ca-admin", {"Node": "", "Entry": "CRLPeriodUnits", "Value": "1"}), days=13)])
    yield ("fires_backups_are_missing", "The nightly backup is missing, and certificates are issued.",
           sorted(daily(16) + backups(), key=lambda e: e["time"]))
    yield ("fires_version_fell", "4887 had serial numbers, and has none now.",
           [at(n, own(101 + n)) for n in range(5)] + [at(10 + n, own(111 + n, version=0)) for n in range(3)])
    for name, days in (("a_year", -365), ("25_years", -25 * 365), ("a_month", -30)):
        yield (f"fires_beside_a_clock_{name}_behind", "One event has a clock of the past, and the CA reports nothing for two days.",
               [at(0, own(7777, "carol.white"), days=days)] + daily() + [at(0, pipe("bob.jones", "10.20.30.41"), days=13)], CAS)
    yield ("fires_beside_a_clock_behind_in_between", "A clock of the past between two days of the CA, as it arrives, and the CA is back after four days.",
           daily(6) + [at(0, own(7777, "carol.white"), days=-365)] + daily(12)[6:] + [at(0, own(301), days=15)])
    yield ("quiet_clock_ahead", "One event has a clock that is a year ahead, and the CA was not silent.",
           daily() + [at(0, own(7777, "carol.white"), days=365)], CAS)
    yield ("quiet_clock_behind_and_weekends", "One event has a clock of the past, and the CA is used on work days only.",
           [at(0, own(7777, "carol.white"), days=-365)] + workdays(4))
    yield ("quiet_holidays_while_new", "Nobody works for two weeks before the CA is known; later it is quiet for two weeks again.",
           workdays(1) + [at(0, own(400 + d, f"user{d}"), days=21 + d) for d in range(5)] + [at(0, own(500 + d, f"user{d}"), days=28 + d) for d in range(3)]
           + [at(0, own(600), days=45)])
    yield ("fires_once_over_weekends", "The CA reports nothing for three weeks; its certificates are used on work days.",
           in_order(workdays(3) + logons(0, 6)), CAS)
    yield ("fires_again_after_it_was_back", "The CA is silent twice: one alert each.",
           in_order(workdays(3) + workdays(1, first=5) + logons(0, 8)), CAS)
    yield ("fires_when_both_nodes_are_silent", "The CA moved to its other node, and then it reports nothing.",
           in_order(workdays(3) + workdays(3, CA2, first=3) + logons(0, 8)), NODES)
    yield ("quiet_weekends", "A CA that is used on work days only.", workdays(5))
    yield ("quiet_weekends_for_months", "A CA that is used on work days only: its first weekends are forgotten, the later ones are not.",
           workdays(14))
    yield ("quiet_weekends_after_forgotten_holidays", "Holidays of five days are forgotten, and the weekends after them are not.",
           in_order(workdays(1) + [at(60 * h, own(9000 + 10 * d + h, f"user{d}"), days=7 + d) for d in range(2) for h in (0, 4, 8)]
                    + workdays(13, first=2)))
    yield ("quiet_other_node_of_a_cluster", "The CA moves to the other node of its cluster.",
           in_order(workdays(3) + workdays(3, CA2, first=3) + logons(0, 6)), NODES)
    yield ("quiet_small_ca", "A CA with a certificate in a week is not known well enough.", [at(0, own(100 + w), days=7 * w) for w in range(8)] + [at(0, own(301), days=70)])
    yield ("quiet_new_ca", "A CA that is known for five days.", daily(5) + [at(0, logon("bob.jones", 561), days=8)], CAS)
    yield ("quiet_certificates_of_another_ca", "Only certificates of the other CA are used, and the first one is not due.",
           daily() + [at(0, logon("bob.jones", 561, ca=CA2), days=13)], CAS)
    yield ("quiet_version_0_from_the_start", "A CA that never wrote serial numbers.", [at(n, own(101 + n, version=0)) for n in range(12)])
    yield ("quiet_one_field_lost", "One certificate without a serial number among others.",
           [at(n, own(101 + n, version=0 if n == 6 else 1)) for n in range(12)])
