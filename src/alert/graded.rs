//! The severity of an alert as JSON: a word to read, and a number to sort and compare by.

use crate::alert::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Both forms of the severity.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct Graded {
    /// How bad it is.
    severity: Severity,
    /// The same as a number, as OCSF has it: 1 informational, 2 low, 3 medium, 4 high, 5 critical.
    #[serde(default)]
    #[schemars(range(min = 1, max = 5))]
    severity_id: u8,
}

/// Writes the word and the number.
///
/// # Errors
/// Those of the serializer.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn serialize<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    Graded { severity: *severity, severity_id: severity.number() }.serialize(serializer)
}

/// Reads the word; the number means the same.
///
/// # Errors
/// There is no severity, or an unknown one.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    Graded::deserialize(deserializer).map(|graded| graded.severity)
}
