//! What must hold once the cluster is idle.

use crate::simulation::cluster::{Cluster, PARTITIONS, SOURCE};
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::{Engine, Routes};
use adcs_watch::event::{Activity, Event};
use adcs_watch::memory_log::StoredRecord;
use adcs_watch::memory_log::detector_port::{ALERTS, DEAD_LETTER};
use adcs_watch::stage::port::SourcePartition;
use adcs_watch::wire;
use std::collections::BTreeMap;

/// Checks every guarantee. Returns what the pure core says of the routed topic.
pub(crate) fn check(cluster: &Cluster) -> Result<PureCore, String> {
    (0..PARTITIONS).for_each(|partition| cluster.remember(partition));
    every_record_is_routed_once(cluster)?;
    let core = PureCore::of(cluster)?;
    core.count(cluster);
    core.check(cluster)?;
    Ok(core)
}

/// Checks every guarantee once more, after a time in which nothing was to be written.
pub(crate) fn check_again(cluster: &Cluster, core: &PureCore) -> Result<(), String> {
    (0..PARTITIONS).for_each(|partition| cluster.remember(partition));
    same("routed records after a silence", &routed(cluster), &core.routed)?;
    every_record_is_routed_once(cluster)?;
    core.check(cluster)
}

/// Offsets of source records, by partition of the routed topic and of the source, in routed order.
type Offsets = BTreeMap<(u32, u32), Vec<u64>>;

fn every_record_is_routed_once(cluster: &Cluster) -> Result<(), String> {
    let (routes, prefilter) = (Routes::new(&Policy::default()), Prefilter::new());
    let mut expected = Offsets::new();
    let mut rejected = Vec::new();
    for from in cluster.log.partitions(SOURCE) {
        for record in cluster.log.read_committed(&from, 0, usize::MAX).0 {
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
    for (to, history) in (0..).zip(cluster.history.borrow().iter()) {
        for event in events(history).filter(|event| !is_link(event)) {
            let from = event.origin.partition.unwrap_or_default() as u32;
            routed.entry((to, from)).or_default().push(event.origin.offset);
        }
    }
    same("routed records", &routed, &expected)?;
    let letters = cluster.log.read_committed(&only(DEAD_LETTER), 0, usize::MAX).0;
    let mut letters: Vec<Vec<u8>> = letters.into_iter().filter_map(|letter| letter.value).collect();
    letters.sort();
    rejected.sort();
    same("dead letters", &letters, &rejected)
}

/// What the pure core makes of the routed topic.
pub(crate) struct PureCore {
    /// How many records of each partition it was given.
    routed: Vec<usize>,
    /// How often each alert is to be there.
    alerts: BTreeMap<String, u64>,
    links: usize,
    /// Of each partition.
    digests: Vec<u128>,
}

impl PureCore {
    /// Feeds it with the routed topic.
    ///
    /// # Errors
    /// The topic has other links than those that it writes.
    fn of(cluster: &Cluster) -> Result<PureCore, String> {
        let (mut alerts, mut digests) = (BTreeMap::<String, u64>::new(), Vec::new());
        let (mut links, mut expected_links) = (Vec::new(), Vec::new());
        for (partition, history) in (0..).zip(cluster.history.borrow().iter()) {
            let mut engine = Engine::new(Policy::default());
            for event in events(history) {
                let output = engine.on_event_where(&event, |place| place.is_in(partition, PARTITIONS));
                links.extend(is_link(&event).then(|| (partition, link_bytes(event.clone()))));
                for mut link in output.links {
                    link.origin.append_time = event.origin.append_time;
                    let to = engine.partitions(&link, PARTITIONS);
                    expected_links.extend(to.into_iter().map(|to| (to, link_bytes(link.clone()))));
                }
                for alert in output.alerts {
                    *alerts.entry(under_any_policy(&wire::alert::to_json(&alert))).or_default() += 1;
                }
            }
            digests.push(engine.digest());
        }
        links.sort();
        expected_links.sort();
        same("links", &links, &expected_links)?;
        Ok(PureCore { routed: routed(cluster), alerts, links: links.len(), digests })
    }

    fn count(&self, cluster: &Cluster) {
        let stories = self.alerts.keys().filter(|json| json.contains("\"detection\":\"story\"")).count();
        let detection =
            |json: &String| Some(json.split_once("\"detection\":\"")?.1.split_once('"')?.0.to_owned());
        cluster.count(|summary| {
            summary.detections.extend(self.alerts.keys().filter_map(detection));
            summary.alerts += self.alerts.len() as u64;
            summary.stories += stories as u64;
            summary.links += self.links as u64;
        });
    }

    /// Every alert is committed once, and the detector has this state.
    fn check(&self, cluster: &Cluster) -> Result<(), String> {
        for (partition, expected) in (0..).zip(&self.digests) {
            // The last alert on an entity is part of its state, and names the policy.
            if cluster.changes.get().is_some() {
                break;
            }
            let digest = cluster.detector(|worker| worker.task(partition).map(|task| task.digest()));
            same(&format!("state of partition {partition}"), &digest.flatten(), &Some(*expected))?;
        }
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for alert in cluster.log.read_committed(&only(ALERTS), 0, usize::MAX).0 {
            let json = String::from_utf8(alert.value.unwrap_or_default()).unwrap();
            *found.entry(under_any_policy(&json)).or_default() += 1;
        }
        same("alerts", &found, &self.alerts)
    }
}

/// How many records each partition of the routed topic had.
fn routed(cluster: &Cluster) -> Vec<usize> {
    cluster.history.borrow().iter().map(BTreeMap::len).collect()
}

/// A link without the fingerprint of the policy of its alert.
fn link_bytes(mut link: Event) -> Vec<u8> {
    if let Activity::AlertRaised(raised) | Activity::FindingMade(raised) = &mut link.activity {
        let mut alert = wire::alert::from_protobuf(&raised.alert).unwrap();
        alert.policy_version.clear();
        raised.alert = wire::alert::to_protobuf(&alert);
    }
    wire::event::encode(&link)
}

/// An alert without the fingerprint of its policy.
fn under_any_policy(json: &str) -> String {
    let (before, version) = json.split_once(r#""policy_version":""#).unwrap();
    format!("{before}{}", version.split_once('"').unwrap().1)
}

/// Whether the detector wrote this event: an alert, for the story that it may be part of, or a finding for its requester.
fn is_link(event: &Event) -> bool {
    event.activity.raised().is_some()
}

fn only(topic: &str) -> SourcePartition {
    SourcePartition { topic: topic.to_owned(), partition: 0 }
}

fn events(history: &BTreeMap<u64, StoredRecord>) -> impl Iterator<Item = Event> {
    let events = |record| wire::routed::decode(record).map(Result::unwrap);
    history.values().flat_map(move |record| events(record.value.as_deref().unwrap()))
}

/// The outcome of the whole decoder for a record, which has at most one event here.
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
    Err(format!("wrong {what}: …{}… instead of …{}…", around(&found), around(&expected)))
}
