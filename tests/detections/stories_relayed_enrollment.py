"""Fixtures of relayed-enrollment: a machine's certificate request came through somebody else (ESC8, ESC11, Kerberos relay)."""
from windows import CA, CA2, at, denied, issued, network_logon, normalised, own, pipe, requested

DC02, WKS = "CORP\\DC02$", "CORP\\WKS-114$"
USUAL, RELAY = "10.20.1.12", "10.20.30.66"
CAS = {"policy": "cas:\n  ca01.corp.example: CORP-CA01\n"}
WEB = "CertificateTemplate:DomainController\nccm:ca01.corp.example\nUserAgent:Mozilla/5.0"
PLAIN = "CertificateTemplate:Machine\nccm:wks-114.corp.example\ncdc:dc01.corp.example\nrmd:wks-114.corp.example"
BARE = "CertificateTemplate:Machine"


def machine(request_id, requester, attributes=PLAIN, template="Machine", **more):
    name = requester.split("\\")[1].rstrip("$").lower()
    return issued(request_id, requester, f"DNS Name={name}.corp.example", attributes, template=template, **more)


def known(user="WKS-114$", ip=USUAL):
    """The account logged on to the CA three days ago."""
    return at(0, network_logon(user, ip), days=-3)


def imported(host="wks-114", ip=USUAL):
    """An import of the day before states the address."""
    return at(0, normalised(CA, host_known={"host": f"{host}.corp.example", "addresses": [ip]}), days=-1)


def coerced(victim, name, ip=RELAY):
    return pipe("mallory", ip, name, ca=victim)


def stories():
    yield from through_web_enrollment()
    yield from over_rpc()
    yield from from_another_address()
    yield from with_coercion()
    yield from harmless()


def through_web_enrollment():
    yield ("fires_domain_controller_through_web_enrollment", "dc02 is relayed to web enrollment by NTLM: the client is the CA itself, and the logon came from the relay.",
           [known("DC02$"), at(0, network_logon("DC02$", RELAY, "NTLM")),
            at(0, machine(801, DC02, WEB, "DomainController", auth="NTLM"), seconds=2)], CAS)
    yield ("fires_machine_through_web_enrollment", "The same with an ordinary machine, of which nothing else is known.",
           [at(0, machine(802, WKS, WEB.replace("DomainController", "Machine"), auth="NTLM"))])
    yield ("fires_version_0", "A CA whose events have version 0 shows the attributes too.",
           [at(0, issued(803, WKS, attributes=WEB, version=0))])
    yield ("fires_denied_request", "The CA denies the relayed request.", [at(0, denied(804, WKS, WEB))])
    yield ("fires_web_enrollment_on_a_host_of_its_own", "The pages of web enrollment run beside the CA, on certweb: the machine came over NTLM, and its client is certweb.",
           [at(0, machine(828, WKS, f"{BARE}\nccm:certweb.corp.example", auth="NTLM"))])
    yield ("fires_machine_through_web_enrollment_without_a_browser", "The pages of web enrollment, by Kerberos and from a client that states no browser.",
           [at(0, machine(830, WKS, f"{BARE}\nccm:certweb.corp.example\nUserAgent:"))])
    yield ("fires_user_through_web_enrollment_without_a_browser", "An ordinary user is relayed: the request was made on the CA and names no browser, and the user's logon at the CA came over NTLM.",
           [at(0, network_logon("alice.smith", RELAY, "NTLM")), at(0, own_through_web(831), seconds=2)], CAS)
    yield ("fires_own_host_stated_before_the_ca", "The attributes that the relay adds state the machine's own host. Behind them stands what web enrollment on the CA adds.",
           [at(0, machine(845, WKS, f"{BARE}\nccm:wks-114.corp.example\nccm:ca01.corp.example"))])
    yield ("quiet_own_host_stated_twice", "A pipeline has the attributes twice.",
           [at(0, machine(846, WKS, f"{BARE}\nccm:wks-114.corp.example\nccm:WKS-114.corp.example"))])
    yield ("fires_enrollment_web_service_that_is_not_listed", "A request with the attribute of the enrollment web service, made on a CA that the policy does not list as one.",
           [at(0, machine(805, WKS, f"{BARE}\nccm:ca01.corp.example\nProxyURI:https://ca01.corp.example/CORP-CA01_CES_Kerberos/service.svc"))])


def own_through_web(request_id, browser=""):
    """alice.smith's own certificate, through the pages of web enrollment on the CA."""
    return issued(request_id, "CORP\\alice.smith", "Other Name: Principal Name=alice.smith@corp.example",
                  f"CertificateTemplate:User\nccm:ca01.corp.example{browser}")


