"""An ordinary estate, and attacks beside it: what a detection engineer meets in the first week.

Each situation is (name, what it is, events). `ordinary_…` must stay quiet, `attack_…` must be found.
"""
from activities import BASE, SERVICES, account_changed, ca_changed, directory, mapped, registry, renamed, ticket
from windows import CA, SID, at, denied, event, issued, logon, network_logon, normalised, own, requested, resubmitted, serial, upn

MALLORY = "CORP\\mallory"
CA_KEY = "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\CertSvc\\Configuration\\CORP-CA01"


def names(dns=(), mail=()):
    return ",".join([f"DNS Name={name}" for name in dns] + [f"RFC822 Name={name}" for name in mail])


def foreign_logon(user, serial, issuer):
    """A logon with a certificate that no CA of the estate issued."""
    e = logon(user, 1, "10.20.30.50")
    return e | {"data": e["data"] | {"CertIssuerName": issuer, "CertSerialNumber": serial}}


def for_others(requester, template, users, first):
    """The requester gets a certificate for each user, who then logs on with it."""
    for i, user in enumerate(users):
        yield at(i * 5, issued(first + i, requester, upn(f"{user}@corp.example"), template=template))
        yield at(i * 5 + 1, logon(user, first + i, f"10.20.31.{i + 10}"))


def sid_url(rid):
    return f",URL=tag:microsoft.com,2022-09-14:sid:{SID}-{rid}"


def v0(request_id, requester, attributes="", subject=None):
    e = issued(request_id, requester, attributes=attributes, version=0)
    return e if subject is None else e | {"data": e["data"] | {"Subject": subject}}


def situations():
    yield from ordinary()
    yield from attacks()


