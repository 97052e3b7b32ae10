//! `adcs-watch replay`

use crate::alert::Severity;
use crate::cli::recorded::{Conditions, Shown, severities, topic};
use crate::cli::{help, terminal};
use crate::config::topic_range::TopicRange;
use crate::host::exit::{Exit, Failure};
use crate::replay::show::Format;
use crate::replay::{Request, Streams};
use clap::error::ErrorKind;
use clap::{Args, Command, ValueEnum};
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
    /// Write rejected records to this file, with the reason, as NDJSON
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    dead_letter: Option<PathBuf>,
    /// Also write a report to this file: one HTML page with alerts, coverage and a timeline
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    report: Option<PathBuf>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    shown: Shown,
    /// Exit with 1 when there is an alert of this severity or above
    #[arg(long, value_name = "SEVERITY", value_parser = severities(), help_heading = "Output")]
    fail_on: Option<Severity>,
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
        let config = self.conditions.config()?;
        let topic = self.from_topic.as_ref().map(|slice| topic(slice, &config)).transpose()?;
        let request = Request {
            decoder: self.conditions.decoder(self.from_topic.as_ref(), &config),
            policy: config.policy,
            topic,
            format,
            selection: self.shown.selection()?,
            fail_on: self.fail_on,
            report: self.report,
            dead_letter: self.dead_letter,
            compared: None,
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
}

fn no_input() -> Exit {
    let mut command = Replay::augment_args(Command::new("replay").bin_name("adcs-watch replay"));
    let message = "no input: name files or directories, or `-` to read standard input";
    // A closed terminal is no reason to fail.
    let _ = command.error(ErrorKind::MissingRequiredArgument, message).print();
    Exit::Usage
}
