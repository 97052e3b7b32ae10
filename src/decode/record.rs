//! One record: its encoding, its format, and how many events it wraps.

use crate::decode::decoder::{Decoded, Decoder};
use crate::decode::format::Format;
use crate::decode::json::{Document, Value};
use crate::decode::limits::{MAX_EVENTS, MAX_RECORD_BYTES};
use crate::decode::place::Place;
use crate::decode::prefilter::odd::OddIds;
use crate::decode::recognise::{format_of, is_other_ecs};
use crate::decode::rejection::{Reason, Rejection, shown};
use crate::decode::unwrapping::walk::{self, Outcomes};
use crate::decode::wanted::{is_small, is_wanted};
use crate::decode::{
    activity, binary, bytes, compressed, encoded, evtx_dump, fluent_bit, mention, normalised, nxlog, octets,
    protobuf, sentinel, tag, winlogbeat, xml, xml_in_json,
};
use std::ops::ControlFlow;

type Outcome = Result<Decoded, Rejection>;

/// Where the outcomes of one record go. Its functions stop early when there are too many.
pub(crate) struct Outlet<'a> {
    decoder: &'a Decoder,
    place: &'a Place,
    sink: &'a mut dyn FnMut(Option<Format>, Outcome),
    count: usize,
    /// Bytes that are no text were replaced, or a field that cannot be read was left out.
    replaced: bool,
    /// An outcome was more than "not of interest".
    matters: bool,
    /// The record is no text.
    is_binary: bool,
    /// The record was text in base64, once.
    is_decoded: bool,
}

