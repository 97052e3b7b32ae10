//! The `Attributes` text of a request: `Name:value` lines that the client sent along.
//!
//! Lines are separated by LF or CRLF, and a few LFs may lead; text that was copied out of Event Viewer has a space in
//! the place of each. Names for the certificate are in `SAN:upn=alice%40corp.example&dns=host`, one or several.

use crate::event::MAX_NAMES;
use crate::event::host::Host;
use crate::event::san::{Names, San};
use std::borrow::Cow;

/// What the attributes of a request say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `CertificateTemplate`.
    pub template: Option<String>,
    /// `ccm`: the client machine.
    pub client: Option<Host>,
    /// Names that were asked for, and the number of names and lines beyond [`MAX_NAMES`] that were not read.
    pub names: Names,
}

impl Attributes {
    /// Reads the text. Names that are not known are skipped, and of a repeated one the first counts, except for `SAN`.
    pub fn parse(text: &str) -> Attributes {
        let mut attributes = Attributes::default();
        let mut lines = lines(text);
        for (name, value) in lines.by_ref().take(MAX_NAMES) {
            attributes.add(name, value);
        }
        let unread = u32::try_from(lines.count()).unwrap_or(u32::MAX);
        attributes.names.cut = attributes.names.cut.saturating_add(unread);
        attributes
    }

    fn add(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("CertificateTemplate") {
            self.template.get_or_insert_with(|| value.to_owned());
        } else if name.eq_ignore_ascii_case("ccm") {
            self.client.get_or_insert_with(|| Host::new(value));
        } else if name.eq_ignore_ascii_case("san") || name.eq_ignore_ascii_case("subjectaltname") {
            value.split('&').filter_map(requested_name).for_each(|san| self.names.add(san));
        } else if name.eq_ignore_ascii_case("upn") {
            // Not what AD CS reads, but what older rules look for: `upn=alice@corp.example` on a line of its own.
            let first = value.split('&').next().unwrap_or_default();
            self.names.add(San::Upn(percent_decoded(first).into_owned()));
            value.split('&').skip(1).filter_map(requested_name).for_each(|san| self.names.add(san));
        }
    }
}

/// The lines as name and value, both trimmed; those without a value are left out.
///
/// A name ends at its first `:` (or `=`, as in `san=…`). A space separates two lines when a word follows that looks
/// like the name of an attribute: `ccm:host cdc:dc` are two, `CertificateTemplate:Web Server` is one.
pub fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.split(['\n', '\r']).flat_map(split_at_names);
    lines.filter_map(|line| {
        let (name, value) = line.split_once([':', '='])?;
        let (name, value) = (name.trim(), value.trim());
        (!name.is_empty() && !value.is_empty()).then_some((name, value))
    })
}

fn split_at_names(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr_iter(b' ', rest.as_bytes()).find(|&at| begins_with_name(&rest[at + 1..]));
        let (line, left) = rest.split_at(end.unwrap_or(rest.len()));
        rest = left.strip_prefix(' ').unwrap_or(left);
        Some(line)
    })
}

/// Whether the text begins with `name:`.
fn begins_with_name(text: &str) -> bool {
    let length = text.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    length.is_some_and(|length| length > 0 && text.as_bytes()[length] == b':')
}

/// One `kind=value` of a `SAN` attribute. Without a kind, or with one that is not known, the value's look tells.
fn requested_name(pair: &str) -> Option<San> {
    let (kind, value) = pair.split_once('=').unwrap_or(("", pair));
    let (kind, value) = (kind.trim(), percent_decoded(value.trim()));
    if value.is_empty() {
        return None;
    }
    let is = |names: &[&str]| names.iter().any(|name| kind.eq_ignore_ascii_case(name));
    Some(if is(&["upn"]) {
        San::Upn(value.into_owned())
    } else if is(&["dns"]) {
        San::Dns(value.into_owned())
    } else if is(&["email", "rfc822"]) {
        San::Email(value.into_owned())
    } else if is(&["url"]) {
        San::from_url(&value)
    } else if is(&["guid"]) {
        San::from_guid(&value)
    } else if is(&["ipaddress", "ip"]) {
        San::Ip(value.into_owned())
    } else {
        San::by_look(&value).unwrap_or_else(|| San::Other(pair.trim().to_owned()))
    })
}

