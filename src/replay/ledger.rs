//! The last revision of every alert, in order of time, without holding them all in memory.

use crate::alert::Alert;
use crate::host::exit::{Exit, Failure};
use crate::replay::sort::Sorter;

/// Takes every revision.
#[derive(Debug, Default)]
pub struct Ledger {
    revisions: Sorter,
}

impl Ledger {
    /// Adds a revision with its JSON.
    pub fn push(&mut self, alert: &Alert, json: &[u8]) -> Result<(), Failure> {
        let id = alert.alert_id.to_bits().to_be_bytes();
        self.revisions.push(&[&id[..], &alert.revision.to_be_bytes()].concat(), json)
    }

    /// The last revision of every alert, earliest first.
    pub fn finish(self) -> Result<impl Iterator<Item = Result<Alert, Failure>>, Failure> {
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
        Failure::new(Exit::Output, "cannot read back an alert from the sort").because(&error)
    })
}
