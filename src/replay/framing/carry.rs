//! A record that is put together from several reads, up to the bound.

use crate::replay::framing::{Content, Frame, MAX_RECORD, Sink, Stop};
use crate::replay::holes;

/// The beginning of a record whose end has not been read yet.
#[derive(Debug, Default)]
pub(crate) struct Carry {
    bytes: Vec<u8>,
    length: u64,
}

/// How much of a record that is too large is kept, to show how it begins.
const KEPT: usize = 4096;

impl Carry {
    /// Whether there is nothing yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether it has outgrown the bound.
    pub(crate) fn is_too_large(&self) -> bool {
        self.length > MAX_RECORD as u64
    }

    /// Adds the next part of the record. Beyond the bound it keeps only the beginning.
    pub(crate) fn push(&mut self, part: &[u8]) {
        self.length += part.len() as u64;
        if self.is_too_large() {
            self.bytes.extend_from_slice(&part[..part.len().min(KEPT.saturating_sub(self.bytes.len()))]);
            self.bytes.truncate(KEPT);
        } else {
            self.bytes.extend_from_slice(part);
        }
    }

    /// Adds the end of the record and hands it on.
    pub(crate) fn emit(&mut self, end: &[u8], number: u64, sink: &mut Sink) -> Result<(), Stop> {
        if self.is_empty() {
            return emit_line(end, number, sink);
        }
        self.push(end);
        let (start, length) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.length));
        let result = match length > MAX_RECORD as u64 {
            true => sink(Frame { number, content: Content::TooLarge { start: &start, length } })
                .map_err(Stop::from),
            false => emit_line(&start, number, sink),
        };
        self.bytes = start;
        self.bytes.clear();
        self.bytes.shrink_to(64 * 1024);
        result
    }
}

/// Hands on what a line holds: one record, or more where a hole ends one.
pub(crate) fn emit_line(line: &[u8], number: u64, sink: &mut Sink) -> Result<(), Stop> {
    holes::between(line).try_for_each(|record| emit(record, number, sink))
}

/// Hands on a record that is whole; white space around it is none of it.
pub(crate) fn emit(record: &[u8], number: u64, sink: &mut Sink) -> Result<(), Stop> {
    let record = record.trim_ascii();
    if record.is_empty() {
        return Ok(());
    }
    let content = match record.len() > MAX_RECORD {
        true => Content::TooLarge { start: &record[..KEPT], length: record.len() as u64 },
        false => Content::Record(record),
    };
    Ok(sink(Frame { number, content })?)
}
