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
#[schemars(extend("propertyNames" = json!({"not": {"enum": REFUSED.map(|(name, _)| name).to_vec()}})))]
pub struct Properties(pub BTreeMap<String, String>);

/// Settings that are refused, each with the reason.
const REFUSED: [(&str, &str); 47] = [
    ("bootstrap.servers", "use kafka.brokers"),
    ("metadata.broker.list", "use kafka.brokers"),
    ("group.id", "use kafka.group"),
    ("group.instance.id", "use kafka.instance_id"),
    ("group.protocol", "cooperative-sticky with static membership needs the classic protocol"),
    ("group.protocol.type", "the groups are those of consumers"),
    ("group.remote.assignor", "partitions are assigned and revoked one by one: cooperative-sticky"),
    ("partition.assignment.strategy", "partitions are assigned and revoked one by one: cooperative-sticky"),
    ("isolation.level", "exactly-once needs read_committed"),
    ("enable.auto.commit", "offsets are committed in the transaction of the output"),
    ("auto.commit.interval.ms", "offsets are committed in the transaction of the output"),
    ("enable.auto.offset.store", "offsets are committed in the transaction of the output"),
    ("auto.commit.enable", "offsets are committed in the transaction of the output"),
    ("offset.store.method", "offsets are committed in the transaction of the output"),
    ("offset.store.path", "offsets are committed in the transaction of the output"),
    ("offset.store.sync.interval.ms", "offsets are committed in the transaction of the output"),
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
    ("statistics.interval.ms", "it is 2000: the lag is computed from statistics"),
    ("enabled_events", "the events of the clients are read already"),
    ("log.queue", "the log of librdkafka is part of the log of this program"),
    ("log_level", "use log.level"),
    ("internal.termination.signal", "a signal ends this program in order: see shutdown.grace"),
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
    ("ssl.certificate.pem", "use kafka.tls.cert_file"),
    ("ssl.endpoint.identification.algorithm", "use kafka.tls.insecure_skip_hostname_verification"),
    ("ssl.truststore.location", "a truststore is for Java: use kafka.tls.ca_file, PEM"),
    ("ssl.truststore.password", "a truststore is for Java: use kafka.tls.ca_file, PEM"),
    ("sasl.jaas.config", "JAAS is for Java: use kafka.sasl"),
    ("ssl.key.location", "use kafka.tls.key_file"),
    ("enable.sasl.oauthbearer.unsecure.jwt", "a token comes from its issuer: use kafka.sasl.token"),
];

/// The beginnings of further names that are refused, each with the reason.
const REFUSED_BEGINNINGS: [(&str, &str); 4] = [
    // Some of these are secrets, and none has an effect without libcurl, which is not built in.
    ("sasl.oauthbearer.", "use kafka.sasl: {mechanism: OAUTHBEARER, token: {file: PATH}}"),
    ("sasl.kerberos.", "Kerberos is not built in; docs/security.md has a way round it"),
    // Those for mock brokers replace kafka.brokers.
    ("test.", "it is for the tests of librdkafka"),
    ("ut_", "it is for the tests of librdkafka"),
];

/// The reason why a setting is refused; `None` if it is allowed.
fn refusal(name: &str) -> Option<&'static str> {
    let beginning = REFUSED_BEGINNINGS.iter().find(|(refused, _)| name.starts_with(refused));
    let refused = REFUSED.iter().find(|(refused, _)| *refused == name).or(beginning);
    refused.map(|(_, why)| *why)
}

/// Settings with two names, the other one and the usual one.
const ALIASES: [(&str, &str); 6] = [
    ("queue.buffering.max.ms", "linger.ms"),
    ("compression.codec", "compression.type"),
    ("fetch.message.max.bytes", "max.partition.fetch.bytes"),
    ("max.in.flight.requests.per.connection", "max.in.flight"),
    ("message.send.max.retries", "retries"),
    ("message.timeout.ms", "delivery.timeout.ms"),
];

/// The usual name of a setting. Clients are given this one only: of two names either could win.
pub(crate) fn usual(name: &str) -> &str {
    ALIASES.iter().find(|(other, _)| *other == name).map_or(name, |(_, usual)| usual)
}

/// All names of a setting.
pub(crate) fn names(name: &str) -> impl Iterator<Item = &str> {
    let same = ALIASES.iter().filter(move |(_, other)| *other == usual(name));
    std::iter::once(usual(name)).chain(same.map(|(other, _)| *other))
}

impl Properties {
    /// The value of a setting, under any of its names.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        names(name).find_map(|name| self.0.get(name)).map(String::as_str)
    }
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
