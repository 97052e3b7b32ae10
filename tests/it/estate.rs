//! An ordinary estate and the attacks beside it, `tests/estate/`: with the default policy, and with the facts of an import and
//! the documented policy lines. The table is in `docs/false-positives.md`; `UPDATE=1` rewrites it.

use crate::common::{alerts_of, events_of, is_current, project};
use crate::golden::json_of_yaml;
use adcs_watch::alert::{Alert, Severity};
use adcs_watch::detect::policy::Policy;
use adcs_watch::event::Event;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// Attacks that are not found, and why. With the default policy and with the lines.
const MISSED_BY_DEFAULT: [(&str, &str); 0] = [];
const MISSED_WITH_LINES: [(&str, &str); 0] = [];

/// The most ordinary situations that may be above low with the default policy, of the first ones. Those from 51 on stand beside
/// attacks that differ from them by a fact, and only the lines and an import show which is which.
const MOST_ABOVE_LOW: usize = 12;
const FIRST_OF_PAIRS: &str = "ordinary_51";

struct Situation {
    name: String,
    story: String,
    default: Option<Severity>,
    with_lines: Option<Severity>,
}

impl Situation {
    fn is_attack(&self) -> bool {
        self.name.starts_with("attack_")
    }
}

/// The severity of the worst alert.
fn worst(policy: &Policy, events: &[Event]) -> Option<Severity> {
    let mut latest: BTreeMap<String, Severity> = BTreeMap::new();
    for Alert { alert_id, severity, .. } in alerts_of(policy, events) {
        latest.insert(alert_id.to_string(), severity);
    }
    latest.into_values().max()
}

fn situations() -> Vec<Situation> {
    let folder = project("tests/estate");
    let policy = fs::read_to_string(folder.join("policy.yaml")).unwrap();
    let policy: Policy = serde_json::from_value(json_of_yaml(&policy)).unwrap();
    let facts = events_of(&folder.join("facts.ndjson"));
    let folders = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.join("story.md").exists()).collect();
    folders.sort();
    let one = |path: &PathBuf| {
        let events = events_of(&path.join("events.ndjson"));
        let with_facts: Vec<Event> = facts.iter().chain(&events).cloned().collect();
        Situation {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            story: fs::read_to_string(path.join("story.md")).unwrap().trim().to_owned(),
            default: worst(&Policy::default(), &events),
            with_lines: worst(&policy, &with_facts),
        }
    };
    folders.iter().map(one).collect()
}

#[test]
fn ordinary_days_are_quiet_and_attacks_are_found() {
    let situations = situations();
    let ordinary = || situations.iter().filter(|situation| !situation.is_attack());
    let above_low = |severity: Option<Severity>| severity.is_some_and(|severity| severity > Severity::Low);
    let loud: Vec<&str> = ordinary()
        .filter(|s| above_low(s.default) && s.name.as_str() < FIRST_OF_PAIRS)
        .map(|s| s.name.as_str())
        .collect();
    assert!(loud.len() <= MOST_ABOVE_LOW, "{loud:?}");
    for situation in ordinary() {
        assert_ne!(situation.default, Some(Severity::Critical), "{}", situation.name);
        assert!(!above_low(situation.with_lines), "{}: {:?}", situation.name, situation.with_lines);
    }
    for situation in situations.iter().filter(|situation| situation.is_attack()) {
        let found = |severity: Option<Severity>| severity >= Some(Severity::High);
        let missed = |list: &[(&str, &str)]| list.iter().any(|(name, _)| *name == situation.name);
        assert_ne!(found(situation.default), missed(&MISSED_BY_DEFAULT), "{} by default", situation.name);
        assert_ne!(found(situation.with_lines), missed(&MISSED_WITH_LINES), "{} with lines", situation.name);
    }
}

#[test]
fn table_of_the_estate_is_current() {
    is_current("docs/false-positives.md", "estate", &table());
}

fn table() -> String {
    let word = |severity: Option<Severity>| severity.map_or("quiet", Severity::as_str).to_owned();
    let row = |s: &Situation| {
        format!("| `{}` | {} | {} | {} |\n", s.name, s.story, word(s.default), word(s.with_lines))
    };
    let rows: String = situations().iter().map(row).collect();
    format!("| Situation | | Default policy | With facts and lines |\n|---|---|---|---|\n{rows}")
}
