//! The values of other names of a certificate (RFC 5280, 4.2.1.6). Each has a type, which is an object identifier.
//!
//! Windows shows a value that it cannot read as octets, `1.3.6.1.4.1.311.20.2.3=0c 05 61 6c 69 63 65`. In attributes the
//! value stands behind its encoding, as in the files of `certreq`: `{utf8}alice`, `{octet}` and `{asn}` with base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The type of principal names: szOID_NT_PRINCIPAL_NAME.
pub(crate) const PRINCIPAL_NAME: &str = "1.3.6.1.4.1.311.20.2.3";

/// The text in the octets of a string, or behind an encoding. None for a value that is neither.
pub(crate) fn readable(value: &str) -> Option<String> {
    let encoded = value.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let Some((encoding, rest)) = encoded else {
        return octets(value).and_then(|octets| string(&octets));
    };
    if encoding.eq_ignore_ascii_case("utf8") {
        return Some(rest.to_owned());
    }
    let octets = octets(rest).or_else(|| STANDARD.decode(rest.trim()).ok())?;
    string(&octets).or_else(|| printable(String::from_utf8(octets).ok()?))
}

/// Pairs of hex digits, with or without spaces between them.
fn octets(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> =
        text.split([' ', ':']).flat_map(str::chars).map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    });
    pairs.collect()
}

/// A string of ASN.1 in DER, which is nothing else.
fn string(octets: &[u8]) -> Option<String> {
    let (text, length) = match octets {
        [_, 0x81, length, text @ ..] => (text, usize::from(*length)),
        [_, 0x82, high, low, text @ ..] => (text, usize::from(*high) << 8 | usize::from(*low)),
        [_, length, text @ ..] => (text, usize::from(*length)),
        _ => return None,
    };
    let units =
        || text.chunks(2).map(|pair| pair.iter().fold(0, |unit, octet| unit << 8 | u16::from(*octet)));
    let decoded = match octets[0] {
        // UTF8String, NumericString, PrintableString, TeletexString, IA5String, VisibleString.
        0x0c | 0x12 | 0x13 | 0x14 | 0x16 | 0x1a => String::from_utf8_lossy(text).into_owned(),
        // BMPString.
        0x1e => String::from_utf16_lossy(&units().collect::<Vec<_>>()),
        _ => return None,
    };
    printable(decoded).filter(|_| text.len() == length)
}

fn printable(text: String) -> Option<String> {
    (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use crate::event::other_name::readable;
    use proptest::prelude::*;

    #[test]
    fn strings_are_read_from_their_octets() {
        for octets in [
            "0c 05 61 6c 69 63 65",
            "0C05616C696365",
            "16:05:61:6c:69:63:65",
            "13 81 05 61 6c 69 63 65",
            "1e 0a 00 61 00 6c 00 69 00 63 00 65",
            "{utf8}alice",
            "{octet}DAVhbGljZQ==",
            "{asn}FgVhbGljZQ==",
            "{hex}0c 05 61 6c 69 63 65",
            "{octet}YWxpY2U=",
        ] {
            assert_eq!(readable(octets).as_deref(), Some("alice"), "{octets}");
        }
        for text in ["", "alice", "0c 06 61 6c 69 63 65", "04 10 61 6c", "0c 01 07", "0c", "{octet}?", "{"] {
            assert_eq!(readable(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_accepted(text in "(.{0,40}|\\{octet\\}[A-Za-z0-9+/=]{0,40}|([0-9a-f]{2} ?){0,20})") {
            let _ = readable(&text);
        }
    }
}
