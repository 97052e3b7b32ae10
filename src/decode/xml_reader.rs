//! Reads Windows event XML piece by piece, into the parts of an event and its data.
//!
//! Document types and entities of the document's own are refused: nobody needs them, and they are how XML explodes.

use crate::decode::bytes::is_reference;
use crate::decode::limits::MAX_XML_DEPTH;
use crate::decode::rejection::{Reason, Rejection, shortened};
use crate::decode::values::event_id;
use crate::decode::wanted::{CERTIFICATE_EXPORTED, is_wanted};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::borrow::Cow;

pub(crate) type Data<'t> = Vec<(Cow<'t, str>, Cow<'t, str>)>;

/// The data in an `<EventData>` element that stands alone, as Sentinel keeps it.
pub(crate) fn event_data(text: &str) -> Result<Data<'_>, Rejection> {
    let mut walk = Walk::new(text);
    while walk.step()?.is_some() {}
    Ok(walk.draft.data)
}

/// Attributes of elements below UserData that are values of a wanted event.
const USER_DATA_ATTRIBUTES: [&str; 3] = ["ProcessName", "AccountName", "Thumbprint"];

/// An event while it is being read.
#[derive(Default)]
pub(crate) struct Draft<'t> {
    pub(crate) id: Option<Cow<'t, str>>,
    pub(crate) provider: Option<Cow<'t, str>>,
    pub(crate) channel: Option<Cow<'t, str>>,
    pub(crate) computer: Option<Cow<'t, str>>,
    pub(crate) time: Option<Cow<'t, str>>,
    pub(crate) record_id: Option<Cow<'t, str>>,
    pub(crate) data: Data<'t>,
}

impl<'t> Draft<'t> {
    /// Whether the event's data is worth keeping: its id is wanted or not known yet.
    fn keeps_data(&self) -> bool {
        self.id.as_ref().is_none_or(|id| event_id(id).is_some_and(is_wanted))
    }

    /// Whether the event's data stands in UserData, or its id is not known yet.
    fn has_user_data(&self) -> bool {
        self.id.as_ref().is_none_or(|id| event_id(id) == Some(CERTIFICATE_EXPORTED))
    }
}

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Outside of events, in `<Events>` or whatever wraps them.
    Outside,
    /// Directly below the `<Event>` itself.
    Event,
    /// Directly below the `<System>` of an event.
    System,
    /// Directly below the `<EventData>` of an event.
    EventData,
    /// In `<UserData>` or an element below it: its attributes and its text are values.
    UserData,
    /// In an element of System or EventData whose text is wanted.
    Leaf,
    /// In an element that is not read.
    Other,
}

/// What one step has ended.
pub(crate) enum End {
    Event,
    Nothing,
}

/// A walk over the document with the path to where it stands.
pub(crate) struct Walk<'t> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    /// Where the piece that is being read begins.
    start: usize,
    path: Vec<Part>,
    pub(crate) draft: Draft<'t>,
    /// Name and text of the leaf that is being read.
    leaf: (Cow<'t, str>, Option<Cow<'t, str>>),
}

