//! What a replay could see: for each detection which of its events were there, from when to when and on which hosts, and
//! what must be audited where they were not.

use crate::detect::Detection;
use crate::detect::audit::{self, Audit};
use crate::detect::catalogue::{self, Visitor};
use crate::detect::policy::Policy;
use crate::event::Event;
use crate::event::host::Host;
use crate::event::time::Time;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The most computers that are named for an event.
pub const MAX_HOSTS: usize = 100;

/// Events of one event id and activity: a detection used the `concerned` ones, none used the `unconcerned` ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventCount {
    /// The Windows event id, if the event has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<u32>,
    /// The activity in snake_case, such as `certificate_issued`.
    pub activity: &'static str,
    /// Events that a detection used.
    pub concerned: u64,
    /// Events that no detection used.
    pub unconcerned: u64,
    /// Event time of the earliest; absent when no time can be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// Event time of the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// The computers that logged them, at most [`MAX_HOSTS`].
    pub hosts: BTreeSet<Host>,
}

impl EventCount {
    /// No events of the kind of this one yet.
    pub(crate) fn new(event: &Event) -> EventCount {
        EventCount {
            event_id: event.origin.event_id,
            activity: event.activity.name(),
            concerned: 0,
            unconcerned: 0,
            first: None,
            last: None,
            hosts: BTreeSet::new(),
        }
    }

    /// Counts an event; `concerned` if a detection uses it.
    pub(crate) fn add(&mut self, event: &Event, concerned: bool) {
        match concerned {
            true => self.concerned += 1,
            false => self.unconcerned += 1,
        }
        if event.clock_fault().is_none() {
            self.first = Some(self.first.map_or(event.time, |first| first.min(event.time)));
            self.last = self.last.max(Some(event.time));
        }
        if !self.hosts.contains(&event.computer) && self.hosts.len() < MAX_HOSTS {
            self.hosts.insert(event.computer.clone());
        }
    }

    /// Whether it counts what a detection reads under this id; `None` stands for the reports of an EDR.
    fn has_id(&self, id: Option<u32>) -> bool {
        self.event_id == id && (id.is_some() || self.activity == "remote_file_write")
    }
}

/// What a detection could see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// It had what it cannot do without.
    Saw,
    /// Rare events are missing: nothing happened, or they are not audited.
    Quiet,
    /// Events are missing that any estate logs daily: it could not have found anything.
    Blind,
    /// The policy has it disabled.
    Off,
}

/// One detection, and what it could see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// The id of the detection.
    pub detection: &'static str,
    /// What it could see.
    pub sight: Sight,
    /// The events that it reads and that were there, by their ids; `null` for the reports of an EDR.
    pub seen: Vec<Option<u32>>,
    /// Event time of the earliest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// Event time of the latest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// The computers that logged them.
    pub hosts: BTreeSet<Host>,
    /// What it cannot do without and was not there.
    pub missing: Vec<Missing>,
}

/// Events of which one is needed, and none was there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missing {
    /// Their ids; `null` for the reports of an EDR.
    pub event_ids: Vec<Option<u32>>,
    /// Which computers log the first of them.
    pub on: &'static str,
    /// The audit setting that makes them do so.
    pub setting: &'static str,
    /// Events with one of these ids were there, but none that matters: they are audited.
    pub is_audited: bool,
}

/// What each detection of the policy could see in these events, in the order of the catalogue. `ignored` has the ids of
/// events that do not matter, such as 4768 without a certificate: they show what is audited.
pub(crate) fn of(events: &[EventCount], ignored: &BTreeMap<u32, u64>, policy: &Policy) -> Vec<Covered> {
    let mut all = All { events, ignored, covered: Vec::new() };
    catalogue::visit(policy, &mut all);
    all.covered
}

struct All<'a> {
    events: &'a [EventCount],
    ignored: &'a BTreeMap<u32, u64>,
    covered: Vec<Covered>,
}

impl Visitor for All<'_> {
    fn detection<D: Detection + std::fmt::Debug + Send + 'static>(&mut self, _: D, enabled: bool) {
        let mut covered = self.covered(D::ABOUT.id);
        if !enabled {
            covered.sight = Sight::Off;
        }
        self.covered.push(covered);
    }
}

impl All<'_> {
    fn covered(&self, detection: &'static str) -> Covered {
        let found: Vec<&EventCount> =
            audit::read_by(detection).iter().filter_map(|id| self.count(*id)).collect();
        let without = audit::needed_by(detection)
            .into_iter()
            .filter(|ids| ids.iter().all(|id| self.count(*id).is_none()));
        let missing: Vec<(Missing, bool)> = without.filter_map(|ids| self.missing(ids)).collect();
        let sight = match missing.iter().any(|(_, is_blinding)| *is_blinding) {
            true => Sight::Blind,
            false if missing.is_empty() => Sight::Saw,
            false => Sight::Quiet,
        };
        Covered {
            detection,
            sight,
            seen: found.iter().map(|kind| kind.event_id).collect(),
            first: found.iter().filter_map(|kind| kind.first).min(),
            last: found.iter().filter_map(|kind| kind.last).max(),
            hosts: found.iter().flat_map(|kind| &kind.hosts).take(MAX_HOSTS).cloned().collect(),
            missing: missing.into_iter().map(|(missing, _)| missing).collect(),
        }
    }

    fn count(&self, id: Option<u32>) -> Option<&EventCount> {
        self.events.iter().find(|kind| kind.has_id(id))
    }

    /// The events of a group of which none was there, and whether that blinds: one of them is routine and not audited.
    fn missing(&self, event_ids: Vec<Option<u32>>) -> Option<(Missing, bool)> {
        let audits: Vec<Audit> = event_ids.iter().filter_map(|id| audit::setting(*id)).collect();
        let first = audits.first()?;
        let is_audited = event_ids.iter().flatten().any(|id| self.ignored.contains_key(id));
        let is_blinding = !is_audited && audits.iter().any(|audit| audit.is_routine);
        Some((Missing { event_ids, on: first.on, setting: first.setting, is_audited }, is_blinding))
    }
}
