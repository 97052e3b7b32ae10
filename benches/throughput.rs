//! The whole pure path in CPU time: prefilter → decode → engine on Winlogbeat JSON of about 900 bytes.
//!
//! `cargo bench --bench throughput`. CPU seconds of this one thread, which a busy machine inflates far less than wall time;
//! Linux only, because it reads /proc. The figures stand in benches/README.md.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures and prints"
)]

use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use std::fmt::Write;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORDS: u32 = 200_000;
const ACCOUNTS: u32 = 100_000;
const ROUNDS: usize = 5;

fn main() {
    remembered();
    for percent in [0, 1, 20, 100] {
        let records: Vec<String> = (0..RECORDS).map(|n| record(n, n % 100 < percent)).collect();
        let bytes: usize = records.iter().map(String::len).sum();
        println!("{percent:3} % relevant, {} bytes a record", bytes / records.len());
        let prefilter = Prefilter::new();
        let decoder = Decoder::default();
        report("prefilter", RECORDS, || {
            records.iter().filter(|r| prefilter.may_matter(r.as_bytes())).count()
        });
        report("prefilter, decode", RECORDS, || events(&prefilter, &decoder, &records).len());
        report("prefilter, decode, engine", RECORDS, || {
            let mut engine = Engine::new(Policy::default());
            events_into(&prefilter, &decoder, &records, &mut |event| drop(engine.on_event(event)));
            engine.size().records
        });
        let decoded = events(&prefilter, &decoder, &records);
        let mut updates = 0;
        let mut engine = Engine::new(Policy::default());
        decoded.iter().for_each(|event| updates += engine.on_event(event).concerned);
        if updates > 0 {
            let size = engine.size();
            println!("    state: {} records, {} bytes a record", size.records, size.bytes / size.records);
            report("engine, updates", updates, || {
                let mut engine = Engine::new(Policy::default());
                decoded.iter().for_each(|event| drop(engine.on_event(event)));
                engine.size().records
            });
        }
    }
}

/// What a million remembered certificates cost in memory, with all that the store adds to their records.
fn remembered() {
    let mut policy = Policy::default();
    policy.san_mismatch.enabled = false;
    policy.certlog_remote_write.enabled = false;
    let mut engine = Engine::new(policy);
    let (prefilter, decoder) = (Prefilter::new(), Decoder::default());
    let before = resident_bytes();
    let mut n = 0_u32;
    while engine.size().records < 1_000_000 {
        n += 1;
        if !n.is_multiple_of(3) {
            events_into(&prefilter, &decoder, &[record(n, true)], &mut |event| drop(engine.on_event(event)));
        }
    }
    let (size, grown) = (engine.size(), resident_bytes() - before);
    println!(
        "1 M certificates remembered: {} bytes a record, {} in memory",
        size.bytes / size.records,
        grown / size.records
    );
}

/// The second field of /proc/self/statm, in pages of 4 KiB.
fn resident_bytes() -> usize {
    let stat = std::fs::read_to_string("/proc/self/statm").unwrap();
    stat.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn events(prefilter: &Prefilter, decoder: &Decoder, records: &[String]) -> Vec<Event> {
    let mut events = Vec::new();
    events_into(prefilter, decoder, records, &mut |event| events.push(event.clone()));
    events
}

fn events_into(prefilter: &Prefilter, decoder: &Decoder, records: &[String], sink: &mut dyn FnMut(&Event)) {
    let mut place = Place { source: "winlogbeat".to_owned(), partition: Some(3), ..Place::default() };
    for record in records {
        place.offset += 1;
        if prefilter.may_matter(record.as_bytes()) {
            decoder.decode(record.as_bytes(), &place, &mut |decoded| {
                if let Ok(Decoded::Event(event)) = decoded {
                    sink(&event);
                }
            });
        }
    }
}

/// The best of some rounds: the one that was disturbed least. A round repeats what it measures until the kernel's account of
/// CPU time, which moves in ticks, is fine enough.
fn report(what: &str, count: u32, mut run: impl FnMut() -> usize) {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (before, mut spent, mut times) = (cpu_seconds(), 0.0, 0);
        while spent < 0.4 {
            std::hint::black_box(run());
            times += 1;
            spent = cpu_seconds() - before;
        }
        best = best.min(spent / f64::from(times));
    }
    let (each, per_second) = (best / f64::from(count) * 1e6, f64::from(count) / best / 1e6);
    println!("    {what:28} {each:7.3} µs each, {per_second:6.2} M a CPU second");
}

/// The first field of /proc/self/schedstat: nanoseconds this thread has been on a CPU.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn record(n: u32, relevant: bool) -> String {
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
    let (second, milli) = (n / 20, n % 20 * 50);
    write!(
        text,
        "{{\"@timestamp\":\"2026-03-02T{:02}:{:02}:{:02}.{milli:03}Z\",\"host\":{{\"name\":\"ca01.corp.example\"}},\"winlog\":{{\"record_id\":{},\
         \"task\":\"{task}\",\"event_data\":{{{data}}},\"computer_name\":\"ca01.corp.example\",\"opcode\":\"Info\",\"version\":1,\
         \"process\":{{\"pid\":668,\"thread\":{{\"id\":716}}}},\"provider_name\":\"Microsoft-Windows-Security-Auditing\",\
         \"api\":\"wineventlog\",\"channel\":\"Security\",\"event_id\":\"{id}\",\"keywords\":[\"Audit Success\"],\
         \"provider_guid\":\"{{54849625-5478-4994-a5ba-3e3b0328c30d}}\"}},\"event\":{{\"kind\":\"event\",\"action\":\"{task}\",\
         \"created\":\"2026-03-02T09:00:02.120Z\",\"code\":\"{id}\",\"provider\":\"Microsoft-Windows-Security-Auditing\",\
         \"outcome\":\"success\"}},\"log\":{{\"level\":\"information\"}},\"ecs\":{{\"version\":\"8.0.0\"}},\"agent\":{{\"version\":\"8.19.12\",\
         \"id\":\"1751edc0-760c-4637-bf88-257c35b4f211\",\"name\":\"CA01\",\"type\":\"winlogbeat\"}}}}",
        second / 3600 % 24, second / 60 % 60, second % 60, 700_000_000 + n
    )
    .unwrap();
    text
}
