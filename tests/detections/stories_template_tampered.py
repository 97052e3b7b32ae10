"""Fixtures of template-tampered: a certificate template is changed so that it can be abused."""
from activities import SERVICES, directory, subject, template_seen
from windows import at

DN = f"CN=VpnUser,CN=Certificate Templates,{SERVICES}"
NAME, ENROLLMENT, PURPOSES = "msPKI-Certificate-Name-Flag", "msPKI-Enrollment-Flag", "pKIExtendedKeyUsage"
SCHEMA = "msPKI-Template-Schema-Version"
M = "CORP\\mallory"
ENROLL = "(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;{})"
OWNED = "O:EAG:EAD:PAI(A;;CCDCLCSWRPWPDTLOSDRCWDWO;;;EA)(A;;LCRPLORC;;;AU)"


def value(attribute, new, operation="value_added", op="{0c1d}", actor=M):
    return directory(actor, DN, attribute, new, operation, "pKICertificateTemplate", operation_id=op)


def replaced(minute, attribute, old, new, op="{0c1d}", actor=M):
    return [at(minute, value(attribute, old, "value_deleted", op, actor)), at(minute, value(attribute, new, op=op, actor=actor))]


def of(template, attribute, new, op):
    return directory(M, DN.replace("VpnUser", template), attribute, new, object_class="pKICertificateTemplate", operation_id=op)


def created(template, op):
    return directory(M, DN.replace("VpnUser", template), operation="created", object_class="pKICertificateTemplate", operation_id=op)


def actor_sid(account):
    return subject(account)["SubjectUserSid"]


