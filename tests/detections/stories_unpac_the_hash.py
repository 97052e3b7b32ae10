"""Fixtures of unpac-the-hash: a ticket of an account to itself, after a logon with a certificate."""
import activities
from stories_pkinit_client import windows
from windows import RIDS, SID, at, logon


def ticket(name, service=None, options=0x40810018, rid=None, status="0x0", sid=True):
    service = service or name
    return activities.ticket(name, service, hex(options), f"{SID}-{rid or RIDS.get(service, 1200)}" if sid else "", status)


def stories():
    yield ("fires_ticket_to_itself", "bob.jones logs on with a certificate at one domain controller, with the options of attack tools, and asks another one for a ticket to itself.",
           [at(0, logon("bob.jones", 561)), at(0, ticket("bob.jones"), seconds=2)])
    yield ("fires_ticket_arrives_first", "The domain controller of the ticket delivers first.",
           [at(0, ticket("bob.jones"), seconds=2), at(0, logon("bob.jones", 561))])
    yield ("fires_with_the_options_of_windows", "The same with the options of Windows' own logon.",
           [at(0, windows("bob.jones", 561)), at(0, ticket("bob.jones"), seconds=2)])
    yield ("fires_administrator", "The account is a protected one.",
           [at(0, logon("administrator", 562)), at(5, ticket("administrator", options=0x40800018))])
    yield ("fires_by_name_without_a_sid", "The format lost the SID of the service; its name is that of the account.",
           [at(0, logon("bob.jones", 561)), at(1, ticket("bob.jones", sid=False))])
    yield ("quiet_ticket_for_another_account", "A user-to-user ticket for the session of another user.",
           [at(0, logon("bob.jones", 561)), at(1, ticket("bob.jones", "carol.white"))])
    yield ("quiet_same_name_with_another_sid", "The service has the account's name and another SID: it is another account.",
           [at(0, logon("bob.jones", 561)), at(1, ticket("bob.jones", rid=1999))])
    yield ("quiet_without_a_certificate", "A ticket to itself, and no logon with a certificate.",
           [at(0, logon("bob.jones", None)), at(1, ticket("bob.jones"))])
    yield ("quiet_more_than_ten_minutes_later", "The ticket is asked for eleven minutes later.",
           [at(0, logon("bob.jones", 561)), at(11, ticket("bob.jones"))])
    yield ("quiet_refused", "The logon, or the ticket, was refused.",
           [at(0, logon("bob.jones", 561, status="0x4b")), at(1, ticket("bob.jones")), at(2, logon("bob.jones", 561)), at(3, ticket("bob.jones", status="0x1b"))])
    yield ("quiet_ordinary_ticket", "A ticket for a service without the option.",
           [at(0, logon("bob.jones", 561)), at(1, ticket("bob.jones", options=0x40810000))])