def ordinary():
    yield ("ordinary_01_upn_prefix", "The userPrincipalName differs from the account name.",
           [at(0, issued(501, "CORP\\asmith", upn("alice.smith@corp.example")))])
    yield ("ordinary_02_machine_build", "A new machine enrolls for three templates.",
           [at(0, issued(502 + i, "CORP\\WKS1$", "DNS Name=wks1.corp.example", template=t), seconds=i * 20)
            for i, t in enumerate(["Machine", "Workstation", "RemoteDesktop"])])
    yield ("ordinary_03_new_domain_controller", "A new domain controller enrolls for four templates.",
           [at(0, issued(510 + i, "CORP\\DC09$", names(["dc09.corp.example", "corp.example", "CORP"]), template=t), seconds=i * 9)
            for i, t in enumerate(["DomainController", "DomainControllerAuthentication", "KerberosAuthentication", "DirectoryEmailReplication"])])
    yield ("ordinary_04_citrix_fas", "Citrix FAS enrolls for users, who log on.",
           list(for_others("CORP\\FAS01$", "Citrix_SmartcardLogon", ["ann", "bob.jones", "carl", "dora"], 520)))
    yield ("ordinary_05_ndes", "An NDES or Intune connector enrolls for devices' users.",
           list(for_others("CORP\\svc-ndes", "IntuneUser", ["ann", "bob.jones", "carl"], 530)))
    yield ("ordinary_06_web_server", "An administrator requests web server certificates, one in a zone called dc01.",
           [at(0, issued(540, "CORP\\web-admin", "DNS Name=shop.corp.example", template="WebServer")),
            at(9, issued(541, "CORP\\web-admin", "DNS Name=app.dc01.corp.example", template="WebServer"))])
    yield ("ordinary_07_cluster", "A cluster node names the cluster and its listener.",
           [at(0, issued(545, "CORP\\SQLNODE1$", names(["sqlnode1.corp.example", "sqlclu.corp.example", "sqlag1.corp.example"]), template="Machine"))])
    yield ("ordinary_08_gmsa", "A group managed service account has a service's name.",
           [at(0, issued(546, "CORP\\gmsa-web$", "DNS Name=web.corp.example", template="WebServer"))])
    yield ("ordinary_09_renamed_user", "A user is renamed and uses the old certificate.",
           [at(0, own(550, "ann")), at(10, renamed("ann", "ann.lee", "CORP\\helpdesk")), at(20, logon("ann.lee", 550))])
    yield ("ordinary_10_card_of_two_accounts", "One card is mapped to two accounts of a person.",
           [at(0, own(551, "alice")), at(5, logon("adm-alice", 551))])
    yield ("ordinary_11_hello_keys", "Windows Hello and device keys beside a CA that logs no serial numbers.",
           [at(0, v0(1, "CORP\\bob.jones")), at(5, foreign_logon("carol.white", "01", "CN=carol.white")), at(8, foreign_logon("dave", "01", "login.windows.net"))])
    yield ("ordinary_12_third_party_ca", "A card of another CA, whose serial number ends like a request id.",
           [at(0, v0(7, "CORP\\bob.jones")), at(5, foreign_logon("carol.white", "5B00A7F30007", "ACME Issuing CA 3"))])
    yield ("ordinary_13_administrator_in_a_name", "An account called sharepoint-administrator enrolls for itself.", [at(0, own(560, "sharepoint-administrator"))])
    yield ("ordinary_14_second_suffix", "The domain has a second UPN suffix.", [at(0, issued(561, "CORP\\bob", upn("bob@example.com")))])
    yield ("ordinary_15_cross_forest", "A user of another forest enrolls for itself.", [at(0, issued(562, "PARTNER\\eve", upn("eve@partner.example")))])
    yield ("ordinary_16_disjoint_namespace", "A machine's DNS suffix is not the domain's name.",
           [at(0, issued(563, "CORP\\APP7$", "DNS Name=app7.prod.corp.example", template="Machine"))])
    yield ("ordinary_17_smartcard_desk", "The smart-card desk enrolls for a user.", list(for_others("CORP\\smartcard-desk", "SmartcardLogon", ["ann"], 564)))
    yield ("ordinary_18_unreachable_crl", "The CRL cannot be reached: logons with own certificates are refused in mass.",
           [e for i, user in enumerate(["ann", "bob.jones", "carl", "dora"])
            for e in (at(0, own(570 + i, user)), at(30 + i, logon(f"{user}@corp.example", 570 + i, status="0x3e")))])
    yield ("ordinary_19_first_logon", "The first logon of a user: three templates, one with a mail address.",
           [at(0, own(580, "fred")), at(0, own(581, "fred"), seconds=5),
            at(0, issued(582, "CORP\\fred", upn("fred@corp.example") + "," + names(mail=["fred.fox@corp.example"]), template="SMIME"), seconds=9)])
    yield ("ordinary_20_life_cycle_product", "A certificate life-cycle product enrolls for many hosts.",
           [at(i, issued(590 + i, "CORP\\svc-clm", f"DNS Name=srv{i}.corp.example", template="ClmWeb")) for i in range(6)])
    yield ("ordinary_21_hello_certificate_trust", "AD FS enrolls for users of Hello.", list(for_others("CORP\\adfs-gmsa$", "HelloForBusiness", ["ann", "bob.jones"], 600)))
    yield ("ordinary_22_domain_controller_renews", "A domain controller renews; the certificate names its domain too.",
           [at(0, issued(605, "CORP\\DC01$", names(["dc01.corp.example", "corp.example", "CORP"]), template="KerberosAuthentication"))])
    yield ("ordinary_23_ces_renewal", "A web service renews certificates of hosts outside of the domain.",
           [at(0, issued(606, "CORP\\svc-ces", "DNS Name=dmz7.dmz.example", template="CESRenewal"))])
    yield ("ordinary_24_renamed_machine", "A machine is renamed and uses the old certificate.",
           [at(0, issued(607, "CORP\\OLD-PC$", "DNS Name=old-pc.corp.example", template="Machine")),
            at(10, renamed("OLD-PC$", "NEW-PC$", "CORP\\helpdesk")), at(20, logon("NEW-PC$", 607))])
    yield ("ordinary_28_mail_only", "An S/MIME certificate has only a mail address.", [at(0, issued(610, "CORP\\gina", names(mail=["gina.green@corp.example"]), template="SMIME"))])
    yield ("ordinary_29_service_names", "A mail server requests its service names.",
           [at(0, issued(611, "CORP\\EX01$", names(["ex01.corp.example", "mail.corp.example", "autodiscover.corp.example"]), template="ExchangeWeb"))])
    yield ("ordinary_30_p2p_access", "A device that is joined to Entra logs on with its P2P certificate.",
           [at(0, v0(7, "CORP\\bob.jones")), at(5, foreign_logon("carol.white", "7A0B0C0D0E0F10111213141516170007", "MS-Organization-P2P-Access [2026]"))])
    yield ("ordinary_44_refused_autoenrollment", "A permission is removed, and autoenrollment is refused for everybody.",
           [at(i, denied(620 + i, f"CORP\\user{i}", "CertificateTemplate:Old")) for i in range(20)])
    yield ("ordinary_45_manager_approves", "A request waits, a manager approves it.",
           [at(0, denied(650, "CORP\\ann", "CertificateTemplate:Web") | {"id": 4889}),
            at(10, event(4869, 0, CA, 12805, {"RequestId": "650", "SubjectUserSid": f"{SID}-1190", "SubjectUserName": "ca-admin",
                                              "SubjectDomainName": "CORP", "SubjectLogonId": "0x31aa17"})),
            at(10, own(650, "ann"), seconds=2)])
    yield ("ordinary_51_own_sid", "A script requests a certificate with the account's own SID among the names.",
           [at(0, issued(660, MALLORY, upn("mallory@corp.example") + sid_url(1142), template="OfflineUser"))])
    yield ("ordinary_52_intune_with_sids", "The connector puts the SIDs of its users among the names, as Intune does for strong mapping.",
           [at(i, issued(661 + i, "CORP\\svc-ndes", upn(f"{user}@corp.example") + sid_url(1200 + i), template="IntuneUser"))
            for i, user in enumerate(["ann", "bob.jones"])])
    yield ("ordinary_53_child_domain", "A machine of a child domain enrolls at the CA of the parent.",
           [at(0, issued(665, "CHILD\\DC07$", names(["dc07.child.corp.example"]), template="Machine"))])
    yield ("ordinary_54_true_sso", "VMware Horizon True SSO enrolls for users, who log on from their desktops.",
           list(for_others("CORP\\TRUESSO1$", "TrueSso", ["ann", "bob.jones", "carl"], 670)))
    yield ("ordinary_55_jamf", "The AD CS connector of Jamf enrolls for Macs.",
           [at(i, issued(680 + i, "CORP\\svc-jamf", f"DNS Name=mac{i}.corp.example", template="JamfDevice")) for i in range(3)])
    yield ("ordinary_56_printers", "The server that manages printers enrolls for them.",
           [at(i, issued(690 + i, "CORP\\svc-printers", f"DNS Name=prn{i}.print.corp.example", template="PrinterDevice")) for i in range(3)])
    yield from administration()


