//! Opens an input, decompresses it, finds its framing and passes its records on.

use crate::replay::archive;
use crate::replay::framing::sniff::{Framing, sniff};
use crate::replay::framing::utf16::Transcoded;
use crate::replay::framing::{Sink, Stop, clixml, csv, documents, evtx, headings, lines, xml, yaml};
use crate::replay::holes::Holes;
use crate::replay::inputs::{Input, Source};
use crate::replay::peek::Peek;
use crate::replay::progress::{Counted, Progress};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// A limit on nested compression, against decompression bombs.
const MAX_LAYERS: u32 = 4;
const BUFFER_BYTES: usize = 256 * 1024;

/// How archives begin, and files that are compressed in a way that is not read. They hold exports, so none is skipped in silence. The members of a zip
/// file are inputs of their own; one in a pipe or in another archive has no place to seek in.
const ARCHIVES: [(&[u8], &str); 6] = [
    (archive::MAGIC, "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"MSCF\0\0\0\0", "cab"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
];

/// The mark in the head of the first file of a tar archive, and its place there.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// The kind of archive that bytes begin; none: they are no archive.
fn kind_of(head: &[u8]) -> Option<&'static str> {
    let (at, mark) = TAR;
    if head.get(at..).is_some_and(|rest| rest.starts_with(mark)) {
        return Some("tar");
    }
    ARCHIVES.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind)
}

type Stream<'a> = Peek<Box<dyn Read + 'a>>;

/// Passes the records of an input to `sink`.
///
/// # Errors
/// The input cannot be read to its end, holds no events in a known format, or `sink` failed.
pub(crate) fn read(input: &Input, progress: &Progress, sink: &mut Sink) -> Result<(), Stop> {
    let raw: Box<dyn Read> = match &input.source {
        Source::Stdin => Box::new(io::stdin().lock()),
        Source::File(path) => Box::new(File::open(path)?),
        Source::Member(_, member) => {
            return member
                .with(|raw| unwrapped(unwrap(Peek::new(Box::new(Counted::new(raw, progress))))?.0, sink));
        }
    };
    let (stream, layers) = unwrap(Peek::new(Box::new(Counted::new(raw, progress))))?;
    match &input.source {
        Source::File(path) if layers == 0 && path.is_file() && stream.head().starts_with(evtx::MAGIC) => {
            evtx::frame(File::open(path)?, sink)
        }
        Source::File(_) | Source::Stdin | Source::Member(..) => unwrapped(stream, sink),
    }
}

/// Passes the records of any bytes to `sink`, as [`read`] does with those of an input.
///
/// # Errors
/// The same.
pub fn stream(raw: Box<dyn Read>, sink: &mut Sink) -> Result<(), Stop> {
    unwrapped(unwrap(Peek::new(raw))?.0, sink)
}

fn unwrapped(stream: Stream<'_>, sink: &mut Sink) -> Result<(), Stop> {
    if let Some(kind) = kind_of(stream.head()) {
        let place = if kind == "zip" { " from a pipe or within an archive" } else { "" };
        return Err(Stop::Input(format!(
            "{kind} archives are not read{place}: unpack it, and name the directory"
        )));
    }
    if stream.head().starts_with(evtx::MAGIC) {
        return spool(stream, sink);
    }
    let transcoded: Box<dyn Read + '_> = Box::new(Transcoded::new(stream));
    text(Peek::new(transcoded), sink)
}

/// Removes gzip (of one or several members) and zstd, layer by layer.
fn unwrap(mut stream: Stream<'_>) -> Result<(Stream<'_>, u32), Stop> {
    for layer in 0..MAX_LAYERS {
        let inner: Box<dyn Read + '_> = match stream.head() {
            [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(stream))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::Decoder::new(stream)?),
            _ => return Ok((stream, layer)),
        };
        stream = Peek::new(inner);
    }
    Err(Stop::Input(format!("compressed more than {MAX_LAYERS} times")))
}

/// The reader of event logs seeks, so a stream is copied to a temporary file first. When the stream breaks off, the part
/// before that is read.
fn spool(mut stream: Stream, sink: &mut Sink) -> Result<(), Stop> {
    let mut file = tempfile::tempfile()?;
    let copied = io::copy(&mut stream, &mut file);
    file.seek(SeekFrom::Start(0))?;
    let framed = evtx::frame(file, sink);
    copied?;
    framed
}

fn text(stream: Stream, sink: &mut Sink) -> Result<(), Stop> {
    let mut stream = Peek::new(Holes::new(stream));
    let framing = sniff(stream.head(), stream.is_whole());
    if stream.head().starts_with(b"\xef\xbb\xbf") {
        stream.skip(3);
    }
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, stream);
    match framing {
        Framing::Empty => Ok(()),
        Framing::Lines => lines::frame(&mut reader, sink),
        Framing::Documents => documents::frame(&mut reader, sink),
        Framing::Xml => xml::frame(&mut reader, sink),
        Framing::Clixml => clixml::frame(&mut reader, sink),
        Framing::Headings => headings::frame(&mut reader, sink),
        Framing::Table => csv::frame(&mut reader, sink),
        Framing::Yaml => yaml::frame(&mut reader, sink),
        Framing::Unknown => {
            io::copy(&mut reader.take(1), &mut io::sink())?;
            Err(Stop::Unknown)
        }
    }
}
