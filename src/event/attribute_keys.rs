//! The keys of the `Attributes` of a request: what they mean, and where they stand in the text.

use crate::event::san::NameKind;

/// The meaning of the value behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Template,
    Client,
    Controller,
    Machine,
    UserAgent,
    Proxy,
    Policies,
    /// A list of names, each of its own kind.
    Names,
    /// One name of this kind; further ones of other kinds may follow behind `&`.
    Name(NameKind),
    /// Any other attribute. Its value is skipped.
    Other,
}

/// Keys of attributes, which a `:` ends. They count also where nothing separates them from the value before.
const ATTRIBUTES: &[(&str, Key)] = &[
    ("certificatetemplate", Key::Template),
    ("ccm", Key::Client),
    ("san", Key::Names),
    ("subjectaltname", Key::Names),
    ("subjectalternativename", Key::Names),
    ("cdc", Key::Controller),
    ("rmd", Key::Machine),
    ("useragent", Key::UserAgent),
    ("proxyuri", Key::Proxy),
    ("applicationpolicies", Key::Policies),
    ("requestername", Key::Other),
    ("requestcspprovider", Key::Other),
    ("requestosversion", Key::Other),
    ("requestclientinfo", Key::Other),
    ("certificateusage", Key::Other),
    ("validityperiod", Key::Other),
    ("validityperiodunits", Key::Other),
    ("expirationdate", Key::Other),
    ("challenge", Key::Other),
];

/// Keys of names, which a `=` ends. They count also where nothing separates them from the value before.
const NAMES: &[(&str, Key)] = &[
    ("upn", Key::Name(NameKind::Upn)),
    ("dns", Key::Name(NameKind::Dns)),
    ("san", Key::Names),
    ("subjectaltname", Key::Names),
    ("subjectalternativename", Key::Names),
    ("principalname", Key::Name(NameKind::Upn)),
];

/// Keys that count as whole words only, before `=` or `:`.
const WORDS: &[(&str, Key)] = &[
    ("upn", Key::Name(NameKind::Upn)),
    ("dns", Key::Name(NameKind::Dns)),
    ("dnsname", Key::Name(NameKind::Dns)),
    ("email", Key::Name(NameKind::Email)),
    ("rfc822", Key::Name(NameKind::Email)),
    ("rfc822name", Key::Name(NameKind::Email)),
    ("url", Key::Name(NameKind::Url)),
    ("uri", Key::Name(NameKind::Url)),
    ("guid", Key::Name(NameKind::Guid)),
    ("ipaddress", Key::Name(NameKind::Ip)),
    ("ip", Key::Name(NameKind::Ip)),
];

/// The most bytes of a key with blanks in it that are looked at.
const LONGEST_KEY: usize = 128;

/// A key in the text: where it begins, where its value begins, and the meaning of the value.
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) value: usize,
    pub(crate) key: Key,
}

/// Every key of the text, in order. What follows a URL's scheme or stands in its query is found too: the scheduled rule
/// finds it there.
pub(crate) fn keys_in(text: &str) -> impl Iterator<Item = Found> {
    // Where the value of the last key begins.
    let mut value = None;
    memchr::memchr2_iter(b':', b'=', text.as_bytes()).filter_map(move |at| {
        let found =
            key_before(text, at, value).filter(|found| value.is_none_or(|value| found.start >= value))?;
        value = Some(found.value);
        Some(found)
    })
}

/// The key that ends at `at`, where a `:` or `=` stands, behind a key whose value begins at `value`.
fn key_before(text: &str, at: usize, value: Option<usize>) -> Option<Found> {
    let before = text[..at].trim_end_matches([' ', '\t']);
    let length = before.bytes().rev().take_while(|b| is_key_byte(*b)).count();
    let mut start = before.len() - length;
    // The `n` of a literal `\n` is no part of the key behind it.
    let escaped =
        length > 1 && before[..start].ends_with('\\') && before[start..].starts_with(['n', 'r', 't']);
    start += usize::from(escaped);
    let run = &before[start..];
    let found = |start: usize, key: Key| Some(Found { start, value: at + 1, key });
    let whole = |&&(word, _): &&(&str, Key)| run.eq_ignore_ascii_case(word);
    if let Some(spaced) = spaced_key(text, at) {
        return Some(spaced);
    }
    let (glued, colon) = if text.as_bytes()[at] == b':' { (ATTRIBUTES, true) } else { (NAMES, false) };
    if let Some(&(_, key)) = glued.iter().chain(WORDS).find(whole) {
        return found(start, key);
    }
    if let Some(&(word, key)) =
        glued.iter().filter(|(word, _)| ends_with(run, word)).max_by_key(|(word, _)| word.len())
    {
        return found(at - (text[..at].len() - before.len()) - word.len(), key);
    }
    let separated = escaped || text[..start].chars().next_back().is_none_or(is_separator);
    // `cdc: fe80::1` has a value with a colon.
    let begins_value =
        value.and_then(|value| text.get(value..start)).is_some_and(|gap| gap.chars().all(is_padding));
    let is_unknown = colon
        && separated
        && !begins_value
        && run.starts_with(|c: char| c.is_ascii_alphabetic())
        && before.len() == at
        && !run.eq_ignore_ascii_case("tag")
        && !text[at..].starts_with("://");
    if is_unknown { found(start, Key::Other) } else { None }
}

/// The key at the beginning of a line and before `at`, with blanks and minus signs in it: `r-m-d`, `c d c`. A CA removes them from
/// the names of attributes (MS-WCCE 3.2.1.4.2.1.2).
fn spaced_key(text: &str, at: usize) -> Option<Found> {
    let line = text[..at].rfind(['\n', '\r', ';', '|']).map_or(0, |end| end + 1);
    let spaced = text[line..at].trim_matches(is_padding);
    if text.as_bytes()[at] != b':' || spaced.len() > LONGEST_KEY || !spaced.contains([' ', '-']) {
        return None;
    }
    let name: String = spaced.chars().filter(|c| !matches!(c, ' ' | '\t' | '-')).collect();
    let known = ATTRIBUTES.iter().find(|(word, _)| name.eq_ignore_ascii_case(word));
    known.map(|&(_, key)| Found { start: line, value: at + 1, key })
}

fn is_key_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
}

pub(crate) fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | ';' | ',' | '|')
}

pub(crate) fn is_padding(c: char) -> bool {
    c == ' ' || c == '\t' || c == '\0'
}

fn ends_with(text: &str, end: &str) -> bool {
    let tail = text.len().checked_sub(end.len()).and_then(|at| text.as_bytes().get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}