def administration():
    admin = "CORP\\ca-admin"
    enroll = f"CN=CORP-CA01,CN=Enrollment Services,{SERVICES}"
    yield ("ordinary_57_ndes_setup", "NDES is set up: its administrator gets the two certificates of the registration authority.",
           [at(i, issued(700 + i, "CORP\\ndes-admin", template=t)) for i, t in enumerate(["EnrollmentAgentOffline", "CEPEncryption"])])
    yield ("ordinary_58_template_published", "An administrator of the CA publishes a template.",
           [at(0, ca_changed(4892, admin, {"PropertyName": "29", "PropertyIndex": "0", "PropertyType": "4", "PropertyValue": "User\n1.3.6.1\nVpnUser\n1.3.6.2"})),
            at(0, directory(admin, enroll, "certificateTemplates", "VpnUser", object_class="pKIEnrollmentService"), seconds=1)])
    yield ("ordinary_59_permissions_of_the_ca", "An administrator of the CA changes who may manage it.",
           [at(0, ca_changed(4882, admin, {"SecuritySettings": "Allow CORP\\pki-operators Issue and Manage Certificates"}))])
    yield ("ordinary_60_renewed_ca", "A CA is renewed, and its new certificate goes to NTAuthCertificates.",
           [at(0, directory("CORP\\CA01$", enroll, "cACertificate", "<Binary>", object_class="pKIEnrollmentService")),
            at(0, ca_changed(4895, None, {"CertificateHash": "a1 b2", "ValidFrom": "2026-03-02", "ValidTo": "2036-03-02"}), seconds=2),
            at(10, directory("CORP\\ea-admin", f"CN=NTAuthCertificates,{SERVICES}", "cACertificate", "<Binary>", object_class="certificationAuthority"))])
    yield ("ordinary_61_connector_registers_keys", "A connector under a name of its own writes the keys of Windows Hello users.",
           [at(i, directory("CORP\\adsync-gmsa$", f"CN={user},CN=Users,{BASE}", "msDS-KeyCredentialLink", "B:828:0002:CN=x")) for i, user in enumerate(["ann", "bob.jones"])])
    yield ("ordinary_62_entra_kerberos", "An administrator creates the object of Entra Kerberos, which has a key.",
           [at(0, directory("CORP\\ea-admin", f"CN=AzureADKerberos,OU=Domain Controllers,{BASE}", "msDS-KeyCredentialLink", "B:828:0002:CN=x", object_class="computer"))])
    yield ("ordinary_63_old_card", "An administrator logs on with a card from before the events were read.",
           [at(0, own(710, "ann")), at(9, logon("adm-tier0", 12))])
    yield ("ordinary_64_server_template", "A server certificate for an application, from a template whose host names the requester chooses.",
           [at(0, issued(712, "CORP\\app-admin", names(["app1.corp.example"]), template="CorpServer"))])
    def moved(suffix):
        return account_changed(4738, "CORP\\ann", "CORP\\helpdesk", 1200, upn=f"ann@{suffix}")
    yield ("ordinary_65_company_renamed", "The company is renamed: a user gets the new suffix, a certificate, and for now the old suffix again.",
           [at(0, moved("example.com")), at(5, issued(714, "CORP\\ann", upn("ann@example.com"))), at(60, moved("corp.example"))])
    yield ("ordinary_66_duplicated_template", "An administrator duplicates the template User in a console.",
           [at(0, directory(admin, f"CN=CorpUser,CN=Certificate Templates,{SERVICES}", operation="created", object_class="pKICertificateTemplate", operation_id="{1}"))]
           + [at(0, directory(admin, f"CN=CorpUser,CN=Certificate Templates,{SERVICES}", attribute, value, object_class="pKICertificateTemplate", operation_id="{2}"), seconds=i + 1)
              for i, (attribute, value) in enumerate([("msPKI-Certificate-Name-Flag", "-2113929216"), ("pKIExtendedKeyUsage", "1.3.6.1.5.5.7.3.2")])])


