"""Fixtures of chase-enrollment: a request makes the CA look up another machine, or look it up elsewhere (Certighost)."""
from windows import at, computer_created, denied, issued, requested

DOMAINS = {"policy": "domains:\n  CORP: [corp.example]\n"}
DCS = {"policy": "protected:\n  domain_controllers: [dc01.corp.example, hq-ads-1.corp.example]\n"}


def chase(rmd, cdc="dc01.corp.example", template="Machine", client="wks-114.corp.example"):
    return f"CertificateTemplate:{template}\nccm:{client}\ncdc:{cdc}\nrmd:{rmd}"


def machine(request_id, requester, attributes, san):
    return issued(request_id, requester, f"DNS Name={san}", attributes, template="Machine")


def stories():
    yield ("fires_domain_controller_at_an_address", "EVIL01$ makes the CA look dc01 up at an address and is issued its certificate.",
           [at(0, requested(601, "CORP\\EVIL01$", chase("dc01.corp.example", "10.20.30.66"), template="Machine")),
            at(0, machine(601, "CORP\\EVIL01$", chase("dc01.corp.example", "10.20.30.66"), "dc01.corp.example"), seconds=1)])
    yield ("fires_version_0", "On a CA whose events have version 0 the attributes are all there is.",
           [at(0, issued(602, "CORP\\EVIL01$", attributes=chase("hq-ads-1.corp.example"), version=0))], DCS)
    yield ("fires_other_machine", "WKS-114$ asks for a certificate of an ordinary server.",
           [at(0, machine(603, "CORP\\WKS-114$", chase("srv-12.corp.example"), "srv-12.corp.example"))])
    yield ("fires_namesake_of_another_domain", "CHILD\\DC07$ names the host of the same name in the domain above.",
           [at(0, machine(604, "CHILD\\DC07$", chase("dc07.corp.example"), "dc07.corp.example"))],
           {"policy": "domains:\n  CORP: [corp.example]\n  CHILD: [child.corp.example]\n"})
    yield ("fires_denied_request", "The CA denies the request.", [at(0, denied(605, "CORP\\WKS-114$", chase("srv-12.corp.example")))])
    yield ("fires_controller_is_an_address", "WKS-114$ asks for itself, but is to be looked up at an address.",
           [at(0, machine(606, "CORP\\WKS-114$", chase("wks-114.corp.example", "fe80::20c"), "wks-114.corp.example"))])
    spaced = chase("wks-114.corp.example", "fe80::20c").replace("cdc:", "c-d c:").replace("rmd:", "r-m-d :")
    yield ("fires_attributes_with_blanks_in_their_names", "The same, with blanks and minus signs in the names of the attributes, which a CA leaves out.",
           [at(0, machine(630, "CORP\\WKS-114$", spaced, "wks-114.corp.example"))])
    for name, first, second in [("first", "dc01.corp.example", "10.20.30.66"), ("last", "10.20.30.66", "dc01.corp.example")]:
        twice = chase("wks-114.corp.example", first) + f"\ncdc:{second}\nrmd:srv-12.corp.example"
        yield (f"fires_attributes_that_stand_there_twice_the_own_{name}", "The request has both attributes twice, and one of each is ordinary: which one the CA takes is not known.",
               [at(0, machine(642, "CORP\\WKS-114$", twice, "wks-114.corp.example"))])
    twice = chase("wks-114.corp.example") + "\ncdc:DC01.corp.example.\nrmd:WKS-114.corp.example"
    yield ("quiet_same_attributes_twice", "A pipeline has the attributes twice, in two spellings.",
           [at(0, machine(643, "CORP\\WKS-114$", twice, "wks-114.corp.example"))])
    yield ("fires_controller_is_an_address_behind_a_blank", "A blank stands before the address, as a CA allows.",
           [at(0, machine(644, "CORP\\WKS-114$", chase("wks-114.corp.example", " fe80::20c"), "wks-114.corp.example"))])
    yield ("fires_controller_is_an_address_in_one_number", "The address is written as one number, as Windows reads it too, and the CA logs no names.",
           [at(0, issued(631, "CORP\\WKS-114$", attributes=chase("wks-114.corp.example", "0x0a141e42"), template="Machine", version=0))])
    yield ("fires_controller_of_another_domain", "WKS-114$ is to be looked up in a domain that is not known.",
           [at(0, machine(607, "CORP\\WKS-114$", chase("wks-114.corp.example", "dc01.elsewhere.example"), "wks-114.corp.example"))], DOMAINS)
    yield ("fires_low_unlisted_controller", "The controller is in the own domain, but the list of the policy does not have it: Low, and the alert names the line.",
           [at(0, machine(608, "CORP\\WKS-114$", chase("wks-114.corp.example", "hq-ads-2.corp.example"), "wks-114.corp.example"))], DCS)
    yield ("quiet_own_workstation", "A user's request names the workstation that it comes from, and the certificate names the user.",
           [at(0, requested(622, "CORP\\alice.smith", chase("wks-114.corp.example", template="User"))),
            at(0, issued(622, "CORP\\alice.smith", "Other Name: Principal Name=alice.smith@corp.example", chase("wks-114.corp.example", template="User")), seconds=1)])
    yield ("fires_user_gets_a_certificate_of_the_workstation", "The same, and the certificate names the workstation.",
           [at(0, issued(623, "CORP\\alice.smith", "DNS Name=wks-114.corp.example", chase("wks-114.corp.example", template="User")))])
    yield ("fires_workstation_in_another_spelling", "The same, and the name in the certificate has an accent: to the directory it is the same name.",
           [at(0, issued(641, "CORP\\alice.smith", "DNS Name=wkś-114.corp.example", chase("wks-114.corp.example", template="User")))])
    yield ("fires_low_own_workstation", "A user's request names the workstation that it comes from, and nothing shows what the certificate names.",
           [at(0, issued(609, "CORP\\alice.smith", "", chase("wks-114.corp.example", template="User")))])
    yield ("quiet_administrator_at_a_workstation", "The administrator's request names the workstation that it comes from. The own name makes the workstation no protected machine.",
           [at(0, issued(617, "CORP\\Administrator", "Other Name: Principal Name=administrator@corp.example", chase("wks-114.corp.example", template="User")))])
    yield ("fires_low_service_account_on_its_host", "A group managed service account, which looks like a machine, names the host that it runs on, and gets a certificate for its service.",
           [at(0, requested(618, "CORP\\gmsa-web$", chase("web01.corp.example", client="web01.corp.example"), template="Machine")),
            at(0, machine(618, "CORP\\gmsa-web$", chase("web01.corp.example", client="web01.corp.example"), "gmsa-web.corp.example"), seconds=1)])
    yield ("fires_other_machine_as_its_own_client", "WKS-114$ says that it is srv-12, and gets its certificate.",
           [at(0, requested(619, "CORP\\WKS-114$", chase("srv-12.corp.example", client="srv-12.corp.example"), template="Machine")),
            at(0, machine(619, "CORP\\WKS-114$", chase("srv-12.corp.example", client="srv-12.corp.example"), "srv-12.corp.example"), seconds=1)])
    yield ("fires_other_machine_as_its_own_client_version_0", "The same at a CA that logs no names: what the certificate names is unknown.",
           [at(0, issued(620, "CORP\\WKS-114$", attributes=chase("srv-12.corp.example", client="srv-12.corp.example"), version=0))])
    yield ("fires_new_account", "mallory created EVIL01$ an hour before it asks for a certificate of a server.",
           [at(0, computer_created("EVIL01", "mallory")),
            at(60, machine(610, "CORP\\EVIL01$", chase("srv-12.corp.example"), "srv-12.corp.example"))])
    yield ("fires_new_account_reported_late", "The event of the domain controller arrives after that of the CA and revises the alert.",
           [at(60, machine(611, "CORP\\EVIL01$", chase("srv-12.corp.example"), "srv-12.corp.example")),
            at(0, computer_created("EVIL01", "mallory"))])
    yield ("quiet_ordinary_machine", "A machine sends its own name and the domain controller that it uses.",
           [at(0, requested(612, "CORP\\WKS-114$", chase("WKS-114.corp.example"), template="Machine")),
            at(0, machine(612, "CORP\\WKS-114$", chase("WKS-114.corp.example"), "wks-114.corp.example"), seconds=1)], DOMAINS)
    yield ("quiet_domain_controller_renews_its_own", "A domain controller names itself, and a controller of the list.",
           [at(0, machine(613, "CORP\\HQ-ADS-1$", chase("hq-ads-1.corp.example", "hq-ads-1.corp.example"), "hq-ads-1.corp.example"))], DCS)
    yield ("quiet_cluster_name_of_the_policy", "A node of a cluster asks for the name that `hosts:` gives it.",
           [at(0, machine(614, "CORP\\SQLNODE1$", chase("sqlclu.corp.example"), "sqlclu.corp.example"))],
           {"policy": "hosts:\n  'CORP\\SQLNODE1$': [sqlclu.corp.example]\n"})
    yield ("quiet_machine_of_a_child_domain", "A machine of a child domain uses a controller of its own domain.",
           [at(0, machine(615, "CHILD\\WKS-7$", chase("wks-7.child.corp.example", "dc07.child.corp.example"), "wks-7.child.corp.example"))], DOMAINS)
    yield ("quiet_new_machine", "A machine that was created an hour ago asks for its own certificate.",
           [at(0, computer_created("WKS-200", "ca-admin", 1190)),
            at(60, machine(616, "CORP\\WKS-200$", chase("wks-200.corp.example"), "wks-200.corp.example"))], DOMAINS)
