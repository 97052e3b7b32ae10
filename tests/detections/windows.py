"""The Windows events that the fixtures and the samples are made of: ours, domain corp.example, in the shapes of real exports.

The names, order and habits of the fields (LF in Attributes, lower-case serial in 4887 but upper-case in 4768, '-' for
empty) follow recorded events. An event is a dict: time, computer, id, version, record, provider, task, data.
"""
import json
from datetime import datetime, timedelta, timezone
from xml.sax.saxutils import escape

SECURITY = ("Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-a5ba-3e3b0328c30d}", "Security")
SYSMON = ("Microsoft-Windows-Sysmon", "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}", "Microsoft-Windows-Sysmon/Operational")
TASKS = {12805: "Certification Services", 14339: "Kerberos Authentication Service", 12811: "Detailed File Share",
         11: "File created (rule: FileCreate)", 0: "None", 12292: "Other System Events", 12544: "Logon", 12801: "Registry",
         13824: "User Account Management", 13825: "Computer Account Management", 14081: "Directory Service Changes",
         14337: "Kerberos Service Ticket Operations"}
SID = "S-1-5-21-1004336348-1177238915-682003330"
CA, CA2, DC = "ca01.corp.example", "ca02.corp.example", "dc01.corp.example"
CA_NAMES = {CA: "CORP-CA01", CA2: "CORP-CA02"}
RIDS = {"administrator": 500, "alice.smith": 1110, "bob.jones": 1111, "carol.white": 1112, "mallory": 1142, "ca-admin": 1190}
START = datetime(2026, 3, 2, 9, 0, 0, 120_000, tzinfo=timezone.utc)  # a Monday
ICERTPASSAGE = "91ae6020-9e3c-11cf-8d7c-00aa00c091be"


def iso(time, digits=7):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond:06d}".ljust(digits, "0")[:digits] + "Z"


def serial(request_id, ca=CA):
    """AD CS: 19 octets, of which octets 2 to 5 and the last four are the request id."""
    middle = {CA: "a1b2c3d4e5f677", CA2: "0f1e2d3c4b5a69"}[ca]
    return f"5c{request_id:08x}{middle}000000{request_id:08x}"


def key_id(request_id):
    return " ".join(f"{(request_id * 37 + i * 11) % 256:02x}" for i in range(20))


def event(event_id, version, computer, task, data, provider=SECURITY):
    return {"id": event_id, "version": version, "computer": computer, "task": task, "data": data, "provider": provider}


def upn(*names):
    return ",".join(f"Other Name: Principal Name={name}" for name in names)


def requested(request_id, requester, attributes="CertificateTemplate:User", template="User", ca=CA, **more):
    """4886; `more` are fields that differ from those of an ordinary request, by their names."""
    return event(4886, 1, ca, 12805, {
        "RequestId": str(request_id), "Requester": requester, "Attributes": attributes, "Subject": "", "SubjectAlternativeName": "",
        "CertificateTemplate": template, "RequestOSVersion": "", "RequestCSPProvider": "", "RequestClientInfo": "",
        "AuthenticationService": "Kerberos", "AuthenticationLevel": "Privacy", "DCOMorRPC": "DCOM"} | more)


def issued(request_id, requester, san="", attributes=None, template="User", ca=CA, version=1, auth="Kerberos", via="DCOM"):
    name = requester.split("\\")[-1].rstrip("$")
    if attributes is None:
        attributes = f"CertificateTemplate:{template}" if template else ""
    data = {"RequestId": str(request_id), "Requester": requester, "Attributes": attributes, "Disposition": "3",
            "SubjectKeyIdentifier": key_id(request_id), "Subject": f"CN={name}, CN=Users, DC=corp, DC=example"}
    if version:
        data |= {"SubjectAlternativeName": san, "CertificateTemplate": template, "SerialNumber": serial(request_id, ca),
                 "AuthenticationService": auth, "AuthenticationLevel": "Privacy", "DCOMorRPC": via}
    return event(4887, version, ca, 12805, data)


def own(request_id, name="alice.smith", ca=CA, template="User", version=1):
    """A user's own certificate, as autoenrollment makes it."""
    return issued(request_id, f"CORP\\{name}", upn(f"{name}@corp.example"), template=template, ca=ca, version=version)