def attacks():
    yield ("attack_01_application_policy", "ESC15: client authentication is injected into a web server certificate for another user.",
           [at(0, issued(1, MALLORY, upn("bob.jones@corp.example"), attributes="CertificateTemplate:WebServer\nApplicationPolicies:1.3.6.1.5.5.7.3.2", template="WebServer"))])
    yield ("attack_02_machine_of_another_domain", "A machine of a child domain gets the name of a machine of the parent.",
           [at(0, issued(2, "CHILD\\DC07$", "DNS Name=dc07.corp.example", template="Machine"))])
    yield ("attack_03_chase", "Certighost at a CA that logs no alternative names.",
           [at(0, v0(3, "CORP\\EVIL$", "CertificateTemplate:Machine\ncdc:10.66.66.66\nrmd:dc01.corp.example"))])
    yield ("attack_04_agent_misused", "The misused agent issues for a user, and the certificate is used from a foreign address.",
           [at(0, issued(4, "CORP\\FAS01$", upn("bob.jones@corp.example"), template="Citrix_SmartcardLogon")), at(4, logon("bob.jones", 4, "10.66.66.66"))])
    yield ("attack_05_sid_of_another", "The certificate bears the SID of another ordinary account.",
           [at(0, issued(5, MALLORY, upn("mallory@corp.example") + f",URL=tag:microsoft.com,2022-09-14:sid:{SID}-1111", template="ESC1"))])
    yield ("attack_06_relayed_domain_controller", "ESC8: a domain controller is relayed to web enrollment.",
           [at(0, issued(6, "CORP\\DC01$", "DNS Name=dc01.corp.example", template="DomainController",
                         attributes="CertificateTemplate:DomainController\nccm:ca01.corp.example", auth="NTLM"))])
    yield ("attack_07_golden_certificate", "A forged certificate of the own CA, used as the administrator.",
           [at(0, own(7, "ann")), at(1, logon("ann", 7)), at(5, logon("administrator", 999)), at(0, own(8, "zoe"), days=2)])
    yield ("attack_08_name_in_the_request", "A CA that logs no alternative names, and a logon as another.", [at(0, v0(8, MALLORY)), at(5, logon("bob.jones", 8))])
    yield ("attack_09_first_agent_certificate", "ESC3: an ordinary user gets an enrollment agent's certificate.",
           [at(0, issued(9, MALLORY, upn("mallory@corp.example"), template="EnrollmentAgent"))])
    yield ("attack_10_administrator", "ESC1: a certificate for the administrator.", [at(0, issued(10, MALLORY, upn("administrator@corp.example")))])
    yield ("attack_11_sid_differs_at_the_kdc", "The KDC notices a certificate with another account's SID (41).",
           [at(0, own(11, "mallory")), at(2, mapped(41, "bob.jones", "CN=mallory", 11, account_sid=f"{SID}-1111", certificate_sid=f"{SID}-1142"))])
    relayed = issued(12, "CORP\\WKS1$", "DNS Name=wks1.corp.example", template="Machine", auth="NTLM", via="RPC")
    yield ("attack_12_relay_to_rpc", "ESC11: a relay to the unprotected RPC interface.",
           [at(0, relayed | {"data": relayed["data"] | {"AuthenticationLevel": "Connect"}})])
    yield ("attack_13_subject", "ESC14: the subject is the administrator's, at a CA that logs no alternative names.",
           [at(0, v0(13, MALLORY, subject="CN=Administrator, CN=Users, DC=corp, DC=example"))])
    yield ("attack_14_attempt", "A request in the administrator's name that was only received.",
           [at(0, requested(14, MALLORY, "CertificateTemplate:ESC1\nSAN:upn=administrator@corp.example", "ESC1"))])
    yield ("attack_15_denied", "ESC15, denied by the CA.",
           [at(0, denied(15, MALLORY, "CertificateTemplate:WebServer\nApplicationPolicies:1.3.6.1.5.5.7.3.2\nSAN:upn=administrator@corp.example"))])
    yield ("attack_54_hello_agent_misused", "AD FS is misused for a user, and the certificate is used from a foreign address.",
           [at(0, issued(19, "CORP\\adfs-gmsa$", upn("ann@corp.example"), template="HelloForBusiness")), at(4, logon("ann", 19, "192.0.2.66"))])
    yield ("attack_51_sid_alone", "The only name is the SID of another ordinary account.",
           [at(0, issued(16, MALLORY, sid_url(1111)[1:], template="ESC1"))])
    yield ("attack_52_member_server_of_another_domain", "A member server of a child domain gets the name of one of the parent, at the CA of the parent.",
           [at(0, issued(17, "CHILD\\FILES01$", names(["files01.corp.example"]), template="Machine"))])
    yield ("attack_53_golden_certificate_of_a_domain_controller", "A forged certificate with a random serial number, used as a domain controller.",
           [at(0, foreign_logon("DC01$", "7D3FA1C09BE4567712CD8A90EF3355AA01B2C3D4", "CORP-CA01")), at(0, own(18, "zoe"), days=2)])

    yield from attacks_by_agents()
    yield from attacks_on_settings()
    yield from attacks_on_accounts()


