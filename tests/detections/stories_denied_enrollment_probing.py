"""Fixtures of denied-enrollment-probing: an account tries templates, or asks in another's name, and is refused."""
from activities import refused
from windows import CA2, at, denied, pending


def tried(request_id, template, requester="CORP\\mallory", attributes="", **more):
    return denied(request_id, requester, f"CertificateTemplate:{template}{attributes}", **more)


WINDOWS = "\nccm:wks-066.corp.example"


def stories():
    yield ("fires_medium_for_a_client_of_windows", "The same from a client of Windows, which may be configured wrongly: medium.",
           [at(m, tried(1010 + m, t, attributes=WINDOWS)) for m, t in enumerate(("User", "WebServer", "ESC1"))])
    yield ("fires_high_for_many_templates_of_a_user", "Six templates of a user, from a client of Windows: nobody configures that.",
           [at(m, tried(1020 + m, t, attributes=WINDOWS)) for m, t in enumerate(("User", "WebServer", "ESC1", "SubCA", "ESC2", "ESC3"))])
    yield ("fires_medium_for_many_templates_of_a_machine", "A server whose rights were lost is refused all its templates.",
           [at(m, tried(1030 + m, t, "CORP\\SRV-12$", "\nccm:srv-12.corp.example")) for m, t in enumerate(("Machine", "Rdp", "WinRM", "Sql", "IPsec", "Web", "Sccm"))])
    yield ("fires_three_templates", "mallory is refused three templates within an hour, at two CAs, with requests that state no client.",
           [at(0, tried(901, "User")), at(2, tried(902, "WebServer", ca=CA2)), at(55, tried(903, "ESC1")), at(56, tried(904, "SubCA"))])
    yield ("fires_templates_behind_another_one", "Each request names the template User in front of the one that is tried.",
           [at(i, tried(921 + i, "User", attributes=f"\nCertificateTemplate:{name}")) for i, name in enumerate(["WebServer", "ESC1"])])
    yield ("fires_templates_in_any_order", "The refusals arrive in another order.", [at(30, tried(905, "User")), at(0, tried(906, "WebServer")), at(15, tried(907, "ESC1"))])
    yield ("fires_pending_requests", "Requests that wait for a manager are part of the search.",
           [at(0, pending(908, "CORP\\mallory", "CertificateTemplate:SubCA")), at(1, tried(909, "User")), at(2, tried(910, "ESC1"))])
    yield ("fires_foreign_name", "One request in the name of the administrator is refused.",
           [at(0, tried(911, "ESC1", attributes="\nSAN:upn=administrator@corp.example"))])
    yield ("fires_foreign_name_after_a_search", "The search is Medium, the foreign name in it raises it to High.",
           [at(0, tried(912, "User", attributes=WINDOWS)), at(1, tried(913, "WebServer", attributes=WINDOWS)), at(2, tried(914, "ESC1", attributes=WINDOWS)),
            at(3, tried(915, "ESC1", attributes=f"{WINDOWS}\nSAN:upn=bob.jones@corp.example"))])
    yield ("fires_foreign_user_name_that_waits", "A request for the name of another user waits for a manager.",
           [at(0, pending(916, "CORP\\mallory", "CertificateTemplate:ESC1\nSAN:upn=bob.jones@corp.example"))])
    yield ("fires_again_after_a_day", "A search on the next day is another alert.",
           [at(m, tried(917 + m, t), days=d) for d in (0, 1) for m, t in ((1, "User"), (2, "WebServer"), (3, "ESC1"))])
    unpublished = ("SmartcardLogon", "KerberosAuthentication", "EnrollmentAgent")
    yield ("fires_search_at_a_ca_without_audit", "The CA audits no requests. Its service logs that mallory asks for three templates that it does not issue.",
           [at(m, refused(1040 + m, "CORP\\mallory", t)) for m, t in enumerate(unpublished)])
    yield ("fires_once_for_refusals_in_both_logs", "The CA audits requests too: each refusal is in both logs, in either order.",
           [at(m, e, seconds=s) for m, t in enumerate(unpublished)
            for s, e in ((m % 2, tried(1050 + m, t)), (1 - m % 2, refused(1050 + m, "CORP\\mallory", t)))])
    yield ("quiet_service_names_no_template", "Machines without permission are refused, and a web server's request with a subject: the service does not name their templates, or the account.",
           [at(m, refused(1060 + m, "CORP\\WEB01$")) for m in range(5)] + [at(6 + m, refused(1070 + m, "CN=www.corp.example, O=Corp", t)) for m, t in enumerate(unpublished)])
    yield ("quiet_service_names_one_template", "A template was withdrawn from the CA, and a machine asks for it again and again.",
           [at(m, refused(1080 + m, "CORP\\WEB01$", "WebServer")) for m in range(5)])
    yield ("quiet_storm_of_one_template", "A permission was removed: the machine is refused the same template again and again.",
           [at(m, tried(930 + m, "Machine", "CORP\\WKS-114$")) for m in range(0, 60, 5)])
    yield ("quiet_one_template_twice_in_each_request", "A pipeline has the attributes twice.",
           [at(i, tried(931 + i, name, attributes=f"\nCertificateTemplate:{name}")) for i, name in enumerate(["WebServer", "ESC1"])])
    yield ("quiet_two_templates", "Two templates are no search.", [at(0, tried(990, "User")), at(1, tried(991, "ESC1")), at(2, tried(992, "user"))])
    yield ("quiet_three_in_more_than_an_hour", "Three templates, but not within an hour.",
           [at(0, tried(993, "User")), at(40, tried(994, "WebServer")), at(101, tried(995, "ESC1"))])
    out = {"Disposition": "-2146885613"}
    yield ("quiet_ca_without_revocation_list", "The CA refuses everything because it cannot reach a revocation list.",
           [at(m, dict(tried(996 + m, t), data=tried(996 + m, t)["data"] | out)) for m, t in enumerate(("User", "WebServer", "ESC1", "EFS"))])
    yield ("quiet_web_server_that_waits", "A host name of a web server waits for a manager, which is what approval is for.",
           [at(0, pending(1000, "CORP\\ca-admin", "CertificateTemplate:WebServer\nSAN:dns=www.corp.example"))])
    yield ("quiet_two_requesters", "Two accounts with similar names are refused two templates each.",
           [at(0, tried(1001, "User")), at(1, tried(1002, "ESC1")), at(2, tried(1003, "WebServer", "CORP\\mallory2")), at(3, tried(1004, "SubCA", "CORP\\mallory2"))])