def stories():
    yield ("fires_enrollee_supplies_the_subject", "mallory lets the requester decide on the names of the certificate (ESC4, then ESC1).",
           replaced(0, NAME, "-2113929216", "1"))
    yield ("fires_tool_that_writes_everything", "A tool rewrites the whole template: names, approval, signatures, purposes and permissions. One alert.",
           replaced(0, NAME, "-2113929216", "1", "{1}") + replaced(0, ENROLLMENT, "2", "0", "{2}")
           + replaced(0, "msPKI-RA-Signature", "1", "0", "{3}")
           + replaced(0, "pKIExtendedKeyUsage", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "{4}")
           + replaced(0, "nTSecurityDescriptor", OWNED, OWNED + "(A;;GA;;;AU)", "{5}"))
    yield ("fires_set_back", "mallory opens the template, and sets it back twelve minutes later, as tools do that save and restore it.",
           replaced(0, NAME, "-2113929216", "1", "{1}") + replaced(12, NAME, "1", "-2113929216", "{2}") + replaced(13, ENROLLMENT, "0", "2", "{3}"))
    yield ("fires_permissions_set_back", "mallory gives herself the right to change the template, and takes it from herself again.",
           replaced(0, "nTSecurityDescriptor", OWNED, OWNED + f"(A;;GA;;;{actor_sid(M)})", "{1}")
           + replaced(5, "nTSecurityDescriptor", OWNED + f"(A;;GA;;;{actor_sid(M)})", OWNED, "{2}"))
    yield ("fires_wide_group_in_place_of_another", "Domain Users take the place of Authenticated Users: that sets nothing back.",
           replaced(0, "nTSecurityDescriptor", OWNED + ENROLL.format("AU"), OWNED + ENROLL.format("DU"), "{1}"))
    yield ("fires_something_else_is_closed", "The template is opened and stays so: only an approval is asked for that was not asked for before.",
           replaced(0, NAME, "-2113929216", "1", "{1}") + replaced(12, ENROLLMENT, "0", "2", "{2}"))
    yield ("fires_set_back_seen_by_the_ca", "No directory audit: the CA notices the new version, and that it is undone.",
           [at(0, template_seen(4899, {NAME: 1}, {NAME: 2181038080})), at(20, template_seen(4899, {NAME: 2181038080}, {NAME: 1}))])
    yield ("fires_no_security_extension", "Certificates of the template name no SID any more (ESC9).", replaced(0, ENROLLMENT, "41", "524329"))
    yield ("fires_old_value_unknown", "Only the new value is there: nothing is known of the old one.", [at(0, value(NAME, "1"))])
    yield ("fires_update_seen_by_the_ca", "No directory audit: the CA notices the new version (4899), and the new permissions (4900).",
           [at(0, template_seen(4899, {NAME: 1, PURPOSES: ["1.3.6.1.5.5.7.3.2"]}, {NAME: 2181038080, PURPOSES: ["1.3.6.1.5.5.7.3.2"]})),
            at(0, template_seen(4900, {NAME: 1}, {NAME: 1}, OWNED + ENROLL.format("DU"), OWNED + ENROLL.format("DA")), seconds=1)])
    yield ("fires_no_purpose_means_any", "The CA notices that the template names no purpose any more (ESC2).",
           [at(0, template_seen(4899, {PURPOSES: []}, {PURPOSES: ["1.3.6.1.5.5.7.3.4"]}))])
    yield ("fires_schema_lowered", "mallory makes the template one of Windows 2000, whose purposes the request decides on (ESC15).",
           replaced(0, SCHEMA, "2", "1"))
    yield ("fires_schema_lowered_seen_by_the_ca", "The CA notices the new schema version (4899), of which the content says nothing.",
           [at(0, template_seen(4898, {NAME: 2181038080}, None)), at(9, template_seen(4899, {NAME: 2181038080}, {NAME: 2181038080}, schema=1))])
    yield ("fires_new_template_lowered", "mallory duplicates a template, which has schema 2, and lowers it a minute later.",
           [at(0, created("Trial", "{7}")), at(0, of("Trial", SCHEMA, "2", "{7}")), at(1, of("Trial", SCHEMA, "1", "{8}"))])
    yield ("quiet_schema_of_windows_2000", "The first CA of a forest brings the templates of Windows 2000 with it, and a later version raises another one.",
           [at(0, created("User", "{7}")), at(0, of("User", SCHEMA, "1", "{7}"))] + replaced(9, SCHEMA, "2", "4", "{8}")
           + [at(20, template_seen(4899, {NAME: 2181038080}, {NAME: 2181038080}, template="User", schema=1))])
    yield ("fires_rights_for_itself", "mallory gives nobody but herself the right to change the template (ESC4).",
           replaced(0, "nTSecurityDescriptor", OWNED, OWNED + f"(A;;GA;;;{actor_sid(M)})"))
    yield ("fires_owner_changed", "mallory takes the template over: an owner may give itself any right (ESC4).",
           replaced(0, "nTSecurityDescriptor", OWNED, OWNED.replace("O:EA", f"O:{actor_sid(M)}")))
    yield ("quiet_owner_is_a_group_of_administrators", "The administrators of the domain own the template instead of those of the forest.",
           replaced(0, "nTSecurityDescriptor", OWNED, OWNED.replace("O:EA", "O:DA")))
    yield ("fires_issuance_policy_added", "Certificates of the template bear an issuance policy now, which may be linked to a group (ESC13).",
           [at(0, value("msPKI-Certificate-Policy", "1.3.6.1.4.1.311.21.8.1.2.3.4.500"))])
    yield ("fires_new_template_for_any_name", "A new template lets the requester decide on the names.",
           [at(0, created("Trial", "{7}")), at(0, of("Trial", NAME, "1", "{7}")), at(0, of("Trial", PURPOSES, "1.3.6.1.5.5.7.3.2", "{7}"))])
    yield ("fires_new_template_for_agents", "A new template makes enrollment agents (ESC3).",
           [at(0, created("Trial", "{7}")), at(0, of("Trial", PURPOSES, "1.3.6.1.4.1.311.20.2.1", "{7}"))])
    yield ("quiet_new_template_for_logons", "An administrator duplicates the template User: the new one is for logons too, everybody may enroll, and its names come from the directory.",
           [at(0, created("CorpUser", "{8}")), at(0, of("CorpUser", NAME, "-2113929216", "{8}")), at(0, of("CorpUser", PURPOSES, "1.3.6.1.5.5.7.3.2", "{8}")),
            at(0, of("CorpUser", "nTSecurityDescriptor", OWNED + ENROLL.format("DU"), "{8}"))])
    steps = [(NAME, "-2113929216"), (ENROLLMENT, "41"), (PURPOSES, "1.3.6.1.5.5.7.3.2")]
    yield ("quiet_new_template_in_several_operations", "A console duplicates a template and writes its attributes one after the other.",
           [at(0, created("CorpUser", "{8}"))] + [at(1, of("CorpUser", attribute, new, "{9%s}" % i), seconds=i) for i, (attribute, new) in enumerate(steps)])
    yield ("fires_new_template_widened_later", "The new template gets the purpose of a logon an hour later.",
           [at(0, created("CorpUser", "{8}")), at(60, of("CorpUser", PURPOSES, "1.3.6.1.5.5.7.3.2", "{9}"))])
    yield ("fires_new_template_widened_by_another", "Somebody else gives the new template the purpose of a logon.",
           [at(0, created("CorpUser", "{8}")), at(2, directory("CORP\\trudy", DN.replace("VpnUser", "CorpUser"), PURPOSES, "1.3.6.1.5.5.7.3.2", object_class="pKICertificateTemplate", operation_id="{9}"))])
    yield ("quiet_rights_of_the_administrator_as_before", "An administrator with a right of its own gives a group of few the right to enroll.",
           replaced(0, "nTSecurityDescriptor", OWNED + f"(A;;GA;;;{actor_sid(M)})",
                    OWNED + f"(A;;GA;;;{actor_sid(M)})" + ENROLL.format("S-1-5-21-1004336348-1177238915-682003330-1604")))
    yield ("quiet_upgrade_without_opening", "After an upgrade a CA notices new versions of many templates (4899): the difference opens nothing.",
           [at(i, template_seen(4899, {NAME: 2181038080, ENROLLMENT: 41}, {NAME: 2181038080, ENROLLMENT: 9}, template=t))
            for i, t in enumerate(["User", "Machine", "VpnUser"])])
    yield ("quiet_ca_starts", "The CA starts and loads all templates (4898), open ones too: that is what is there.",
           [at(i, template_seen(4898, {NAME: 1, PURPOSES: ["1.3.6.1.5.5.7.3.2"]}, None, OWNED + ENROLL.format("DU"), template=t))
            for i, t in enumerate(["User", "WebServer"])])
    yield ("quiet_closed_again", "The flag goes, the approval and the signature come, and a purpose is written again as it was.",
           replaced(0, NAME, "1", "-2113929216", "{1}") + replaced(0, ENROLLMENT, "0", "2", "{2}") + replaced(0, "msPKI-RA-Signature", "0", "1", "{3}")
           + replaced(0, "pKIExtendedKeyUsage", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.2", "{4}"))
    yield ("quiet_open_as_it_was", "The CA has loaded the template: its names were the requester's choice before, and the new value changes nothing about that.",
           [at(0, template_seen(4898, {NAME: 1}, None)), at(9, value(NAME, "9"))])
    yield ("fires_everybody_by_another_group", "Whoever comes over the network may enroll, and who is a member of a group that Authenticated Users are in, may write.",
           replaced(0, "nTSecurityDescriptor", OWNED, OWNED + ENROLL.format("NU") + "(A;;WP;;;S-1-5-32-554)"))
    yield ("quiet_permission_for_few", "A group of few may enroll now.",
           replaced(0, "nTSecurityDescriptor", OWNED, OWNED + ENROLL.format("S-1-5-21-1004336348-1177238915-682003330-1604")))
