//! Subject alternative names: the types, and the display text in which 4887 writes them.

use crate::event::MAX_NAMES;
use crate::event::account::{Sid, same_text};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// One subject alternative name, as it was spelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum San {
    /// Principal name; may lack its `@suffix` (ESC9).
    Upn(String),
    /// DNS name.
    Dns(String),
    /// RFC 822 name.
    Email(String),
    /// SID in a `tag:microsoft.com,2022-09-14:sid:` URL.
    Sid(Sid),
    /// DS Object Guid, as lower-case hex.
    Guid(String),
    /// Any other URL.
    Url(String),
    /// IP address.
    Ip(String),
    /// A kind or a label (of a localised CA, say) that is not known: the text as it stands.
    Other(String),
}

impl San {
    /// The name itself, without its kind.
    pub fn value(&self) -> &str {
        match self {
            San::Upn(s)
            | San::Dns(s)
            | San::Email(s)
            | San::Guid(s)
            | San::Url(s)
            | San::Ip(s)
            | San::Other(s) => s,
            San::Sid(sid) => sid.as_str(),
        }
    }

    /// Whether both are of one kind and equal, as Active Directory compares names.
    pub fn is_same(&self, other: &San) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && same_text(self.value(), other.value())
    }

    /// A URL, or the SID that Microsoft's tag URL carries.
    pub(crate) fn from_url(url: &str) -> San {
        let url = url.trim();
        match starts_ignoring_case(url, SID_TAG).then(|| Sid::parse(&url[SID_TAG.len()..])).flatten() {
            Some(sid) => San::Sid(sid),
            None => San::Url(url.to_owned()),
        }
    }

    /// A GUID in any of its spellings: the hex digits alone, lower case. The octets of the display text begin with
    /// `04 10`, an octet string of 16; that is not part of the GUID.
    pub(crate) fn from_guid(text: &str) -> San {
        let digits: String =
            text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase();
        match digits.strip_prefix("0410") {
            Some(guid) if digits.len() == 36 => San::Guid(guid.to_owned()),
            _ => San::Guid(digits),
        }
    }

    /// Tells the kind by the look of the value, for a name whose label is missing or in another language. What is
    /// only a word stays [`San::Other`].
    pub(crate) fn by_look(value: &str) -> Option<San> {
        let one_word = !value.is_empty() && !value.contains([' ', ',']);
        if starts_ignoring_case(value, "tag:") || value.contains("://") {
            Some(San::from_url(value))
        } else if value.parse::<IpAddr>().is_ok() {
            Some(San::Ip(value.to_owned()))
        } else if one_word && value.contains('@') {
            Some(San::Upn(value.to_owned()))
        } else if hex_pairs(value) == value.len() && value.len() > 11 {
            Some(San::from_guid(value))
        } else if one_word && looks_like_host(value) {
            Some(San::Dns(value.to_owned()))
        } else {
            None
        }
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.value())
    }
}

/// Names collected from several places of an event: each once, at most [`MAX_NAMES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The names, in the order in which they were found.
    pub names: Vec<San>,
    /// Further ones that were not taken.
    pub cut: u32,
}

impl Names {
    /// Adds a name unless it is there already.
    pub fn add(&mut self, name: San) {
        if name.value().is_empty() || self.names.iter().any(|n| n.is_same(&name)) {
        } else if self.names.len() < MAX_NAMES {
            self.names.push(name);
        } else {
            self.cut = self.cut.saturating_add(1);
        }
    }

    /// Adds all names of another collection.
    pub fn append(&mut self, other: Names) {
        self.cut = self.cut.saturating_add(other.cut);
        other.names.into_iter().for_each(|name| self.add(name));
    }
}

/// Reads the display text of `SubjectAlternativeName`, and says how many names beyond [`MAX_NAMES`] it left out.
///
/// The text is what Windows' certificate formatting makes: `label=value`, the label of other names headed by
/// `Other Name:`; several follow each other on lines of their own, after a comma, or after a single space:
///
/// ```
/// use adcs_watch::event::san::{San, parse_display};
/// let (names, cut) = parse_display("Other Name: Principal Name=alice@corp.example DNS Name=host.corp.example");
/// assert_eq!(names, [San::Upn("alice@corp.example".into()), San::Dns("host.corp.example".into())]);
/// assert_eq!(cut, 0);
/// ```
///
/// A value ends where the next known label begins, because values may hold spaces, commas and `=` themselves. Labels
/// of a CA in a language that is not known are skipped, and the kind is told by the look of the value; what has no
/// look is kept whole as [`San::Other`].
pub fn parse_display(text: &str) -> (Vec<San>, u32) {
    let Names { names, cut } = read_display(text);
    (names, cut)
}

