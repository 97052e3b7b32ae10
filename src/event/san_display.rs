//! The display text in which `SubjectAlternativeName` of 4886 and 4887 writes names.

use crate::event::fold;
use crate::event::oid::is_oid;
use crate::event::other_name::readable;
use crate::event::san::{NameKind, Names, San, hex_pairs, is_separator, sid_url};

/// Reads the display text of `SubjectAlternativeName`: the first `MAX_NAMES` (64) names and the number of further ones.
///
/// The text is what Windows' certificate formatting makes: `label=value`, the label of other names headed by
/// `Other Name:`; several follow each other on lines of their own, after a comma, or after a single space:
///
/// ```
/// use adcs_watch::event::san::San;
/// use adcs_watch::event::san_display::parse_display;
/// let (names, cut) = parse_display("Other Name: Principal Name=alice@corp.example DNS Name=host.corp.example");
/// assert_eq!(names, [San::Upn("alice@corp.example".into()), San::Dns("host.corp.example".into())]);
/// assert_eq!(cut, 0);
/// ```
///
/// A value ends where the next known label begins, because values may hold spaces, commas and `=` themselves. A CA in
/// another language writes labels in that language. Most keep `DNS`, `RFC822`, `URL` or `GUID`, and where a label is not
/// known, the value decides: what looks like an address, a URL, octets or a host is that, and any other value is a
/// principal name, because no other kind of name has a value without such a look. Directory addresses, object
/// identifiers and quoted values stay [`San::Other`].
pub fn parse_display(text: &str) -> (Vec<San>, u32) {
    let Names { names, cut, .. } = read_display(text);
    (names, cut)
}

pub(crate) fn read_display(text: &str) -> Names {
    let mut names = Names::default();
    // Full-width marks, as Chinese and Japanese texts have them.
    let text = fold::with_line_ends(text).replace('：', ":").replace('＝', "=").replace(fold::WIDE_AT, "@");
    let text = &with_literal_line_ends(text);
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

/// Labels of Windows' certificate formatting, lower case, in English, German, French and Spanish. None: a directory address.
const LABELS: &[(&str, Option<NameKind>)] = &[
    ("principal name", Some(NameKind::Upn)),
    ("dns name", Some(NameKind::Dns)),
    ("rfc822 name", Some(NameKind::Email)),
    ("url", Some(NameKind::Url)),
    ("ds object guid", Some(NameKind::Guid)),
    ("ip address", Some(NameKind::Ip)),
    ("directory address", None),
    ("prinzipalname", Some(NameKind::Upn)),
    ("dns-name", Some(NameKind::Dns)),
    ("rfc822-name", Some(NameKind::Email)),
    ("ip-adresse", Some(NameKind::Ip)),
    ("nom principal", Some(NameKind::Upn)),
    ("nom dns", Some(NameKind::Dns)),
    ("nom rfc822", Some(NameKind::Email)),
    ("adresse ip", Some(NameKind::Ip)),
    ("nombre principal", Some(NameKind::Upn)),
    ("nombre dns", Some(NameKind::Dns)),
    ("nombre rfc822", Some(NameKind::Email)),
];

/// What heads an other name, lower case, in the same languages.
const HEADINGS: &[&str] = &["other name:", "anderer name:", "autre nom :", "autre nom:", "otro nombre:"];

struct Label {
    start: usize,
    value: usize,
    kind: Option<NameKind>,
}

/// The text with line ends where a pipeline wrote `\n` between two names. Elsewhere the backslash ends a domain: `CORP\nancy`.
fn with_literal_line_ends(mut text: String) -> String {
    if !text.contains('\\') {
        return text;
    }
    let starts: Vec<usize> = labels_in(&text).map(|label| label.start).collect();
    for start in starts {
        let mut end = start;
        loop {
            let before = text[..end].trim_end_matches([' ', '\t']);
            end = before.len();
            if is_literal_line_end(before) {
                text.replace_range(end - 2..end, " \n");
                end -= 2;
            } else if let Some(heading) = HEADINGS.iter().find(|heading| ends_ignoring_case(before, heading))
            {
                end -= heading.len();
            } else {
                break;
            }
        }
    }
    text
}

fn is_literal_line_end(before: &str) -> bool {
    ["\\n", "\\r", "\\t"].iter().any(|end| before.ends_with(end))
}

/// Every known label: text that stands before a `=` and behind a separator.
fn labels_in(text: &str) -> impl Iterator<Item = Label> {
    memchr::memchr_iter(b'=', text.as_bytes()).filter_map(move |equals| {
        let before = &text[..equals];
        LABELS.iter().find_map(|&(label, kind)| {
            let start = equals.checked_sub(label.len())?;
            let found = ends_ignoring_case(before, label)
                && (start == 0
                    || is_separator(before.as_bytes()[start - 1])
                    || is_literal_line_end(&before[..start]));
            found.then_some(Label { start, value: equals + 1, kind })
        })
    })
}

/// Reads the value at the beginning of `text`, which runs to the next known label, and returns what is left.
fn read_value<'t>(kind: Option<NameKind>, text: &'t str, names: &mut Names) -> &'t str {
    let text = without_heading(text.trim_start_matches([' ', '\t']));
    let line = text.find(['\n', '\r']).unwrap_or(text.len());
    let end = match kind {
        Some(NameKind::Dns | NameKind::Email | NameKind::Ip) => {
            text.find([' ', '\t', '\n', '\r', ',', ';', '|']).unwrap_or(text.len())
        }
        // The tag URL of a SID has a comma of its own.
        Some(NameKind::Url) => sid_url(text)
            .map_or_else(|| text.find([' ', '\t', '\n', '\r']).unwrap_or(text.len()), |(_, end)| end),
        Some(NameKind::Guid) => hex_pairs(text),
        None => line,
        Some(NameKind::Upn) => upn_end(&text[..line]),
    };
    let value = fold::trimmed(text[..end].trim_end_matches([' ', '\t', ',', ';', '|']));
    if !value.is_empty() {
        names.add(kind.map_or_else(|| San::Other(value.to_owned()), |kind| kind.name(value)));
    }
    &text[end..]
}