def attacks_by_agents():
    yield ("attack_55_true_sso_misused", "The True SSO server is misused for a user, and the certificate is used from a foreign address.",
           [at(0, issued(21, "CORP\\TRUESSO1$", upn("ann@corp.example"), template="TrueSso")), at(4, logon("ann", 21, "192.0.2.66"))])
    yield ("attack_56_jamf_connector_misused", "The account of the Jamf connector gets a certificate for a user, from another template than its own.",
           [at(0, issued(22, "CORP\\svc-jamf", upn("bob.jones@corp.example")))])
    yield ("attack_57_printer_account_misused", "The account that enrolls for printers gets a certificate for a user, from its own template.",
           [at(0, issued(23, "CORP\\svc-printers", upn("bob.jones@corp.example"), template="PrinterDevice"))])
    yield ("attack_58_ndes_misused", "The account of NDES gets a certificate for a user, from another template than its own.",
           [at(0, issued(24, "CORP\\svc-ndes", upn("ann@corp.example")))])
    yield ("attack_59_life_cycle_product_misused", "The account of a life-cycle product gets a certificate for a user, from another template than its own.",
           [at(0, issued(25, "CORP\\svc-clm", upn("bob.jones@corp.example")))])
    yield ("attack_60_smartcard_desk_misused", "The smart-card desk is misused for a user, and the certificate is used from a foreign address.",
           [at(0, issued(26, "CORP\\smartcard-desk", upn("ann@corp.example"), template="SmartcardLogon")), at(4, logon("ann", 26, "192.0.2.66"))])
    yield ("attack_61_ces_misused", "The account of the renewal service gets a certificate for a user, from another template than its own.",
           [at(0, issued(27, "CORP\\svc-ces", upn("ann@corp.example")))])


