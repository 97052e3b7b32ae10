//! Colours. They are always written; `anstream` removes them where they are not wanted.

use crate::alert::Severity;
use anstyle::{AnsiColor, Color, Style};

/// The style of labels and remarks.
pub(crate) const DIM: Style = Style::new().dimmed();
/// The style of titles.
pub(crate) const BOLD: Style = Style::new().bold();
/// Totals that need attention.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();

/// The colour of a severity.
pub(crate) const fn severity(severity: Severity) -> Style {
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

/// The text in that style; nothing for an empty text.
pub(crate) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}
