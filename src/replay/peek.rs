//! A reader whose beginning can be looked at before it is read.

use std::io::{self, Read};

/// How much of the beginning is looked at.
pub const HEAD_BYTES: usize = 64 * 1024;

/// The beginning of a stream, then the rest of it.
pub struct Peek<R> {
    head: Vec<u8>,
    at: usize,
    /// What went wrong after the head was read: it is what comes next.
    error: Option<io::Error>,
    ended: bool,
    inner: R,
}

impl<R: Read> Peek<R> {
    /// Reads the beginning.
    pub fn new(mut inner: R) -> Peek<R> {
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

    /// The beginning: [`HEAD_BYTES`], or all there is.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the head is all there is.
    pub fn is_whole(&self) -> bool {
        self.ended
    }

    /// Leaves out a beginning that has been looked at.
    pub fn skip(&mut self, bytes: usize) {
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
