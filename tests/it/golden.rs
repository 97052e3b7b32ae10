//! Every folder `tests/detections/<id>/<fires_…|quiet_…>/` is a recording: the events in the order of their arrival, the
//! policy if it is not the default, and the alerts that come of them. `UPDATE=1` rewrites the alerts.

use crate::common::{alerts_of, events_of, project, restored};
use adcs_watch::alert::Alert;
use adcs_watch::detect::{catalogue, policy::Policy};
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use adcs_watch::event::time::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) struct Fixture {
    pub(crate) folder: PathBuf,
    pub(crate) detection: String,
    pub(crate) policy: Policy,
    pub(crate) events: Vec<Event>,
}

impl Fixture {
    fn load(folder: &Path) -> Fixture {
        let detection = folder.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let policy = match fs::read_to_string(folder.join("policy.yaml")) {
            Ok(yaml) => {
                serde_json::from_value(json_of_yaml(&yaml)).unwrap_or_else(|e| panic!("{folder:?}: {e}"))
            }
            Err(_) => Policy::default(),
        };
        let events = ["events.ndjson", "events.xml"].map(|name| folder.join(name));
        let events =
            events.iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{folder:?} has no events"));
        Fixture { detection, policy, events: events_of(events), folder: folder.to_owned() }
    }

    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.detection, self.folder.file_name().unwrap().to_string_lossy())
    }

    pub(crate) fn fires(&self) -> bool {
        self.folder.file_name().unwrap().to_string_lossy().starts_with("fires_")
    }

    pub(crate) fn own(&self, alerts: Vec<Alert>) -> Vec<Alert> {
        alerts.into_iter().filter(|alert| alert.detection == self.detection).collect()
    }
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let detections = catalogue::all().into_iter().map(|about| project("tests/detections").join(about.id));
    let mut folders: Vec<PathBuf> = detections
        .flat_map(|folder| fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.iter().map(|folder| Fixture::load(folder)).collect()
}

