//! Records that were not understood, kept for a person to look at: one JSON object per line.

use crate::decode::Place;
use crate::decode::rejection::Rejection;
use crate::host::exit::{Exit, Failure};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The file.
#[derive(Debug)]
pub struct DeadLetter {
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
    /// Creates the file, or empties it.
    pub fn create(path: &Path) -> Result<DeadLetter, Failure> {
        let file = File::create(path).map_err(|error| unwritable(path, &error))?;
        Ok(DeadLetter { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Adds a record.
    pub fn write(&mut self, place: &Place, rejection: &Rejection, record: &[u8]) -> Result<(), Failure> {
        let text = std::str::from_utf8(record).ok();
        let line = Line {
            source: &place.source,
            offset: place.offset,
            reason: rejection.reason.as_str(),
            detail: &rejection.detail,
            record: text,
            record_base64: text.is_none().then(|| base64(record)),
        };
        let written = serde_json::to_writer(&mut self.file, &line).map_err(io::Error::from);
        written.and_then(|()| self.file.write_all(b"\n")).map_err(|error| unwritable(&self.path, &error))
    }

    /// Writes what is still held back.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| unwritable(&self.path, &error))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Output, format!("cannot write dead letters to {}", path.display())).because(error)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |n: usize| u32::from(group.get(n).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit <= group.len() { DIGITS[index as usize] as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_that_of_the_standard() {
        let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in pairs {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
        assert_eq!(super::base64(&[0xfb, 0xff]), "+/8=");
    }
}
