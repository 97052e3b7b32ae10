//! Alerts reach their story in any order: when much is read at once, one partition is days ahead of another.

use crate::common::{events_of, project};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use adcs_watch::event::time::Span;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const DAYS: [i64; 3] = [0, 2, 5];

/// The alerts of an attack that happens on each of the days: as events, and the day of each.
fn attacks() -> (Vec<Event>, BTreeMap<String, i64>) {
    let attack = events_of(&project(
        "tests/detections/story/fires_changed_issued_used_and_changed_back/events.ndjson",
    ));
    let mut engine = Engine::new(Policy::default());
    let (mut links, mut days) = (Vec::new(), BTreeMap::new());
    for (n, day) in DAYS.into_iter().enumerate() {
        for mut event in attack.clone() {
            event.time = event.time.plus(Span::hours(24 * day));
            // Each day has records of its own.
            event.origin.record_id = event.origin.record_id.map(|id| id + 1_000 * n as u64);
            let raised = engine.on_event_where(&event, |_| true);
            days.extend(raised.alerts.iter().map(|alert| (alert.alert_id.to_string(), day)));
            links.extend(raised.links);
        }
    }
    (links, days)
}

/// The stories that these give: the alerts of each, by its id. No revision of a story is raised twice.
fn stories(links: &[Event]) -> BTreeMap<String, BTreeSet<String>> {
    let mut engine = Engine::new(Policy::default());
    let (mut stories, mut raised) = (BTreeMap::new(), BTreeSet::new());
    for link in links {
        for story in engine.on_event(link).alerts {
            assert_eq!(story.detection, "story");
            let id = story.alert_id.to_string();
            assert!(raised.insert((id.clone(), story.revision)), "{id} revision {} twice", story.revision);
            stories.insert(id, story.linked_alerts.iter().map(ToString::to_string).collect());
        }
    }
    stories
}

#[test]
fn each_day_has_stories_of_its_own() {
    let (links, days) = attacks();
    let stories = stories(&links);
    let days_of = |story: &BTreeSet<String>| story.iter().map(|id| days[id]).collect::<BTreeSet<i64>>();
    let each: Vec<BTreeSet<i64>> = stories.values().map(days_of).collect();
    assert!(each.iter().all(|days| days.len() == 1), "{each:?}");
    let all: BTreeSet<i64> = each.into_iter().flatten().collect();
    assert_eq!(all, DAYS.into());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_of_delivery_changes_no_story(shuffled in Just(attacks().0).prop_shuffle()) {
        prop_assert_eq!(stories(&shuffled), stories(&attacks().0));
    }
}