pub(crate) fn read_display(text: &str) -> Names {
    let mut names = Names::default();
    let mut labels = labels_in(text).peekable();
    let first = labels.peek().map_or(text.len(), |label| label.start);
    read_unlabelled(&text[..first], &mut names);
    while let Some(label) = labels.next() {
        let end = labels.peek().map_or(text.len(), |next| next.start);
        let rest = read_value(label.kind, &text[label.value..end], &mut names);
        read_unlabelled(rest, &mut names);
    }
    names
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Upn,
    Dns,
    Email,
    Url,
    Guid,
    Ip,
    Directory,
}

/// Labels of Windows' certificate formatting, lower case, in English, German, French and Spanish.
const LABELS: &[(&str, Kind)] = &[
    ("principal name", Kind::Upn),
    ("dns name", Kind::Dns),
    ("rfc822 name", Kind::Email),
    ("url", Kind::Url),
    ("ds object guid", Kind::Guid),
    ("ip address", Kind::Ip),
    ("directory address", Kind::Directory),
    ("prinzipalname", Kind::Upn),
    ("dns-name", Kind::Dns),
    ("rfc822-name", Kind::Email),
    ("ip-adresse", Kind::Ip),
    ("nom principal", Kind::Upn),
    ("nom dns", Kind::Dns),
    ("nom rfc822", Kind::Email),
    ("adresse ip", Kind::Ip),
    ("nombre principal", Kind::Upn),
    ("nombre dns", Kind::Dns),
    ("nombre rfc822", Kind::Email),
];

/// What heads an other name, lower case, in the same languages.
const HEADINGS: &[&str] = &["other name:", "anderer name:", "autre nom :", "autre nom:", "otro nombre:"];

const SID_TAG: &str = "tag:microsoft.com,2022-09-14:sid:";

struct Label {
    start: usize,
    value: usize,
    kind: Kind,
}

/// Every known label: text that stands before a `=` and behind a separator.
fn labels_in(text: &str) -> impl Iterator<Item = Label> {
    memchr::memchr_iter(b'=', text.as_bytes()).filter_map(move |equals| {
        let before = &text[..equals];
        LABELS.iter().find_map(|&(label, kind)| {
            let start = equals.checked_sub(label.len())?;
            let found = ends_ignoring_case(before, label)
                && (start == 0 || is_separator(before.as_bytes()[start - 1]));
            found.then_some(Label { start, value: equals + 1, kind })
        })
    })
}

fn is_separator(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b';')
}

/// Reads the value at the beginning of `text`, which runs to the next known label, and returns what is left.
fn read_value<'t>(kind: Kind, text: &'t str, names: &mut Names) -> &'t str {
    let text = without_heading(text.trim_start_matches([' ', '\t']));
    let line = text.find(['\n', '\r']).unwrap_or(text.len());
    let end = match kind {
        Kind::Dns | Kind::Email | Kind::Ip => text.find([' ', '\t', '\n', '\r', ',']).unwrap_or(text.len()),
        // The tag URL of a SID has a comma of its own.
        Kind::Url => text.find([' ', '\t', '\n', '\r']).unwrap_or(text.len()),
        Kind::Guid => hex_pairs(text),
        Kind::Directory => line,
        Kind::Upn => upn_end(&text[..line]),
    };
    let value = text[..end].trim_end_matches([' ', '\t', ',']);
    if !value.is_empty() {
        names.add(match kind {
            Kind::Upn => San::Upn(value.to_owned()),
            Kind::Dns => San::Dns(value.to_owned()),
            Kind::Email => San::Email(value.to_owned()),
            Kind::Url => San::from_url(value),
            Kind::Guid => San::from_guid(value),
            Kind::Ip => San::Ip(value.to_owned()),
            Kind::Directory => San::Other(value.to_owned()),
        });
    }
    &text[end..]
}

/// A principal name may hold anything, spaces too; but a word with `=` behind it, or a heading, is a label that is
/// not known, and then the name was one word.
fn upn_end(line: &str) -> usize {
    let first_word = line.find([' ', '\t', ',']).unwrap_or(line.len());
    let rest = line[first_word..].trim_end();
    if rest.contains('=') || rest.ends_with(':') { first_word } else { line.len() }
}

