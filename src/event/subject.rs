//! The field Subject of 4886 to 4889: a distinguished name as Windows displays it.

use crate::event::fold;

/// The most common names that are read of one subject.
const MAX_COMMON_NAMES: usize = 16;

/// The common names of a subject, in the order in which they stand there.
///
/// Windows writes `CN=alice, CN=Users, DC=corp, DC=example` or one part a line, and puts a value in quotes that holds a
/// comma, a plus sign, a quote or a line break: `CN="Smith, Alice"`, a quote in it doubled.
pub(crate) fn common_names(subject: &str) -> Vec<String> {
    parts(subject)
        .filter_map(|part| {
            let (kind, value) = part.split_once('=')?;
            let is_cn = ["CN", "2.5.4.3", "OID.2.5.4.3"]
                .iter()
                .any(|cn| fold::trimmed(kind).eq_ignore_ascii_case(cn));
            let value = unquoted(fold::trimmed(value));
            (is_cn && !value.is_empty()).then_some(value)
        })
        .take(MAX_COMMON_NAMES)
        .collect()
}

/// The DNS name of the domain that the `DC=` parts of a distinguished name spell.
pub(crate) fn domain_name(dn: &str) -> String {
    let of = |part: &'_ str| {
        let (kind, value) = part.split_once('=')?;
        fold::trimmed(kind).eq_ignore_ascii_case("DC").then(|| fold::trimmed(value).to_owned())
    };
    parts(dn).filter_map(of).collect::<Vec<_>>().join(".")
}

/// The parts of a distinguished name, which `,`, `+`, `;` and line ends separate outside quotes.
fn parts(subject: &str) -> impl Iterator<Item = &str> {
    let (mut in_quotes, mut escaped) = (false, false);
    subject.split(move |c: char| {
        let is_escaped = escaped;
        escaped = c == '\\' && !is_escaped;
        if c == '"' && !is_escaped {
            in_quotes = !in_quotes;
        }
        !in_quotes && !is_escaped && matches!(c, ',' | '+' | ';' | '\n' | '\r')
    })
}

fn unquoted(value: &str) -> String {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => fold::trimmed(&inner.replace("\"\"", "\"")).to_owned(),
        None => value.replace("\\,", ","),
    }
}

#[cfg(test)]
mod tests {
    use crate::event::subject::common_names;
    use proptest::prelude::*;

    #[test]
    fn common_names_are_read_from_every_spelling() {
        for (subject, expect) in [
            ("CN=alice.smith", vec!["alice.smith"]),
            ("CN=alice, CN=Users, DC=corp, DC=example", vec!["alice", "Users"]),
            ("DC=example\r\nDC=corp\r\nCN=Users\r\nCN=alice\r\n", vec!["Users", "alice"]),
            ("cn = dc01.corp.example , O=Corp", vec!["dc01.corp.example"]),
            ("E=a@corp.example, CN=\"Smith, Alice\", OU=\"x, CN=bob\"", vec!["Smith, Alice"]),
            ("CN=\"a \"\"b\"\" c\"", vec!["a \"b\" c"]),
            ("CN=Smith\\, Alice,DC=corp", vec!["Smith, Alice"]),
            ("OU=x+CN=alice", vec!["alice"]),
            ("OID.2.5.4.3=alice", vec!["alice"]),
            ("CN=administrator\0", vec!["administrator"]),
            ("", vec![]),
            ("CN=, O=x, cnx=y, alice", vec![]),
        ] {
            assert_eq!(common_names(subject), expect, "{subject:?}");
        }
        assert_eq!(common_names(&"CN=a,".repeat(100)).len(), 16);
    }

    proptest! {
        #[test]
        fn any_text_is_accepted(text in "([a-zé=,;+\"\\\\ \\n]|CN=|.){0,40}") {
            prop_assert!(common_names(&text).iter().all(|name| !name.is_empty()));
        }
    }
}
