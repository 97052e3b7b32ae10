"""Fixtures of schannel-logon: the first logon of an account with a certificate over TLS."""
from activities import network_logon
from windows import at


def schannel(account, process="Schannel"):
    return network_logon(account, process)


def stories():
    yield "fires_first_logon_of_a_user", "bob.jones logs on to LDAPS with a certificate, which he never did.", [at(0, schannel("CORP\\bob.jones"))]
    yield "fires_after_the_training", "An application logs on every day for a week; then bob.jones does it for the first time.", [at(0, schannel("CORP\\svc-app"), days=d) for d in range(8)] + [at(30, schannel("CORP\\bob.jones"), days=7)]
    yield "fires_high_for_a_domain_controller", "Somebody logs on to LDAPS with a certificate of a domain controller.", [at(0, schannel("CORP\\DC01$"))], {"policy": "protected:\n  domain_controllers: [dc01.corp.example]\n"}
    yield "fires_again_after_a_month", "The same account logs on again 31 days later.", [at(0, schannel("CORP\\bob.jones")), at(0, schannel("CORP\\bob.jones"), days=31)]
    yield "fires_once_for_an_application", "An application with a client certificate logs on every day: one alert.", [at(0, schannel("CORP\\svc-app"), days=d) for d in range(0, 60, 10)]
    yield "quiet_ordinary_machine", "A machine with a client certificate.", [at(0, schannel("CORP\\WKS-114$"))]
    yield "quiet_other_logon", "A network logon by Kerberos.", [at(0, schannel("CORP\\bob.jones", process="Kerberos"))]