/// Reads text in which no label is known.
fn read_unlabelled(text: &str, names: &mut Names) {
    for line in text.split(['\n', '\r']) {
        let line = line.trim_matches([' ', '\t', ',', ';']);
        let mut equals = memchr::memchr_iter(b'=', line.as_bytes()).peekable();
        // What ends in a colon and holds no value is a heading.
        if equals.peek().is_none() && !line.ends_with(':') {
            names.add(San::by_look(line).unwrap_or_else(|| San::Other(line.to_owned())));
        }
        let mut start = 0;
        while let Some(at) = equals.next() {
            let value = line[at + 1..].trim_start();
            let end = match equals.peek() {
                None if !value.ends_with(':') => value.len(),
                _ => match hex_pairs(value) {
                    0 => value.find([' ', '\t', ',']).unwrap_or(value.len()),
                    length => length,
                },
            };
            let whole_end = line.len() - value.len() + end;
            let whole = line.get(start..whole_end).unwrap_or_default().trim_matches([' ', '\t', ',']);
            let value = value[..end].trim_matches([' ', '\t', ',']);
            names.add(San::by_look(value).unwrap_or_else(|| San::Other(whole.to_owned())));
            start = whole_end;
        }
    }
}

fn without_heading(text: &str) -> &str {
    let trimmed = text.trim_end_matches([' ', '\t', '\n', '\r', ',']);
    match HEADINGS.iter().find(|heading| ends_ignoring_case(trimmed, heading)) {
        Some(heading) => &trimmed[..trimmed.len() - heading.len()],
        None => text,
    }
}

/// The length of the spaced pairs of hex digits at the beginning of `text`.
fn hex_pairs(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_pair = |at: usize| {
        bytes.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
            && bytes.get(at + 2).is_none_or(|b| is_separator(*b))
    };
    let mut end = 0;
    let mut at = 0;
    while is_pair(at) {
        end = at + 2;
        at = end + 1;
        if bytes.get(end) != Some(&b' ') {
            break;
        }
    }
    end
}

fn looks_like_host(value: &str) -> bool {
    let labels_fit = value.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b >= 0x80)
    });
    labels_fit && value.contains('.') && value.bytes().any(|b| !b.is_ascii_digit() && b != b'.')
}

