"""Events of CAs, domain controllers and the directory as our own JSON has them: the names are those of event.proto."""
from windows import CA, DC, SID, normalised, serial

BASE = "DC=corp,DC=example"
SERVICES = f"CN=Public Key Services,CN=Services,CN=Configuration,{BASE}"


def security(computer, event_id, **activity):
    return normalised(computer, {"channel": "Security", "event_id": event_id}, **activity)


def mapped(event_id, account, subject, verdict, request_id=None, issuer="CORP-CA01", dc=DC, **more):
    """39, 40, 41, 45 or 21 of the KDC, in the System log."""
    found = {"account": account, "subject": subject, "issuer": issuer, "verdict": verdict} | more
    if request_id is not None:
        found["serial"] = serial(request_id)
    return normalised(dc, {"channel": "System", "event_id": event_id}, certificate_mapped=found)


def registry(actor, name, old, new, computer=DC, key="\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\Kdc"):
    values = {k: v for k, v in {"old": old, "new": new}.items() if v is not None}
    return security(computer, 4657, registry_changed={"actor": actor, "key": key, "value_name": name} | values)


def ca_changed(event_id, actor, change, ca=CA):
    return security(ca, event_id, ca_changed={k: v for k, v in {"actor": actor, "change": change}.items() if v})


def directory(actor, dn, attribute=None, value=None, operation="value_added", object_class="user", **more):
    """5136 with an attribute, else 5137 or 5141."""
    event_id = 5136 if attribute else {"created": 5137, "deleted": 5141}[operation]
    found = {"actor": actor, "object_dn": dn, "object_class": object_class, "operation": operation} | more
    if attribute:
        found |= {"attribute": attribute, "value": value}
    return security(DC, event_id, directory_changed=found)


def account_changed(event_id, account, actor, rid=1200, **values):
    """4738, 4741 or 4742."""
    kind = "created" if event_id == 4741 else "changed"
    return security(DC, event_id, account_changed={
        "account": account, "sid": f"{SID}-{rid}", "actor": actor, "kind": kind} | values)


def renamed(old, new, actor, rid=1200):
    return security(DC, 4781, account_renamed={
        "domain": "CORP", "old_name": old, "new_name": new, "sid": f"{SID}-{rid}", "actor": actor})
