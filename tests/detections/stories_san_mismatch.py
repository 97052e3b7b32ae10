"""Fixtures of san-mismatch: who asked for a certificate in whose name."""
from base64 import b64encode
from itertools import permutations

from windows import CA, CA2, SID, at, denied, issued, logon, normalised, own, requested, serial, upn

MALLORY = "CORP\\mallory"
ADMIN = "administrator@corp.example"
BOB = "bob.jones@corp.example"
PRINCIPAL_NAME = "1.3.6.1.4.1.311.20.2.3"
CORP = "domains:\n  CORP: [corp.example]\n"


def octets(name, tag=0x0c):
    """A string of ASN.1 in DER, as the value of another name is."""
    return bytes([tag, len(name)]) + name.encode()


def esc1(request_id, san=BOB, requester=MALLORY, template="ESC1", **more):
    """The name is asked for in the request attributes and stands in the certificate."""
    return issued(request_id, requester, upn(san), f"CertificateTemplate:{template}\nSAN:upn={san}", template, auth="NTLM", via="RPC", **more)


def stories():
    yield from names()
    yield from evasion()
    yield from sensitive_names()
    yield from bursts()
    yield from order_and_time()
    yield from ordinary()
    yield from excepted()
    yield from agents()
    yield from many_others()
    yield from attempts()
    yield from allowed()
    yield from facts()
    yield from spellings()


def names():
    yield ("fires_name_in_attributes_v0", "ESC1 on a CA that writes version 0: the other name stands in the request attributes only.",
           [at(0, issued(201, MALLORY, attributes=f"CertificateTemplate:ESC1\nSAN:upn={BOB}", version=0))])
    yield ("fires_name_in_field_v1", "ESC1 with the name inside the CSR: the attributes show nothing, the field of version 1 names another user.",
           [at(0, issued(201, MALLORY, upn(BOB), "CertificateTemplate:ESC1", "ESC1"))], {"shape": "xml"})
    yield ("fires_requester_is_one_letter", "Requester `a` asks for joanna's name. The scheduled rule looks for the requester anywhere in the name, and every name with an `a` satisfies it.",
           [at(0, esc1(201, "joanna@corp.example", "CORP\\a"))])
    yield ("fires_requester_is_part_of_the_name", "Requester `ann` asks for joanna's name: `ann` is part of `joanna`, so the scheduled rule sees no mismatch.",
           [at(0, esc1(201, "joanna@corp.example", "CORP\\ann"))])
    yield ("fires_second_name_of_a_list", "The first name is the requester's own, the second is not. The scheduled rule reads the first only.",
           [at(0, issued(201, MALLORY, "", f"CertificateTemplate:ESC1\nSAN:upn=mallory@corp.example&upn={BOB}", "ESC1"))])
    yield ("fires_name_is_percent_encoded", "The name in the attributes is percent-encoded.",
           [at(0, issued(201, MALLORY, attributes="CertificateTemplate:ESC1\nSAN:upn=bob%2Ejones%40corp%2Eexample", version=0))])
    yield ("fires_name_in_octets", "The attributes have the principal name by its object identifier, and its octets in base64.",
           [at(0, issued(201, MALLORY, attributes=f"CertificateTemplate:ESC1\nSAN:{PRINCIPAL_NAME}={{octet}}{b64encode(octets(ADMIN)).decode()}", version=0))])
    yield ("fires_name_that_windows_cannot_read", "The principal name is an IA5String, where Windows expects a UTF8String: the display text has its octets.",
           [at(0, issued(201, MALLORY, f"Other Name:\n     Principal Name={octets(BOB, 0x16).hex(' ')}", "CertificateTemplate:ESC1", "ESC1"))])
    yield ("quiet_own_name_in_octets", "The requester's own name, by its object identifier: in the attributes with its encoding, in the certificate in octets.",
           [at(0, issued(201, MALLORY, attributes=f"CertificateTemplate:User\nSAN:{PRINCIPAL_NAME}={{utf8}}mallory@corp.example", version=0)),
            at(900, issued(202, MALLORY, f"Other Name:{PRINCIPAL_NAME}={octets('mallory@corp.example').hex(' ')}", "CertificateTemplate:User", "User"))])
    yield ("fires_names_separated_by_spaces", "A pipeline has put single spaces where the field and the attributes had line feeds; the last name is another user's.",
           [at(0, issued(201, MALLORY, f"Other Name: Principal Name=mallory@corp.example RFC822 Name=mallory@corp.example Other Name: Principal Name={BOB}",
                         "CertificateTemplate:ESC1 ccm:wks-066.corp.example", "ESC1"))])
    yield ("fires_attributes_separated_by_spaces", "The request attributes as copied out of the event viewer: single spaces where line feeds were.",
           [at(0, issued(201, MALLORY, attributes=f"CertificateTemplate:ESC1 SAN:upn={BOB} ccm:wks-066.corp.example", version=0))])
    yield ("fires_more_names_than_are_read", "Seventy host names in one certificate of a user: more than are read of one event, and all are somebody else's.",
           [at(0, issued(201, MALLORY, "", "CertificateTemplate:ESC1\nSAN:" + "&".join(f"dns=host-{i:02}.corp.example" for i in range(1, 71)), "ESC1"))])
    padding = "&".join(f"ipaddress=10.0.{i // 16}.{i % 16 + 1}" for i in range(64))
    yield ("fires_name_hidden_behind_many_others", "Sixty-four addresses, which no account can be told from, and then the administrator's name: beyond what is read of one event, and that alone is suspicious.",
           [at(0, issued(201, MALLORY, "", f"CertificateTemplate:ESC1\nSAN:{padding}&upn={ADMIN}", "ESC1"))])
    yield ("fires_machine_asks_for_another_host", "A machine account asks for a certificate with the name of another host.",
           [at(0, issued(201, "CORP\\WKS-066$", "DNS Name=wks-066.corp.example\nDNS Name=files01.corp.example", template="Machine"))])
    yield ("fires_suffix_of_another_domain", "The local part is the requester's own, the suffix belongs to another domain than the policy gives the requester's.",
           [at(0, esc1(201, "mallory@dev.example"))], {"policy": "domains:\n  CORP: [corp.example]\n  DEV: [dev.example]\n"})
    yield ("fires_alternative_spellings_of_the_attribute", "`san=` and `upn=` on lines of their own instead of `SAN:upn=`, the name in capitals.",
           [at(0, issued(201, MALLORY, attributes="CertificateTemplate:ESC1\nsan=upn=BOB.JONES@CORP.EXAMPLE", version=0)),
            at(30, issued(202, "CORP\\carol.white", attributes=f"CertificateTemplate:ESC1\nupn={BOB}", version=0))])


