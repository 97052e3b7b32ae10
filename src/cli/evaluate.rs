//! `adcs-watch evaluate`

use crate::alert::{Alert, Severity};
use crate::cli::recorded::{Conditions, labels, severities};
use crate::cli::{help, terminal};
use crate::host::exit::{Exit, Failure};
use crate::replay::evaluate::Compared;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Compare the alerts on recordings with what is known of their records
///
/// Replays the recordings and counts, for each technique and each detection, what was caught, missed and raised without
/// cause.
#[derive(Debug, Args)]
#[command(after_long_help = help::EVALUATE)]
pub(crate) struct Evaluate {
    /// Recordings: files, or directories with all files below them
    #[arg(value_name = "FILE|DIR", required = true, help_heading = "Input")]
    paths: Vec<PathBuf>,
    /// The labels: CSV with the columns computer, event_id, record_id, label and technique
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    labels: PathBuf,
    #[command(flatten)]
    conditions: Conditions,
    /// Count only alerts of this severity or above
    #[arg(long, value_name = "SEVERITY", value_parser = severities(), default_value = "low", help_heading = "Output")]
    min_severity: Severity,
    /// How to write the result
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Table, help_heading = "Output")]
    format: OutputFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// Text for a person
    Table,
    /// One JSON document, with every missed record and false alert
    Json,
}

impl Evaluate {
    /// Prints the evaluation.
    ///
    /// # Errors
    /// The labels or the config cannot be read, or output cannot be written.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let (labels, readable) = labels(&self.labels)?;
        let (format, least) = (self.format, self.min_severity);
        let (revisions, exit) = self.replay()?;
        let mut compared = Compared::with(labels, least);
        revisions.iter().for_each(|alert| compared.add(alert));
        let evaluation = compared.evaluation();
        let text = match format {
            OutputFormat::Table => evaluation.text(),
            OutputFormat::Json => serde_json::to_string_pretty(&evaluation).unwrap_or_default() + "\n",
        };
        terminal::print(&text)?;
        Ok(if exit == Exit::Done && !readable { Exit::Input } else { exit })
    }

    /// All revisions of alerts on the recordings.
    fn replay(self) -> Result<(Vec<Alert>, Exit), Failure> {
        let config = self.conditions.config()?;
        let decoder = self.conditions.decoder(None, &config);
        crate::replay::revisions(&self.paths, None, config.policy, decoder, &mut anstream::stderr())
    }
}
