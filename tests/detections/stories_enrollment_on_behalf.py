"""Fixtures of enrollment-on-behalf: an account that was no enrollment agent gets an enrollment agent's certificate (ESC3)."""
from windows import at, issued, own, template_loaded

AGENT_EKU = "flags = 0x20220 (131616)\npKIExtendedKeyUsage =\n  1.3.6.1.4.1.311.20.2.1 Certificate Request Agent\n\nmsPKI-RA-Signature = 0\n"


def agent(request_id, requester="CORP\\mallory", template="EnrollmentAgent", **more):
    return issued(request_id, requester, template=template, **more)


def stories():
    yield "fires_first_certificate", "mallory is issued an enrollment agent's certificate for the first time.", [at(0, agent(1201))]
    yield ("fires_copied_template", "The template has a name of the estate's own; the CA logged its purposes when it loaded it.",
           [at(-60, template_loaded("CorpBadgeOffice", AGENT_EKU)), at(0, agent(1202, template="CorpBadgeOffice"))])
    yield ("fires_version_0", "A CA whose events have version 0 names the template in the attributes.", [at(0, agent(1203, version=0, attributes="CertificateTemplate:EnrollmentAgent"))])
    yield ("fires_version_0_behind_another_template", "The same, and the attributes name an ordinary template first.",
           [at(0, agent(1211, version=0, attributes="CertificateTemplate:User\nCertificateTemplate:EnrollmentAgent"))])
    yield ("fires_purpose_of_the_request", "The request asked for the purpose itself (ESC15).",
           [at(0, agent(1204, template="WebServer", attributes="CertificateTemplate:WebServer\nApplicationPolicies:1.3.6.1.4.1.311.20.2.1"))])
    yield ("fires_low_named_agent", "The policy names the account as one that requests for others: Low.", [at(0, agent(1205, "CORP\\smartcard-desk"))],
           {"policy": "agents:\n  'CORP\\smartcard-desk': {templates: [SmartcardLogon]}\n"})
    yield ("fires_again_after_400_days", "After more than 400 days the agent is not known any more.", [at(0, agent(1206)), at(0, agent(1207), days=402)])
    yield ("fires_once_for_an_agent_that_renews", "The first certificate alerts, its renewal a year later does not.", [at(0, agent(1208)), at(0, agent(1209), days=364)])
    yield ("fires_certificate_of_a_ca", "mallory may enroll in SubCA and is issued the certificate of a CA, with no name of anybody. A desk that is an agent since long gets one too.",
           [at(0, agent(1212, "CORP\\card-desk")), at(0, agent(1213, template="SubCA")), at(9, agent(1214, "CORP\\card-desk", template="SubCA"), days=3)])
    yield ("fires_low_for_who_administers_cas", "A subordinate CA is set up by one of the named administrators: Low.", [at(0, agent(1215, "CORP\\ca-admin", template="SubCA"))],
           {"policy": "allow:\n  ca_managers: ['CORP\\ca-admin']\n"})
    yield "quiet_user_certificate", "alice's certificate of the template User.", [at(0, own(1210))]
    yield ("quiet_unknown_template", "A template of the estate's own of which nothing is known.", [at(0, agent(1211, template="CorpBadgeOffice"))])
    yield ("quiet_switched_off", "The detection is switched off.", [at(0, agent(1201))], {"policy": "enrollment_on_behalf:\n  enabled: false\n"})
