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
    yield ("quiet_revocation_lists", "The CA publishes its revocation lists, as its machine account.",
           [at(i, directory("CORP\\CA01$", CDP, a, "MIIB", object_class="cRLDistributionPoint"))
            for i, a in enumerate(["certificateRevocationList", "deltaRevocationList"])])
    yield ("quiet_template", "A template is changed: that is template-tampered.",
           [at(0, directory(M, f"CN=VpnUser,CN=Certificate Templates,{SERVICES}", "revision", "101", object_class="pKICertificateTemplate"))])
    yield "quiet_other_container", "An object elsewhere in the directory.", [at(0, directory(M, "CN=bob.jones,CN=Users,DC=corp,DC=example", "mail", "bob@corp.example"))]
