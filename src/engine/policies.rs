//! The policy as it is for a detection at a time: entries of allow-lists may count for some detections and for some time only.

use crate::detect::allow_lists::AllowLists;
use crate::detect::domain::DomainPolicy;
use crate::detect::imported::Imported;
use crate::detect::policy::Policy;
use crate::event::time::Time;
use std::collections::BTreeMap;

/// The most periods whose policies are kept. Events come in about the order of their times, so two are in use.
const MAX_PERIODS: usize = 4;

/// The policy of every detection, by event time.
#[derive(Debug)]
pub(crate) struct Policies {
    /// The policy without the entries that have limits.
    always: DomainPolicy,
    /// The lists, when an entry has limits.
    limited: Option<AllowLists>,
    /// When entries end, in this order: the periods are between them.
    ends: Vec<Time>,
    /// Period → the policy of each detection.
    periods: BTreeMap<usize, Vec<DomainPolicy>>,
}

/// The policies of a period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period<'a> {
    always: &'a DomainPolicy,
    each: &'a [DomainPolicy],
}

impl<'a> Period<'a> {
    /// The policy of a detection, by its place in the list.
    pub(crate) fn of(self, detection: usize) -> &'a DomainPolicy {
        self.each.get(detection).unwrap_or(self.always)
    }
}

impl Policies {
    pub(crate) fn new(policy: &Policy) -> Policies {
        let limits = policy.allow.limits();
        let mut ends: Vec<Time> = limits.iter().filter_map(|(_, limits)| limits.until).collect();
        ends.sort_unstable();
        ends.dedup();
        let is_limited = limits.iter().any(|(_, limits)| !limits.is_none());
        Policies {
            always: policy.domain(),
            limited: is_limited.then(|| policy.allow.clone()),
            ends,
            periods: BTreeMap::new(),
        }
    }

    /// Takes over the protected accounts that imports state.
    pub(crate) fn protect(&mut self, imported: Imported) {
        if self.always.protected.imported != imported {
            self.always.protected.imported = imported;
            self.periods.clear();
        }
    }

    /// What counts for every detection at any time.
    pub(crate) fn always(&self) -> &DomainPolicy {
        &self.always
    }

    /// What counts at this event time for these detections.
    pub(crate) fn at<'i>(&mut self, at: Time, detections: impl Iterator<Item = &'i str>) -> Period<'_> {
        let Some(lists) = &self.limited else { return Period { always: &self.always, each: &[] } };
        let period = self.ends.partition_point(|end| *end <= at);
        if !self.periods.contains_key(&period) && self.periods.len() >= MAX_PERIODS {
            self.periods.clear();
        }
        let of = |id| DomainPolicy { allow: lists.in_force(id, at), ..self.always.clone() };
        let each = self.periods.entry(period).or_insert_with(|| detections.map(of).collect());
        Period { always: &self.always, each }
    }
}
