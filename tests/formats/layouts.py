#!/usr/bin/env python3
"""Renders three events of ours in the layouts of products: tests/formats/layouts/.

The events: a certificate with another account's name, a logon with that certificate, and the request pipe of the CA.
`python3 tests/formats/layouts.py` writes every file again.
"""
import base64
import datetime
import gzip
import json
import pathlib
import re
from xml.etree import ElementTree
from xml.sax.saxutils import escape

OUT = pathlib.Path(__file__).parent / "layouts"
SECURITY = "Microsoft-Windows-Security-Auditing"
GUID = "{54849625-5478-4994-a5ba-3e3b0328c30d}"
SID = "S-1-5-21-3623811015-3361044348-30300820"
SERIAL = "61000000d1b2c3d4e5f6a7000000000000000000d1"
ISSUED = [
    ("RequestId", "209"), ("Requester", "CORP\\eve"), ("Attributes", "CertificateTemplate:WebUser\nSAN:upn=dave.admin@corp.example"),
    ("Disposition", "3"), ("SubjectKeyIdentifier", "0a 1b 2c 3d 4e 5f 60 71 82 93 a4 b5 c6 d7 e8 f9 0a 1b 2c 3d"), ("Subject", "CN=Eve"),
    ("SubjectAlternativeName", "Other Name:\n     Principal Name=dave.admin@corp.example"), ("CertificateTemplate", "WebUser"),
    ("SerialNumber", SERIAL), ("AuthenticationService", "NTLM"), ("AuthenticationLevel", "Privacy"), ("DCOMorRPC", "RPC")]
TICKET = [
    ("TargetUserName", "dave.admin"), ("TargetDomainName", "CORP.EXAMPLE"), ("TargetSid", SID + "-1604"), ("ServiceName", "krbtgt"),
    ("ServiceSid", SID + "-502"), ("TicketOptions", "0x40800010"), ("Status", "0x0"), ("TicketEncryptionType", "0x12"),
    ("PreAuthType", "16"), ("IpAddress", "::ffff:10.44.5.6"), ("IpPort", "50123"), ("CertIssuerName", "CORP-CA02"),
    ("CertSerialNumber", SERIAL.upper()), ("CertThumbprint", "0D4C3B2A19F8E7D6C5B4A3928170FFEEDDCCBBAA")]
PIPE = [
    ("SubjectUserSid", SID + "-1733"), ("SubjectUserName", "eve"), ("SubjectDomainName", "CORP"), ("SubjectLogonId", "0x7a6b5c"),
    ("ObjectType", "File"), ("IpAddress", "10.44.5.6"), ("IpPort", "50111"), ("ShareName", "\\\\*\\IPC$"), ("ShareLocalPath", ""),
    ("RelativeTargetName", "cert"), ("AccessMask", "0x12019f"),
    ("AccessList", "%%1538\n\t\t\t\t%%1541\n\t\t\t\t%%4416\n\t\t\t\t%%4417\n\t\t\t\t%%4418\n\t\t\t\t"), ("AccessReason", "-")]
ISSUED_TEXT = """Certificate Services approved a certificate request and issued a certificate.
\t
Request ID:\t{RequestId}
Requester:\t{Requester}
Attributes:\t
{Attributes}
Disposition:\t{Disposition}
SKI:\t\t{SubjectKeyIdentifier}
Subject:\t{Subject}
Subject Alternative Name:
{SubjectAlternativeName}

Certificate Template:\t{CertificateTemplate}
Serial Number:\t\t{SerialNumber}
Authentication Service:\t{AuthenticationService}
Authentication Level:\t{AuthenticationLevel}
DCOMorRPC:\t\t{DCOMorRPC}"""
TICKET_TEXT = """A Kerberos authentication ticket (TGT) was requested.

Account Information:
\tAccount Name:\t\t{TargetUserName}
\tSupplied Realm Name:\t{TargetDomainName}
\tUser ID:\t\t\t{TargetSid}

Service Information:
\tService Name:\t\t{ServiceName}
\tService ID:\t\t{ServiceSid}

Network Information:
\tClient Address:\t\t{IpAddress}
\tClient Port:\t\t{IpPort}

Additional Information:
\tTicket Options:\t\t{TicketOptions}
\tResult Code:\t\t{Status}
\tTicket Encryption Type:\t{TicketEncryptionType}
\tPre-Authentication Type:\t{PreAuthType}

Certificate Information:
\tCertificate Issuer Name:\t\t{CertIssuerName}
\tCertificate Serial Number:\t{CertSerialNumber}
\tCertificate Thumbprint:\t\t{CertThumbprint}

Certificate information is only provided if a certificate was used for pre-authentication."""
PIPE_TEXT = """A network share object was checked to see whether client can be granted desired access.
\t
Subject:
\tSecurity ID:\t\t{SubjectUserSid}
\tAccount Name:\t\t{SubjectUserName}
\tAccount Domain:\t\t{SubjectDomainName}
\tLogon ID:\t\t{SubjectLogonId}

Network Information:\t
\tObject Type:\t\t{ObjectType}
\tSource Address:\t\t{IpAddress}
\tSource Port:\t\t{IpPort}
\t
Share Information:
\tShare Name:\t\t{ShareName}
\tShare Path:\t\t{ShareLocalPath}
\tRelative Target Name:\t{RelativeTargetName}

Access Request Information:
\tAccess Mask:\t\t{AccessMask}
\tAccesses:\t\tREAD_CONTROL
\t\t\t\tWriteData (or AddFile)

Access Check Results:
\t-"""


class E:
    """One event."""

    def __init__(self, id, version, task, task_name, computer, record, time, data, text):
        self.id, self.version, self.task, self.task_name, self.computer, self.record = id, version, task, task_name, computer, record
        self.time, self.data = datetime.datetime.fromisoformat(time + "+00:00"), data
        self.text = text.format(**dict(data))
        self.first = self.text.split("\n")[0]

    @property
    def iso(self):
        return self.time.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"

    @property
    def ms(self):
        return round(self.time.timestamp() * 1000)

    @property
    def host(self):
        return self.computer.split(".")[0].upper()

    def d(self):
        return dict(self.data)

    def f(self, format):
        return self.time.strftime(format)

    def crlf(self):
        return self.text.replace("\n", "\r\n")

    def xml(self, ns=True, quote='"'):
        e = lambda text: escape(text)
        rows = "".join(f'<Data Name="{n}">{e(v)}</Data>' for n, v in self.data)
        space = ' xmlns="http://schemas.microsoft.com/win/2004/08/events/event"' if ns else ""
        text = (f'<Event{space}><System><Provider Name="{SECURITY}" Guid="{GUID}"/><EventID>{self.id}</EventID><Version>{self.version}</Version>'
                f'<Level>0</Level><Task>{self.task}</Task><Opcode>0</Opcode><Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime="{self.iso}"/>'
                f'<EventRecordID>{self.record}</EventRecordID><Correlation/><Execution ProcessID="700" ThreadID="812"/><Channel>Security</Channel>'
                f'<Computer>{self.computer}</Computer><Security/></System><EventData>{rows}</EventData></Event>')
        return text.replace('"', quote)

    def system(self):
        return {"Provider": {"Name": SECURITY, "Guid": GUID}, "EventID": self.id, "Version": self.version, "Level": 0, "Task": self.task,
                "Opcode": 0, "Keywords": "0x8020000000000000", "TimeCreated": {"SystemTime": self.iso}, "EventRecordID": self.record,
                "Correlation": None, "Execution": {"ProcessID": 700, "ThreadID": 812}, "Channel": "Security", "Computer": self.computer}

    def winlog(self):
        return {"record_id": str(self.record), "task": self.task_name, "event_data": {k: v for k, v in self.data if v}, "computer_name": self.computer,
                "version": self.version, "process": {"pid": 700}, "provider_name": SECURITY, "api": "wineventlog", "channel": "Security",
                "event_id": str(self.id), "keywords": ["Audit Success"], "provider_guid": GUID}

    def beat(self):
        return {"@timestamp": self.iso[:23] + "Z", "message": self.text, "host": {"name": "wec01.corp.example"}, "winlog": self.winlog(),
                "event": {"kind": "event", "code": str(self.id), "provider": SECURITY, "created": self.f("%Y-%m-%dT%H:%M:59.000Z")},
                "ecs": {"version": "8.0.0"}, "agent": {"type": "winlogbeat", "version": "9.1.0", "name": "WEC01"}}


