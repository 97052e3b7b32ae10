//! Width and colour of the terminal.

use crate::host::exit::{Exit, Failure};
use crate::replay::pipe::Pipe;
use crate::replay::show::Format;
use crate::replay::show::style::{BOLD, paint};
use anstream::ColorChoice;
use anstyle::AnsiColor;
use clap::ValueEnum;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always, also in a file or a pipe
    Always,
    /// Never, also on a terminal
    Never,
}

/// Text is set no wider than this: longer lines are hard to read.
const MAX_WIDTH: usize = 120;
/// The width where neither the terminal nor COLUMNS gives one.
const DEFAULT_WIDTH: usize = 100;

/// Sets the use of colour for everything that is printed from now on.
pub(crate) fn set_color(color: Color) {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// The value of `--color` in a command line that may be wrong elsewhere.
pub(crate) fn early_color(args: &[OsString]) -> Color {
    let mut words = args.iter().filter_map(|arg| arg.to_str()).skip(1);
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(value) => value.strip_prefix('='),
            None => None,
        };
        if let Some(color) = value.and_then(|value| Color::from_str(value, false).ok()) {
            return color;
        }
    }
    Color::Auto
}

/// Columns of the terminal, or those of COLUMNS; between 40 and 120.
#[expect(clippy::disallowed_methods, reason = "COLUMNS has the width where there is no terminal")]
pub(crate) fn width() -> usize {
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    terminal.or(columns).unwrap_or(DEFAULT_WIDTH).clamp(40, MAX_WIDTH)
}

/// Standard output, buffered. Colours of a table are removed where they are not wanted.
pub(crate) fn output(format: Format) -> Box<dyn Write> {
    match format {
        Format::Table => Box::new(io::BufWriter::new(anstream::stdout())),
        Format::Ndjson | Format::Json | Format::Csv | Format::Html | Format::Ocsf | Format::Ecs => {
            Box::new(io::BufWriter::with_capacity(64 * 1024, io::stdout()))
        }
    }
}

/// Writes a result to standard output. A reader that stops reading is no failure.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout();
    let mut out = Pipe::new(&mut stdout);
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::new(Exit::Output, "cannot write the result").because(&error))
}

/// Whether standard output is a terminal, or colour is forced as if it were.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal() || ColorChoice::global() == ColorChoice::Always
}

/// The text in red.
pub(crate) fn red(text: &str) -> String {
    paint(AnsiColor::Red.on_default(), text)
}

/// Prints an error and its causes to standard error.
pub(crate) fn print_error(failure: &Failure) {
    let label = paint(AnsiColor::Red.on_default().bold(), "error:");
    // A closed standard error is no reason to fail.
    let _ = writeln!(anstream::stderr(), "{label} {failure}");
}

/// The text in bold.
pub(crate) fn bold(text: &str) -> String {
    paint(BOLD, text)
}
