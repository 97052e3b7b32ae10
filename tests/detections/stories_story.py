"""Fixtures of story: alerts of several detections that are steps of one attack."""
from activities import BASE, account_changed, directory, ticket
from stories_pkinit_client import windows
from stories_template_tampered import NAME, replaced
from windows import SID, at, denied, issued, logon, own, pipe, requested, upn

M = "CORP\\mallory"
BOB = f"CN=bob.jones,CN=Users,{BASE}"
CORP = {"policy": "domains: {CORP: [corp.example]}\n"}
CAS = {"policy": "cas:\n  ca01.corp.example: CORP-CA01\n"}
WORKSTATION = "CertificateTemplate:User\ncdc:dc01.corp.example\nrmd:ws101.corp.example\nccm:ws101.corp.example"
WEB = "CertificateTemplate:DomainController\nccm:ca01.corp.example\nUserAgent:Mozilla/5.0"


def to_itself(name, rid):
    """The ticket that gives away the NT hash."""
    return ticket(name, name, "0x40810018", f"{SID}-{rid}")


def of_another(request_id):
    """mallory's certificate names the administrator (ESC1)."""
    return issued(request_id, M, upn("administrator@corp.example"))


def stories():
    yield from attacks()
    yield from harmless()


def attacks():
    yield ("fires_issued_then_used", "mallory gets a certificate in the name of the administrator, and logs on with it (ESC1).",
           [at(0, of_another(901)), at(4, logon("administrator", 901))])
    yield ("fires_used_before_the_ca_delivers", "The same, and the domain controller delivers before the CA.",
           [at(4, logon("administrator", 902)), at(0, of_another(902))])
    yield ("fires_changed_issued_used_and_changed_back", "mallory gives bob.jones the name of the administrator, asks as bob.jones for a certificate, logs on with it, and sets the name back (ESC9).",
           [at(0, account_changed(4738, "CORP\\bob.jones", M, 1111, upn="administrator")),
            at(2, issued(903, "CORP\\bob.jones", upn("administrator"))),
            at(4, logon("administrator", 903)),
            at(6, account_changed(4738, "CORP\\bob.jones", M, 1111, upn="bob.jones@corp.example"))])
    yield ("fires_across_two_domains", "mallory of CORP gives bob.jones of CHILD the name of the administrator, and his certificate logs on as it: the story is about CHILD's account.",
           [at(0, account_changed(4738, "CHILD\\bob.jones", M, 1111, upn="administrator")),
            at(2, issued(908, "CHILD\\bob.jones", upn("administrator"))), at(4, logon("administrator", 908))])
    yield ("fires_coerced_relayed_and_used", "dc02 is coerced, relayed to web enrollment (ESC8), and its certificate gives the attacker its hash.",
           [at(0, pipe("mallory", "10.20.30.66", "efsrpc", ca="dc02.corp.example")),
            at(0, issued(904, "CORP\\DC02$", "DNS Name=dc02.corp.example", WEB, template="DomainController", auth="NTLM"), seconds=2),
            at(1, logon("DC02$", 904)), at(1, to_itself("DC02$", 1200), seconds=2)], CAS)
    yield ("fires_template_opened_by_another", "An administrator's account opens a template (ESC4), and mallory, with whom no alert names it, asks there for a certificate in another name (ESC1).",
           replaced(0, NAME, "-2113929216", "1", actor="CORP\\ca-admin") + [at(20, issued(907, M, upn("administrator@corp.example"), template="VpnUser"))])
    yield ("fires_over_midnight", "The certificate is issued at night, and used on the next day.",
           [at(895, of_another(905)), at(910, logon("administrator", 905))])


    yield ("fires_above_its_alerts", "mallory gives bob.jones the name of carol.white; an hour later he logs on with a certificate and asks for the ticket that gives his hash away.",
           [at(0, account_changed(4738, "CORP\\bob.jones", M, 1111, upn="carol.white")),
            at(60, logon("bob.jones", 906)), at(60, to_itself("bob.jones", 1111), seconds=3)])


