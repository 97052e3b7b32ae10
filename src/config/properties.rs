//! Settings of librdkafka in the config, by their names: which of them this program sets itself.

use schemars::JsonSchema;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;

/// Settings of librdkafka by their names, except those that this program sets itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(extend("additionalProperties" = json!({"type": ["string", "number", "boolean"]})))]
#[schemars(extend("propertyNames" = json!({"not": {"enum": REFUSED.map(|(name, _)| name)}})))]
pub struct Properties(pub BTreeMap<String, String>);

/// Settings that are refused, each with the reason.
const REFUSED: [(&str, &str); 32] = [
    ("bootstrap.servers", "use kafka.brokers"),
    ("metadata.broker.list", "use kafka.brokers"),
    ("group.id", "use kafka.group"),
    ("group.instance.id", "use kafka.instance_id"),
    ("group.protocol", "cooperative-sticky with static membership needs the classic protocol"),
    ("group.remote.assignor", "partitions are assigned and revoked one by one: cooperative-sticky"),
    ("partition.assignment.strategy", "partitions are assigned and revoked one by one: cooperative-sticky"),
    ("isolation.level", "exactly-once needs read_committed"),
    ("enable.auto.commit", "offsets are committed in the transaction of the output"),
    ("auto.commit.interval.ms", "offsets are committed in the transaction of the output"),
    ("enable.auto.offset.store", "offsets are committed in the transaction of the output"),
    (
        "auto.offset.reset",
        "a gap in the routed topic must stop the detector; sources begin at their earliest record",
    ),
    ("enable.partition.eof", "no consumer of `run` waits for the end of a partition"),
    ("transactional.id", "it is built from kafka.group and the instance, so that a predecessor is fenced"),
    ("transaction.timeout.ms", "it is 15000, which bounds how long an open transaction delays every reader"),
    ("enable.idempotence", "exactly-once needs it"),
    ("enable.gapless.guarantee", "exactly-once needs idempotence, which decides this"),
    ("acks", "exactly-once needs `all`"),
    ("request.required.acks", "exactly-once needs `all`"),
    ("partitioner", "the partition of every record is given"),
    ("security.protocol", "it follows from kafka.sasl and kafka.tls"),
    ("sasl.mechanism", "use kafka.sasl.mechanism"),
    ("sasl.mechanisms", "use kafka.sasl.mechanism"),
    ("sasl.username", "use kafka.sasl.username"),
    (
        "sasl.password",
        "secrets are not written in the config: use kafka.sasl.password: {env: NAME} or {file: PATH}",
    ),
    (
        "ssl.key.password",
        "secrets are not written in the config: use kafka.tls.key_password: {env: NAME} or {file: PATH}",
    ),
    ("ssl.key.pem", "secrets are not written in the config: use kafka.tls.key_file"),
    ("ssl.keystore.password", "secrets are not written in the config: use kafka.tls.key_file"),
    ("ssl.ca.location", "use kafka.tls.ca_file"),
    ("ssl.certificate.location", "use kafka.tls.cert_file"),
    ("ssl.key.location", "use kafka.tls.key_file"),
    ("enable.sasl.oauthbearer.unsecure.jwt", "a token comes from its issuer: use kafka.sasl.token"),
];

/// The reason why a setting is refused; `None` if it is allowed.
fn refusal(name: &str) -> Option<&'static str> {
    // Some of these are secrets, and none has an effect without libcurl, which is not built in.
    if name.starts_with("sasl.oauthbearer.") {
        return Some("use kafka.sasl: {mechanism: OAUTHBEARER, token: {file: PATH}}");
    }
    REFUSED.iter().find(|(refused, _)| *refused == name).map(|(_, why)| *why)
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Properties;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of settings of librdkafka")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
        let mut properties = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(ValueOf(&name))?;
            properties.insert(name, value);
        }
        Ok(Properties(properties))
    }
}

/// The value of one setting. A refused setting fails here, so the mistake has the position of its value.
struct ValueOf<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for ValueOf<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        if let Some(why) = refusal(self.0) {
            return Err(D::Error::custom(format!("cannot be set: {why}")));
        }
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for ValueOf<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, `true` or `false`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        Ok(value.to_string())
    }
}
