//! How alerts and the summary are written.

pub mod json;
pub mod ndjson;
pub mod style;
pub mod table;
pub mod text;
pub mod totals;

use crate::alert::Alert;
use crate::host::exit::{Exit, Failure};
use crate::replay::pipe::Pipe;
use crate::replay::summary::Summary;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person.
    Table,
    /// One line for every revision of an alert.
    Ndjson,
    /// One document.
    Json,
}

/// Writes results.
pub trait Show {
    /// A revision of an alert, as it happens: its JSON.
    fn revision(&mut self, json: &[u8]) -> Result<(), Failure>;
    /// The last revision of an alert, after all revisions, earliest alert first.
    fn latest(&mut self, alert: &Alert) -> Result<(), Failure>;
    /// The end.
    fn finish(&mut self, summary: &Summary) -> Result<(), Failure>;
}

/// Begins to write.
pub fn start<'a>(
    format: Format,
    out: Pipe<'a>,
    err: &'a mut dyn Write,
    width: usize,
) -> Result<Box<dyn Show + 'a>, Failure> {
    Ok(match format {
        Format::Table => Box::new(table::Table { out, width, actions: BTreeMap::new() }),
        Format::Ndjson => Box::new(ndjson::Ndjson { out, err, width }),
        Format::Json => Box::new(json::Json::start(out)?),
    })
}

/// Names what could not be written.
pub fn unwritable(error: io::Error) -> Failure {
    Failure::new(Exit::Output, "cannot write the results").because(&error)
}
