//! Windows' own event log files. A damaged record or chunk is named, the rest goes on. Of a chunk that is cut off, the
//! whole records are read.

use crate::host::exit::chain;
use crate::replay::framing::carry::emit;
use crate::replay::framing::evtx_cut::{CHUNK_BYTES, HEADER_BYTES, WholeChunks};
use crate::replay::framing::{Content, Frame, Sink, Stop};
use evtx::EvtxParser;
use evtx::err::{ChunkError, EvtxError};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// How such a file begins.
pub(crate) const MAGIC: &[u8] = b"ElfFile\0";

/// Hands on every record as XML, numbered from 1.
pub(crate) fn frame(mut file: File, sink: &mut Sink) -> Result<(), Stop> {
    let bytes = file.seek(SeekFrom::End(0))?;
    let mut named = Named::of(&mut file, bytes)?;
    let chunks = WholeChunks::of(file, bytes)?;
    let mut parser = EvtxParser::from_read_seek(chunks).map_err(|error| Stop::Input(said(&error)))?;
    let chunks = u64::from(parser.header().chunk_count);
    let (mut number, mut behind_the_end) = (0, Vec::new());
    for record in parser.records() {
        number += 1;
        named.note(&record);
        match record {
            Err(error) if is_no_chunk_behind(&error, chunks) => behind_the_end.push((number, said(&error))),
            Err(error) => damaged(number, &said(&error), sink)?,
            Ok(record) => {
                for (number, why) in behind_the_end.drain(..) {
                    damaged(number, &why, sink)?;
                }
                emit(record.data.as_bytes(), number, sink)?;
            }
        }
    }
    for why in truncated(bytes, chunks).into_iter().chain(named.missing()) {
        damaged(number + 1, &why, sink)?;
    }
    Ok(())
}

/// The records that the headers of the chunks name. Where a copy of an open log has zeros in their place, and where a
/// header was altered to hide them, nothing else shows that they are missing.
struct Named {
    chunks: Vec<Chunk>,
    /// The chunk that is read.
    at: usize,
}

#[derive(Default)]
struct Chunk {
    first: u64,
    count: u64,
    found: u64,
    /// Other damage of it was named.
    is_damaged: bool,
}

impl Chunk {
    /// No chunk holds more records.
    const MAX_RECORDS: u64 = CHUNK_BYTES / 32;

    /// A chunk without a readable header names none.
    fn of(header: &[u8; 40]) -> Chunk {
        let id = |at: usize| header[at..at + 8].iter().rev().fold(0, |id, byte| id << 8 | u64::from(*byte));
        let count = id(32).checked_sub(id(24)).map(|more| more.saturating_add(1));
        let count = count.filter(|count| *count <= Chunk::MAX_RECORDS && header.starts_with(b"ElfChnk\0"));
        Chunk { first: id(24), count: count.unwrap_or(0), ..Chunk::default() }
    }

    fn has(&self, id: u64) -> bool {
        id.checked_sub(self.first).is_some_and(|at| at < self.count)
    }
}

impl Named {
    fn of(file: &mut File, bytes: u64) -> io::Result<Named> {
        let mut chunks = Vec::new();
        for chunk in 0..bytes.saturating_sub(HEADER_BYTES) / CHUNK_BYTES {
            let mut header = [0; 40];
            file.seek(SeekFrom::Start(HEADER_BYTES + chunk * CHUNK_BYTES))?;
            file.read_exact(&mut header)?;
            chunks.push(Chunk::of(&header));
        }
        Ok(Named { chunks, at: 0 })
    }

    fn note<T>(&mut self, record: &Result<evtx::SerializedEvtxRecord<T>, EvtxError>) {
        let id = match record {
            Ok(record) => Some(record.event_record_id),
            Err(EvtxError::FailedToParseRecord { record_id, .. }) => Some(*record_id),
            Err(_) => None,
        };
        let Some(id) = id else {
            // Which chunk it is, the error may not name: the one that is read, or the next.
            self.chunks.iter_mut().skip(self.at).take(2).for_each(|chunk| chunk.is_damaged = true);
            return;
        };
        // Chunks are read in their order; few of them, if any, have no record.
        let next = self.chunks.iter().skip(self.at).take(16).position(|chunk| chunk.has(id));
        if let Some(next) = next {
            self.at += next;
            self.chunks[self.at].found += 1;
        }
    }

    /// The chunks that named more records than were found.
    fn missing(self) -> impl Iterator<Item = String> {
        let chunks = self.chunks.into_iter().enumerate();
        let missing = chunks.filter(|(_, chunk)| !chunk.is_damaged && chunk.found < chunk.count);
        missing.map(|(at, chunk)| {
            format!("chunk {at} has {} of the {} records that its header names", chunk.found, chunk.count)
        })
    }
}

fn damaged(number: u64, why: &str, sink: &mut Sink) -> Result<(), Stop> {
    Ok(sink(Frame { number, content: Content::Damaged(why) })?)
}

/// Whether this is no chunk, behind those that the header names. A log that was copied while it was open ends in space
/// that was never written; only when records follow is it damage.
fn is_no_chunk_behind(error: &EvtxError, chunks: u64) -> bool {
    let EvtxError::FailedToParseChunk { chunk_id, source } = error else { return false };
    *chunk_id >= chunks && matches!(**source, ChunkError::FailedToParseChunkHeader(_))
}

/// The error with its causes; the parser's general remarks say nothing of this file.
fn said(error: &EvtxError) -> String {
    let said = chain(error).into_iter().filter(|text| !text.starts_with("An error occurred"));
    let said = said.collect::<Vec<_>>().join(": ");
    let mut letters = said.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A file that ends within a chunk, or before the number of chunks that its header names. The header of a log that was
/// not closed may name too few, never too many.
fn truncated(bytes: u64, chunks: u64) -> Option<String> {
    let body = bytes.saturating_sub(HEADER_BYTES);
    let (whole, rest) = (body / CHUNK_BYTES, body % CHUNK_BYTES);
    (rest != 0 || whole < chunks).then(|| {
        format!("truncated: {whole} of {} chunks are whole", chunks.max(whole + u64::from(rest != 0)))
    })
}
