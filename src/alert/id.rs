//! The id of an alert: the same for the same trigger, in every run, in every format that carries the record id.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher24};
use std::fmt;
use std::hash::Hasher;

/// 128 bits, written as 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9a-f]{32}$"))]
pub struct AlertId(u128);

impl AlertId {
    /// The id of the alert that these parts identify: detection, entity and origin of the first trigger.
    pub fn of(parts: &[&str]) -> AlertId {
        let mut hasher = SipHasher24::new();
        for part in parts {
            hasher.write_u64(part.len() as u64);
            hasher.write(part.as_bytes());
        }
        AlertId(hasher.finish128().as_u128())
    }

    /// The id with these bits.
    pub const fn from_bits(bits: u128) -> AlertId {
        AlertId(bits)
    }

    /// The 128 bits of the id.
    pub const fn to_bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<AlertId> for String {
    fn from(id: AlertId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for AlertId {
    type Error = String;
    fn try_from(text: String) -> Result<AlertId, String> {
        let bits = (text.len() == 32).then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        bits.map(AlertId).ok_or_else(|| format!("`{text}` is no alert id of 32 hex digits"))
    }
}