impl<'a> Outlet<'a> {
    pub(crate) fn new(
        decoder: &'a Decoder,
        place: &'a Place,
        sink: &'a mut dyn FnMut(Option<Format>, Outcome),
    ) -> Outlet<'a> {
        Outlet {
            decoder,
            place,
            sink,
            count: 0,
            replaced: false,
            matters: false,
            is_binary: false,
            is_decoded: false,
        }
    }

    /// Decodes the record; the sink is called at least once. Returns whether bytes or escapes that are no text were
    /// replaced, or a field that cannot be read was left out.
    pub(crate) fn decode(mut self, record: &[u8]) -> bool {
        let _ = self.record(record);
        if self.count == 0 {
            let _ = self.put(None, Ok(Decoded::Ignored(None)));
        }
        self.replaced
    }

    fn record(&mut self, record: &[u8]) -> ControlFlow<()> {
        if record.len() > MAX_RECORD_BYTES {
            let detail = format!("{} bytes, more than {MAX_RECORD_BYTES}", record.len());
            return self.reject(Rejection::new(Reason::TooLarge, detail));
        }
        if self.decoder.format == Some(Format::Protobuf) {
            let event = protobuf::event(record, self.place);
            return self.put(Some(Format::Protobuf), event.map(|event| Decoded::Event(Box::new(event))));
        }
        if let Some(kind) = compressed::kind(record) {
            return match compressed::inflated(record, kind) {
                Ok(inflated) => self.bytes(&inflated),
                Err(rejection) => self.reject(rejection),
            };
        }
        self.is_binary = binary::is_binary(record);
        self.bytes(bytes::without_schema_id(record))
    }

    fn bytes(&mut self, record: &[u8]) -> ControlFlow<()> {
        let (text, replaced) = bytes::text(record);
        let text = bytes::trimmed(&text);
        self.replaced = replaced;
        let flow = match octets::messages(text) {
            Some(messages) => messages.into_iter().try_for_each(|message| self.text(bytes::trimmed(message))),
            None => self.text(text),
        };
        self.replaced |= self.matters && bytes::names_no_character(text);
        flow
    }

    fn text(&mut self, text: &str) -> ControlFlow<()> {
        let named = self.decoder.format;
        match text.as_bytes() {
            // A record without a value, such as a tombstone.
            [] => ControlFlow::Continue(()),
            [b'<', second, ..]
                if !second.is_ascii_digit() && named.is_none_or(|format| format == Format::Xml) =>
            {
                self.xml(text, Format::Xml)
            }
            [b'"', .., b'"'] => match Document::parse(text)
                .ok()
                .and_then(|document| document.root().string().map(|s| s.into_owned()))
            {
                // Lines or a batch in one string.
                Some(inner) if bytes::trimmed(&inner).starts_with(['{', '[']) => {
                    self.text(bytes::trimmed(&inner))
                }
                Some(inner) => self.encoded_or_other(&inner),
                None => self.other_text(text),
            },
            [b'{' | b'[', ..] if named != Some(Format::Xml) => match Document::parse(text) {
                Ok(document) => self.json(document.root()),
                Err(rejection) => self.several(text, rejection),
            },
            _ => self.encoded_or_other(text),
        }
    }

    /// A record that is base64 as a whole, as Kafka Connect's JsonConverter writes bytes, or another text.
    fn encoded_or_other(&mut self, text: &str) -> ControlFlow<()> {
        match encoded::text(text).filter(|_| !std::mem::replace(&mut self.is_decoded, true)) {
            Some(inner) => self.text(bytes::trimmed(&inner)),
            None => self.other_text(text),
        }
    }

    /// Text that is neither XML nor JSON from its beginning.
    fn other_text(&mut self, text: &str) -> ControlFlow<()> {
        let outcomes = walk::outcomes_of_text(text, self.decoder, self.place);
        if !outcomes.is_empty() {
            let bare =
                |(format, outcome)| (if format == Format::XmlInJson { Format::Xml } else { format }, outcome);
            return self.put_all(outcomes.into_iter().map(bare).collect());
        }
        if self.is_binary {
            let detail = "the record is binary: Avro, Protobuf, MessagePack, CBOR and the like are not read, send JSON or XML";
            return self.reject(Rejection::new(Reason::UnknownFormat, detail));
        }
        let expected = self.decoder.format.map_or("json or xml", Format::as_str);
        self.reject(Rejection::new(
            Reason::UnknownFormat,
            format!("{} is no beginning of {expected}", shown(text)),
        ))
    }

    fn xml(&mut self, text: &str, format: Format) -> ControlFlow<()> {
        let (before, mut without_ids) = (self.count, 0);
        match xml::events(text, &mut |envelope| match envelope {
            Ok(Some(envelope)) => {
                self.put(Some(format), activity::interpret(envelope, self.place, &self.decoder.zone))
            }
            Ok(None) => {
                without_ids += 1;
                ControlFlow::Continue(())
            }
            Err(rejection) => self.put(Some(format), Err(rejection)),
        }) {
            Ok(()) if self.count == before && (without_ids == 0 || mention::number(text).is_some()) => {
                self.xml_without_event(text)
            }
            Ok(()) => (0..without_ids).try_for_each(|_| self.put(Some(format), Ok(Decoded::Ignored(None)))),
            Err(rejection) => self.put(Some(format), Err(rejection)),
        }
    }

    /// XML without an event that has an id: not of interest, unless it names a wanted event.
    fn xml_without_event(&mut self, text: &str) -> ControlFlow<()> {
        let outcomes = match tag::opening(text.as_bytes()) {
            Some(_) => Outcomes::new(),
            None => walk::outcomes_of_text(text, self.decoder, self.place),
        };
        if !outcomes.is_empty() {
            return self.put_all(outcomes);
        }
        match mention::number(text) {
            Some(id) => self.reject(without_id(text, id)),
            None => ControlFlow::Continue(()),
        }
    }

    /// JSON that is not one value: values in lines, with a comma behind each, or behind the last one only. Anything else
    /// is broken, or a line of text that begins with a bracket.
    fn several(&mut self, text: &str, rejection: Rejection) -> ControlFlow<()> {
        let whole = |line: &&str| line.starts_with('{') && line.trim_end_matches(',').ends_with('}');
        let lines: Vec<&str> = text.lines().map(str::trim_ascii).filter(|line| !line.is_empty()).collect();
        let is_list = lines.len() > 1 && lines.iter().filter(|line| whole(line)).count() * 2 > lines.len();
        if is_list {
            return lines.into_iter().try_for_each(|line| {
                match Document::parse(line.trim_end_matches(',')) {
                    Ok(document) => self.json(document.root()),
                    Err(rejection) => self.reject(rejection),
                }
            });
        }
        if let Some(Ok(document)) = text.strip_suffix(',').map(Document::parse) {
            return self.json(document.root());
        }
        let outcomes = match text.starts_with('[') {
            true => walk::outcomes_of_text(text, self.decoder, self.place),
            false => Outcomes::new(),
        };
        if outcomes.is_empty() { self.reject(rejection) } else { self.put_all(outcomes) }
    }

    /// One event, an array of events, or an object that wraps such an array.
    fn json(&mut self, root: Value<'_>) -> ControlFlow<()> {
        let wrapped = root.get("records").filter(|records| records.is_array());
        match wrapped.or_else(|| root.is_array().then_some(root)) {
            Some(items) => items.items().try_for_each(|item| self.object(item)),
            None => self.object(root),
        }
    }

    fn object(&mut self, record: Value<'_>) -> ControlFlow<()> {
        let found = format_of(record);
        let format = self.decoder.format.or(found);
        if format == Some(Format::XmlInJson)
            && let Some(text) = xml_in_json::xml(record)
        {
            return self.xml(bytes::trimmed(&text), Format::XmlInJson);
        }
        match format.and_then(|format| self.common(format, record)) {
            Some(outcome) if !may_be_elsewhere(&outcome) => self.put(format, outcome),
            first => self.any_layout(record, found, first.map(|outcome| (format, outcome))),
        }
    }

    /// The event by the reader of a common format; none when that finds no id.
    fn common(&self, format: Format, record: Value<'_>) -> Option<Outcome> {
        let (place, zone) = (self.place, &self.decoder.zone);
        let envelope = match format {
            Format::Winlogbeat => winlogbeat::envelope(record),
            Format::EvtxDump => evtx_dump::envelope(record),
            Format::Nxlog => nxlog::envelope(record),
            Format::FluentBit => fluent_bit::envelope(record),
            Format::Sentinel => {
                return sentinel::with_envelope(record, |envelope| {
                    activity::interpret(envelope, place, zone)
                });
            }
            Format::Normalised if normalised::is_normalised(record) => {
                let event = normalised::event(record, place, zone);
                return Some(event.map(|event| Decoded::Event(Box::new(event))));
            }
            Format::Normalised
            | Format::Xml
            | Format::XmlInJson
            | Format::Protobuf
            | Format::Wazuh
            | Format::DotNet
            | Format::Fluentd
            | Format::OpenTelemetry
            | Format::Vector
            | Format::Gelf
            | Format::SystemData
            | Format::EvtxEcmd
            | Format::Flat
            | Format::Ocsf
            | Format::DefenderXdr
            | Format::CrowdstrikeFdr
            | Format::SplunkText
            | Format::EventText
            | Format::Snare
            | Format::Cef
            | Format::Leef
            | Format::SyslogData
            | Format::KeyValues => None,
        };
        envelope.map(|envelope| activity::interpret(envelope, place, zone))
    }

    /// An object that no common reader reads whole. `first` is the outcome of one of them.
    fn any_layout(
        &mut self,
        record: Value<'_>,
        found: Option<Format>,
        first: Option<(Option<Format>, Outcome)>,
    ) -> ControlFlow<()> {
        let outcomes = walk::outcomes(record, self.decoder, self.place);
        let is_event = |outcome: &Outcome| matches!(outcome, Ok(Decoded::Event(_)));
        match first {
            Some((format, outcome)) if !outcomes.iter().any(|(_, outcome)| is_event(outcome)) => {
                let is_ignored = outcome.is_ok();
                let is_better = |other: &Outcome| {
                    !has_remaining(&outcome) && (names_cause(other) || is_ignored && other.is_err())
                };
                let better = outcomes.into_iter().map(|(_, outcome)| outcome).find(is_better);
                self.put(format, better.unwrap_or(outcome))
            }
            // A record of the named format, in which the event stands once more as it was.
            Some((Some(format), _)) if self.decoder.format == found => {
                self.put_all(outcomes.into_iter().map(|(_, outcome)| (format, outcome)).collect())
            }
            Some(_) => self.put_all(outcomes),
            None if outcomes.is_empty() => self.unknown(record, found),
            None => self.put_all(outcomes),
        }
    }

    /// An object without an event: not of interest if its keys identify a known format, and otherwise
    /// unknown, so that a format that is configured wrongly is noticed.
    fn unknown(&mut self, record: Value<'_>, found: Option<Format>) -> ControlFlow<()> {
        let named = self.decoder.format;
        let is_this_format = found.is_some() && named.is_none_or(|format| Some(format) == found);
        if is_this_format || (found.is_none() && is_other_ecs(record)) {
            let source = record.source();
            let named = if is_this_format { mention::number(source) } else { mention::event(source) };
            return self.put(
                found,
                match named {
                    Some(id) => Err(without_id(source, id)),
                    None if OddIds::new().has_one(source.as_bytes()) => Err(odd_id(source)),
                    None => Ok(Decoded::Ignored(None)),
                },
            );
        }
        let detail = match (named, found) {
            (Some(named), Some(found)) => looks_like(found, named),
            _ if record.is_object() => {
                let keys: Vec<_> = record.members().take(5).map(|(key, _)| shown(key.source())).collect();
                format!("an object of {}", keys.join(", "))
            }
            _ => format!("{} is no object", shown(record.source())),
        };
        self.reject(Rejection::new(Reason::UnknownFormat, detail))
    }

    /// Hands on outcomes; those of another format than the config names become rejections.
    fn put_all(&mut self, outcomes: Outcomes) -> ControlFlow<()> {
        outcomes.into_iter().try_for_each(|(format, outcome)| match self.decoder.format {
            Some(named) if named != format && (outcome.is_ok() || has_remaining(&outcome)) => {
                self.reject(Rejection::new(Reason::UnknownFormat, looks_like(format, named)))
            }
            Some(_) | None => self.put(Some(format), outcome),
        })
    }

    fn reject(&mut self, rejection: Rejection) -> ControlFlow<()> {
        self.put(None, Err(rejection))
    }

    fn put(&mut self, format: Option<Format>, outcome: Outcome) -> ControlFlow<()> {
        self.count += 1;
        self.replaced |= has_remaining(&outcome);
        let outcome = outcome.or_else(|mut rejection| match rejection.remaining.take() {
            Some(event) => Ok(Decoded::Event(event)),
            None => Err(rejection),
        });
        self.matters |= !matches!(outcome, Ok(Decoded::Ignored(_)));
        if self.count <= MAX_EVENTS {
            (self.sink)(format, outcome);
            return ControlFlow::Continue(());
        }
        let detail = format!("more than {MAX_EVENTS} events in one record");
        (self.sink)(format, Err(Rejection::new(Reason::TooManyEvents, detail)));
        ControlFlow::Break(())
    }
}

