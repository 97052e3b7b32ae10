//! What was recognised in one input: formats, events with their fields, and what was rejected.

use crate::decode::rejection::Rejection;
use crate::decode::{Decoded, Format};
use crate::detect::needs::{self, Need};
use crate::event::Event;
use crate::event::time::Time;
use crate::replay::summary::Rejections;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What was recognised in one input.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Findings {
    /// The path of the file, or the topic.
    pub source: String,
    /// Records that were looked at.
    pub records: u64,
    /// There are more records than were looked at.
    pub more: bool,
    /// Why the input was not read, or not to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// What was found in the records by format. A record may wrap several events.
    pub formats: BTreeMap<&'static str, u64>,
    /// Events that detections want, by Windows event id and activity.
    pub events: Vec<Kind>,
    /// Windows event ids that no detection wants.
    pub other_ids: BTreeMap<u32, u64>,
    /// Records that are no Windows event with an id, and are of no interest.
    pub without_id: u64,
    /// Records in which bytes that are no text were replaced.
    pub bad_text: u64,
    /// What should have been understood and was not, by the code of the reason.
    pub rejections: BTreeMap<&'static str, Rejections>,
    /// The time of the earliest event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// The time of the latest event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// Events by the computer that logged them.
    pub computers: BTreeMap<String, u64>,
}

/// Events of one Windows event id and activity.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Kind {
    /// The Windows event id; none for what an EDR reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<u32>,
    /// The activity in snake_case.
    pub activity: &'static str,
    /// How many there are.
    pub count: u64,
    /// Each field that a detection reads, and in how many of the events it was found.
    pub found: BTreeMap<&'static str, u64>,
    /// Fields that were found in no event.
    pub missing: Vec<Missing>,
}

/// A field that was found in no event of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// The name of the field.
    pub field: &'static str,
    /// The detections that read it, and what each takes from it.
    pub used_by: BTreeMap<&'static str, &'static str>,
    /// When Windows itself leaves it out; none: it is in every event, and was lost on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<&'static str>,
}

impl Findings {
    /// Nothing is found yet.
    pub(crate) fn new(source: String) -> Findings {
        Findings { source, ..Findings::default() }
    }

    /// Adds one outcome of a record at this place, with the format that was recognised.
    pub(crate) fn add(&mut self, format: Option<Format>, outcome: &Result<Decoded, Rejection>, place: &str) {
        let format = format.map_or("none", Format::as_str);
        *self.formats.entry(format).or_default() += 1;
        match outcome {
            Ok(Decoded::Event(event)) => self.event(event),
            Ok(Decoded::Ignored(Some(id))) => *self.other_ids.entry(*id).or_default() += 1,
            Ok(Decoded::Ignored(None)) => self.without_id += 1,
            Err(rejection) => self.reject(rejection, place),
        }
    }

    /// Adds a rejection of a record at this place.
    pub(crate) fn reject(&mut self, rejection: &Rejection, place: &str) {
        let entry = self.rejections.entry(rejection.reason.as_str()).or_default();
        if entry.count == 0 {
            place.clone_into(&mut entry.first_place);
            entry.first_detail.clone_from(&rejection.detail);
        }
        entry.count += 1;
    }

    fn event(&mut self, event: &Event) {
        self.first = Some(self.first.map_or(event.time, |first| first.min(event.time)));
        self.last = Some(self.last.map_or(event.time, |last| last.max(event.time)));
        *self.computers.entry(event.computer.as_str().to_owned()).or_default() += 1;
        let kind = self.kind(event.origin.event_id, event.activity.name());
        kind.count += 1;
        let met: BTreeMap<&str, bool> =
            needs::of_activity(kind.activity).map(|need| (need.field, need.is_met(event))).collect();
        for (field, is_met) in met {
            *kind.found.entry(field).or_default() += u64::from(is_met);
        }
    }

    fn kind(&mut self, event_id: Option<u32>, activity: &'static str) -> &mut Kind {
        let known = self.events.iter().position(|k| k.event_id == event_id && k.activity == activity);
        let index = known.unwrap_or_else(|| {
            self.events.push(Kind { event_id, activity, ..Kind::default() });
            self.events.len() - 1
        });
        &mut self.events[index]
    }

    /// Sorts the events, and lists the fields that are missing.
    pub(crate) fn finish(&mut self) {
        self.events.sort_by_key(|kind| (kind.event_id, kind.activity));
        for kind in &mut self.events {
            let lost: Vec<&Need> = needs::of_activity(kind.activity)
                .filter(|need| kind.found.get(need.field).is_none_or(|found| *found == 0))
                .collect();
            let fields: BTreeSet<&str> = lost.iter().map(|need| need.field).collect();
            kind.missing = fields.into_iter().map(|field| missing(field, &lost)).collect();
        }
    }

    /// Whether everything was read and understood.
    pub(crate) fn is_good(&self) -> bool {
        self.unread.is_none() && self.rejections.is_empty()
    }
}

fn missing(field: &'static str, lost: &[&Need]) -> Missing {
    let of_field: Vec<_> = lost.iter().filter(|need| need.field == field).collect();
    Missing {
        field,
        used_by: of_field.iter().map(|need| (need.detection, need.gives)).collect(),
        absent: of_field.first().and_then(|need| need.absent),
    }
}
