//! Winlogbeat records of about 900 bytes, of 100,000 accounts.

use std::fmt::Write;
use std::sync::OnceLock;

const ACCOUNTS: u32 = 100_000;
/// The exponent of the skewed workload: the busiest account requests 4.5 % of all certificates, as an enrollment agent does.
const ZIPF: f64 = 0.9;

/// Who requests certificates, and for whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    /// Accounts by Zipf's law instead of uniformly.
    pub(crate) skewed: bool,
    /// How many of 10,000 issued certificates name another account, and so raise an alert.
    pub(crate) mismatches: u32,
}

impl Workload {
    /// Every account as often as every other one, each for itself.
    pub(crate) const UNIFORM: Workload = Workload { skewed: false, mismatches: 0 };

    fn requester(self, n: u32) -> u32 {
        if self.skewed { zipf(n) } else { n.wrapping_mul(7919) % ACCOUNTS }
    }

    fn is_mismatch(self, n: u32) -> bool {
        mix(u64::from(n) ^ 0x5eed) % 10_000 < u64::from(self.mismatches)
    }

    /// The `n`th record, twenty a second from a fixed day on.
    pub(crate) fn record(self, n: u32, relevant: bool) -> String {
        let record = record_of(self.requester(n), n, relevant, &time(n));
        if self.is_mismatch(n) {
            return record.replace("Principal Name=user", "Principal Name=other");
        }
        record
    }
}

/// A draw from Zipf's law over the accounts; the same for the same `n`.
fn zipf(n: u32) -> u32 {
    static SUMS: OnceLock<Vec<f64>> = OnceLock::new();
    let sums = SUMS.get_or_init(|| {
        let mut sum = 0.0;
        (1..=ACCOUNTS)
            .map(|rank| {
                sum += f64::from(rank).powf(-ZIPF);
                sum
            })
            .collect()
    });
    let draw =
        (mix(u64::from(n)) >> 11) as f64 / (1_u64 << 53) as f64 * sums.last().copied().unwrap_or_default();
    sums.partition_point(|sum| *sum <= draw).min(ACCOUNTS as usize - 1) as u32
}

/// The finalizer of SplitMix64.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn time(n: u32) -> String {
    let (second, milli) = (n / 20, n % 20 * 50);
    format!("2026-03-02T{:02}:{:02}:{:02}.{milli:03}Z", second / 3600 % 24, second / 60 % 60, second % 60)
}

/// The `n`th record of the uniform workload at that time.
pub(crate) fn record_at(n: u32, relevant: bool, time: &str) -> String {
    record_of(Workload::UNIFORM.requester(n), n, relevant, time)
}

/// An issued certificate or a logon with one when it is relevant, else an ordinary logon.
fn record_of(user: u32, n: u32, relevant: bool, time: &str) -> String {
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
             \"CertSerialNumber\":\"5C{n:08X}A1B2C3D4E5F677000000{n:08X}\"",
            n % ACCOUNTS
        );
        (4768, "Kerberos Authentication Service", data)
    } else {
        let data = format!(
            "\"Attributes\":\"CertificateTemplate:User\\nccm:wks-114.corp.example\",\"CertificateTemplate\":\"User\",\
             \"RequestId\":\"{n}\",\"Requester\":\"CORP\\\\user{user:05}\",\"SerialNumber\":\"5c{n:08x}a1b2c3d4e5f677000000{n:08x}\",\
             \"SubjectAlternativeName\":\"Other Name: Principal Name=user{user:05}@corp.example\",\"Subject\":\"CN=user{user:05}\""
        );
        (4887, "Certification Services", data)
    };
    wrapped(n, id, task, &data, time)
}

/// The `n`th record of a domain controller's day, by what such a log consists of: 60 % logons over the network, 28 % service
/// tickets, 8 % logoffs, 3.5 % tickets by password, 0.3 % by certificate, 0.1 % refused, and changes of accounts.
pub(crate) fn of_domain_controller(n: u32) -> String {
    let user = mix(u64::from(n)) as u32 % ACCOUNTS;
    let account = format!("\"TargetUserName\":\"user{user:05}\",\"TargetDomainName\":\"CORP.EXAMPLE\"");
    let ticket = "\"ServiceName\":\"krbtgt\",\"Status\":\"0x0\",\"TicketOptions\":\"0x40810010\"";
    let (id, task, data) = match n % 1000 {
        0..600 => return record_of(user, n, false, &time(n)),
        600..880 => {
            let more = "\"ServiceName\":\"FS01$\",\"TicketOptions\":\"0x40810000\",\"Status\":\"0x0\"";
            let more = format!("{more},\"IpAddress\":\"::ffff:10.20.30.{}\"", n % 250);
            (4769, "Kerberos Service Ticket Operations", format!("{account},{more}"))
        }
        880..960 => (4634, "Logoff", format!("{account},\"LogonType\":\"3\"")),
        960..995 => {
            (4768, "Kerberos Authentication Service", format!("{account},{ticket},\"PreAuthType\":\"2\""))
        }
        995..998 => {
            let certificate = format!(
                "\"PreAuthType\":\"16\",\"IpAddress\":\"::ffff:10.20.30.66\",\"CertIssuerName\":\"CORP-CA01\",\
                 \"CertSerialNumber\":\"5C{n:08X}A1B2C3D4E5F677000000{n:08X}\""
            );
            (4768, "Kerberos Authentication Service", format!("{account},{ticket},{certificate}"))
        }
        998 => (
            4771,
            "Kerberos Authentication Service",
            format!("{account},\"Status\":\"0x18\",\"PreAuthType\":\"2\""),
        ),
        _ => {
            let actor = "\"SubjectUserName\":\"helpdesk\",\"SubjectDomainName\":\"CORP\",\"SubjectUserSid\":\"S-1-5-21-1-2-3-1200\"";
            let changed =
                "\"TargetSid\":\"S-1-5-21-1-2-3-4\",\"DisplayName\":\"User\",\"UserPrincipalName\":\"-\"";
            (4738, "User Account Management", format!("{account},{actor},{changed}"))
        }
    };
    wrapped(n, id, task, &data, &time(n))
}

/// The fields of an event as Winlogbeat writes them.
fn wrapped(n: u32, id: u32, task: &str, data: &str, time: &str) -> String {
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
