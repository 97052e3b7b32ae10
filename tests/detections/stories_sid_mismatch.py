"""Fixtures of sid-mismatch: the SID in a certificate is not that of the account it was used for."""
from activities import mapped
from windows import SID, at


def sids(account, certificate):
    return {"account_sid": f"{SID}-{account}", "certificate_sid": f"{SID}-{certificate}"}


def stories():
    yield ("fires_sids_differ", "A certificate with the SID of mallory was used for alice.smith.",
           [at(0, mapped(41, "alice.smith", "CN=alice.smith", 541, **sids(1110, 1142)))])
    yield ("fires_once_a_day_for_one_sid", "The same certificate again is suppressed, one of a further SID revises the alert.",
           [at(0, mapped(41, "alice.smith", "CN=alice.smith", 541, **sids(1110, 1142))),
            at(5, mapped(41, "alice.smith", "CN=alice.smith", 541, **sids(1110, 1142))),
            at(9, mapped(41, "alice.smith", "CN=alice.smith", 542, **sids(1110, 1143)))])
    yield ("quiet_same_sid", "Both SIDs are one.",
           [at(0, mapped(41, "alice.smith", "CN=alice.smith", 541, **sids(1110, 1110)))])
    yield ("quiet_weak_mapping", "A certificate without a SID (39) is no mismatch of SIDs.",
           [at(0, mapped(39, "alice.smith", "CN=alice.smith", 541))])
