//! Labels of internationalized host names: RFC 3492, and RFC 5890 for their prefix.
//!
//! A name of a certificate is ASCII, so the host name of the machine `BÜRO-PC$` is `xn--bro-pc-3ya` there.

use std::borrow::Cow;

const PREFIX: &str = "xn--";

/// The longest label of DNS, in octets (RFC 1035). A longer one is not decoded.
const LONGEST_LABEL: usize = 63;

// The parameters of RFC 3492, section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// A host name in lower case with its labels as people write them. A label that is not encoded, or not as it must be, stays as it is.
pub(crate) fn decoded(name: String) -> String {
    if !name.contains(PREFIX) {
        return name;
    }
    let labels: Vec<Cow<'_, str>> = name.split('.').map(label).collect();
    labels.join(".").to_lowercase()
}

fn label(label: &str) -> Cow<'_, str> {
    let encoded = label.strip_prefix(PREFIX).filter(|_| label.len() <= LONGEST_LABEL);
    encoded.and_then(decode).map_or(Cow::Borrowed(label), Cow::Owned)
}

/// Section 6.2: the ASCII characters stand first, and what follows the last `-` states where the others belong.
fn decode(text: &str) -> Option<String> {
    let (basic, extended) = text.rsplit_once('-').unwrap_or(("", text));
    let mut output: Vec<char> = basic.chars().collect();
    if extended.is_empty() || !text.is_ascii() {
        return None;
    }
    let (mut n, mut i, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    let mut digits = extended.chars();
    while !digits.as_str().is_empty() {
        let before = i;
        let (mut weight, mut k) = (1_u32, BASE);
        loop {
            let digit = digit(digits.next()?)?;
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            k += BASE;
        }
        let length = u32::try_from(output.len()).ok()? + 1;
        bias = adapted(i - before, length, before == 0);
        n = n.checked_add(i / length)?;
        i %= length;
        output.insert(i as usize, char::from_u32(n)?);
        i += 1;
    }
    Some(output.into_iter().collect())
}

/// Letters are 0 to 25, digits 26 to 35.
fn digit(character: char) -> Option<u32> {
    let value = character.to_digit(BASE)?;
    Some(if value < 10 { value + 26 } else { value - 10 })
}

/// The bias for the next character: section 6.1, which keeps the digits short for characters near one another.
fn adapted(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / DAMP } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use crate::event::punycode::decoded;
    use proptest::prelude::*;

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
        ] {
            assert_eq!(decoded(label.to_owned()), expect, "{label}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_accepted_and_decoded_once(name in "xn--[a-z0-9é.-]{0,70}") {
            let once = decoded(name);
            prop_assert_eq!(decoded(once.clone()), once);
        }
    }
}