/// Resolves `%40` and the like; what is no such pair, or would not be UTF-8, stays as it is.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |i: usize| char::from(*bytes.get(i)?).to_digit(16);
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            plain.push((high * 16 + low) as u8);
            at += 3;
        } else {
            plain.push(byte);
            at += 1;
        }
    }
    String::from_utf8(plain).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use crate::event::MAX_NAMES;
    use crate::event::attributes::{Attributes, lines, percent_decoded};
    use crate::event::san::San;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<San> {
        Attributes::parse(text).names.names
    }

    #[test]
    fn lines_with_every_separator() {
        let expect =
            vec![("CertificateTemplate", "Machine"), ("ccm", "wks.corp.example"), ("cdc", "dc.corp.example")];
        for separator in ["\n", "\r\n", " "] {
            let text = ["\n\nCertificateTemplate:Machine", "ccm:wks.corp.example", "cdc:dc.corp.example"]
                .join(separator);
            assert_eq!(lines(&text).collect::<Vec<_>>(), expect, "{separator:?}");
        }
        assert_eq!(lines("").count(), 0);
        assert_eq!(
            lines("CertificateTemplate:Web Server").collect::<Vec<_>>(),
            [("CertificateTemplate", "Web Server")]
        );
        assert_eq!(lines("SAN:url=http://a.example/ ccm:h").count(), 2);
        assert_eq!(lines("ccm:\nno separator\n:x").count(), 0);
    }

    #[test]
    fn template_and_client() {
        let read = Attributes::parse(
            "\nCertificateTemplate:Machine\nccm:WKS.corp.example\nCertificateTemplate:Second",
        );
        assert_eq!(read.template.as_deref(), Some("Machine"));
        assert_eq!(read.client.unwrap().as_str(), "wks.corp.example");
    }

    #[test]
    fn names_in_every_spelling() {
        let administrator = || San::Upn("administrator@corp.example".into());
        let dc = || San::Dns("dc01.corp.example".into());
        assert_eq!(names("SAN:upn=administrator@corp.example"), [administrator()]);
        assert_eq!(
            names("san:UPN=administrator%40corp.example&dns=dc01.corp.example"),
            [administrator(), dc()]
        );
        assert_eq!(
            names("SAN:upn=administrator@corp.example\nSAN:dns=dc01.corp.example"),
            [administrator(), dc()]
        );
        assert_eq!(names("CertificateTemplate:User SAN:dns=dc01.corp.example"), [dc()]);
        assert_eq!(names("san=upn=administrator@corp.example"), [administrator()]);
        assert_eq!(names("san=administrator@corp.example"), [administrator()]);
        assert_eq!(names("subjectaltname=dns=dc01.corp.example"), [dc()]);
        assert_eq!(names("upn=administrator@corp.example&dns=dc01.corp.example"), [administrator(), dc()]);
        assert_eq!(names("upn:administrator"), [San::Upn("administrator".into())]);
        assert_eq!(
            names("SAN:email=a@b&ipaddress=10.0.0.1&x=y&url=http://a&guid={1A2B-3c}"),
            [
                San::Email("a@b".into()),
                San::Ip("10.0.0.1".into()),
                San::Other("x=y".into()),
                San::Url("http://a".into()),
                San::Guid("1a2b3c".into()),
            ]
        );
        assert_eq!(names("SAN:upn=&&dns="), []);
    }

    #[test]
    fn lines_beyond_the_limit_are_counted() {
        let text: Vec<String> = (0..MAX_NAMES + 2).map(|i| format!("SAN:dns=h{i}")).collect();
        let read = Attributes::parse(&text.join("\n")).names;
        assert_eq!((read.names.len(), read.cut), (MAX_NAMES, 2));
        let pairs: Vec<String> = (0..MAX_NAMES + 5).map(|i| format!("dns=h{i}")).collect();
        let read = Attributes::parse(&format!("SAN:{}", pairs.join("&"))).names;
        assert_eq!((read.names.len(), read.cut), (MAX_NAMES, 5));
    }

    #[test]
    fn percent_pairs_that_are_none_stay() {
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%4"), "%4");
        assert_eq!(percent_decoded("%zz%41"), "%zzA");
        assert_eq!(percent_decoded("%ff"), "%ff");
        assert_eq!(percent_decoded("%C3%A9"), "é");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            upns in prop::collection::vec("[a-z]{1,8}@[a-z]{1,8}\\.example", 1..5),
            separator in prop::sample::select(vec!["\n", "\r\n", " ", "\nSAN:", "&"]),
            encoded in any::<bool>(),
        ) {
            let pairs: Vec<String> =
                upns.iter().map(|u| format!("upn={}", if encoded { u.replace('@', "%40") } else { u.clone() })).collect();
            let joined = if separator == "&" { "&" } else { "\nSAN:" };
            let text = format!("CertificateTemplate:User{}SAN:{}",
                if separator == "&" || separator == "\nSAN:" { "\n" } else { separator }, pairs.join(joined));
            let mut expect: Vec<San> = Vec::new();
            for upn in upns {
                if !expect.contains(&San::Upn(upn.clone())) {
                    expect.push(San::Upn(upn));
                }
            }
            prop_assert_eq!(names(&text), expect);
        }

        #[test]
        fn any_text_is_read(text in ".{0,80}") {
            Attributes::parse(&text);
        }
    }
}