def denied(request_id, requester, attributes, ca=CA):
    return event(4888, 1, ca, 12805, {
        "RequestId": str(request_id), "Requester": requester, "Attributes": attributes, "Disposition": "-2146875392",
        "SubjectKeyIdentifier": key_id(request_id), "Subject": "", "AuthenticationService": "NTLM",
        "AuthenticationLevel": "Privacy", "DCOMorRPC": "RPC"})


def pending(request_id, requester, attributes, ca=CA):
    """4889: the request waits for a manager of the CA."""
    return event(4889, 1, ca, 12805, denied(request_id, requester, attributes, ca)["data"] | {"Disposition": "5"})


def request_change(event_id, request_id, actor, actor_rid=1190, ca=CA, **data):
    """4868, 4869, 4873, 4874: a manager decided on a waiting request, or altered it."""
    return event(event_id, 0, ca, 12805, {"RequestId": str(request_id)} | data | {
        "SubjectUserSid": f"{SID}-{actor_rid}", "SubjectUserName": actor, "SubjectDomainName": "CORP", "SubjectLogonId": "0x4a1b20"})


def resubmitted(request_id, actor="ca-admin", **more):
    return request_change(4869, request_id, actor, **more)


def attributes_set(request_id, actor="ca-admin", attributes="SAN:upn=administrator@corp.example", **more):
    return request_change(4874, request_id, actor, Attributes=attributes, **more)


def extension_set(request_id, actor="ca-admin", name="2.5.29.17", **more):
    return request_change(4873, request_id, actor, ExtensionName=name, ExtensionDataType="3", ExtensionPolicyFlags="0",
                          ExtensionData="30 1c a0 1a", **more)


def template_loaded(name, content, schema=2, ca=CA):
    """4898: the CA loaded a template. `content` is its attributes, one a line."""
    return event(4898, 0, ca, 12805, {
        "TemplateInternalName": name, "TemplateVersion": "100.4", "TemplateSchemaVersion": str(schema),
        "TemplateOID": "1.3.6.1.4.1.311.21.8.1.2.3.4", "TemplateDSObjectFQDN":
            f"CN={name},CN=Certificate Templates,CN=Public Key Services,CN=Services,CN=Configuration,DC=corp,DC=example",
        "DCDNSName": DC, "TemplateContent": content, "SecurityDescriptor": "O:EAG:EAD:PAI"})


def computer_created(name, actor, actor_rid=1142, domain="CORP", dns_host_name="-"):
    """4741, of which only some fields are filled."""
    data = {"TargetUserName": f"{name}$", "TargetDomainName": domain, "TargetSid": f"{SID}-2201", "SubjectUserSid": f"{SID}-{actor_rid}",
            "SubjectUserName": actor, "SubjectDomainName": domain, "SubjectLogonId": "0x52af10", "PrivilegeList": "-",
            "SamAccountName": f"{name}$", "DisplayName": "-", "UserPrincipalName": "-", "HomeDirectory": "-", "HomePath": "-",
            "ScriptPath": "-", "ProfilePath": "-", "UserWorkstations": "-", "PasswordLastSet": "%%1794", "AccountExpires": "%%1794",
            "PrimaryGroupId": "515", "AllowedToDelegateTo": "-", "OldUacValue": "0x0", "NewUacValue": "0x80",
            "UserAccountControl": "%%2087", "UserParameters": "-", "SidHistory": "-", "LogonHours": "%%1793",
            "DnsHostName": dns_host_name, "ServicePrincipalNames": "-"}
    return event(4741, 0, DC, 13825, data)


