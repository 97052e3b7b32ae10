"""The Windows events of CAs, domain controllers and the directory that the detections of changes read: see windows.py."""
from windows import CA, CA_NAMES, DC, RIDS, SID, event, serial

BASE = "DC=corp,DC=example"
SERVICES = f"CN=Public Key Services,CN=Services,CN=Configuration,{BASE}"
KDC = ("Microsoft-Windows-Kerberos-Key-Distribution-Center", "{3fd9da1a-5a54-46c5-9a26-9bd7c0685056}", "System")
KDC_KEY = "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\Kdc"


def split(account):
    return account.split("\\") if "\\" in account else ("", account)


def subject(actor):
    domain, name = split(actor)
    sid = "S-1-5-18" if name == "SYSTEM" else f"{SID}-{RIDS.get(name, 1200)}"
    return {"SubjectUserSid": sid, "SubjectUserName": name, "SubjectDomainName": domain, "SubjectLogonId": "0x31aa17"}


def mapped(event_id, account, subject, request_id=None, issuer="CORP-CA01", dc=DC, account_sid="", certificate_sid=""):
    """39, 40, 41, 45 or 21 of the KDC; without a request id the serial is that of a key that no CA has certified."""
    data = {"AccountName": account, "AccountSid": account_sid, "Subject": f"@@@{subject}", "Issuer": issuer,
            "SerialNumber": serial(request_id).upper() if request_id else "00", "Thumbprint": f"{(request_id or 1) * 7919:040X}",
            "CertificateSid": certificate_sid}
    return event(event_id, 0, dc, 0, {k: v for k, v in data.items() if v}, KDC)


def registry(actor, name, old, new, computer=DC, key=KDC_KEY):
    kind = "%%1873" if name == "DisableExtensionList" else "%%1876"
    operation = "%%1905" if old and new else "%%1904" if new else "%%1906"
    return event(4657, 0, computer, 12801, subject(actor) | {
        "ObjectName": key, "ObjectValueName": name, "HandleId": "0x1c4", "OperationType": operation,
        "OldValueType": kind if old else "-", "OldValue": old or "-", "NewValueType": kind if new else "-", "NewValue": new or "-",
        "ProcessId": "0x9d4", "ProcessName": "C:\\Windows\\System32\\certutil.exe"})


def ca_changed(event_id, actor, data, ca=CA):
    """4876 to 4896; 4880, 4881 and 4895 name nobody."""
    return event(event_id, 0, ca, 12805, data | (subject(actor) if actor else {}))


SERVICE = ("Microsoft-Windows-CertificationAuthority", "{6a71d062-9afe-4f35-ad08-52134f85dfb9}", "Application")


def refused(request_id, name, template="", ca=CA):
    """53 of the CA's service: the name is that of the request's subject, or of the account where the request has none."""
    reason = ("The requested certificate template is not supported by this CA. 0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)" if template else
              "The permissions on the certificate template do not allow the current user to enroll for this type of certificate. "
              "0x80094012 (-2146877422 CERTSRV_E_TEMPLATE_DENIED)")
    more = ("  0x80094800, The request was for a certificate template that is not supported by the Active Directory Certificate Services policy: "
            f"{template}" if template else "")
    return event(53, 0, ca, 0, {"RequestId": str(request_id), "Reason": reason, "SubjectName": name,
                                "AdditionalInformation": f"Denied by Policy Module{more}"}, SERVICE)


LIFECYCLE = ("Microsoft-Windows-CertificateServicesClient-Lifecycle-System", "{bc0669e1-a10d-4a78-834e-1ca3c806c93b}",
             "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational")


def certificate_exported(actor, subject, template="", eku="", process="mmc.exe", computer=CA):
    """1007: a certificate of the machine was exported. Its data stands in UserData."""
    details = f'<Template Name="{template}"/>' if template else ""
    details += f"<SubjectNames><SubjectName>{subject}</SubjectName></SubjectNames>"
    details += f'<EKUs><EKU Name="{eku}" OID="1.3.6.1.5.5.7.3.1"/></EKUs>' if eku else "<EKUs/>"
    user_data = (f'<CertNotificationData ProcessName="{process}" AccountName="{actor}" Context="Machine">'
                 f'<CertificateDetails Thumbprint="{"7f3a" * 10}">{details}'
                 "<NotValidAfter>2031-03-02T09:00:00Z</NotValidAfter></CertificateDetails></CertNotificationData>")
    return event(1007, 0, computer, 0, {}, LIFECYCLE) | {"user_data": user_data}


