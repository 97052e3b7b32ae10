//! The source records: certificates of a few accounts, logons with them, and records without interest in between; in other runs
//! the recordings of attacks of all detections.

use crate::common::project;
use crate::simulation::random::Random;
use adcs_watch::event::account::Account;
use adcs_watch::event::host::Host;
use adcs_watch::event::san::San;
use adcs_watch::event::serial::Serial;
use adcs_watch::event::time::{Span, Time};
use adcs_watch::event::{Activity, CertificateLogon, CertificateRequest, Event, IssuedCertificate, Origin};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The lines of all recordings of attacks, by their time, as one stream: an estate in which everything happens.
pub(crate) fn recordings() -> &'static [Vec<u8>] {
    static LINES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    LINES.get_or_init(|| {
        let folders = |of: &Path| {
            let mut found: Vec<PathBuf> = fs::read_dir(of)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_dir())
                .collect();
            found.sort();
            found
        };
        let recordings =
            folders(&project("tests/detections")).into_iter().flat_map(|detection| folders(&detection));
        let attacks =
            recordings.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("fires_"));
        let texts = attacks.filter_map(|path| fs::read_to_string(path.join("events.ndjson")).ok());
        let mut lines: Vec<String> =
            texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        lines.sort_by_key(|line| time(line));
        lines.into_iter().map(String::into_bytes).collect()
    })
}

/// When the event of a line happened, as ISO 8601.
fn time(line: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    let time = event.get("@timestamp").or_else(|| event.get("time"));
    time.and_then(|time| time.as_str()).unwrap().to_owned()
}

const ACCOUNTS: [&str; 5] = ["alice", "bob", "carol", "WKS-1$", "administrator"];
pub(crate) const START: Time = Time::from_millis(1_772_442_000_000);

/// The value of one source record; none for a tombstone.
pub(crate) fn record(random: &mut Random, number: u64) -> Option<Vec<u8>> {
    match random.below(12) {
        0 => None,
        1 => Some(b"{\"EventID\": 4624}".to_vec()),
        2 => Some(b"{\"EventID\": 4887, \"broken".to_vec()),
        _ => Some(serde_json::to_vec(&event(random, number)).unwrap()),
    }
}

fn event(random: &mut Random, number: u64) -> Event {
    let time = START.plus(Span::seconds(number as i64 * 40 + random.below(120) as i64));
    let who = format!("CORP\\{}", ACCOUNTS[random.below(ACCOUNTS.len())]);
    let whose = format!("{}@corp.example", ACCOUNTS[random.below(ACCOUNTS.len())]);
    let id = random.below(25) as u32 + 1;
    let serial = Serial::parse(&format!("5c00aa{id:08x}"));
    let (computer, activity) = if random.below(3) > 0 {
        let request = CertificateRequest {
            request_id: id,
            requester: Account::parse(&who),
            names: vec![San::Upn(whose)],
            ..CertificateRequest::default()
        };
        let issued = IssuedCertificate { request, serial, subject: String::new() };
        (format!("ca0{}.corp.example", random.below(2)), Activity::CertificateIssued(issued))
    } else {
        let logon = CertificateLogon {
            account: Account::parse(&whose),
            serial: serial.unwrap(),
            issuer: "CORP-CA01".to_owned(),
            ..CertificateLogon::default()
        };
        ("dc01.corp.example".to_owned(), Activity::CertificateLogon(logon))
    };
    let origin = Origin { channel: "Security".to_owned(), record_id: Some(number), ..Origin::default() };
    Event { time, computer: Host::new(&computer), origin, activity }
}
