//! What must be true when all has come to rest.

use crate::simulation::world::{PARTITIONS, SOURCE, World};
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::{Engine, Routes};
use adcs_watch::event::Event;
use adcs_watch::memory_log::Stored;
use adcs_watch::memory_log::detector_port::{ALERTS, DEAD_LETTER};
use adcs_watch::stage::port::SourcePartition;
use adcs_watch::wire;
use std::collections::BTreeMap;

/// The promises, each in turn.
pub(crate) fn check(world: &World) -> Result<(), String> {
    (0..PARTITIONS).for_each(|partition| world.remember(partition));
    every_record_is_routed_once(world)?;
    every_alert_is_seen_once(world)
}

/// By partition of the routed topic and of the source, in the order of their offsets.
type Offsets = BTreeMap<(u32, u32), Vec<u64>>;

fn every_record_is_routed_once(world: &World) -> Result<(), String> {
    let (routes, prefilter) = (Routes::new(&Policy::default()), Prefilter::new());
    let mut expected = Offsets::new();
    let mut rejected = Vec::new();
    for from in world.log.partitions(SOURCE) {
        for record in world.log.read_committed(&from, 0, usize::MAX).0 {
            let value = record.value.filter(|value| prefilter.may_matter(value));
            let Some(value) = value else { continue };
            match decoded(&value) {
                Ok(Some(event)) => {
                    for to in routes.partitions(&event, PARTITIONS) {
                        expected.entry((to, from.partition)).or_default().push(record.offset);
                    }
                }
                Ok(None) => {}
                Err(()) => rejected.push(value),
            }
        }
    }
    let mut routed = Offsets::new();
    for (to, history) in (0..).zip(world.history.borrow().iter()) {
        for event in events(history) {
            let from = event.origin.partition.unwrap_or_default() as u32;
            routed.entry((to, from)).or_default().push(event.origin.offset);
        }
    }
    same("routed records", &routed, &expected)?;
    let letters = world.log.read_committed(&only(DEAD_LETTER), 0, usize::MAX).0;
    let mut letters: Vec<Vec<u8>> = letters.into_iter().filter_map(|letter| letter.value).collect();
    letters.sort();
    rejected.sort();
    same("dead letters", &letters, &rejected)
}

fn every_alert_is_seen_once(world: &World) -> Result<(), String> {
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (partition, history) in (0..).zip(world.history.borrow().iter()) {
        let mut engine = Engine::new(Policy::default());
        for event in events(history) {
            let output = engine.on_event_where(&event, |key| key.partition(PARTITIONS) == partition);
            for alert in output.alerts {
                *expected.entry(wire::alert::to_json(&alert)).or_default() += 1;
            }
        }
        let digest = world.detector(|worker| worker.task(partition).map(|task| task.digest())).flatten();
        same(&format!("state of partition {partition}"), &digest, &Some(engine.digest()))?;
    }
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for alert in world.log.read_committed(&only(ALERTS), 0, usize::MAX).0 {
        let json = String::from_utf8(alert.value.unwrap_or_default()).unwrap();
        *seen.entry(json).or_default() += 1;
    }
    world.count(|summary| summary.alerts += seen.len() as u64);
    same("alerts", &seen, &expected)
}

fn only(topic: &str) -> SourcePartition {
    SourcePartition { topic: topic.to_owned(), partition: 0 }
}

fn events(history: &BTreeMap<u64, Stored>) -> impl Iterator<Item = Event> {
    let events = |record| wire::routed::decode(record).map(Result::unwrap);
    history.values().flat_map(move |record| events(record.value.as_deref().unwrap()))
}

/// What the whole decoder makes of a record: at most one event, in this story.
fn decoded(value: &[u8]) -> Result<Option<Event>, ()> {
    let mut outcome = Ok(None);
    Decoder::default().decode(value, &Place::default(), &mut |decoded| match decoded {
        Ok(Decoded::Event(event)) => outcome = Ok(Some(*event)),
        Ok(Decoded::Ignored(_)) => {}
        Err(_) => outcome = Err(()),
    });
    outcome
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    let differ = found.bytes().zip(expected.bytes()).position(|(a, b)| a != b).unwrap_or_default();
    let around = |text: &str| text.chars().skip(differ.saturating_sub(40)).take(120).collect::<String>();
    Err(format!("other {what}: …{}… and not …{}…", around(&found), around(&expected)))
}