def directory(actor, dn, attribute=None, value=None, operation="value_added", object_class="user", operation_id="{0c1d}"):
    """5136 with an attribute, else 5137 or 5141."""
    data = {"OpCorrelationID": operation_id, "AppCorrelationID": "-"} | subject(actor) | {
        "DSName": "corp.example", "DSType": "%%14676", "ObjectDN": dn, "ObjectGUID": "{7a11c0de-0000-4000-8000-000000000001}",
        "ObjectClass": object_class}
    if not attribute:
        return event({"created": 5137, "deleted": 5141}[operation], 0, DC, 14081, data)
    return event(5136, 0, DC, 14081, data | {
        "AttributeLDAPDisplayName": attribute, "AttributeSyntaxOID": "2.5.5.12", "AttributeValue": value,
        "OperationType": {"value_added": "%%14674", "value_deleted": "%%14675"}[operation]})


def account_changed(event_id, account, actor, rid=1200, name="-", upn="-", host="-"):
    """4738 of a user; 4741 and 4742 of a computer. What did not change is `-`."""
    domain, target = split(account)
    data = {"TargetUserName": target, "TargetDomainName": domain, "TargetSid": f"{SID}-{rid}"} | subject(actor) | {
        "PrivilegeList": "-", "SamAccountName": name, "DisplayName": "-", "UserPrincipalName": upn, "UserAccountControl": "-"}
    first = {4738: {"Dummy": "-"}, 4741: {}, 4742: {"ComputerAccountChange": "-"}}[event_id]
    hosts = {} if event_id == 4738 else {"DnsHostName": host, "ServicePrincipalNames": "-"}
    return event(event_id, 0, DC, 13824 if event_id == 4738 else 13825, first | data | hosts)


def renamed(old, new, actor, rid=1200):
    return event(4781, 0, DC, 13824, {
        "OldTargetUserName": old, "NewTargetUserName": new, "TargetDomainName": "CORP", "TargetSid": f"{SID}-{rid}"} | subject(actor) | {
        "PrivilegeList": "-"})


def content(flags):
    """TemplateContent: `attribute = value` lines; the items of a list stand below it."""
    lines = []
    for name, value in flags.items():
        if isinstance(value, list):
            lines += [f"{name} ="] + [f"  {oid}" for oid in value]
        else:
            lines.append(f"{name} = {value:#x} ({value})")
    return "\n".join(lines)


def template_seen(event_id, flags, old=None, sddl="", old_sddl="", template="VpnUser", schema=2):
    """4898 loaded, 4899 updated, 4900 security updated."""
    data = {"TemplateInternalName": template, "TemplateVersion": "100.4", "TemplateSchemaVersion": str(schema),
            "TemplateOID": "1.3.6.1.4.1.311.21.8.1.2.3", "TemplateDSObjectFQDN": f"CN={template},CN=Certificate Templates,{SERVICES}",
            "DCDNSName": DC}
    if event_id == 4898:
        data |= {"TemplateContent": content(flags), "SecurityDescriptor": sddl}
    else:
        data |= {"NewTemplateContent": content(flags), "NewSecurityDescriptor": sddl, "OldTemplateContent": content(old or {}),
                 "OldSecurityDescriptor": old_sddl}
    return event(event_id, 0, CA, 12805, {k: v for k, v in data.items() if v})


def key_used(event_id, actor, operation, name=CA_NAMES[CA], kind="%%2499", computer=CA):
    """5058 (the file of a key) and 5059 (export, import)."""
    return event(event_id, 1, computer, 12292, subject(actor) | {
        "ProviderName": "Microsoft Software Key Storage Provider", "AlgorithmName": "RSA", "KeyName": name, "KeyType": kind,
        "Operation": operation, "ReturnCode": "0x0"})


def ticket(name, service, options, sid, status="0x0", dc="dc02.corp.example"):
    """4769."""
    return event(4769, 0, dc, 14337, {
        "TargetUserName": f"{name}@CORP.EXAMPLE", "TargetDomainName": "CORP.EXAMPLE", "ServiceName": service, "ServiceSid": sid,
        "TicketOptions": options, "TicketEncryptionType": "0x12", "IpAddress": "::ffff:10.20.30.66", "IpPort": "50418",
        "Status": status, "LogonGuid": "{7a11c0de-0000-4000-8000-000000000002}", "TransmittedServices": "-"})


def network_logon(account, process="Schannel", ip="10.20.30.66", computer=DC):
    """4624 of type 3."""
    domain, name = split(account)
    return event(4624, 2, computer, 12544, {
        "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-", "SubjectLogonId": "0x0",
        "TargetUserSid": f"{SID}-{RIDS.get(name, 1200)}", "TargetUserName": name, "TargetDomainName": domain, "TargetLogonId": "0x32bb18",
        "LogonType": "3", "LogonProcessName": process, "AuthenticationPackageName": "Kerberos", "WorkstationName": "-",
        "IpAddress": ip, "IpPort": "50422"})
