//! A table for a spreadsheet: a heading, and one row for the last revision of each alert. The totals go to standard error.

use crate::alert::Alert;
use crate::host::exit::{Exit, Failure};
use crate::replay::pipe::Pipe;
use crate::replay::show::format::{Show, unwritable};
use crate::replay::show::text::plain;
use crate::replay::show::totals::Totals;
use crate::replay::summary::Summary;
use std::borrow::Cow;
use std::io::Write;

/// Writes alerts as rows.
pub(crate) struct Csv<'a> {
    out: csv::Writer<Pipe<'a>>,
    err: &'a mut dyn Write,
    width: usize,
}

const HEADING: [&str; 18] = [
    "first_seen",
    "last_seen",
    "severity",
    "detection",
    "title",
    "why_suspicious",
    "requester_domain",
    "requester_account",
    "used_by_domain",
    "used_by_account",
    "computer",
    "remote_host",
    "remote_ip",
    "path",
    "san_values",
    "templates",
    "certificate_serial",
    "alert_id",
];

impl<'a> Csv<'a> {
    /// Writes the heading.
    ///
    /// # Errors
    /// Output cannot be written.
    pub(crate) fn start(out: Pipe<'a>, err: &'a mut dyn Write, width: usize) -> Result<Csv<'a>, Failure> {
        let mut table = Csv { out: csv::Writer::from_writer(out), err, width };
        table.row(HEADING)?;
        Ok(table)
    }

    fn row<T: AsRef<[u8]>>(&mut self, row: impl IntoIterator<Item = T>) -> Result<(), Failure> {
        self.out
            .write_record(row)
            .map_err(|error| Failure::new(Exit::Output, "cannot write the results").because(&error))
    }
}

impl Show for Csv<'_> {
    fn revision(&mut self, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    fn latest(&mut self, alert: &Alert) -> Result<(), Failure> {
        let cells = cells(alert);
        self.row(cells.iter().map(|cell| plain(&harmless(cell))))
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), Failure> {
        self.out.flush().map_err(unwritable)?;
        // A closed standard error is no reason to fail.
        let _ = Totals { out: self.err, width: self.width }.short(summary);
        Ok(())
    }
}

/// The values below [`HEADING`]; lists are joined by `; `.
fn cells(alert: &Alert) -> [String; 18] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        alert.first_seen.to_string(),
        alert.last_seen.to_string(),
        alert.severity.to_string(),
        alert.detection.clone(),
        alert.title.clone(),
        alert.why_suspicious.clone(),
        text(&alert.requester_domain),
        text(&alert.requester_account),
        text(&alert.used_by_domain),
        text(&alert.used_by_account),
        alert.computer.as_ref().map(ToString::to_string).unwrap_or_default(),
        alert.remote_host.as_ref().map(ToString::to_string).unwrap_or_default(),
        text(&alert.remote_ip),
        text(&alert.path),
        alert.san_values.join("; "),
        alert.templates.join("; "),
        text(&alert.certificate_serial),
        alert.alert_id.to_string(),
    ]
}

/// A spreadsheet takes a cell that begins like this for a formula, and an attacker may have written it: `'` makes it text.
fn harmless(cell: &str) -> Cow<'_, str> {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_is_neither_a_formula_nor_a_sequence_of_a_terminal() {
        let shown = |cell: &str| plain(&harmless(cell));
        assert_eq!(shown("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(shown("\t=1"), "' =1");
        assert_eq!(shown("CORP\\a\u{1b}[2J\u{202e}"), "CORP\\a\\u{1b}[2J\\u{202e}");
    }
}
