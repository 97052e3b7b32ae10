//! One record: its encoding, its format, and how many events it wraps.

use crate::decode::envelope::Envelope;
use crate::decode::json::{Document, Value};
use crate::decode::limits::{MAX_EVENTS, MAX_RECORD_BYTES};
use crate::decode::recognise::{format_of, is_other_ecs};
use crate::decode::rejection::{Reason, Rejection, shown};
use crate::decode::{
    Decoded, Decoder, Format, Place, activity, evtx_dump, fluent_bit, normalised, nxlog, protobuf, sentinel,
    winlogbeat, xml, xml_in_json,
};
use std::ops::ControlFlow;

/// Where the outcomes of one record go. Its functions break off when there are too many.
pub(crate) struct Outlet<'a> {
    decoder: &'a Decoder,
    place: &'a Place,
    sink: &'a mut dyn FnMut(Result<Decoded, Rejection>),
    count: usize,
}

impl<'a> Outlet<'a> {
    pub(crate) fn new(
        decoder: &'a Decoder,
        place: &'a Place,
        sink: &'a mut dyn FnMut(Result<Decoded, Rejection>),
    ) -> Outlet<'a> {
        Outlet { decoder, place, sink, count: 0 }
    }

    /// Decodes the record; the sink is called at least once.
    pub(crate) fn decode(mut self, record: &[u8]) {
        let _ = self.record(record);
        if self.count == 0 {
            let _ = self.put(Ok(Decoded::Ignored(None)));
        }
    }

    fn record(&mut self, record: &[u8]) -> ControlFlow<()> {
        if record.len() > MAX_RECORD_BYTES {
            let detail = format!("{} bytes, more than {MAX_RECORD_BYTES}", record.len());
            return self.put(Err(Rejection::new(Reason::TooLarge, detail)));
        }
        if self.decoder.format == Some(Format::Protobuf) {
            return self
                .put(protobuf::event(record, self.place).map(|event| Decoded::Event(Box::new(event))));
        }
        match utf8(record) {
            Ok(text) => self.text(text),
            Err(rejection) => self.put(Err(rejection)),
        }
    }

    fn text(&mut self, text: &str) -> ControlFlow<()> {
        match (text.as_bytes().first(), self.decoder.format) {
            // A record without a value, such as a tombstone.
            (None, _) => ControlFlow::Continue(()),
            (Some(b'<'), None | Some(Format::Xml)) => self.xml(text),
            (Some(b'{' | b'['), format) if format != Some(Format::Xml) => match Document::parse(text) {
                Ok(document) => self.json(document.root()),
                Err(rejection) => self.put(Err(rejection)),
            },
            (Some(_), format) => {
                let format = format.map_or("json or xml", Format::as_str);
                self.put(Err(Rejection::new(
                    Reason::UnknownFormat,
                    format!("{} is no beginning of {format}", shown(text)),
                )))
            }
        }
    }

    fn xml(&mut self, text: &str) -> ControlFlow<()> {
        match xml::events(text, &mut |envelope| self.envelope(envelope)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(rejection) => self.put(Err(rejection)),
        }
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
        match self.decoder.format.or(found) {
            Some(Format::Winlogbeat) => self.found(winlogbeat::envelope(record), record, found),
            Some(Format::EvtxDump) => self.found(evtx_dump::envelope(record), record, found),
            Some(Format::Nxlog) => self.found(nxlog::envelope(record), record, found),
            Some(Format::FluentBit) => self.found(fluent_bit::envelope(record), record, found),
            Some(Format::Sentinel) => {
                let (place, zone) = (self.place, &self.decoder.zone);
                match sentinel::with_envelope(record, |envelope| activity::interpret(envelope, place, zone)) {
                    Some(outcome) => self.put(outcome),
                    None => self.found(None, record, found),
                }
            }
            Some(Format::XmlInJson) => match xml_in_json::xml(record) {
                Some(text) => self.xml(text.trim_start_matches('\u{feff}').trim_ascii_start()),
                None => self.found(None, record, found),
            },
            Some(Format::Normalised) if normalised::is_normalised(record) => {
                let event = normalised::event(record, self.place, &self.decoder.zone);
                self.put(event.map(|event| Decoded::Event(Box::new(event))))
            }
            Some(Format::Normalised | Format::Xml | Format::Protobuf) | None => {
                self.found(None, record, found)
            }
        }
    }

    /// What a format found in an object. Without an id the object is something else: not of interest if its own looks
    /// say that this is the format, and otherwise unknown, so that a format that is configured wrongly is noticed.
    fn found(
        &mut self,
        envelope: Option<Envelope<'_>>,
        record: Value<'_>,
        found: Option<Format>,
    ) -> ControlFlow<()> {
        let is_this_format =
            found.is_some() && self.decoder.format.is_none_or(|format| Some(format) == found);
        if envelope.is_some() || is_this_format || (found.is_none() && is_other_ecs(record)) {
            return self.envelope(envelope);
        }
        let detail = match (self.decoder.format, found) {
            (Some(named), Some(found)) => format!("looks like {}, not {}", found.as_str(), named.as_str()),
            _ if record.is_object() => {
                let keys: Vec<_> = record.members().take(5).map(|(key, _)| shown(key.source())).collect();
                format!("an object of {}", keys.join(", "))
            }
            _ => format!("{} is no object", shown(record.source())),
        };
        self.put(Err(Rejection::new(Reason::UnknownFormat, detail)))
    }

    fn envelope(&mut self, envelope: Option<Envelope<'_>>) -> ControlFlow<()> {
        match envelope {
            Some(envelope) => self.put(activity::interpret(envelope, self.place, &self.decoder.zone)),
            None => self.put(Ok(Decoded::Ignored(None))),
        }
    }

    fn put(&mut self, outcome: Result<Decoded, Rejection>) -> ControlFlow<()> {
        self.count += 1;
        if self.count <= MAX_EVENTS {
            (self.sink)(outcome);
            return ControlFlow::Continue(());
        }
        let detail = format!("more than {MAX_EVENTS} events in one record");
        (self.sink)(Err(Rejection::new(Reason::TooManyEvents, detail)));
        ControlFlow::Break(())
    }
}

/// The record as text, without a byte order mark and without the space around it.
fn utf8(record: &[u8]) -> Result<&str, Rejection> {
    if looks_like_utf16(record) {
        return Err(Rejection::new(Reason::NotUtf8, "utf-16, which only files may be"));
    }
    let text = std::str::from_utf8(record).map_err(|fault| {
        let at = fault.valid_up_to();
        Rejection::new(Reason::NotUtf8, format!("byte {at} is {:#04x}, which is not utf-8", record[at]))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii())
}

/// Whether a record is UTF-16: by its byte order mark, or because of the first two characters one has a zero byte,
/// which neither JSON nor XML begins with.
pub(crate) fn looks_like_utf16(record: &[u8]) -> bool {
    let head = &record[..record.len().min(4)];
    head.contains(&0) || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}
