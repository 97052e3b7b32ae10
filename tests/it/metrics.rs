//! `docs/metrics.md` matches the definitions: `UPDATE=1 cargo test --test it metrics` rewrites it.

use crate::common::project;
use adcs_watch::observe::metrics::{Definition, Metrics};
use std::fs;

const HEADER: &str = "\
# Metrics

Generated from `src/observe/metrics/definitions.rs`: `UPDATE=1 cargo test --test it metrics` rewrites this file.

Units are base units; timestamps are seconds since 1970. Counters of seconds count whole seconds. A label is one of a
closed set, the number of a worker, a topic and partition that the process owns, or a CA that the policy names under
`cas`. No label comes from an event. The series of a partition ends when the process no longer owns it. Counters with a
closed label set exist from the start at zero, so `increase()` misses nothing. A process with 48 partitions of each
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
