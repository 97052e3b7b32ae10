//! An event log file that ends within a chunk: a copy of a log that grew, an upload that broke off.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// What stands before the chunks of a file.
pub(crate) const HEADER_BYTES: u64 = 4096;
/// The size of a chunk.
pub(crate) const CHUNK_BYTES: u64 = 64 * 1024;
const CHUNK_HEADER_BYTES: usize = 512;
/// Before the content of a record stand its mark, its size, its number and its time; the size stands behind it as well.
const RECORD_HEADER_BYTES: usize = 24;
const RECORD_MARK: &[u8] = b"**\0\0";

/// The file with its last chunk as long as a chunk: zeros stand for what is cut off, and for the record that the cut
/// goes through. The parser reads whole chunks only, and would take the rest of such a record for all of it.
pub(crate) struct WholeChunks {
    file: File,
    /// Where the zeros begin.
    zeros: u64,
    end: u64,
    at: u64,
}

impl WholeChunks {
    /// The chunks of a file of so many bytes.
    pub(crate) fn of(mut file: File, bytes: u64) -> io::Result<WholeChunks> {
        let rest = bytes.saturating_sub(HEADER_BYTES) % CHUNK_BYTES;
        file.seek(SeekFrom::Start(bytes - rest))?;
        let mut last = Vec::new();
        Read::by_ref(&mut file).take(rest).read_to_end(&mut last)?;
        let kept = whole_records(&last) as u64;
        file.seek(SeekFrom::Start(0))?;
        let missing = if kept > 0 { CHUNK_BYTES - rest } else { 0 };
        let zeros = if kept > 0 { bytes - rest + kept } else { bytes };
        Ok(WholeChunks { file, zeros, end: bytes + missing, at: 0 })
    }
}

/// Where the whole records at the beginning of a chunk end; 0 without any.
fn whole_records(chunk: &[u8]) -> usize {
    let mut end = CHUNK_HEADER_BYTES;
    while let Some(size) = whole_record(chunk.get(end..).unwrap_or_default()) {
        end += size;
    }
    if end > CHUNK_HEADER_BYTES { end } else { 0 }
}

/// The size of the record at the beginning of these bytes, when it is whole.
fn whole_record(bytes: &[u8]) -> Option<usize> {
    let size_at = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let size = size_at(RECORD_MARK.len()).filter(|_| bytes.starts_with(RECORD_MARK))?;
    let end = usize::try_from(size).ok().filter(|end| *end >= RECORD_HEADER_BYTES + 4)?;
    (end <= bytes.len() && size_at(end - 4) == Some(size)).then_some(end)
}

impl Read for WholeChunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let until = if self.at < self.zeros { self.zeros } else { self.end };
        let left = usize::try_from(until.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let buffer = &mut buffer[..length];
        let read = if self.at < self.zeros {
            self.file.read(buffer)?
        } else {
            buffer.fill(0);
            length
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for WholeChunks {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.file.seek(SeekFrom::Start(self.at.min(self.zeros)))?;
        Ok(self.at)
    }
}
