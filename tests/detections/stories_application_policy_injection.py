"""Fixtures of application-policy-injection: the request attributes ask for purposes that the template does not give (ESC15)."""
from windows import CA2, at, denied, issued, own, pending, requested, upn

WEB = "CertificateTemplate:WebServer"
CLIENT = "ApplicationPolicies:1.3.6.1.5.5.7.3.2"
AGENT = "ApplicationPolicies:1.3.6.1.4.1.311.20.2.1"


def stories():
    yield ("fires_request_and_issue_are_one_alert", "mallory asks for client authentication on the template WebServer, and the CA issues the certificate.",
           [at(0, requested(501, "CORP\\mallory", f"{WEB}\n{CLIENT}", template="WebServer")),
            at(0, issued(501, "CORP\\mallory", upn("administrator@corp.example"), f"{WEB}\n{CLIENT}", template="WebServer"), seconds=1)])
    yield ("fires_denied_request", "The CA denies the request: the attempt is enough.",
           [at(0, denied(502, "CORP\\mallory", f"{WEB}\n{CLIENT}"))])
    yield ("fires_pending_request", "The request for an enrollment agent's certificate waits for a manager.",
           [at(0, pending(503, "CORP\\mallory", f"{WEB}\n{AGENT}"))])
    yield ("fires_version_0", "A CA whose events have version 0 logs the attributes too.",
           [at(0, issued(504, "CORP\\mallory", attributes=f"{WEB}\n{CLIENT}", version=0))])
    yield ("fires_attributes_separated_by_spaces", "The pipeline has replaced the line feeds by spaces, and several purposes are asked for.",
           [at(0, requested(505, "CORP\\mallory", f"{WEB} {CLIENT},1.3.6.1.4.1.311.20.2.2 ccm:wks-066.corp.example", template="WebServer"))])
    yield ("fires_allowed_template_and_requester", "An allow-listed account on an allow-listed template: no list excuses the attribute.",
           [at(0, requested(506, "CORP\\svc-ndes", f"{WEB}\n{CLIENT}", template="WebServer"))],
           {"policy": "allow:\n  requesters: ['CORP\\svc-ndes']\n  templates: [WebServer]\n"})
    yield ("fires_again_after_a_day", "The same requester at another CA belongs to the alert, and is a new one after a day.",
           [at(0, denied(507, "CORP\\mallory", f"{WEB}\n{CLIENT}")),
            at(60, denied(508, "CORP\\mallory", f"{WEB}\n{CLIENT}", ca=CA2)),
            at(1, denied(509, "CORP\\mallory", f"{WEB}\n{CLIENT}"), days=1)])
    until = {"policy": "exceptions:\n  - {detections: [application-policy-injection], account: 'CORP\\mallory', until: '2026-03-02T09:30:00Z'}\n"}
    yield ("fires_after_the_end_of_an_exception", "An exception ends between two requests: what it withheld does not suppress the second.",
           [at(0, denied(511, "CORP\\mallory", f"{WEB}\n{CLIENT}")), at(60, denied(512, "CORP\\mallory", f"{WEB}\n{CLIENT}"))], until)
    yield ("quiet_before_the_end_of_an_exception", "Both requests come before its end.",
           [at(0, denied(511, "CORP\\mallory", f"{WEB}\n{CLIENT}")), at(20, denied(512, "CORP\\mallory", f"{WEB}\n{CLIENT}"))], until)
    one_ca = {"policy": "exceptions:\n  - {detections: [application-policy-injection], account: 'CORP\\mallory', computer: ca01.corp.example}\n"}
    yield ("fires_at_another_ca_than_that_of_an_exception", "An exception covers the first request, at ca01; the second goes to another CA.",
           [at(0, denied(513, "CORP\\mallory", f"{WEB}\n{CLIENT}")), at(60, denied(514, "CORP\\mallory", f"{WEB}\n{CLIENT}", ca=CA2))], one_ca)
    yield "quiet_ordinary_request", "alice's certificate of the template User.", [at(0, own(510))]
    yield ("quiet_switched_off", "The detection is switched off.", [at(0, denied(502, "CORP\\mallory", f"{WEB}\n{CLIENT}"))],
           {"policy": "application_policy_injection:\n  enabled: false\n"})
