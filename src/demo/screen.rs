//! The live screen of the demo, and the summary at its end.

use crate::alert::Alert;
use crate::demo::backend::{Backend, PARTITIONS};
use crate::demo::playback::Playback;
use crate::replay::show::style::{BOLD, DIM, paint, severity};
use crate::replay::show::text::{count, counted, plain};
use std::io::{self, Write};
use std::time::Duration;

/// How many alerts the screen shows.
const ALERTS: usize = 8;
/// How many lines the screen has.
const LINES: usize = ALERTS + 9;

/// Draws the progress of the demo, always in the same lines of the terminal.
pub(crate) struct Screen {
    width: usize,
    address: String,
    drawn: bool,
}

impl Screen {
    pub(crate) fn new(width: usize, address: &str) -> Screen {
        Screen { width, address: address.to_owned(), drawn: false }
    }

    /// Draws the present state over the former one.
    pub(crate) fn draw(&mut self, demo: &Playback<'_, impl Backend>, err: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.drawn, true) {
            write!(err, "\x1b[{LINES}A")?;
        }
        let mut lines = self.lines(demo);
        lines.resize(LINES, String::new());
        for line in lines {
            writeln!(err, "\x1b[2K{}", fit(&line, self.width))?;
        }
        err.flush()
    }

    fn lines(&self, demo: &Playback<'_, impl Backend>) -> Vec<String> {
        let (time, appended, all) = demo.progress();
        let (router, detector) = (demo.stages.router_counts(), demo.stages.detector_counts());
        let (records, bytes) = demo.stages.state();
        let read: u64 = router.records.values().sum();
        let columns = self.width.saturating_sub(34).clamp(10, 60);
        let done = appended * columns / all.max(1);
        let state =
            format!("state {} of {}", counted(records as u64, "record"), counted(bytes as u64, "byte"));
        let topics = demo.stages.backend().topics().map_or_else(String::new, |topics| format!("{topics}; "));
        let mut lines = vec![
            format!(
                "{}  router and detector on {}",
                paint(BOLD, "adcs-watch demo"),
                demo.stages.backend().name()
            ),
            paint(DIM, &format!("          {topics}{}", self.address)),
            format!("story     {time:16} {}{}", "█".repeat(done), "░".repeat(columns - done)),
            format!("router    {:>9} records read, {:>5} routed", count(read), count(router.routed)),
            format!(
                "detector  {:>9} applied, {} of {PARTITIONS} partitions live, {}, {state}",
                count(detector.applied),
                demo.stages.ready_partitions(),
                counted(detector.checkpoints, "checkpoint")
            ),
            paint(DIM, remark(demo)),
            String::new(),
            format!("alerts    {}", paint(BOLD, &count(demo.latest().count() as u64))),
        ];
        let alerts: Vec<&Alert> = demo.latest().collect();
        lines.extend(alerts.iter().rev().take(ALERTS).map(|alert| self.alert(alert)));
        lines
    }

    fn alert(&self, alert: &Alert) -> String {
        let label = paint(severity(alert.severity), &format!(" {:<8} ", alert.severity.as_str()));
        let time = alert.time.to_string();
        let title: String = plain(&alert.title).chars().take(self.width.saturating_sub(30)).collect();
        format!("{label} {} {title}", paint(DIM, &time[5..16.min(time.len())].replace('T', " ")))
    }
}

/// Explains a phase that would otherwise look like a failure.
fn remark(demo: &Playback<'_, impl Backend>) -> &'static str {
    match demo.crashed_at {
        None if demo.progress().1 == 0 => {
            "          the consumer groups are new: Kafka takes some seconds to assign partitions"
        }
        None => "",
        Some(_) => {
            "          killed once; its successor restored the checkpoint and replayed the rest without alerts"
        }
    }
}

/// Cuts a line to so many columns: a line that wraps would move the screen. Escape sequences take no column.
fn fit(line: &str, columns: usize) -> String {
    let (mut fitted, mut used, mut escape) = (String::new(), 0, false);
    for c in line.chars() {
        escape |= c == '\x1b';
        if escape || used < columns {
            fitted.push(c);
        }
        used += usize::from(!escape);
        escape &= !c.is_ascii_alphabetic();
    }
    fitted
}

/// Commands to try after the demo.
pub(crate) const NEXT: &str = "\
next: adcs-watch demo --format table     all alerts in full
      adcs-watch replay Security.evtx    run the detections over your own logs
      adcs-watch run --help              run it on your Kafka
";

/// The counts of the demo, in a few lines.
pub(crate) fn summary(demo: &Playback<'_, impl Backend>, elapsed: Duration) -> String {
    let (router, detector) = (demo.stages.router_counts(), demo.stages.detector_counts());
    let read: u64 = router.records.values().sum();
    let mut text = String::new();
    let mut line = |counts: String| {
        text.push_str(&counts);
        text.push('\n');
    };
    line(format!(
        "{} read by the router, {} routed, {} dead letters",
        counted(read, "record"),
        count(router.routed),
        count(router.dead)
    ));
    let outcomes: Vec<String> =
        router.records.iter().map(|(outcome, n)| format!("{} {}", count(*n), outcome.as_str())).collect();
    line(format!("  {}", outcomes.join(", ")));
    line(format!(
        "{} applied by the detector in {}; {}",
        counted(detector.applied, "routed record"),
        counted(detector.committed, "transaction"),
        counted(detector.checkpoints, "checkpoint")
    ));
    if demo.crashed_at.is_some() {
        line(format!(
            "the detector was killed once: its successor restored {PARTITIONS} partitions, replayed {} and suppressed {} that were already committed",
            counted(detector.replayed, "record"),
            counted(detector.replayed_alerts, "alert")
        ));
    }
    let verdict = match (demo.lost(), demo.duplicates()) {
        (Some(0), 0) => "none lost, none duplicated".to_owned(),
        (Some(lost), duplicates) => format!("{lost} LOST, {duplicates} DUPLICATED"),
        (None, duplicates) => format!("stopped before its end, {duplicates} duplicated"),
    };
    line(format!(
        "{} in {}: {verdict}; {:.1} s",
        counted(demo.latest().count() as u64, "alert"),
        counted(demo.revisions.len() as u64, "revision"),
        elapsed.as_secs_f64()
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_lines_keep_their_colours() {
        assert_eq!(fit("\x1b[1mabcdef\x1b[0m", 3), "\x1b[1mabc\x1b[0m");
        assert_eq!(fit("abc", 10), "abc");
    }
}
