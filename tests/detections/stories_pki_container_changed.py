"""Fixtures of pki-container-changed: objects of the public key services in the directory."""
from activities import SERVICES, ca_changed, directory
from windows import at

M = "CORP\\mallory"
NTAUTH = f"CN=NTAuthCertificates,{SERVICES}"
ENROLL = f"CN=CORP-CA01,CN=Enrollment Services,{SERVICES}"
CDP = f"CN=CORP-CA01,CN=CA01,CN=CDP,{SERVICES}"


def stories():
    yield ("fires_ca_in_ntauth", "mallory adds the certificate of a CA to NTAuthCertificates (ESC5).",
           [at(0, directory(M, NTAUTH, "cACertificate", "MIID1zCCAr+gAwIBAgIQ", object_class="certificationAuthority"))])
    yield ("fires_enrollment_service_created", "mallory creates an enrollment service, the object of a CA.",
           [at(0, directory(M, f"CN=EVIL-CA,CN=Enrollment Services,{SERVICES}", operation="created", object_class="pKIEnrollmentService"))])
    yield ("fires_template_published_in_the_directory", "mallory publishes a template at the CA, and ca-admin does so twice in 31 days: high, high, low.",
           [at(0, directory("CORP\\ca-admin", ENROLL, "certificateTemplates", "VpnUser", object_class="pKIEnrollmentService")),
            at(0, directory("CORP\\ca-admin", ENROLL, "certificateTemplates", "WebServer", object_class="pKIEnrollmentService"), days=31),
            at(0, directory(M, ENROLL, "certificateTemplates", "ESC1", object_class="pKIEnrollmentService"), days=35)])
    yield ("fires_ca_certificate_published", "A CA publishes a certificate of a CA.",
           [at(0, ca_changed(4895, None, {"CertificateHash": "a1 b2", "ValidFrom": "2026-03-02", "ValidTo": "2036-03-02"}))])
    yield ("fires_revocation_list_by_a_user", "A user writes a revocation list.",
           [at(0, directory(M, CDP, "certificateRevocationList", "MIIB", object_class="cRLDistributionPoint"))])
    def renewed(actor="CORP\\CA01$"):
        return [at(0, directory(actor, ENROLL, "cACertificate", "<Binary>", object_class="pKIEnrollmentService")),
                at(20, directory("CORP\\ca-admin", NTAUTH, "cACertificate", "<Binary>", object_class="certificationAuthority"))]

    cas = "cas: {ca01.corp.example: CORP-CA01}\n"
    yield ("fires_renewed_ca", "A CA is renewed: its machine writes its certificate, and an administrator adds it to NTAuthCertificates: high instead of critical.", renewed())
    yield ("fires_low_for_the_ca_that_is_renewed", "The same, and the policy names the CA: what it writes to its own object is low, and so is what it publishes.",
           renewed() + [at(21, ca_changed(4895, None, {"CertificateHash": "a1 b2", "ValidFrom": "2026-03-02", "ValidTo": "2036-03-02"}))], {"policy": cas})
    yield ("fires_certificate_of_the_ca_by_a_user", "A user writes the certificate of the CA, and adds one to NTAuthCertificates: that is no renewal, and critical.",
           renewed(M), {"policy": cas})
    def entry(actor, name="CORP-CA01"):
        return [at(0, directory(actor, f"CN={name},CN=AIA,{SERVICES}", "cACertificate", "<Binary>", object_class="certificationAuthority"))]
    yield ("fires_low_for_the_entry_of_the_ca", "The machine of a CA writes the CA's certificate to its entry below AIA, as at a renewal.", entry("CORP\\CA01$"), {"policy": cas})
    yield ("fires_low_for_a_ca_whose_name_is_sanitized", "The same for a CA whose name has characters that Windows replaces in the names of its objects.",
           entry("CORP\\CA01$", "M!00fcller CA !00282026!0029"), {"policy": "cas: {ca01.corp.example: 'Müller CA (2026)'}\n"})
    yield ("fires_entry_of_the_ca_by_a_user", "A user writes a certificate to that entry.", entry(M), {"policy": cas})
    yield ("fires_entry_of_the_ca_by_another_machine", "A machine that is none of the CAs writes to it.", entry("CORP\\WKS-066$"), {"policy": cas})
    yield ("fires_certificate_of_another_ca_by_a_machine", "A machine that is none of the CAs writes the CA's certificate, and a certificate is added to NTAuthCertificates: critical.", renewed("CORP\\WKS-066$"), {"policy": cas})
    yield ("fires_low_for_a_named_manager", "An administrator of the CA that the policy names publishes a template.",
           [at(0, directory("CORP\\ca-admin", ENROLL, "certificateTemplates", "VpnUser", object_class="pKIEnrollmentService"))],
           {"policy": "allow: {ca_managers: ['CORP\\ca-admin']}\n"})
    yield ("fires_ca_in_ntauth_by_a_named_manager", "The same administrator adds a CA to NTAuthCertificates: critical, whoever does it.",
           [at(0, directory("CORP\\ca-admin", NTAUTH, "cACertificate", "<Binary>", object_class="certificationAuthority"))],
           {"policy": "allow: {ca_managers: ['CORP\\ca-admin']}\n"})
    yield ("quiet_revocation_lists", "The CA publishes its revocation lists, as its machine account.",
           [at(i, directory("CORP\\CA01$", CDP, a, "MIIB", object_class="cRLDistributionPoint"))
            for i, a in enumerate(["certificateRevocationList", "deltaRevocationList"])])
    yield ("quiet_template", "A template is changed: that is template-tampered.",
           [at(0, directory(M, f"CN=VpnUser,CN=Certificate Templates,{SERVICES}", "revision", "101", object_class="pKICertificateTemplate"))])
    yield "quiet_other_container", "An object elsewhere in the directory.", [at(0, directory(M, "CN=bob.jones,CN=Users,DC=corp,DC=example", "mail", "bob@corp.example"))]
