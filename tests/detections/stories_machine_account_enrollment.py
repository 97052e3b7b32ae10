"""Fixtures of machine-account-enrollment: a machine account that a user made, or changed, gets a certificate."""
from activities import account_changed, renamed
from windows import at, issued

M = "CORP\\mallory"
PC = "CORP\\EVIL01$"


def created(actor=M, account=PC, privilege="SeMachineAccountPrivilege"):
    """4741; ms-DS-MachineAccountQuota counts the use of the privilege, rights on the container need none."""
    event = account_changed(4741, account, actor, 1700, name=account.split("\\")[1])
    event["data"]["PrivilegeList"] = privilege
    return event


def host(name, account=PC, actor=M):
    return account_changed(4742, account, actor, 1700, host=name)


def certificate(request_id, dns, account=PC):
    return issued(request_id, account, f"DNS Name={dns}", template="Machine")


def stories():
    acme = [at(i, issued(380 + i, f"ACME\\SRV{i}$", f"DNS Name=srv{i}.corp.example", template="Machine")) for i in range(3)]
    new = created("CORP\\adm-build", "ACME\\DC9$", privilege="-")
    names = "DNS Name=dc9.corp.example,DNS Name=corp.example"
    yield ("fires_low_for_a_new_domain_controller", "A new domain controller of ACME names its domain, which other machines of ACME show: low, as for any machine that somebody joined.",
           acme + [at(30, new), at(60, issued(384, "ACME\\DC9$", names, template="KerberosAuthentication"))])
    yield ("fires_another_host_beside_the_domain", "The same, and the name of another machine.",
           acme + [at(30, new), at(60, issued(385, "ACME\\DC9$", names + ",DNS Name=files.corp.example", template="Machine"))])
    yield ("fires_name_of_a_domain_controller", "mallory creates EVIL01$, gives it the host name of a domain controller, and enrolls (Certifried).",
           [at(0, created()), at(3, host("dc01.corp.example")), at(6, certificate(601, "dc01.corp.example"))])
    yield "fires_created_by_a_user", "mallory creates a machine account under the quota of every user, and it enrolls under its own name.", [at(0, created()), at(6, certificate(602, "evil01.corp.example"))]
    yield ("fires_changed_then_enrolled", "An old machine account gets the host name of a server, and enrolls.",
           [at(0, host("srv-7.corp.example", "CORP\\WKS-114$")), at(9, certificate(603, "srv-7.corp.example", "CORP\\WKS-114$"))])
    yield ("fires_certificate_arrives_first", "The CA delivers before the domain controller.",
           [at(6, certificate(604, "evil01.corp.example")), at(0, created())])
    yield ("fires_low_joined_by_rights", "A technician with rights on the container joins a machine, and it enrolls under its own name: low.",
           [at(0, created("CORP\\technician", "CORP\\WKS-200$", "-")), at(9, certificate(610, "wks-200.corp.example", "CORP\\WKS-200$"))])
    yield ("fires_joined_by_rights_with_another_name", "The same, and the certificate has the name of a server.",
           [at(0, created("CORP\\technician", "CORP\\WKS-200$", "-")), at(9, certificate(611, "srv-7.corp.example", "CORP\\WKS-200$"))])
    yield ("quiet_joined_by_a_deployment_account", "A deployment service joins a machine, and it enrolls.",
           [at(0, created("CORP\\svc-deploy", "CORP\\WKS-200$")), at(9, certificate(605, "wks-200.corp.example", "CORP\\WKS-200$"))],
           {"policy": "allow:\n  joiners: ['CORP\\svc-deploy']\n"})
    yield "quiet_no_certificate", "A user creates a machine account, and it does not enroll.", [at(0, created())]
    yield ("quiet_two_days_later", "The machine enrolls two days later.", [at(0, created()), at(0, certificate(606, "evil01.corp.example"), days=2)])
    yield ("quiet_machine_renamed", "A machine is renamed, states its new host name, and enrolls again.",
           [at(0, renamed("WKS-114$", "WKS-200$", "CORP\\ca-admin")), at(5, host("wks-200.corp.example", "CORP\\WKS-200$", "CORP\\WKS-200$")),
            at(9, certificate(607, "wks-200.corp.example", "CORP\\WKS-200$"))])
    yield ("quiet_cluster_name_without_a_change", "A cluster node has a certificate with the name of its cluster, and nobody changed the account.",
           [at(0, certificate(608, "sqlclu.corp.example", "CORP\\SQLNODE1$"))])
    yield ("quiet_user_certificate", "A user enrolls.", [at(0, created()), at(2, issued(609, M, "", template="User"))])
