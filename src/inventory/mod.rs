//! INVENTORY: exports of the directory and of the CAs → facts of the estate, as events.
//!
//! An export is a table (CSV), a list of objects (JSON of PowerShell) or LDIF; of templates also the text of
//! `certutil -v -template`. A row that cannot be read is a mistake with its line, and costs no other row.

pub(crate) mod row;
mod date;
mod ldif;
mod certutil;
pub(crate) mod rows;
pub mod accounts;
pub mod templates;
pub mod issued;
pub mod hosts;

use crate::event::host::Host;
use crate::event::time::Time;
use crate::event::{Activity, Event, Origin};
use std::fmt;

/// The computer that imported facts name: none logged them.
const IMPORT: &str = "import";

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line at which the row begins, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
}

impl Mistake {
    pub(crate) fn new(line: u64, message: impl Into<String>) -> Mistake {
        Mistake { line, message: message.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

/// A fact, or the row that is none.
pub type Imported = Result<Activity, Mistake>;

/// The event that carries a fact: dated by the export, at its row.
pub(crate) fn event(file: &str, row: u64, exported: Time, activity: Activity) -> Event {
    let origin = Origin { source: file.to_owned(), offset: row, ..Origin::default() };
    Event { time: exported, computer: Host::new(IMPORT), origin, activity }
}
