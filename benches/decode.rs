//! What one record costs: the prefilter when it throws away and when it keeps, and decoding per format.
//!
//! The records are those of `tests/formats`; where 4887 matters, it is the one with a name asked for in the attributes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros document nothing, and a benchmark may panic"
)]

use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::{Decoder, Place};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::Path;

/// The line of the story that is 4887 with a name in its attributes.
const ISSUED: usize = 7;

const FORMATS: [&str; 7] =
    ["winlogbeat8", "evtx-dump", "nxlog", "fluent-bit", "sentinel-securityevent", "cribl", "xml-in-json"];

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(name)).unwrap()
}

fn issued(format: &str) -> String {
    file(&format!("{format}.ndjson")).lines().nth(ISSUED).unwrap().to_owned()
}

/// An event in the middle of the XML story.
fn issued_xml() -> String {
    let story = file("windows-events.xml");
    let event = story.split("<Event ").nth(ISSUED + 1).unwrap();
    format!("<Event {}", event.trim_end())
}

/// A logon of some 900 bytes: what most records are.
fn logon() -> String {
    let mut record: serde_json::Value = serde_json::from_str(&issued("winlogbeat8")).unwrap();
    record["winlog"]["event_id"] = "4624".into();
    record["event"]["code"] = "4624".into();
    record["message"] = "An account was successfully logged on.".into();
    record["winlog"]["event_data"] = serde_json::json!({"LogonType": "3", "TargetUserName": "alice.smith", "TargetDomainName": "CORP",
        "IpAddress": "10.20.30.114", "LogonProcessName": "Kerberos", "TargetLogonId": "0x31aa17"});
    record.to_string()
}

fn decode(decoder: &Decoder, place: &Place, record: &str) {
    decoder.decode(black_box(record.as_bytes()), place, &mut |outcome| {
        black_box(outcome).unwrap();
    });
}

fn prefilter(c: &mut Criterion) {
    let prefilter = Prefilter::new();
    let mut group = c.benchmark_group("prefilter");
    for (name, record) in [
        ("miss", logon()),
        ("hit", issued("winlogbeat8")),
        ("miss xml", issued_xml().replace("4887", "4624")),
    ] {
        group.throughput(Throughput::Bytes(record.len() as u64));
        group.bench_function(name, |b| b.iter(|| prefilter.may_matter(black_box(record.as_bytes()))));
    }
}

fn per_format(c: &mut Criterion) {
    let (decoder, place) =
        (Decoder::default(), Place { source: "windows-events".into(), ..Place::default() });
    let mut group = c.benchmark_group("decode 4887");
    for format in FORMATS {
        let record = issued(format);
        group.throughput(Throughput::Bytes(record.len() as u64));
        group.bench_function(format, |b| b.iter(|| decode(&decoder, &place, &record)));
    }
    let record = issued_xml();
    group.throughput(Throughput::Bytes(record.len() as u64));
    group.bench_function("xml", |b| b.iter(|| decode(&decoder, &place, &record)));
    let record = logon();
    group.throughput(Throughput::Bytes(record.len() as u64));
    group.bench_function("winlogbeat8, not of interest", |b| b.iter(|| decode(&decoder, &place, &record)));
}

/// Prefilter and decoder together, over a thousand records of which so many matter.
fn mixture(c: &mut Criterion) {
    let (prefilter, decoder, place) = (Prefilter::new(), Decoder::default(), Place::default());
    let mut group = c.benchmark_group("prefilter and decode");
    group.throughput(Throughput::Elements(1000));
    for percent in [1, 20] {
        let records = || (0..1000).map(|i| if i % 100 < percent { issued("winlogbeat8") } else { logon() });
        let records: Vec<String> = records().collect();
        group.bench_function(format!("{percent} % matter"), |b| {
            b.iter_batched(
                || &records,
                |records| {
                    records
                        .iter()
                        .filter(|record| prefilter.may_matter(record.as_bytes()))
                        .for_each(|record| decode(&decoder, &place, record));
                },
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, prefilter, per_format, mixture);
criterion_main!(benches);
