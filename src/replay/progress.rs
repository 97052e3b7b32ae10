//! How far the reading has come: a bar on the terminal, when there is one and it takes long enough to want one.

use crate::host::clock::Stopwatch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::{Cell, OnceCell};
use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;

/// Counts what is read and shows it.
pub struct Progress {
    bytes: Rc<Cell<u64>>,
    total: Option<u64>,
    since: Stopwatch,
    calls: Cell<u32>,
    bar: OnceCell<ProgressBar>,
    shown: bool,
}

/// What is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);

impl Progress {
    /// A bar for so many bytes; none when `shown` is false.
    pub fn new(total: Option<u64>, shown: bool) -> Progress {
        let since = Stopwatch::start();
        Progress { bytes: Rc::default(), total, since, calls: Cell::new(0), bar: OnceCell::new(), shown }
    }

    /// Called for every record; draws now and then.
    pub fn tick(&self) {
        self.calls.set(self.calls.get().wrapping_add(1));
        if self.shown && self.calls.get().is_multiple_of(4096) && self.since.elapsed() > PATIENCE {
            self.bar.get_or_init(|| bar(self.total)).set_position(self.bytes.get());
        }
    }

    /// Called between inputs: everything up to here has been read, in whatever way.
    pub fn reach(&self, bytes: u64) {
        self.bytes.set(self.bytes.get().max(bytes));
    }

    /// Prints without a bar in the way.
    pub fn suspend(&self, print: impl FnOnce()) {
        match self.bar.get() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "reading {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "reading {spinner} {bytes}, {bytes_per_sec}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8)).with_style(style)
}

/// A reader that counts what is read.
pub struct Counted<R> {
    inner: R,
    bytes: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    /// Counts for this bar.
    pub fn new(inner: R, progress: &Progress) -> Counted<R> {
        Counted { inner, bytes: Rc::clone(&progress.bytes) }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}