def evasion():
    yield ("fires_machine_brings_its_own_domain", "A machine asks for `wks-066.files01.corp.example` and `files01.corp.example`: the second is no domain, only because the first stands below it.",
           [at(0, issued(201, "CORP\\WKS-066$", "DNS Name=wks-066.files01.corp.example\nDNS Name=files01.corp.example", template="Machine"))])
    yield ("fires_machine_of_a_child_domain_asks_for_its_namesake", "`CHILD\\DC07$` asks for `dc07.corp.example`, which is under the domain of another account.",
           [at(0, issued(201, "CHILD\\DC07$", "DNS Name=dc07.corp.example", template="Machine"))], {"policy": CORP})
    yield ("quiet_machine_of_a_child_domain", "The same machine renews the certificate with its own name, under its own domain.",
           [at(0, issued(201, "CHILD\\DC07$", "DNS Name=dc07.child.corp.example", template="Machine"))], {"policy": CORP})
    cluster = {"policy": CORP + "hosts: {'CORP\\SQLNODE1$': [sqlclu.corp.example]}\n"}
    yield ("quiet_cluster_name_of_the_policy", "A cluster node asks for the cluster's name beside its own; the policy gives it that name.",
           [at(0, issued(201, "CORP\\SQLNODE1$", "DNS Name=sqlnode1.corp.example\nDNS Name=sqlclu.corp.example", template="Machine"))], cluster)
    yield ("fires_other_host_than_the_cluster", "The same node asks for the name of a file server.",
           [at(0, issued(201, "CORP\\SQLNODE1$", "DNS Name=sqlnode1.corp.example\nDNS Name=files01.corp.example", template="Machine"))], cluster)
    yield ("fires_client_attribute_names_an_allowed_host", "A user writes the name of an allowed host into the request attributes: what the client states excuses nothing.",
           [at(0, issued(201, MALLORY, upn(BOB), f"CertificateTemplate:ESC1\nSAN:upn={BOB}\nccm:srv-clm.corp.example", "ESC1"))],
           {"policy": "allow:\n  source_hosts: [srv-clm.corp.example]\n"})
    padding = "&".join(f"dns=host-{i:02}.corp.example" for i in range(80))
    yield ("fires_sensitive_name_beyond_the_limit_by_an_allowed_requester", "The life-cycle product may ask for any host, but the eighty-first name is the administrator's.",
           [at(0, issued(201, "CORP\\svc-clm", "", f"CertificateTemplate:WebServer\nSAN:{padding}&upn={ADMIN}", "WebServer"))],
           {"policy": "allow:\n  requesters: ['CORP\\svc-clm']\n"})
    yield ("quiet_many_names_by_an_allowed_requester", "The life-cycle product asks for a certificate with eighty host names.",
           [at(0, issued(201, "CORP\\svc-clm", "", f"CertificateTemplate:WebServer\nSAN:{padding}", "WebServer"))],
           {"policy": "allow:\n  requesters: ['CORP\\svc-clm']\n"})
    yield ("fires_name_that_looks_like_the_administrator", "`\u0430dministrator` begins with a Cyrillic letter: another account to the directory, the administrator to a person.",
           [at(0, issued(201, "CORP\\svc-ndes", upn("\u0430dministrator@corp.example"), template="User"))], {"policy": "allow:\n  requesters: ['CORP\\svc-ndes']\n"})
    yield ("quiet_own_name_with_accents", "The directory compares names without accents: the certificate spells the requester's name with them.",
           [at(0, issued(201, "CORP\\emile.straus", upn("\u00c9mile.Strau\u0301s@corp.example")))], {"policy": CORP})
    yield ("quiet_own_name_longer_than_the_account", "A sAMAccountName holds twenty characters, a machine's fifteen; the UPN and the DNS name hold all.",
           [at(0, issued(201, "CORP\\maximilian.musterman", upn("maximilian.mustermann@corp.example"))),
            at(1, issued(202, "CORP\\BERLIN-FILESERV$", "DNS Name=berlin-fileserver-07.corp.example", template="Machine"))], {"policy": CORP})
    for name, what, separator in (("semicolons", "semicolons", ";"), ("nothing", "nothing at all", ""), ("escapes", "the two characters `\\n`", "\\n")):
        yield (f"fires_attributes_separated_by_{name}", f"A pipeline wrote {what} where the request attributes had line feeds.",
               [at(0, issued(201, MALLORY, attributes=separator.join(["CertificateTemplate:ESC1", f"SAN:upn={BOB}", "ccm:wks-066.corp.example"]), version=0))])
    yield ("fires_bare_name_in_attributes", "The attributes name another user without kind and suffix.",
           [at(0, issued(201, MALLORY, attributes="CertificateTemplate:ESC1\nsubjectaltname=bob.jones", version=0))])
    yield ("fires_name_is_percent_encoded_twice", "The name is percent-encoded, and a pipeline encoded it again.",
           [at(0, issued(201, MALLORY, attributes="CertificateTemplate:ESC1\nSAN:upn=bob.jones%2540corp.example", version=0))])
    yield ("fires_bare_name_of_a_localised_ca", "An Italian CA: the label is translated, and the principal name has no suffix.",
           [at(0, issued(201, MALLORY, "Altro nome: Nome principale=bob.jones", "CertificateTemplate:ESC1", "ESC1"))])
    yield ("quiet_own_bare_name_of_a_localised_ca", "The same CA, the requester's own name and the GUID of its account.",
           [at(0, issued(201, MALLORY, "Altro nome: GUID oggetto DS=04 10 1a 2b 3c 4d 5e 6f 70 81 92 a3 b4 c5 d6 e7 f8 09 Altro nome: Nome principale=mallory", template="User"))])
    yield ("quiet_account_name_with_a_term_in_it", "`sharepoint-administrator` has a certificate of its own: a term counts in an own name only when it is the whole name.",
           [at(0, issued(201, "CORP\\sharepoint-administrator", upn("sharepoint-administrator@corp.example")))], {"policy": CORP})
    yield ("quiet_zone_with_the_name_of_a_term", "An allowed web server template, and a zone that is called `dc01`: a term counts in a host name only as its first label.",
           [at(0, issued(201, "CORP\\webops", "DNS Name=shop.dc01.corp.example", template="WebServer"))], {"policy": "allow:\n  templates: [WebServer]\n"})
    yield ("fires_user_name_by_an_allowed_template", "A template is allowed for web servers. A user principal name is no web server's.",
           [at(0, issued(201, "CORP\\webops", upn(BOB), template="WebServer"))], {"policy": "allow:\n  templates: [WebServer]\n"})
    yield ("fires_user_name_by_an_allowed_suffix", "An allowed suffix covers host names, not user principal names.",
           [at(0, issued(201, "CORP\\webops", upn(BOB), template="WebServer"))], {"policy": "allow:\n  san_suffixes: [corp.example]\n"})