def harmless():
    yield ("fires_high_for_an_agent_that_the_policy_does_not_name", "An enrollment agent issues for a user, who logs on: two high alerts with one explanation are no critical story.",
           [at(0, issued(917, "CORP\\FAS01$", upn("alice.smith@corp.example"), template="Citrix_SmartcardLogon")), at(1, windows("alice.smith", 917))])
    yield ("fires_low_for_a_new_machine", "sssd on a new Linux host gets the first certificate of a new template, and logs on with it hours later: two low alerts are no medium story.",
           [at(0, own(100 + d, f"user{d}"), days=d) for d in range(14)]
           + [at(30, own(918, "carol.white", template="LinuxLogon"), days=14), at(154, logon("carol.white", 918), days=14)])
    yield ("fires_high_for_an_agent_with_many_users", "An enrollment agent issues for six users, one of whom logs on: the volume is explained by the agent too, and is no critical story.",
           [at(i, issued(920 + i, "CORP\\FAS01$", upn(f"user{i}@corp.example"), template="Citrix_SmartcardLogon")) for i in range(6)] + [at(7, windows("user0", 920))])
    yield ("quiet_one_request_from_a_workstation", "A user's request states the workstation that it comes from, and the certificate names her by a userPrincipalName that is not her account's: a low and a high alert on one request are no chain.",
           [at(0, requested(930, "CORP\\asmith", WORKSTATION)), at(0, issued(930, "CORP\\asmith", upn("alice.smith@corp.example"), WORKSTATION), seconds=1)])
    yield ("quiet_one_request_under_two_names_of_the_ca", "The same, and the two events of the request spell the CA differently.",
           [at(0, requested(932, "CORP\\asmith", WORKSTATION) | {"computer": "CA01"}), at(0, issued(932, "CORP\\asmith", upn("alice.smith@corp.example"), WORKSTATION), seconds=1)])
    yield ("quiet_one_refused_request", "The CA refuses a request in the administrator's name: several detections alert on it, and nothing followed.",
           [at(0, denied(919, M, "SAN:upn=administrator@corp.example"))])
    yield ("quiet_one_step", "Two certificates in the name of others: two issues, and no further step.",
           [at(0, of_another(911)), at(5, issued(912, M, upn("carol.white@corp.example")))])
    yield ("quiet_steps_of_different_accounts", "mallory gets a certificate in another name; somebody else's odd ticket has nothing to do with it.",
           [at(0, of_another(913)), at(2, logon("bob.jones", 561)), at(2, to_itself("bob.jones", 1111), seconds=3)])
    yield ("quiet_steps_of_one_template", "Of one template that nobody changed, mallory gets a certificate in another name and somebody else is refused one.",
           [at(0, of_another(913)), at(2, denied(931, "CORP\\carol.white", "CertificateTemplate:User\nSAN:upn=bob.jones@corp.example"))])
    yield ("quiet_two_days_apart", "A change, and two days later an odd ticket of the same account.",
           [at(0, account_changed(4738, "CORP\\bob.jones", M, 1111, upn="carol.white")),
            at(0, logon("bob.jones", 562), days=2), at(1, to_itself("bob.jones", 1111), days=2)])
    yield ("quiet_day_of_an_agent", "An enrollment agent requests for its users, and they log on.",
           [at(0, issued(914, "CORP\\FAS01$", upn("alice.smith@corp.example"), template="Citrix_SmartcardLogon")),
            at(1, logon("alice.smith", 914)), at(10, own(915)), at(11, logon("alice.smith", 915))],
           {"policy": "agents:\n  'CORP\\FAS01$': {templates: [Citrix_SmartcardLogon]}\n"})
    yield ("quiet_switched_off", "The policy has no stories.",
           [at(0, of_another(916)), at(4, logon("administrator", 916))], {"policy": "story: {enabled: false}\n"})
