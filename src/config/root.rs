//! The config as a whole, read from a file.

use crate::config::kafka::Kafka;
use crate::config::lists;
use crate::config::mistake::{Mistake, Mistakes};
use crate::config::process::{Checkpoints, Http, Log, Stopping, Workers};
use crate::config::read::read;
use crate::config::rules;
use crate::config::topics::{self, AlertFormat, Alerts, OwnTopics, Source};
use crate::config::tree::Node;
use crate::detect::policy::Policy;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;

/// The config of adcs-watch.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The brokers, and how this program authenticates to them.
    pub kafka: Kafka,
    /// The topics that are read.
    #[schemars(example = topics::source_examples())]
    pub sources: Vec<Source>,
    /// The topics of adcs-watch itself.
    pub topics: OwnTopics,
    /// How alerts are written.
    pub alerts: Alerts,
    /// How often state is written.
    pub checkpoints: Checkpoints,
    /// The HTTP server for health and metrics.
    pub http: Http,
    /// The log on standard error.
    pub log: Log,
    /// Threads, each a member of its consumer group.
    pub workers: Workers,
    /// How the process shuts down.
    pub shutdown: Stopping,
    /// Settings of the detections, protected identities and exceptions.
    pub policy: Policy,
}

/// The longest config that is read.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or every mistake in it.
    pub fn load(path: &Path) -> Result<Config, Mistakes> {
        Document::open(path).map(|document| document.config)
    }

    /// Reads the text of a file of that name.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(name: &str, text: &str) -> Result<Config, Mistakes> {
        Document::parse(name, text).map(|document| document.config)
    }

    /// The encoding of the alerts in a topic: that of `topics.more_alerts` where it stands there.
    pub(crate) fn alert_format(&self, topic: &str) -> AlertFormat {
        let more = self.topics.more_alerts.iter().find(|output| output.topic.0 == topic);
        more.map_or(self.alerts.format, |output| output.format)
    }
}

/// A config together with the text it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) config: Config,
    name: String,
    text: String,
    tree: Node,
}

impl Document {
    /// Reads a config file, or reports every mistake in it.
    pub(crate) fn open(path: &Path) -> Result<Document, Mistakes> {
        let name = path.display().to_string();
        let text = content(path).map_err(|why| Mistakes::unreadable(&name, &why))?;
        Document::parse(&name, &text)
    }

    fn parse(name: &str, text: &str) -> Result<Document, Mistakes> {
        let mut mistakes = Vec::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut tree = Node::parse(text, &mut mistakes);
        if let Some(tree) = &mut tree {
            rules::take_variables(tree, &mut mistakes);
            let folder = Path::new(name).parent().unwrap_or_else(|| Path::new(""));
            lists::take_files(tree, folder, &mut mistakes);
            rules::take_lists(tree, &mut mistakes);
            rules::entries(tree, &mut mistakes);
        }
        match (tree.clone().and_then(|tree| read(tree, &mut mistakes)), tree) {
            (Some(config), Some(tree)) => {
                let document = Document { config, name: name.to_owned(), text: text.to_owned(), tree };
                let excluded = rules::combinations(&document.config.policy);
                if excluded.is_empty() { Ok(document) } else { Err(document.mistakes(excluded)) }
            }
            (_, _) => Err(Mistakes::new(name, text, mistakes)),
        }
    }

    /// Mistakes that were found after reading, at the positions of their paths.
    pub(crate) fn mistakes(&self, mut mistakes: Vec<Mistake>) -> Mistakes {
        for mistake in &mut mistakes {
            mistake.at = mistake.at.or_else(|| self.tree.locate(&mistake.path));
        }
        Mistakes::new(&self.name, &self.text, mistakes)
    }
}

fn content(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > MAX_BYTES {
        return Err(format!("{bytes} bytes are more than the {MAX_BYTES} that a config may have"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
