//! Windows' own event log files. A damaged record or chunk is named, the rest goes on.

use crate::service::exit::chain;
use crate::service::replay::framing::carry::emit;
use crate::service::replay::framing::{Content, Frame, Sink, Stop};
use evtx::err::EvtxError;
use evtx::{EvtxParser, SerializedEvtxRecord};
use std::fs::File;
use std::io::{Seek, SeekFrom};

/// How such a file begins.
pub const MAGIC: &[u8] = b"ElfFile\0";

const HEADER_BYTES: u64 = 4096;
const CHUNK_BYTES: u64 = 64 * 1024;

/// Hands on every record as XML, numbered from 1.
pub fn frame(mut file: File, sink: &mut Sink) -> Result<(), Stop> {
    let bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut parser = EvtxParser::from_read_seek(file).map_err(|error| Stop::Input(said(&error)))?;
    let mut number = 0;
    for record in parser.records() {
        number += 1;
        hand_on(record, number, sink)?;
    }
    match truncated(bytes, u64::from(parser.header().chunk_count)) {
        Some(why) => Ok(sink(Frame { number: number + 1, content: Content::Damaged(&why) })?),
        None => Ok(()),
    }
}

fn hand_on(
    record: Result<SerializedEvtxRecord<String>, EvtxError>,
    number: u64,
    sink: &mut Sink,
) -> Result<(), Stop> {
    match record {
        Ok(record) => emit(record.data.as_bytes(), number, sink),
        Err(error) => Ok(sink(Frame { number, content: Content::Damaged(&said(&error)) })?),
    }
}

fn said(error: &EvtxError) -> String {
    chain(error).join(": ").to_lowercase()
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
