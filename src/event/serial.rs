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

    /// As [`parse`](Serial::parse), and zero: no CA gives it, but a certificate that a tool signs itself has it.
    pub fn parse_or_zero(text: &str) -> Option<Serial> {
        let is_zero = !text.trim().is_empty() && text.trim().bytes().all(|b| b == b'0');
        if is_zero { Some(Serial("0".to_owned())) } else { Serial::parse(text) }
    }

    /// Whether this is the number zero.
    pub fn is_zero(&self) -> bool {
        self.0 == "0"
    }

    /// The id of the certificate request, in a serial number that AD CS made: its last four octets. See
    /// [`names_request`](Serial::names_request) for whether AD CS made it.
    pub fn request_id(&self) -> u32 {
        let tail = &self.0[self.0.len().saturating_sub(8)..];
        u32::from_str_radix(tail, 16).unwrap_or(0)
    }

    /// Whether this is a serial number as AD CS makes them for this request: 19 octets, of which octets 2 to 5 and the last
    /// four are the RequestId.
    ///
    /// The serial of a foreign or a self-signed certificate ends in any number, so its end alone names no request of ours. A
    /// serial whose first octets are zero has lost them when it was read and is compared from its end.
    pub fn names_request(&self, request_id: u32) -> bool {
        // Leading zeros are not written.
        let Some(missing) = 38_usize.checked_sub(self.0.len()) else { return false };
        let octets = |from: usize, to: usize| {
            let digits = &self.0[from.saturating_sub(missing)..to.saturating_sub(missing)];
            if digits.is_empty() { Ok(0) } else { u32::from_str_radix(digits, 16) }
        };
        request_id != 0 && octets(2, 10) == Ok(request_id) && octets(30, 38) == Ok(request_id)
    }

    /// Whether AD CS made it: it names the request that its end states.
    pub fn is_of_ad_cs(&self) -> bool {
        self.names_request(self.request_id())
    }

    /// Lower-case hex digits without leading zeros.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Serial {
    type Error = String;
    fn try_from(text: String) -> Result<Serial, String> {
        Serial::parse_or_zero(&text).ok_or_else(|| format!("`{text}` is no serial number in hex"))
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
    fn spellings_of_one_serial_are_equal() {
        let lower = Serial::parse("5c000000a1b2c3d4e5f6770000000000000065").unwrap();
        assert_eq!(Serial::parse("5C000000A1B2C3D4E5F6770000000000000065").as_ref(), Some(&lower));
        assert_eq!(Serial::parse(" 0x005c:00 00-00a1b2c3d4e5f6770000000000000065 ").as_ref(), Some(&lower));
        assert_eq!(lower.request_id(), 0x65);
        assert_eq!(Serial::parse("f").unwrap().request_id(), 15);
    }

    #[test]
    fn text_that_is_no_serial_is_refused() {
        for text in ["", "0", "0x", "00:00", "-", "xyz", "12 34é", &"f".repeat(65)] {
            assert_eq!(Serial::parse(text), None, "{text:?}");
        }
        assert!(
            serde_json::from_str::<Serial>("\"x\"").unwrap_err().to_string().contains("is no serial number")
        );
    }

    #[test]
    fn zero_is_the_serial_of_a_certificate_that_signs_itself() {
        for text in ["0", "00", " 0000 "] {
            let serial = Serial::parse_or_zero(text).unwrap();
            assert!(serial.is_zero() && !serial.names_request(0) && !serial.is_of_ad_cs(), "{text:?}");
            assert_eq!(Serial::try_from(String::from(serial.clone())), Ok(serial));
        }
        assert_eq!(Serial::parse_or_zero("00:01"), Serial::parse("1"));
        assert_eq!(Serial::parse_or_zero(" "), None);
    }

    #[test]
    fn serial_of_ad_cs_names_its_request_twice() {
        let names = |text: &str, id| Serial::parse(text).unwrap().names_request(id);
        assert!(names("5c00000065a1b2c3d4e5f67700000000000065", 0x65));
        assert!(names("5C:00:00:00:65:A1:B2:C3:D4:E5:F6:77:00:00:00:00:00:00:65", 0x65));
        assert!(names("00a1b2c3d4a1b2c3d4e5f677000000a1b2c3d4", 0xa1b2_c3d4), "the first octet is zero");
        assert!(!names("5c00000065a1b2c3d4e5f67700000000000065", 0x66));
        assert!(!names("5c00000064a1b2c3d4e5f67700000000000065", 0x65), "octets 2 to 5 name another request");
        assert!(!names("65", 0x65), "a self-signed device certificate");
        assert!(!names("04e3a1b2c3d4e5f6000065", 0x65), "a short serial of another CA");
        assert!(!names("005c00000065a1b2c3d4e5f6770000000000006500", 0x65), "an octet too many");
        assert!(!names("5c00000000a1b2c3d4e5f67700000000000000", 0), "no request has the id 0");
    }

    proptest! {
        #[test]
        fn serial_of_ad_cs_is_recognised(first in 0_u8..=255, middle in any::<[u8; 10]>(), id in 1_u32.., other in 1_u32..) {
            let middle: String = middle.iter().map(|b| format!("{b:02x}")).collect();
            let serial = Serial::parse(&format!("{first:02x}{id:08x}{middle}{id:08x}")).unwrap();
            prop_assert!(serial.names_request(id) && serial.request_id() == id);
            prop_assert_eq!(serial.names_request(other), other == id);
        }

        #[test]
        fn parsed_serial_is_read_back(text in ".{0,70}") {
            if let Some(serial) = Serial::parse(&text) {
                prop_assert_eq!(Serial::parse(serial.as_str()), Some(serial));
            }
        }
    }
}
