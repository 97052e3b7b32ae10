//! One line of JSON for every revision of an alert on standard output. The totals go to standard error.

use crate::alert::Alert;
use crate::host::exit::Failure;
use crate::replay::pipe::Pipe;
use crate::replay::show::format::{Show, unwritable};
use crate::replay::show::totals::Totals;
use crate::replay::summary::Summary;
use serde_json::Value;
use std::io::Write;

/// Writes revisions as lines.
pub(crate) struct Ndjson<'a> {
    /// Standard output, for the alerts.
    pub out: Pipe<'a>,
    /// Standard error, for the totals.
    pub err: &'a mut dyn Write,
    /// Columns of the terminal.
    pub width: usize,
    /// The JSON of another schema; none: ours.
    pub encode: Option<fn(&Alert) -> Value>,
}

impl Show for Ndjson<'_> {
    fn revision(&mut self, json: &[u8]) -> Result<(), Failure> {
        let other = match self.encode {
            Some(encode) => serde_json::from_slice(json).map(|alert| encode(&alert).to_string()).ok(),
            None => None,
        };
        let json = other.as_deref().map_or(json, str::as_bytes);
        self.out.write_all(json).and_then(|()| self.out.write_all(b"\n")).map_err(unwritable)
    }

    fn latest(&mut self, _: &Alert) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), Failure> {
        self.out.flush().map_err(unwritable)?;
        // A closed standard error is no reason to fail.
        let _ = Totals { out: self.err, width: self.width }.short(summary);
        Ok(())
    }
}
