//! Standard output whose reader may leave at any time: from then on what is written is dropped, quietly.

use std::cell::Cell;
use std::io::{self, ErrorKind, Write};
use std::rc::Rc;

/// A writer that does not mind when nobody reads it any more.
pub struct Pipe<'a> {
    inner: &'a mut dyn Write,
    closed: Rc<Cell<bool>>,
}

impl<'a> Pipe<'a> {
    /// Writes to this.
    pub fn new(inner: &'a mut dyn Write) -> Pipe<'a> {
        Pipe { inner, closed: Rc::default() }
    }

    /// Tells whether the reader has left.
    pub fn closed(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.closed)
    }

    fn quietly<T>(&self, written: io::Result<T>, dropped: T) -> io::Result<T> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed.set(true);
                Ok(dropped)
            }
            other => other,
        }
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed.get() {
            return Ok(bytes.len());
        }
        let written = self.inner.write(bytes);
        self.quietly(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed.get() {
            return Ok(());
        }
        let flushed = self.inner.flush();
        self.quietly(flushed, ())
    }
}
