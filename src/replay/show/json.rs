//! One document: `{"alerts": […], "summary": {…}}`, with the last revision of every alert.

use crate::alert::Alert;
use crate::host::exit::Failure;
use crate::replay::pipe::Pipe;
use crate::replay::show::format::{Show, unwritable};
use crate::replay::summary::Summary;
use std::io::{self, Write};

/// Writes the document alert by alert, without holding it in memory.
pub(crate) struct Json<'a> {
    out: Pipe<'a>,
    is_first: bool,
}

impl<'a> Json<'a> {
    /// Writes the beginning of the document.
    ///
    /// # Errors
    /// Output cannot be written.
    pub(crate) fn start(mut out: Pipe<'a>) -> Result<Json<'a>, Failure> {
        out.write_all(b"{\"alerts\":[").map_err(unwritable)?;
        Ok(Json { out, is_first: true })
    }

    fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        let before: &[u8] = if std::mem::take(&mut self.is_first) { b"\n" } else { b",\n" };
        self.out.write_all(before)?;
        Ok(serde_json::to_writer(&mut self.out, alert)?)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        self.out.write_all(b"\n],\"summary\":")?;
        serde_json::to_writer(&mut self.out, summary)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

impl Show for Json<'_> {
    fn revision(&mut self, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    fn latest(&mut self, alert: &Alert) -> Result<(), Failure> {
        self.alert(alert).map_err(unwritable)
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), Failure> {
        self.end(summary).map_err(unwritable)
    }
}
