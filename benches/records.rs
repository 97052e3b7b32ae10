//! Winlogbeat records of about 900 bytes, of 100,000 accounts.

use std::fmt::Write;

const ACCOUNTS: u32 = 100_000;

/// The `n`th record, twenty a second from a fixed day on.
pub(crate) fn record(n: u32, relevant: bool) -> String {
    let (second, milli) = (n / 20, n % 20 * 50);
    let time = format!(
        "2026-03-02T{:02}:{:02}:{:02}.{milli:03}Z",
        second / 3600 % 24,
        second / 60 % 60,
        second % 60
    );
    record_at(n, relevant, &time)
}

/// The `n`th record at that time: an issued certificate or a logon with one when it is relevant, else an ordinary logon.
pub(crate) fn record_at(n: u32, relevant: bool, time: &str) -> String {
    let (id, task, data) = if !relevant {
        let data = format!(
            "\"LogonType\":\"3\",\"SubjectDomainName\":\"-\",\"TargetUserName\":\"user{:05}\",\"TargetDomainName\":\"CORP\",\
             \"WorkstationName\":\"WKS-{:03}\",\"IpAddress\":\"10.20.30.{}\"",
            n % ACCOUNTS,
            n % 900,
            n % 250
        );
        (4624, "Logon", data)
    } else if n.is_multiple_of(3) {
        let data = format!(
            "\"TargetUserName\":\"user{:05}\",\"TargetDomainName\":\"CORP.EXAMPLE\",\"ServiceName\":\"krbtgt\",\"Status\":\"0x0\",\
             \"PreAuthType\":\"16\",\"IpAddress\":\"::ffff:10.20.30.66\",\"CertIssuerName\":\"CORP-CA01\",\
             \"CertSerialNumber\":\"5C000000A1B2C3D4E5F67700000000{n:08X}\"",
            n % ACCOUNTS
        );
        (4768, "Kerberos Authentication Service", data)
    } else {
        let user = n * 7919 % ACCOUNTS;
        let data = format!(
            "\"Attributes\":\"CertificateTemplate:User\\nccm:wks-114.corp.example\",\"CertificateTemplate\":\"User\",\
             \"RequestId\":\"{n}\",\"Requester\":\"CORP\\\\user{user:05}\",\"SerialNumber\":\"5c000000a1b2c3d4e5f67700000000{n:08x}\",\
             \"SubjectAlternativeName\":\"Other Name: Principal Name=user{user:05}@corp.example\",\"Subject\":\"CN=user{user:05}\""
        );
        (4887, "Certification Services", data)
    };
    let mut text = String::new();
    write!(
        text,
        "{{\"@timestamp\":\"{time}\",\"host\":{{\"name\":\"ca01.corp.example\"}},\"winlog\":{{\"record_id\":{},\
         \"task\":\"{task}\",\"event_data\":{{{data}}},\"computer_name\":\"ca01.corp.example\",\"opcode\":\"Info\",\"version\":1,\
         \"process\":{{\"pid\":668,\"thread\":{{\"id\":716}}}},\"provider_name\":\"Microsoft-Windows-Security-Auditing\",\
         \"api\":\"wineventlog\",\"channel\":\"Security\",\"event_id\":\"{id}\",\"keywords\":[\"Audit Success\"],\
         \"provider_guid\":\"{{54849625-5478-4994-a5ba-3e3b0328c30d}}\"}},\"event\":{{\"kind\":\"event\",\"action\":\"{task}\",\
         \"created\":\"2026-03-02T09:00:02.120Z\",\"code\":\"{id}\",\"provider\":\"Microsoft-Windows-Security-Auditing\",\
         \"outcome\":\"success\"}},\"log\":{{\"level\":\"information\"}},\"ecs\":{{\"version\":\"8.0.0\"}},\"agent\":{{\"version\":\"8.19.12\",\
         \"id\":\"1751edc0-760c-4637-bf88-257c35b4f211\",\"name\":\"CA01\",\"type\":\"winlogbeat\"}}}}",
        700_000_000 + n
    )
    .unwrap();
    text
}
