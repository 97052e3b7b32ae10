//! Subject alternative names: the types.

use crate::event::account::{Sid, same_text};
use crate::event::fold;
use crate::event::oid::is_oid;
use crate::event::other_name::{PRINCIPAL_NAME, readable};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// The most names of one event that are kept as [`names`](crate::event::CertificateRequest::names).
pub const MAX_NAMES: usize = 64;

/// The most names of one event that are searched for protected identities. No field of a Windows event is long enough
/// for more than about 5000.
pub const MAX_NAMES_SEARCHED: usize = 4096;

/// One subject alternative name, as it was spelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum San {
    /// Principal name; may lack its `@suffix` (ESC9).
    Upn(String),
    /// DNS name of a host (dNSName).
    Dns(String),
    /// E-mail address of an account (rfc822Name).
    Email(String),
    /// SID in a `tag:microsoft.com,2022-09-14:sid:` URL.
    Sid(Sid),
    /// DS Object Guid, as lower-case hex.
    Guid(String),
    /// URL that carries no SID (uniformResourceIdentifier).
    Url(String),
    /// IP address (iPAddress) as text.
    Ip(String),
    /// Text that is no name of an account or a host: a directory address, an object identifier, a value in quotes.
    Other(String),
}

/// What a label or a key states of the name behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    Upn,
    Dns,
    Email,
    Url,
    Guid,
    Ip,
}

impl NameKind {
    /// The name of this kind with this value.
    pub(crate) fn name(self, value: &str) -> San {
        match self {
            NameKind::Upn => San::Upn(readable(value).unwrap_or_else(|| value.to_owned())),
            NameKind::Dns => San::Dns(value.to_owned()),
            NameKind::Email => San::Email(value.to_owned()),
            NameKind::Url => San::from_url(value),
            NameKind::Guid => San::from_guid(value),
            NameKind::Ip => San::Ip(value.to_owned()),
        }
    }
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

    /// The name without the white space and control characters around it, and without the dot of the DNS root.
    fn trimmed(mut self) -> San {
        let cut = |name: &mut String, trim: fn(&str) -> &str| {
            let trimmed = trim(name);
            if trimmed.len() < name.len() {
                *name = trimmed.to_owned();
            }
        };
        match &mut self {
            San::Upn(s) | San::Dns(s) | San::Email(s) => cut(s, fold::without_root),
            San::Guid(s) | San::Url(s) | San::Ip(s) | San::Other(s) => cut(s, fold::trimmed),
            San::Sid(_) => {}
        }
        self
    }

