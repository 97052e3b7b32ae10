//! What certificates may be used for: object identifiers of application policies and extended key usages, in words.

/// Certificate Request Agent: signs requests for other people (MS-CRTD, "enrollment agent").
pub(crate) const REQUEST_AGENT: &str = "1.3.6.1.4.1.311.20.2.1";

/// Object identifiers and their names, of RFC 5280, RFC 4556 and MS-CRTD.
const PURPOSES: [(&str, &str); 13] = [
    ("2.5.29.37.0", "any purpose"),
    ("1.3.6.1.5.5.7.3.2", "client authentication"),
    ("1.3.6.1.5.2.3.4", "PKINIT client authentication"),
    ("1.3.6.1.4.1.311.20.2.2", "smart card logon"),
    (REQUEST_AGENT, "certificate request agent"),
    ("1.3.6.1.5.5.7.3.1", "server authentication"),
    ("1.3.6.1.5.5.7.3.3", "code signing"),
    ("1.3.6.1.5.5.7.3.4", "secure email"),
    ("1.3.6.1.4.1.311.10.3.4", "encrypting file system"),
    ("1.3.6.1.4.1.311.10.3.4.1", "file recovery"),
    ("1.3.6.1.4.1.311.21.6", "key recovery agent"),
    ("1.3.6.1.5.2.3.5", "KDC authentication"),
    ("1.3.6.1.4.1.311.54.1.2", "remote desktop authentication"),
];

/// The first purposes of a list in words, unknown ones as they are.
pub(crate) fn in_words(oids: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut words: Vec<String> = oids.iter().take(SHOWN).map(|oid| name(oid).to_owned()).collect();
    if oids.len() > SHOWN {
        words.push(format!("{} more", oids.len() - SHOWN));
    }
    words.join(", ")
}

fn name(oid: &str) -> &str {
    PURPOSES.iter().find(|(known, _)| *known == oid).map_or(oid, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use crate::detect::purpose::in_words;

    #[test]
    fn purposes_are_named_and_unknown_ones_shown() {
        let oids = |list: &[&str]| list.iter().map(|&oid| oid.to_owned()).collect::<Vec<_>>();
        assert_eq!(in_words(&oids(&["1.3.6.1.5.5.7.3.2", "1.2.3"])), "client authentication, 1.2.3");
        assert_eq!(in_words(&oids(&["1.1"; 7])), "1.1, 1.1, 1.1, 1.1, 1.1, 2 more");
    }
}
