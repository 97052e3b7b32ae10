//! The config: one YAML file, read whole or refused with every mistake that is in it.

pub mod mistake;
pub mod secret;
pub mod kafka;
pub mod topics;
pub mod process;
pub mod read;
pub mod sample;
pub mod schema;
pub mod tree;

use crate::config::kafka::Kafka;
use crate::config::mistake::Mistakes;
use crate::config::process::{Checkpoints, Http, Log, Stopping, Workers};
use crate::config::topics::{Alerts, OwnTopics, Source};
use crate::detect::policy::Policy;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;

/// The config of adcs-watch.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The brokers, and who we are to them.
    pub kafka: Kafka,
    /// What is read: topics of a SIEM.
    #[schemars(example = topics::source_examples())]
    pub sources: Vec<Source>,
    /// The four topics of our own.
    pub topics: OwnTopics,
    /// How alerts are written.
    pub alerts: Alerts,
    /// When state is written.
    pub checkpoints: Checkpoints,
    /// What is served over HTTP: health and metrics.
    pub http: Http,
    /// What is logged, to standard error.
    pub log: Log,
    /// Threads, each a member of its consumer group.
    pub workers: Workers,
    /// The end.
    pub shutdown: Stopping,
    /// What is looked for, and what is allowed to look odd.
    pub policy: Policy,
}

/// The longest config that is read.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

impl Config {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Config, Mistakes> {
        let name = path.display().to_string();
        let text = file(path).map_err(|why| Mistakes::unreadable(&name, why))?;
        Config::parse(&name, &text)
    }

    /// Reads the text of a file of that name.
    pub fn parse(name: &str, text: &str) -> Result<Config, Mistakes> {
        read::read(text).map_err(|mistakes| Mistakes { file: name.to_owned(), mistakes })
    }
}

fn file(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > MAX_BYTES {
        return Err(format!("{bytes} bytes are more than the {MAX_BYTES} a config may have"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