/// A principal name may hold anything, spaces too; but a word with `=` behind it, or a heading, is a label that is
/// not known, and then the name was one word.
fn upn_end(line: &str) -> usize {
    let octets = hex_pairs(line);
    if octets > "ab cd".len() {
        return octets;
    }
    let first_word = line.find([' ', '\t', ',']).unwrap_or(line.len());
    let rest = line[first_word..].trim_end();
    if rest.contains('=') || rest.ends_with(':') { first_word } else { line.len() }
}

/// Reads text in which no label is known.
fn read_unlabelled(text: &str, names: &mut Names) {
    for line in text.split(['\n', '\r']) {
        let line = line.trim_matches([' ', '\t', ',', ';', '|', '\0']);
        let mut equals = memchr::memchr_iter(b'=', line.as_bytes()).peekable();
        if equals.peek().is_none() && !is_heading(line) {
            names.add(San::by_look(line).unwrap_or_else(|| San::Other(line.to_owned())));
        }
        let mut start = 0;
        while let Some(at) = equals.next() {
            let value = line[at + 1..].trim_start();
            let is_last = equals.peek().is_none() && !is_heading(value);
            let end = if is_last { value.len() } else { unlabelled_end(value) };
            let whole_end = line.len() - value.len() + end;
            let label = line.get(start..at).unwrap_or_default().trim_matches([' ', '\t', ',']);
            let value = value[..end].trim_matches([' ', '\t', ',']);
            let whole = line.get(start..whole_end).unwrap_or_default().trim_matches([' ', '\t', ',']);
            names.add(by_structure(label, value).unwrap_or_else(|| San::Other(whole.to_owned())));
            start = whole_end;
        }
    }
}

/// What ends in a colon and holds no value is a heading; Chinese and Japanese have a wide colon.
fn is_heading(text: &str) -> bool {
    text.ends_with([':', '：'])
}

/// Where a value ends that another label follows: behind its octets, or behind its first word.
fn unlabelled_end(value: &str) -> usize {
    match hex_pairs(value) {
        0 => value.find([' ', '\t', ',']).unwrap_or(value.len()),
        length => length,
    }
}

