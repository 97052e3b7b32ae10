//! Findings about the certificates of one requester become one alert, in whatever partitions the certificates live, and in
//! whatever order the findings come.

use crate::common::{events_of, project};
use crate::stage::{SOURCE, detector, log, only, router};
use adcs_watch::alert::Alert;
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::time::Span;
use adcs_watch::event::{Activity, Event};
use adcs_watch::memory_log::detector_port::ALERTS;
use adcs_watch::stage::port::Millis;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const DETECTION: &str = "certificate-used-by-other";

fn fixture(name: &str) -> Vec<Event> {
    events_of(&project(&format!("tests/detections/{DETECTION}/{name}/events.ndjson")))
}

#[test]
fn certificates_in_several_partitions_are_one_alert_of_their_requester() {
    let (log, events) = (log(), fixture("fires_many_accounts_in_one_alert"));
    for event in &events {
        log.append(&only(SOURCE), Some(serde_json::to_vec(event).unwrap()), Some(event.time));
    }
    let (mut router, mut detector) = (router(&log), detector(&log, "detector"));
    for now in 0..200 {
        router.step(Millis(now * 10)).unwrap();
        detector.step(Millis(now * 10)).unwrap();
    }
    let alerts = log.read_committed(&only(ALERTS), 0, usize::MAX).0;
    let alerts =
        alerts.iter().map(|record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap());
    let alerts: Vec<Alert> = alerts.filter(|alert: &Alert| alert.detection == DETECTION).collect();
    let ids: BTreeSet<String> = alerts.iter().map(|alert| alert.alert_id.to_string()).collect();
    assert_eq!(ids.len(), 1, "23 users, one alert");
    let revisions: Vec<u32> = alerts.iter().map(|alert| alert.revision).collect();
    assert_eq!(revisions, (1..=11).collect::<Vec<_>>(), "for each of ten accounts, and at twenty uses");
    let last = &alerts.last().unwrap().reasons[0].text;
    assert!(last.contains("used 20 times") && last.contains("and others"), "{last}");
}

/// The findings of a recording, of the day and of some days before and after it.
fn findings(name: &str, days: &[i64]) -> Vec<Event> {
    let mut engine = Engine::new(Policy::default());
    let mut findings = Vec::new();
    for (n, day) in days.iter().enumerate() {
        for mut event in fixture(name) {
            event.time = event.time.plus(Span::hours(24 * day));
            event.origin.record_id = event.origin.record_id.map(|id| id + 1_000 * n as u64);
            findings.extend(engine.on_event_where(&event, |_| true).links);
        }
    }
    findings.retain(|event| matches!(event.activity, Activity::FindingMade(_)));
    findings
}

/// The last revision of each alert that these findings give. No revision is raised twice.
fn alerts(findings: &[Event]) -> BTreeMap<String, Alert> {
    let mut engine = Engine::new(Policy::default());
    let (mut last, mut raised) = (BTreeMap::new(), BTreeSet::new());
    for finding in findings {
        for mut alert in
            engine.on_event(finding).alerts.into_iter().filter(|alert| alert.detection == DETECTION)
        {
            let id = alert.alert_id.to_string();
            assert!(raised.insert((id.clone(), alert.revision)), "{id} revision {} twice", alert.revision);
            // What the last one that came adds is of another order.
            alert.changes.clear();
            last.insert(id, alert);
        }
    }
    last
}

#[test]
fn each_finding_is_of_one_alert() {
    let of = |name, days: &[i64]| alerts(&findings(name, days)).len();
    assert_eq!(of("fires_many_accounts_in_one_alert", &[0]), 1);
    assert_eq!(of("fires_once_for_each_template", &[0]), 2);
    assert_eq!(of("fires_once_for_each_template", &[0, 2, 5]), 6);
    assert_eq!(of("fires_again_for_an_agent_on_the_next_day", &[0]), 2);
}

#[test]
fn finding_of_a_day_that_is_forgotten_is_an_alert_of_its_own() {
    let findings = findings("fires_once_for_each_template", &[0, 90]);
    let (early, late) = findings.split_at(findings.len() / 2);
    let raised = alerts(&[late, early].concat());
    assert_eq!(raised.len(), 2 + early.len(), "nothing is lost, and no revision is raised twice");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_of_delivery_changes_no_alert(
        shuffled in Just(findings("fires_once_for_each_template", &[0, 2, 5])).prop_shuffle(),
        many in Just(findings("fires_many_accounts_in_one_alert", &[0])).prop_shuffle(),
    ) {
        prop_assert_eq!(alerts(&shuffled), alerts(&findings("fires_once_for_each_template", &[0, 2, 5])));
        // Of more than ten findings the alert is not revised for each.
        let ids = |findings: &[Event]| alerts(findings).into_iter().map(|(id, alert)| (id, alert.revision)).collect::<Vec<_>>();
        prop_assert_eq!(ids(&many), ids(&findings("fires_many_accounts_in_one_alert", &[0])));
    }
}
