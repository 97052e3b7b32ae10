//! The config as a whole, read from a file.

use crate::config::bounded;
use crate::config::combinations;
use crate::config::kafka::Kafka;
use crate::config::lists;
use crate::config::mistake::{Mistake, Mistakes};
use crate::config::process::{Checkpoints, Http, Log, Stopping, Workers};
use crate::config::read::{meant_fields, read};
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
        Config::load_for(path, Ok)
    }

    /// Reads a file, and makes of it what a command needs. The mistakes of both are reported together.
    pub(crate) fn load_for<T>(
        path: &Path,
        needed: impl FnOnce(Config) -> Result<T, Vec<Mistake>>,
    ) -> Result<T, Mistakes> {
        let name = path.display().to_string();
        let text = content(path).map_err(|why| Mistakes::unreadable(&name, &why))?;
        parse(&name, &text, needed)
    }

    /// Reads the text of a file of that name.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(name: &str, text: &str) -> Result<Config, Mistakes> {
        parse(name, text, Ok)
    }

    /// The encoding of the alerts in a topic: that of `topics.more_alerts` where it stands there.
    pub(crate) fn alert_format(&self, topic: &str) -> AlertFormat {
        let more = self.topics.more_alerts.iter().find(|output| output.topic.0 == topic);
        more.map_or(self.alerts.format, |output| output.format)
    }
}

/// Reads the text of a config, then what a command makes of it, or reports every mistake.
fn parse<T>(
    name: &str,
    text: &str,
    needed: impl FnOnce(Config) -> Result<T, Vec<Mistake>>,
) -> Result<T, Mistakes> {
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
    let config: Option<Config> = tree.clone().and_then(|tree| read(tree, &mut mistakes));
    let (Some(config), Some(tree)) = (config, tree) else { return Err(Mistakes::new(name, text, mistakes)) };
    add_late(&mut mistakes, combinations::of(&config.policy), &tree);
    let made = needed(config).map_err(|late| add_late(&mut mistakes, late, &tree));
    match made {
        Ok(made) if mistakes.is_empty() => Ok(made),
        Ok(_) | Err(()) => Err(Mistakes::new(name, text, mistakes)),
    }
}

/// Adds mistakes that were found after reading, at the positions of their paths. What follows from an earlier mistake is none:
/// a list is perhaps empty because its only entry was wrong.
fn add_late(mistakes: &mut Vec<Mistake>, late: Vec<Mistake>, tree: &Node) {
    let noted: Vec<String> = mistakes.iter().flat_map(meant_fields).collect();
    for mut mistake in late {
        let list = mistake.path.split('[').next().unwrap_or_default();
        if noted.iter().any(|path| is_below(path, list) || is_below(&mistake.path, path)) {
            continue;
        }
        mistake.at = mistake.at.or_else(|| tree.locate(&mistake.path));
        mistakes.push(mistake);
    }
}

/// Whether a path is another one, or below it.
fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn content(path: &Path) -> Result<String, String> {
    let bytes = bounded::bytes(path, MAX_BYTES).map_err(|error| error.to_string())?;
    let bytes =
        bytes.ok_or_else(|| format!("it has more than the {MAX_BYTES} bytes that a config may have"))?;
    // PowerShell writes UTF-16 where output goes to a file, with a mark at its begin.
    let (text, encoding, is_damaged) = encoding_rs::UTF_8.decode(&bytes);
    if is_damaged {
        let line = text.split('\u{fffd}').next().unwrap_or_default().lines().count().max(1);
        return Err(format!("line {line} is not {}: save the file as UTF-8", encoding.name()));
    }
    Ok(text.into_owned())
}