#[test]
fn every_recording_gives_the_alerts_beside_it() {
    let mut wrong = Vec::new();
    for fixture in fixtures() {
        let alerts = fixture.own(alerts_of(&fixture.policy, &fixture.events));
        if alerts.is_empty() == fixture.fires() {
            wrong.push(format!("{}: {} alerts", fixture.name(), alerts.len()));
            continue;
        }
        let path = fixture.folder.join("alerts.json");
        let text = serde_json::to_string_pretty(&alerts).unwrap() + "\n";
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        if !fixture.fires() || without_policy_version(&reviewed) == without_policy_version(&text) {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        } else {
            wrong.push(format!("{}: other alerts than in {}", fixture.name(), path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every new setting of any detection changes the fingerprint of the policy, and with it no alert.
fn without_policy_version(alerts: &str) -> String {
    let lines = alerts.lines().filter(|line| !line.trim_start().starts_with("\"policy_version\": "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_restore_at_every_cut_of_every_recording_is_invisible() {
    for fixture in fixtures() {
        let expected = alerts_of(&fixture.policy, &fixture.events);
        for cut in 0..=fixture.events.len() {
            let (before, after) = fixture.events.split_at(cut);
            let mut engine = Engine::new(fixture.policy.clone());
            let mut alerts: Vec<Alert> =
                before.iter().flat_map(|event| engine.on_event(event).alerts).collect();
            let mut engine = restored(&fixture.policy, &mut engine);
            alerts.extend(after.iter().flat_map(|event| engine.on_event(event).alerts));
            assert_eq!(alerts, expected, "{} cut at {cut}", fixture.name());
        }
    }
}

/// The example on a detection's page is the last alert of the fixture that it names.
#[test]
fn the_example_on_every_page_is_what_a_recording_gives() {
    for about in catalogue::all() {
        let page = fs::read_to_string(project("docs/detections").join(format!("{}.md", about.id))).unwrap();
        let (before, rest) =
            page.rsplit_once("```json\n").unwrap_or_else(|| panic!("{} shows no alert", about.id));
        let fixture = before.rsplit('`').nth(1).unwrap();
        let (example, after) = rest.split_once("```").unwrap();
        let alerts =
            fs::read_to_string(project("tests/detections").join(fixture).join("alerts.json")).unwrap();
        let alerts: Vec<Alert> = serde_json::from_str(&alerts).unwrap();
        let last = serde_json::to_string_pretty(alerts.last().unwrap()).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            let page = format!("{before}```json\n{last}```{after}");
            fs::write(project("docs/detections").join(format!("{}.md", about.id)), page).unwrap();
        } else {
            assert!(example == last, "docs/detections/{}.md and {fixture}: UPDATE=1 writes it", about.id);
        }
    }
}

/// What an alert says must not depend on the format its events came in.
#[test]
fn the_story_raises_the_same_alerts_in_every_format() {
    let mut policy = Policy::default();
    policy.assume_trained();
    let said = |file: &PathBuf| -> Vec<_> {
        let say =
            |a: Alert| (a.detection, a.revision, a.severity, a.title, a.why_suspicious, a.san_values, a.join);
        alerts_of(&policy, &events_of(file)).into_iter().map(say).collect()
    };
    let expected = said(&project("tests/formats/windows-events.xml"));
    assert_eq!(expected.len(), 29, "{expected:#?}");
    let formats = fs::read_dir(project("tests/formats")).unwrap().map(|entry| entry.unwrap().path());
    let formats: Vec<PathBuf> =
        formats.filter(|path| path.extension().is_some_and(|e| e == "ndjson")).collect();
    assert_eq!(formats.len(), 7);
    for format in formats {
        assert_eq!(said(&format), expected, "{}", format.display());
    }
}

/// A pipeline delivers at least once: what arrives twice must not count twice.
#[test]
fn every_event_delivered_twice_raises_no_other_alert() {
    for fixture in fixtures() {
        let twice: Vec<Event> =
            fixture.events.iter().flat_map(|event| [event.clone(), event.clone()]).collect();
        let ids = |events: &[Event]| {
            let mut ids: Vec<_> =
                alerts_of(&fixture.policy, events).iter().map(|a| (a.alert_id, a.severity)).collect();
            ids.sort();
            ids.dedup();
            ids
        };
        assert_eq!(ids(&twice), ids(&fixture.events), "{}", fixture.name());
    }
}

/// A shipper that got no answer sends its last batch again. `ca-silent` counts events, and copies are events.
#[test]
fn batch_that_is_sent_again_changes_no_alert() {
    let said = |fixture: &Fixture, events: &[Event]| -> BTreeMap<_, _> {
        let codes =
            |alert: &Alert| alert.reasons.iter().map(|reason| reason.code.clone()).collect::<BTreeSet<_>>();
        let alerts = alerts_of(&fixture.policy, events);
        alerts.iter().map(|alert| (alert.alert_id, (alert.severity, codes(alert)))).collect()
    };
    for fixture in fixtures().iter().filter(|fixture| fixture.detection != "ca-silent") {
        let last = fixture.events.iter().map(|event| event.time).max();
        let is_of_batch = |event: &&Event| Some(event.time.plus(Span::minutes(10))) >= last;
        let batch = fixture.events.iter().filter(is_of_batch);
        let again: Vec<Event> = fixture.events.iter().chain(batch).cloned().collect();
        assert_eq!(said(fixture, &again), said(fixture, &fixture.events), "{}", fixture.name());
    }
}

pub(crate) fn json_of_yaml(text: &str) -> serde_json::Value {
    use saphyr::{LoadableYamlNode, Scalar, Yaml};
    #[allow(clippy::wildcard_enum_match_arm, reason = "a policy of a test needs no more kinds")]
    fn convert(yaml: &Yaml<'_>) -> serde_json::Value {
        match yaml {
            Yaml::Mapping(map) => map
                .iter()
                .map(|(k, v)| (k.as_str().unwrap().to_owned(), convert(v)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Yaml::Sequence(items) => items.iter().map(convert).collect(),
            Yaml::Value(Scalar::Boolean(b)) => (*b).into(),
            Yaml::Value(Scalar::Integer(n)) => (*n).into(),
            Yaml::Value(Scalar::String(s)) => s.as_ref().into(),
            other => panic!("unexpected in a policy: {other:?}"),
        }
    }
    convert(&Yaml::load_from_str(text).unwrap()[0])
}