def attacks_on_settings():
    services, policy_key = f"CN=Public Key Services,CN=Services,CN=Configuration,{BASE}", f"{CA_KEY}\\PolicyModules\\CertificateAuthority_MicrosoftDefault.Policy"
    yield ("attack_16_template_opened", "ESC4: the requester chooses the names of a template's certificates.",
           [at(0, directory(MALLORY, f"CN=VpnUser,CN=Certificate Templates,{services}", "msPKI-Certificate-Name-Flag", "1", object_class="pKICertificateTemplate"))])
    yield ("attack_17_rogue_ca", "ESC5: a foreign CA is added to NTAuthCertificates.",
           [at(0, directory(MALLORY, f"CN=NTAuthCertificates,{services}", "cACertificate", "MIID1zCCAr+gAwIBAgIQ", object_class="certificationAuthority"))])
    yield ("attack_18_names_in_attributes", "ESC6: the CA takes names from the attributes of any request.",
           [at(0, registry(MALLORY, "EditFlags", "1114446", "1376590", CA, policy_key))])
    yield ("attack_19_denied_then_issued", "ESC7: mallory asks as the administrator, is denied, and issues the request as a manager.",
           [at(0, denied(19, MALLORY, "CertificateTemplate:SubCA\nSAN:upn=administrator@corp.example")), at(3, resubmitted(19, "mallory")),
            at(3, issued(19, MALLORY, upn("administrator@corp.example"), template="SubCA"), seconds=1)])
    yield ("attack_20_weak_binding", "ESC10: a domain controller does not enforce strong mappings any more.",
           [at(0, registry(MALLORY, "StrongCertificateBindingEnforcement", "2", "0"))])
    yield ("attack_21_policy_linked", "ESC13: an issuance policy is linked to a group of administrators.",
           [at(0, directory(MALLORY, f"CN=1.0A1B2C3D4E5F60718293,CN=OID,{services}", "msDS-OIDToGroupLink", f"CN=Tier0-Admins,OU=Groups,{BASE}", object_class="msPKI-Enterprise-Oid"))])
    yield ("attack_22_no_sid_extension", "ESC16: the CA leaves the SID out of all certificates.",
           [at(0, registry(MALLORY, "DisableExtensionList", None, "1.3.6.1.4.1.311.25.2", CA, policy_key))])
    yield ("attack_23_encryption_off", "ESC11: the CA accepts unprotected RPC.",
           [at(0, registry(MALLORY, "InterfaceFlags", "1601", "1089", CA, CA_KEY))])
    yield ("attack_24_key_of_the_ca", "DPERSIST1: mallory backs up the CA with its key.",
           [at(0, ca_changed(4876, MALLORY, {"BackupType": "3"}))])


