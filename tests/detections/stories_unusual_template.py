"""Fixtures of unusual-template: the first certificate of a template that newcomers rarely get."""
from windows import at, issued, own


def ordinary_days(count=14):
    """Every day a user who is new gets a certificate of the template User."""
    return [at(0, own(100 + d, f"user{d}"), days=d) for d in range(count)]


def of(request_id, template="OldVpn", requester="CORP\\mallory"):
    return issued(request_id, requester, template=template)


def stated(request_id, *templates):
    """A certificate of a CA that writes version 0: only the request names the template."""
    return issued(request_id, "CORP\\mallory", template="", version=0,
                  attributes="\n".join(f"CertificateTemplate:{template}" for template in templates))


def stories():
    yield ("fires_template_that_nobody_uses", "mallory gets a certificate of a template that nobody used lately.",
           ordinary_days() + [at(30, of(201), days=14)])
    yield ("fires_template_of_few", "ca-admin gets WebServer certificates every day; mallory gets one for the first time.",
           [at(0, of(100 + d, "WebServer", "CORP\\ca-admin"), days=d) for d in range(14)] + [at(30, of(201, "WebServer"), days=14)])
    yield ("fires_again_after_a_month", "The account gets one again 33 days later.",
           sorted(ordinary_days(48) + [at(30, of(201), days=14), at(30, of(202), days=47)], key=lambda e: e["time"]))
    yield ("fires_one_alert_for_a_new_template", "A new template goes to ten machines on one day: one alert, with five of them.",
           ordinary_days() + [at(30 + n, of(201 + n, "NewWifi", f"CORP\\WKS-{n}$"), days=14) for n in range(10)])
    yield ("fires_after_a_gap_and_a_training", "Nothing was recorded for 40 days; after another 14 days mallory gets a certificate of a template that nobody used.",
           ordinary_days() + [at(0, own(300 + d, f"user{d}"), days=54 + d) for d in range(14)] + [at(30, of(601), days=68)])
    yield ("fires_template_behind_an_ordinary_one", "A CA writes version 0, and mallory's request names User in front of a template that nobody used lately.",
           ordinary_days() + [at(30, stated(201, "User", "OldVpn"), days=14)])
    yield ("quiet_after_a_gap", "Nothing was recorded for 40 days: what the accounts get is no longer known, and nothing is new.",
           ordinary_days() + [at(d, own(300 + d, f"user{d}"), days=54) for d in range(8)])
    yield ("quiet_newcomer_of_an_ordinary_template", "Another new user gets a certificate of User.",
           ordinary_days() + [at(0, own(201, "new.colleague"), days=14)])
    yield ("quiet_renewal", "The account got the template three weeks before.",
           [at(5, of(150), days=1)] + ordinary_days() + [at(30, of(201), days=22)])
    yield ("quiet_renewal_of_two", "The account stated both templates three weeks before.",
           [at(5, stated(150, "User", "OldVpn"), days=1)] + ordinary_days() + [at(30, stated(201, "User", "OldVpn"), days=22)])
    yield ("fires_account_after_that_of_an_exception", "An exception covers the first account that gets the new template; mallory is the second.",
           ordinary_days() + [at(30, of(201, requester="CORP\\vpn-admin"), days=14), at(40, of(202), days=14)],
           {"policy": "exceptions:\n  - {detections: [unusual-template], account: 'CORP\\vpn-admin', up_to: low}\n"})
    yield ("quiet_training", "The CA is known for four days only.", ordinary_days(4) + [at(30, of(201), days=3)])
    yield ("quiet_agent", "The policy names the account as an agent for this template.",
           ordinary_days() + [at(30, of(201, "Citrix_SmartcardLogon", "CORP\\FAS01$"), days=14)],
           {"policy": "agents:\n  'CORP\\FAS01$':\n    templates: [Citrix_SmartcardLogon]\n"})
    yield ("quiet_without_a_template", "A CA that writes version 0 does not name the template.",
           ordinary_days() + [at(30, issued(201, "CORP\\mallory", template="", version=0), days=14)])