def over_rpc():
    rpc = {"AuthenticationService": "NTLM", "AuthenticationLevel": "Connect", "DCOMorRPC": "RPC"}
    yield ("fires_rpc_without_protection", "A request over RPC of the level Connect (ESC11), of a machine.",
           [at(0, requested(806, WKS, BARE, template="Machine", **rpc))])
    yield ("fires_rpc_without_protection_of_a_user", "The same of an ordinary user: the relay works for every account.",
           [at(0, requested(807, "CORP\\alice.smith", **rpc))])
    yield ("fires_client_is_another_host", "RequestClientInfo names another host than the requester.",
           [at(0, requested(808, WKS, BARE, template="Machine", RequestClientInfo="RequestClientInfo:  wks-066.corp.example CORP\\mallory certreq.exe"))])


def from_another_address():
    yield ("fires_domain_controller_from_a_new_address", "dc02's logon by Kerberos comes from an address that it never had; nothing else is unusual.",
           [known("DC02$"), at(0, network_logon("DC02$", RELAY)), at(0, machine(809, DC02, BARE), seconds=1)], CAS)
    yield ("fires_from_another_address_than_imported", "Nobody saw dc02 log on to the CA before, but an import states its address, and the logon comes from another one.",
           [imported("dc02"), at(0, network_logon("DC02$", RELAY)), at(0, machine(851, DC02, BARE, "DomainController"), seconds=2)], CAS)
    yield ("fires_machine_from_a_new_address_by_ntlm", "An ordinary machine by NTLM from a new address.",
           [known(), at(0, network_logon("WKS-114$", RELAY, "NTLM")), at(0, machine(810, WKS, BARE, auth="NTLM"), seconds=1)], CAS)
    yield ("fires_logon_arrives_after_the_request", "The logon is read after the request that it belongs to.",
           [known(), at(0, machine(811, WKS, BARE, auth="NTLM"), seconds=1), at(0, network_logon("WKS-114$", RELAY, "NTLM"))], CAS)
    yield ("fires_low_new_address", "DHCP gave the machine a new address: Low.",
           [known(), at(0, network_logon("WKS-114$", "10.20.1.77")), at(0, machine(812, WKS), seconds=1)], CAS)
    yield ("fires_relay_does_not_become_usual", "The address of a relay is still new three days later.",
           [known("DC02$"), at(0, network_logon("DC02$", RELAY)), at(0, machine(813, DC02, BARE), seconds=1),
            at(0, network_logon("DC02$", RELAY), days=3), at(0, machine(814, DC02, BARE), days=3, seconds=1)], CAS)
    yield ("fires_protected_account", "A Tier-0 account, to whose logon NTLM from a new address belongs.",
           [known("svc-backup"), at(0, network_logon("svc-backup", RELAY, "NTLM")), at(0, own(815, "svc-backup"), seconds=1)],
           {"policy": "cas:\n  ca01.corp.example: CORP-CA01\nprotected:\n  accounts: ['CORP\\svc-backup']\n"})


    yield ("fires_machine_without_a_client_by_ntlm", "Somebody with the hash of a workstation asks as it, with a tool: by NTLM, and the request states no client.",
           [at(0, machine(832, WKS, BARE, auth="NTLM"))])
    yield ("fires_machine_without_a_client_version_0", "The same at an old CA: the logon shows NTLM.",
           [at(0, network_logon("WKS-114$", RELAY, "NTLM")), at(0, issued(833, WKS, attributes=BARE, version=0), seconds=1)], CAS)


def with_coercion():
    yield ("fires_coerced_from_the_relay", "Nothing is known of the addresses of srv-12, but the host that coerced it is the one that its logon comes from.",
           [at(0, coerced("srv-12.corp.example", "spoolss")), at(0, network_logon("SRV-12$", RELAY), seconds=4),
            at(0, machine(816, "CORP\\SRV-12$", BARE), seconds=5)], CAS)
    yield ("fires_coercion_is_read_last", "The event of the coerced machine arrives after those of the CA and raises the severity.",
           [at(0, machine(817, WKS, WEB, auth="NTLM"), seconds=5), at(0, coerced("wks-114.corp.example", "efsrpc"))])
    yield ("fires_coerced_by_another_host", "One host coerces, another one relays.",
           [known(), at(0, coerced("wks-114.corp.example", "efsrpc", "10.20.30.67")), at(1, network_logon("WKS-114$", RELAY)),
            at(1, machine(818, WKS, BARE), seconds=1)], CAS)