def sensitive_names():
    yield ("fires_sensitive_name", "ESC1 for the domain's administrator: another identity, and a protected one.", [at(0, esc1(201, ADMIN))], {"shape": "xml"})
    yield ("fires_sensitive_name_by_an_allowed_requester", "The NDES account may ask for other names, but never for the administrator's: the sensitive name is the only reason.",
           [at(0, esc1(201, ADMIN, "CORP\\svc-ndes"))], {"policy": "allow:\n  requesters: ['CORP\\svc-ndes']\n"})
    yield ("fires_own_name_of_the_administrator", "The administrator's own certificate: no mismatch, but the name is a term of the scheduled rule, which reports it too.",
           [at(0, issued(201, "CORP\\administrator", upn(ADMIN)))])
    yield ("fires_tier_0_account_of_the_policy", "The name is an account that only the policy knows to be protected.",
           [at(0, esc1(201, "svc-backup@corp.example"))], {"policy": "protected:\n  accounts: ['CORP\\svc-backup']\n"})
    yield ("fires_name_of_a_domain_controller", "A workstation gets a certificate with the name of a domain controller, which only the policy knows to be one.",
           [at(0, issued(201, "CORP\\WKS-066$", "DNS Name=hq-ads-1.corp.example", template="Machine"))],
           {"policy": "protected:\n  domain_controllers: [hq-ads-1.corp.example]\n"})
    yield ("fires_upn_without_suffix", "ESC9: a clean request; the certificate carries `administrator`, without a suffix, from a changed userPrincipalName.",
           [at(0, issued(201, "CORP\\bob.jones", upn("administrator"), "CertificateTemplate:ESC9", "ESC9", auth="NTLM", via="RPC"))])
    yield ("fires_sid_of_the_administrator", "The UPN is the requester's own, but a SID URL names RID 500 of the domain.",
           [at(0, issued(201, MALLORY, f"{upn('mallory@corp.example')}\nURL=tag:microsoft.com,2022-09-14:sid:{SID}-500", "CertificateTemplate:ESC1", "ESC1"))])


