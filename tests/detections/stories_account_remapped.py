"""Fixtures of account-remapped: an account gets the name of another, or a mapping that others can fulfil."""
from activities import BASE, account_changed, directory, renamed
from windows import at, logon

M = "CORP\\mallory"
BOB = f"CN=bob.jones,CN=Users,{BASE}"


def upn(value, actor=M):
    return account_changed(4738, "CORP\\bob.jones", actor, 1111, upn=value)


def mapping(value, actor=M):
    return directory(actor, BOB, "altSecurityIdentities", value)


def stories():
    yield "fires_upn_of_the_administrator", "mallory gives bob.jones the name of the administrator (ESC9).", [at(0, upn("administrator"))]
    yield "fires_upn_without_suffix", "The name of another ordinary account, without a suffix: it matches account names.", [at(0, upn("carol.white"))]
    yield "fires_upn_of_a_machine", "A user gets the name of a machine.", [at(0, upn("wks-114$@corp.example"))]
    yield ("fires_host_name_of_a_domain_controller", "A laptop gets the host name of a domain controller (CVE-2022-26923).",
           [at(0, account_changed(4742, "CORP\\WKS-114$", M, 1600, host="dc01.corp.example"))])
    yield ("fires_host_name_of_another_machine", "A laptop gets the host name of a server.",
           [at(0, account_changed(4742, "CORP\\WKS-114$", M, 1600, host="srv-7.corp.example"))])
    yield "fires_machine_without_its_dollar", "A machine is renamed to the name of a domain controller without the $ (CVE-2021-42278).", [at(0, renamed("WKS-114$", "DC01", M))]
    yield ("fires_weak_mapping", "mallory maps any certificate with this subject to bob.jones (ESC14).",
           [at(0, mapping("X509:<I>DC=example,DC=corp,CN=CORP-CA01<S>CN=mallory"))])
    yield ("fires_high_when_the_mapping_is_used", "mallory maps certificates with this subject to bob.jones, and logs on as him (ESC14).",
           [at(0, mapping("X509:<S>CN=mallory")), at(4, logon("bob.jones", 581, domain="CORP"))])
    yield ("fires_when_the_use_is_refused", "The domain controller refuses the mapping (0x42): the alert stays medium.",
           [at(0, mapping("X509:<RFC822>mallory@corp.example")), at(4, logon("bob.jones", 582, status="0x42", domain="CORP"))])
    by_mallory = {"policy": "exceptions:\n  - {detections: [account-remapped], account: 'CORP\\mallory', up_to: medium}\n"}
    yield ("quiet_mapping_of_an_exception", "An exception covers mallory's mappings up to medium.", [at(0, mapping("X509:<S>CN=mallory"))], by_mallory)
    yield ("fires_use_of_a_mapping_of_an_exception", "An exception covers the mapping, up to medium; that it is used is high.",
           [at(0, mapping("X509:<S>CN=mallory")), at(4, logon("bob.jones", 581, domain="CORP"))], by_mallory)
    yield ("fires_strong_mapping_of_the_administrator", "mallory maps a certificate to the administrator, by the hash of its key, and can log on as the administrator with it (ESC14).",
           [at(0, directory(M, BOB.replace("bob.jones", "Administrator"), "altSecurityIdentities", "X509:<SKI>90b3d0f1c2"))])
    yield "fires_mail_of_the_administrator", "The mail address of the administrator, for bob.jones.", [at(0, directory(M, BOB, "mail", "administrator@corp.example"))]
    yield "fires_two_names_are_one_alert", "Two odd names within an hour: one alert, revised.", [at(0, upn("carol.white")), at(30, upn("administrator"))]
    yield ("fires_name_of_an_account_that_is_known", "carol.white is known from a change of her own; then bob.jones gets her name.",
           [at(0, account_changed(4738, "CORP\\carol.white", "CORP\\ca-admin", 1112, upn="carol.white@corp.example")),
            at(60, upn("carol.white@corp.example"))])
    yield ("quiet_name_after_a_rename", "bob.jones was renamed to bob.miller, and gets the name that belongs to it; both names are of one account.",
           [at(0, renamed("bob.jones", "bob.miller", "CORP\\ca-admin")), at(1, upn("bob.miller@corp.example", "CORP\\ca-admin"))])
    yield "quiet_marriage", "bob.jones is bob.miller from now on: nobody else has the name.", [at(0, upn("bob.miller@corp.example", "CORP\\ca-admin")), at(1, renamed("bob.jones", "bob.miller", "CORP\\ca-admin"))]
    yield ("quiet_marriage_whose_rename_arrives_first", "The same, delivered in another order: the rename is a minute later and comes first.",
           [at(1, renamed("bob.jones", "bob.miller", "CORP\\ca-admin")), at(0, upn("bob.miller@corp.example", "CORP\\ca-admin"))])
    yield ("quiet_machine_states_its_own_name", "A machine sets its own host name when it joins.",
           [at(0, account_changed(4742, "CORP\\WKS-114$", "CORP\\WKS-114$", 1600, host="wks-114.corp.example"))])
    yield "quiet_machine_renamed", "A machine has another name from now on.", [at(0, renamed("WKS-114$", "WKS-200$", "CORP\\ca-admin"))]
    yield ("fires_weak_mapping_that_looks_strong", "The subject of the mapping ends in `<SR>`, the mark of a mapping by serial number: it is a mapping by subject.",
           [at(0, mapping("X509:<I>DC=example,DC=corp,CN=CORP-CA01<S>CN=mallory<SR>", M))])
    yield ("quiet_strong_mapping", "A card is mapped to a second account by issuer and serial number.",
           [at(0, mapping("X509:<I>DC=example,DC=corp,CN=CORP-CA01<SR>2d01000000", "CORP\\ca-admin"))])
    yield ("quiet_mapping_by_sid", "A certificate is mapped by its issuer and its SID, a strong mapping since September 2025.",
           [at(0, mapping("X509:<I>DC=example,DC=corp,CN=CORP-CA01<SID>S-1-5-21-1004336348-1177238915-682003330-1111", "CORP\\ca-admin"))])
    yield ("quiet_addresses_of_no_accounts", "A contact, a distribution list and a public folder get addresses: none of them logs on.",
           [at(i, directory("CORP\\mail-admin", f"CN=Postmaster,OU=Mail,{BASE}", "mail", "administrator@corp.example", object_class=c))
            for i, c in enumerate(["contact", "group", "publicFolder"])])
    yield ("quiet_managed_service_accounts", "Managed service accounts of all kinds have host names of their own.",
           [at(i, directory("CORP\\sql-admin", f"CN=svc-{i},CN=Managed Service Accounts,{BASE}", "dNSHostName", f"svc-{i}.corp.example", object_class=f"msDS-{kind}ManagedServiceAccount"))
            for i, kind in enumerate(["", "Group", "Delegated"])])
    yield ("fires_managed_service_account_of_another_host", "A delegated managed service account gets the host name of a server.",
           [at(0, directory(M, f"CN=svc-sql,CN=Managed Service Accounts,{BASE}", "dNSHostName", "srv-7.corp.example", object_class="msDS-DelegatedManagedServiceAccount"))])
    yield ("quiet_machine_renamed_in_one_operation", "The account name and the host name of a machine change together.",
           [at(0, account_changed(4742, "CORP\\WKS-114$", "CORP\\ca-admin", 1600, name="WKS-200$", host="wks-200.corp.example"))])
    yield ("fires_machine_renamed_with_the_name_of_a_domain_controller", "The account name and the host name change together, and the host name is that of a domain controller.",
           [at(0, account_changed(4742, "CORP\\WKS-114$", M, 1600, name="WKS-200$", host="dc01.corp.example"))])
    yield ("quiet_identity_management", "Identity management writes names in mass.", [at(0, upn("carol.white", "CORP\\svc-idm"))],
           {"policy": "allow:\n  changers: ['CORP\\svc-idm']\n"})
    yield ("quiet_cluster_name", "The policy gives the node the name of its cluster.",
           [at(0, account_changed(4742, "CORP\\SQLNODE1$", M, 1601, host="sqlclu.corp.example"))],
           {"policy": "hosts: {'CORP\\SQLNODE1$': [sqlclu.corp.example]}\n"})
    yield "quiet_logon_without_a_change", "bob.jones logs on with a certificate.", [at(0, logon("bob.jones", 583, domain="CORP"))]
