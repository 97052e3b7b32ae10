//! Names and values in one line: CEF, LEEF, WinCollect, the structured data of syslog (RFC 5424), and `name="value"`.

use crate::decode::escapes;
use crate::decode::fields::named::Named;
use crate::decode::format::Format;
use crate::decode::layout::found::Found;
use crate::decode::provider::is_provider;
use crate::decode::text::known::{
    CHANNELS, COMPUTERS, IDS, PARTS_OF_NAMES, PROVIDERS, RECORD_IDS, TEXTS, TIMES,
};
use crate::decode::text::pairs::{self, quoted};
use crate::decode::values::looks_like_id;

/// The event in a line of names and values.
pub(crate) fn read(text: &str) -> Option<Found> {
    if let Some((header, extension)) = header(text, "CEF:", 7) {
        let (provider, id) = header.get(4)?.rsplit_once(':').unwrap_or(("", header.get(4)?));
        let named = labelled(&spaced(extension));
        return found(Format::Cef, named, Some(id), Some(provider), Some(extension));
    }
    if let Some((header, extension)) = header(text, "LEEF:", 5) {
        let (delimiter, extension) = delimiter(header.first()?, extension);
        return found(
            Format::Leef,
            between(extension, delimiter),
            header.get(4).copied(),
            None,
            Some(extension),
        );
    }
    if text.contains("AgentDevice=") || text.contains("\tEventID=") {
        return found(
            Format::Leef,
            between(text.get(text.find("AgentDevice=").unwrap_or(0)..)?, '\t'),
            None,
            None,
            None,
        );
    }
    let (named, is_whole) = structured_data(text)?;
    let event = found(Format::SyslogData, named, None, None, Some(text))?;
    Some(Found { is_cut_off: !is_whole, ..with_header(event, text) })
}

/// The event in a line of `name="value"`.
pub(crate) fn read_pairs(text: &str) -> Option<Found> {
    let (named, is_whole) = bars(text).map(|named| (named, true)).or_else(|| pairs::read(text))?;
    let event = found(Format::KeyValues, named, None, None, None)?;
    Some(Found { is_cut_off: !is_whole, ..event })
}

/// The same with bars between the pairs, where values have no quotes. The last one may be cut off.
fn bars(text: &str) -> Option<Named> {
    let (pairs, _) = text.rsplit_once('|').filter(|_| text.matches('|').count() > 3)?;
    pairs.split('|').all(|pair| pair.contains('=')).then(|| between(text, '|'))
}

/// The time and the computer of a syslog header (RFC 5424), where the event has none of its own.
fn with_header(mut event: Found, text: &str) -> Found {
    let mut words = text.split(' ').skip(1);
    let header = words.next().zip(words.next()).filter(|_| text.starts_with('<'));
    if let Some((time, host)) = header {
        event.time = event.time.or_else(|| Some(time.to_owned()));
        event.computer = event.computer.or_else(|| Some(host.to_owned()));
    }
    event
}

/// The columns between `|` of a header of `count` columns, and what is behind it.
fn header<'t>(text: &'t str, mark: &str, count: usize) -> Option<(Vec<&'t str>, &'t str)> {
    let text = text.get(text.find(mark)? + mark.len()..)?;
    let bytes = text.as_bytes();
    bytes.first().filter(|digit| digit.is_ascii_digit())?;
    let bars = text.match_indices('|').map(|(at, _)| at).filter(|at| *at > 0 && bytes[at - 1] != b'\\');
    let bars: Vec<usize> = bars.take(count).collect();
    let end = *bars.get(count - 1)?;
    let mut from = 0;
    let columns =
        bars.iter().map(|bar| text.get(std::mem::replace(&mut from, bar + 1)..*bar).unwrap_or_default());
    Some((columns.collect(), text.get(end + 1..).unwrap_or_default()))
}

/// LEEF 2 names the character between the values in one more column.
fn delimiter<'t>(version: &str, extension: &'t str) -> (char, &'t str) {
    let named = extension.split_once('|').filter(|(column, _)| version.starts_with('2') && column.len() <= 4);
    let Some((column, rest)) = named else { return ('\t', extension) };
    let hex = column.trim_start_matches("0x").trim_start_matches('x');
    let coded = (hex.len() < column.len()).then(|| u32::from_str_radix(hex, 16).ok()).flatten();
    (coded.and_then(char::from_u32).or_else(|| column.chars().next()).unwrap_or('\t'), rest)
}

/// Names and values between a character, which is a tab where it is not named.
fn between(text: &str, delimiter: char) -> Named {
    let mut named = Named::default();
    let text = if delimiter == '\t' { with_tabs(text) } else { text.to_owned() };
    // The message comes last and may hold the character.
    let message = text.find(&format!("{delimiter}Message=")).unwrap_or(text.len());
    for pair in text[..message].split(delimiter) {
        if let Some((name, value)) = pair.split_once('=') {
            named.push_unquoted(name.trim(), value.trim());
            named.end_text_with(name.trim());
        }
    }
    if let Some(message) = text.get(message + "_Message=".len()..) {
        named.push("Message", message);
        named.end_text_with("Message");
    }
    named
}