def attacks_on_accounts():
    bob = f"CN=bob.jones,CN=Users,{BASE}"
    yield ("attack_30_name_changed_and_back", "ESC9: a controlled account gets the administrator's name, a certificate, and its own name back.",
           [at(0, account_changed(4738, "CORP\\bob.jones", MALLORY, 1111, upn="administrator")), at(2, issued(30, "CORP\\bob.jones", upn("administrator"), template="ESC9")),
            at(3, account_changed(4738, "CORP\\bob.jones", MALLORY, 1111, upn="bob.jones@corp.example")), at(5, logon("administrator", 30))])
    yield ("attack_31_name_of_another_user", "ESC9 against an ordinary user.",
           [at(0, account_changed(4738, "CORP\\bob.jones", MALLORY, 1111, upn="carol.white")), at(2, issued(31, "CORP\\bob.jones", upn("carol.white"), template="ESC9")),
            at(3, account_changed(4738, "CORP\\bob.jones", MALLORY, 1111, upn="bob.jones@corp.example")), at(5, logon("carol.white", 31))])
    yield ("attack_32_weak_mapping_used", "ESC14: mallory maps certificates of her name to bob.jones, and logs on as him.",
           [at(0, directory(MALLORY, bob, "altSecurityIdentities", "X509:<RFC822>mallory@corp.example")), at(4, logon("bob.jones", 900))])
    yield ("attack_33_strong_mapping_used", "ESC14: mallory maps her own certificate to bob.jones, and logs on as him.",
           [at(0, own(33, "mallory")), at(2, directory(MALLORY, bob, "altSecurityIdentities", "X509:<I>DC=example,DC=corp,CN=CORP-CA01<SR>2100000000775d4c3b2a1f0e0d210000005c")), at(4, logon("bob.jones", 33))])
    yield ("attack_34_certifried", "Certifried: a new machine account with the host name of a domain controller enrolls.",
           [at(0, account_changed(4741, "CORP\\EVIL01$", MALLORY, 1700, name="EVIL01$")), at(1, account_changed(4742, "CORP\\EVIL01$", MALLORY, 1700, host="dc01.corp.example")),
            at(3, issued(34, "CORP\\EVIL01$", "DNS Name=dc01.corp.example", template="Machine")), at(4, logon("DC01$", 34))])
    yield ("attack_35_shadow_credential", "A key is registered for bob.jones, and used.",
           [at(0, directory(MALLORY, bob, "msDS-KeyCredentialLink", f"B:828:00020000200001:{bob}")), at(2, foreign_logon("bob.jones", "7A11C0DE01", "bob.jones"))])
    yield ("attack_36_unpac_the_hash", "The NT hash of the administrator is asked for after a logon with a certificate.",
           [at(0, logon("administrator", 901)), at(0, ticket("administrator", "administrator", "0x40810018", f"{SID}-500"), seconds=1)])
    yield ("attack_37_server_name", "ESC17: mallory gets a server certificate of the update server.",
           [at(0, issued(37, MALLORY, "DNS Name=wsus.corp.example", template="WebServer"))])
    yield ("attack_38_chase_version_1", "Certighost at a CA that logs the names.",
           [at(0, issued(38, "CORP\\EVIL$", "DNS Name=dc01.corp.example", attributes="CertificateTemplate:Machine\ncdc:10.66.66.66\nrmd:dc01.corp.example", template="Machine"))])
    yield ("attack_39_relayed_machine", "ESC8 with a laptop: its usual address, then a logon at the CA from another one, and a certificate of it at the CA's web pages.",
           [at(0, network_logon("WKS1$", "10.20.30.41"), days=d) for d in range(3)]
           + [at(0, network_logon("WKS1$", "10.66.66.66", package="NTLM"), days=3), at(0, issued(39, "CORP\\WKS1$", "DNS Name=wks1.corp.example", template="Machine", auth="NTLM",
              attributes="CertificateTemplate:Machine\nccm:ca01.corp.example"), days=3, seconds=2)])
    yield ("attack_40_name_in_attributes_version_0", "Certipy's ESC1 at a CA that writes version 0: the name stands in the attributes.",
           [at(0, v0(40, MALLORY, "CertificateTemplate:ESC1\nSAN:upn=administrator@corp.example")), at(2, logon("administrator", 40))])
    yield ("attack_41_on_behalf", "ESC3: an agent's certificate, then one for the administrator, who logs on.",
           [at(0, issued(41, MALLORY, upn("mallory@corp.example"), template="EnrollmentAgent")),
            at(2, issued(42, MALLORY, upn("administrator@corp.example"), template="User")), at(4, logon("administrator", 42))])
    yield ("attack_42_first_alert_of_the_kdc", "ESC16 at work: 39 for the administrator with a certificate of mallory.",
           [at(0, mapped(39, "administrator", "CN=mallory", 43))])


