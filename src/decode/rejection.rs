//! Why a record is no event.

use crate::decode::limits::MAX_SHOWN_CHARS;
use crate::event::Event;
use std::fmt;

/// A record, or one event of it, that should have been understood and was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The reason, from a closed set: a label of metrics.
    pub reason: Reason,
    /// What exactly, naming field and value (cut short): lower-case, without a full stop.
    pub detail: String,
    /// What remains without the field that cannot be read; it stands in for the rejection where no better event is found.
    pub(crate) remaining: Option<Box<Event>>,
}

/// The closed set of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Longer than the limit.
    TooLarge,
    /// Nested deeper than the limit.
    TooDeep,
    /// Neither UTF-8 nor anything else that is read.
    NotUtf8,
    /// Recognised as JSON, but not well-formed.
    BadJson,
    /// Recognised as XML, but not well-formed.
    BadXml,
    /// XML with a document type or entities of its own.
    XmlEntity,
    /// Not a well-formed message of our protobuf schema.
    BadProtobuf,
    /// No format that is known.
    UnknownFormat,
    /// A wanted event without a field it must have.
    MissingField,
    /// A field whose value cannot be read.
    BadField,
    /// A field longer than the limit.
    FieldTooLong,
    /// More events in one record than the limit.
    TooManyEvents,
    /// An id that is no event id in any spelling that is read.
    BadEventId,
    /// Rendered text in another language than English, and no other data.
    OtherLanguage,
    /// Values without names, some left out, and it is not clear which; or a name twice among values without quotes.
    PositionUnclear,
}

impl Rejection {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Rejection {
        Rejection { reason, detail: detail.into(), remaining: None }
    }

    /// A wanted event lacks a field.
    pub(crate) fn missing(field: &str) -> Rejection {
        Rejection::new(Reason::MissingField, format!("{field} is missing"))
    }

    /// The id of an event cannot be read.
    pub(crate) fn bad_id(value: &str) -> Rejection {
        let signed = || value.trim().parse::<i32>().ok().map(i32::cast_unsigned);
        let id = value.trim().parse::<u32>().ok().or_else(signed).filter(|id| *id > u32::from(u16::MAX));
        // The lower half is the id: `InstanceId` of .NET and `EventIdentifier` of WMI have more.
        let meant =
            id.map_or_else(String::new, |id| format!(", perhaps {} with bits of its severity", id & 0xffff));
        Rejection::new(Reason::BadEventId, format!("the event id is {}{meant}", shown(value)))
    }

    /// The fields are missing because the rendered text, which alone has them, is in another language.
    pub(crate) fn with_other_language(self) -> Rejection {
        let detail = format!("{}, and the rendered text is not English", self.detail);
        Rejection::new(Reason::OtherLanguage, detail)
    }

    /// A field of a wanted event cannot be read.
    pub(crate) fn bad_field(field: &str, value: &str, expected: &str) -> Rejection {
        Rejection::new(Reason::BadField, format!("{field} is {}, not {expected}", shown(value)))
    }
}

/// A value as a rejection shows it: quoted, and cut short.
pub(crate) fn shown(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{:?}… ({} bytes)", &value[..end], value.len()),
        None => format!("{value:?}"),
    }
}

/// A sentence of somebody else's, cut short in case it quotes a value.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(3 * MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Reason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Reason; 15] = [
        Reason::TooLarge,
        Reason::TooDeep,
        Reason::NotUtf8,
        Reason::BadJson,
        Reason::BadXml,
        Reason::XmlEntity,
        Reason::BadProtobuf,
        Reason::UnknownFormat,
        Reason::MissingField,
        Reason::BadField,
        Reason::FieldTooLong,
        Reason::TooManyEvents,
        Reason::BadEventId,
        Reason::OtherLanguage,
        Reason::PositionUnclear,
    ];

    /// The snake_case word for metrics and summaries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::TooLarge => "too_large",
            Reason::TooDeep => "too_deep",
            Reason::NotUtf8 => "not_utf8",
            Reason::BadJson => "bad_json",
            Reason::BadXml => "bad_xml",
            Reason::XmlEntity => "xml_entity",
            Reason::BadProtobuf => "bad_protobuf",
            Reason::UnknownFormat => "unknown_shape",
            Reason::MissingField => "missing_field",
            Reason::BadField => "bad_field",
            Reason::FieldTooLong => "field_too_long",
            Reason::TooManyEvents => "too_many_events",
            Reason::BadEventId => "bad_event_id",
            Reason::OtherLanguage => "other_language",
            Reason::PositionUnclear => "position_unclear",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.detail)
    }
}
