"""Fixtures of changed-then-issued: a name is changed, a certificate is issued, and the name is changed back."""
from activities import BASE, account_changed, directory, renamed
from windows import at, issued, own, upn

M = "CORP\\mallory"
BOB = f"CN=bob.jones,CN=Users,{BASE}"
CORP = {"policy": "domains: {CORP: [corp.example]}\n"}


def changed(value, actor=M):
    return account_changed(4738, "CORP\\bob.jones", actor, 1111, upn=value)


def for_bob(request_id, name):
    return issued(request_id, "CORP\\bob.jones", upn(name))


def replaced(minute, attribute, old, new):
    """5136 of a value that takes the place of another: one event for each."""
    return [at(minute, directory(M, BOB, attribute, old, "value_deleted")), at(minute, directory(M, BOB, attribute, new))]


def stories():
    yield ("fires_name_changed_and_changed_back", "mallory gives bob.jones the name carol.white, asks as bob.jones for a certificate, and sets the name back (ESC9): high at first, critical then.",
           [at(0, changed("carol.white")), at(2, for_bob(581, "carol.white")), at(5, changed("bob.jones@corp.example"))])
    yield ("fires_name_of_the_administrator", "The name of the administrator, and a certificate: critical without a reversal.",
           [at(0, changed("administrator")), at(2, for_bob(582, "administrator"))])
    yield ("fires_ordinary_name_changed_back", "The name is one like others, but it lasts only as long as the certificate needs; the directory has the old values.",
           [at(0, directory(M, BOB, "userPrincipalName", "bob.jones@corp.example", "value_deleted")),
            at(0, directory(M, BOB, "userPrincipalName", "carol.white@corp.example"), seconds=1),
            at(2, for_bob(583, "carol.white@corp.example")),
            at(5, directory(M, BOB, "userPrincipalName", "bob.jones@corp.example"))])
    yield ("fires_name_replaced_and_replaced_back", "The same as the directory reports it: a value that goes and one that comes, each time.",
           replaced(0, "userPrincipalName", "bob.jones@corp.example", "carol.white@corp.example") + [at(2, for_bob(597, "carol.white@corp.example"))]
           + replaced(5, "userPrincipalName", "carol.white@corp.example", "bob.jones@corp.example"), CORP)
    yield ("fires_mail_replaced_and_replaced_back", "The mail address of carol.white while a certificate is issued (ESC14).",
           replaced(0, "mail", "bob.jones@corp.example", "carol.white@corp.example") + [at(2, issued(598, "CORP\\bob.jones", "RFC822 Name=carol.white@corp.example", template="SMIME"))]
           + replaced(5, "mail", "carol.white@corp.example", "bob.jones@corp.example"), CORP)
    yield ("quiet_suffix_replaced_and_replaced_back", "Both suffixes are the domain's, and the name differs from that of the account.",
           replaced(0, "userPrincipalName", "robert.jones@corp.example", "robert.jones@newcorp.example") + [at(2, for_bob(599, "robert.jones@newcorp.example"))]
           + replaced(5, "userPrincipalName", "robert.jones@newcorp.example", "robert.jones@corp.example"),
           {"policy": "domains: {CORP: [corp.example, newcorp.example]}\n"})
    yield ("fires_certificate_arrives_first", "The CA delivers before the domain controller.",
           [at(2, for_bob(584, "carol.white")), at(0, changed("carol.white"))])
    yield ("fires_machine_renamed_for_a_certificate", "A machine is renamed, enrolls under its new name, and is renamed back.",
           [at(0, renamed("WKS-114$", "WKS-200$", M)), at(3, issued(585, "CORP\\WKS-200$", "DNS Name=wks-200.corp.example", template="Machine")),
            at(6, renamed("WKS-200$", "WKS-114$", M))])
    yield ("fires_suffix_of_another_domain_changed_back", "The suffix is that of another domain, where somebody may have the same name: critical.",
           [at(0, changed("bob.jones@dev.example")), at(2, for_bob(591, "bob.jones@dev.example")), at(5, changed("bob.jones@corp.example"))],
           {"policy": "domains: {CORP: [corp.example], DEV: [dev.example]}\n"})
    yield ("fires_low_for_a_suffix_of_nobody_known", "The suffix is that of no domain that the policy names: a company that is renamed, and for now keeps its name.",
           [at(0, changed("bob.jones@newcorp.example", "CORP\\helpdesk")), at(2, for_bob(592, "bob.jones@newcorp.example")), at(5, changed("bob.jones@corp.example", "CORP\\helpdesk"))])
    yield ("fires_name_and_suffix_changed_back", "Another name under the new suffix is another account's name: critical.",
           [at(0, changed("carol.white@newcorp.example")), at(2, for_bob(593, "carol.white@newcorp.example")), at(5, changed("bob.jones@corp.example"))])
    yield ("quiet_renamed_user_gets_another_name_later", "A user marries, and gets the name of the new account, a certificate, and then the longer name that she wants.",
           [at(0, renamed("bob.jones", "bmiller", "CORP\\helpdesk")), at(0, account_changed(4738, "CORP\\bmiller", "CORP\\helpdesk", 1111, upn="bmiller@corp.example"), seconds=1),
            at(30, own(595, "bmiller")), at(90, account_changed(4738, "CORP\\bmiller", "CORP\\helpdesk", 1111, upn="bob.miller@corp.example"))], CORP)
    yield ("fires_renamed_for_the_name_of_another", "The account is renamed, but the name in between is that of a third one.",
           [at(0, renamed("bob.jones", "bmiller", M)), at(0, account_changed(4738, "CORP\\bmiller", M, 1111, upn="carol.white@corp.example"), seconds=1),
            at(30, issued(596, "CORP\\bmiller", upn("carol.white@corp.example"))), at(90, account_changed(4738, "CORP\\bmiller", M, 1111, upn="bmiller@corp.example"))], CORP)
    yield ("quiet_suffix_of_the_domain_changed_back", "Both suffixes are the domain's: a company that is renamed, and for now keeps its name.",
           [at(0, changed("bob.jones@newcorp.example", "CORP\\helpdesk")), at(2, for_bob(594, "bob.jones@newcorp.example")), at(5, changed("bob.jones@corp.example", "CORP\\helpdesk"))],
           {"policy": "domains: {CORP: [corp.example, newcorp.example]}\n"})
    yield ("quiet_renamed_and_enrolled_again", "bob.jones is bob.miller from now on, and enrolls under the new name.",
           [at(0, changed("bob.miller@corp.example", "CORP\\ca-admin")), at(0, renamed("bob.jones", "bob.miller", "CORP\\ca-admin"), seconds=1),
            at(90, own(586, "bob.miller"))])
    yield ("quiet_machine_renamed", "A machine is renamed and enrolls again.",
           [at(0, renamed("WKS-114$", "WKS-200$", "CORP\\ca-admin")), at(20, issued(587, "CORP\\WKS-200$", "DNS Name=wks-200.corp.example", template="Machine"))])
    yield "quiet_without_a_certificate", "An odd name, and no certificate: that is account-remapped alone.", [at(0, changed("carol.white")), at(30, changed("bob.jones@corp.example"))]
    yield "quiet_certificate_of_another_account", "The certificate is that of another account.", [at(0, changed("carol.white")), at(2, own(588, "alice.smith"))]
    yield "quiet_more_than_a_day_later", "The certificate is issued 25 hours later.", [at(0, changed("carol.white")), at(60, for_bob(589, "carol.white"), days=1)]
    yield ("quiet_identity_management", "Identity management changes the name, and the account enrolls.",
           [at(0, changed("carol.white", "CORP\\svc-idm")), at(2, for_bob(590, "carol.white"))], {"policy": "allow:\n  changers: ['CORP\\svc-idm']\n"})
