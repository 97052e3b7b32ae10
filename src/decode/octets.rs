//! Messages of a syslog stream over TCP that stand behind each other without a line end, each after the number of its
//! octets and a space (RFC 6587, 3.4.1): `52 <13>1 …47 <13>1 …`.

/// The longest number of octets.
const MAX_DIGITS: usize = 8;

/// The messages of a text that is nothing else than two or more of them. The last one may lack white space at its end,
/// which was cut off the text.
pub(crate) fn messages(text: &str) -> Option<Vec<&str>> {
    let mut messages = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (message, behind) = first(rest)?;
        messages.push(message);
        rest = behind;
    }
    (messages.len() > 1).then_some(messages)
}

/// The first message, and what is behind it.
fn first(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take(MAX_DIGITS + 1).take_while(u8::is_ascii_digit).count();
    let octets: usize = text[..digits].parse().ok().filter(|_| digits <= MAX_DIGITS)?;
    let rest = text[digits..].strip_prefix(' ').filter(|_| octets > 0)?;
    let is_last = octets > rest.len() && octets - rest.len() <= 2;
    rest.split_at_checked(if is_last { rest.len() } else { octets })
}

#[cfg(test)]
mod tests {
    use crate::decode::octets::messages;

    #[test]
    fn messages_are_parted_by_their_octets() {
        assert_eq!(messages("3 one6 {\"ü\"}"), Some(vec!["one", "{\"ü\"}"]));
        assert_eq!(messages("3 one7 {\"ü\"}5 <13>a"), None, "an octet short");
        assert_eq!(messages("3 one6 {\"ü\"}5 <13>a"), Some(vec!["one", "{\"ü\"}", "<13>a"]));
        assert_eq!(messages("4 one\n5 three"), Some(vec!["one\n", "three"]));
        assert_eq!(messages("4 one\n7 three"), Some(vec!["one\n", "three"]), "its line end was cut off");
    }

    #[test]
    fn other_texts_that_begin_with_a_number_are_none() {
        for text in [
            "",
            "3 one",
            "3 one ",
            "2026-11-28 10:00:00 a",
            "0 0 0 ",
            "9 one5 three",
            "3 onethree",
            "3 é5 three",
            "999999999 one",
        ] {
            assert_eq!(messages(text), None, "{text}");
        }
    }
}
