//! Object identifiers in texts.

/// The most object identifiers that are kept of a list.
pub(crate) const MAX_OIDS: usize = 64;

/// The object identifiers in a text: digits with dots between them, whatever stands around them.
pub(crate) fn oids(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.'));
    words.filter(|word| word.contains('.') && word.len() < 128)
}

/// Whether a word is an object identifier and nothing else.
pub(crate) fn is_oid(word: &str) -> bool {
    word.contains('.') && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[cfg(test)]
mod tests {
    use crate::event::oid::{is_oid, oids};

    #[test]
    fn identifier_has_digits_and_dots_only() {
        assert!(is_oid("2.5.29.37.0"));
        assert!(!is_oid("311") && !is_oid("1.2.x") && !is_oid("v1.2") && !is_oid(""));
    }

    #[test]
    fn identifiers_are_found_among_other_text() {
        let found: Vec<_> = oids("1.3.6.1.5.5.7.3.2 Client Authentication&2.5.29.37.0; v1.,3").collect();
        assert_eq!(found, ["1.3.6.1.5.5.7.3.2", "2.5.29.37.0"]);
    }
}