/// The rejection of a record without an id that names a wanted event elsewhere.
fn without_id(text: &str, id: u32) -> Rejection {
    Rejection::new(Reason::UnknownFormat, format!("{} names {id}, and has no event id", shown(text)))
}

/// The rejection of a record that has an id where none is read, in a spelling that is not read either.
fn odd_id(text: &str) -> Rejection {
    Rejection::new(Reason::BadEventId, format!("{} has an event id in an odd spelling", shown(text)))
}

fn looks_like(found: Format, named: Format) -> String {
    format!("looks like {}, not {}", found.as_str(), named.as_str())
}

/// Whether a record may hold elsewhere what its common reader does not find: a field, or the provider that a small id needs.
fn may_be_elsewhere(outcome: &Outcome) -> bool {
    match outcome {
        Ok(Decoded::Ignored(Some(id))) => is_wanted(*id) && is_small(*id),
        Ok(_) => false,
        Err(rejection) => {
            [Reason::MissingField, Reason::BadField, Reason::PositionUnclear].contains(&rejection.reason)
        }
    }
}

/// Whether a rejection has an event to stand in for it.
fn has_remaining(outcome: &Outcome) -> bool {
    outcome.as_ref().is_err_and(|rejection| rejection.remaining.is_some())
}

/// Whether a rejection names the reason why a field is missing.
fn names_cause(outcome: &Outcome) -> bool {
    let reasons = [Reason::OtherLanguage, Reason::PositionUnclear];
    outcome.as_ref().is_err_and(|rejection| reasons.contains(&rejection.reason))
}