def bursts():
    carol = [at(70, own(211, "carol.white")), at(74, own(212, "carol.white")), at(79, own(213, "carol.white"))]
    yield "fires_burst", "Three certificates of one user within ten minutes, all in the user's own name.", carol
    yield ("fires_burst_in_exactly_ten_minutes", "Three certificates, the first and the last exactly ten minutes apart.",
           [at(0, own(211, "carol.white")), at(4, own(212, "carol.white")), at(10, own(213, "carol.white"))])
    yield ("fires_all_reasons", "Three certificates within ten minutes: the user's own name, another user's, the administrator's.",
           [at(0, issued(211, MALLORY, upn("mallory@corp.example"))), at(3, esc1(212)), at(6, esc1(213, ADMIN))])
    quarter = [at(12, own(211, "carol.white")), at(15, own(212, "carol.white")), at(18, own(213, "carol.white"))]
    for order in permutations(range(3)):
        digits = "".join(str(i + 1) for i in order)
        yield (f"fires_burst_across_the_quarter_hour_{digits}",
               f"Three certificates at 09:12, 09:15 and 09:18 arrive in the order {digits}. Cut into quarters of an hour, as the scheduled rule's summary is, no part holds three.",
               [quarter[i] | {"record": 70_001 + i} for i in order])
    build = [("Machine", "DNS Name=wks-201.corp.example"), ("WorkstationAuthentication", "DNS Name=wks-201.corp.example"), ("RemoteDesktop", "DNS Name=WKS-201")]
    yield ("fires_burst_of_a_new_machine", "A new machine enrolls for three templates within a minute, each with its own name: a burst of own names only, which is low.",
           [at(0, issued(211 + i, "CORP\\WKS-201$", san, template=template), seconds=9 * i) for i, (template, san) in enumerate(build)], {"policy": CORP})
    yield ("fires_burst_of_a_new_domain_controller", "A new domain controller enrolls for four templates; some of the names are those of its domain.",
           [at(0, issued(211 + i, "CORP\\DC03$", f"DNS Name=dc03.corp.example{more}", template=template), seconds=5 * i)
            for i, (template, more) in enumerate([("DomainController", ""), ("DirectoryEmailReplication", ""), ("KerberosAuthentication", "\nDNS Name=corp.example\nDNS Name=CORP"), ("Machine", "")])],
           {"policy": CORP})
    yield ("fires_burst_of_a_first_logon", "A user's first logon: User, EFS, and S/MIME with a mail address beside the own name.",
           [at(0, issued(211 + i, "CORP\\carol.white", f"{upn('carol.white@corp.example')}{more}", template=template), seconds=7 * i)
            for i, (template, more) in enumerate([("User", ""), ("EFS", ""), ("SMIME", "\nRFC822 Name=c.white@corp.example")])], {"policy": CORP})
    yield ("fires_burst_of_a_first_logon_with_mail_alone", "The same, and the S/MIME certificate has nothing but a mail address: low.",
           [at(0, issued(211 + i, "CORP\\carol.white", name, template=template), seconds=7 * i)
            for i, (template, name) in enumerate([("User", upn("carol.white@corp.example")), ("EFS", upn("carol.white@corp.example")), ("SMIME", "RFC822 Name=c.white@corp.example")])],
           {"policy": CORP})
    yield ("fires_burst_of_one_template", "Six certificates of one template within ten minutes, all in the user's own name: twice the threshold, and from then on no first logon.",
           [at(i, own(211 + i, "carol.white")) for i in range(6)])
    yield ("fires_burst_with_names_that_are_not_logged", "Three certificates of a CA that logs no names: what they name is unknown, and unknown is not the own name.",
           [at(i, issued(211 + i, "CORP\\carol.white", version=0)) for i in range(3)])
    yield ("quiet_three_in_more_than_ten_minutes", "Three certificates of one user in ten minutes and one second.",
           [at(0, own(211, "carol.white")), at(4, own(212, "carol.white")), at(10, own(213, "carol.white"), seconds=1)])
    twice = at(4, own(212, "carol.white"), record=70_002)
    yield ("quiet_one_record_delivered_twice", "Two certificates within ten minutes; the pipeline delivers the second record twice.",
           [at(0, own(211, "carol.white"), record=70_001), twice, dict(twice)])
    yield ("quiet_one_record_under_two_names_of_the_ca", "Two certificates within ten minutes; the second record comes by two ways, under the CA's short and its full name.",
           [at(0, own(211, "carol.white"), record=70_001), twice, dict(twice, computer="CA01")])
    rebuilt = dict(esc1(211), data=esc1(211)["data"] | {"SerialNumber": "6d000000d3b0b1b2b3b4b5b6000000000000d3"})
    yield ("fires_request_id_of_a_rebuilt_ca", "The CA was built again and counts from 1: the same request id, another serial number, and this time the name of another user.",
           [at(0, own(211, "mallory")), at(4, rebuilt)])
    yield ("fires_burst_under_two_names_of_the_ca", "Three certificates of one user within ten minutes; one of the records names the CA by its short name.",
           [at(0, own(211, "carol.white")), at(2, dict(own(212, "carol.white"), computer="CA01")), at(4, own(213, "carol.white"))])
    yield ("quiet_two_requesters_with_similar_names", "Two certificates of `ann` and two of `anna` within ten minutes: no one of them has three.",
           [at(0, own(211, "ann")), at(2, own(212, "anna")), at(4, own(213, "ann")), at(6, own(214, "anna"))])
    yield ("quiet_one_requester_at_two_cas", "Two certificates from one CA and two from another within ten minutes: a burst belongs to one CA.",
           [at(0, own(211, "carol.white")), at(2, own(211, "carol.white", CA2)), at(4, own(212, "carol.white")), at(6, own(212, "carol.white", CA2))])


def order_and_time():
    yield ("fires_late_event", "The CA's forwarder was down: the certificate of 07:00 arrives when the partition has already read 09:00. It still alerts, and the alert says that it is late.",
           [at(0, own(251)), at(-120, esc1(201), record=69_000)])
    ahead = normalised(CA, {"append_time": "2026-03-02T09:00:02.000Z", "channel": "Security", "event_id": 4887},
                       certificate_issued={"request_id": 251, "requester": "CORP\\alice.smith", "template": "User", "names": [{"upn": "alice.smith@corp.example"}],
                                           "serial": serial(251), "subject": "CN=alice.smith"})
    on_time = normalised(CA, {"append_time": "2026-03-02T09:01:02.000Z", "channel": "Security", "event_id": 4887},
                         certificate_issued={"request_id": 201, "requester": MALLORY, "template": "ESC1", "names": [{"upn": BOB}], "subject": "CN=mallory"})
    yield ("fires_after_an_event_from_the_future", "One event is dated a month ahead; Kafka appended it at 09:00. The mismatch a minute later is on time: it is not marked late.",
           [at(0, ahead, days=30), at(1, on_time)])
    yield ("fires_event_from_the_future", "The CA's clock runs a month ahead: the mismatch still alerts, though Kafka appended the event long before its own time.",
           [at(0, on_time, days=30)])
    yield ("fires_revised_when_it_gets_worse", "A mismatch, four minutes later a sensitive name: the same alert, revised. The same name and template again adds nothing and stays silent.",
           [at(0, esc1(201)), at(4, esc1(202, ADMIN)), at(11, esc1(203, ADMIN))])
    yield ("fires_again_after_the_look_back", "Two mismatches half an hour apart: the look-back of fifteen minutes has passed, so the second is an alert of its own.",
           [at(0, esc1(201)), at(30, esc1(202))])
    yield ("fires_once_for_each_ca", "One requester, two CAs: two alerts.", [at(0, esc1(201)), at(1, esc1(201, ca=CA2))])