EVENTS = [
    E(4887, 1, 12805, "Certification Services", "ca02.corp.example", 91007, "2026-04-07T13:20:30.450", ISSUED, ISSUED_TEXT),
    E(4768, 0, 14339, "Kerberos Authentication Service", "dc02.corp.example", 730012, "2026-04-07T13:26:11.070", TICKET, TICKET_TEXT),
    E(5145, 0, 12811, "Detailed File Share", "ca02.corp.example", 91004, "2026-04-07T13:20:29.910", PIPE, PIPE_TEXT)]


def nested(value):
    return json.dumps(value, ensure_ascii=False)


def any_value(value):
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": k, "value": any_value(v)} for k, v in value.items()]}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(v) for v in value]}}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"stringValue": value}


def otel_body(e):
    return {"channel": "Security", "computer": e.computer, "event_id": {"id": e.id, "qualifiers": 0}, "keywords": ["Audit Success"], "level": "Information",
            "message": e.first, "opcode": "Info", "provider": {"event_source": "", "guid": GUID, "name": SECURITY}, "record_id": e.record,
            "system_time": e.iso, "task": e.task_name, "version": e.version, "event_data": e.d()}


def otlp(e, body):
    return {"resourceLogs": [{"resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "gateway"}}]}, "scopeLogs": [{"scope": {}, "logRecords": [
        {"timeUnixNano": str(e.ms * 1000000), "observedTimeUnixNano": str(e.ms * 1000000 + 5000000000), "severityNumber": 9, "body": body, "attributes": []}]}]}]}


def vector(e):
    return {"timestamp": e.iso, "message": e.crlf(), "host": e.computer, "source_type": "windows_event_log", "event_id": e.id, "record_id": e.record,
            "level": "LogAlways", "channel": "Security", "provider_name": SECURITY, "provider_guid": GUID, "computer": e.computer, "process_id": 700,
            "task": e.task, "task_name": e.task_name, "keywords": "0x8020000000000000", "version": e.version, "event_data": e.d(),
            "string_inserts": [v for _, v in e.data]}


def nxlog(e):
    return {"EventTime": e.f("%Y-%m-%d %H:%M:%S"), "Hostname": e.computer, "Keywords": -9214364837600034816, "EventType": "AUDIT_SUCCESS", "Severity": "INFO",
            "EventID": e.id, "SourceName": SECURITY, "ProviderGuid": GUID, "Version": e.version, "Task": e.task, "RecordNumber": e.record, "ProcessID": 700,
            "Channel": "Security", "Message": e.crlf(), **e.d(), "EventReceivedTime": e.f("%Y-%m-%d %H:%M:59"), "SourceModuleType": "im_msvistalog"}


def gelf(e):
    own = {k: v for k, v in nxlog(e).items() if k not in ("EventTime", "Hostname", "Message")}
    return {"version": "1.1", "host": e.computer, "short_message": e.first, "full_message": e.crlf(), "timestamp": e.ms / 1000, "level": 6,
            **{"_" + k: v for k, v in own.items()}}


def dotnet(e, time):
    return {"Id": e.id, "Version": e.version, "Qualifiers": None, "Level": 0, "Task": e.task, "Opcode": 0, "Keywords": -9214364837600034816, "RecordId": e.record,
            "ProviderName": SECURITY, "LogName": "Security", "ProcessId": 700, "MachineName": e.computer, "UserId": None, "TimeCreated": time,
            "ContainerLog": "Security", "Bookmark": {}, "Properties": [{"Value": v} for _, v in e.data], "Message": e.crlf()}


def wazuh(e):
    low = lambda name: name[0].lower() + name[1:]
    return {"win": {"system": {"providerName": SECURITY, "providerGuid": GUID, "eventID": str(e.id), "version": str(e.version), "systemTime": e.iso,
                               "eventRecordID": str(e.record), "channel": "Security", "computer": e.computer, "message": '"' + e.crlf() + '"'},
                    "eventdata": {low(k): v for k, v in e.data if v}}}


def wazuh_alert(e):
    return {"timestamp": e.f("%Y-%m-%dT%H:%M:59.000+0000"), "rule": {"level": 3, "id": "60103"}, "agent": {"id": "7", "name": "WEC01", "ip": "10.0.0.9"},
            "manager": {"name": "wazuh"}, "id": "1775568030.1", "full_log": nested(wazuh(e)), "decoder": {"name": "windows_eventchannel"}, "data": wazuh(e),
            "location": "EventChannel"}


def fluentd2(e):
    return {"ProviderName": SECURITY, "ProviderGUID": GUID, "EventID": str(e.id), "Qualifiers": "", "Level": "0", "Task": str(e.task), "TimeCreated": e.iso,
            "EventRecordID": str(e.record), "ActivityID": "", "RelatedActivityID": "", "Channel": "Security", "Computer": e.computer, "Version": str(e.version),
            "Description": e.crlf(), "EventData": [v for _, v in e.data]}


def fluentd1(e):
    return {"channel": "security", "record_number": str(e.record), "time_generated": e.f("%Y-%m-%d %H:%M:%S +0000"), "time_written": e.f("%Y-%m-%d %H:%M:%S +0000"),
            "event_id": str(e.id), "event_type": "audit_success", "event_category": str(e.task), "source_name": SECURITY, "computer_name": e.computer,
            "user": "", "description": e.crlf(), "string_inserts": [v for _, v in e.data]}


def fluent_bit_old(e):
    return {"date": e.ms / 1000 + 9, "RecordNumber": e.record, "TimeGenerated": e.f("%Y-%m-%d %H:%M:%S +0000"), "TimeWritten": e.f("%Y-%m-%d %H:%M:%S +0000"),
            "EventID": e.id, "EventType": "SuccessAudit", "EventCategory": e.task, "Channel": "Security", "SourceName": SECURITY, "ComputerName": e.computer,
            "Data": "", "Sid": "", "Message": e.crlf(), "StringInserts": [v for _, v in e.data]}


def windows_event(e, data):
    return {"TimeGenerated": e.iso, "TenantId": "0", "Provider": SECURITY, "Channel": "Security", "Computer": e.computer, "EventID": e.id, "EventLevel": 0,
            "EventRecordId": str(e.record), "Task": e.task, "Version": e.version, "EventData": data, "Type": "WindowsEvent"}


