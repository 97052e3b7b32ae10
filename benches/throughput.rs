//! The whole pure path in CPU time: prefilter → decode → engine on Winlogbeat JSON of about 900 bytes.
//!
//! `cargo bench --bench throughput`; `-- memory`, `-- controller`, `-- account` or `-- path` runs one part alone. CPU seconds of this
//! one thread, which a busy machine inflates far less than wall time; Linux only, because it reads /proc. The figures stand in
//! benches/README.md.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures and prints"
)]

mod records;

use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::detect::catalogue;
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use records::{Workload, record_at};
use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU64, Ordering};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The program's allocator, with a count of its allocations.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe; it hands on what it is asked for")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { mimalloc::MiMalloc.alloc(layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { mimalloc::MiMalloc.realloc(memory, layout, size) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { mimalloc::MiMalloc.dealloc(memory, layout) }
    }
}

const RECORDS: u32 = 200_000;
const ROUNDS: usize = 5;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    if wants("memory") {
        remembered();
    }
    if wants("controller") {
        domain_controller();
    }
    if wants("account") {
        hot_account();
    }
    if wants("path") {
        path();
    }
}

/// What a record costs on the whole path, by workload.
fn path() {
    let skewed = |mismatches| Workload { skewed: true, mismatches };
    for (workload, name, percent) in [
        (Workload::UNIFORM, "uniform accounts", 0),
        (Workload::UNIFORM, "uniform accounts", 1),
        (Workload::UNIFORM, "uniform accounts", 20),
        (Workload::UNIFORM, "uniform accounts", 100),
        (skewed(10), "skewed accounts, 0.1 % of issued certificates in another's name", 20),
        (skewed(500), "skewed accounts, 5 % of issued certificates in another's name", 20),
    ] {
        let records: Vec<String> = (0..RECORDS).map(|n| workload.record(n, n % 100 < percent)).collect();
        let bytes: usize = records.iter().map(String::len).sum();
        println!("{percent:3} % relevant, {name}, {} bytes a record", bytes / records.len());
        let prefilter = Prefilter::new();
        let decoder = Decoder::default();
        report("prefilter", RECORDS, || {
            records.iter().filter(|r| prefilter.may_matter(r.as_bytes())).count()
        });
        report("prefilter, decode", RECORDS, || events(&prefilter, &decoder, &records).len());
        with_engine(&records, "prefilter, decode, engine", &Policy::default());
        with_engine(&records, "the same with the seeds alone", &seeds_alone());
        let decoded = events(&prefilter, &decoder, &records);
        let allocations = ALLOCATIONS.load(Ordering::Relaxed);
        drop(events(&prefilter, &decoder, &records));
        let decoding = ALLOCATIONS.load(Ordering::Relaxed) - allocations;
        let mut updates = 0;
        let mut engine = Engine::new(Policy::default());
        let allocations = ALLOCATIONS.load(Ordering::Relaxed);
        decoded.iter().for_each(|event| updates += engine.on_event(event).concerned);
        let detecting = ALLOCATIONS.load(Ordering::Relaxed) - allocations;
        let per_event = |count: u64| count as f64 / decoded.len().max(1) as f64;
        println!(
            "    allocations an event: {:.1} to decode it, {:.1} to detect",
            per_event(decoding),
            per_event(detecting)
        );
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

/// What the records of a domain controller cost. Nearly all of them are discarded before they are parsed.
fn domain_controller() {
    let records: Vec<String> = (0..RECORDS).map(records::of_domain_controller).collect();
    let (prefilter, decoder) = (Prefilter::new(), Decoder::default());
    let passed = records.iter().filter(|record| prefilter.may_matter(record.as_bytes())).count();
    let decoded = events(&prefilter, &decoder, &records).len();
    println!("a domain controller: of {RECORDS} records {passed} pass, {decoded} are events");
    report("prefilter", RECORDS, || records.iter().filter(|r| prefilter.may_matter(r.as_bytes())).count());
    with_engine(&records, "prefilter, decode, engine", &Policy::default());
    with_engine(&records, "the same with the seeds alone", &seeds_alone());
}

fn with_engine(records: &[String], what: &str, policy: &Policy) {
    let (prefilter, decoder) = (Prefilter::new(), Decoder::default());
    report(what, RECORDS, || {
        let mut engine = Engine::new(policy.clone());
        events_into(&prefilter, &decoder, records, &mut |event| drop(engine.on_event(event)));
        engine.size().records
    });
}

/// The policy with which only the two seed detections run.
fn seeds_alone() -> Policy {
    let others = catalogue::all().into_iter().map(|about| about.id.replace('-', "_"));
    let others = others.filter(|id| !["san_mismatch", "certlog_remote_write"].contains(&id.as_str()));
    let off = others.map(|id| (id, serde_json::json!({"enabled": false})));
    serde_json::from_value(off.collect::<serde_json::Map<_, _>>().into()).unwrap()
}

/// What an event costs when its account was issued that many certificates within the window: it must not grow. The engine remembers
/// as many certificates each time, of many accounts or of one.
fn hot_account() {
    const CERTIFICATES: u32 = 100_000;
    for each in [10, 1_000, CERTIFICATES] {
        // All within 50 minutes.
        let at = |n: u32| {
            let milli = n * (3_000_000 / CERTIFICATES);
            format!("2026-03-02T09:{:02}:{:02}.{:03}Z", milli / 60_000, milli / 1000 % 60, milli % 1000)
        };
        let of = |n: u32| of_requester(n / each, &record_at(n * 3 + 1, true, &at(n)));
        let records: Vec<String> = (0..CERTIFICATES).map(of).collect();
        let decoded = events(&Prefilter::new(), &Decoder::default(), &records);
        let (head, tail) = decoded.split_at(decoded.len() / 2);
        let mut engine = Engine::new(Policy::default());
        head.iter().for_each(|event| drop(engine.on_event(event)));
        let before = cpu_seconds();
        tail.iter().for_each(|event| drop(engine.on_event(event)));
        let micros = (cpu_seconds() - before) / tail.len() as f64 * 1e6;
        println!("accounts with {each:6} certificates each: {micros:8.2} µs an event");
    }
}

/// The same record of another account.
fn of_requester(account: u32, record: &str) -> String {
    let mut text = record.to_owned();
    for mark in ["\\\\user", "Name=user"] {
        if let Some(at) = text.find(mark) {
            let digits = at + mark.len()..at + mark.len() + 5;
            text.replace_range(digits, &format!("{account:05}"));
        }
    }
    text
}

/// What a million certificates of 100,000 accounts cost in memory, with all that the store adds: issued within 100 days, so that
/// what is kept for a shorter time has expired.
fn remembered() {
    const CERTIFICATES: u32 = 1_000_000;
    let begin: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut engine = Engine::new(Policy::default());
    let (prefilter, decoder) = (Prefilter::new(), Decoder::default());
    let before = resident_bytes();
    for n in 0..CERTIFICATES {
        let time = begin + jiff::SignedDuration::from_millis(i64::from(n) * 8_640);
        // Two in three records of the workload are certificates.
        let issued = record_at(n / 2 * 3 + 1 + n % 2, true, &time.to_string());
        events_into(&prefilter, &decoder, &[issued], &mut |event| drop(engine.on_event(event)));
    }
    let (size, grown) = (engine.size(), resident_bytes() - before);
    println!(
        "1 M certificates in 100 days: {} records of {} bytes; {} bytes of memory a certificate",
        size.records,
        size.bytes / size.records,
        grown / CERTIFICATES as usize
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
    println!("    {what:30} {each:7.3} µs each, {per_second:6.2} M a CPU second");
}

/// The first field of /proc/self/schedstat: nanoseconds this thread has been on a CPU.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