def logon(user, request_id, ip="10.20.30.66", status="0x0", domain="CORP.EXAMPLE", ca=CA, version=2):
    """4768 with a certificate; request_id None: with a password, where the certificate fields stay empty."""
    ok = status == "0x0"
    certificate = request_id is not None
    rid = RIDS.get(user, 1200)
    data = {"TargetUserName": user, "TargetDomainName": domain, "TargetSid": f"{SID}-{rid}" if ok else "S-1-0-0",
            "ServiceName": "krbtgt" if ok else f"krbtgt/{domain}", "ServiceSid": f"{SID}-502" if ok else "S-1-0-0",
            "TicketOptions": "0x40800010", "Status": status, "TicketEncryptionType": "0x12" if ok else "0xffffffff",
            "PreAuthType": ("16" if certificate else "2") if ok else "-", "IpAddress": f"::ffff:{ip}", "IpPort": "50412",
            "CertIssuerName": CA_NAMES[ca] if certificate else "",
            "CertSerialNumber": serial(request_id, ca).upper() if certificate else "",
            "CertThumbprint": f"{request_id * 7919:040X}" if certificate else ""}
    if version == 2:
        kinds = {"ResponseTicket": "n/a", "AccountSupportedEncryptionTypes": "0x27 (DES, RC4, AES-Sk)",
                 "AccountAvailableKeys": "AES-SHA1, RC4", "ServiceSupportedEncryptionTypes": "0x1F (DES, RC4, AES128-SHA96, AES256-SHA96)",
                 "ServiceAvailableKeys": "AES-SHA1, RC4", "DCSupportedEncryptionTypes": "0x1F (DES, RC4, AES128-SHA96, AES256-SHA96)",
                 "DCAvailableKeys": "AES-SHA1, RC4",
                 "ClientAdvertizedEncryptionTypes": "\n\t\tAES256-CTS-HMAC-SHA1-96\n\t\tAES128-CTS-HMAC-SHA1-96",
                 "SessionKeyEncryptionType": "0x12", "PreAuthEncryptionType": "0x0"}
        data |= {k: v if ok else "-" for k, v in kinds.items()}
    return event(4768, version, DC, 14339, data)


def network_logon(user, ip, package="Kerberos", computer=CA, domain="CORP"):
    """4624 of type 3: a logon over the network."""
    ntlm = package == "NTLM"
    data = {"SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-", "SubjectLogonId": "0x0",
            "TargetUserSid": f"{SID}-{RIDS.get(user, 1200)}", "TargetUserName": user, "TargetDomainName": domain, "TargetLogonId": "0x6d10ab",
            "LogonType": "3", "LogonProcessName": "NtLmSsp " if ntlm else "Kerberos", "AuthenticationPackageName": package,
            "WorkstationName": user.rstrip("$") if ntlm else "-", "LogonGuid": "{00000000-0000-0000-0000-000000000000}",
            "TransmittedServices": "-", "LmPackageName": "NTLM V2" if ntlm else "-", "KeyLength": "128" if ntlm else "0",
            "ProcessId": "0x0", "ProcessName": "-", "IpAddress": ip, "IpPort": "51022", "ImpersonationLevel": "%%1833",
            "RestrictedAdminMode": "-", "TargetOutboundUserName": "-", "TargetOutboundDomainName": "-", "VirtualAccount": "%%1843",
            "TargetLinkedLogonId": "0x0", "ElevatedToken": "%%1842"}
    return event(4624, 2, computer, 12544, data)


def share(user, ip, share_name, local, target, mask, accesses, ca=CA):
    return event(5145, 0, ca, 12811, {
        "SubjectUserSid": f"{SID}-{RIDS.get(user, 1200)}", "SubjectUserName": user, "SubjectDomainName": "CORP", "SubjectLogonId": "0x31aa17",
        "ObjectType": "File", "IpAddress": ip, "IpPort": "49802", "ShareName": share_name, "ShareLocalPath": local,
        "RelativeTargetName": target, "AccessMask": mask, "AccessList": "".join(f"{a}\r\n\t\t\t\t" for a in accesses), "AccessReason": "-"})


def pipe(user, ip, name="cert", ca=CA):
    """A remote host opens a named pipe of the CA; `cert` is the pipe of ICertPassage."""
    return share(user, ip, "\\\\*\\IPC$", "", name, "0x3", ["%%4416", "%%4417"], ca)


def direct_write(user, ip, file="edb00012.log", ca=CA):
    """A remote host opens a certificate log file for writing over ADMIN$."""
    return share(user, ip, "\\\\*\\ADMIN$", "\\??\\C:\\Windows", f"System32\\CertLog\\{file}", "0x120196",
                 ["%%1538", "%%1541", "%%4417", "%%4418"], ca)


def read(user, ip, file="edb.log", ca=CA):
    return share(user, ip, "\\\\*\\ADMIN$", "\\??\\C:\\Windows", f"System32\\CertLog\\{file}", "0x120089", ["%%1538", "%%1541", "%%4416"], ca)


