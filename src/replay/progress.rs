//! A progress bar on the terminal, shown when reading takes longer than half a second.

use crate::host::clock::Stopwatch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::{Cell, OnceCell};
use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;

/// Counts the bytes that are read and draws the bar.
pub(crate) struct Progress {
    calls: Cell<u32>,
    line: Rc<Line>,
}

/// What is counted, and the line on the terminal that shows it.
struct Line {
    bytes: Cell<u64>,
    total: Option<u64>,
    since: Stopwatch,
    bar: OnceCell<ProgressBar>,
    shown: bool,
}

/// The bar appears after this time.
const BAR_DELAY: Duration = Duration::from_millis(500);

impl Progress {
    /// A bar for `total` bytes, a spinner when the total is unknown, nothing when `shown` is false.
    pub(crate) fn new(total: Option<u64>, shown: bool) -> Progress {
        let since = Stopwatch::start();
        let line = Line { bytes: Cell::new(0), total, since, bar: OnceCell::new(), shown };
        Progress { calls: Cell::new(0), line: Rc::new(line) }
    }

    /// Counts a record; redraws once in 4096 records.
    pub(crate) fn tick(&self) {
        self.calls.set(self.calls.get().wrapping_add(1));
        if self.calls.get().is_multiple_of(4096) {
            self.line.draw();
        }
    }

    /// Advances the bar to `bytes` at the end of an input, however that was read.
    pub(crate) fn reach(&self, bytes: u64) {
        self.line.bytes.set(self.line.bytes.get().max(bytes));
    }

    /// Hides the bar while `print` writes to the terminal.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        match self.line.bar.get() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = self.line.bar.get() {
            bar.finish_and_clear();
        }
    }
}

impl Line {
    fn draw(&self) {
        if self.shown && self.since.elapsed() > BAR_DELAY {
            self.bar.get_or_init(|| bar(self.total)).set_position(self.bytes.get());
        }
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "reading {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "reading {spinner} {bytes}, {bytes_per_sec}, {elapsed}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8)).with_style(style);
    // The time goes on while a slow input has nothing to read.
    bar.enable_steady_tick(BAR_DELAY);
    bar
}

/// A reader that adds what it reads to a bar.
pub(crate) struct Counted<R> {
    inner: R,
    line: Rc<Line>,
}

impl<R> Counted<R> {
    /// Counts what is read from `inner` for this bar.
    pub(crate) fn new(inner: R, progress: &Progress) -> Counted<R> {
        Counted { inner, line: Rc::clone(&progress.line) }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.line.bytes.set(self.line.bytes.get() + read as u64);
        // A slow input has few records: it is drawn whenever something arrives.
        self.line.draw();
        Ok(read)
    }
}
