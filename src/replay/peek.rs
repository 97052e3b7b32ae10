//! A reader with a look-ahead: its first bytes can be inspected before they are read.

use std::io::{self, Read};

/// The size of the look-ahead.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;

/// A stream whose first bytes are held in memory.
pub(crate) struct Peek<R> {
    head: Vec<u8>,
    at: usize,
    /// The error that ended the look-ahead; the reader returns it after the head.
    error: Option<io::Error>,
    ended: bool,
    inner: R,
}

impl<R: Read> Peek<R> {
    /// Fills the look-ahead. A read error is kept and returned at its place in the stream.
    pub(crate) fn new(mut inner: R) -> Peek<R> {
        let mut head = vec![0; HEAD_BYTES];
        let (mut length, mut error, mut ended) = (0, None, false);
        while length < head.len() && error.is_none() && !ended {
            match inner.read(&mut head[length..]) {
                Ok(0) => ended = true,
                Ok(read) => length += read,
                Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => {}
                Err(other) => error = Some(other),
            }
        }
        head.truncate(length);
        Peek { head, at: 0, error, ended, inner }
    }

    /// The first [`HEAD_BYTES`] of the stream, or all of a shorter one.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the head is the whole stream.
    pub(crate) fn is_whole(&self) -> bool {
        self.ended
    }

    /// Skips the first bytes of the head, such as a byte order mark.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at = bytes.min(self.head.len());
    }
}

impl<R: Read> Read for Peek<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = &self.head[self.at..];
        if !rest.is_empty() {
            let length = rest.len().min(out.len());
            out[..length].copy_from_slice(&rest[..length]);
            self.at += length;
            return Ok(length);
        }
        match self.error.take() {
            Some(error) => Err(error),
            None if self.ended => Ok(0),
            None => self.inner.read(out),
        }
    }
}
