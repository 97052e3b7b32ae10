//! An event as a layout gives it, with names instead of places, and what it means.

use crate::decode::activity;
use crate::decode::align;
use crate::decode::decoder::Decoded;
use crate::decode::end;
use crate::decode::envelope::{Envelope, Fields};
use crate::decode::fields::named::Named;
use crate::decode::format::Format;
use crate::decode::labels;
use crate::decode::place::Place;
use crate::decode::provider;
use crate::decode::rejection::{Reason, Rejection};
use crate::decode::values::{event_id, record_number, signed_id};
use crate::decode::wanted::{is_small, is_wanted};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// What was found of an event.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) format: Format,
    /// The id as it is written.
    pub(crate) id: String,
    pub(crate) provider: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) computer: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) record_id: Option<String>,
    /// The values by name, the event's own data first.
    pub(crate) named: Named,
    /// Text that may be the rendered message.
    pub(crate) texts: Vec<String>,
    /// The record ends before the event does.
    pub(crate) is_cut_off: bool,
}

impl Found {
    /// An event of which nothing but the id is known yet.
    pub(crate) fn new(format: Format, id: impl Into<String>) -> Found {
        Found {
            format,
            id: id.into(),
            provider: None,
            channel: None,
            computer: None,
            time: None,
            record_id: None,
            named: Named::default(),
            texts: Vec::new(),
            is_cut_off: false,
        }
    }

    /// What the event means. Its own data is read first; values without names are named by their position, and where
    /// fields are missing then, the rendered text is read.
    pub(crate) fn outcome(mut self, place: &Place, zone: &TimeZone) -> Result<Decoded, Rejection> {
        let Some(id) = event_id(&self.id) else { return self.outcome_of_odd_id() };
        if !is_wanted(id) {
            return Ok(Decoded::Ignored(Some(id)));
        }
        self.find_provider(id);
        let is_its = self.is_from_its_provider(id);
        // What is cut off may be the provider. Small ids count only with its name, as everywhere.
        let may_be_its = is_its || !is_small(id);
        if may_be_its && (self.is_cut_off || end::is_early(id, &self.named)) {
            return Err(cut_off());
        }
        if !is_its {
            return self.interpret(id, place, zone);
        }
        if self.named.is_ambiguous() {
            let detail = "a name occurs twice in a text whose values are not quoted";
            return Err(Rejection::new(Reason::PositionUnclear, detail));
        }
        let aligned = match self.named.nameless() {
            [] => Ok(()),
            values => align::named(id, values).map(|own| {
                let named = std::mem::take(&mut self.named);
                // Fluentd's parser of the rendered text names values as well, and takes several for one.
                let (mut first, second) =
                    if self.format == Format::Fluentd { (own, named) } else { (named, own) };
                first.append(second);
                self.named = first;
            }),
        };
        let first = match self.interpret(id, place, zone) {
            Err(rejection) if rejection.reason == Reason::MissingField => rejection,
            outcome => return outcome,
        };
        let texts = std::mem::take(&mut self.texts);
        let Some((text, read)) = texts.iter().find_map(|text| Some((text, labels::read(id, text)?))) else {
            aligned?;
            let is_prose = texts.iter().any(|text| labels::is_rendered(text));
            return Err(if is_prose { first.with_other_language() } else { first });
        };
        if labels::is_cut_off(id, text) {
            return Err(cut_off());
        }
        self.named.append(read);
        self.interpret(id, place, zone)
    }

    /// The same without the rendered text.
    pub(crate) fn outcome_of_data(mut self, place: &Place, zone: &TimeZone) -> Result<Decoded, Rejection> {
        self.texts.clear();
        self.outcome(place, zone)
    }

    /// An id with the bits of its severity is rejected, unless the provider shows that somebody else's event is meant.
    fn outcome_of_odd_id(mut self) -> Result<Decoded, Rejection> {
        match signed_id(&self.id) {
            Some(id) => {
                self.find_provider(id);
                let is_other = !self.is_from_its_provider(id);
                if is_other { Ok(Decoded::Ignored(Some(id))) } else { Err(Rejection::bad_id(&self.id)) }
            }
            None => Err(Rejection::bad_id(&self.id)),
        }
    }

    fn is_from_its_provider(&self, id: u32) -> bool {
        provider::is_from(id, self.provider.as_deref(), self.channel.as_deref())
    }

    /// Small ids need the name of their provider: without a provider of Windows, any value that is one of these names is it.
    fn find_provider(&mut self, id: u32) {
        let is_known = self.provider.as_deref().is_some_and(provider::is_provider);
        if !is_known && is_small(id) {
            let found =
                self.named.values().find(|value| provider::has_small_ids(value)).map(ToOwned::to_owned);
            self.provider = found.or_else(|| self.provider.take());
        }
    }

    fn interpret(&self, id: u32, place: &Place, zone: &TimeZone) -> Result<Decoded, Rejection> {
        let borrowed = |text: &Option<String>| text.as_deref().map(|text| Cow::Owned(text.to_owned()));
        let envelope = Envelope {
            id,
            provider: borrowed(&self.provider),
            channel: borrowed(&self.channel),
            computer: borrowed(&self.computer),
            time: borrowed(&self.time),
            record_id: self.record_id.as_ref().and_then(|text| record_number(text)),
            fields: Fields::Named(&self.named),
        };
        activity::interpret(envelope, place, zone)
    }
}

/// What is missing of a text may be the name that matters.
fn cut_off() -> Rejection {
    Rejection::new(Reason::MissingField, "the text ends before the event does")
}
