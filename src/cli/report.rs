//! `adcs-watch report`

use crate::alert::Severity;
use crate::cli::replay::{decoder, detections, severities, time, zone};
use crate::cli::{help, terminal};
use crate::config::Config;
use crate::event::time::Time;
use crate::host::exit::{Exit, Failure};
use crate::replay::selection::Selection;
use crate::replay::show::Format;
use crate::replay::{Request, Streams, create};
use clap::Args;
use jiff::tz::TimeZone;
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
    /// Time zone of local times that have none (NXLog), such as Europe/Zurich; default UTC
    #[arg(long, value_name = "TZ", value_parser = zone, help_heading = "Input")]
    zone: Option<TimeZone>,
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
    /// Show only alerts of this severity or above
    #[arg(long, value_name = "SEVERITY", value_parser = severities(), default_value = "informational", help_heading = "Output")]
    min_severity: Severity,
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
        let config = self.config.as_deref().map(Config::load).transpose().map_err(Failure::from)?;
        let config = config.unwrap_or_default();
        let decoder = decoder(None, self.zone.as_ref(), &config);
        let mut policy = config.policy;
        if self.assume_trained {
            policy.assume_trained();
        }
        let mut out = create(&self.output, &self.paths)?;
        let request = Request {
            paths: self.paths,
            topic: None,
            policy,
            decoder,
            format: Format::Html,
            selection: Selection {
                min_severity: self.min_severity,
                since: self.since,
                until: self.until,
                detections: self.detections,
            },
            fail_on: None,
            report: None,
            dead_letter: None,
        };
        let (mut err, progress) = (anstream::stderr(), io::stderr().is_terminal());
        let streams = Streams { out: &mut out, err: &mut err, width: terminal::width(), progress };
        crate::replay::run(&request, streams)
    }
}
