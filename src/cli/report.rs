//! `adcs-watch report`

use crate::alert::Severity;
use crate::cli::recorded::{Conditions, Shown, labels};
use crate::cli::{help, terminal};
use crate::host::exit::{Exit, Failure};
use crate::replay::evaluate::Compared;
use crate::replay::show::Format;
use crate::replay::{Request, Streams, create};
use clap::Args;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// Write a report on recorded events: one HTML file to hand on
///
/// Replays the inputs and writes alerts, coverage and a timeline as a page that loads nothing and runs no script.
#[derive(Debug, Args)]
#[command(after_long_help = help::REPORT)]
pub(crate) struct Report {
    /// Files, directories (with all files below them), or `-` for standard input
    #[arg(value_name = "FILE|DIR|-", required = true, help_heading = "Input")]
    paths: Vec<PathBuf>,
    /// What is known of records, CSV as `evaluate` reads it: adds what was caught, missed and raised without cause
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    labels: Option<PathBuf>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    shown: Shown,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "report.html", help_heading = "Output")]
    output: PathBuf,
}

impl Report {
    /// Writes the report.
    ///
    /// # Errors
    /// The config has mistakes, or the report cannot be written.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let config = self.conditions.config()?;
        let labels = self.labels.as_deref().map(labels).transpose()?;
        let readable = labels.as_ref().is_none_or(|(_, readable)| *readable);
        let least = self.shown.min_severity().max(Severity::Low);
        let mut out = create(&self.output, &self.paths)?;
        let request = Request {
            paths: self.paths,
            topic: None,
            decoder: self.conditions.decoder(None, &config),
            policy: config.policy,
            format: Format::Html,
            selection: self.shown.selection()?,
            fail_on: None,
            report: None,
            dead_letter: None,
            compared: labels.map(|(labels, _)| Compared::with(labels, least)),
        };
        let (mut err, progress) = (anstream::stderr(), io::stderr().is_terminal());
        let streams = Streams { out: &mut out, err: &mut err, width: terminal::width(), progress };
        let exit = crate::replay::run(&request, streams)?;
        Ok(if exit == Exit::Done && !readable { Exit::Input } else { exit })
    }
}
