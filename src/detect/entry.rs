//! An entry of an allow-list: a value, or a value with limits.

use crate::detect::until::{self, Until};
use crate::event::account::Account;
use crate::event::time::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt::Debug;

/// What the entries of a list are, and the name of the value where it has limits.
pub trait Kind: Clone + Debug + PartialEq {
    /// The name of the value in a mapping.
    const NAME: &'static str;
    /// What an entry without limits is.
    type Value: Clone + Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema;
}

/// Entries that are accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct OfAccount;
/// Entries that are names of templates.
#[derive(Clone, Debug, PartialEq)]
pub struct OfTemplate;
/// Entries that are ends of names.
#[derive(Clone, Debug, PartialEq)]
pub struct OfSuffix;
/// Entries that are hosts, addresses or networks.
#[derive(Clone, Debug, PartialEq)]
pub struct OfHost;

impl Kind for OfAccount {
    const NAME: &'static str = "account";
    type Value = Account;
}

impl Kind for OfTemplate {
    const NAME: &'static str = "template";
    type Value = String;
}

impl Kind for OfSuffix {
    const NAME: &'static str = "suffix";
    type Value = String;
}

impl Kind for OfHost {
    const NAME: &'static str = "host";
    type Value = String;
}

/// A value, and for whom and until when it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<K: Kind> {
    /// What the entry allows, in the form of its list.
    pub value: K::Value,
    /// Nothing, for an entry that is a plain value.
    pub limits: Limits,
}

/// For whom and until when an entry counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The detections that it counts for. Default: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub detections: Vec<String>,
    /// The event time until which it counts: a day, `2026-12-31`, which counts to its end in UTC, or a time. Default: it
    /// always counts.
    #[serde(deserialize_with = "until::read", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Until>")]
    pub until: Option<Time>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Why it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Limits {
    /// Whether it counts for this detection at this event time.
    pub fn allow(&self, detection: &str, at: Time) -> bool {
        (self.detections.is_empty() || self.detections.iter().any(|id| id == detection))
            && self.until.is_none_or(|until| at < until)
    }

    /// Whether it counts for all detections at any time.
    pub fn is_none(&self) -> bool {
        self.detections.is_empty() && self.until.is_none()
    }
}

impl<K: Kind> Entry<K> {
    /// An entry without limits.
    pub fn plain(value: K::Value) -> Entry<K> {
        Entry { value, limits: Limits::default() }
    }
}

impl<'de, K: Kind> Deserialize<'de> for Entry<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = || {
            let name = K::NAME;
            D::Error::custom(format!(
                "expected a text, or {{{name}: …, detections: […], until: TIME, owner: …, reason: …}}"
            ))
        };
        let value = |value| serde_json::from_value(value).map_err(D::Error::custom);
        match Value::deserialize(deserializer)? {
            Value::Object(mut fields) => {
                let text = fields.remove(K::NAME).filter(Value::is_string).ok_or_else(expected)?;
                let limits = serde_json::from_value(Value::Object(fields)).map_err(D::Error::custom)?;
                Ok(Entry { value: value(text)?, limits })
            }
            plain
            @ (Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
                Ok(Entry::plain(value(plain)?))
            }
        }
    }
}

impl<K: Kind> Serialize for Entry<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.limits == Limits::default() {
            return self.value.serialize(serializer);
        }
        let mut fields = serde_json::to_value(&self.limits).unwrap_or_default();
        fields[K::NAME] = serde_json::to_value(&self.value).unwrap_or_default();
        fields.serialize(serializer)
    }
}

impl<K: Kind> JsonSchema for Entry<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("EntryOf_{}", K::NAME).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut mapping = Limits::json_schema(generator);
        if let Some(Value::Object(fields)) = mapping.get_mut("properties") {
            fields.insert(
                K::NAME.to_owned(),
                serde_json::json!({"type": "string", "description": "What is allowed."}),
            );
        }
        mapping.insert("required".to_owned(), serde_json::json!([K::NAME]));
        json_schema!({"anyOf": [generator.subschema_for::<K::Value>(), mapping]})
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::entry::{Entry, OfAccount, OfTemplate};
    use crate::event::account::Account;
    use crate::event::time::Time;

    fn entry(json: &str) -> Result<Entry<OfAccount>, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn entry_is_a_text_or_a_mapping() {
        let plain = entry(r#""CORP\\svc-ndes""#).unwrap();
        assert_eq!(plain, Entry::plain(Account::parse(r"CORP\svc-ndes")));
        assert!(plain.limits.is_none());
        let limited =
            r#"{"account":"CORP\\svc-ndes","detections":["san-mismatch"],"until":"2026-12-31T00:00:00Z"}"#;
        let limited = entry(limited).unwrap();
        assert_eq!(limited.value, plain.value);
        for entry in [plain, limited] {
            let json = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry<OfAccount>>(&json).unwrap(), entry, "{json}");
        }
    }

    #[test]
    fn wrong_entry_names_what_is_expected() {
        for (json, message) in [
            ("7", "expected a string"),
            (r#"{"template": "User"}"#, "expected a text, or {account: …"),
            (r#"{"account": "a", "untill": "x"}"#, "unknown field `untill`"),
            (r#"{"account": "a", "until": "tomorrow"}"#, "tomorrow"),
        ] {
            let error = entry(json).unwrap_err();
            assert!(error.contains(message), "{json}: {error}");
        }
    }

    #[test]
    fn limits_are_detections_and_event_time() {
        let json = r#"{"template": "User", "detections": ["san-mismatch"], "until": "2026-12-31T00:00:00Z"}"#;
        let limits = serde_json::from_str::<Entry<OfTemplate>>(json).unwrap().limits;
        let time = |text: &str| Time::try_from(text.to_owned()).unwrap();
        let (before, end) = (time("2026-12-30T23:59:59Z"), time("2026-12-31T00:00:00Z"));
        assert!(limits.allow("san-mismatch", before));
        assert!(!limits.allow("san-mismatch", end), "it ends at that time");
        assert!(!limits.allow("certificate-used-by-other", before), "another detection");
    }
}
