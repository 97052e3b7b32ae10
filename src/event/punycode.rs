//! Labels of internationalized host names: RFC 3492, and RFC 5890 for their prefix.
//!
//! Only a label of letters, digits, `-` and `_` can be encoded, and it is decoded as UTS 46 has it: one that holds no name,
//! such as control characters, is none. So what is decoded is decoded and trimmed once, on whatever way it comes.
//!
//! A name of a certificate is ASCII, so the host name of the machine `BÜRO-PC$` is `xn--bro-pc-3ya` there.

use idna::domain_to_unicode;
use std::borrow::Cow;

const PREFIX: &str = "xn--";

/// The longest label of DNS, in octets (RFC 1035). A longer one is not decoded.
const LONGEST_LABEL: usize = 63;

/// A host name in lower case with its labels as people write them. A label that is not encoded, or not as it must be, stays as it is.
pub(crate) fn decoded(name: String) -> String {
    if !name.contains(PREFIX) {
        return name;
    }
    let labels: Vec<Cow<'_, str>> = name.split('.').map(label).collect();
    labels.join(".").to_lowercase()
}

/// A domain as people write it. The domain of a mail address is ASCII in a certificate; that of a policy may be written so.
/// The case of other domains stays.
pub(crate) fn readable(domain: &str) -> Cow<'_, str> {
    let lower = domain.to_lowercase();
    if lower.contains(PREFIX) { Cow::Owned(decoded(lower)) } else { Cow::Borrowed(domain) }
}

fn label(label: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let may_be_one = |text: &str| !text.is_empty() && !text.ends_with('-') && text.bytes().all(is_plain);
    if label.len() <= LONGEST_LABEL
        && label.strip_prefix(PREFIX).is_some_and(may_be_one)
        && let (decoded, Ok(())) = domain_to_unicode(label)
    {
        return Cow::Owned(decoded);
    }
    Cow::Borrowed(label)
}

#[cfg(test)]
mod tests {
    use crate::event::punycode::{decoded, readable};
    use proptest::prelude::*;

    #[test]
    fn domain_is_readable_in_any_case() {
        for (domain, expect) in [
            ("XN--MLLER-KVA.Example", "müller.example"),
            ("Müller.example", "Müller.example"),
            ("CORP.EXAMPLE", "CORP.EXAMPLE"),
        ] {
            assert_eq!(readable(domain), expect);
        }
    }

    #[test]
    fn labels_are_decoded() {
        for (label, expect) in [
            ("xn--mnchen-3ya", "münchen"),
            ("xn--bro-pc-3ya.xn--mnchen-3ya.example", "büro-pc.münchen.example"),
            ("xn--bcher-kva", "bücher"),
            ("xn--fiqs8s", "中国"),
            ("xn--80ak6aa92e", "аррӏе"),
            ("wks-114", "wks-114"),
            ("xn--", "xn--"),
            ("xn--a-", "xn--a-"),
            ("xn--\u{fc}-3ya", "xn--\u{fc}-3ya"),
            ("xn--99999999", "xn--99999999"),
            ("xn--acorp.example", "xn--acorp.example"),
            ("xn--b_ro-pc-t2a", "b_ro-pcü"),
            ("xn--x)\0\u{8}-iix", "xn--x)\0\u{8}-iix"),
            ("xn--b ro-pc-3ya", "xn--b ro-pc-3ya"),
        ] {
            assert_eq!(decoded(label.to_owned()), expect, "{label}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_accepted_and_decoded_once(name in "xn--[a-z0-9é._-]{0,70}") {
            let once = decoded(name);
            prop_assert_eq!(decoded(once.clone()), once);
        }
    }
}
