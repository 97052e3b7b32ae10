//! What every output format does.

use crate::alert::Alert;
use crate::host::exit::{Exit, Failure};
use crate::replay::summary::Summary;
use std::io;

/// How a replay writes alerts and the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text for a person: alerts, then totals.
    Table,
    /// One line of JSON for every revision of an alert.
    Ndjson,
    /// One line for every revision of an alert: a Detection Finding of OCSF.
    Ocsf,
    /// One line for every revision of an alert: a document of the Elastic Common Schema.
    Ecs,
    /// One JSON document with the last revision of every alert, and the summary.
    Json,
    /// A heading, and one row for the last revision of every alert.
    Csv,
    /// A report: one HTML file with alerts, coverage and a timeline.
    Html,
}

/// Writes alerts and the summary in one format.
pub trait Show {
    /// Called for each revision in the order of events, with its JSON.
    ///
    /// # Errors
    /// Output cannot be written.
    fn revision(&mut self, json: &[u8]) -> Result<(), Failure>;
    /// Called after all revisions for the last revision of each alert, earliest first.
    ///
    /// # Errors
    /// Output cannot be written.
    fn latest(&mut self, alert: &Alert) -> Result<(), Failure>;
    /// Called once at the end.
    ///
    /// # Errors
    /// Output cannot be written.
    fn finish(&mut self, summary: &Summary) -> Result<(), Failure>;
}

/// The failure of an output that cannot be written.
pub(crate) fn unwritable(error: io::Error) -> Failure {
    Failure::new(Exit::Output, "cannot write the results").because(&error)
}
