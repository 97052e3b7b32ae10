//! The last revision of every alert, by the time of its first event. Sorts on disk, so memory stays bounded.

use crate::alert::Alert;
use crate::host::exit::{Exit, Failure};
use crate::replay::sort::Sorter;

/// Collects all revisions, and returns the last one of each alert.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    revisions: Sorter,
}

impl Ledger {
    /// Adds a revision, with its JSON.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(crate) fn push(&mut self, alert: &Alert, json: &[u8]) -> Result<(), Failure> {
        let id = alert.alert_id.to_bits().to_be_bytes();
        self.revisions.push(&[&id[..], &alert.revision.to_be_bytes()].concat(), json)
    }

    /// The last revision of every alert, earliest first.
    ///
    /// # Errors
    /// A temporary file cannot be written or read.
    pub(crate) fn finish(self) -> Result<impl Iterator<Item = Result<Alert, Failure>>, Failure> {
        let mut by_time = Sorter::default();
        let mut revisions = self.revisions.finish()?.peekable();
        while let Some(revision) = revisions.next().transpose()? {
            let id = &revision.0[..16];
            let superseded =
                revisions.peek().is_some_and(|next| next.as_ref().is_ok_and(|next| &next.0[..16] == id));
            if !superseded {
                let alert = read(&revision.1)?;
                let time = alert.first_seen.as_millis().cast_unsigned() ^ (1 << 63);
                by_time.push(&[&time.to_be_bytes()[..], id].concat(), &revision.1)?;
            }
        }
        Ok(by_time.finish()?.map(|item| read(&item?.1)))
    }
}

fn read(json: &[u8]) -> Result<Alert, Failure> {
    serde_json::from_slice(json).map_err(|error| {
        Failure::new(Exit::Output, "cannot read an alert back from the temporary file").because(&error)
    })
}
