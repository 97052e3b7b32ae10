//! Windows' own event log files. A damaged record or chunk is named, the rest goes on.

use crate::host::exit::chain;
use crate::replay::framing::carry::emit;
use crate::replay::framing::{Content, Frame, Sink, Stop};
use evtx::EvtxParser;
use evtx::err::{ChunkError, EvtxError};
use std::fs::File;
use std::io::{Seek, SeekFrom};

/// How such a file begins.
pub(crate) const MAGIC: &[u8] = b"ElfFile\0";

const HEADER_BYTES: u64 = 4096;
const CHUNK_BYTES: u64 = 64 * 1024;

/// Hands on every record as XML, numbered from 1.
pub(crate) fn frame(mut file: File, sink: &mut Sink) -> Result<(), Stop> {
    let bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut parser = EvtxParser::from_read_seek(file).map_err(|error| Stop::Input(said(&error)))?;
    let chunks = u64::from(parser.header().chunk_count);
    let (mut number, mut behind_the_end) = (0, Vec::new());
    for record in parser.records() {
        number += 1;
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
    truncated(bytes, chunks).map_or(Ok(()), |why| damaged(number + 1, &why, sink))
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