/// The name behind a label in a language that is not known. None where the value is no name.
fn by_structure(label: &str, value: &str) -> Option<San> {
    let label = label.to_lowercase();
    let word = label.rsplit([' ', '\t', ':', '：', ',']).next().unwrap_or_default();
    let is_octets = hex_pairs(value) == value.len() && (value.len() > 2 || label.contains("guid"));
    if value.is_empty() || value.starts_with(['"', '\'', '{']) || RDNS.contains(&word) || is_oid(word) {
        return San::of_other_name(&format!("{word}={value}"));
    }
    if label.contains("guid") || is_octets {
        let name = readable(value).map_or_else(|| San::from_guid(value), San::Upn);
        return Some(name).filter(|_| value.len() > 11);
    }
    if label.contains("rfc822") || label.contains("mail") {
        return Some(San::Email(value.to_owned()));
    }
    if label.contains("dns") {
        return Some(San::Dns(value.to_owned()));
    }
    if let Some(name) = San::by_look(value) {
        return Some(name);
    }
    (!is_oid(value)).then(|| San::Upn(value.to_owned()))
}

/// Types of relative distinguished names, which stand before a `=` in a directory address.
const RDNS: [&str; 12] = ["cn", "dc", "ou", "o", "c", "l", "s", "st", "e", "t", "serialnumber", "street"];

fn without_heading(text: &str) -> &str {
    let trimmed = text.trim_end_matches([' ', '\t', '\n', '\r', ',', ';', '|']);
    match HEADINGS.iter().find(|heading| ends_ignoring_case(trimmed, heading)) {
        Some(heading) => &trimmed[..trimmed.len() - heading.len()],
        None => text,
    }
}

