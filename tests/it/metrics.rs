//! `docs/metrics.md` matches the definitions: `UPDATE=1 cargo test --test it metrics` rewrites it.

use crate::common::project;
use adcs_watch::decode::Format;
use adcs_watch::decode::rejection::Reason;
use adcs_watch::event::time::Time;
use adcs_watch::observe::metrics::{Definition, Metrics};
use adcs_watch::stage::router::tally::{Outcome, Tally};
use std::fs;

const HEADER: &str = "\
# Metrics

Generated from `src/observe/metrics/definitions.rs`: `UPDATE=1 cargo test --test it metrics` rewrites this file.

Units are base units; timestamps are seconds since 1970. Counters of seconds count whole seconds. A label is one of a
closed set, the number of a worker, a topic and partition that the process owns, a CA that the policy names under
`cas`, or the fingerprint of the policy. No label comes from an event. The series of a partition ends when the process
no longer owns it. Counters with a closed label set exist from the start at zero, so `increase()` misses nothing. Those
of source topics begin with their first count. A process with 48 partitions of each
stage has fewer than 2,000 series; a test holds that.

| Metric | Kind | Labels | Help |
|---|---|---|---|
";

#[test]
fn reference_matches_the_definitions() {
    let mut fresh = HEADER.to_owned();
    for Definition { name, kind, labels, help, .. } in Metrics::new().unwrap().definitions() {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        fresh.push_str(&format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(" ")));
    }
    let path = project("docs/metrics.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == fresh, "docs/metrics.md is stale: run `UPDATE=1 cargo test --test it metrics`");
}

/// The rules of Prometheus' linter that concern names.
#[test]
fn names_follow_the_conventions_of_prometheus() {
    for Definition { name, kind, help, .. } in Metrics::new().unwrap().definitions() {
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}");
        assert_eq!(name.ends_with("_total"), *kind == "counter", "{name} is a {kind}");
        assert!(!help.is_empty() && !help.ends_with('.'), "{name}: {help}");
        for unit in ["_ms", "_millis", "_minutes", "_days", "_kib", "_percent"] {
            assert!(!name.contains(unit), "{name} is not in a base unit");
        }
    }
}

fn lines(metrics: &Metrics) -> Vec<String> {
    metrics.text().lines().map(str::to_owned).collect()
}

#[test]
fn source_is_counted_by_format_and_outcome_since_the_last_reading() {
    let metrics = Metrics::new().unwrap();
    let tally = |records, events, rejected| Tally {
        records,
        replaced: 1,
        decoded: [
            ((Some(Format::Nxlog), Outcome::Event), events),
            ((None, Outcome::Rejected(Reason::UnknownFormat)), rejected),
        ]
        .into(),
    };
    let (first, second) = (tally(9, 2, 1), tally(12, 2, 4));
    metrics.source("siem", &Tally::default(), &first, Time::from_millis(5000));
    metrics.source("siem", &first, &second, Time::from_millis(9000));
    let there = lines(&metrics);
    for line in [
        "adcs_watch_source_records_total{topic=\"siem\"} 12",
        "adcs_watch_source_bad_text_records_total{topic=\"siem\"} 1",
        "adcs_watch_source_decoded_total{format=\"nxlog\",outcome=\"event\",topic=\"siem\"} 2",
        "adcs_watch_source_decoded_total{format=\"none\",outcome=\"unknown_shape\",topic=\"siem\"} 4",
        "adcs_watch_source_last_event_timestamp_seconds{topic=\"siem\"} 5",
    ] {
        assert!(there.iter().any(|series| series == line), "{line}: {there:#?}");
    }
    metrics.source("siem", &second, &tally(13, 3, 4), Time::from_millis(10_000));
    let newer = "adcs_watch_source_last_event_timestamp_seconds{topic=\"siem\"} 10";
    assert!(lines(&metrics).iter().any(|series| series == newer));
}
