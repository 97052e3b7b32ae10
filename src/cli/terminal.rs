//! The terminal: is there one, how wide, in colour?

use crate::host::exit::Failure;
use crate::replay::show::style::{BOLD, paint};
use anstream::ColorChoice;
use anstyle::AnsiColor;
use clap::ValueEnum;
use std::ffi::OsString;
use std::io::Write;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says no
    Auto,
    /// Also in a file or a pipe
    Always,
    /// Not at all
    Never,
}

/// The widest that text is set: longer lines are hard to read.
const MAX_WIDTH: usize = 120;
/// Where nothing tells the width.
const DEFAULT_WIDTH: usize = 100;

/// Settles the colour of everything that is printed from now on.
pub fn set_color(color: Color) {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// The `--color` of a command line that may be wrong elsewhere.
pub fn early_color(args: &[OsString]) -> Color {
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

/// Columns of the terminal, within reason.
#[expect(clippy::disallowed_methods, reason = "COLUMNS tells the width where no terminal does")]
pub fn width() -> usize {
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    terminal.or(columns).unwrap_or(DEFAULT_WIDTH).clamp(40, MAX_WIDTH)
}

/// Prints an error with its causes.
pub fn print_error(failure: &Failure) {
    let label = paint(AnsiColor::Red.on_default().bold(), "error:");
    // Nobody is left to be told when standard error is gone.
    let _ = writeln!(anstream::stderr(), "{label} {failure}");
}

/// Text that stands out.
pub fn bold(text: &str) -> String {
    paint(BOLD, text)
}