def ordinary():
    listed = {"policy": CORP + "protected:\n  domain_controllers: [hq-ads-1.corp.example]\n"}
    domain = "DNS Name={}\nDNS Name=corp.example"
    yield ("fires_name_of_the_domain_for_a_workstation", "A workstation is issued the name of the domain beside its own: clients of ldaps://corp.example trust it. The domain controllers are known.",
           [at(0, issued(701, "CORP\\WKS-114$", domain.format("wks-114.corp.example"), template="CorpWeb"))], listed)
    yield ("quiet_name_of_the_domain_for_domain_controllers", "A domain controller of the list, and a new one with a certificate of Windows' own template, bear the name of the domain.",
           [at(0, issued(702, "CORP\\HQ-ADS-1$", domain.format("hq-ads-1.corp.example"), template="CorpLdaps")),
            at(5, issued(703, "CORP\\HQ-ADS-2$", domain.format("hq-ads-2.corp.example"), template="KerberosAuthentication"))], listed)
    yield ("quiet_name_of_the_domain_given_to_a_load_balancer", "The policy gives the name of the domain to the machine in front of the domain controllers.",
           [at(0, issued(704, "CORP\\LB-01$", domain.format("lb-01.corp.example"), template="CorpWeb"))],
           {"policy": listed["policy"] + "hosts:\n  'CORP\\LB-01$': [corp.example]\n"})
    yield ("quiet_name_of_the_domain_while_no_controller_is_known", "Nothing shows which machines are domain controllers.",
           [at(0, issued(705, "CORP\\HQ-ADS-1$", domain.format("hq-ads-1.corp.example"), template="CorpLdaps"))], {"policy": CORP})
    yield ("fires_another_machine_in_punycode", "BÜRO-PC$ is issued the name of another machine with an umlaut, which a certificate has in its ASCII form.",
           [at(0, issued(706, "CORP\\BÜRO-PC$", "DNS Name=xn--bro-pc01-65a.corp.example", template="CorpWeb"))], {"policy": CORP})
    yield ("quiet_own_name_in_punycode", "The host name of BÜRO-PC$ in its ASCII form, and one that the policy gives it as people write it.",
           [at(0, issued(707, "CORP\\BÜRO-PC$", "DNS Name=xn--bro-pc-3ya.corp.example\nDNS Name=xn--mnchen-3ya.corp.example", template="Machine"))],
           {"policy": CORP + "hosts:\n  'CORP\\BÜRO-PC$': [münchen.corp.example]\n"})
    umlaut = {"policy": "domains:\n  'MÜLLER': [xn--mller-kva.example]\n"}
    yield ("quiet_own_suffix_in_punycode", "The policy has the suffix in its ASCII form, as mail addresses of certificates have it; the account and the host have it as people write it, and the other way round.",
           [at(0, issued(708, "MÜLLER\\alice.smith", upn("alice.smith@müller.example"))),
            at(1, issued(709, "MÜLLER\\alice.smith", "RFC822 Name=alice.smith@xn--mller-kva.example")),
            at(2, issued(710, "MÜLLER\\WKS-114$", "DNS Name=wks-114.xn--mller-kva.example", template="Machine"))], umlaut)
    yield ("fires_other_suffix_in_punycode", "Another domain than that of the policy, in its ASCII form.",
           [at(0, issued(711, "MÜLLER\\alice.smith", upn("alice.smith@xn--mnchen-3ya.example")))], umlaut)
    yield ("quiet_own_certificate", "A user's own certificate, the name spelled in another case than the requester's.",
           [at(0, requested(101, "CORP\\alice.smith")), at(0, issued(101, "CORP\\alice.smith", upn("Alice.Smith@corp.example")))])
    yield ("quiet_own_certificate_with_mail_address", "A user's own name and own mail address.",
           [at(0, issued(101, "CORP\\alice.smith", f"{upn('alice.smith@corp.example')}\nRFC822 Name=alice.smith@corp.example"))])
    yield ("quiet_other_mail_address_beside_the_own_name", "A user's own name, and a mail address that is spelled otherwise, as people's often are.",
           [at(0, issued(101, "CORP\\asmith", f"{upn('asmith@corp.example')}\nRFC822 Name=alice.smith@corp.example"))])
    yield ("quiet_own_certificate_with_own_sid", "A user's own name and a SID URL; an earlier logon shows that the SID is the user's own.",
           [at(-60, logon("alice.smith", 90, domain="CORP")), at(0, issued(101, "CORP\\alice.smith", f"{upn('alice.smith@corp.example')}\nURL=tag:microsoft.com,2022-09-14:sid:{SID}-1110"))])
    yield ("quiet_machine_renews_its_own", "A machine renews the certificate with its own DNS name, short name included.",
           [at(0, issued(102, "CORP\\WKS-114$", "DNS Name=wks-114.corp.example\nDNS Name=WKS-114",
                         "\nCertificateTemplate:Machine\nccm:wks-114.corp.example\ncdc:dc01.corp.example\nrmd:wks-114.corp.example", "Machine"))])
    guid = "Other Name: DS Object Guid=04 10 1a 2b 3c 4d 5e 6f 70 81 92 a3 b4 c5 d6 e7 f8 09"
    yield ("quiet_domain_controller_renews_its_own", "A domain controller renews its own certificate, with its object GUID, its DNS name and the names of its domain.",
           [at(0, issued(103, "CORP\\DC01$", f"{guid} DNS Name=dc01.corp.example DNS Name=corp.example DNS Name=CORP", "CertificateTemplate:DomainController\ncdc:dc01.corp.example", "DomainController"))],
           {"policy": CORP + "protected:\n  domain_controllers: [dc01.corp.example]\n", "shape": "xml"})
    yield ("quiet_suffix_given_by_the_policy", "The company has two suffixes, and the policy gives both to the domain.",
           [at(0, issued(101, "CORP\\alice.smith", upn("alice.smith@example.com")))], {"policy": "domains:\n  CORP: [corp.example, example.com]\n"})
    yield ("quiet_no_name_at_all", "A version 0 certificate without a name in the attributes: there is nothing to compare.",
           [at(0, issued(104, MALLORY, attributes="\n\nccm:wks-066.corp.example", version=0))])


AGENT = "agents:\n  'CORP\\FAS01$':\n    templates: [Citrix_SmartcardLogon]\n    hosts: [fas01.corp.example]\n"


def fas(request_id, san, template="Citrix_SmartcardLogon", client="fas01.corp.example", **more):
    """Citrix FAS enrolls for a user."""
    return issued(request_id, "CORP\\FAS01$", upn(san), f"CertificateTemplate:{template}\nccm:{client}", template, **more)


