//! Finds the events in a JSON document of any layout: takes envelopes off, splits batches, opens text inside text.
//!
//! At each object the rows of the table are asked. Where none has an id, or the event is not whole, the search goes on in
//! the members, those first that envelopes are known to use. Of several members with one event, such as the original
//! beside the parsed event, the first counts; members with other events make a batch.

use crate::decode::decoder::{Decoded, Decoder};
use crate::decode::encoded;
use crate::decode::fields::fold::fold;
use crate::decode::fields::view::{members, untyped};
use crate::decode::format::Format;
use crate::decode::json::{Document, Value};
use crate::decode::layout::found::Found;
use crate::decode::layout::reader;
use crate::decode::limits::{MAX_EVENTS, MAX_JSON_DEPTH};
use crate::decode::place::Place;
use crate::decode::prefilter::cut;
use crate::decode::rejection::{Reason, Rejection};
use crate::decode::text::{self, Inside};
use crate::decode::unwrapping::inflate::inflated;
use crate::decode::unwrapping::xml_tree;
use crate::decode::{activity, mapped, normalised, xml};
use crate::event::Event;
use std::ops::ControlFlow;

/// Members in which envelopes keep the event, folded, in the order in which they are searched.
const ENVELOPES: [&str; 22] = [
    "source",
    "result",
    "payload",
    "data",
    "body",
    "fields",
    "properties",
    "record",
    "records",
    "event",
    "eventoriginal",
    "message",
    "log",
    "logs",
    "system",
    "hits",
    "value",
    "values",
    "raw",
    "original",
    "resourcelogs",
    "document",
];

type Outcome = Result<Decoded, Rejection>;

/// What was found, each with its format.
pub(crate) type Outcomes = Vec<(Format, Outcome)>;

/// The events of a document, or what is wrong with them; empty where nothing looks like an event.
pub(crate) fn outcomes(record: Value<'_>, decoder: &Decoder, place: &Place) -> Outcomes {
    let walk = Walk { decoder, place };
    let inflated = inflated(record);
    match inflated.as_deref().map(Document::parse) {
        Some(Ok(document)) => walk.visit(document.root(), &[]),
        Some(Err(_)) | None => walk.visit(record, &[]),
    }
}

/// The events in a text that stands for a record of its own.
pub(crate) fn outcomes_of_text(text: &str, decoder: &Decoder, place: &Place) -> Outcomes {
    Walk { decoder, place }.string(text, &[])
}

struct Walk<'a> {
    decoder: &'a Decoder,
    place: &'a Place,
}