impl<'t> Walk<'t> {
    pub(crate) fn new(text: &'t str) -> Walk<'t> {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = true;
        // A program that writes XML without escaping it: `AT&T`.
        config.allow_dangling_amp = true;
        Walk {
            text,
            reader,
            start: 0,
            path: Vec::with_capacity(8),
            draft: Draft::default(),
            leaf: (Cow::Borrowed(""), None),
        }
    }

    fn part(&self) -> Part {
        self.path.last().copied().unwrap_or(Part::Outside)
    }

    /// Reads one piece of the document; none at its end.
    pub(crate) fn step(&mut self) -> Result<Option<End>, Rejection> {
        self.start = self.reader.buffer_position() as usize;
        let event = self.reader.read_event().map_err(|fault| self.broken(&fault.to_string()))?;
        match event {
            Event::Start(tag) => self.open(&tag)?,
            Event::End(_) => return Ok(Some(self.close())),
            Event::Empty(tag) => {
                self.open(&tag)?;
                return Ok(Some(self.close()));
            }
            Event::Text(text) => self.text(text.into_inner()),
            Event::CData(text) => self.text(text.into_inner()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Comment(_) | Event::Decl(_) => {}
            // Digits around it must not grow together: the prefilter does not look for it.
            Event::PI(_) => self.text(Cow::Borrowed(" ")),
            Event::DocType(_) => {
                return Err(Rejection::new(Reason::XmlEntity, "a document type, which event xml has not"));
            }
            Event::Eof if self.path.is_empty() => return Ok(None),
            Event::Eof => return Err(Rejection::new(Reason::BadXml, "the record ends inside an element")),
        }
        Ok(Some(End::Nothing))
    }

    fn broken(&self, what: &str) -> Rejection {
        Rejection::new(
            Reason::BadXml,
            format!("{} near byte {}", shortened(what), self.reader.error_position()),
        )
    }

    fn open(&mut self, tag: &BytesStart<'t>) -> Result<(), Rejection> {
        if self.path.len() == MAX_XML_DEPTH {
            return Err(Rejection::new(
                Reason::TooDeep,
                format!("xml nested deeper than {MAX_XML_DEPTH} levels"),
            ));
        }
        let name = tag.local_name();
        let name: &str = name.as_ref();
        let part = match (self.part(), name) {
            (Part::Outside, "Event") => {
                self.draft = Draft::default();
                Part::Event
            }
            (Part::Event, "System") => Part::System,
            (Part::Event | Part::Outside, "EventData") => Part::EventData,

            (Part::Event | Part::Outside, "UserData") if self.draft.has_user_data() => Part::UserData,
            (Part::UserData, _) => self.open_user_data(name, tag)?,
            (Part::System, _) => self.open_system(name, tag)?,
            (Part::EventData, "Data") if self.draft.keeps_data() => match self.attribute(tag, "Name")? {
                Some(name) => self.leaf(name),
                None => self.leaf(Cow::Borrowed("")),
            },
            // Values that Azure and Loki keep without the elements around them.
            (Part::Outside, "Param") => self.leaf(Cow::Borrowed("")),
            (Part::Outside, "Data") => match self.attribute(tag, "Name")? {
                Some(name) => self.leaf(name),
                None => Part::Outside,
            },
            (Part::Outside, _) => Part::Outside,
            // Elements that Windows writes beside those above. Any other one is a field: NXLog writes events flat.
            (
                Part::Event,
                "UserData" | "RenderingInfo" | "BinaryEventData" | "DebugData" | "ProcessingErrorData",
            ) => Part::Other,
            (Part::Event, _) => self.leaf(Cow::Owned(name.to_owned())),
            (Part::Leaf, _) => {
                self.text(Cow::Borrowed(" "));
                Part::Other
            }
            (Part::EventData | Part::Other, _) => Part::Other,
        };
        self.path.push(part);
        Ok(())
    }

    fn open_system(&mut self, name: &str, tag: &BytesStart<'t>) -> Result<Part, Rejection> {
        Ok(match name {
            "Provider" => {
                self.draft.provider = self.attribute(tag, "Name")?;
                Part::Other
            }
            "TimeCreated" => {
                self.draft.time = self.attribute(tag, "SystemTime")?;
                Part::Other
            }
            "EventID" => self.leaf(Cow::Borrowed("EventID")),
            "EventRecordID" => self.leaf(Cow::Borrowed("EventRecordID")),
            "Channel" => self.leaf(Cow::Borrowed("Channel")),
            "Computer" => self.leaf(Cow::Borrowed("Computer")),
            _ => Part::Other,
        })
    }

    /// The attributes of an element become values by their own names; what is only called `Name`, by that of the element.
    fn open_user_data(&mut self, element: &str, tag: &BytesStart<'t>) -> Result<Part, Rejection> {
        for name in USER_DATA_ATTRIBUTES {
            if let Some(value) = self.attribute(tag, name)? {
                self.draft.data.push((Cow::Borrowed(name), value));
            }
        }
        if let Some(value) = self.attribute(tag, "Name")? {
            self.draft.data.push((Cow::Owned(element.to_owned()), value));
        }
        self.leaf = (Cow::Owned(element.to_owned()), None);
        Ok(Part::UserData)
    }

    fn leaf(&mut self, name: Cow<'t, str>) -> Part {
        self.leaf = (name, None);
        Part::Leaf
    }

    fn close(&mut self) -> End {
        let part = self.path.pop().unwrap_or(Part::Outside);
        match part {
            Part::Event => End::Event,
            Part::Leaf => {
                let (name, text) = std::mem::replace(&mut self.leaf, (Cow::Borrowed(""), None));
                let text = text.unwrap_or_default();
                match (self.part(), name.as_ref()) {
                    (Part::System, "EventID") => drop(self.draft.id.get_or_insert(text)),
                    (Part::System, "EventRecordID") => self.draft.record_id = Some(text),
                    (Part::System, "Channel") => self.draft.channel = Some(text),
                    (Part::System, _) => self.draft.computer = Some(text),
                    _ => self.draft.data.push((name, text)),
                }
                End::Nothing
            }
            Part::UserData => {
                if let (name, Some(text)) = std::mem::replace(&mut self.leaf, (Cow::Borrowed(""), None))
                    && !name.is_empty()
                    && !text.trim_ascii().is_empty()
                {
                    self.draft.data.push((name, text));
                }
                End::Nothing
            }
            Part::Outside | Part::System | Part::EventData | Part::Other => End::Nothing,
        }
    }

    fn text(&mut self, more: Cow<'t, str>) {
        if matches!(self.part(), Part::Leaf | Part::UserData) {
            match &mut self.leaf.1 {
                Some(text) => text.to_mut().push_str(&more),
                none => *none = Some(more),
            }
        }
    }

    fn reference(&mut self, reference: &BytesRef<'t>) {
        match reference.resolve_char_ref() {
            Ok(Some(c)) => self.text(Cow::Owned(c.to_string())),
            Ok(None) => match resolve_xml_entity(reference) {
                Some(text) => self.text(Cow::Borrowed(text)),
                // Without a document type no other name means anything: an ampersand that was not escaped.
                None => {
                    let name: &str = reference;
                    self.text(Cow::Owned(format!("&{name};")));
                }
            },
            // A character that XML does not allow, such as `&#x0;`.
            Err(_) => self.text(Cow::Borrowed(damaged_reference(reference))),
        }
    }

    /// An attribute of the tag that was just read. Taken from the text, where it can stay: what the reader gives of
    /// it lives no longer than the tag.
    fn attribute(&self, tag: &BytesStart<'t>, name: &str) -> Result<Option<Cow<'t, str>>, Rejection> {
        let start = self.start + 1;
        let inside = self.text.get(start..start + tag.len()).unwrap_or_default();
        debug_assert_eq!(inside, &**tag, "a tag stands where it was read");
        for attribute in Attributes::new(inside, tag.name().as_ref().len()).with_checks(false) {
            let attribute = attribute.map_err(|fault| self.broken(&fault.to_string()))?;
            let key: &str = attribute.key.as_ref();
            if key == name {
                let mut readable = attribute.clone();
                readable.value = without_bad_references(attribute.value);
                let value = readable.normalized_value(XmlVersion::Implicit1_0);
                return Ok(Some(value.map_err(|fault| self.broken(&fault.to_string()))?));
            }
        }
        Ok(None)
    }
}

/// What stands for a reference to what is no character. A NUL stays one: behind a value it is no part of it.
fn damaged_reference(name: &str) -> &'static str {
    let digits = name.trim_start_matches(['#', 'x', 'X']);
    if !digits.is_empty() && digits.bytes().all(|digit| digit == b'0') { "\0" } else { "\u{fffd}" }
}

/// A text with U+FFFD for references to what is no character, such as `&#xD800;`, and with `&amp;` for an ampersand that
/// begins no reference: they cost a character, not the record.
fn without_bad_references(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut parts = text.split('&');
    let first = parts.next().unwrap_or_default();
    if parts.clone().all(is_known_reference) {
        return text;
    }
    let mut readable = first.to_owned();
    for part in parts {
        match part.split_once(';') {
            Some((name, rest)) if name.starts_with('#') && !is_known_reference(part) => {
                readable.push_str(damaged_reference(name));
                readable.push_str(rest);
            }
            Some(_) | None => {
                readable.push_str(if is_known_reference(part) { "&" } else { "&amp;" });
                readable.push_str(part);
            }
        }
    }
    Cow::Owned(readable)
}

/// Whether a reference, of which this is what follows `&`, stands for a character.
fn is_known_reference(rest: &str) -> bool {
    rest.split_once(';').is_some_and(|(name, _)| match name.strip_prefix('#') {
        Some(number) => is_reference(number),
        None => resolve_xml_entity(name).is_some(),
    })
}
