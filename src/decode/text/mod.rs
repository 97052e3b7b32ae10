//! Records that are lines of text: syslog around something else, and events as rendered text.
//!
//! Nothing here reads the header of a syslog message, of which there are many dialects: the payload is found by its own
//! beginning.

pub(crate) mod clixml;
pub(crate) mod heading;
mod known;
mod pairs;
pub(crate) mod key_values;
pub(crate) mod columns;

use crate::decode::layout::found::Found;
use crate::decode::tag;

/// What a text holds.
pub(crate) enum Inside<'t> {
    /// One or several events as XML.
    Xml(&'t str),
    /// The same with its brackets written as references: `&lt;Event`.
    EscapedXml(String),
    /// A JSON text behind a header.
    Json(&'t str),
    /// Events in a format of text.
    Events(Vec<Found>),
    /// Nothing that is read here.
    Nothing,
}

/// Looks for events in a text.
pub(crate) fn read(text: &str) -> Inside<'_> {
    let text =
        text.trim_start_matches('\u{feff}').trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
    if let Some(events) = clixml::read(text) {
        return Inside::Events(events);
    }
    if let Some(inside) = nested(text) {
        return inside;
    }
    if let Some(xml) = escaped_xml(text) {
        return Inside::EscapedXml(xml);
    }
    let columns = columns::snare(text)
        .or_else(|| columns::bracketed(text))
        .or_else(|| columns::ossec(text))
        .or_else(|| columns::netwitness(text));
    if let Some(found) = columns.or_else(|| key_values::read(text)) {
        return Inside::Events(vec![found]);
    }
    match heading::read(text) {
        events if events.is_empty() => {
            key_values::read_pairs(text).map_or(Inside::Nothing, |found| Inside::Events(vec![found]))
        }
        events => Inside::Events(events),
    }
}

/// XML or JSON behind a header, whichever begins first.
fn nested(text: &str) -> Option<Inside<'_>> {
    let xml = event_xml(text);
    let json = json(text);
    match (xml, json) {
        (Some(xml), Some((_, at))) if xml.1 < at => Some(Inside::Xml(xml.0)),
        (Some(xml), None) => Some(Inside::Xml(xml.0)),
        (_, Some((json, _))) => Some(Inside::Json(json)),
        (None, None) => None,
    }
}

/// Event XML in a text, from its first event to the end of its last one, and where it begins. The dashes of a view that
/// folds elements (`- <Event …>`) are text between elements.
pub(crate) fn event_xml(text: &str) -> Option<(&str, usize)> {
    let from = tag::opening(text.as_bytes())?.start;
    let end = tag::last_closing(text.as_bytes()).unwrap_or(text.len());
    Some((text.get(from..end)?, from))
}

/// Event XML whose brackets were written as references. What could hide an id from the prefilter stays hidden here as
/// well: comments, and references to characters other than line ends.
fn escaped_xml(text: &str) -> Option<String> {
    if !text.contains("&lt;Event") || text.contains("&lt;!") {
        return None;
    }
    let line_ends = ["&amp;#xA;", "&amp;#xa;", "&amp;#10;", "&amp;#xD;", "&amp;#xd;", "&amp;#13;"];
    let text = line_ends.iter().fold(text.to_owned(), |text, end| text.replace(end, "\n"));
    let text = text.replace("&amp;#", "#").replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&");
    event_xml(&text).map(|(xml, _)| xml.to_owned())
}

/// A JSON object or array in a text, and where it begins: behind a space, at the beginning, or behind the byte order mark
/// that RFC 5424 puts before a message in UTF-8.
fn json(text: &str) -> Option<(&str, usize)> {
    let from = text.match_indices(['{', '[']).map(|(at, _)| at).take(8).find(|at| {
        let begins = text[at + 1..].trim_ascii_start().starts_with(['"', '{']);
        let before = text[..*at].chars().next_back();
        begins
            && before
                .is_none_or(|c| c.is_ascii_whitespace() || matches!(c, ':' | '|' | '\u{1e}' | '\u{feff}'))
    })?;
    let close = if text[from..].starts_with('{') { '}' } else { ']' };
    let end = text.rfind(close)? + 1;
    (from < end).then(|| (&text[from..end], from))
}
