//! The totals: what was found, what was read, and what was not.

use crate::alert::Severity;
use crate::service::replay::names::in_words;
use crate::service::replay::show::style::{BOLD, DIM, WARN, paint, severity};
use crate::service::replay::show::text::{count, counted, plain, wrap};
use crate::service::replay::summary::{Listed, Summary};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Names shown of a list; the rest is counted.
const MAX_SHOWN: usize = 10;

/// Everything, for a person.
pub fn long(out: &mut dyn Write, summary: &Summary, width: usize) -> io::Result<()> {
    writeln!(out, "{}", paint(BOLD, &headline(summary)))?;
    alerts(out, summary)?;
    records(out, summary)?;
    events(out, summary)?;
    rejections(out, summary, width)?;
    training(out, summary, width)?;
    list(out, "not read", &summary.unread, width)?;
    list(out, "skipped", &summary.skipped, width)
}

/// The headline and what needs attention, for standard error.
pub fn short(out: &mut dyn Write, summary: &Summary, width: usize) -> io::Result<()> {
    writeln!(out, "{}", headline(summary))?;
    let records = summary.records;
    writeln!(
        out,
        "{} filtered, {} ignored, {} rejected, {}; {}",
        count(records.filtered),
        count(records.ignored),
        count(records.rejected),
        counted(records.events, "event"),
        alert_counts(summary),
    )?;
    rejections(out, summary, width)?;
    training(out, summary, width)
}

fn headline(summary: &Summary) -> String {
    let rate = summary.records.total as f64 / summary.seconds.max(0.001);
    format!(
        "{} from {} in {:.1} s ({}/s)",
        counted(summary.records.total, "record"),
        counted(summary.inputs_read, "input"),
        summary.seconds,
        count(rate as u64),
    )
}

fn alert_counts(summary: &Summary) -> String {
    match summary.alerts.total {
        0 => "no alerts".to_owned(),
        n => format!("{} ({})", counted(n, "alert"), severities(&summary.alerts.by_severity, |_, text| text)),
    }
}

fn severities(counts: &BTreeMap<Severity, u64>, paint: impl Fn(Severity, String) -> String) -> String {
    let counts: Vec<String> =
        counts.iter().rev().map(|(severity, n)| paint(*severity, format!("{n} {severity}"))).collect();
    counts.join(", ")
}

fn alerts(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let alerts = &summary.alerts;
    title(out, "alerts", &count(alerts.total), "")?;
    for (detection, counts) in &alerts.by_detection {
        let said = severities(counts, |level, text| paint(severity(level), &text));
        writeln!(out, "    {detection:<26} {said}")?;
    }
    if alerts.shown < alerts.total {
        note(out, &format!("{} below --min-severity, not shown", count(alerts.total - alerts.shown)))?;
    }
    for (detection, n) in &summary.suppressed {
        note(out, &format!("{detection}: {} not raised again", counted(*n, "finding")))?;
    }
    Ok(())
}

fn records(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let records = summary.records;
    title(out, "records", &count(records.total), "")?;
    row(out, "filtered", records.filtered, "no trace of what matters")?;
    row(out, "ignored", records.ignored, "read, but not of interest")?;
    row(out, "rejected", records.rejected, "not understood")?;
    row(out, "events", records.events, "of interest")
}

fn events(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    if summary.events.is_empty() {
        return Ok(());
    }
    title(out, "events", &count(summary.records.events), "")?;
    for kind in &summary.events {
        let id = kind.event_id.map_or_else(String::new, |id| id.to_string());
        let name = format!("{id:>5} {}", in_words(kind.activity));
        let unconcerned = match kind.unconcerned {
            0 => String::new(),
            n => format!("{} of them no detection's business", count(n)),
        };
        writeln!(
            out,
            "{}",
            format!(
                "    {name:<28} {:>12}  {}",
                count(kind.concerned + kind.unconcerned),
                paint(DIM, &unconcerned)
            )
            .trim_end()
        )?;
    }
    match summary.late {
        0 => Ok(()),
        late => note(out, &format!("{} older than the allowed lateness", counted(late, "event"))),
    }
}

fn rejections(out: &mut dyn Write, summary: &Summary, width: usize) -> io::Result<()> {
    if summary.rejections.is_empty() {
        return Ok(());
    }
    title(out, "rejected", &count(summary.records.rejected), "")?;
    for (reason, rejections) in &summary.rejections {
        writeln!(out, "    {reason:<28} {:>12}", count(rejections.count))?;
        wrapped(out, &format!("first: {}: {}", rejections.first_place, rejections.first_detail), width)?;
    }
    Ok(())
}

fn training(out: &mut dyn Write, summary: &Summary, width: usize) -> io::Result<()> {
    if summary.training.is_empty() {
        return Ok(());
    }
    title(
        out,
        "in training",
        &count(summary.training.len() as u64),
        "no alerts from these yet; see --assume-trained",
    )?;
    for training in summary.training.iter().take(MAX_SHOWN) {
        let (detection, entity) = (training.detection, &training.entity);
        wrapped(
            out,
            &format!("{detection}: {entity}: {} of {} days", training.days, training.needed),
            width,
        )?;
    }
    more(out, summary.training.len() as u64)
}

fn list(out: &mut dyn Write, name: &str, listed: &Listed, width: usize) -> io::Result<()> {
    if listed.count == 0 {
        return Ok(());
    }
    title(out, name, &count(listed.count), "")?;
    for named in listed.first.iter().take(MAX_SHOWN) {
        wrapped(out, &format!("{}: {}", named.source, named.reason), width)?;
    }
    more(out, listed.count)
}

fn title(out: &mut dyn Write, name: &str, number: &str, remark: &str) -> io::Result<()> {
    let name = if matches!(name, "rejected" | "not read") {
        paint(WARN, &format!("{name:<30}"))
    } else {
        format!("{name:<30}")
    };
    writeln!(out, "{}", format!("  {name} {number:>12}  {}", paint(DIM, remark)).trim_end())
}

fn row(out: &mut dyn Write, name: &str, n: u64, remark: &str) -> io::Result<()> {
    writeln!(out, "    {name:<28} {:>12}  {}", count(n), paint(DIM, remark))
}

fn note(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "    {}", paint(DIM, text))
}

fn wrapped(out: &mut dyn Write, text: &str, width: usize) -> io::Result<()> {
    for (n, line) in wrap(&plain(text), width.saturating_sub(6)).iter().enumerate() {
        writeln!(out, "    {}{line}", if n == 0 { "" } else { "  " })?;
    }
    Ok(())
}

fn more(out: &mut dyn Write, total: u64) -> io::Result<()> {
    match total.saturating_sub(MAX_SHOWN as u64) {
        0 => Ok(()),
        more => note(out, &format!("and {} more: see --format json", count(more))),
    }
}
