//! The `Attributes` text of a request: `Name:value` pairs that the client sent along.
//!
//! The CA writes one pair a line. Pipelines replace the line feed between two pairs by a space, a tab, `;`, `,`, `|`, the
//! two characters `\n`, `#012`, or by nothing at all. So a pair ends where the next known key begins, wherever that is, and at a
//! line feed. Names for the certificate are in `SAN:upn=alice%40corp.example&dns=host`, one or several; older rules also
//! look for `san=`, `subjectaltname=`, `upn=` and `dns=`, and for bare names such as `SAN:alice`.

use crate::event::attribute_keys::{Found, Key, is_padding, is_separator, keys_in};
use crate::event::fold;
use crate::event::host::Host;
use crate::event::oid::{MAX_OIDS, oids};
use crate::event::san::{NameKind, Names, San};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The longest text that is kept of an attribute that no name is read from, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// The most values that are kept of one attribute that is repeated.
const MAX_REPEATED: usize = 16;

/// What the attributes of a request say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// The template that the request names, attribute `CertificateTemplate`.
    pub templates: Vec<String>,
    /// `ccm`: the client machine, as the client states it.
    pub clients: Vec<Host>,
    /// `cdc`: the domain controller that the CA is asked to look the requester up at.
    pub cdcs: Vec<Host>,
    /// `rmd`: the machine that the request is for.
    pub rmds: Vec<Host>,
    /// `UserAgent`, which the pages of web enrollment add; empty: the client stated none.
    pub user_agent: Option<String>,
    /// `ProxyURI`, which the enrollment web service adds.
    pub proxy_uri: Option<String>,
    /// `ApplicationPolicies`: object identifiers, at most [`MAX_OIDS`].
    pub application_policies: Vec<String>,
    /// The names that the certificate was asked to have.
    pub names: Names,
}

impl Attributes {
    /// Reads the text. Unknown keys are skipped; of a repeated key the first counts, except for names, policies,
    /// templates and hosts, which all count: no client of Windows repeats a key, and which of its values the CA takes is not known.
    pub(crate) fn parse(text: &str) -> Attributes {
        let mut attributes = Attributes::default();
        let text = fold::with_line_ends(text);
        let text = &without_encoded_keys(&text).replace(fold::WIDE_AT, "@");
        for (key, value) in pairs(text) {
            match key {
                Key::Template => add(&mut attributes.templates, value.to_owned()),
                Key::Client => add(&mut attributes.clients, Host::new(value)),
                Key::Names => read_names(None, value, 0, &mut attributes.names),
                Key::Name(kind) => read_names(Some(kind), value, 0, &mut attributes.names),
                Key::Controller => add(&mut attributes.cdcs, Host::new(value)),
                Key::Machine => add(&mut attributes.rmds, Host::new(value)),
                Key::UserAgent => {
                    attributes.user_agent.get_or_insert_with(|| fold::cut(value, MAX_TEXT_BYTES).to_owned());
                }
                Key::Proxy => {
                    attributes.proxy_uri.get_or_insert_with(|| fold::cut(value, MAX_TEXT_BYTES).to_owned());
                }
                Key::Policies => attributes.add_policies(value),
                Key::Other => {}
            }
        }
        attributes
    }

    fn add_policies(&mut self, value: &str) {
        for oid in oids(value) {
            let is_new = !self.application_policies.iter().any(|known| known == oid);
            if is_new && self.application_policies.len() < MAX_OIDS {
                self.application_policies.push(oid.to_owned());
            }
        }
    }
}

/// Adds a value unless it is there already. Of more than [`MAX_REPEATED`] the first ones and the last one are kept.
fn add<T: PartialEq>(values: &mut Vec<T>, value: T) {
    if !values.contains(&value) {
        values.truncate(MAX_REPEATED - 1);
        values.push(value);
    }
}

