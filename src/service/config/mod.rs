//! The config: one YAML file, read whole or refused with every mistake that is in it.

pub mod mistake;
pub mod secret;
pub mod kafka;
pub mod topics;
pub mod process;
pub mod read;
pub mod tree;

use crate::detect::policy::Policy;
use crate::service::config::kafka::Kafka;
use crate::service::config::mistake::Mistakes;
use crate::service::config::process::{Checkpoints, Http, Log, Stopping, Workers};
use crate::service::config::topics::{Alerts, OwnTopics, Source};
use serde::Deserialize;
use std::path::Path;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What is looked for, and what is allowed to look odd.
    pub policy: Policy,
    /// The brokers.
    pub kafka: Kafka,
    /// What is read.
    pub sources: Vec<Source>,
    /// Our own topics.
    pub topics: OwnTopics,
    /// How alerts are written.
    pub alerts: Alerts,
    /// What is served.
    pub http: Http,
    /// What is logged.
    pub log: Log,
    /// When state is written.
    pub checkpoints: Checkpoints,
    /// Threads.
    pub workers: Workers,
    /// The end.
    pub shutdown: Stopping,
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