fn ends_ignoring_case(text: &str, end: &str) -> bool {
    let tail = text.len().checked_sub(end.len()).and_then(|at| text.as_bytes().get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::event::account::Sid;
    use crate::event::san::{MAX_NAMES, MAX_NAMES_SEARCHED, Names, San};
    use crate::event::san_display::{parse_display, read_display};
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
    fn full_width_marks_are_marks() {
        check("其它名称：主体名称＝carol", &[upn("carol")]);
        check("Anderer Name：\n     Prinzipalname=carol", &[upn("carol")]);
    }

    #[test]
    fn labels_of_windows_give_the_kind() {
        let guid = || San::Guid("1a2b3c4d5e6f708192a3b4c5d6e7f809".into());
        let sid = || San::Sid(Sid::parse("S-1-5-21-1-2-3-500").unwrap());
        check("", &[]);
        check("Other Name: Principal Name=alice@corp.example", &[upn("alice@corp.example")]);
        check("Other Name:Principal Name=alice@corp.example", &[upn("alice@corp.example")]);
        check("Other Name:\r\n     Principal Name=alice@corp.example\r\n", &[upn("alice@corp.example")]);
        check("Other Name:#015#012     Principal Name=alice@corp.example#012", &[upn("alice@corp.example")]);
        check("Anderer Name:#012     Prinzipalname=carol#012", &[upn("carol")]);
        check("Other Name:<br>     Principal Name=carol<br>DNS Name=host", &[upn("carol"), dns("host")]);
        check("DNS Name=host.corp.example", &[dns("host.corp.example")]);
        check("RFC822 Name=a@b.example", &[San::Email("a@b.example".into())]);
        check("URL=tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500", &[sid()]);
        check("URL=ldap://x/y?a=b", &[San::Url("ldap://x/y?a=b".into())]);
        check("Other Name: DS Object Guid=04 10 1a 2b 3c 4d 5e 6f 70 81 92 a3 b4 c5 d6 e7 f8 09", &[guid()]);
        check("Principal Name=16 05 61 6c 69 63 65 DNS Name=h", &[upn("alice"), dns("h")]);
        check("Other Name:1.3.6.1.4.1.311.20.2.3=0c 05 61 6c 69 63 65", &[upn("alice")]);
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
    fn values_end_where_the_next_label_begins() {
        check("Other Name: Principal Name=administrator", &[upn("administrator")]);
        check("Principal Name=john doe@corp.example", &[upn("john doe@corp.example")]);
        check("Principal Name=john doe DNS Name=x", &[upn("john doe"), dns("x")]);
        check("principal name=a=b", &[upn("a=b")]);
        check("DNS Name=a.example,DNS Name=b.example", &[dns("a.example"), dns("b.example")]);
        check("DNS Name=*.corp.example", &[dns("*.corp.example")]);
        check("Other Name: Principal Name=a@b Other Name: Principal Name=c@d", &[upn("a@b"), upn("c@d")]);
        // A label must stand behind a separator: this is one odd name.
        check("DNS Name=xDNS Name=y", &[dns("xDNS"), upn("y")]);
    }

    #[test]
    fn url_of_a_sid_ends_behind_the_sid() {
        let sid = || San::Sid(Sid::parse("S-1-5-21-1-2-3-500").unwrap());
        let url = "URL=tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500";
        for (rest, expect) in [
            (",Registered ID=1.2.3.4.5", vec![sid(), other("Registered ID=1.2.3.4.5")]),
            (",Verzeichnisadresse:CN=a", vec![sid(), other("Verzeichnisadresse:CN=a")]),
            (",DNS Name=h", vec![sid(), dns("h")]),
            (";DNS Name=h", vec![sid(), dns("h")]),
            ("-", vec![sid(), other("-")]),
        ] {
            check(&format!("{url}{rest}"), &expect);
        }
        check(
            "URL=tag:microsoft.com,2022-09-14:sid:x",
            &[San::Url("tag:microsoft.com,2022-09-14:sid:x".into())],
        );
    }

    #[test]
    fn what_a_pipeline_wrote_for_a_line_end_separates_names() {
        let guid = "Other Name:\n     DS Object Guid=04 10 1a 2b 3c 4d 5e 6f 70 81 92 a3 b4 c5 d6 e7 f8 09";
        let expect = [
            upn("carol@corp.example"),
            dns("h.corp.example"),
            San::Email("carol@corp.example".into()),
            San::Guid("1a2b3c4d5e6f708192a3b4c5d6e7f809".into()),
            dns("i.corp.example"),
        ];
        let text = format!(
            "Other Name:\n     Principal Name=carol@corp.example\nDNS Name=h.corp.example\n\
             RFC822 Name=carol@corp.example\n{guid}\nDNS Name=i.corp.example"
        );
        for end in ["\n", "\\n", "\\r\\n", ";", "; ", "|", " | ", "\u{2028}", "\t", "#012"] {
            check(&text.replace('\n', end), &expect);
        }
        check("Principal Name=CORP\\nancy", &[upn("CORP\\nancy")]);
        check("Principal Name=CORP\\nancy DNS Name=h", &[upn("CORP\\nancy"), dns("h")]);
    }

    #[test]
    fn at_sign_of_any_width_is_one() {
        for at in ['＠', '﹫'] {
            check(&format!("Principal Name=carol{at}corp.example"), &[upn("carol@corp.example")]);
        }
    }

    #[test]
    fn labels_in_other_languages_are_read_by_structure() {
        check("Anderer Name: Prinzipalname=administrator DNS-Name=h", &[upn("administrator"), dns("h")]);
        check(
            "Autre nom :Nom principal=alice@corp.example, Nom DNS=h",
            &[upn("alice@corp.example"), dns("h")],
        );
        check("Annat namn: Huvudnamn=administrator", &[upn("administrator")]);
        check("Annat namn: Huvudnamn=16 05 61 6c 69 63 65", &[upn("alice")]);
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

    /// Labels as CAs in these languages write them: heading of an other name, principal name, DNS name, mail address.
    const LANGUAGES: [(&str, &str, &str, &str); 15] = [
        ("Anderer Name:", "Prinzipalname", "DNS-Name", "RFC822-Name"),
        ("Autre nom :", "Nom principal", "Nom DNS", "Nom RFC822"),
        ("Otro nombre:", "Nombre principal", "Nombre DNS", "Nombre RFC822"),
        ("Altro nome:", "Nome principale", "Nome DNS", "Nome RFC822"),
        ("Outro Nome:", "Nome Principal", "Nome DNS", "Nome RFC822"),
        ("Andere naam:", "Principal-naam", "DNS-naam", "RFC822-naam"),
        ("Inna nazwa:", "Nazwa główna", "Nazwa DNS", "Nazwa RFC822"),
        ("Другое имя:", "Имя субъекта", "DNS-имя", "Имя RFC822"),
        ("他の名前:", "プリンシパル名", "DNS 名", "RFC822 名"),
        ("其他名称：", "主体名称", "DNS 名称", "RFC822 名称"),
        ("其他名稱:", "主體名稱", "DNS 名稱", "RFC822 名稱"),
        ("Diğer Ad:", "Asıl Adı", "DNS Adı", "RFC822 Adı"),
        ("Jiný název:", "Hlavní název", "Název DNS", "Název RFC822"),
        ("Annat namn:", "Huvudnamn", "DNS-namn", "RFC822-namn"),
        ("Andet navn:", "Hovednavn", "DNS-navn", "RFC822-navn"),
    ];

    #[test]
    fn bare_principal_name_is_read_in_every_language() {
        for (heading, principal, dns_name, mail) in LANGUAGES {
            for text in [
                format!("{heading} {principal}=carol"),
                format!("{heading}{principal}=carol"),
                format!("{heading}\r\n     {principal}=carol\r\n"),
                format!("{principal}=carol"),
                format!("{heading} {principal}=carol\0"),
            ] {
                check(&text, &[upn("carol")]);
            }
            let mail_name = San::Email("carol@corp.example".into());
            for separator in ["\n", "\r\n", ", ", " "] {
                let text = [
                    format!("{heading} {principal}=carol"),
                    format!("{dns_name}=host"),
                    format!("{mail}=carol@corp.example"),
                    format!("{heading} {principal}=bob@corp.example"),
                ]
                .join(separator);
                check(&text, &[upn("carol"), dns("host"), mail_name.clone(), upn("bob@corp.example")]);
            }
        }
    }

    #[test]
    fn octets_and_quoted_values_are_no_principal_names() {
        let octets = "04 10 1a 2b 3c 4d 5e 6f 70 81 92 a3 b4 c5 d6 e7 f8 09";
        let guid = San::Guid("1a2b3c4d5e6f708192a3b4c5d6e7f809".into());
        check(&format!("Altro nome: GUID oggetto DS={octets}"), std::slice::from_ref(&guid));
        check(&format!("Inna nazwa: Identyfikator={octets} Nazwa DNS=h"), &[guid, dns("h")]);
        for text in [
            "Altro nome: 1.3.6.1.5.2.2=30 2e",
            "Altro nome: GUID oggetto DS=04",
            "Altro nome: Nome=\"carol\"",
            "ID registrato=1.2.840.113549",
            "Indirizzo directory: CN=carol",
        ] {
            check(text, &[other(text)]);
        }
    }

    #[test]
    fn padding_is_no_part_of_a_name() {
        check("Other Name: Principal Name=administrator\0\0", &[upn("administrator")]);
        check("DNS Name=host.corp.example\0", &[dns("host.corp.example")]);
        check("\0\0", &[]);
    }

    #[test]
    fn same_name_counts_once() {
        check("DNS Name=A.example DNS Name=a.EXAMPLE", &[dns("A.example")]);
    }

    #[test]
    fn names_beyond_the_limit_are_kept_apart_and_counted() {
        let text: Vec<String> = (0..MAX_NAMES + 3).map(|i| format!("DNS Name=h{i}.example")).collect();
        let mut both = read_display(&text.join("\n"));
        assert_eq!((both.names.len(), both.beyond.len(), both.cut), (MAX_NAMES, 3, 3));
        both.append(Names { names: vec![upn("a"), dns("H1.example")], beyond: vec![upn("b")], cut: 3 });
        assert_eq!((both.names.len(), both.beyond.len(), both.cut), (MAX_NAMES, 5, 7));
        let many: Vec<String> =
            (0..MAX_NAMES_SEARCHED + 9).map(|i| format!("DNS Name=h{i}.example")).collect();
        let many = read_display(&many.join("\n"));
        assert_eq!(many.names.len() + many.beyond.len(), MAX_NAMES_SEARCHED);
        assert_eq!(many.cut as usize, MAX_NAMES_SEARCHED + 9 - MAX_NAMES);
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
        fn displayed_names_are_read_back(
            written in prop::collection::vec(any_san(), 0..8),
            separator in prop::sample::select(vec!["\n", "\r\n", ",", ", ", " "]),
        ) {
            let text: Vec<&str> = written.iter().map(|(text, _)| text.as_str()).collect();
            let mut expect = Names::default();
            written.iter().for_each(|(_, san)| expect.add(san.clone()));
            prop_assert_eq!(parse_display(&text.join(separator)), (expect.names, 0));
        }

        #[test]
        fn any_text_is_accepted(text in "([a-zA-Z@.:=, \\n\\ré-]|DNS Name=|Principal Name=|Guid=04 10 ){0,60}") {
            let (names, _) = parse_display(&text);
            prop_assert!(names.iter().all(|n| !n.value().is_empty()));
        }
    }
}
