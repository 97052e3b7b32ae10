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
