"""Fixtures of schannel-logon: the first logon of an account with a certificate over TLS."""
from activities import account_changed, network_logon
from windows import at, issued


def schannel(account, process="Schannel"):
    return network_logon(account, process)


ADS1 = "hq-ads-1.corp.example"


def password_changed(account="CORP\\WKS-114$", dc=ADS1):
    """4742 of a machine that changes its own password, as each does once a month."""
    return account_changed(4742, account, account, 1700) | {"computer": dc}


def as_controller(ip="10.20.30.66"):
    return network_logon("CORP\\HQ-ADS-1$", ip=ip, computer="hq-ads-2.corp.example")


def stories():
    yield from controllers()
    yield "fires_first_logon_of_a_user", "bob.jones logs on to LDAPS with a certificate, which he never did.", [at(0, schannel("CORP\\bob.jones"))]
    yield "fires_after_the_training", "An application logs on every day for a week; then bob.jones does it for the first time.", [at(0, schannel("CORP\\svc-app"), days=d) for d in range(8)] + [at(30, schannel("CORP\\bob.jones"), days=7)]
    yield "fires_high_for_a_domain_controller", "Somebody logs on to LDAPS with a certificate of a domain controller.", [at(0, schannel("CORP\\DC01$"))], {"policy": "protected:\n  domain_controllers: [dc01.corp.example]\n"}
    yield "fires_again_after_a_month", "The same account logs on again 31 days later.", [at(0, schannel("CORP\\bob.jones")), at(0, schannel("CORP\\bob.jones"), days=31)]
    yield "fires_once_for_an_application", "An application with a client certificate logs on every day: one alert.", [at(0, schannel("CORP\\svc-app"), days=d) for d in range(0, 60, 10)]
    yield "quiet_ordinary_machine", "A machine with a client certificate.", [at(0, schannel("CORP\\WKS-114$"))]
    yield "quiet_other_logon", "A network logon by Kerberos.", [at(0, schannel("CORP\\bob.jones", process="Kerberos"))]


def controllers():
    """Domain controllers that no list of the policy has, and whose names have no term."""
    yield "fires_high_for_a_controller_that_no_list_names", "HQ-ADS-1 logs that a machine changed its password, so it is a domain controller. A month later somebody logs on as it.", [at(0, password_changed()), at(30, as_controller(), days=30)]
    yield "fires_controller_is_shown_after_its_logon", "The same, and what shows it is read an hour after the logon.", [at(0, as_controller()), at(60, password_changed())], {"shape": "xml"}
    yield "fires_controller_by_its_certificate", "HQ-ADS-1 has a certificate that domain controllers alone get.", [at(0, issued(301, "CORP\\HQ-ADS-1$", "DNS Name=hq-ads-1.corp.example", template="KerberosAuthentication")), at(30, as_controller())]
    yield "fires_controller_from_another_address", "An agent on HQ-ADS-1 logs on to another domain controller every day: one alert. From another address it is one more.", [at(0, password_changed())] + [at(9, as_controller("10.20.1.11"), days=d) for d in range(4)] + [at(30, as_controller(), days=4)]
    yield "quiet_machine_that_logs_its_own_users", "A member server logs that a local user was changed, which shows nothing, and logs on with its certificate.", [at(0, account_changed(4738, "FS01\\svc$", "FS01\\Administrator", 1001) | {"computer": "fs01.corp.example"}), at(30, network_logon("CORP\\FS01$"))]
    yield "quiet_controller_on_its_own_computer", "A service of HQ-ADS-1 logs on to the same computer.", [at(0, password_changed()), at(30, network_logon("CORP\\HQ-ADS-1$", ip="::1", computer=ADS1))]
