//! The sections `http:`, `log:`, `checkpoints:`, `workers:` and `shutdown:`: the process itself.

use crate::config::secret::{Secret, readable};
use crate::event::time::Span;
use crate::stage::pace::Pace;
use crate::stage::port::Millis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The section `http:`: the HTTP server for health and metrics.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// The IP address and port of `/livez`, `/readyz`, `/metrics` and `/status`. Port 0 takes a free one.
    #[schemars(extend("title" = "IP address and port"))]
    pub listen: SocketAddr,
    /// The certificate and the key to serve over TLS. Default: plain HTTP.
    pub tls: Option<HttpTls>,
    /// The user who may read `/metrics` and `/status`. Default: everybody. Probes need no password.
    pub basic_auth: Option<BasicAuth>,
}

/// The certificate of the server. Changed files are read again, so a renewed certificate is used without a restart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTls {
    /// The certificate of the server and its issuers, PEM.
    #[schemars(example = &"/run/secrets/http.pem")]
    pub cert_file: PathBuf,
    /// The key of the certificate, PEM, without a password.
    #[schemars(example = &"/run/secrets/http.key")]
    pub key_file: PathBuf,
}

/// The user of HTTP basic authentication.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The name that a client of `/metrics` or `/status` sends.
    #[schemars(example = &"prometheus")]
    pub username: String,
    /// The place of the password. It is read for each request.
    #[schemars(example = serde_json::json!({"file": "/run/secrets/http-password"}))]
    pub password: Secret,
}

impl Default for Http {
    fn default() -> Self {
        Http { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)), tls: None, basic_auth: None }
    }
}

impl Http {
    /// Files and secrets that cannot be read, each with its path in the config and the reason.
    pub fn missing(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Some(tls) = &self.tls {
            for (field, path) in [("cert_file", &tls.cert_file), ("key_file", &tls.key_file)] {
                wrong.extend(readable(path).err().map(|why| format!("http.tls.{field}: {why}")));
            }
        }
        if let Some(auth) = &self.basic_auth {
            wrong.extend(auth.password.reveal().err().map(|why| format!("http.basic_auth.password: {why}")));
        }
        wrong
    }
}

/// The section `log:`: the log on standard error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The format of the lines.
    pub format: LogFormat,
    /// The least severe level that is written.
    pub level: LogLevel,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text for a person.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// A log level: lines of this and of more severe levels are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// A person must act.
    Error,
    /// A person may have to act.
    Warn,
    /// Rare events of normal operation.
    #[default]
    Info,
    /// Frequent events. Lines may name accounts and hosts.
    Debug,
}

/// The section `checkpoints:`: how often the state of the detector is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Checkpoints {
    /// The longest time between two checkpoints of a partition whose state changed; at most half of `topics.retention`.
    pub interval: Span,
    /// The longest replay after a crash: a checkpoint is written before the estimate exceeds this.
    pub longest_replay: Span,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Checkpoints { interval: Span::minutes(10), longest_replay: Span::seconds(10) }
    }
}

impl Checkpoints {
    /// The pace of checkpoints for a detector worker.
    pub fn pace(self) -> Pace {
        let millis = |span: Span| Millis(u64::try_from(span.as_millis()).unwrap_or_default());
        let (oldest_checkpoint, longest_replay) = (millis(self.interval), millis(self.longest_replay));
        Pace { oldest_checkpoint, longest_replay, ..Pace::default() }
    }
}

/// The section `shutdown:`: how the process shuts down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stopping {
    /// How long the process may take to commit and write checkpoints when it shuts down. Work that is not finished by then is repeated after the restart; nothing is lost.
    pub grace: Grace,
}

/// A grace period between 1s and 1h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "Span")]
pub struct Grace(pub Span);

impl Default for Grace {
    /// 25s: less than the default grace period of Kubernetes, 30s.
    fn default() -> Self {
        Grace(Span::seconds(25))
    }
}

impl TryFrom<String> for Grace {
    type Error = String;
    fn try_from(text: String) -> Result<Grace, String> {
        let span = Span::try_from(text)?;
        let right = (Span::seconds(1)..=Span::hours(1)).contains(&span);
        if right { Ok(Grace(span)) } else { Err(format!("{span} is not between 1s and 1h")) }
    }
}

impl Grace {
    /// The grace period as a duration.
    pub fn duration(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.as_millis()).unwrap_or_default())
    }
}

/// The section `workers:`: threads, each with its own consumer and producer. Absent: one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Workers {
    /// Threads of the router. Absent: 1.
    pub router: Option<Threads>,
    /// Threads of the detector. Absent: 1.
    pub detector: Option<Threads>,
}

/// A number of threads, 1 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "u16")]
#[schemars(extend("minimum" = 1, "maximum" = 64))]
pub struct Threads(pub u16);

impl TryFrom<u16> for Threads {
    type Error = String;
    fn try_from(count: u16) -> Result<Threads, String> {
        let right = (1..=64).contains(&count);
        if right { Ok(Threads(count)) } else { Err(format!("{count} is not between 1 and 64")) }
    }
}
