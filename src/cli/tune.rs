//! `adcs-watch tune`

use crate::alert::Alert;
use crate::cli::recorded::{FromTopic, text_of};
use crate::cli::{help, terminal};
use crate::config::Config;
use crate::config::topics::AlertFormat;
use crate::host::exit::{Exit, Failure};
use crate::replay::topic::{self, TopicInput};
use crate::replay::tune::Tuning;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Propose exceptions for alerts that were looked at and are harmless
///
/// Groups the alerts by the policy line that silences them. A line is proposed when it hides none of the attacks of this project's
/// own recordings and no critical alert, and its accounts have no graver one.
#[derive(Debug, Args)]
#[command(after_long_help = help::TUNE)]
pub(crate) struct Tune {
    /// Alerts, one JSON document a line: the alert topic, or `replay --format ndjson`
    #[arg(value_name = "FILE", required_unless_present = "from_topic", help_heading = "Input")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    topic: FromTopic,
    /// Show the lines that are not proposed, too
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// How to write the result
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Table, help_heading = "Output")]
    format: OutputFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// A table, and the proposed lines as YAML
    Table,
    /// The proposed lines alone, to paste into a config
    Yaml,
    /// One JSON document with every line, its counts and what it hides
    Json,
}

impl Tune {
    /// Prints the proposals.
    ///
    /// # Errors
    /// A file cannot be read, or output cannot be written.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let (mut alerts, mut readable) = (Vec::new(), true);
        for path in &self.paths {
            readable &= read(path, &mut alerts)?;
        }
        if let Some((input, config)) = self.topic.input()? {
            readable &= read_topic(&input, &config, &mut alerts)?;
        }
        let tuning = Tuning::of(&alerts, self.all);
        let text = match self.format {
            OutputFormat::Table => tuning.text(),
            OutputFormat::Yaml => tuning.yaml(),
            OutputFormat::Json => serde_json::to_string_pretty(&tuning).unwrap_or_default() + "\n",
        };
        terminal::print(&text)?;
        Ok(if readable { Exit::Done } else { Exit::Input })
    }
}

/// Adds the alerts of a topic. Whether every record is one; those that are not are named on standard error.
fn read_topic(input: &TopicInput, config: &Config, alerts: &mut Vec<Alert>) -> Result<bool, Failure> {
    let topic = &input.slice.topic;
    let format = config.alert_format(topic);
    if matches!(format, AlertFormat::Ocsf | AlertFormat::Ecs) {
        let why = "its alerts are those of another schema, which cannot be read back: name a topic with `json` or `protobuf`";
        return Err(Failure::new(Exit::Usage, format!("{topic}: {why}")));
    }
    let (mut read, others) = topic::alerts(input, format)?;
    alerts.append(&mut read);
    for why in &others {
        // A closed terminal is no reason to fail.
        let _ = writeln!(anstream::stderr(), "{why}");
    }
    Ok(others.is_empty())
}

/// Adds the alerts of a file. Whether every line is one; those that are not are named on standard error.
fn read(path: &Path, alerts: &mut Vec<Alert>) -> Result<bool, Failure> {
    let text = text_of(path)?;
    let mut readable = true;
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(alert) => alerts.push(alert),
            Err(error) => {
                readable = false;
                // A closed terminal is no reason to fail.
                let _ = writeln!(anstream::stderr(), "{}:{}: no alert: {error}", path.display(), n + 1);
            }
        }
    }
    Ok(readable)
}