def agents():
    policy = {"policy": CORP + AGENT}
    yield ("quiet_agent_within_its_profile", "Citrix FAS enrolls for four users within ten minutes: the policy names it as an agent for this template and host.",
           [at(i, fas(201 + i, f"{user}@corp.example")) for i, user in enumerate(["alice.smith", "bob.jones", "carol.white", "dave.brown"])], policy)
    yield ("fires_agent_with_another_template", "The same account gets a certificate for a user of another template: outside its profile.", [at(0, fas(201, BOB, "User"))], policy)
    yield ("fires_agent_from_another_host", "The same account and template, requested from a workstation: the attribute `ccm:` excuses nothing, but it can be outside the profile.",
           [at(0, fas(201, BOB, client="wks-066.corp.example"))], policy)
    yield ("fires_agent_for_another_subject", "The profile covers the users of one suffix, and the certificate names a user of another.",
           [at(0, fas(201, "bob.jones@partner.example"))], {"policy": CORP + AGENT + "    subjects: ['*@corp.example']\n"})
    yield ("fires_agent_for_a_protected_account", "Template and host are those of the profile, but a protected identity is in no profile.", [at(0, fas(201, ADMIN))], policy)
    yield ("quiet_agent_in_its_own_name", "The agent renews its own machine certificate, of a template that its profile does not have.",
           [at(0, issued(201, "CORP\\FAS01$", "DNS Name=fas01.corp.example", template="Machine"))], policy)


def many_others():
    users = [f"user.{i:03}@corp.example" for i in range(1, 46)]

    def desk(i, san=None, minutes=0.0):
        return at(minutes, issued(1001 + i, "CORP\\smartcard-desk", upn(san or users[i]), "CertificateTemplate:SmartcardLogon\nccm:desk-01.corp.example", "SmartcardLogon"), seconds=0)

    yield ("fires_many_others_in_one_alert", "A smart-card desk that the policy does not name enrolls for forty-five users within an hour: one alert, revised when a name is new until ten are listed and then whenever the count has doubled, and one low alert with the policy line that confirms an agent.",
           [desk(i, minutes=i) for i in range(45)], {"policy": CORP})
    yield ("fires_many_others_over_a_day", "The same desk enrolls for a user every half hour. The first ones alert one by one; from the fifth on the requester looks like an agent, and its alert stays open for the day.",
           [desk(i, minutes=i * 30) for i in range(16)], {"policy": CORP})
    yield ("fires_protected_among_many_others", "The desk that looks like an agent enrolls for the administrator: critical at once.",
           [desk(i, minutes=i) for i in range(6)] + [desk(6, ADMIN, minutes=6)], {"policy": CORP})
    yield ("fires_others_of_one_certificate", "One certificate with six host names: one certificate makes no agent.",
           [at(0, issued(201, "CORP\\webops", "\n".join(f"DNS Name=shop-{i}.corp.example" for i in range(6)), template="WebServer"))], {"policy": CORP})


def attempts():
    san = f"CertificateTemplate:ESC1\nSAN:upn={BOB}"
    for_admin = f"CertificateTemplate:WebServer\nSAN:upn={ADMIN}"
    yield ("fires_request_that_is_denied", "A request for the administrator's name is received and denied: nothing was issued, so it is one step less severe.",
           [at(0, requested(108, MALLORY, for_admin, "WebServer")), at(0, denied(108, MALLORY, for_admin), seconds=1)])
    yield ("fires_denied_request_alone", "Only the denial arrives; its attributes name another user.", [at(0, denied(108, MALLORY, san))])
    yield ("fires_request_that_is_issued", "A request for another user's name, and a second later its certificate: one alert, revised.",
           [at(0, requested(201, MALLORY, san, "ESC1")), at(0, esc1(201), seconds=1)])
    yield ("fires_request_that_is_issued_hours_later", "The template needs an approval, and a CA manager gives it four hours after the request. It is the same alert.",
           [at(0, requested(201, MALLORY, san, "ESC1")), at(240, esc1(201))])
    yield ("fires_request_after_its_certificate", "The request arrives behind its certificate: it adds nothing.",
           [at(0, esc1(201), seconds=1), at(0, requested(201, MALLORY, san, "ESC1"))])
    yield ("quiet_request_and_certificate_of_own_names", "A request in the own name, and its certificate.",
           [at(0, requested(101, "CORP\\alice.smith", "CertificateTemplate:User\nSAN:upn=alice.smith@corp.example")), at(0, own(101), seconds=1)], {"policy": CORP})
    yield ("quiet_denied_request_without_names", "Autoenrollment is refused: no request names anybody else.",
           [at(i, denied(301 + i, "CORP\\WKS-114$", "CertificateTemplate:Machine")) for i in range(5)])
    yield ("quiet_request_of_an_allowed_host_name", "A web server template that is allowed: the request names a host as its certificate does.",
           [at(0, requested(201, "CORP\\webops", "CertificateTemplate:WebServer\nSAN:dns=shop.corp.example", "WebServer"))], {"policy": "allow:\n  templates: [WebServer]\n"})


def allowed():
    web = issued(201, "CORP\\webops", "DNS Name=shop.corp.example", "CertificateTemplate:WebServer\nSAN:dns=shop.corp.example", "WebServer")
    yield ("quiet_enrollment_agent", "The smart-card desk enrolls for a user; the policy lists it as an enrollment agent.",
           [at(0, issued(201, "CORP\\smartcard-desk", upn("alice.smith@corp.example"), template="SmartcardLogon"))],
           {"policy": "allow:\n  requesters: ['CORP\\smartcard-desk']\n"})
    yield ("quiet_allowed_requester", "NDES asks for phones' names all day; three of them within ten minutes.",
           [at(i, issued(201 + i, "CORP\\svc-ndes", f"DNS Name=phone-{i}.mobile.corp.example", template="Phone")) for i in range(3)],
           {"policy": "allow:\n  requesters: ['CORP\\svc-ndes']\n"})
    yield "fires_allowed_template_in_front_of_another", "A CA of version 0: the request names the template that is allowed, and another one.", [
        at(0, issued(201, MALLORY, attributes="CertificateTemplate:WebServer\nCertificateTemplate:ESC1\nSAN:dns=shop.corp.example", version=0))], {
        "policy": "allow:\n  templates: [WebServer]\n"}
    yield "quiet_allowed_template_of_version_0", "The same with the template that is allowed alone.", [
        at(0, issued(201, MALLORY, attributes="CertificateTemplate:WebServer\nSAN:dns=shop.corp.example", version=0))], {
        "policy": "allow:\n  templates: [WebServer]\n"}
    yield "quiet_allowed_template", "The web team asks for the name of a site; with this template that is the requester's to choose.", [at(0, web)], {
        "policy": "allow:\n  templates: [WebServer]\n"}
    yield "quiet_allowed_suffix", "The same request, allowed by the end of the name.", [at(0, web)], {"policy": "allow:\n  san_suffixes: [.corp.example]\n"}
    yield ("quiet_allowed_source_host", "The life-cycle product's server sends requests for other hosts, with its own machine account.",
           [at(0, issued(201, "CORP\\SRV-CLM$", "DNS Name=shop.corp.example", "CertificateTemplate:WebServer\nccm:srv-clm.corp.example", "WebServer"))],
           {"policy": "allow:\n  source_hosts: [srv-clm.corp.example]\n"})
    yield "quiet_switched_off", "A sensitive name, and the detection is switched off.", [at(0, esc1(201, ADMIN))], {"policy": "san_mismatch:\n  enabled: false\n"}


