//! Lines of `name="value" name=value`, also with `;` or `,` between them, as NXLog and logfmt write, and in the braces of
//! Java and PowerShell: `{name=value, name=value}`, `@{name=value; name=value}`.
//!
//! A value in quotes may have escapes in it. One without quotes ends where the next name begins, because values hold
//! blanks, commas and semicolons. What the client writes ends at a name that is known only, or it could end its own
//! attributes with any `x=y` and hide the rest behind that.

use crate::decode::escapes;
use crate::decode::fields::fold::fold;
use crate::decode::fields::named::Named;
use crate::decode::text::known::{IDS, PARTS_OF_NAMES, TEXTS, is_known};

/// Fields with words of the client, folded.
const OF_THE_CLIENT: [&str; 9] = [
    "attributes",
    "requestattributes",
    "subject",
    "subjectalternativename",
    "requestosversion",
    "requestcspprovider",
    "requestclientinfo",
    "relativetargetname",
    "attributevalue",
];

/// Attributes of a request that decide what is asked for, in lower case.
const ATTRIBUTES: [&str; 3] = ["san:", "certificatetemplate:", "applicationpolicies:"];

/// The names and values, and whether the last value has its end; none without an id.
pub(crate) fn read(text: &str) -> Option<(Named, bool)> {
    let (mut named, mut is_whole) = (Named::default(), true);
    let mut rest = within_braces(text);
    while let Some((before, behind)) = rest.split_once('=') {
        let name = before.rsplit(is_separator).next().unwrap_or(before);
        rest = match behind.strip_prefix('"') {
            Some(text) => {
                let found = quoted(text, "\"\\]");
                is_whole = found.is_some();
                let (value, behind) = found.unwrap_or_default();
                named.push(name, escapes::value(name, &value));
                behind
            }
            None => {
                let (value, behind) = unquoted(name, behind);
                if is_attributes_elsewhere(name, value) {
                    named.mark_ambiguous();
                }
                named.push_unquoted(name, escapes::value(name, of_one_word(name, value)));
                behind
            }
        };
        named.end_text_with(name);
    }
    IDS[..3].iter().any(|name| named.find(name).is_some()).then_some((named, is_whole))
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || ";,".contains(c)
}

fn within_braces(text: &str) -> &str {
    let inside = text.strip_prefix('@').unwrap_or(text).strip_prefix('{');
    inside.map_or(text, |inside| inside.strip_suffix('}').unwrap_or(inside))
}

/// A value without quotes, and what is behind it.
fn unquoted<'t>(name: &str, text: &'t str) -> (&'t str, &'t str) {
    let is_of_client = is_of_client(name);
    let begins_name = |start: usize, name: &str| {
        text[..start].ends_with(is_separator)
            && !name.is_empty()
            && if is_of_client { is_known(name) } else { !PARTS_OF_NAMES.contains(&name) }
    };
    let next = text.match_indices('=').find_map(|(at, _)| {
        let before = &text[..at];
        let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "_.-@".contains(c)).len();
        begins_name(start, &before[start..]).then_some(start)
    });
    let (value, behind) = text.split_at(next.unwrap_or(text.len()));
    (value.trim_matches(is_separator), behind)
}

fn is_of_client(name: &str) -> bool {
    let name = fold(name);
    OF_THE_CLIENT.iter().any(|field| name.ends_with(field))
}

/// Whether a value that is not the client's holds attributes of a request: it was cut out of them.
fn is_attributes_elsewhere(name: &str, value: &str) -> bool {
    let is_text = TEXTS.iter().any(|text| text.eq_ignore_ascii_case(name));
    let value = value.to_ascii_lowercase();
    !is_text && !is_of_client(name) && ATTRIBUTES.iter().any(|attribute| value.contains(attribute))
}

/// A number without the words behind it, such as the time of a line in InfluxDB's protocol, and without the mark of an
/// integer that this puts behind it: `91007i`. Other values as they are.
fn of_one_word<'t>(name: &str, value: &'t str) -> &'t str {
    let word = value.split(is_separator).next().unwrap_or(value);
    let number = word.strip_suffix('i').unwrap_or(word);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !is_of_client(name) { number } else { value }
}

/// The text up to the closing quote, without the backslashes before these characters, and what is behind it.
pub(crate) fn quoted<'t>(text: &'t str, escapes: &str) -> Option<(String, &'t str)> {
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Some((value, &text[at + 1..])),
            _ => {
                if escaped && !escapes.contains(c) {
                    value.push('\\');
                }
                value.push(c);
                escaped = false;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::decode::text::pairs::read;

    const FIELDS: [(&str, &str); 6] = [
        ("EventID", "4887"),
        ("EventTime", "2026-04-07 13:20:30"),
        ("Requester", "CORP\\eve long"),
        ("Attributes", "CertificateTemplate:WebUser; x=y, z\nSAN:upn=dave.admin@corp.example"),
        ("Subject", "CN=Eve, OU=Desk, DC=corp"),
        ("RequestId", "209"),
    ];

    #[test]
    fn value_without_quotes_ends_where_the_next_name_begins() {
        for (open, separator, close) in [
            ("", " ", ""),
            ("", ", ", ""),
            ("", "; ", ""),
            ("", ",", ""),
            ("", "\t", ""),
            ("{", ", ", "}"),
            ("@{", "; ", "}"),
        ] {
            let pairs: Vec<_> = FIELDS.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let text = format!("{open}{}{close}", pairs.join(separator));
            let (named, is_whole) = read(&text).unwrap();
            assert!(is_whole && !named.is_ambiguous(), "{text}");
            for (name, value) in FIELDS {
                assert_eq!(named.find(name), Some(value), "{text}");
            }
        }
    }

    #[test]
    fn client_cannot_hide_attributes_behind_a_name() {
        let line = |words: &str| {
            format!(
                "EventID=4887 RequestId=209 Attributes=CertificateTemplate:User {words} SAN:upn=dave.admin Disposition=3"
            )
        };
        for words in ["x=y", "OU=x", "SAN=x", "x=1,y=2"] {
            let (named, _) = read(&line(words)).unwrap();
            assert!(named.find("Attributes").unwrap().ends_with("SAN:upn=dave.admin"), "{words}");
        }
        for words in ["Severity=x", "Version=1", "RequestId=210", "Computer=", "Disposition=2"] {
            assert!(read(&line(words)).unwrap().0.is_ambiguous(), "{words}");
        }
    }

    #[test]
    fn quote_without_its_end_is_cut_off() {
        assert!(!read("EventID=\"4887\" Attributes=\"CertificateTemplate:User").unwrap().1);
        assert!(read("EventID=\"4887\" Attributes=\"CertificateTemplate:User\"").unwrap().1);
        assert!(read("Attributes=\"x\"").is_none());
    }

    #[test]
    fn number_is_one_word() {
        let (named, _) =
            read("win,EventID=4887,RequestId=209 Keywords=Audit\\ Success,EventRecordID=91007i 1775568035")
                .unwrap();
        assert_eq!((named.find("EventID"), named.find("RequestId")), (Some("4887"), Some("209")));
        assert_eq!(named.find("EventRecordID"), Some("91007"));
    }
}
