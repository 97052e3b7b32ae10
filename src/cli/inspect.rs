//! `adcs-watch inspect`

use crate::cli::recorded::{clients, decoder, load, topic, zone};
use crate::cli::{help, terminal};
use crate::config::Config;
use crate::config::topic_range::TopicRange;
use crate::host::exit::{Exit, Failure};
use crate::replay::explain;
use crate::replay::explain::checkpoint::Checkpoints;
use crate::replay::inspect::findings::Findings;
use crate::replay::inspect::{self, Request, show};
use crate::stage::port::TopicNames;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use std::path::PathBuf;

/// Show what is recognised in files or a topic: formats, events, fields, rejections
///
/// Reads the first records of each input and prints what the decoder makes of them, and which fields that a detection
/// reads are missing. Runs no detection and sends nothing anywhere.
#[derive(Debug, Args)]
#[command(after_long_help = help::INSPECT)]
pub(crate) struct Inspect {
    /// Files, directories (with all files below them), or `-` for standard input; with --input or --checkpoint, names
    #[arg(value_name = "FILE|DIR|-|NAME", required_unless_present = "topic", help_heading = "Input")]
    paths: Vec<PathBuf>,
    /// Show what the detections remember of the named accounts, CAs and serial numbers after these files or directories
    #[arg(long = "input", value_name = "FILE|DIR", conflicts_with = "topic", requires = "paths", num_args = 1.., help_heading = "Input")]
    inputs: Vec<PathBuf>,
    /// Show what the detections of a stage remember of the named accounts, CAs and serial numbers, by its checkpoints in Kafka
    #[arg(long, requires = "config", requires = "paths", conflicts_with_all = ["inputs", "topic", "zone", "records"], help_heading = "Input")]
    checkpoint: bool,
    /// Read a topic without joining a group or committing offsets
    #[arg(
        long,
        value_name = "TOPIC[:PARTITION[@FROM..TO]]",
        requires = "config",
        conflicts_with = "paths",
        help_heading = "Input"
    )]
    topic: Option<TopicRange>,
    /// The config, of which the brokers and the sources are used, with --input the policy, and with --checkpoint the topics and the policy
    #[arg(short, long, value_name = "FILE", help_heading = "Input")]
    config: Option<PathBuf>,
    /// Time zone of local times that have none (NXLog), such as Europe/Zurich; default UTC
    #[arg(long, value_name = "TZ", value_parser = zone, help_heading = "Input")]
    zone: Option<TimeZone>,
    /// Look at so many records of each input
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Input")]
    records: u64,
    /// How to write the result
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for a person
    Text,
    /// One JSON document, with all counts
    Json,
}

impl Inspect {
    /// Prints what is recognised.
    ///
    /// # Errors
    /// The config has mistakes, the topic cannot be read, or output cannot be written.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let config = load(self.config.as_deref())?;
        if self.checkpoint || !self.inputs.is_empty() {
            return self.remembered(config);
        }
        let request = Request {
            topic: self.topic.as_ref().map(|slice| topic(slice, &config)).transpose()?,
            decoder: decoder(self.topic.as_ref(), self.zone.as_ref(), &config),
            paths: self.paths,
            records: self.records,
        };
        let all = inspect::run(&request)?;
        let text = match self.format {
            Format::Text => show::text(&all, terminal::width()),
            Format::Json => format!("{:#}\n", show::json(&all)),
        };
        terminal::print(&text)?;
        match request.paths.iter().find(|path| path.as_os_str() != "-" && !path.exists()) {
            Some(name) => Err(Failure::new(
                Exit::Input,
                format!(
                    "{} is no file; what is remembered of a name needs --input FILE or --checkpoint",
                    name.display()
                ),
            )),
            None if all.iter().all(Findings::is_good) => Ok(Exit::Done),
            None => Ok(Exit::Input),
        }
    }

    /// Prints what is remembered of the names.
    fn remembered(self, config: Config) -> Result<Exit, Failure> {
        if self.format == Format::Json {
            return Err(Failure::new(Exit::Usage, "what is remembered is printed as text alone"));
        }
        let names: Vec<String> = self.paths.iter().map(|name| name.display().to_string()).collect();
        if self.checkpoint {
            return recalled(&names, config);
        }
        let request = explain::Request {
            decoder: decoder(None, self.zone.as_ref(), &config),
            paths: self.inputs,
            policy: config.policy,
        };
        let (all, unread) = explain::known::about(&names, &request)?;
        terminal::print(&explain::words::remembered(&all, &unread, terminal::width()))?;
        Ok(if unread.is_empty() { Exit::Done } else { Exit::Input })
    }
}

/// Prints what the checkpoints of the stage have of the names.
fn recalled(names: &[String], config: Config) -> Result<Exit, Failure> {
    let clients = clients(&config)?;
    let (routed, checkpoint) = (config.topics.routed.0, config.topics.checkpoint.0);
    let topics = TopicNames { routed, checkpoint };
    let stage = Checkpoints { names: topics, clients, policy: config.policy };
    let recalled = explain::checkpoint::about(names, &stage)?;
    terminal::print(&explain::words::recalled(&recalled, &stage.names.checkpoint, terminal::width()))?;
    Ok(if recalled.unread.is_empty() { Exit::Done } else { Exit::Input })
}
