//! Standard output whose reader may close it (`| head`): later output is dropped without an error.

use std::cell::Cell;
use std::io::{self, ErrorKind, Write};
use std::rc::Rc;

/// A writer that treats a broken pipe as success.
pub struct Pipe<'a> {
    inner: &'a mut dyn Write,
    closed: Rc<Cell<bool>>,
}

impl<'a> Pipe<'a> {
    /// Wraps a writer whose reader may close it.
    pub fn new(inner: &'a mut dyn Write) -> Pipe<'a> {
        Pipe { inner, closed: Rc::default() }
    }

    /// A flag that becomes true when the reader has closed the pipe.
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
