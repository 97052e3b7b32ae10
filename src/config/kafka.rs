//! The `kafka:` section: where the brokers are and how this program shows who it is.

use crate::config::secret::{Secret, variable};
use schemars::JsonSchema;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The section.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// `host:port` of some brokers; the rest is learned from them.
    #[schemars(example = json!(["kafka-1.corp.example:9093", "kafka-2.corp.example:9093"]))]
    pub brokers: Vec<String>,
    /// The beginning of the names of the consumer groups, `<group>-router` and `<group>-detector`, and of transactional ids.
    pub group: String,
    /// A name of this process that survives its restart, such as the pod's: it comes back to its partitions at once.
    #[schemars(example = &"adcs-watch-0")]
    pub instance_id: Option<InstanceId>,
    /// Settings of librdkafka for every client. Those that would break exactly-once, or that have a place here, are refused.
    #[schemars(example = json!({"socket.keepalive.enable": true}))]
    pub properties: Properties,
    /// Settings of librdkafka for consumers.
    #[schemars(example = json!({"session.timeout.ms": 30000}))]
    pub consumer: Properties,
    /// Settings of librdkafka for producers.
    #[schemars(example = json!({"compression.type": "zstd"}))]
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

/// A name that one config for many processes can say for each of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields, expecting = "neither a name nor {env: VARIABLE}")]
pub enum InstanceId {
    /// This one.
    Name(String),
    /// The one in a variable of the environment.
    Variable {
        /// Its name.
        env: String,
    },
}

impl InstanceId {
    /// The name itself.
    ///
    /// # Errors
    /// Says which variable holds none.
    pub fn name(&self) -> Result<String, String> {
        match self {
            InstanceId::Name(name) => Ok(name.clone()),
            InstanceId::Variable { env } => {
                let name = variable(env)?;
                if name.is_empty() { Err(format!("the variable {env} is empty")) } else { Ok(name) }
            }
        }
    }
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "SaslText")]
#[schemars(with = "SaslText")]
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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SaslText {
    /// How we show who we are.
    #[schemars(example = &"SCRAM-SHA-512")]
    mechanism: MechanismName,
    /// The name; not with OAUTHBEARER.
    #[schemars(example = &"adcs-watch")]
    username: Option<String>,
    /// Where the password is: in a file, or in a variable of the environment; not with OAUTHBEARER.
    #[schemars(example = json!({"file": "/run/secrets/kafka-password"}))]
    password: Option<Secret>,
    /// With OAUTHBEARER: where the token is, a JWT that somebody else renews.
    token: Option<Secret>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
enum MechanismName {
    /// A password as it is: only over TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// A password, salted and hashed.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// A password, salted and hashed.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// A token that somebody else issues and renews.
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
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Certificates that are trusted, PEM; default: the system's.
    #[schemars(example = &"/etc/ssl/kafka-ca.pem")]
    pub ca_file: Option<PathBuf>,
    /// Our certificate, PEM.
    #[schemars(example = &"/run/secrets/tls.crt")]
    pub cert_file: Option<PathBuf>,
    /// Its key, PEM.
    #[schemars(example = &"/run/secrets/tls.key")]
    pub key_file: Option<PathBuf>,
    /// The password of the key.
    #[schemars(example = json!({"env": "KEY_PASSWORD"}))]
    pub key_password: Option<Secret>,
    /// Take any broker for the one that is meant. For tests.
    pub insecure_skip_hostname_verification: bool,
}

/// Settings of librdkafka by their names, without those that this program must decide itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(extend("additionalProperties" = json!({"type": ["string", "number", "boolean"]})))]
#[schemars(extend("propertyNames" = json!({"not": {"enum": REFUSED.map(|(name, _)| name)}})))]
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
