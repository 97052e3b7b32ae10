//! The section `kafka:`: brokers, authentication, encryption and settings of librdkafka.

use crate::config::properties::Properties;
use crate::config::secret::{Secret, one_line, variable};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
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
    /// The variable is not set, or holds no name.
    pub fn name(&self) -> Result<String, String> {
        match self {
            InstanceId::Name(name) => Ok(name.clone()),
            InstanceId::Variable { env } => {
                let name = variable(env)?;
                one_line(&name).map_err(|why| format!("the environment variable {env} {why}"))?;
                Ok(name)
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
