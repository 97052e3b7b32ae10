//! The output formats of a replay.

pub(crate) mod format;
pub(crate) mod style;
pub(crate) mod text;
pub(crate) mod coverage;
pub(crate) mod totals;
pub(crate) mod table;
pub(crate) mod ndjson;
pub(crate) mod json;
pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod both;

pub use format::{Format, Show};

use crate::encode::{ecs, ocsf};
use crate::host::exit::Failure;
use crate::replay::pipe::Pipe;
use std::collections::BTreeMap;
use std::io::Write;

/// Starts the output.
///
/// # Errors
/// Output cannot be written.
pub fn start<'a>(
    format: Format,
    out: Pipe<'a>,
    err: &'a mut dyn Write,
    width: usize,
) -> Result<Box<dyn Show + 'a>, Failure> {
    Ok(match format {
        Format::Table => Box::new(table::Table { out, width, actions: BTreeMap::new() }),
        Format::Ndjson => Box::new(ndjson::Ndjson { out, err, width, encode: None }),
        Format::Ocsf => Box::new(ndjson::Ndjson { out, err, width, encode: Some(ocsf::finding) }),
        Format::Ecs => Box::new(ndjson::Ndjson { out, err, width, encode: Some(ecs::document) }),
        Format::Json => Box::new(json::Json::start(out)?),
        Format::Html => Box::new(html::Html::new(out, Some((err, width)))),
        Format::Csv => Box::new(csv::Csv::start(out, err, width)?),
    })
}