def known(**account):
    """An import of an account of the directory."""
    return normalised("import", account_known={"account": "CORP\\asmith", **account})


def template(flag, ekus):
    return normalised("import", template_known={"name": "User", "flags": {"name_flag": flag, "ekus": ekus}})


def facts():
    alice = issued(700, "CORP\\asmith", upn("alice.smith@corp.example"))
    sid = f"URL=tag:microsoft.com,2022-09-14:sid:{SID}-"
    yield ("quiet_name_that_the_directory_has", "An import states the userPrincipalName of the account, which differs from its name.",
           [at(0, known(upn="alice.smith@corp.example")), at(60, alice)])
    yield ("fires_name_that_the_directory_has_not", "An import states another userPrincipalName of the account.",
           [at(0, known(upn="asmith@corp.example")), at(60, alice)])
    yield ("quiet_name_that_the_template_takes_from_the_directory", "The template takes the names from the directory, and the request asks for none.",
           [at(0, template(0x02000000, ["1.3.6.1.5.5.7.3.2"])), at(60, alice)])
    yield ("fires_name_without_a_suffix_that_the_directory_has", "The directory has the name of another account for the requester, without a suffix, and the template takes it from there (ESC9).",
           [at(0, known(upn="carol.white")), at(0, template(0x02000000, ["1.3.6.1.5.5.7.3.2"])), at(60, issued(703, "CORP\\asmith", upn("carol.white")))])
    yield ("fires_name_asked_for_beside_the_template", "The same template, but the name stands in the attributes of the request (ESC6).",
           [at(0, template(0x02000000, ["1.3.6.1.5.5.7.3.2"])),
            at(60, issued(700, "CORP\\asmith", upn("alice.smith@corp.example"), attributes="CertificateTemplate:User\nSAN:upn=alice.smith@corp.example"))])
    yield ("fires_sid_of_another_account", "The certificate bears the SID of another ordinary account; an import states the requester's own.",
           [at(0, known(sid=f"{SID}-1110")), at(60, issued(701, "CORP\\asmith", upn("asmith@corp.example") + "," + sid + "1111"))])
    yield ("fires_sid_of_an_account_that_is_not_known", "The same, and nothing shows which SID the requester has: the SID stands among the names, where only the request can put it.",
           [at(60, issued(701, "CORP\\asmith", upn("asmith@corp.example") + "," + sid + "1111"))])
    yield ("fires_machine_of_another_domain_takes_a_name_of_the_ca_s", "A machine of CHILD gets the name of its namesake in the domain of the CA; no policy line states which suffix CHILD has.",
           [at(0, issued(704, "CHILD\\SRV7$", "DNS Name=srv7.corp.example", template="Machine"))])
    yield ("fires_three_times_until_the_suffix_is_known", "The domain's NetBIOS name is not the first label of its DNS name. Three machines show that its suffix is that of the CA, and the fourth is quiet.",
           [at(i * 60, issued(705 + i, f"ACME\\SRV{i}$", f"DNS Name=srv{i}.corp.example", template="Machine")) for i in range(4)])
    acme = [at(i * 60, issued(705 + i, f"ACME\\SRV{i}$", f"DNS Name=srv{i}.corp.example", template="Machine")) for i in range(3)]
    yield ("fires_until_the_domain_is_known", "After three machines of ACME a domain controller of it enrolls: its certificate names the domain too, and is quiet.",
           acme + [at(240, issued(708, "ACME\\DC9$", "DNS Name=dc9.corp.example\nDNS Name=corp.example\nDNS Name=ACME", template="KerberosAuthentication"))])
    yield ("fires_name_of_another_domain_or_host", "After three machines of ACME, a machine of CHILD takes the name of that domain, and one of ACME that of another machine.",
           acme + [at(240, issued(709, "CHILD\\SRV9$", "DNS Name=corp.example", template="Machine")),
                   at(300, issued(710, "ACME\\SRV1$", "DNS Name=srv1.corp.example\nDNS Name=files.corp.example", template="Machine"))])
    yield ("quiet_own_sid", "The certificate bears the requester's own SID.",
           [at(0, known(sid=f"{SID}-1110")), at(60, issued(701, "CORP\\asmith", upn("asmith@corp.example") + "," + sid + "1110"))])
    named = issued(702, MALLORY, attributes="", version=0)
    yield ("fires_subject_of_a_protected_identity", "A version 0 CA logs no alternative names, but the subject is the administrator's (ESC14).",
           [at(0, named | {"data": named["data"] | {"Subject": "CN=Administrator, CN=Users, DC=corp, DC=example"}})])
    yield ("quiet_subject_with_a_title", "The subject of a user whose name in the directory has the word administrator in it.",
           [at(0, named | {"data": named["data"] | {"Subject": "CN=Mallory (SharePoint Administrator), CN=Users, DC=corp, DC=example"}})])
    mail = issued(703, "CORP\\asmith", "RFC822 Name=alice.smith@corp.example", template="User")
    yield ("fires_mail_address_alone_is_low", "An S/MIME certificate has only a mail address that differs from the account's name.", [at(0, mail)])
    yield ("quiet_mail_address_of_the_directory", "The same, and an import states the address.", [at(0, known(mail="alice.smith@corp.example")), at(60, mail)])
    yield ("fires_burst_of_names_of_the_directory", "The first logon of a user whose userPrincipalName and mail address differ from the account's name, and are imported: a burst of own names only, which is low.",
           [at(0, known(upn="alice.smith@corp.example", mail="alice.smith@corp.example"))]
           + [at(60, issued(712 + i, "CORP\\asmith", name, template=t), seconds=5 * i) for i, (t, name) in enumerate(
               [("User", upn("alice.smith@corp.example")), ("EFS", upn("alice.smith@corp.example")), ("SMIME", "RFC822 Name=alice.smith@corp.example")])])
    yield ("fires_mail_address_of_a_template_for_logons", "The same, and the template is known to allow a logon.",
           [at(0, template(1, ["1.3.6.1.5.5.7.3.2"])), at(60, mail)])