    /// Whether both are of one kind and equal, as Active Directory compares names.
    pub fn is_same(&self, other: &San) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && same_text(self.value(), other.value())
    }

    /// A URL, or the SID that Microsoft's tag URL carries.
    pub(crate) fn from_url(url: &str) -> San {
        let url = url.trim();
        match sid_url(url) {
            Some((sid, _)) => San::Sid(sid),
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

    /// The other name in `type=value`. None where no object identifier is before the `=`, and for a value that cannot be read.
    pub(crate) fn of_other_name(text: &str) -> Option<San> {
        let (kind, value) = text.split_once('=')?;
        let (kind, value) = (kind.trim(), value.trim());
        let readable = readable(value);
        match kind {
            // Also one that cannot be read: it names somebody.
            PRINCIPAL_NAME => Some(San::Upn(readable.unwrap_or_else(|| value.to_owned()))),
            _ if is_oid(kind) => readable.map(|text| San::Other(format!("{kind}={text}"))),
            _ => None,
        }
    }

    /// The name that the value looks like, where a label is missing or in another language. None for a value without a
    /// look, such as a single word.
    pub(crate) fn by_look(value: &str) -> Option<San> {
        let one_word = !value.is_empty() && !value.contains([' ', ',']);
        if starts_ignoring_case(value, "tag:") || value.contains("://") {
            Some(San::from_url(value))
        } else if value.parse::<IpAddr>().is_ok() {
            Some(San::Ip(value.to_owned()))
        } else if one_word && value.contains('@') {
            Some(San::Upn(value.to_owned()))
        } else if hex_pairs(value) == value.len() && value.len() > 11 {
            Some(readable(value).map_or_else(|| San::from_guid(value), San::Upn))
        } else if let Some((sid, _)) = Sid::at_start(value).filter(|(_, length)| *length == value.len()) {
            Some(San::Sid(sid))
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

/// Names collected from several places of an event, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The names in the order in which they were found, at most [`MAX_NAMES`].
    pub names: Vec<San>,
    /// Further names: with those above at most [`MAX_NAMES_SEARCHED`]. They are searched for protected identities only.
    pub beyond: Vec<San>,
    /// How many names were found beyond [`MAX_NAMES`], those in `beyond` included.
    pub cut: u32,
}

impl Names {
    /// Adds a name unless it is empty or there already.
    pub fn add(&mut self, name: San) {
        let name = name.trimmed();
        if name.value().is_empty() || self.names.iter().any(|n| n.is_same(&name)) {
            return;
        }
        if self.names.len() < MAX_NAMES {
            self.names.push(name);
            return;
        }
        self.cut = self.cut.saturating_add(1);
        if self.names.len() + self.beyond.len() < MAX_NAMES_SEARCHED {
            self.beyond.push(name);
        }
    }

    /// Adds all names of another collection.
    pub fn append(&mut self, other: Names) {
        let unread = other.cut.saturating_sub(u32::try_from(other.beyond.len()).unwrap_or(u32::MAX));
        self.cut = self.cut.saturating_add(unread);
        other.names.into_iter().chain(other.beyond).for_each(|name| self.add(name));
    }
}

const SID_TAG: &str = "tag:microsoft.com,2022-09-14:sid:";

/// The SID of Microsoft's tag URL at the beginning of a text, and where the URL ends. A comma ends it too, and has one before the SID.
pub(crate) fn sid_url(text: &str) -> Option<(Sid, usize)> {
    let rest = starts_ignoring_case(text, SID_TAG).then(|| &text[SID_TAG.len()..])?;
    let blanks = rest.len() - rest.trim_start().len();
    let (sid, length) = Sid::at_start(&rest[blanks..])?;
    Some((sid, SID_TAG.len() + blanks + length))
}

/// The length of the spaced pairs of hex digits at the beginning of `text`.
pub(crate) fn hex_pairs(text: &str) -> usize {
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

pub(crate) fn is_separator(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b';' | b'|')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_added_without_what_surrounds_it() {
        let mut names = Names::default();
        for name in [
            San::Dns(" dc01.corp.example.\0".to_owned()),
            San::Url(" ldap:///x ".to_owned()),
            San::Dns("dc01.corp.example".to_owned()),
            San::Other("  ".to_owned()),
        ] {
            names.add(name);
        }
        let values: Vec<String> = names.names.iter().map(San::to_string).collect();
        assert_eq!(values, ["dc01.corp.example", "ldap:///x"]);
    }

    #[test]
    fn principal_name_is_one_in_any_encoding() {
        let upn = |name: &str| Some(San::Upn(name.to_owned()));
        assert_eq!(San::of_other_name("1.3.6.1.4.1.311.20.2.3=0c 05 61 6c 69 63 65"), upn("alice"));
        assert_eq!(San::of_other_name("1.3.6.1.4.1.311.20.2.3={utf8}alice"), upn("alice"));
        assert_eq!(San::of_other_name("1.3.6.1.4.1.311.20.2.3={octet}?"), upn("{octet}?"));
        assert_eq!(San::of_other_name("1.2.3.4=0c 01 61"), Some(San::Other("1.2.3.4=a".to_owned())));
        assert_eq!(San::of_other_name("1.2.3.4=04 01 61"), None);
        assert_eq!(San::of_other_name("upn=alice"), None);
    }

    #[test]
    fn octets_of_the_display_text_are_no_part_of_a_guid() {
        let guid = "0410c0de00112233445566778899aabb";
        assert_eq!(San::from_guid("0410C0DE-0011-2233-4455-66778899AABB"), San::Guid(guid.to_owned()));
        assert_eq!(San::from_guid(&format!("04 10 {guid}")), San::Guid(guid.to_owned()));
    }

    #[test]
    fn name_without_a_label_is_what_it_looks_like() {
        let guid = |digits: &str| San::Guid(digits.to_owned());
        for (text, expect) in [
            ("https://crl.corp.example", San::Url("https://crl.corp.example".to_owned())),
            (
                "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1105",
                San::from_url("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1105"),
            ),
            ("fe80::1", San::Ip("fe80::1".to_owned())),
            ("10.0.0.1", San::Ip("10.0.0.1".to_owned())),
            ("bob@corp.example", San::Upn("bob@corp.example".to_owned())),
            ("0a 1b 2c 3d 4e", guid("0a1b2c3d4e")),
            ("wks-114_b.corp.example", San::Dns("wks-114_b.corp.example".to_owned())),
            ("müller.corp.example", San::Dns("müller.corp.example".to_owned())),
        ] {
            assert_eq!(San::by_look(text), Some(expect), "{text}");
        }
        assert!(matches!(San::from_url("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1105"), San::Sid(_)));
        for text in [
            "",
            "bob",
            "write to bob@corp.example",
            "bob@corp.example,carol@corp.example",
            "0a 1b 2c 3d",
            "a..example",
            "a/b.example",
            "10.5",
            ".example",
        ] {
            assert_eq!(San::by_look(text), None, "{text}");
        }
    }
}
