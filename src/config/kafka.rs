//! The section `kafka:`: brokers, authentication, encryption and settings of librdkafka.

use crate::config::secret::{Secret, variable};
use schemars::JsonSchema;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The section `kafka:`: brokers, authentication, encryption and settings of librdkafka.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// `host:port` of some brokers. The others are learned from them.
    #[schemars(example = json!(["kafka-1.corp.example:9093", "kafka-2.corp.example:9093"]))]
    pub brokers: Vec<String>,
    /// The prefix of the consumer groups, `<group>-router` and `<group>-detector`, and of transactional ids.
    pub group: String,
    /// A name of this process that survives a restart, such as the pod's: after a restart it keeps its partitions (static membership).
    #[schemars(example = &"adcs-watch-0")]
    pub instance_id: Option<InstanceId>,
    /// Settings of librdkafka for every client. Those that would break exactly-once, or that have a field of their own here, are refused.
    #[schemars(example = json!({"socket.keepalive.enable": true}))]
    pub properties: Properties,
    /// Settings of librdkafka for consumers.
    #[schemars(example = json!({"session.timeout.ms": 30000}))]
    pub consumer: Properties,
    /// Settings of librdkafka for producers.
    #[schemars(example = json!({"compression.type": "zstd"}))]
    pub producer: Properties,
    /// Authentication by name and password, or by a token.
    pub sasl: Option<Sasl>,
    /// Encryption, and authentication by certificate.
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

/// The name of a process: written in the config, or in a variable when several processes share one config.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields, expecting = "neither a name nor {env: VARIABLE}")]
pub enum InstanceId {
    /// The name itself, written in the config.
    Name(String),
    /// The name of the variable that holds the name.
    Variable {
        /// The environment variable that holds the name.
        env: String,
    },
}

impl InstanceId {
    /// The name, read from the environment if it is there.
    ///
    /// # Errors
    /// The variable is not set, or empty.
    pub fn name(&self) -> Result<String, String> {
        match self {
            InstanceId::Name(name) => Ok(name.clone()),
            InstanceId::Variable { env } => {
                let name = variable(env)?;
                if name.is_empty() {
                    Err(format!("the environment variable {env} is empty"))
                } else {
                    Ok(name)
                }
            }
        }
    }
}

/// How this program authenticates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "SaslText")]
#[schemars(with = "SaslText")]
pub enum Sasl {
    /// With name and password.
    Password {
        /// How the password is proved to the broker.
        mechanism: Mechanism,
        /// The name of this program's account at the broker.
        username: String,
        /// The place of the password.
        password: Secret,
    },
    /// With a token that another program issues and renews (`OAUTHBEARER`): a JWT whose `exp` is the end of its validity.
    Token(Secret),
}

/// A SASL mechanism with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// The password itself is sent: only over TLS.
    Plain,
    /// Challenge and response with SHA-256.
    ScramSha256,
    /// Challenge and response with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// The name of the mechanism in Kafka.
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
    /// How this program authenticates: with a password, or with a token (`OAUTHBEARER`).
    #[schemars(example = &"SCRAM-SHA-512")]
    mechanism: MechanismName,
    /// The user name; not with OAUTHBEARER.
    #[schemars(example = &"adcs-watch")]
    username: Option<String>,
    /// The place of the password, a file or an environment variable; not with OAUTHBEARER.
    #[schemars(example = json!({"file": "/run/secrets/kafka-password"}))]
    password: Option<Secret>,
    /// The place of the token, a JWT that another program renews; only with OAUTHBEARER.
    token: Option<Secret>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
enum MechanismName {
    /// Sends the password itself: only over TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// Proves the password without sending it, with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// Proves the password without sending it, with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// Sends a token that another program issues and renews.
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
                "`token` belongs to `mechanism: OAUTHBEARER`; {} needs `username` and `password`",
                mechanism.as_str()
            )),
            (Some(_), None, None) => Err("`password` is missing".to_owned()),
            (None, Some(_), None) => Err("`username` is missing".to_owned()),
            (None, None, None) => {
                Err(format!("`username` and `password` are missing: {} needs both", mechanism.as_str()))
            }
        }
    }
}

fn token_only(text: SaslText) -> Result<Sasl, String> {
    match (text.username, text.password, text.token) {
        (None, None, Some(token)) => Ok(Sasl::Token(token)),
        (None, None, None) => Err("`token` is missing".to_owned()),
        (Some(_), _, _) | (_, Some(_), _) => Err(
            "OAUTHBEARER needs a `token` and neither `username` nor `password`: the token names the account"
                .to_owned(),
        ),
    }
}

/// Encryption with TLS, and authentication by certificate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificates that are trusted, PEM. Default: those of the system.
    #[schemars(example = &"/etc/ssl/kafka-ca.pem")]
    pub ca_file: Option<PathBuf>,
    /// The certificate of this client, PEM.
    #[schemars(example = &"/run/secrets/tls.crt")]
    pub cert_file: Option<PathBuf>,
    /// The key of the certificate, PEM.
    #[schemars(example = &"/run/secrets/tls.key")]
    pub key_file: Option<PathBuf>,
    /// The place of the password of the key.
    #[schemars(example = json!({"env": "KEY_PASSWORD"}))]
    pub key_password: Option<Secret>,
    /// Accept certificates that name another host. For tests only.
    pub insecure_skip_hostname_verification: bool,
}

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
