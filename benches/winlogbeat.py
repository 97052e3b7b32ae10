#!/usr/bin/env python3
"""Writes COUNT Winlogbeat records to standard output, one percent of them issued certificates (4887), newest first.

    benches/winlogbeat.py 10000000 | /usr/bin/time -v adcs-watch replay -

The rest are logons (4624), as a domain controller writes them most.
"""

import sys
from datetime import datetime, timedelta

LOGON = (
    '{"@timestamp":"%s","message":"An account was successfully logged on.\\n\\nSubject:\\n\\tSecurity ID:\\t\\tS-1-0-0",'
    '"winlog":{"record_id":%d,"task":"Logon","event_data":{"TargetUserName":"user%d","TargetDomainName":"CORP",'
    '"LogonType":"3","LogonProcessName":"Kerberos","AuthenticationPackageName":"Kerberos","IpAddress":"10.1.%d.%d",'
    '"TargetUserSid":"S-1-5-21-1004336348-1177238915-682003330-%d","LogonGuid":"{00000000-0000-0000-0000-000000000000}",'
    '"TargetLogonId":"0x3e7","KeyLength":"0","ProcessName":"-","SubjectLogonId":"0x0","IpPort":"49152"},'
    '"computer_name":"dc01.corp.example","opcode":"Info","version":2,"process":{"pid":668,"thread":{"id":716}},'
    '"provider_name":"Microsoft-Windows-Security-Auditing","api":"wineventlog","channel":"Security","event_id":"4624",'
    '"keywords":["Audit Success"],"provider_guid":"{54849625-5478-4994-a5ba-3e3b0328c30d}"},'
    '"event":{"kind":"event","action":"Logon","code":"4624","provider":"Microsoft-Windows-Security-Auditing",'
    '"outcome":"success"},"host":{"name":"dc01.corp.example"},"log":{"level":"information"},'
    '"ecs":{"version":"8.0.0"},"agent":{"version":"8.19.12","name":"DC01","type":"winlogbeat"}}\n'
)
ISSUED = (
    '{"@timestamp":"%s","message":"Certificate Services approved a certificate request and issued a certificate.",'
    '"winlog":{"record_id":%d,"task":"Certification Services","event_data":{"RequestId":"%d","Requester":"CORP\\\\user%d",'
    '"Attributes":"CertificateTemplate:User\\nccm:wks-114.corp.example","Disposition":"3",'
    '"SubjectKeyIdentifier":"99 a4 af ba c5 d0 db e6 f1 fc 07 12 1d 28 33 3e 49 54 5f 6a","Subject":"CN=user%d",'
    '"SubjectAlternativeName":"Other Name: Principal Name=user%d@corp.example","CertificateTemplate":"User",'
    '"SerialNumber":"5c000000a1b2c3d4e5f67700000000%08x","AuthenticationService":"Kerberos",'
    '"AuthenticationLevel":"Privacy","DCOMorRPC":"DCOM"},"computer_name":"ca01.corp.example","opcode":"Info",'
    '"version":1,"process":{"pid":668,"thread":{"id":716}},"provider_name":"Microsoft-Windows-Security-Auditing",'
    '"api":"wineventlog","channel":"Security","event_id":"4887","keywords":["Audit Success"],'
    '"provider_guid":"{54849625-5478-4994-a5ba-3e3b0328c30d}"},"event":{"kind":"event",'
    '"action":"Certification Services","code":"4887","provider":"Microsoft-Windows-Security-Auditing",'
    '"outcome":"success"},"host":{"name":"ca01.corp.example"},"log":{"level":"information"},'
    '"ecs":{"version":"8.0.0"},"agent":{"version":"8.19.12","name":"CA01","type":"winlogbeat"}}\n'
)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    newest = datetime(2026, 3, 2, 9)
    out = sys.stdout
    for block in range(0, count, 100):
        time = (newest - timedelta(seconds=block // 100)).isoformat() + ".120Z"
        user = block // 100 % 50_000
        lines = [LOGON % (time, block + n, user, n, block % 251, 1000 + user) for n in range(99)]
        # One in a thousand names somebody else.
        other = user + 1 if block % 100_000 == 0 else user
        request = block // 100 + 1
        lines.append(ISSUED % (time, block + 99, request, user, user, other, request))
        out.write("".join(lines))


if __name__ == "__main__":
    main()
