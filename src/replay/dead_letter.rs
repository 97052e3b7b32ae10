//! The file of `--dead-letter`: rejected records with their reasons, one JSON object per line.

use crate::decode::Place;
use crate::decode::rejection::Rejection;
use crate::host::exit::{Exit, Failure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes rejected records to a file.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    path: PathBuf,
    file: BufWriter<File>,
}

#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    offset: u64,
    reason: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_base64: Option<String>,
}

impl DeadLetter {
    /// Creates the file, or truncates it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn create(path: &Path) -> Result<DeadLetter, Failure> {
        let file = File::create(path).map_err(|error| unwritable(path, &error))?;
        Ok(DeadLetter { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Appends a record. Bytes that are no UTF-8 are written as base64.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(
        &mut self,
        place: &Place,
        rejection: &Rejection,
        record: &[u8],
    ) -> Result<(), Failure> {
        let text = std::str::from_utf8(record).ok();
        let line = Line {
            source: &place.source,
            offset: place.offset,
            reason: rejection.reason.as_str(),
            detail: &rejection.detail,
            record: text,
            record_base64: text.is_none().then(|| STANDARD.encode(record)),
        };
        let written = serde_json::to_writer(&mut self.file, &line).map_err(io::Error::from);
        written.and_then(|()| self.file.write_all(b"\n")).map_err(|error| unwritable(&self.path, &error))
    }

    /// Flushes the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| unwritable(&self.path, &error))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Output, format!("cannot write dead letters to {}", path.display())).because(error)
}
