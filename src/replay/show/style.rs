//! Colours. They are always written; the stream takes them out where they are not wanted.

use crate::alert::Severity;
use anstyle::{AnsiColor, Color, Style};

/// What is said beside the matter.
pub const DIM: Style = Style::new().dimmed();
/// What the eye looks for.
pub const BOLD: Style = Style::new().bold();
/// What needs attention in the totals.
pub const WARN: Style = AnsiColor::Yellow.on_default();

/// The colour of a severity.
pub const fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Informational => Style::new().dimmed(),
        Severity::Low => AnsiColor::Cyan.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Critical => Style::new()
            .fg_color(Some(Color::Ansi(AnsiColor::White)))
            .bg_color(Some(Color::Ansi(AnsiColor::Red)))
            .bold(),
    }
}

/// The text in that style.
pub fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}