def event_table(e, xml):
    params = "".join(f"<Param>{escape(v)}</Param>" for _, v in e.data)
    named = "".join(f'<Data Name="{n}">{escape(v)}</Data>' for n, v in e.data)
    item = f'<DataItem type="System.XmlData" time="{e.iso}" sourceHealthServiceId="0"><EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event">{named}</EventData></DataItem>'
    return {"TimeGenerated": e.iso, "Source": SECURITY, "EventLog": "Security", "Computer": e.computer, "EventCategory": e.task, "EventLevel": 0, "UserName": "N/A",
            "EventID": e.id, "RenderedDescription": e.text, **({"EventData": item} if xml else {"ParameterXml": params}), "Type": "Event"}


def portal(e):
    row = windows_event(e, nested(e.d()))
    row = {("TimeGenerated [UTC]" if k == "TimeGenerated" else k): v for k, v in row.items()}
    row["TimeGenerated [UTC]"] = e.f("%-m/%-d/%Y, %-I:%M:%S.%f")[:-3] + e.f(" %p")
    return row


def velociraptor(e):
    system = e.system()
    system["EventID"] = {"Value": e.id}
    system["TimeCreated"] = {"SystemTime": e.ms / 1000}
    return {"System": system, "EventData": e.d(), "Message": e.text}


def evtxecmd(e):
    payload = {"EventData": {"Data": [{"@Name": n, "#text": v} for n, v in e.data]}}
    return {"PayloadData1": "x", "MapDescription": e.first, "UserName": "", "ChunkNumber": 3, "Computer": e.computer, "Payload": nested(payload), "Channel": "Security",
            "Provider": SECURITY, "EventId": e.id, "EventRecordId": str(e.record), "ProcessId": 700, "Level": "LogAlways", "SourceFile": "Security.evtx",
            "TimeCreated": e.iso[:-1] + "+00:00", "RecordNumber": 5}


def evtx(e):
    return {"Event": {"#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"}, "System": {
        **e.system(), "Provider": {"#attributes": {"Name": SECURITY, "Guid": GUID}}, "TimeCreated": {"#attributes": {"SystemTime": e.iso}}}, "EventData": e.d()}}


def xml2js(e):
    return {"Event": {"System": {**e.system(), "Provider": {"@Name": SECURITY}, "TimeCreated": {"@SystemTime": e.iso}},
                      "EventData": {"Data": [{"@Name": n, "#text": v} for n, v in e.data]}}}


def flat(e):
    return {"EventID": e.id, "TimeCreated": e.iso, "Channel": "Security", "Hostname": e.computer, "SourceName": SECURITY, "RecordNumber": e.record,
            "Version": e.version, "Task": e.task, "@timestamp": e.f("%Y-%m-%dT%H:%M:59.000Z"), **e.d()}


def panther(e):
    return {"EventID": e.id, "Computer": e.computer, "Channel": "Security", "ProviderName": SECURITY, "EventRecordID": e.record, "ExtraEventData": e.d(),
            "p_event_time": e.iso[:23].replace("T", " "), "p_log_type": "Windows.EventLogs"}


def xsiam(e):
    return {"_time": e.ms, "event_id": e.id, "computer_name": e.computer, "provider_name": SECURITY, "channel": "Security", "record_id": e.record,
            "time_created": e.iso, "event_data": e.d(), "message": e.text}


def system_event_data(e):
    return {"system": {"provider_name": SECURITY, "event_id": e.id, "version": e.version, "time_created": e.iso, "event_record_id": e.record, "channel": "Security",
                       "computer": e.computer}, "event_data": e.d()}


def graylog(e):
    flatten = {"winlogbeat_winlog_" + k: v for k, v in e.winlog().items() if not isinstance(v, (dict, list))}
    return {"gl2_source_input": "x", "source": "wec01", "timestamp": e.iso[:23] + "Z", "message": e.text, "winlogbeat_@timestamp": e.iso[:23] + "Z", **flatten,
            **{"winlogbeat_winlog_event_data_" + k: v for k, v in e.data if v}}


def dotted(e):
    return {"@timestamp": e.iso[:23] + "Z", "event.code": str(e.id), "winlog.event_id": str(e.id), "winlog.provider_name": SECURITY, "winlog.channel": "Security",
            "winlog.computer_name": e.computer, "winlog.record_id": e.record, **{"winlog.event_data." + k: v for k, v in e.data if v}}


def agent(e):
    data = {k: v for k, v in e.data if v and k != "IpAddress"}
    if "AccessMask" in data:
        data["AccessMask"], data["AccessList"] = [data["AccessMask"]], ["1538", "1541"]
    winlog = {**e.winlog(), "event_data": data}
    address = e.d().get("IpAddress")
    source = {"source": {"ip": address.replace("::ffff:", "")}} if address else {}
    return {**e.beat(), "winlog": winlog, **source, "data_stream": {"dataset": "system.security"}}


def snare(e):
    text = e.text.replace("\n", "  ").replace("\t", " ")
    return (f"<13>{e.f('%b %d %H:%M:%S')} {e.computer} MSWinEventLog\t1\tSecurity\t4711\t{e.f('%a %b %d %H:%M:%S %Y')}\t{e.id}\t{SECURITY}\tN/A\tN/A\tSuccess Audit"
            f"\t{e.computer}\t{e.task_name}\t\t{text}\t{e.record}")


def splunk(e):
    return (f"{e.f('%m/%d/%Y %I:%M:%S.%f')[:-3]} {e.f('%p')}\nLogName=Security\nEventCode={e.id}\nEventType=0\nComputerName={e.computer}\n"
            f"SourceName=Microsoft Windows security auditing.\nType=Information\nRecordNumber={e.record}\nKeywords=Audit Success\n"
            f"TaskCategory={e.task_name}\nOpCode=Info\nMessage={e.text}")


def wevtutil(e, at):
    return (f"Event[{at}]:\n  Log Name: Security\n  Source: {SECURITY}\n  Date: {e.iso}\n  Event ID: {e.id}\n  Task: {e.task_name}\n  Level: Information\n"
            f"  Opcode: Info\n  Keyword: Audit Success\n  User: N/A\n  User Name: N/A\n  Computer: {e.computer}\n  Description: \n{e.text}\n")