def file_created(file="edb00013.log", image="C:\\Windows\\System32\\certsrv.exe", ca=CA):
    """Sysmon 11: a process of the CA itself writes."""
    return event(11, 2, ca, 11, {
        "RuleName": "-", "UtcTime": "2026-03-02 10:33:00.120", "ProcessGuid": "{6a3c1f0e-1d2c-69a5-4b00-000000001a00}", "ProcessId": "2764",
        "Image": image, "TargetFilename": f"C:\\Windows\\System32\\CertLog\\{file}", "CreationUtcTime": "2026-03-02 10:33:00.120",
        "User": "NT AUTHORITY\\SYSTEM"}, SYSMON)


def normalised(computer, origin=None, **activity):
    """Our own JSON: `activity` is one of event.proto, by its name."""
    return {"computer": computer, "origin": origin or {}, "activity": activity}


def remote_file_write(user, host, ip, file="edb00012.log", rpc=True, ca=CA):
    """What an EDR reports: the CA service wrote for an RPC caller, or the file was written over SMB."""
    by_rpc = {"interface": ICERTPASSAGE, "process": "C:\\Windows\\System32\\certsrv.exe"}
    return normalised(ca, remote_file_write={
        "path": f"C:\\Windows\\System32\\CertLog\\{file}", "remote_host": host, "remote_ip": ip, "account": f"CORP\\{user}",
        **(by_rpc if rpc else {"process": "System"})})


def at(minutes, e, record=None, days=0, seconds=0):
    """The event, `days`, `minutes` and `seconds` after START; `record` is needed only to deliver one record twice."""
    return e | {"time": START + timedelta(days=days, minutes=minutes, seconds=seconds)} | ({"record": record} if record else {})


def numbered(events, first=70_001):
    """Gives every event without a record id the next one of its computer, in the order of their times."""
    nexts = {}
    for e in sorted((e for e in events if "record" not in e), key=lambda e: e["time"]):
        e["record"] = nexts.get(e["computer"], first)
        nexts[e["computer"]] = e["record"] + 1
    return events


def json_line(e):
    if "activity" in e:
        value = {"time": iso(e["time"], 3), "computer": e["computer"], "origin": {"record_id": e["record"]} | e["origin"]} | e["activity"]
    else:
        value = winlogbeat(e)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def winlogbeat(e):
    name, guid, channel = e["provider"]
    failed = e["id"] == 4888 or e["data"].get("Status", "0x0") != "0x0"
    return {"@timestamp": iso(e["time"], 3), "host": {"name": e["computer"]},
            "winlog": {"record_id": e["record"], "task": TASKS[e["task"]], "event_data": {k: v for k, v in sorted(e["data"].items()) if v},
                       "computer_name": e["computer"], "opcode": "Info", "version": e["version"], "process": {"pid": 668, "thread": {"id": 716}},
                       "provider_name": name, "api": "wineventlog", "channel": channel, "event_id": str(e["id"]),
                       "keywords": ["Audit Failure" if failed else "Audit Success"], "provider_guid": guid},
            "event": {"kind": "event", "action": TASKS[e["task"]], "created": iso(e["time"] + timedelta(seconds=2), 3), "code": str(e["id"]),
                      "provider": name, "outcome": "failure" if failed else "success"},
            "log": {"level": "information"}, "ecs": {"version": "8.0.0"},
            "agent": {"version": "8.19.12", "name": e["computer"].split(".")[0].upper(), "type": "winlogbeat"}}


def xml(e):
    name, guid, channel = e["provider"]
    failed = e["id"] == 4888 or e["data"].get("Status", "0x0") != "0x0"
    data = "".join(f'<Data Name="{k}">{escape(v)}</Data>' for k, v in e["data"].items()).replace("\r\n", "\n")
    data = f"<UserData>{e['user_data']}</UserData>" if "user_data" in e else f"<EventData>{data}</EventData>"
    return (f'<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="{name}" Guid="{guid}"/>'
            f"<EventID>{e['id']}</EventID><Version>{e['version']}</Version><Level>0</Level><Task>{e['task']}</Task><Opcode>0</Opcode>"
            f"<Keywords>{'0x8010000000000000' if failed else '0x8020000000000000'}</Keywords><TimeCreated SystemTime=\"{iso(e['time'])}\"/>"
            f"<EventRecordID>{e['record']}</EventRecordID><Correlation/><Execution ProcessID=\"668\" ThreadID=\"716\"/>"
            f"<Channel>{channel}</Channel><Computer>{e['computer']}</Computer><Security/></System>{data}</Event>\n")


def xml_document(events):
    return "<Events>\n" + "".join(map(xml, events)) + "</Events>\n"