/// The text decoded where its keys are percent-encoded as well: `SAN%3Aupn%3Dalice`.
fn without_encoded_keys(text: &str) -> Cow<'_, str> {
    let has_encoded_key = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("san%3a") || text.contains("san%253a")
    };
    let mut text = Cow::Borrowed(text);
    for _ in 0..2 {
        if !text.contains('%') || !has_encoded_key(&text) {
            break;
        }
        text = Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned());
    }
    text
}

/// The pairs of the text, as key and trimmed value; those without a value are left out, except for UserAgent: the pages of
/// web enrollment write it also for a client that states none.
fn pairs(text: &str) -> impl Iterator<Item = (Key, &str)> {
    let mut keys = keys_in(text).peekable();
    std::iter::from_fn(move || {
        let found = keys.next()?;
        let end = keys.peek().map_or(text.len(), |next| next.start);
        Some((found.key, &text[found.value..end]))
    })
    .filter_map(|(key, value)| {
        let value = value.trim_start_matches(is_padding);
        let value = without_end(&value[..value.find(['\n', '\r']).unwrap_or(value.len())]);
        (!value.is_empty() || key == Key::UserAgent).then_some((key, value))
    })
}

/// The value without the separators behind it, also those that a pipeline wrote as `\r\n`.
fn without_end(value: &str) -> &str {
    let mut value = value;
    loop {
        let shorter = value
            .trim_end_matches(|c: char| is_separator(c) || matches!(c, '&' | '\0' | '~' | '^' | '¦' | '·'));
        let shorter = ["\\n", "\\r", "\\t"].iter().find_map(|e| shorter.strip_suffix(e)).unwrap_or(shorter);
        if shorter.len() == value.len() {
            return value;
        }
        value = shorter;
    }
}

/// Percent-encoding is undone this many times: pipelines encode what was encoded.
const MAX_ENCODINGS: usize = 3;

/// Reads a list of names, the first of which is of this kind.
fn read_names(kind: Option<NameKind>, list: &str, depth: usize, names: &mut Names) {
    for (position, piece) in pieces(kind, list).enumerate() {
        let piece = unquoted(fold::trimmed(piece));
        let kind = if position == 0 { kind } else { None };
        let decoded = percent_decoded(piece);
        if decoded != piece && depth < MAX_ENCODINGS {
            read_decoded(kind, &decoded, depth + 1, names);
        } else if !piece.is_empty() {
            names.add(name_of(kind, piece));
        }
    }
}

/// What percent-encoding hid may be a list with kinds of its own.
fn read_decoded(kind: Option<NameKind>, decoded: &str, depth: usize, names: &mut Names) {
    let names_something = |found: &Found| matches!(found.key, Key::Names | Key::Name(_));
    let first = keys_in(decoded).find(names_something).map_or(decoded.len(), |found| found.start);
    read_names(kind, without_end(&decoded[..first]), depth, names);
    for (key, value) in pairs(&decoded[first..]) {
        match key {
            Key::Names => read_names(None, value, depth, names),
            Key::Name(kind) => read_names(Some(kind), value, depth, names),
            Key::Template
            | Key::Client
            | Key::Controller
            | Key::Machine
            | Key::UserAgent
            | Key::Proxy
            | Key::Policies
            | Key::Other => {}
        }
    }
}

/// The values of a list. A URL may hold a comma, as the one of a SID does.
fn pieces(kind: Option<NameKind>, list: &str) -> impl Iterator<Item = &str> {
    let in_url =
        kind == Some(NameKind::Url) || list.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("tag:"));
    let all_words_are_names =
        list.contains(' ') && list.split_whitespace().all(|word| San::by_look(word).is_some());
    list.split(move |c: char| match c {
        '&' | ';' | '|' | '\t' => true,
        ',' => !in_url,
        ' ' => all_words_are_names,
        _ => false,
    })
    .flat_map(|piece| piece.split("\\r\\n"))
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// A name of this kind. Without a kind the value decides, and what has no other look is the name of an account.
fn name_of(kind: Option<NameKind>, value: &str) -> San {
    match kind {
        Some(kind) => kind.name(value),
        None => San::of_other_name(value).or_else(|| San::by_look(value)).unwrap_or_else(|| {
            if value.contains('=') { San::Other(value.to_owned()) } else { San::Upn(value.to_owned()) }
        }),
    }
}

