//! `adcs-watch replay`

use crate::alert::Severity;
use crate::cli::{help, terminal};
use crate::config::Config;
use crate::config::topics::Source;
use crate::decode::Decoder;
use crate::detect::catalogue;
use crate::detect::policy::Policy;
use crate::event::time::Time;
use crate::host::exit::{Exit, Failure};
use crate::kafka::range_reader::TopicRange;
use crate::kafka::settings::{Clients, Instance};
use crate::replay::selection::Selection;
use crate::replay::show::Format;
use crate::replay::topic::TopicInput;
use crate::replay::{Request, Streams};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, Command, ValueEnum};
use jiff::tz::TimeZone;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// Run the detections over recorded events
///
/// Reads event logs and exports, runs the detections over their events in the order of event time, and prints the alerts.
/// Sends nothing anywhere.
#[derive(Debug, Args)]
#[command(after_long_help = help::REPLAY)]
pub(crate) struct Replay {
    /// Files, directories (with all files below them), or `-` for standard input
    #[arg(value_name = "FILE|DIR|-", help_heading = "Input")]
    paths: Vec<PathBuf>,
    /// Read a topic up to its present end, the routed topic or a source, without joining a group or committing offsets
    #[arg(
        long,
        value_name = "TOPIC[:PARTITION[@FROM..TO]]",
        requires = "config",
        conflicts_with = "paths",
        help_heading = "Input"
    )]
    from_topic: Option<TopicRange>,
    /// Time zone of local times that have none (NXLog), such as Europe/Zurich; default UTC
    #[arg(long, value_name = "TZ", value_parser = zone, help_heading = "Input")]
    zone: Option<TimeZone>,
    /// Write rejected records to this file, with the reason, as NDJSON
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    dead_letter: Option<PathBuf>,
    /// Also write a report to this file: one HTML page with alerts, coverage and a timeline
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    report: Option<PathBuf>,
    /// The config, of which the policy is used; default: the built-in policy
    #[arg(short, long, value_name = "FILE", help_heading = "Detection")]
    config: Option<PathBuf>,
    /// Alert from the first day: do not wait until a baseline has enough days of data
    #[arg(long, help_heading = "Detection")]
    assume_trained: bool,
    /// Show only alerts that speak of events since this time (2026-03-02T09:00:00Z); earlier events still count for them
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Detection")]
    since: Option<Time>,
    /// Look at no event after this time
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Detection")]
    until: Option<Time>,
    /// Show only alerts of this detection; may be repeated
    #[arg(long = "detection", value_name = "ID", value_parser = detections(), help_heading = "Output")]
    detections: Vec<String>,
    /// Exit with 1 when there is an alert of this severity or above
    #[arg(long, value_name = "SEVERITY", value_parser = severities(), help_heading = "Output")]
    fail_on: Option<Severity>,
    /// Show only alerts of this severity or above
    #[arg(long, value_name = "SEVERITY", value_parser = severities(), default_value = "informational", help_heading = "Output")]
    min_severity: Severity,
    /// How to write the alerts; default: table on a terminal, ndjson when piped
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    format: Option<FormatName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// Text for a person
    Table,
    /// Every revision of an alert, one JSON object per line
    Ndjson,
    /// One JSON document with alerts and summary
    Json,
    /// Every revision of an alert as a Detection Finding of OCSF 1.8, one per line
    Ocsf,
    /// Every revision of an alert as a document of the Elastic Common Schema, one per line
    Ecs,
    /// A table for a spreadsheet: one row for the last revision of each alert
    Csv,
}

impl Replay {
    /// Runs the replay.
    ///
    /// # Errors
    /// The config has mistakes, output cannot be written, or the topic cannot be read.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        if self.paths.is_empty() && self.from_topic.is_none() {
            return Ok(no_input());
        }
        let format = self.format();
        let config = self.config.as_deref().map(Config::load).transpose().map_err(Failure::from)?;
        let config = config.unwrap_or_default();
        let topic = self.from_topic.as_ref().map(|slice| topic(slice, &config)).transpose()?;
        let request = Request {
            decoder: self.decoder(&config),
            policy: self.policy(config),
            topic,
            format,
            selection: Selection {
                min_severity: self.min_severity,
                since: self.since,
                until: self.until,
                detections: self.detections,
            },
            fail_on: self.fail_on,
            report: self.report,
            dead_letter: self.dead_letter,
            paths: self.paths,
        };
        let (mut out, mut err) = (terminal::output(format), anstream::stderr());
        let progress = io::stderr().is_terminal();
        let streams = Streams { out: &mut out, err: &mut err, width: terminal::width(), progress };
        crate::replay::run(&request, streams)
    }

    fn format(&self) -> Format {
        match self.format {
            Some(FormatName::Table) => Format::Table,
            Some(FormatName::Ndjson) => Format::Ndjson,
            Some(FormatName::Json) => Format::Json,
            Some(FormatName::Csv) => Format::Csv,
            Some(FormatName::Ocsf) => Format::Ocsf,
            Some(FormatName::Ecs) => Format::Ecs,
            None if io::stdout().is_terminal() => Format::Table,
            None => Format::Ndjson,
        }
    }

    fn decoder(&self, config: &Config) -> Decoder {
        decoder(self.from_topic.as_ref(), self.zone.as_ref(), config)
    }

    fn policy(&self, config: Config) -> Policy {
        let mut policy = config.policy;
        if self.assume_trained {
            policy.assume_trained();
        }
        policy
    }
}

/// The topic to read, with the clients that read it.
///
/// # Errors
/// The config does not allow to read a topic.
pub(crate) fn topic(slice: &TopicRange, config: &Config) -> Result<TopicInput, Failure> {
    let clients = Clients::new(&config.kafka, Instance::Ephemeral("replay".to_owned())).map_err(|wrong| {
        let failure = Failure::new(Exit::Config, "the config does not allow to read a topic");
        wrong.into_iter().fold(failure, Failure::with_cause)
    })?;
    Ok(TopicInput { slice: slice.clone(), clients, routed: slice.topic == config.topics.routed.0 })
}

/// Files may have any format. A topic has the format and zone of its source in the config.
pub(crate) fn decoder(topic: Option<&TopicRange>, zone: Option<&TimeZone>, config: &Config) -> Decoder {
    let source = topic.and_then(|slice| {
        config.sources.iter().find(|source| source.topics.matches(&slice.topic)).map(Source::decoder)
    });
    let decoder = source.unwrap_or_default();
    Decoder { zone: zone.cloned().unwrap_or(decoder.zone), ..decoder }
}

fn no_input() -> Exit {
    let mut command = Replay::augment_args(Command::new("replay").bin_name("adcs-watch replay"));
    let message = "no input: name files or directories, or `-` to read standard input";
    // A closed terminal is no reason to fail.
    let _ = command.error(ErrorKind::MissingRequiredArgument, message).print();
    Exit::Usage
}

pub(crate) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "not a time zone of the IANA database, such as Europe/Zurich".to_owned())
}

pub(crate) fn severities() -> impl TypedValueParser<Value = Severity> {
    let words = PossibleValuesParser::new(Severity::ALL.map(Severity::as_str));
    words.try_map(|word| {
        Severity::ALL.into_iter().find(|severity| severity.as_str() == word).ok_or("no severity")
    })
}

pub(crate) fn time(text: &str) -> Result<Time, String> {
    Time::try_from(text.to_owned())
}

/// The ids of the detections.
pub(crate) fn detections() -> PossibleValuesParser {
    PossibleValuesParser::new(catalogue::all().into_iter().map(|about| about.id))
}
