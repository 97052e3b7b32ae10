//! `docs/metrics.md` is what the program defines: `UPDATE=1 cargo test --test it metrics` writes it anew.

use crate::common::project;
use adcs_watch::observe::metrics::{Definition, Metrics};
use std::fs;

const HEADER: &str = "\
# Metrics

Made of the definitions in `src/observe/metrics/`; `UPDATE=1 cargo test --test it metrics` writes it anew.

Base units throughout; times are seconds since 1970. A label is one of a closed set, a worker's number, a topic and partition
that are the process's own (the series ends when they are not any more), or a CA that the policy names under `cas`: nothing an
event says becomes a label. What can be counted is there from the start, at zero, so `increase()` misses nothing. A process
with 48 partitions of each stage has fewer than 2,000 series; a test holds that.

| Metric | Kind | Labels | Says |
|---|---|---|---|
";

#[test]
fn the_reference_is_what_the_program_defines() {
    let mut fresh = HEADER.to_owned();
    for Definition { name, kind, labels, help } in Metrics::new().unwrap().definitions() {
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

/// What Prometheus' own linter asks for, as far as names tell it.
#[test]
fn names_are_as_prometheus_wants_them() {
    for Definition { name, kind, help, .. } in Metrics::new().unwrap().definitions() {
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}");
        assert_eq!(name.ends_with("_total"), *kind == "counter", "{name} is a {kind}");
        assert!(!help.is_empty() && !help.ends_with('.'), "{name}: {help}");
        for unit in ["_ms", "_millis", "_minutes", "_days", "_kib", "_percent"] {
            assert!(!name.contains(unit), "{name} is in no base unit");
        }
    }
}
