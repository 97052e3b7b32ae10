//! One line of JSON for every revision of an alert on standard output. The totals go to standard error.

use crate::alert::Alert;
use crate::host::exit::Failure;
use crate::replay::pipe::Pipe;
use crate::replay::show::format::{Show, unwritable};
use crate::replay::show::totals::Totals;
use crate::replay::summary::Summary;
use std::io::Write;

/// Writes revisions as lines.
pub(crate) struct Ndjson<'a> {
    /// Standard output, for the alerts.
    pub out: Pipe<'a>,
    /// Standard error, for the totals.
    pub err: &'a mut dyn Write,
    /// Columns of the terminal.
    pub width: usize,
}

impl Show for Ndjson<'_> {
    fn revision(&mut self, json: &[u8]) -> Result<(), Failure> {
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
