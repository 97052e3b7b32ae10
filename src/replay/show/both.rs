//! Two outputs of one replay: the alerts, and a report beside them.

use crate::alert::Alert;
use crate::host::exit::Failure;
use crate::replay::show::format::Show;
use crate::replay::summary::Summary;

/// Passes everything to both.
pub(crate) struct Both<'a>(pub Box<dyn Show + 'a>, pub Box<dyn Show + 'a>);

impl Show for Both<'_> {
    fn revision(&mut self, json: &[u8]) -> Result<(), Failure> {
        self.0.revision(json).and_then(|()| self.1.revision(json))
    }

    fn latest(&mut self, alert: &Alert) -> Result<(), Failure> {
        self.0.latest(alert).and_then(|()| self.1.latest(alert))
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), Failure> {
        self.0.finish(summary).and_then(|()| self.1.finish(summary))
    }
}