def harmless():
    yield ("quiet_autoenrollment", "A machine enrolls for itself, from its usual address and as its own client.",
           [known(), at(0, network_logon("WKS-114$", USUAL)),
            at(0, requested(819, WKS, PLAIN, template="Machine", RequestClientInfo="RequestClientInfo:  wks-114.corp.example CORP\\WKS-114$ taskhostw.exe")),
            at(0, machine(819, WKS), seconds=1)], CAS)
    yield ("quiet_first_address", "A new machine: the first address of an account is not unusual.",
           [at(0, network_logon("WKS-200$", "10.20.1.90")), at(0, machine(820, "CORP\\WKS-200$", BARE), seconds=1)], CAS)
    yield ("quiet_imported_address", "DHCP gave the machine a new address, which the import of the day states.",
           [known(), imported(ip="10.20.40.7"), at(0, network_logon("WKS-114$", "10.20.40.7")), at(0, machine(852, WKS), seconds=2)])
    yield ("quiet_new_address_without_request", "A machine with a new address logs on to the CA, and asks for nothing within half a minute.",
           [known(), at(0, network_logon("WKS-114$", RELAY, "NTLM")), at(1, machine(821, WKS))], CAS)
    yield ("quiet_listed_proxy", "A network with address translation is listed: its address is not counted.",
           [known("DC02$"), at(0, network_logon("DC02$", RELAY)), at(0, machine(822, DC02, BARE), seconds=1)],
           {"policy": "cas:\n  ca01.corp.example: CORP-CA01\nallow:\n  source_hosts: [10.20.30.0/24]\n"})
    yield ("quiet_enrollment_web_service", "The policy lists the CA as a host of the enrollment web service.",
           [at(0, machine(823, WKS, f"{BARE}\nccm:ca01.corp.example\nProxyURI:https://ca01.corp.example/CORP-CA01_CES_Kerberos/service.svc"))],
           {"policy": "allow:\n  source_hosts: [ca01.corp.example]\n"})
    yield ("quiet_service_account_of_several_machines", "A group managed service account, which looks like a machine, enrolls from the host that it runs on.",
           [at(0, machine(829, "CORP\\gmsa-web$", f"{BARE}\nccm:web01.corp.example"))])
    yield ("quiet_the_ca_itself", "The CA asks itself for a certificate: it is its own client.",
           [at(0, machine(824, "CORP\\CA01$", f"{BARE}\nccm:ca01.corp.example"))])
    yield ("quiet_user_of_web_enrollment", "A user asks through the pages of web enrollment, which run on the CA.",
           [at(0, own_through_web(825, "\nUserAgent:Mozilla/5.0"))])
    yield ("quiet_browser_over_ntlm", "The same; the browser logged on by NTLM.",
           [at(0, network_logon("alice.smith", "10.20.1.41", "NTLM")), at(0, own_through_web(834, "\nUserAgent:Mozilla/5.0"), seconds=2)], CAS)
    yield ("quiet_script_that_speaks_to_web_enrollment", "A script asks through web enrollment as a service account, by NTLM and without a browser, from the host that it has used for two days.",
           [at(0, network_logon("alice.smith", "10.20.5.4", "NTLM"), days=d) for d in (-2, -1)]
           + [at(0, network_logon("alice.smith", "10.20.5.4", "NTLM")), at(0, own_through_web(837), seconds=1)], CAS)
    yield ("quiet_certreq_on_the_ca", "An administrator who is logged on to the CA sends a request there with certreq; no logon over the network belongs to it.",
           [at(0, network_logon("alice.smith", "10.20.1.41", "NTLM")), at(20, own_through_web(835))], CAS)
    yield ("quiet_machine_that_is_not_windows", "A Linux machine asks by Kerberos; its request states no client either.",
           [at(0, network_logon("LNX-07$", "10.20.6.7")), at(0, machine(836, "CORP\\LNX-07$", BARE), seconds=1)], CAS)
    yield ("quiet_pipe_of_an_ordinary_client", "Clients open pipes of a machine before it enrolls for itself.",
           [known(), at(0, coerced("wks-114.corp.example", "lsarpc", "10.20.1.5")), at(1, network_logon("WKS-114$", USUAL)),
            at(1, machine(826, WKS), seconds=1)], CAS)
    yield ("quiet_logon_at_another_ca", "The logon from a new address was at another CA.",
           [known(), at(0, network_logon("WKS-114$", RELAY, "NTLM", computer=CA2)), at(0, machine(827, WKS, BARE), seconds=1)])
