"""Fixtures of protected-host-certificate: a certificate for the name of a protected host is issued to another account (ESC17)."""
from windows import at, denied, issued

HOSTS = "protected:\n  hosts: [wsus.corp.example, adfs.corp.example]\n"
PROTECTED = {"policy": HOSTS}


def web(request_id, requester, *hosts, **more):
    return issued(request_id, requester, "\n".join(f"DNS Name={host}" for host in hosts), template="WebServer", **more)


def stories():
    yield ("fires_user", "mallory is issued a certificate for the update server.",
           [at(0, web(701, "CORP\\mallory", "wsus.corp.example"))], PROTECTED)
    yield ("fires_host_in_another_spelling", "The name of the update server has an accent and full-width letters: to the directory it is the same name.",
           [at(0, web(731, "CORP\\mallory", "ＷＳÚＳ.corp.example"))], PROTECTED)
    yield ("quiet_host_that_looks_alike", "Another server, whose name differs by one letter.",
           [at(0, web(732, "CORP\\mallory", "wsu5.corp.example"))], PROTECTED)
    yield ("fires_other_machine_and_further_host", "WKS-114$ is issued one for the update server and then one for the federation server: the alert is revised.",
           [at(0, web(702, "CORP\\WKS-114$", "wks-114.corp.example", "WSUS.corp.example")),
            at(9, web(703, "CORP\\WKS-114$", "adfs.corp.example"))], PROTECTED)
    yield ("fires_wildcard", "A wildcard covers both hosts.", [at(0, web(704, "CORP\\mallory", "*.corp.example"))], PROTECTED)
    yield ("fires_allowed_template", "The allow-listed template lets people choose host names, but not these.",
           [at(0, web(705, "CORP\\mallory", "wsus.corp.example"))], {"policy": HOSTS + "allow:\n  templates: [WebServer]\n"})
    yield ("fires_version_0", "A CA whose events have version 0 logs the common name only.",
           [at(0, dict(web(706, "CORP\\mallory", version=0), data=web(706, "CORP\\mallory", version=0)["data"] | {"Subject": "CN=wsus.corp.example"}))], PROTECTED)
    yield ("fires_again_after_a_day", "The same finding is an alert again after a day.",
           [at(0, web(707, "CORP\\mallory", "wsus.corp.example")), at(5, web(708, "CORP\\mallory", "wsus.corp.example")),
            at(5, web(709, "CORP\\mallory", "wsus.corp.example"), days=1)], PROTECTED)
    yield ("quiet_its_own_machine", "The update server asks for its own name.", [at(0, web(710, "CORP\\WSUS$", "wsus.corp.example"))], PROTECTED)
    yield ("quiet_account_of_the_policy", "The product that manages its certificates has the name by `hosts:`.",
           [at(0, web(711, "CORP\\svc-clm", "wsus.corp.example"))], {"policy": HOSTS + "hosts:\n  'CORP\\svc-clm': [wsus.corp.example]\n"})
    yield ("quiet_other_host", "An administrator asks for the name of a web server, and a wildcard covers another domain.",
           [at(0, web(712, "CORP\\ca-admin", "www.corp.example", "*.emea.corp.example"))], PROTECTED)
    yield ("quiet_denied_request", "The CA denied the request: there is no certificate.",
           [at(0, denied(713, "CORP\\mallory", "CertificateTemplate:WebServer\nSAN:dns=wsus.corp.example"))], PROTECTED)
    yield ("quiet_without_protected_hosts", "The same certificate in an estate that lists none.", [at(0, web(714, "CORP\\mallory", "wsus.corp.example"))])
