"""Fixtures of decoy-template: somebody asks for a certificate of a template that exists only to be noticed."""
from activities import refused, template_seen
from stories_template_tampered import NAME, of, value
from windows import at, denied, issued, own, requested, upn

DECOY = {"policy": "decoys: [CorpVpnLegacy]\n"}
ATTRIBUTES = "CertificateTemplate:CorpVpnLegacy"


def stories():
    yield ("fires_denied_request", "mallory tries the decoy, and the CA denies it: a denied request is enough.",
           [at(0, denied(401, "CORP\\mallory", ATTRIBUTES))], DECOY)
    yield ("fires_decoy_behind_another_template", "The request names an ordinary template in front of the decoy: which one the CA takes is not known.",
           [at(0, denied(421, "CORP\\mallory", f"CertificateTemplate:User\n{ATTRIBUTES}"))], DECOY)
    yield ("fires_request_and_issue_are_one_alert", "The request, the certificate and a second request within a day are one alert.",
           [at(0, requested(402, "CORP\\mallory", ATTRIBUTES, template="CorpVpnLegacy")),
            at(0, issued(402, "CORP\\mallory", upn("mallory@corp.example"), template="CorpVpnLegacy")),
            at(45, denied(403, "CORP\\mallory", ATTRIBUTES))], DECOY)
    yield ("fires_allowed_requester_in_other_letters", "An allow-listed account asks for the decoy in other letters.",
           [at(0, requested(404, "CORP\\svc-ndes", "CertificateTemplate:CORPVPNLEGACY", template="CORPVPNLEGACY"))],
           {"policy": "decoys: [CorpVpnLegacy]\nallow:\n  requesters: ['CORP\\svc-ndes']\n"})
    yield ("fires_refused_by_a_ca_without_audit", "The CA audits no requests and does not issue the decoy; its service logs the refusal.",
           [at(0, refused(406, "CORP\\mallory", "CorpVpnLegacy"))], DECOY)
    yield ("fires_changed_in_the_directory", "mallory gives the decoy another flag: it opens nothing, and nobody needs to.",
           [at(0, of("CorpVpnLegacy", "msPKI-RA-Signature", "1", "{9}"))], DECOY)
    yield ("fires_change_noticed_by_a_ca", "The CA notices the new version; the event of the directory, which says who it was, is read later.",
           [at(0, template_seen(4899, {NAME: 1}, {NAME: 0}, template="CorpVpnLegacy"), seconds=5), at(0, of("CorpVpnLegacy", NAME, "1", "{9}"))], DECOY)
    yield ("quiet_ca_loads_it", "The CA starts and loads its templates, the decoy too.", [at(0, template_seen(4898, {NAME: 1}, template="CorpVpnLegacy"))], DECOY)
    yield ("quiet_change_of_another_template", "Another template gets the same flag.", [at(0, value("msPKI-RA-Signature", "1"))], DECOY)
    yield "quiet_refused_other_template", "The service of the CA refuses another template.", [at(0, refused(407, "CORP\\mallory", "User"))], DECOY
    yield "quiet_other_template", "alice asks for a certificate of an ordinary template.", [at(0, own(405))], DECOY
    yield ("quiet_without_decoys", "The same request in an estate without decoys.",
           [at(0, denied(401, "CORP\\mallory", ATTRIBUTES))])
