//! The totals of a replay: alerts, records, events, and inputs that were not read.

use crate::alert::Severity;
use crate::replay::names::in_words;
use crate::replay::show::coverage;
use crate::replay::show::style::{BOLD, DIM, WARN, paint, severity};
use crate::replay::show::text::{count, counted, plain, wrap};
use crate::replay::summary::{Listed, Summary};
use anstyle::Style;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the totals as text.
pub(crate) struct Totals<'a> {
    pub out: &'a mut dyn Write,
    /// Columns of the terminal.
    pub width: usize,
}

/// The most entries of a list that are shown; the rest is counted.
const MAX_SHOWN: usize = 10;
/// The width of the column of names.
const NAME: usize = 28;
/// The width of the column of numbers.
const NUMBER: usize = 12;

impl Totals<'_> {
    /// All totals.
    ///
    /// # Errors
    /// Output cannot be written.
    pub(crate) fn long(&mut self, summary: &Summary) -> io::Result<()> {
        writeln!(self.out, "{}", paint(BOLD, &headline(summary)))?;
        self.alerts(summary)?;
        self.records(summary)?;
        self.events(summary)?;
        self.coverage(summary)?;
        self.rejections(summary)?;
        self.training(summary)?;
        self.list("not read", WARN, &summary.unread)?;
        self.list("skipped", Style::new(), &summary.skipped)
    }

    /// The headline and what needs attention, for standard error.
    ///
    /// # Errors
    /// Output cannot be written.
    pub(crate) fn short(&mut self, summary: &Summary) -> io::Result<()> {
        let records = summary.records;
        writeln!(self.out, "{}: {}", headline(summary), alert_counts(summary))?;
        writeln!(
            self.out,
            "{} filtered, {} ignored, {} rejected, {}",
            count(records.filtered),
            count(records.ignored),
            count(records.rejected),
            counted(records.events, "event"),
        )?;
        if summary.bad_text > 0 {
            writeln!(
                self.out,
                "{}: bytes that are no text were replaced, or a field that cannot be read left out",
                counted(summary.bad_text, "record")
            )?;
        }
        self.rejections(summary)?;
        self.training(summary)?;
        summary.expired.iter().try_for_each(|text| self.wrapped(text))?;
        coverage::blind(&summary.coverage).iter().try_for_each(|text| self.wrapped(text))
    }

    fn alerts(&mut self, summary: &Summary) -> io::Result<()> {
        let alerts = &summary.alerts;
        self.title("alerts", Style::new(), alerts.total, "")?;
        for (detection, counts) in &alerts.by_detection {
            let counts = severities(counts, |level, text| paint(severity(level), &text));
            writeln!(self.out, "    {:<NAME$} {counts}", plain(detection))?;
        }
        if alerts.shown < alerts.total {
            self.note(&format!(
                "{} not shown: --min-severity, --since, --detection",
                count(alerts.total - alerts.shown)
            ))?;
        }
        for (detection, n) in &summary.suppressed {
            self.note(&format!("{detection}: {} suppressed", counted(*n, "finding")))?;
        }
        for (detection, n) in &summary.excepted {
            self.note(&format!("{detection}: {} withheld by exceptions", counted(*n, "alert")))?;
        }
        Ok(())
    }

    fn records(&mut self, summary: &Summary) -> io::Result<()> {
        let records = summary.records;
        self.title("records", Style::new(), records.total, "")?;
        self.row("filtered", records.filtered, "dropped by the prefilter")?;
        self.row("ignored", records.ignored, "no event that a detection uses")?;
        self.row("rejected", records.rejected, "malformed or incomplete")?;
        self.row("events", records.events, "decoded")?;
        match summary.bad_text {
            0 => Ok(()),
            n => self.note(&format!(
                "{}, in which bytes that are no text were replaced, or a field that cannot be read left out",
                counted(n, "record")
            )),
        }
    }

    fn events(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.events.is_empty() {
            return Ok(());
        }
        self.title("events", Style::new(), summary.records.events, "")?;
        for kind in &summary.events {
            let id = kind.event_id.map_or_else(String::new, |id| id.to_string());
            let name = format!("{id:>5} {}", in_words(kind.activity));
            self.row(&name, kind.concerned + kind.unconcerned, &coverage::span(kind))?;
            if kind.unconcerned > 0 {
                self.note(&format!("      {} used by no detection", count(kind.unconcerned)))?;
            }
        }
        let notes = [
            (summary.late, "older than the allowed lateness"),
            (summary.wrong_clock, "with a time that cannot be right, marked in the evidence"),
            (summary.names_cut, "with more names than are read"),
        ];
        for (events, what) in notes.into_iter().filter(|(events, _)| *events > 0) {
            self.note(&format!("{} {what}", counted(events, "event")))?;
        }
        Ok(())
    }

    fn coverage(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.coverage.is_empty() {
            return Ok(());
        }
        let (saw, on) = coverage::saw(&summary.coverage);
        let blind = coverage::blind(&summary.coverage);
        let style = if blind.is_empty() { Style::new() } else { WARN };
        self.title("coverage", style, saw as u64, &format!("of {on} detections had the events they need"))?;
        blind.iter().try_for_each(|text| self.wrapped(text))?;
        coverage::quiet(&summary.coverage).iter().try_for_each(|text| self.wrapped(text))
    }

    fn rejections(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.rejections.is_empty() {
            return Ok(());
        }
        self.title("rejected", WARN, summary.records.rejected, "see --dead-letter")?;
        for (reason, rejections) in &summary.rejections {
            self.row(reason, rejections.count, "")?;
            self.wrapped(&format!("first: {}: {}", rejections.first_place, rejections.first_detail))?;
        }
        Ok(())
    }

    fn training(&mut self, summary: &Summary) -> io::Result<()> {
        let baselines = summary.training.len() as u64;
        if baselines == 0 {
            return Ok(());
        }
        self.title("no alerts in training", Style::new(), baselines, "see --assume-trained")?;
        for training in summary.training.iter().take(MAX_SHOWN) {
            let (detection, entity, until) = (training.detection, &training.entity, training.until.day());
            let days = format!("{} of {} days", training.days, training.needed);
            self.wrapped(&format!("{detection}: {entity} was in training until {until} ({days})"))?;
        }
        self.more(baselines)
    }

    fn list(&mut self, name: &str, style: Style, listed: &Listed) -> io::Result<()> {
        if listed.count == 0 {
            return Ok(());
        }
        self.title(name, style, listed.count, "")?;
        for named in listed.first.iter().take(MAX_SHOWN) {
            self.wrapped(&format!("{}: {}", named.source, named.reason))?;
        }
        self.more(listed.count)
    }

    fn title(&mut self, name: &str, style: Style, number: u64, remark: &str) -> io::Result<()> {
        let padding = " ".repeat((NAME + 2).saturating_sub(name.len()));
        let line = format!("  {}{padding} {:>NUMBER$}", paint(style, name), count(number));
        self.remarked(line, remark)
    }

    fn row(&mut self, name: &str, number: u64, remark: &str) -> io::Result<()> {
        self.remarked(format!("    {name:<NAME$} {:>NUMBER$}", count(number)), remark)
    }

    /// Writes a line, with the remark behind it if there is room.
    fn remarked(&mut self, line: String, remark: &str) -> io::Result<()> {
        let room = self.width.saturating_sub(4 + NAME + 1 + NUMBER + 2);
        match remark.is_empty() || remark.chars().count() > room {
            true => writeln!(self.out, "{line}"),
            false => writeln!(self.out, "{line}  {}", paint(DIM, remark)),
        }
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "    {}", paint(DIM, text))
    }

    fn wrapped(&mut self, text: &str) -> io::Result<()> {
        for (n, line) in wrap(&plain(text), self.width.saturating_sub(8)).iter().enumerate() {
            writeln!(self.out, "      {}{line}", if n == 0 { "" } else { "  " })?;
        }
        Ok(())
    }

    fn more(&mut self, total: u64) -> io::Result<()> {
        match total.saturating_sub(MAX_SHOWN as u64) {
            0 => Ok(()),
            more => self.note(&format!("and {} more: see --format json", count(more))),
        }
    }
}

fn headline(summary: &Summary) -> String {
    let rate = summary.records.total as f64 / summary.seconds.max(0.001);
    let (records, inputs) = (counted(summary.records.total, "record"), counted(summary.inputs_read, "input"));
    format!("{records} from {inputs} in {:.1} s ({}/s)", summary.seconds, count(rate as u64))
}

fn alert_counts(summary: &Summary) -> String {
    match summary.alerts.total {
        0 => "no alerts".to_owned(),
        n => format!("{} ({})", counted(n, "alert"), severities(&summary.alerts.by_severity, |_, text| text)),
    }
}

/// `1 critical, 2 high`, the worst first.
fn severities(counts: &BTreeMap<Severity, u64>, paint: impl Fn(Severity, String) -> String) -> String {
    let worst_first = counts.iter().rev();
    let texts = worst_first.map(|(severity, n)| paint(*severity, format!("{} {severity}", count(*n))));
    texts.collect::<Vec<_>>().join(", ")
}