POLICY = r"""domains: {CORP: [corp.example, example.com], CHILD: [child.corp.example], PARTNER: [partner.example]}
cas: {ca01.corp.example: CORP-CA01, ca02.corp.example: CORP-CA02}
agents:
  'CORP\FAS01$': {templates: [Citrix_SmartcardLogon], used_from: [10.20.0.0/16]}
  'CORP\svc-ndes': {templates: [IntuneUser]}
  'CORP\smartcard-desk': {templates: [SmartcardLogon], used_from: [10.20.0.0/16]}
  'CORP\svc-clm': {templates: [ClmWeb]}
  'CORP\adfs-gmsa$': {templates: [HelloForBusiness], used_from: [10.20.0.0/16]}
  'CORP\svc-ces': {templates: [CESRenewal]}
  'CORP\TRUESSO1$': {templates: [TrueSso], used_from: [10.20.0.0/16]}
  'CORP\svc-jamf': {templates: [JamfDevice]}
  'CORP\svc-printers': {templates: [PrinterDevice], subjects: ['*.print.corp.example']}
hosts:
  'CORP\SQLNODE1$': [sqlclu.corp.example, sqlag1.corp.example]
  'CORP\gmsa-web$': [web.corp.example]
  'CORP\EX01$': [mail.corp.example, autodiscover.corp.example]
  'CORP\APP7$': [app7.prod.corp.example]
protected: {hosts: [wsus.corp.example]}
allow:
  pairs: {'CORP\alice': ['CORP\adm-alice']}
  templates: [WebServer, CorpServer]
  ca_managers: ['CORP\ca-admin']
  key_writers: ['CORP\adsync-gmsa$']
exceptions:
  - {detections: [enrollment-on-behalf], account: 'CORP\ndes-admin', templates: [EnrollmentAgentOffline, CEPEncryption], until: 2026-12-31T00:00:00Z}
  - {detections: [pki-container-changed], account: 'CORP\ea-admin', until: 2026-12-31T00:00:00Z}
  - {detections: [shadow-credential], account: 'CORP\ea-admin', used_by: 'AzureADKerberos$'}
unknown_certificate: {complete_since: {ca01.corp.example: '2025-01-01T00:00:00Z', ca02.corp.example: '2025-01-01T00:00:00Z'}}
"""


def facts():
    """What an import of the estate's directory states."""
    def account(name, **more):
        return at(-600, normalised("import", account_known={"account": f"CORP\\{name}", **more}))
    return [account("asmith", upn="alice.smith@corp.example", sid=f"{SID}-1110"), account("gina", mail="gina.green@corp.example"),
            account("mallory", upn="mallory@corp.example", sid=f"{SID}-1142"), account("adm-tier0", sid=f"{SID}-1150", protected=True),
            at(-600, normalised(CA, certificate_known={"serial": serial(12), "requester": "CORP\\adm-tier0", "ca": CA, "issued": "2024-11-03T08:00:00.000Z",
                                                       "template": "AdminSmartcard"}))]
