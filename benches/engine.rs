//! The engine alone: decoded events in, alerts out. One update is one event applied by one detection.
//!
//! `cargo bench --bench engine`. The figures stand in benches/README.md.
#![allow(clippy::print_stdout, reason = "a program that measures and prints")]

use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::account::Account;
use adcs_watch::event::host::Host;
use adcs_watch::event::san::San;
use adcs_watch::event::serial::Serial;
use adcs_watch::event::time::{Span, Time};
use adcs_watch::event::{Activity, CertificateLogon, CertificateRequest, Event, IssuedCertificate, Origin};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNTS: u32 = 100_000;
const EVENTS: u32 = 200_000;

/// Ordinary issuance: every account in turn gets a certificate of its own, every third is used at once.
fn issuance() -> Vec<Event> {
    let start = Time::from_millis(1_772_442_000_000);
    let computer = Host::new("ca01.corp.example");
    let one = |n: u32| {
        let name = format!("user{:05}", n * 7919 % ACCOUNTS);
        let serial = Serial::parse(&format!("5c000000a1b2c3d4e5f67700000000{n:08x}"));
        let activity = if n.is_multiple_of(3) {
            Activity::CertificateLogon(CertificateLogon {
                account: Account::new("CORP.EXAMPLE", &name),
                serial: serial.clone().unwrap_or_default(),
                issuer: "CORP-CA01".to_owned(),
                ..CertificateLogon::default()
            })
        } else {
            let request = CertificateRequest {
                request_id: n,
                requester: Account::new("CORP", &name),
                template: Some("User".to_owned()),
                names: vec![San::Upn(format!("{name}@corp.example"))],
                client: Some(Host::new("wks-114.corp.example")),
                ..CertificateRequest::default()
            };
            Activity::CertificateIssued(IssuedCertificate { request, serial, subject: String::new() })
        };
        let origin = Origin {
            source: "winlogbeat-security".to_owned(),
            partition: Some(3),
            offset: u64::from(n),
            channel: "Security".to_owned(),
            event_id: Some(4887),
            record_id: Some(u64::from(n)),
            ..Origin::default()
        };
        Event {
            time: start.plus(Span::millis(i64::from(n) * 40)),
            computer: computer.clone(),
            origin,
            activity,
        }
    };
    (1..=EVENTS).map(one).collect()
}

fn engine(c: &mut Criterion) {
    let events = issuance();
    let mut probe = Engine::new(Policy::default());
    let updates: u64 = events.iter().map(|event| u64::from(probe.on_event(event).concerned)).sum();
    let size = probe.size();
    println!("{updates} updates of {EVENTS} events; {} records of {} bytes", size.records, size.bytes);
    let mut group = c.benchmark_group("engine");
    group.sample_size(10);
    group.throughput(Throughput::Elements(updates));
    group.bench_function("ordinary issuance and use, updates", |b| {
        b.iter(|| {
            let mut engine = Engine::new(Policy::default());
            events.iter().map(|event| engine.on_event(black_box(event)).alerts.len()).sum::<usize>()
        });
    });
    group.throughput(Throughput::Elements(size.records as u64));
    group.bench_function("digest, records", |b| b.iter(|| black_box(&probe).digest()));
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
