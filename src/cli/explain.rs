//! `adcs-watch explain`

use crate::alert::id::AlertId;
use crate::cli::recorded::Conditions;
use crate::cli::{help, terminal};
use crate::host::exit::{Exit, Failure};
use crate::replay::explain::{self, Explanation, Request, Subject, words};
use clap::Args;
use std::path::{Path, PathBuf};

/// Explain why a record raised an alert, or why it raised none
///
/// Replays the inputs up to the record and prints the answer of each detection: what it remembered, what it raised, and why
/// it raised nothing.
#[derive(Debug, Args)]
#[command(after_long_help = help::EXPLAIN)]
pub(crate) struct Explain {
    /// A record as evidence names it, or the id of an alert
    #[arg(value_name = "FILE:NUMBER|ALERT_ID", value_parser = subject, help_heading = "Input")]
    subject: Subject,
    /// Files, or directories with all files below them; default: the file of the record
    #[arg(value_name = "FILE|DIR", help_heading = "Input")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    conditions: Conditions,
}

impl Explain {
    /// Prints the explanation.
    ///
    /// # Errors
    /// The config has mistakes, the subject is not in the inputs, or output cannot be written.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let config = self.conditions.config()?;
        let decoder = self.conditions.decoder(None, &config);
        let policy = config.policy;
        let paths = paths(&self.subject, self.paths)?;
        let explanation = explain::run(&self.subject, &Request { paths, policy, decoder })?;
        terminal::print(&words::text(&explanation, terminal::width()))?;
        verdict(&self.subject, &explanation)
    }
}

fn verdict(subject: &Subject, explanation: &Explanation) -> Result<Exit, Failure> {
    if explanation.fates.is_empty() && explanation.events.is_empty() {
        return Err(Failure::new(Exit::Input, format!("not found: {}", missing(subject, explanation))));
    }
    Ok(if explanation.unread.is_empty() { Exit::Done } else { Exit::Input })
}

/// Why there is nothing to explain.
fn missing(subject: &Subject, explanation: &Explanation) -> String {
    match (subject, explanation.records) {
        (Subject::Alert(id), _) => {
            format!(
                "no event of these inputs raises {id}; name the inputs, config and options of the replay that did"
            )
        }
        (Subject::Record { source, .. }, None) => format!("{source} is none of the inputs"),
        (Subject::Record { source, number }, Some(last)) => {
            format!("{source} has no record {number}: its last one is {last}")
        }
    }
}

/// The inputs; without any, the file of the record.
fn paths(subject: &Subject, paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    let usage = |message: &str| Err(Failure::new(Exit::Usage, message));
    if paths.iter().any(|path| path.as_os_str() == "-") {
        return usage("standard input cannot be explained: save it as a file");
    }
    match subject {
        _ if !paths.is_empty() => Ok(paths),
        Subject::Alert(_) => usage("name the files or directories in which the alert was raised"),
        Subject::Record { source, .. } => Ok(vec![file_of(source)]),
    }
}

/// The file that a record stands in: without the name of the member of an archive.
fn file_of(source: &str) -> PathBuf {
    let before_colons = source.rmatch_indices(':').map(|(at, _)| &source[..at]);
    let mut paths = std::iter::once(source).chain(before_colons).map(Path::new);
    paths.find(|path| path.is_file()).unwrap_or_else(|| Path::new(source)).to_owned()
}

fn subject(text: &str) -> Result<Subject, String> {
    if let Ok(id) = AlertId::try_from(text.to_owned()) {
        return Ok(Subject::Alert(id));
    }
    let record = text.rsplit_once(':').and_then(|(source, number)| Some((source, number.parse().ok()?)));
    let (source, number) = record.ok_or("neither FILE:NUMBER nor the 32 hex digits of an alert id")?;
    Ok(Subject::Record { source: source.to_owned(), number })
}
