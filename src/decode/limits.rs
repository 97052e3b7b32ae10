//! What is too much: input is written by attackers, so everything has a limit and every limit a [`Reason`].
//!
//! [`Reason`]: crate::decode::rejection::Reason

/// The longest record, in bytes. A Windows event is at most 64 KiB; Kafka's own default limit is 1 MiB.
pub const MAX_RECORD_BYTES: usize = 1024 * 1024;

/// The longest value of one field, in bytes: the event log allows 32 Ki characters of UTF-16, each of up to three bytes here.
pub const MAX_FIELD_BYTES: usize = 96 * 1024;

/// The most events one record may wrap.
pub const MAX_EVENTS: usize = 10_000;

/// How deep JSON may nest. The deepest real format has six levels.
pub const MAX_JSON_DEPTH: usize = 64;

/// How deep XML may nest. Event XML has four levels, `UserData` a few more.
pub const MAX_XML_DEPTH: usize = 32;

/// How much of a value is shown in a rejection, in characters.
pub const MAX_SHOWN_CHARS: usize = 60;

/// How often text inside text is unwrapped: JSON in a string of JSON, behind a syslog header, and so on.
pub const MAX_NESTED_TEXTS: usize = 4;

/// The most values of one event that are kept with their names.
pub const MAX_NAMED_VALUES: usize = 4096;
