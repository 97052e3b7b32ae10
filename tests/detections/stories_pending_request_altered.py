"""Fixtures of pending-request-altered: a denied or waiting request is altered and then issued (ESC7)."""
from windows import CA2, at, attributes_set, denied, extension_set, issued, pending, request_change, resubmitted, upn

SUBCA = "CertificateTemplate:SubCA"
WEB = "CertificateTemplate:WebServer\nSAN:dns=www.corp.example"


def given(request_id, requester="CORP\\bob.jones", name="administrator@corp.example", **more):
    return issued(request_id, requester, upn(name), WEB, template="WebServer", **more)


def stories():
    yield ("fires_denied_then_issued", "mallory's request was denied, and mallory, who manages the CA, has it issued.",
           [at(0, denied(1101, "CORP\\mallory", SUBCA)), at(1, resubmitted(1101, "mallory", actor_rid=1142)),
            at(1, issued(1101, "CORP\\mallory", upn("administrator@corp.example"), SUBCA, template="SubCA"), seconds=1)])
    yield ("fires_altered_by_another", "A manager puts the administrator's name into bob's waiting request and issues it.",
           [at(0, pending(1102, "CORP\\bob.jones", WEB)), at(1, attributes_set(1102)), at(2, resubmitted(1102)), at(2, given(1102), seconds=1)])
    yield ("fires_extension_set_by_the_requester", "mallory sets the alternative names of its own waiting request; another manager approves it.",
           [at(0, pending(1103, "CORP\\mallory", WEB)), at(1, extension_set(1103, "mallory", actor_rid=1142)),
            at(60, resubmitted(1103)), at(60, given(1103, "CORP\\mallory"), seconds=1)])
    yield ("fires_denied_by_the_ca_and_issued_by_a_manager", "A manager has another person's denied request issued.",
           [at(0, denied(1104, "CORP\\bob.jones", SUBCA)), at(3, resubmitted(1104)), at(3, given(1104), seconds=1)])
    yield ("fires_denied_then_issued_by_nobody_named", "The pipeline does not collect 4869: a denied request is issued all the same.",
           [at(0, denied(1106, "CORP\\mallory", SUBCA)), at(30, issued(1106, "CORP\\mallory", "", SUBCA, template="SubCA"))])
    yield ("quiet_request_id_of_a_rebuilt_ca", "A rebuilt CA gives the id of a denied request to the request of another account.",
           [at(0, denied(1107, "CORP\\bob.jones", SUBCA)), at(30, given(1107, "CORP\\carol.white", "carol.white@corp.example"), days=3)])
    yield ("fires_after_weeks", "The request waited for three weeks.",
           [at(0, pending(1105, "CORP\\bob.jones", WEB)), at(1, attributes_set(1105), days=21), at(2, given(1105), days=21)])
    days = [e for d in range(6) for e in (
        at(0, pending(1110 + d, "CORP\\bob.jones", WEB), days=d), at(1, attributes_set(1110 + d, attributes="ValidityPeriod:Years"), days=d),
        at(2, resubmitted(1110 + d), days=d), at(2, given(1110 + d, name="bob.jones@corp.example"), days=d, seconds=1))]
    yield ("fires_low_manager_who_does_so_often", "A manager alters a request on each of six days: the sixth is Low.", days)
    yield ("quiet_approval", "A manager approves what was asked for.",
           [at(0, pending(1120, "CORP\\bob.jones", WEB)), at(60, resubmitted(1120)), at(60, given(1120, name="bob.jones@corp.example"), seconds=1)])
    yield ("quiet_altered_and_denied", "A manager alters the request and then denies it: there is no certificate.",
           [at(0, pending(1121, "CORP\\bob.jones", WEB)), at(1, attributes_set(1121)), at(2, request_change(4868, 1121, "ca-admin"))])
    yield ("quiet_denied_and_asked_again", "After a denial, bob asks again and is issued another request.",
           [at(0, denied(1122, "CORP\\bob.jones", SUBCA)), at(1, given(1123, name="bob.jones@corp.example"))])
    yield ("quiet_same_request_id_at_another_ca", "The request with the same id at another CA was not altered.",
           [at(0, pending(1124, "CORP\\bob.jones", WEB)), at(1, attributes_set(1124)), at(2, given(1124, "CORP\\carol.white", "carol.white@corp.example", ca=CA2))])
    yield ("quiet_switched_off", "The detection is switched off.",
           [at(0, pending(1102, "CORP\\bob.jones", WEB)), at(1, attributes_set(1102)), at(2, given(1102))],
           {"policy": "pending_request_altered:\n  enabled: false\n"})