def wincollect(e):
    pairs = {"AgentDevice": "WindowsLog", "AgentLogFile": "Security", "PluginVersion": "7.3", "Source": SECURITY, "Computer": e.computer, "OriginatingComputer": "10.0.0.9",
             "User": "", "Domain": "", "EventID": e.id, "EventIDCode": e.id, "EventType": 8, "EventCategory": e.task, "RecordNumber": e.record,
             "TimeGenerated": e.ms // 1000, "TimeWritten": e.ms // 1000, "Level": "Log Always", "Opcode": "Info", "Message": e.text.replace("\n", " ").replace("\t", " ")}
    return f"<13>{e.f('%b %d %H:%M:%S')} wec01 " + "\t".join(f"{k}={v}" for k, v in pairs.items())


def leef(e):
    pairs = {"devTime": e.iso, "cat": "Security", "identHostName": e.computer, "usrName": "x", "RecordNumber": e.record, "Message": e.text.replace("\n", " ").replace("\t", " ")}
    return f"<13>{e.f('%b %d %H:%M:%S')} wec01 LEEF:1.0|Microsoft|Windows|10|{e.id}|" + "\t".join(f"{k}={v}" for k, v in pairs.items())


def cef_text(text):
    return text.replace("\\", "\\\\").replace("=", "\\=").replace("\n", "\\n")


def cef(e):
    return (f"CEF:0|Microsoft|Microsoft Windows||{SECURITY}:{e.id}|{e.first}|Low|externalId={e.id} dvchost={e.computer} rt={e.ms} "
            f"cat=Security recordNumber={e.record} msg={cef_text(e.text)}")


def cef_values(e):
    pairs = " ".join(f"ad.{n}={cef_text(v)}" for n, v in e.data)
    return f"<134>{e.f('%b %d %H:%M:%S')} arc01 CEF:0|Microsoft|Microsoft Windows||{SECURITY}:{e.id}|{e.first}|Low|dvchost={e.computer} rt={e.ms} recordNumber={e.record} {pairs}"


def structured(e):
    quote = lambda text: str(text).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]").replace("\n", "#012").replace("\t", "#011")
    pairs = {"EventID": e.id, "SourceName": SECURITY, "Channel": "Security", "RecordNumber": e.record, "EventTime": e.iso, "Hostname": e.computer, **e.d()}
    return f"<14>1 {e.iso} {e.computer} {SECURITY} 700 - [NXLOG@14506 " + " ".join(f'{k}="{quote(v)}"' for k, v in pairs.items()) + f"] {e.first}"


def ocsf(e):
    d = e.d()
    base = {"time": e.ms, "metadata": {"version": "1.5.0", "product": {"name": "Microsoft Windows"}, "event_code": str(e.id), "log_name": "Security", "uid": str(e.record)},
            "device": {"hostname": e.computer}}
    if e.id == 4887:
        return {"class_uid": 6003, **base, "unmapped": {"EventData": d}}
    if e.id == 4768:
        return {"class_uid": 3002, "activity_id": 3, **base, "user": {"name": d["TargetUserName"], "domain": d["TargetDomainName"], "uid": d["TargetSid"]},
                "src_endpoint": {"ip": "10.44.5.6"}, "certificate": {"serial_number": d["CertSerialNumber"], "issuer": d["CertIssuerName"]}, "status_id": 1}
    return {"class_uid": 1001, "activity_id": 3, **base, "actor": {"user": {"name": "eve", "domain": "CORP", "uid": d["SubjectUserSid"]}}, "src_endpoint": {"ip": "10.44.5.6"},
            "access_mask": 0x12019f, "file": {"name": "cert", "path": "\\\\*\\IPC$\\cert"}}


def kafka_connect(value):
    return {"schema": {"type": "string", "optional": False}, "payload": value}


def cloud_event(e, data):
    return {"specversion": "1.0", "id": str(e.record), "source": "/siem/windows", "type": "example.windows", "time": e.f("%Y-%m-%dT%H:%M:59Z"), "datacontenttype": "application/json", "data": data}


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def prefixed(e):
    text = e.xml().replace("xmlns=", "xmlns:ns0=")
    return text.replace("</", "\0").replace("<", "<ns0:").replace("\0", "</ns0:")


def in_berlin(e, zone):
    at = e.time + datetime.timedelta(hours=2)
    row = {k: v for k, v in portal(e).items() if not k.startswith("TimeGenerated")}
    return {f"TimeGenerated [{zone}]": at.strftime("%-m/%-d/%Y, %-I:%M:%S.%f")[:-3] + at.strftime(" %p"), **row}


def beat_columns(e):
    return {"@timestamp": e.iso[:23] + "Z", "event.code": str(e.id), "winlog.computer_name": e.computer, "winlog.channel": "Security",
            "winlog.record_id": str(e.record), **{"winlog.event_data." + k: v for k, v in e.data}}


def described(e):
    """The record of windows_eventlog2 with parse_description: the text cut at blank lines, its values named by their labels."""
    record = {k: v for k, v in fluentd2(e).items() if k != "Description"}
    title, *groups = e.crlf().split("\r\n\r\n")
    record["DescriptionTitle"] = title
    for group in groups:
        parent = ""
        for line in group.split("\r\n\t"):
            label, _, value = line.partition("\t")
            name = label[:-1].strip().lower().replace(" ", "_")
            if value.strip():
                record[parent + name] = value.strip()
            elif "\t" not in line:
                parent = name + "."
    return record


def sentinel_one(e):
    low = lambda name: name[0].lower() + name[1:]
    return {"event.type": "Windows Event Log Creation", "event.category": "windows_event_logs", "event.time": e.ms, "endpoint.name": e.computer, "winEventLog.id": e.id,
            "winEventLog.channel": "Security", "winEventLog.providerName": SECURITY, "winEventLog.description": e.first,
            **{"winEventLog.data.event.eventData." + low(k): v for k, v in e.data}}