impl Walk<'_> {
    fn visit(&self, value: Value<'_>, outer: &[Value<'_>]) -> Outcomes {
        let value = untyped(value);
        if let Some(text) = value.string() {
            return match encoded::text(&text) {
                Some(text) => self.string(&text, outer),
                None => self.string(&text, outer),
            };
        }
        if outer.len() >= MAX_JSON_DEPTH {
            return Outcomes::new();
        }
        match members(value) {
            Some(members) => self.object(value, members.into_iter().collect(), outer),
            None => value.items().flat_map(|item| self.visit(item, outer)).take(MAX_EVENTS + 1).collect(),
        }
    }

    fn object(
        &self,
        value: Value<'_>,
        members: Vec<(std::borrow::Cow<'_, str>, Value<'_>)>,
        outer: &[Value<'_>],
    ) -> Outcomes {
        if let Some(xml) = xml_tree::event_xml(value) {
            return self.xml(&xml);
        }
        let Own { outcome: own, is_final, rendered } = self.own(value, outer);
        if matches!(own, Some((Format::Ocsf, _)))
            && let Some(whole) = self.original(value)
        {
            return whole;
        }
        if is_final {
            return own.into_iter().collect();
        }
        let inside: Vec<_> = std::iter::once(value).chain(outer.iter().copied()).collect();
        // Numbers as names make a list of what they name.
        let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        let is_list = !members.is_empty() && members.iter().all(|(name, _)| is_number(name));
        let (mut events, mut best) = (Outcomes::new(), Outcomes::new());
        for value in in_order(members) {
            let found = self.visit(value, &inside);
            if is_list {
                best.extend(found);
            } else if found.iter().any(|outcome| event(outcome).is_some()) {
                add_others(&mut events, found);
            } else if best.is_empty() {
                best = found;
            }
            if events.len() > MAX_EVENTS {
                break;
            }
        }
        if !events.is_empty() {
            return events;
        }
        // The rendered text of an event is the last resort: it may stand beside the event as it was.
        match rendered.map(|found| (found.format, found.outcome(self.place, &self.decoder.zone))).or(own) {
            Some(own) => vec![own],
            None => best,
        }
    }

    /// The events in the original that OCSF keeps, if that is XML: it has what the class has no attribute for.
    fn original(&self, value: Value<'_>) -> Option<Outcomes> {
        let raw = value.get("raw_data").and_then(Value::string)?;
        let found = self.xml(text::event_xml(&raw)?.0);
        let events = found.into_iter().filter(|outcome| event(outcome).is_some());
        let events: Outcomes = events.map(|(_, event)| (Format::Ocsf, event)).collect();
        (!events.is_empty()).then_some(events)
    }

    /// What an object is, by itself. An id of no interest does not end the search, where nothing else shows that Windows
    /// gave it: envelopes have ids of their own.
    fn own(&self, value: Value<'_>, outer: &[Value<'_>]) -> Own {
        let (place, zone) = (self.place, &self.decoder.zone);
        if normalised::is_normalised(value) {
            let event = normalised::event(value, place, zone);
            let outcome = event.map(|event| Decoded::Event(Box::new(event)));
            return Own::of(Format::Normalised, outcome, true);
        }
        if let Some((format, outcome)) = mapped::outcome(value, outer, place, zone) {
            // Another schema may keep the event as it was.
            return Own::of(format, outcome, false);
        }
        let Some(found) = reader::read(value, outer) else { return Own::default() };
        let is_windows = found.channel.is_some() || found.provider.is_some();
        let outcome = found.clone().outcome_of_data(place, zone);
        let is_rendered = outcome.is_err() && !found.texts.is_empty();
        Own {
            rendered: is_rendered.then(|| Box::new(found.clone())),
            ..Own::of(found.format, outcome, is_windows)
        }
    }

    /// The events in a string; what they lack of time and computer may stand around it.
    fn string(&self, string: &str, outer: &[Value<'_>]) -> Outcomes {
        match text::read(string) {
            Inside::Xml(xml) => self.xml(xml),
            Inside::EscapedXml(xml) => self.xml(&xml),
            Inside::Json(json) => match Document::parse(json) {
                Ok(document) => outcomes(document.root(), self.decoder, self.place),
                Err(_) => self.lines(json).unwrap_or_else(|| cut_off(string)),
            },
            Inside::Events(events) => {
                let (place, zone) = (self.place, &self.decoder.zone);
                let whole = events.into_iter().map(|found| reader::with_outer(found, outer));
                whole.map(|found| (found.format, found.outcome(place, zone))).collect()
            }
            Inside::Nothing => cut_off(string),
        }
    }

    /// The events of several lines of JSON in one text; none where a line is something else.
    fn lines(&self, text: &str) -> Option<Outcomes> {
        let lines = text.lines().filter(|line| !line.trim_ascii().is_empty());
        let documents: Vec<_> = lines.map(|line| Document::parse(line).ok()).collect::<Option<_>>()?;
        let outcomes = |document: &Document<'_>| outcomes(document.root(), self.decoder, self.place);
        Some(documents.iter().flat_map(outcomes).take(MAX_EVENTS + 1).collect())
    }

    fn xml(&self, text: &str) -> Outcomes {
        let mut outcomes = Outcomes::new();
        let read = xml::events(text, &mut |envelope| {
            let outcome = envelope.and_then(|envelope| match envelope {
                Some(envelope) => activity::interpret(envelope, self.place, &self.decoder.zone),
                None => Ok(Decoded::Ignored(None)),
            });
            outcomes.push((Format::XmlInJson, outcome));
            if outcomes.len() > MAX_EVENTS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(rejection) = read {
            outcomes.push((Format::XmlInJson, Err(rejection)));
        }
        outcomes
    }
}

/// The event of an outcome.
fn event((_, outcome): &(Format, Outcome)) -> Option<&Event> {
    match outcome {
        Ok(Decoded::Event(event)) => Some(event),
        Ok(Decoded::Ignored(_)) | Err(_) => None,
    }
}

/// Adds the outcomes of a further member, without the events that are known, written in another way.
fn add_others(events: &mut Outcomes, mut found: Outcomes) {
    let is_known = |other: &Event| events.iter().filter_map(event).any(|known| is_same(known, other));
    found.retain(|outcome| !event(outcome).is_some_and(is_known));
    if found.iter().any(|outcome| event(outcome).is_some()) {
        events.extend(found);
    }
}

/// Whether two members of one record hold the same event, as far as they tell: a layout may have lost the record's number, or
/// have another name of the computer, or whole seconds only.
fn is_same(a: &Event, b: &Event) -> bool {
    let same_time = a.time.as_millis().abs_diff(b.time.as_millis()) < 1000;
    let is_one_record = match (a.origin.record_id, b.origin.record_id) {
        (Some(first), Some(second)) => first == second && (same_time || a.computer == b.computer),
        (None, _) | (_, None) => true,
    };
    is_one_record && a.origin.event_id == b.origin.event_id
}

/// The rejection of JSON that begins in a text and does not end: an id may stand in what is missing.
fn cut_off(text: &str) -> Outcomes {
    let rejection = || Rejection::new(Reason::BadJson, "json in a text ends before it is closed");
    let is_cut = cut::is_cut(text.as_bytes());
    is_cut.then(|| (Format::Flat, Err(rejection()))).into_iter().collect()
}

/// What an object is, by itself.
#[derive(Default)]
struct Own {
    outcome: Option<(Format, Outcome)>,
    /// Nothing in its members could be better.
    is_final: bool,
    /// An event whose data is not whole, and that has a text which may be its rendered message.
    rendered: Option<Box<Found>>,
}

impl Own {
    fn of(format: Format, outcome: Outcome, is_windows: bool) -> Own {
        let is_final = match &outcome {
            Ok(Decoded::Event(_)) => true,
            Ok(Decoded::Ignored(_)) => is_windows,
            Err(_) => false,
        };
        Own { outcome: Some((format, outcome)), is_final, rendered: None }
    }
}

/// The values of members that may hold an event: known envelopes first, then the others as they stand.
fn in_order<'t>(members: Vec<(std::borrow::Cow<'t, str>, Value<'t>)>) -> impl Iterator<Item = Value<'t>> {
    let rank =
        |name: &str| ENVELOPES.iter().position(|known| *known == fold(name)).unwrap_or(ENVELOPES.len());
    let mut ranked: Vec<_> = members.into_iter().map(|(name, value)| (rank(&name), value)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, value)| value)
}
