"""Fixtures of issuance-policy-linked: an issuance policy that is linked to a group."""
from activities import SERVICES, directory
from windows import at

DN = f"CN=1.0A1B2C3D4E5F60718293,CN=OID,{SERVICES}"
GROUP = "CN=Tier0-Admins,OU=Groups,DC=corp,DC=example"


def linked(actor, value=GROUP, operation="value_added", attribute="msDS-OIDToGroupLink"):
    return directory(actor, DN, attribute, value, operation, "msPKI-Enterprise-Oid")


def stories():
    yield "fires_policy_linked_to_a_group", "mallory links an issuance policy to a group of administrators (ESC13).", [at(0, linked("CORP\\mallory"))]
    yield ("fires_second_group_of_a_policy", "The same link again is suppressed, another group revises the alert.",
           [at(0, linked("CORP\\mallory")), at(9, linked("CORP\\mallory")), at(20, linked("CORP\\mallory", "CN=Helpdesk,OU=Groups,DC=corp,DC=example"))])
    yield "quiet_link_removed", "The link is removed.", [at(0, linked("CORP\\ca-admin", operation="value_deleted"))]
    yield "quiet_other_attribute", "The name of an issuance policy is changed.", [at(0, linked("CORP\\ca-admin", "High assurance", attribute="displayName"))]
    yield ("quiet_project_of_the_policy", "A project introduces authentication mechanism assurance; the policy names its account until the end of the quarter.",
           [at(0, linked("CORP\\adm-assurance", "CN=Assured,OU=Groups,DC=corp,DC=example"))],
           {"policy": "exceptions:\n  - {detections: [issuance-policy-linked], account: 'CORP\\adm-assurance', until: 2026-04-01T00:00:00Z, reason: 'assurance project'}\n"})
    yield ("fires_another_account_during_the_project", "The same policy, and mallory links it to a group.", [at(0, linked("CORP\\mallory"))],
           {"policy": "exceptions:\n  - {detections: [issuance-policy-linked], account: 'CORP\\adm-assurance', until: 2026-04-01T00:00:00Z, reason: 'assurance project'}\n"})
