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

/// The section `http:`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where `/livez`, `/readyz` and `/metrics` are served; port 0 takes any.
    pub listen: SocketAddr,
    /// Served over TLS.
    pub tls: Option<HttpTls>,
    /// Who may read `/metrics`; default: everybody. Probes need no password.
    pub basic_auth: Option<BasicAuth>,
}

/// The certificate that is shown. Both files are read anew for each connection, so a renewed one is shown at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTls {
    /// Our certificate and those that issued it, PEM.
    #[schemars(example = &"/run/secrets/http.pem")]
    pub cert_file: PathBuf,
    /// Its key, PEM, without a password.
    #[schemars(example = &"/run/secrets/http.key")]
    pub key_file: PathBuf,
}

/// The one who may read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The name.
    #[schemars(example = &"prometheus")]
    pub username: String,
    /// Where the password is; read anew for each request.
    #[schemars(example = serde_json::json!({"file": "/run/secrets/http-password"}))]
    pub password: Secret,
}

impl Default for Http {
    fn default() -> Self {
        Http { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)), tls: None, basic_auth: None }
    }
}

impl Http {
    /// Files and secrets that are named and cannot be read.
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

/// The section `log:`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// Which lines are written.
    pub level: LogLevel,
}

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// To read.
    #[default]
    Text,
    /// One object per line.
    Json,
}

/// Which lines are written: these and the worse ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What needs a person.
    Error,
    /// What may come to need one.
    Warn,
    /// What happens seldom.
    #[default]
    Info,
    /// What happens often; may name accounts and hosts.
    Debug,
}

/// The section `checkpoints:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Checkpoints {
    /// A checkpoint is never older than this when there is something to write.
    pub interval: Span,
    /// The longest a replay after a crash is to take.
    pub longest_replay: Span,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Checkpoints { interval: Span::minutes(10), longest_replay: Span::seconds(10) }
    }
}

impl Checkpoints {
    /// When to write one.
    pub fn pace(self) -> Pace {
        let millis = |span: Span| Millis(u64::try_from(span.as_millis()).unwrap_or_default());
        let (oldest_checkpoint, longest_replay) = (millis(self.interval), millis(self.longest_replay));
        Pace { oldest_checkpoint, longest_replay, ..Pace::default() }
    }
}

/// The section `shutdown:`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stopping {
    /// How long a stop in order may take. What is not done by then is left undone, which loses nothing.
    pub grace: Grace,
}

/// A time to stop in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Grace(pub Span);

impl Default for Grace {
    /// Less than the 30 s that Kubernetes gives a process unless it is told otherwise.
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
    /// As a clock counts it.
    pub fn duration(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.as_millis()).unwrap_or_default())
    }
}

/// The section `workers:`: threads, each with its own consumer and producer. None: one for each core the process may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Workers {
    /// Of the router.
    pub router: Option<Threads>,
    /// Of the detector.
    pub detector: Option<Threads>,
}

/// How many threads.
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