/// Resolves `%40` and the like once; what is no such pair, or would not be UTF-8, stays as it is.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use crate::event::account::Sid;
    use crate::event::attributes::{Attributes, MAX_REPEATED, percent_decoded};
    use crate::event::host::Host;
    use crate::event::san::MAX_NAMES;
    use crate::event::san::San;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<San> {
        Attributes::parse(text).names.names
    }
    fn upn(name: &str) -> San {
        San::Upn(name.into())
    }
    fn dns(name: &str) -> San {
        San::Dns(name.into())
    }

    /// What pipelines write in the place of a line feed.
    const SEPARATORS: [&str; 23] = [
        "\n",
        "\r\n",
        " ",
        ";",
        "; ",
        ",",
        ", ",
        "|",
        "\t",
        "\\n",
        "\\r\\n",
        "\n\n",
        "",
        "#012",
        "#015#012",
        "&#10;",
        "&#xD;&#xA;",
        "<br>",
        "\\u000a",
        "~",
        "^",
        " ¦ ",
        "·",
    ];

    #[test]
    fn keys_are_found_when_they_are_encoded_too() {
        for text in ["SAN%3Aupn%3Dcarol%40corp.example", "cdc:dc01\nsan%253Aupn%253Dcarol%2540corp.example"] {
            assert_eq!(names(text), [upn("carol@corp.example")], "{text}");
        }
    }

    #[test]
    fn blanks_and_minus_signs_in_a_key_are_left_out() {
        let text = "Certificate-Template:User\nr-m-d:wks.corp.example\n c d c :dc01.corp.example\n\
                    - S-A-N :upn=carol@corp.example\nApplication Policies:1.3.6.1.5.5.7.3.2";
        let read = Attributes::parse(text);
        assert_eq!(read.templates, ["User"]);
        assert_eq!(read.rmds, [Host::new("wks.corp.example")]);
        assert_eq!(read.cdcs, [Host::new("dc01.corp.example")]);
        assert_eq!(read.names.names, [upn("carol@corp.example")]);
        assert_eq!(read.application_policies, ["1.3.6.1.5.5.7.3.2"]);
        // So are those before a value, which may have a colon.
        for text in ["cdc: fe80::20c\nccm : ca01", "ccm: ca01 cdc: \tfe80::20c", "cdc : fe80::20c;ccm:ca01"] {
            let read = Attributes::parse(text);
            assert_eq!(
                (read.cdcs, read.clients),
                (vec![Host::new("fe80::20c")], vec![Host::new("ca01")]),
                "{text}"
            );
        }
        // Blanks between pairs separate them.
        let read = Attributes::parse("CertificateTemplate:Server md:x cdc:dc01.corp.example");
        assert_eq!((read.rmds, read.cdcs), (vec![], vec![Host::new("dc01.corp.example")]));
    }

    #[test]
    fn pairs_are_found_behind_every_separator() {
        for separator in SEPARATORS {
            let text = [
                "CertificateTemplate:User",
                "SAN:upn=administrator@corp.example",
                "ccm:wks.corp.example",
                "cdc:dc01.corp.example",
                "rmd:wks.corp.example",
                "UserAgent:Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
                "ApplicationPolicies:1.3.6.1.5.5.7.3.2",
                "san=dns=dc01.corp.example",
            ]
            .join(separator);
            let read = Attributes::parse(&text);
            assert_eq!(read.templates, ["User"], "{separator:?}");
            assert_eq!(read.clients, [Host::new("wks.corp.example")], "{separator:?}");
            assert_eq!(
                read.names.names,
                [upn("administrator@corp.example"), dns("dc01.corp.example")],
                "{separator:?}"
            );
        }
    }

    #[test]
    fn values_keep_their_spaces() {
        assert_eq!(Attributes::parse("CertificateTemplate:Web Server").templates, ["Web Server"]);
        assert_eq!(Attributes::parse("CertificateTemplate:Web Server ccm:h").templates, ["Web Server"]);
        assert_eq!(names("SAN:upn=domain admins@corp.example"), [upn("domain admins@corp.example")]);
        assert_eq!(names("SAN:Domain Admins ccm:h"), [upn("Domain Admins")]);
    }

    #[test]
    fn every_value_of_a_repeated_key_counts() {
        let read = Attributes::parse(
            "\nCertificateTemplate:Machine\nccm:WKS.corp.example\nCertificateTemplate:Second\nccm:x",
        );
        assert_eq!(read.templates, ["Machine", "Second"]);
        assert_eq!(read.clients, [Host::new("wks.corp.example"), Host::new("x")]);
        let read = Attributes::parse("ccm:\nno separator\n:x\nCertificateTemplate: User\njunk");
        assert_eq!((read.templates, read.clients), (vec!["User".to_owned()], vec![]));
        let many: Vec<String> = (0..40).map(|at| format!("rmd:h{at}")).collect();
        let read = Attributes::parse(&many.join("\n"));
        assert_eq!((read.rmds.len(), read.rmds.last()), (MAX_REPEATED, Some(&Host::new("h39"))));
    }

    #[test]
    fn names_are_read_in_every_spelling() {
        let administrator = || upn("administrator@corp.example");
        let dc = || dns("dc01.corp.example");
        for text in [
            "SAN:upn=administrator@corp.example&dns=dc01.corp.example",
            "san:UPN=administrator%40corp.example&dns=dc01.corp.example",
            "SAN:upn%3Dadministrator%2540corp.example%26dns%3Ddc01.corp.example",
            "SAN:upn=administrator%252540corp.example&DNS=dc01%2Ecorp.example",
            "SAN:upn=administrator@corp.example\nSAN:dns=dc01.corp.example",
            "SAN:upn=administrator@corp.exampleSAN:dns=dc01.corp.example",
            "SAN:upn=administrator@corp.example;dns=dc01.corp.example",
            "SAN:upn=administrator@corp.example, dns=dc01.corp.example",
            "SAN:upn=administrator@corp.example|dc01.corp.example",
            "SAN:administrator@corp.example dc01.corp.example",
            "SAN = upn = administrator@corp.example & dns = dc01.corp.example",
            "SubjectAltName:upn:administrator@corp.example,DNS:dc01.corp.example",
            "subjectaltname=administrator@corp.example&dc01.corp.example",
            "san=upn=\"administrator@corp.example\"&dns='dc01.corp.example'",
            "upn=administrator@corp.example&dns=dc01.corp.example",
            "upn=administrator@corp.example\ndns=dc01.corp.example",
            "CertificateTemplate:Userupn=administrator@corp.exampledns=dc01.corp.example",
            "SAN:upn=administrator@corp.example\0&dns=dc01.corp.example\0",
        ] {
            assert_eq!(names(text), [administrator(), dc()], "{text}");
        }
    }

    #[test]
    fn bare_names_are_names() {
        for text in [
            "SAN:alice",
            "san=alice",
            "subjectaltname=alice",
            "SubjectAltName:alice",
            "upn=alice",
            "upn:alice",
            "CertificateTemplate:User;SAN:alice;ccm:wks",
            "CertificateTemplate:UserSAN:aliceccm:wks",
        ] {
            assert_eq!(names(text), [upn("alice")], "{text}");
        }
        assert_eq!(names("SAN:alice&bob;carol,dave|eve"), ["alice", "bob", "carol", "dave", "eve"].map(upn));
    }

    #[test]
    fn every_kind_is_read() {
        assert_eq!(
            names(
                "SAN:email=a@b&ipaddress=10.0.0.1&x=y&url=http://a&guid={1A2B-3c}&URL=tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"
            ),
            [
                San::Email("a@b".into()),
                San::Ip("10.0.0.1".into()),
                San::Other("x=y".into()),
                San::Url("http://a".into()),
                San::Guid("1a2b3c".into()),
                San::Sid(Sid::parse("S-1-5-21-1-2-3-500").unwrap()),
            ]
        );
        assert_eq!(
            names("SAN:URL=tag:microsoft.com%2C2022-09-14%3Asid%3AS-1-5-21-1-2-3-500"),
            [San::Sid(Sid::parse("S-1-5-21-1-2-3-500").unwrap())]
        );
        for text in ["", "SAN:upn=&&dns=", "SAN:", "artisan", "CertificateTemplate:Artisan", "\n\n"] {
            assert_eq!(names(text), [], "{text}");
        }
    }

    #[test]
    fn values_of_other_attributes_are_no_names() {
        for text in [
            "RequesterName:CORP\\nancy",
            "cdc:dc01.corp.example rmd:dc01.corp.example",
            "UserAgent:Mozilla/5.0 (X11; Linux x86_64; rv:109.0) admin@corp.example",
            "ProxyURI:http://proxy.corp.example:8080/",
            "Challenge:alice@corp.example",
        ] {
            assert_eq!(names(text), [], "{text}");
        }
    }

    #[test]
    fn names_beyond_the_limit_are_kept_apart() {
        let lines: Vec<String> = (0..MAX_NAMES + 2).map(|i| format!("SAN:dns=h{i}")).collect();
        let read = Attributes::parse(&lines.join("\n")).names;
        assert_eq!((read.names.len(), read.beyond.len(), read.cut), (MAX_NAMES, 2, 2));
        let pairs: Vec<String> = (0..MAX_NAMES + 5).map(|i| format!("dns=h{i}")).collect();
        let read = Attributes::parse(&format!("SAN:{}", pairs.join("&"))).names;
        assert_eq!((read.names.len(), read.beyond.len(), read.cut), (MAX_NAMES, 5, 5));
    }

    #[test]
    fn percent_pairs_that_are_none_stay() {
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%4"), "%4");
        assert_eq!(percent_decoded("%zz%41"), "%zzA");
        assert_eq!(percent_decoded("%ff"), "%ff");
        assert_eq!(percent_decoded("%C3%A9"), "é");
        assert_eq!(names("SAN:upn=100%"), [upn("100%")]);
    }

    fn encoded(text: &str, times: usize) -> String {
        (0..times).fold(text.to_owned(), |text, _| text.replace('%', "%25").replace('@', "%40"))
    }

    proptest! {
        #[test]
        fn written_names_are_read_whatever_separates_them(
            upns in prop::collection::vec("[a-z]{1,8}@[a-z]{1,8}\\.example", 1..5),
            separator in prop::sample::select(SEPARATORS.to_vec()),
            key in prop::sample::select(vec!["SAN:upn=", "san:UPN=", "san=", "subjectaltname=", "upn="]),
            times in 0_usize..3,
        ) {
            let mut lines = vec!["CertificateTemplate:User".to_owned()];
            lines.extend(upns.iter().map(|upn| format!("{key}{}", encoded(upn, times))));
            lines.push("ccm:wks.corp.example".to_owned());
            let mut expect: Vec<San> = Vec::new();
            for upn in upns.into_iter().map(San::Upn) {
                if !expect.contains(&upn) {
                    expect.push(upn);
                }
            }
            prop_assert_eq!(names(&lines.join(separator)), expect);
        }

        #[test]
        fn any_text_is_accepted(text in "(.{0,80}|([a-zé=:;,&|%\\\\ \\n]|SAN:|upn=|%25|\\\\n){0,60})") {
            Attributes::parse(&text);
        }
    }
}