def telegraf(e):
    tags = {"Channel": "Security", "Computer": e.computer, "EventID": str(e.id), "Level": "0", "Source": SECURITY, "host": "wec01"}
    fields = {"EventRecordID": e.record, "TimeCreated": e.iso, "Version": e.version, "Message": e.first, **{"Data_" + k: v for k, v in e.data}}
    return {"fields": fields, "name": "win_eventlog", "tags": tags, "timestamp": e.ms // 1000 + 5}


def influx(e):
    document = telegraf(e)
    tags = ",".join(f"{k}={v}" for k, v in document["tags"].items())
    fields = ",".join(f"{k}={v}i" if isinstance(v, int) else f"{k}={nested(v)}" for k, v in document["fields"].items())
    return f"win_eventlog,{tags} {fields} {document['timestamp']}000000000"


def with_protobuf_names(value):
    if isinstance(value, list):
        return [with_protobuf_names(v) for v in value]
    if isinstance(value, dict):
        return {re.sub("(?<=[a-z])(?=[A-Z])", "_", k).lower() if k != "key" else k: with_protobuf_names(v) for k, v in value.items()}
    return value


def cloudwatch(e, message):
    return {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "windows", "logStream": "x", "logEvents": [{"id": "1", "timestamp": e.ms + 4000, "message": message}]}


def gzipped(value):
    return base64.b64encode(gzip.compress(nested(value).encode(), mtime=0)).decode()


def format_list(e):
    rows = {"Message": e.text.replace("\n", "\n" + " " * 23), "Id": e.id, "Version": e.version, "Level": 0, "RecordId": e.record, "ProviderName": SECURITY,
            "LogName": "Security", "MachineName": e.computer, "TimeCreated": e.f("%-m/%-d/%Y %-I:%M:%S %p"), "ContainerLog": "Security"}
    return "\n" + "".join(f"{k:<21}: {v}\n" for k, v in rows.items()) + "\n"


def clixml(e):
    coded = lambda text: escape(text).replace("\r", "_x000D_").replace("\n", "_x000A_").replace("\t", "_x0009_")
    values = "".join(f'<Obj RefId="{at + 3}"><TN RefId="2"><T>System.Diagnostics.Eventing.Reader.EventProperty</T></TN><Props><S N="Value">{coded(v)}</S></Props></Obj>'
                     for at, (_, v) in enumerate(e.data))
    return (f'<Obj RefId="0"><TN RefId="0"><T>System.Diagnostics.Eventing.Reader.EventLogRecord</T></TN><Props><I32 N="Id">{e.id}</I32><By N="Version">{e.version}</By>'
            f'<Nil N="Qualifiers" /><I64 N="RecordId">{e.record}</I64><S N="ProviderName">{SECURITY}</S><S N="LogName">Security</S><S N="MachineName">{e.computer}</S>'
            f'<DT N="TimeCreated">{e.iso}</DT><Obj N="Properties" RefId="1"><LST>{values}</LST></Obj></Props><MS><S N="Message">{coded(e.crlf())}</S></MS></Obj>')


def converted(e, text, name):
    """The XML as converters write it: an element with a text is an object of it, an attribute stands under a name of its own."""
    return {"Event": {"System": {"Provider": name({"Name": SECURITY}), "EventID": {text: str(e.id)}, "TimeCreated": name({"SystemTime": e.iso}),
                                 "EventRecordID": {text: str(e.record)}, "Channel": {text: "Security"}, "Computer": {text: e.computer}},
                      "EventData": {"Data": [{**name({"Name": k}), text: v} for k, v in e.data]}}}


def beside(mark):
    return lambda attributes: {mark + k: v for k, v in attributes.items()}


def one_line(e):
    return e.text.replace("\n", " ").replace("\t", " ")


def ossec(e):
    return f"{e.f('%Y %b %d %H:%M:%S')} WinEvtLog: Security: AUDIT_SUCCESS({e.id}): {SECURITY}: (no user): no domain: {e.computer}: {one_line(e)}"


def agent_with_user(e):
    document = agent(e)
    if e.id == 5145:
        data = document["winlog"]["event_data"]
        document["user"] = {"name": data.pop("SubjectUserName"), "domain": data.pop("SubjectDomainName"), "id": data.pop("SubjectUserSid")}
        document["message"] = e.first
    return document


def octet_counted(messages):
    """Messages behind each other as over TCP, each after the number of its octets (RFC 6587, 3.4.1)."""
    return "".join(f"{len(message.encode())} {message}" for message in messages)


def lines(make):
    return "".join((text if isinstance(text, str) else nested(text)) + "\n" for text in map(make, EVENTS))


def yaml(value, indent=""):
    """A value as Chainsaw writes it behind its name, by serde_yaml."""
    if isinstance(value, dict):
        pairs = ((k if k[0] != "#" else f"'{k}'", v) for k, v in value.items())
        return ("\n" if indent else "") + "".join(f"{indent}{k}:{yaml(v, indent + '  ')}" for k, v in pairs)
    if not isinstance(value, str):
        return f" {nested(value)}\n"
    if "\t" in value:
        return f" {nested(value)}\n"
    if "\n" in value:
        return " |-\n" + "".join(f"{indent}{line}\n" for line in value.split("\n"))
    is_other = re.fullmatch(r"|-|~|null|true|false|0x[0-9a-fA-F]+|[0-9]+(\.[0-9]+)?(e[0-9]+)?|[{\[*&!%@#].*", value)
    return f" '{value}'\n" if is_other else f" {value}\n"


PASTED = lambda e: e.xml().replace("><", ">\n  <").replace("<Event ", "- <Event ").replace("  <System>", "- <System>").replace("  <EventData>", "- <EventData>")
def tree(e, element):
    def convert(node):
        return element(node.tag.split("}")[1], node.attrib, (node.text or ""), [convert(child) for child in node])
    return convert(ElementTree.fromstring(e.xml()))


def system_members(e):
    return {"Provider.Name": SECURITY, "EventID": e.id, "Version": e.version, "TimeCreated.SystemTime": e.iso, "EventRecordID": e.record,
            "Channel": "Security", "Computer": e.computer}


FILES = {
    # Envelopes.
    "filebeat-xml.ndjson": lines(lambda e: {"@timestamp": e.iso, "message": e.xml(), "log": {"file": {"path": "wef.xml"}}, "agent": {"type": "filebeat"}, "ecs": {"version": "8.0.0"}}),
    "journald-xml.ndjson": lines(lambda e: {"MESSAGE": e.xml(quote="'"), "_HOSTNAME": "wec01", "PRIORITY": "6"}),
    "kafka-connect-xml.ndjson": lines(lambda e: kafka_connect(e.xml())),
    "kafka-connect-json.ndjson": lines(lambda e: kafka_connect(nested(e.beat()))),
    "cloudevents-winlogbeat.ndjson": lines(lambda e: cloud_event(e, e.beat())),
    "cloudevents-nxlog.ndjson": lines(lambda e: cloud_event(e, nested(nxlog(e)))),
    "elasticsearch-hits.json": nested({"took": 3, "hits": {"total": {"value": 3}, "hits": [{"_index": "winlogbeat", "_id": str(e.record), "_source": e.beat()} for e in EVENTS]}}),
    "splunk-export.ndjson": lines(lambda e: {"preview": False, "offset": 1, "result": {"_raw": e.xml(), "host": "CA02", "source": "XmlWinEventLog:Security"}}),
    "splunk-hec.ndjson": lines(lambda e: {"time": e.ms / 1000, "host": "CA02", "sourcetype": "XmlWinEventLog", "event": e.xml()}),
    "event-original.ndjson": lines(lambda e: {"@timestamp": e.iso, "event": {"original": e.xml()}, "tags": ["preserve_original_event"]}),
    "otlp-xml-body.ndjson": lines(lambda e: otlp(e, {"stringValue": e.xml()})),
    "otlp-kvlist-body.ndjson": lines(lambda e: otlp(e, any_value(otel_body(e)))),
    "syslog-3164-json.log": lines(lambda e: f"<13>{e.f('%b %d %H:%M:%S')} wec01 nxlog[4]: {nested(nxlog(e))}"),
    "syslog-5424-xml.log": lines(lambda e: f"<14>1 {e.iso} wec01 wef 4 - - " + e.xml().replace("\n", "&#10;")),
    "syslog-octets-json.log": lines(lambda e: f"{len(nested(e.beat())) + 60} <14>1 {e.iso} wec01 winlogbeat - - - {nested(e.beat())}"),
    "syslog-octets-stream.txt": octet_counted(f"<14>1 {e.iso} wec01 winlogbeat - - - {nested(e.beat())}" for e in EVENTS),
    "pretty-array.json": json.dumps([flat(e) for e in EVENTS], indent=2),
    "trailing-commas.json": ",\n".join(nested(e.beat()) for e in EVENTS) + ",\n",
    "event-hub-records.json": nested({"records": [{"category": "SecurityEvents", "properties": windows_event(e, e.d())} for e in EVENTS]}),
    "logstash-nested-string.ndjson": lines(lambda e: {"@version": "1", "log": {"payload": nested({"body": nested(evtx(e))})}}),
    # Beats and Elastic.
    "winlogbeat9-forwarded.ndjson": lines(E.beat),
    "winlogbeat-dotted.ndjson": lines(dotted),
    "elastic-agent-ingested.ndjson": lines(agent),
    "graylog-beats.ndjson": lines(graylog),
    # .NET and Microsoft.
    "get-winevent-ps5.ndjson": lines(lambda e: dotnet(e, f"/Date({e.ms})/")),
    "get-winevent-ps7.ndjson": lines(lambda e: dotnet(e, e.iso)),
    "cribl-edge.ndjson": lines(lambda e: {"_time": e.ms / 1000, "host": "CA02", "cribl_breaker": "x", "_raw": nested(dotnet(e, f"/Date({e.ms})/"))}),
    "sentinel-windowsevent.ndjson": lines(lambda e: windows_event(e, e.d())),
    "sentinel-windowsevent-text.ndjson": lines(lambda e: windows_event(e, nested(e.d()))),
    "sentinel-portal.ndjson": lines(portal),
    "sentinel-event-data.ndjson": lines(lambda e: event_table(e, True)),
    "sentinel-event-params.ndjson": lines(lambda e: event_table(e, False)),
    # Wazuh.
    "wazuh.ndjson": lines(wazuh),
    "wazuh-alert.ndjson": lines(wazuh_alert),
    "wazuh-indexer.ndjson": lines(lambda e: {"_index": "wazuh-alerts-4.x", "_id": "x", "_source": wazuh_alert(e)}),
    # Fluentd, Fluent Bit, OpenTelemetry, Vector.
    "fluentd2.ndjson": lines(fluentd2),
    "fluentd1.ndjson": lines(fluentd1),
    "fluent-bit-winlog.ndjson": lines(fluent_bit_old),
    "fluent-bit-xml.ndjson": lines(lambda e: {"date": e.ms / 1000 + 9, "System": e.xml(), "Message": e.crlf()}),
    "opentelemetry.ndjson": lines(lambda e: {"body": otel_body(e), "timestamp": e.iso}),
    "opentelemetry-list.ndjson": lines(lambda e: {"body": {**otel_body(e), "event_data": {"data": [{n: v} for n, v in e.data]}}}),
    "opentelemetry-raw.ndjson": lines(lambda e: {"body": e.xml(), "timestamp": e.iso, "attributes": {"log.file.name": "x"}}),
    "vector.ndjson": lines(vector),
    # NXLog, GELF.
    "nxlog-epoch.ndjson": lines(lambda e: {**nxlog(e), "EventTime": e.ms * 1000}),
    "nxlog-zone.ndjson": lines(lambda e: {**nxlog(e), "EventTime": (e.time + datetime.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.%f+02:00")}),
    "gelf-nxlog.ndjson": lines(gelf),
    # Flat and responders' tools.
    "flat.ndjson": lines(flat),
    "panther.ndjson": lines(panther),
    "xsiam.ndjson": lines(xsiam),
    "velociraptor.ndjson": lines(velociraptor),
    "evtxecmd.ndjson": lines(evtxecmd),
    "chainsaw.json": nested([{"group": "ADCS", "kind": "individual", "document": {"kind": "evtx", "path": "Security.evtx", "data": evtx(e)}, "name": "x", "timestamp": e.iso} for e in EVENTS]),
    "xml-to-json.ndjson": lines(xml2js),
    "system-event-data.ndjson": lines(system_event_data),
    "pasted.xml": "\n".join(map(PASTED, EVENTS)),
    # Rendered text.
    "snare.log": lines(snare),
    "splunk-text.ndjson": lines(lambda e: {"_raw": splunk(e), "sourcetype": "WinEventLog"}),
    "wevtutil.txt": "\n".join(wevtutil(e, at) for at, e in enumerate(EVENTS)),
    "wincollect.log": lines(wincollect),
    "leef.log": lines(leef),
    "cef-message.log": lines(cef),
    "cef-values.log": lines(cef_values),
    "syslog-structured-data.log": lines(structured),
    "gelf-text-only.ndjson": lines(lambda e: {k: v for k, v in gelf(e).items() if k.strip("_") not in e.d()}),
    # What query tools, converters and syslog servers make of events.
    "log-analytics-query.json": nested({"tables": [{"name": "PrimaryResult", "columns": [{"name": n} for n in ("TimeGenerated", "EventID", "Computer", "Channel", "EventRecordId", "EventData")],
                                                   "rows": [[e.iso, e.id, e.computer, "Security", e.record, nested(e.d())] for e in EVENTS]}]}),
    "xml2js.ndjson": lines(lambda e: {"Event": {"System": [{"Provider": [{"$": {"Name": SECURITY}}], "EventID": [str(e.id)], "TimeCreated": [{"$": {"SystemTime": e.iso}}],
                                                           "EventRecordID": [str(e.record)], "Channel": ["Security"], "Computer": [e.computer]}],
                                               "EventData": [{"Data": [{"_": v, "$": {"Name": n}} for n, v in e.data]}]}}),
    "half-dotted.ndjson": lines(lambda e: {"@timestamp": e.iso[:23] + "Z", "event": {"code": e.id, "provider": SECURITY}, "winlog": {
        "channel": "Security", "record_id": e.record, "computer_name": e.computer, **{"event_data." + k: v for k, v in e.data}}}),
    "graylog-search.json": nested({"messages": [{"index": "graylog_0", "message": {"timestamp": e.iso, "source": e.computer, "EventID": e.id, "Channel": "Security",
                                                                                  "RecordNumber": e.record, "message": e.text, **e.d()}} for e in EVENTS]}),
    "texts-in-array.json": nested([nested(flat(e)) for e in EVENTS]),
    "snare-escaped-tabs.log": lines(lambda e: snare(e).replace("\t", "#011")),
    "ids-in-hex.ndjson": lines(lambda e: {**flat(e), "EventID": hex(e.id)}),
    "ids-in-groups.ndjson": lines(lambda e: {**flat(e), "EventID": f"{e.id:,}"}),
    # What products and tools make of paths, types, tables and texts.
    "nxlog-flat.xml": "".join("<Event>" + "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in {**nxlog(e), "EventTime": e.iso}.items()) + "</Event>\n" for e in EVENTS),
    "escaped-xml.ndjson": lines(lambda e: {"ts": e.ms + 5000, "raw_event": escape(e.xml())}),
    "cloudevents-base64.ndjson": lines(lambda e: {k: v for k, v in {**cloud_event(e, None), "data_base64": base64_of(nested(e.beat()))}.items() if k != "data"}),
    "pubsub-base64-xml.ndjson": lines(lambda e: {"message": {"data": base64_of(e.xml()), "messageId": "1", "publishTime": e.f("%Y-%m-%dT%H:%M:59Z")}, "subscription": "x"}),
    "json-sequence.ndjson": "".join("\x1e" + nested(flat(e)) + "\n" for e in EVENTS),
    "numbered-members.json": nested({str(at): flat(e) for at, e in enumerate(EVENTS)}),
    "kusto.json": nested({"Tables": [{"TableName": "Table_0", "Columns": [{"ColumnName": n, "DataType": "String"} for n in ("TimeGenerated", "EventID", "Computer", "Channel", "EventData")],
                                      "Rows": [[e.iso, e.id, e.computer, "Security", nested(e.d())] for e in EVENTS]}]}),
    "elasticsearch-fields.json": nested({"hits": {"hits": [{"_index": "x", "fields": {"@timestamp": [e.iso[:23] + "Z"], "event.code": [str(e.id)], "winlog.channel": ["Security"],
        "host.name": ["wec01.corp.example"], "winlog.computer_name": [e.computer], "winlog.record_id": [str(e.record)], **{"winlog.event_data." + k: [v] for k, v in e.data if v}}} for e in EVENTS]}}),
    "elastic-agent-user.ndjson": lines(lambda e: {"_index": "logs", "_source": agent_with_user(e)}),
    "mongodb.ndjson": lines(lambda e: {"_id": {"$oid": "x"}, "EventID": {"$numberInt": str(e.id)}, "TimeCreated": {"$date": {"$numberLong": str(e.ms)}}, "Computer": e.computer, "Channel": "Security",
                                       "RecordNumber": {"$numberLong": str(e.record)}, "EventData": e.d()}),
    "wazuh-dotted.ndjson": lines(lambda e: {"@timestamp": e.f("%Y-%m-%dT%H:%M:59.000Z"), **{f"data.win.{part}.{k}": v for part, all in wazuh(e)["win"].items() for k, v in all.items()}}),
    "logscale.ndjson": lines(lambda e: {"#type": "x", "@timestamp": e.ms + 5000, "windows.EventID": str(e.id), "windows.Computer": e.computer, "windows.Channel": "Security",
                                        "windows.TimeCreated": e.iso, "windows.EventRecordID": str(e.record), **{"windows.EventData." + k: v for k, v in e.data}}),
    "xsiam-dataset.ndjson": lines(lambda e: {"event_type": "EVENT_LOG", "action_evtlog_event_id": e.id, "action_evtlog_data_fields": nested(e.d()), "action_evtlog_provider_name": SECURITY,
                                             "agent_hostname": e.computer, "event_timestamp": e.ms, "_time": e.ms}),
    "osquery.ndjson": lines(lambda e: {"name": "pack", "hostIdentifier": "x", "unixTime": e.ms // 1000 + 90, "action": "added", "columns": {"channel": "Security", "computer_name": e.computer,
        "data": nested({"EventData": e.d()}), "datetime": e.iso, "eventid": str(e.id), "provider_name": SECURITY, "time": str(e.ms // 1000 + 60)}}),
    "plaso.ndjson": lines(lambda e: {"computer_name": e.computer, "data_type": "windows:evtx:record", "event_identifier": e.id, "event_version": e.version, "record_number": e.record,
                                     "source_name": SECURITY, "strings": [v for _, v in e.data], "timestamp": e.ms * 1000}),
    "hayabusa.ndjson": lines(lambda e: {"Timestamp": e.f("%Y-%m-%d %H:%M:%S.%f")[:-3] + " +00:00", "Computer": e.computer, "Channel": "Security", "EventID": e.id, "RecordID": e.record,
                                        "AllFieldInfo": " ¦ ".join(f"{k}: {v}" for k, v in e.data)}),
    "loki.ndjson": lines(lambda e: {"source": SECURITY, "channel": "Security", "computer": e.computer, "event_id": e.id, "version": e.version, "timeCreated": e.iso, "eventRecordID": e.record,
                                    "event_data": "".join(f"<Data Name='{n}'>{escape(v)}</Data>" for n, v in e.data)}),
    "sekoia.ndjson": lines(lambda e: {"@timestamp": e.iso, "action": {"id": e.id, "properties": e.d()}, "host": {"name": e.computer}}),
    "get-winevent-shallow.json": nested([{**dotnet(e, e.iso), "Properties": ["System.Diagnostics.Eventing.Reader.EventProperty"] * len(e.data)} for e in EVENTS]),
    "cef-columns.ndjson": lines(lambda e: {"TimeGenerated": e.f("%Y-%m-%dT%H:%M:59Z"), "DeviceVendor": "Microsoft", "DeviceProduct": "Microsoft Windows", "DeviceEventClassID": f"{SECURITY}:{e.id}",
                                           "ExternalID": e.id, "Computer": "collector", "DeviceName": e.computer, "ReceiptTime": e.f("%b %d %Y %H:%M:%S"), "Message": e.text}),
    "cloudwatch-text.json": nested({"messageType": "DATA_MESSAGE", "logEvents": [
        {"id": "1", "timestamp": e.ms, "message": f"[Security] [INFORMATION] [{e.id}] [{SECURITY}] [{e.computer}] [{e.text}]"} for e in EVENTS]}),
    "key-values.log": lines(lambda e: " ".join(f"{k}={nested(str(v))}" for k, v in {**nxlog(e), "EventTime": e.iso}.items())),
    "snare-bars.log": lines(lambda e: snare(e).replace("\t", "|")),
    "syslog-ng-agent.log": lines(lambda e: f'<134>1 {e.iso} {e.computer} Security. 700 - [meta sequenceId="1"][win@18372.4 EVENT_ID="{e.id}" EVENT_NAME="Security"] '
                                           + e.text.replace("\n", " ").replace("\t", " ")),
    "prefixed.xml": "".join(prefixed(e) + "\n" for e in EVENTS),
    "prefixed.ndjson": lines(lambda e: {"message": prefixed(e)}),
    "clixml.xml": '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">\n' + "".join(clixml(e) + "\n" for e in EVENTS) + "</Objs>\n",
    "base64-leef.ndjson": lines(lambda e: {"qid": 5000, "starttime": e.ms + 3000, "payload": base64_of(leef(e))}),
    "base64-cef.ndjson": lines(lambda e: {"payload": base64_of(cef(e))}),
    "base64-list.ndjson": lines(lambda e: {"Records": [{"kinesis": {"data": base64_of(nested([flat(e)]))}}]}),
    "base64-pretty.ndjson": lines(lambda e: {"logs": [{"data": base64_of(json.dumps(flat(e), indent=1))}]}),
    "sentinel-portal-offset.ndjson": lines(lambda e: in_berlin(e, "UTC+02:00")),
    "badgerfish.ndjson": lines(lambda e: converted(e, "$", beside("@"))),
    "gdata.ndjson": lines(lambda e: converted(e, "$t", beside(""))),
    "x2js.ndjson": lines(lambda e: converted(e, "__text", beside("_"))),
    "xml-js-compact.ndjson": lines(lambda e: converted(e, "_text", lambda attributes: {"_attributes": attributes})),
    "vision-one.ndjson": lines(lambda e: {"eventId": 11, "eventTime": e.ms, "endpointHostName": e.computer, "winEventId": e.id, "rawDataStr": json.dumps({"EventData": e.d()}, indent=3)}),
    "ossec.log": lines(ossec),
    "wazuh-archive.ndjson": lines(lambda e: {"timestamp": e.f("%Y-%m-%dT%H:%M:59.000+0000"), "agent": {"name": "WEC01"}, "full_log": ossec(e), "decoder": {"name": "windows"},
                                             "data": {"id": str(e.id), "status": "AUDIT_SUCCESS"}, "location": "WinEvtLog"}),
    "netwitness.log": lines(lambda e: f"%NICWIN-4-Security_{e.id}_{SECURITY}: Security,rn={e.record} cid=812 eid=700,{e.f('%a %b %d %H:%M:%S %Y')},{e.id},{SECURITY},,Audit Success,"
                                      f"{e.computer},{e.task_name},,{one_line(e)}"),
    "syslog-ng.ndjson": lines(lambda e: {"_SDATA": {"win@18372": {"4": {"EVENT_ID": str(e.id), "EVENT_NAME": "Security", "EVENT_REC_NUM": str(e.record), "EVENT_SOURCE": SECURITY}}},
                                         "PROGRAM": SECURITY, "MESSAGE": e.text, "ISODATE": e.iso, "HOST": e.computer}),
    "adiscon.log": lines(lambda e: f"<133>{e.f('%b %d %H:%M:%S')} wec01 EvntSLog: @cee: " + nested({
        "source": e.computer, "nteventlogtype": "Security", "sourceproc": SECURITY, "id": str(e.id), "categoryid": str(e.task), "timereported": e.iso, "recordnum": str(e.record), "msg": e.text})),
    "logfmt.log": lines(lambda e: " ".join(f"{k}={nested(str(v))}" for k, v in {
        "time": e.iso, "event_id": e.id, "computer": e.computer, "channel": "Security", "record_id": e.record, **e.d()}.items())),
    "value-bars.log": lines(lambda e: "|".join(f"{k}={str(v)}".replace("\n", " ") for k, v in {
        "EventID": e.id, "Computer": e.computer, "Channel": "Security", "EventRecordID": e.record, "TimeCreated": e.iso, **e.d()}.items())),
    "zabbix.ndjson": lines(lambda e: {"host": {"host": e.computer, "name": "x"}, "itemid": 1, "name": "Security log", "clock": e.ms // 1000 + 3, "timestamp": e.ms // 1000, "source": SECURITY,
                                      "severity": 5, "eventid": e.id, "value": e.text, "type": 2}),
    "udm.ndjson": lines(lambda e: {"metadata": {"eventTimestamp": e.iso, "productEventType": str(e.id), "productLogId": str(e.record)}, "principal": {"hostname": e.computer},
                                   "additional": {"fields": [{"key": k, "value": {"stringValue": v}} for k, v in e.data]}}),
    "udm-bigquery.ndjson": lines(lambda e: {"metadata": {"event_timestamp": {"seconds": e.ms // 1000, "nanos": e.ms % 1000 * 1000000}, "product_event_type": str(e.id), "product_log_id": str(e.record)}, "principal": {"hostname": e.computer},
                                   "additional": {"fields": [{"key": k, "value": {"stringValue": v}} for k, v in e.data]}}),
    "fortisiem.log": lines(lambda e: f'<13>{e.f("%Y-%m-%dT%H:%M:%SZ")} {e.computer} 10.0.0.9 AccelOps-WUA-WinLog-Security ' + " ".join(f'[{k}]="{v}"' for k, v in {
        "monitorStatus": "Success", "Locale": "en-US", "eventName": SECURITY, "eventSource": SECURITY, "eventId": e.id, "eventType": "Audit Success", "computer": e.computer,
        "eventTime": e.f("%b %d %Y %H:%M:%S"), "msg": one_line(e)}.items())),
    # What schemas, agents and relays make of names, bytes and lines.
    "otlp-protobuf-names.ndjson": lines(lambda e: with_protobuf_names(otlp(e, any_value(otel_body(e))))),
    "sentinelone.ndjson": lines(sentinel_one),
    "telegraf.ndjson": lines(telegraf),
    "telegraf-influx.log": lines(influx),
    "sentinel-raw-event-data.ndjson": lines(lambda e: {**windows_event(e, None), "RawEventData": "<EventData>" + "".join(f'<Data Name="{n}">{escape(v)}</Data>' for n, v in e.data) + "</EventData>"}),
    "cef-extensions.ndjson": lines(lambda e: {"TimeGenerated": e.f("%Y-%m-%dT%H:%M:59Z"), "DeviceVendor": "Microsoft", "DeviceProduct": "Microsoft Windows", "DeviceEventClassID": f"{SECURITY}:{e.id}",
                                              "Computer": "collector", "DeviceName": e.computer, "ReceiptTime": str(e.ms), "AdditionalExtensions": ";".join(f"ad.{k}={v}" for k, v in e.data)}),
    "kibana-alert.ndjson": lines(lambda e: {"_source": {"@timestamp": e.f("%Y-%m-%dT%H:%M:59.000Z"), "kibana.alert.original_time": e.iso, "kibana.alert.rule.name": "x", "event": {"code": str(e.id)}, "winlog": e.winlog()}}),
    "xml-beside-text.ndjson": lines(lambda e: {"@timestamp": e.iso, "host": {"name": "wec01"}, "message": e.text, "winlog": {"event_id": e.id, "channel": "Security"}, "event": {"code": str(e.id), "original": e.xml()}}),
    "cloudwatch-gzip.ndjson": lines(lambda e: {"awslogs": {"data": gzipped(cloudwatch(e, e.xml()))}}),
    "kinesis-gzip.ndjson": lines(lambda e: {"Records": [{"kinesis": {"data": gzipped(cloudwatch(e, e.xml()))}}]}),
    "schema-registry.ndjson": lines(lambda e: "\0\0\0\0{" + nested(flat(e))),
    "syslog-5424-bom.log": lines(lambda e: f'<14>1 {e.iso} relay app 700 - [x@14506 a="b"] \ufeff' + nested(flat(e))),
    "syslog-octal-xml.log": lines(lambda e: f"<134>{e.f('%b %d %H:%M:%S')} relay winevt: " + e.xml().replace("\n", "#012").replace("\t", "#011")),
    "esql.ndjson": lines(lambda e: {"columns": [{"name": k, "type": "keyword"} for k in beat_columns(e)], "values": [list(beat_columns(e).values())]}),
    "opensearch-sql.ndjson": lines(lambda e: {"schema": [{"name": k, "type": "text"} for k in flat(e)], "datarows": [list(flat(e).values())], "total": 1, "size": 1, "status": 200}),
    "dynatrace.ndjson": lines(lambda e: {"timestamp": e.ms, "content": e.text, "log.source": "Windows Security Log", "host.name": e.computer, "winlog.eventid": str(e.id), "winlog.provider": SECURITY}),
    "protobuf-struct.ndjson": lines(lambda e: {"payload": {"fields": {k: {"numberValue" if isinstance(v, int) else "stringValue": v} for k, v in flat(e).items()}}}),
    "fluentd2-description.ndjson": lines(described),
    "texts-of-xml.ndjson": lines(lambda e: nested(e.xml())),
    "lines-in-string.json": nested("\n".join(nested(flat(e)) for e in EVENTS)),
    "format-list.txt": "".join(map(format_list, EVENTS)),
    "otel-parse-xml.ndjson": lines(lambda e: {"body": tree(e, lambda tag, attributes, text, inside: {"tag": tag, "attributes": attributes, "content": text, "children": inside})}),
    "xml-js-elements.ndjson": lines(lambda e: {"elements": [tree(e, lambda tag, attributes, text, inside: {
        "type": "element", "name": tag, "attributes": attributes, "elements": inside + ([{"type": "text", "text": text}] if text else [])})]}),
    "indexed-members.ndjson": lines(lambda e: {**{"Event.System." + k: v for k, v in system_members(e).items()}, **{
        f"Event.EventData.Data[{i}].{key}": v for i, pair in enumerate(e.data) for key, v in zip(("Name", "#text"), pair)}}),
    # Mapped.
    "ocsf.ndjson": lines(ocsf),
    "ocsf-raw.ndjson": lines(lambda e: {**ocsf(e), "raw_data": e.xml()}),
}

for name, text in FILES.items():
    (OUT / name).write_text(text)
(OUT.parent / "chainsaw-dump.yaml").write_text("".join("---\n" + yaml(evtx(e)) for e in EVENTS))
print(len(FILES), "layouts")