fn starts_ignoring_case(text: &str, start: &str) -> bool {
    text.as_bytes().get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

fn ends_ignoring_case(text: &str, end: &str) -> bool {
    let tail = text.len().checked_sub(end.len()).and_then(|at| text.as_bytes().get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::event::MAX_NAMES;
    use crate::event::account::Sid;
    use crate::event::san::{Names, San, parse_display};
    use proptest::prelude::*;

    fn upn(name: &str) -> San {
        San::Upn(name.into())
    }
    fn dns(name: &str) -> San {
        San::Dns(name.into())
    }
    fn other(text: &str) -> San {
        San::Other(text.into())
    }

    #[track_caller]
    fn check(text: &str, expect: &[San]) {
        assert_eq!(parse_display(text), (expect.to_vec(), 0), "{text:?}");
    }

    #[test]
    fn every_label_of_windows() {
        let guid = || San::Guid("1a2b3c4d5e6f708192a3b4c5d6e7f809".into());
        let sid = || San::Sid(Sid::parse("S-1-5-21-1-2-3-500").unwrap());
        check("", &[]);
        check("Other Name: Principal Name=alice@corp.example", &[upn("alice@corp.example")]);
        check("Other Name:Principal Name=alice@corp.example", &[upn("alice@corp.example")]);
        check("Other Name:\r\n     Principal Name=alice@corp.example\r\n", &[upn("alice@corp.example")]);
        check("DNS Name=host.corp.example", &[dns("host.corp.example")]);
        check("RFC822 Name=a@b.example", &[San::Email("a@b.example".into())]);
        check("URL=tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500", &[sid()]);
        check("URL=ldap://x/y?a=b", &[San::Url("ldap://x/y?a=b".into())]);
        check("Other Name: DS Object Guid=04 10 1a 2b 3c 4d 5e 6f 70 81 92 a3 b4 c5 d6 e7 f8 09", &[guid()]);
        check("IP Address=10.1.2.3", &[San::Ip("10.1.2.3".into())]);
        check("Directory Address:CN=a, DC=b", &[other("Directory Address:CN=a"), other("DC=b")]);
        check("Directory Address=CN=a, DC=b\nDNS Name=x", &[other("CN=a, DC=b"), dns("x")]);
        check(
            "Other Name: DS Object Guid=04 10 1a 2b 3c 4d 5e 6f 70 81 92 a3 b4 c5 d6 e7 f8 09 DNS Name=dc02.corp.example",
            &[guid(), dns("dc02.corp.example")],
        );
        check(
            "Other Name: Principal Name=alice@corp.example, URL=tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500, DNS Name=h",
            &[upn("alice@corp.example"), sid(), dns("h")],
        );
    }

    #[test]
    fn names_that_could_be_split_wrongly() {
        check("Other Name: Principal Name=administrator", &[upn("administrator")]);
        check("Principal Name=john doe@corp.example", &[upn("john doe@corp.example")]);
        check("Principal Name=john doe DNS Name=x", &[upn("john doe"), dns("x")]);
        check("principal name=a=b", &[upn("a=b")]);
        check("DNS Name=a.example,DNS Name=b.example", &[dns("a.example"), dns("b.example")]);
        check("DNS Name=*.corp.example", &[dns("*.corp.example")]);
        check("Other Name: Principal Name=a@b Other Name: Principal Name=c@d", &[upn("a@b"), upn("c@d")]);
        // A label must stand behind a separator: this is one odd name.
        check("DNS Name=xDNS Name=y", &[dns("xDNS"), other("Name=y")]);
    }

    #[test]
    fn labels_in_other_languages() {
        check("Anderer Name: Prinzipalname=administrator DNS-Name=h", &[upn("administrator"), dns("h")]);
        check(
            "Autre nom :Nom principal=alice@corp.example, Nom DNS=h",
            &[upn("alice@corp.example"), dns("h")],
        );
        check("Annat namn: Huvudnamn=alice@corp.example", &[upn("alice@corp.example")]);
        check("Annat namn: Huvudnamn=administrator", &[other("Annat namn: Huvudnamn=administrator")]);
        check(
            "Annat namn: Huvudnamn=alice@corp.example Namn=h.corp.example",
            &[upn("alice@corp.example"), dns("h.corp.example")],
        );
        check(
            "Principal Name=administrator DNS-namn=h.corp.example Annat namn:",
            &[upn("administrator"), dns("h.corp.example")],
        );
        check("alice@corp.example", &[upn("alice@corp.example")]);
        check(
            "host.corp.example\n10.0.0.1\nsomething else",
            &[dns("host.corp.example"), San::Ip("10.0.0.1".into()), other("something else")],
        );
        check("Registered ID=1.2.3.4.5", &[other("Registered ID=1.2.3.4.5")]);
    }

    #[test]
    fn the_same_name_counts_once() {
        check("DNS Name=A.example DNS Name=a.EXAMPLE", &[dns("A.example")]);
    }

    #[test]
    fn names_beyond_the_limit_are_counted() {
        let text: Vec<String> = (0..MAX_NAMES + 3).map(|i| format!("DNS Name=h{i}.example")).collect();
        let (names, cut) = parse_display(&text.join("\n"));
        assert_eq!((names.len(), cut), (MAX_NAMES, 3));
        let mut both = Names { names, cut };
        both.append(Names { names: vec![upn("a"), dns("H1.example")], cut: 2 });
        assert_eq!((both.names.len(), both.cut), (MAX_NAMES, 6));
    }

    fn any_san() -> impl Strategy<Value = (String, San)> {
        prop_oneof![
            "[a-zA-Z][a-zA-Z0-9._-]{0,12}(@[a-z]{1,8}\\.example)?"
                .prop_map(|v| (format!("Other Name: Principal Name={v}"), San::Upn(v))),
            "[a-z][a-z0-9-]{0,12}(\\.[a-z]{1,8}){0,2}".prop_map(|v| (format!("DNS Name={v}"), San::Dns(v))),
            "[a-z.]{1,8}@[a-z]{1,8}\\.example".prop_map(|v| (format!("RFC822 Name={v}"), San::Email(v))),
            (1_u32..9999).prop_map(|rid| {
                let sid = format!("S-1-5-21-1-2-3-{rid}");
                (format!("URL=tag:microsoft.com,2022-09-14:sid:{sid}"), San::Sid(Sid::parse(&sid).unwrap()))
            }),
            any::<[u8; 16]>().prop_map(|octets| {
                let pairs: Vec<String> = octets.iter().map(|o| format!("{o:02x}")).collect();
                (format!("Other Name: DS Object Guid=04 10 {}", pairs.join(" ")), San::Guid(pairs.concat()))
            }),
            any::<std::net::Ipv4Addr>().prop_map(|v| (format!("IP Address={v}"), San::Ip(v.to_string()))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            written in prop::collection::vec(any_san(), 0..8),
            separator in prop::sample::select(vec!["\n", "\r\n", ",", ", ", " "]),
        ) {
            let text: Vec<&str> = written.iter().map(|(text, _)| text.as_str()).collect();
            let mut expect = Names::default();
            written.iter().for_each(|(_, san)| expect.add(san.clone()));
            prop_assert_eq!(parse_display(&text.join(separator)), (expect.names, 0));
        }

        #[test]
        fn any_text_is_read(text in "([a-zA-Z@.:=, \\n\\ré-]|DNS Name=|Principal Name=|Guid=04 10 ){0,60}") {
            let (names, _) = parse_display(&text);
            prop_assert!(names.iter().all(|n| !n.value().is_empty()));
        }
    }
}
