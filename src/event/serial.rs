//! Certificate serial numbers, which 4887 writes in lower case and 4768 in upper case.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A serial number: lower-case hex without separators and without leading zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial(String);

/// RFC 5280 allows 20 octets; some CAs write a few more.
const MAX_DIGITS: usize = 64;

impl Serial {
    /// Reads hex digits in either case; spaces, colons and dashes between them, a leading `0x` and leading zeros are
    /// ignored. None for anything else, for the empty text and for zero.
    pub fn parse(text: &str) -> Option<Serial> {
        let text = text.trim();
        let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let mut digits = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '0' if digits.is_empty() => {}
                _ if c.is_ascii_hexdigit() => digits.push(c.to_ascii_lowercase()),
                ' ' | ':' | '-' => {}
                _ => return None,
            }
        }
        (!digits.is_empty() && digits.len() <= MAX_DIGITS).then_some(Serial(digits))
    }

    /// The request this certificate answers: AD CS makes the last four bytes of a serial number the RequestId.
    pub fn request_id(&self) -> u32 {
        let tail = &self.0[self.0.len().saturating_sub(8)..];
        u32::from_str_radix(tail, 16).unwrap_or(0)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Serial {
    type Error = String;
    fn try_from(text: String) -> Result<Serial, String> {
        Serial::parse(&text).ok_or_else(|| format!("`{text}` is no serial number in hex"))
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> String {
        serial.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::event::serial::Serial;
    use proptest::prelude::*;

    #[test]
    fn both_spellings_are_one_serial() {
        let lower = Serial::parse("5c000000a1b2c3d4e5f6770000000000000065").unwrap();
        assert_eq!(Serial::parse("5C000000A1B2C3D4E5F6770000000000000065").as_ref(), Some(&lower));
        assert_eq!(Serial::parse(" 0x005c:00 00-00a1b2c3d4e5f6770000000000000065 ").as_ref(), Some(&lower));
        assert_eq!(lower.request_id(), 0x65);
        assert_eq!(Serial::parse("f").unwrap().request_id(), 15);
    }

    #[test]
    fn what_is_no_serial() {
        for text in ["", "0", "0x", "00:00", "-", "xyz", "12 34é", &"f".repeat(65)] {
            assert_eq!(Serial::parse(text), None, "{text:?}");
        }
        assert!(
            serde_json::from_str::<Serial>("\"x\"").unwrap_err().to_string().contains("is no serial number")
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in ".{0,70}") {
            if let Some(serial) = Serial::parse(&text) {
                prop_assert_eq!(Serial::parse(serial.as_str()), Some(serial));
            }
        }
    }
}
