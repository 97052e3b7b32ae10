//! A progress bar on the terminal, shown when reading takes longer than half a second.

use crate::host::clock::Stopwatch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::{Cell, OnceCell};
use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;

/// Counts the bytes that are read and draws the bar.
pub(crate) struct Progress {
    bytes: Rc<Cell<u64>>,
    total: Option<u64>,
    since: Stopwatch,
    calls: Cell<u32>,
    bar: OnceCell<ProgressBar>,
    shown: bool,
}

/// The bar appears after this time.
const BAR_DELAY: Duration = Duration::from_millis(500);

impl Progress {
    /// A bar for `total` bytes, a spinner when the total is unknown, nothing when `shown` is false.
    pub(crate) fn new(total: Option<u64>, shown: bool) -> Progress {
        let since = Stopwatch::start();
        Progress { bytes: Rc::default(), total, since, calls: Cell::new(0), bar: OnceCell::new(), shown }
    }

    /// Counts a record; redraws once in 4096 records.
    pub(crate) fn tick(&self) {
        self.calls.set(self.calls.get().wrapping_add(1));
        if self.shown && self.calls.get().is_multiple_of(4096) && self.since.elapsed() > BAR_DELAY {
            self.bar.get_or_init(|| bar(self.total)).set_position(self.bytes.get());
        }
    }

    /// Advances the bar to `bytes` at the end of an input, however that was read.
    pub(crate) fn reach(&self, bytes: u64) {
        self.bytes.set(self.bytes.get().max(bytes));
    }

    /// Hides the bar while `print` writes to the terminal.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        match self.bar.get() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    pub(crate) fn finish(&self) {
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

/// A reader that adds what it reads to a bar.
pub(crate) struct Counted<R> {
    inner: R,
    bytes: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    /// Counts what is read from `inner` for this bar.
    pub(crate) fn new(inner: R, progress: &Progress) -> Counted<R> {
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
