//! The `kafka:` section: where the brokers are and how this program shows who it is.

use crate::service::config::secret::Secret;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The section.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// `host:port` of some brokers; the rest is learned from them.
    pub brokers: Vec<String>,
    /// The beginning of the names of the consumer groups, `<group>-router` and `<group>-detector`, and of transactional ids.
    pub group: String,
    /// A name of this process that survives its restart, such as the pod's: it comes back to its partitions at once.
    pub instance_id: Option<String>,
    /// Settings of librdkafka for every client.
    pub properties: Properties,
    /// Settings of librdkafka for consumers.
    pub consumer: Properties,
    /// Settings of librdkafka for producers.
    pub producer: Properties,
    /// Who we are, by name and password or by a token.
    pub sasl: Option<Sasl>,
    /// Encryption, and who we are, by certificate.
    pub tls: Option<Tls>,
}

impl Default for Kafka {
    fn default() -> Self {
        Kafka {
            brokers: Vec::new(),
            group: "adcs-watch".to_owned(),
            instance_id: None,
            properties: Properties::default(),
            consumer: Properties::default(),
            producer: Properties::default(),
            sasl: None,
            tls: None,
        }
    }
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SaslText")]
pub enum Sasl {
    /// By name and password.
    Password {
        /// How the password is shown.
        mechanism: Mechanism,
        /// The name.
        username: String,
        /// Where the password is.
        password: Secret,
    },
    /// By a token that somebody else issues and renews (`OAUTHBEARER`): a JWT, whose `exp` says until when it holds.
    Token(Secret),
}

/// How a password is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// As it is: only over TLS.
    Plain,
    /// Salted and hashed.
    ScramSha256,
    /// Salted and hashed.
    ScramSha512,
}

impl Mechanism {
    /// Kafka's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaslText {
    mechanism: MechanismName,
    username: Option<String>,
    password: Option<Secret>,
    token: Option<Secret>,
}

#[derive(Clone, Copy, Deserialize)]
enum MechanismName {
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    #[serde(rename = "OAUTHBEARER")]
    OauthBearer,
}

impl TryFrom<SaslText> for Sasl {
    type Error = String;

    fn try_from(text: SaslText) -> Result<Sasl, String> {
        let mechanism = match text.mechanism {
            MechanismName::Plain => Mechanism::Plain,
            MechanismName::ScramSha256 => Mechanism::ScramSha256,
            MechanismName::ScramSha512 => Mechanism::ScramSha512,
            MechanismName::OauthBearer => return token_only(text),
        };
        match (text.username, text.password, text.token) {
            (Some(username), Some(password), None) => Ok(Sasl::Password { mechanism, username, password }),
            (_, _, Some(_)) => Err(format!(
                "`token` belongs to `mechanism: OAUTHBEARER`; {} has `username` and `password`",
                mechanism.as_str()
            )),
            (Some(_), None, None) => Err("missing field `password`".to_owned()),
            (None, Some(_), None) => Err("missing field `username`".to_owned()),
            (None, None, None) => {
                Err(format!("`username` and `password` are missing: {} has both", mechanism.as_str()))
            }
        }
    }
}

fn token_only(text: SaslText) -> Result<Sasl, String> {
    match (text.username, text.password, text.token) {
        (None, None, Some(token)) => Ok(Sasl::Token(token)),
        (None, None, None) => Err("missing field `token`".to_owned()),
        (Some(_), _, _) | (_, Some(_), _) => Err(
            "OAUTHBEARER has a `token` and neither `username` nor `password`: who we are stands in the token"
                .to_owned(),
        ),
    }
}

/// Encryption.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Certificates that are trusted, PEM; default: the system's.
    pub ca_file: Option<PathBuf>,
    /// Our certificate, PEM.
    pub cert_file: Option<PathBuf>,
    /// Its key, PEM.
    pub key_file: Option<PathBuf>,
    /// The password of the key.
    pub key_password: Option<Secret>,
    /// Take any broker for the one that is meant. For tests.
    pub insecure_skip_hostname_verification: bool,
}

/// Settings of librdkafka by their names, without those that this program must decide itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(pub BTreeMap<String, String>);

/// What is refused, and why.
const REFUSED: [(&str, &str); 32] = [
    ("bootstrap.servers", "say kafka.brokers"),
    ("metadata.broker.list", "say kafka.brokers"),
    ("group.id", "say kafka.group"),
    ("group.instance.id", "say kafka.instance_id"),
    ("group.protocol", "cooperative-sticky with static membership needs the classic protocol"),
    ("group.remote.assignor", "partitions are taken and given up one by one: cooperative-sticky"),
    ("partition.assignment.strategy", "partitions are taken and given up one by one: cooperative-sticky"),
    ("isolation.level", "exactly-once needs read_committed"),
    ("enable.auto.commit", "offsets are committed with what was made of the records"),
    ("auto.commit.interval.ms", "offsets are committed with what was made of the records"),
    ("enable.auto.offset.store", "offsets are committed with what was made of the records"),
    (
        "auto.offset.reset",
        "a gap in the routed topic must stop the detector; sources begin at their earliest record",
    ),
    ("enable.partition.eof", "nothing waits for the end of a partition"),
    ("transactional.id", "it is made of kafka.group and the instance, so that a predecessor is fenced"),
    (
        "transaction.timeout.ms",
        "it bounds how long an open transaction hides records from every reader: 15000",
    ),
    ("enable.idempotence", "exactly-once needs it"),
    ("enable.gapless.guarantee", "exactly-once needs idempotence, which decides this"),
    ("acks", "exactly-once needs all"),
    ("request.required.acks", "exactly-once needs all"),
    ("partitioner", "the partition is given with every record"),
    ("security.protocol", "it follows from kafka.sasl and kafka.tls"),
    ("sasl.mechanism", "say kafka.sasl.mechanism"),
    ("sasl.mechanisms", "say kafka.sasl.mechanism"),
    ("sasl.username", "say kafka.sasl.username"),
    (
        "sasl.password",
        "secrets are not written in the config: say kafka.sasl.password: {env: NAME} or {file: PATH}",
    ),
    (
        "ssl.key.password",
        "secrets are not written in the config: say kafka.tls.key_password: {env: NAME} or {file: PATH}",
    ),
    ("ssl.key.pem", "secrets are not written in the config: say kafka.tls.key_file"),
    ("ssl.keystore.password", "secrets are not written in the config: say kafka.tls.key_file"),
    ("ssl.ca.location", "say kafka.tls.ca_file"),
    ("ssl.certificate.location", "say kafka.tls.cert_file"),
    ("ssl.key.location", "say kafka.tls.key_file"),
    ("enable.sasl.oauthbearer.unsecure.jwt", "who we are is not for us to say: kafka.sasl.token"),
];

/// Why a setting is refused, if it is.
fn refusal(name: &str) -> Option<&'static str> {
    // Some of these are secrets, and none does anything without libcurl, which is not built in.
    if name.starts_with("sasl.oauthbearer.") {
        return Some("say kafka.sasl: {mechanism: OAUTHBEARER, token: {file: PATH}}");
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
        f.write_str("settings of librdkafka by their names")
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

/// The value of one setting; it fails where the setting is refused, so that the mistake stands at its place.
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
        f.write_str("a word or a number")
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