def spellings():
    tier0 = CORP + "protected:\n  accounts: ['CORP\\svc-tier0']\n"
    sid = f"URL=tag:microsoft.com,2022-09-14:sid:{SID}-500"
    yield ("fires_sid_before_a_kind_of_name_that_is_not_known", "The SID of the administrator stands before an object identifier, and the pipeline joins the names by commas.",
           [at(0, issued(201, MALLORY, upn("mallory@corp.example") + f",{sid},Registered ID=1.2.3.4", template="ESC1"))])
    yield ("fires_wide_at_sign", "The agent asks for a protected account, whose principal name has a full-width at sign. The directory takes it for `@`.",
           [at(0, issued(201, "CORP\\FAS01$", upn("svc-tier0＠corp.example"), "CertificateTemplate:Citrix_SmartcardLogon\nccm:fas01.corp.example", "Citrix_SmartcardLogon"))],
           {"policy": tier0 + "agents:\n  'CORP\\FAS01$':\n    templates: [Citrix_SmartcardLogon]\n    hosts: [fas01.corp.example]\n"})
    yield ("fires_namesake_of_a_protected_account", "An account of another domain has the name of a protected account, and asks for that account's principal name.",
           [at(0, issued(201, "DEV\\svc-tier0", upn("svc-tier0@corp.example"), template="ESC1"))], {"policy": tier0})
    yield ("quiet_namesake_under_the_suffix_of_the_forest", "An account of another domain has a principal name with the suffix of the forest. No protected account has its name.",
           [at(0, issued(201, "DEV\\alice", upn("alice@corp.example")))], {"policy": tier0})
    printers = {"policy": CORP + "agents:\n  'CORP\\svc-print':\n    templates: [Printers]\n    subjects: ['*.print.corp.example']\n"}
    many = "\n".join(f"DNS Name=p{i:02}.print.corp.example" for i in range(66))
    yield ("quiet_agent_with_many_subjects", "The print service asks for 66 names, all of them within its profile.",
           [at(0, issued(201, "CORP\\svc-print", many, template="Printers"))], printers)
    yield ("fires_agent_hides_another_subject_behind_many", "Behind 66 names of its profile the agent asks for the principal name of a user.",
           [at(0, issued(201, "CORP\\svc-print", f"{many}\n{upn(BOB)}", template="Printers"))], printers)
    host = "DNS Name=lnx-db01.corp.example"
    yield ("quiet_principal_of_a_linux_host", "certmonger asks for the Kerberos principal of its own host.",
           [at(0, issued(201, "CORP\\LNX-DB01$", upn("host/lnx-db01.corp.example@CORP.EXAMPLE") + f"\n{host}", template="LinuxHost"))], {"policy": CORP})
    yield ("fires_principal_of_another_linux_host", "A Linux host asks for the Kerberos principal of another one.",
           [at(0, issued(201, "CORP\\LNX-DB01$", upn("host/lnx-db02.corp.example@CORP.EXAMPLE") + f"\n{host}", template="LinuxHost"))], {"policy": CORP})
    ndes = {"policy": CORP + "allow:\n  requesters: ['svc-ndes@corp.example']\n"}
    yield ("quiet_allowed_requester_in_another_spelling", "The policy names the allowed requester by its principal name, and `domains:` maps the suffix to its domain.",
           [at(0, issued(201, "CORP\\svc-ndes", upn(BOB), template="NDES"))], ndes)
    yield ("fires_namesake_of_an_allowed_requester", "An account of another domain has the name of an allowed requester.",
           [at(0, issued(201, "DEV\\svc-ndes", upn(BOB), template="NDES"))], ndes)


def excepted():
    printers = [f"DNS Name=p{n}.print.corp.example" for n in range(12)]
    files = "DNS Name=files.corp.example"
    names = {"policy": "exceptions:\n  - {detections: [san-mismatch], account: 'CORP\\svc-print', names: ['*.print.corp.example']}\n"
                       "  - {detections: [unusual-volume], account: 'CORP\\svc-print'}\n"}
    templates = {"policy": "exceptions:\n  - {detections: [san-mismatch], account: 'CORP\\mallory', templates: [User]}\n"}

    def of_printers(*sans):
        return issued(201, "CORP\\svc-print", "\n".join(sans), template="Printers")

    yield ("quiet_more_names_than_are_listed", "An exception covers the names of the twelve printers that the certificate is for.",
           [at(0, of_printers(*printers))], names)
    yield ("fires_name_behind_those_of_an_exception", "Behind the twelve names that an exception covers stands that of another host.",
           [at(0, of_printers(*printers, files))], names)
    yield ("fires_name_after_those_of_an_exception", "After certificates for twelve printers, which an exception covers, comes one for another host.",
           [at(n, issued(201 + n, "CORP\\svc-print", name, template="Printers")) for n, name in enumerate(printers)]
           + [at(20, issued(300, "CORP\\svc-print", files, template="Printers"))], names)
    yield ("quiet_template_of_an_exception", "An exception covers the template.", [at(0, esc1(201, template="User"))], templates)
    yield ("fires_template_behind_that_of_an_exception", "A CA writes version 0, and the request names the template of an exception in front of another.",
           [at(0, issued(201, MALLORY, "", f"CertificateTemplate:User\nCertificateTemplate:ESC1\nSAN:upn={BOB}", template="", version=0))], templates)