/// A text with its tabs, where a relay wrote them as `#011` or as `\t`: each has a name behind it.
fn with_tabs(text: &str) -> String {
    let is_pair = |text: &str| {
        let length = text.bytes().take_while(|c| c.is_ascii_alphanumeric() || b"_.-".contains(c)).count();
        length > 0 && text[length..].starts_with('=')
    };
    ["#011", "\\t"].iter().filter(|_| !text.contains('\t')).fold(text.to_owned(), |text, escape| {
        let mut parts = text.split(escape);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + if is_pair(part) { "\t" } else { escape } + part)
    })
}

/// CEF's extension, its values as they are written: a value ends where the next name begins.
fn spaced(text: &str) -> Vec<(&str, &str)> {
    let bytes = text.as_bytes();
    let is_name = |c: &u8| c.is_ascii_alphanumeric() || b"_.-[]".contains(c);
    let equals = text.match_indices('=').map(|(at, _)| at).filter(|at| *at > 0 && bytes[at - 1] != b'\\');
    let starts = equals.filter_map(|at| {
        let length = bytes[..at].iter().rev().take_while(|c| is_name(c)).count();
        let start = at - length;
        let is_start = length > 0 && (start == 0 || bytes[start - 1].is_ascii_whitespace());
        (is_start && !PARTS_OF_NAMES.contains(&&text[start..at])).then_some((start, at))
    });
    let starts: Vec<(usize, usize)> = starts.collect();
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
    let pairs = starts.iter().zip(ends).map(|((start, equal), end)| {
        (text[*start..*equal].trim_start_matches("ad."), text.get(equal + 1..end).unwrap_or_default().trim())
    });
    pairs.collect()
}

/// The values of CEF, and custom ones under their labels as well: `cs1=… cs1Label=Requester`.
fn labelled(pairs: &[(&str, &str)]) -> Named {
    let mut named = Named::default();
    for (name, value) in pairs {
        named.push_unquoted(name, escapes::value_of_cef(name, value));
        named.end_text_with(name);
    }
    let find = |wanted: &str| pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    for kind in ["cs", "cn", "deviceCustomString", "deviceCustomNumber", "flexString", "c6a"] {
        for at in 1..=6 {
            let label = find(&format!("{kind}{at}Label"));
            if let Some(((_, label), (_, value))) = label.zip(find(&format!("{kind}{at}"))) {
                named.push(label, escapes::value_of_cef(label, value));
            }
        }
    }
    named
}

/// Structured data of syslog: `[id name="value" …][id name="value" …]`, with `\"`, `\\` and `\]` escaped. Whether it has its
/// end.
fn structured_data(text: &str) -> Option<(Named, bool)> {
    let mut rest = text.get(text.find(" [")? + 2..)?;
    rest = rest.get(rest.find(' ')? + 1..)?;
    let (mut named, mut has_end) = (Named::default(), true);
    while let Some((name, behind)) = rest.split_once("=\"") {
        // FortiSIEM writes `[name]="value"`, without a bracket at the end, and escapes no backslash.
        let in_brackets = name.trim_start().starts_with('[');
        let escapes = if in_brackets { "\"" } else { "\"\\]" };
        let (value, behind) = quoted(behind, escapes)?;
        named.push(name.trim(), escapes::value(name, &value));
        rest = behind;
        has_end = in_brackets || rest.starts_with(']');
        match rest.strip_prefix("][").map(|element| element.split_once(' ')) {
            Some(Some((_, element))) => rest = element,
            _ if rest.starts_with(']') => break,
            Some(None) | None => {}
        }
    }
    named.find("EventID").is_some().then_some((named, has_end))
}

fn found(
    format: Format,
    named: Named,
    id: Option<&str>,
    provider: Option<&str>,
    rendered: Option<&str>,
) -> Option<Found> {
    let first = |names: &[&str]| names.iter().find_map(|name| named.find(name)).map(ToOwned::to_owned);
    let id = id.filter(|id| looks_like_id(id)).map(ToOwned::to_owned);
    let id = id.or_else(|| {
        IDS.iter().filter_map(|name| named.find(name)).find(|id| looks_like_id(id)).map(ToOwned::to_owned)
    })?;
    let provider = provider.filter(|name| is_provider(name)).map(ToOwned::to_owned);
    let of_windows = |name: &String| is_provider(name) || name.to_ascii_lowercase().contains("windows");
    Some(Found {
        provider: provider.or_else(|| first(&PROVIDERS).filter(of_windows)),
        channel: first(&CHANNELS),
        computer: first(&COMPUTERS),
        time: first(&TIMES),
        record_id: first(&RECORD_IDS),
        texts: TEXTS
            .iter()
            .filter_map(|name| named.find(name))
            .chain(rendered)
            .map(ToOwned::to_owned)
            .collect(),
        named,
        ..Found::new(format, id)
    })
}
