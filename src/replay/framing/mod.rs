//! BYTES OF A FILE → RECORDS, streaming: nothing is held but the record at hand, and that has a bound.

pub(crate) mod carry;
pub mod documents;
pub(crate) mod evtx_cut;
pub(crate) mod evtx;
pub mod lines;
pub(crate) mod headings;
pub(crate) mod csv;
pub(crate) mod clixml;
pub(crate) mod yaml;
pub(crate) mod sniff;
pub(crate) mod utf16;
pub mod xml;

use crate::host::exit::Failure;
use std::io;

/// The longest record that is read.
pub const MAX_RECORD: usize = 1024 * 1024;

/// One record of a file, or what is in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Number of the line, or of the record, from 1.
    pub number: u64,
    /// The record, or the reason why there is none.
    pub content: Content<'a>,
}

/// What was found in the place of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// The bytes of one record.
    Record(&'a [u8]),
    /// A record longer than [`MAX_RECORD`]: its beginning and its length, as far as it is known.
    TooLarge {
        /// The bytes of its beginning that were kept.
        start: &'a [u8],
        /// Its length in bytes.
        length: u64,
    },
    /// A part of the file that holds no record any more.
    Damaged(&'a str),
}

/// Takes each frame as it is read. A failure ends the replay.
pub type Sink<'a> = dyn FnMut(Frame<'_>) -> Result<(), Failure> + 'a;

/// Why a file was not read to its end.
#[derive(Debug)]
pub enum Stop {
    /// The file is to blame: the next one may be better.
    Input(String),
    /// It holds nothing that is read here.
    Unknown,
    /// We are to blame: there is no sense in going on.
    Failure(Failure),
}

impl From<String> for Stop {
    fn from(why: String) -> Stop {
        Stop::Input(why)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Input(error.to_string())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failure(failure)
    }
}
