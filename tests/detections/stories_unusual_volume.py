"""Fixtures of unusual-volume: more certificates in an hour than the account ever gets."""
from windows import at, issued, own, upn

AGENT = {"policy": "agents:\n  'CORP\\svc-ndes':\n    templates: [Device]\n"}


def for_others(count, requester="CORP\\svc-ndes", template="Device", first=201, minute=0, day=0, every=1):
    return [at(minute + n * every, issued(first + n, requester, upn(f"user{first + n}@corp.example"), template=template), days=day) for n in range(count)]


def own_ones(count, user="mallory", template="WebServer", first=201, day=0, every=1):
    return [at(n * every, issued(first + n, f"CORP\\{user}", upn(f"{user}@corp.example"), template=template), days=day) for n in range(count)]


def stories():
    yield ("fires_many_certificates", "mallory gets 25 certificates in 25 minutes.", own_ones(25))
    yield ("fires_again_when_they_doubled", "mallory gets 90 certificates within an hour: the alert is revised at 40 and at 80.",
           [at(n // 2, issued(201 + n, "CORP\\mallory", upn("mallory@corp.example"), template="WebServer"), seconds=n % 2) for n in range(90)])
    yield ("fires_names_of_others", "mallory gets certificates with the names of six others.", for_others(6, "CORP\\mallory", "User"))
    yield ("fires_more_than_usual", "A service that issues for ten devices an hour issues for 32.",
           [e for d in range(5) for e in for_others(10, first=1000 + 100 * d, day=d)] + for_others(32, first=5001, day=5))
    yield ("fires_once_for_a_service", "A service that issues for 25 devices an hour on every day: it alerts on the first one.",
           [e for d in range(6) for e in for_others(25, first=1000 + 100 * d, day=d)])
    yield ("quiet_agent", "The policy names the service as an agent.", for_others(40), AGENT)
    yield ("quiet_allowed_requester", "The policy allows the service to request for others.", for_others(40), {"policy": "allow:\n  requesters: ['CORP\\svc-ndes']\n"})
    yield ("quiet_first_logon", "A user gets certificates of three templates at the first logon.",
           [at(0, own(201 + n, "bob.jones", template=t), seconds=n) for n, t in enumerate(["User", "EFS", "SecureMail"])])
    yield ("quiet_over_the_day", "25 certificates, one every half an hour.", own_ones(25, every=30))
    yield ("quiet_one_record_many_times", "A shipper delivers one record 30 times.", [at(0, own(201, "bob.jones"), record=70_500) for _ in range(30)])
    yield ("quiet_same_name_many_times", "Many certificates with one name of another: san-mismatch has it.",
           [at(n, issued(201 + n, "CORP\\mallory", upn("bob.jones@corp.example"))) for n in range(10)])
    sites = "\n".join(f"DNS Name=shop{i:02}.corp.example" for i in range(40))
    yield ("fires_host_names_of_another_template", "The web team gets one certificate with forty names of sites.",
           [at(0, issued(201, "CORP\\webops", sites, template="WebServer"))])
    yield ("quiet_host_names_of_an_allowed_template", "The same certificate, of a template whose names are the requester's to choose.",
           [at(0, issued(201, "CORP\\webops", sites, template="WebServer"))], {"policy": "allow:\n  templates: [WebServer]\n"})
