//! Alerts by time and detection, as the numbers of a drawing.

use crate::alert::Alert;
use crate::event::time::{Span, Time};
use crate::replay::show::table;
use crate::replay::show::text::plain;

/// The drawing, in units of its own width.
pub(crate) struct Timeline {
    pub width: u32,
    pub height: u32,
    /// Where the rows end and the times stand.
    pub bottom: u32,
    pub ticks: Vec<Tick>,
    pub rows: Vec<Row>,
    pub dots: Vec<Dot>,
}

/// A time below the drawing.
pub(crate) struct Tick {
    pub x: u32,
    pub anchor: &'static str,
    pub label: String,
}

/// The line of a detection.
pub(crate) struct Row {
    pub y: u32,
    pub detection: String,
}

/// An alert, from its first event to its last.
pub(crate) struct Dot {
    pub from: u32,
    pub to: u32,
    pub y: u32,
    pub alert_id: String,
    pub level: String,
    pub title: String,
}

const WIDTH: u32 = 1000;
/// Where time begins, behind the names of the detections.
const LEFT: u32 = 220;
const RIGHT: u32 = WIDTH - 12;
const ROW: u32 = 28;
const TICKS: u32 = 4;

impl Timeline {
    /// The drawing of these alerts; `None` without any.
    pub(crate) fn new(alerts: &[&Alert]) -> Option<Timeline> {
        let first = alerts.iter().map(|alert| alert.first_seen).min()?;
        let last = alerts.iter().map(|alert| alert.last_seen).max()?;
        let mut detections: Vec<&str> = alerts.iter().map(|alert| alert.detection.as_str()).collect();
        detections.sort_unstable();
        detections.dedup();
        let y = |detection: &str| {
            let row = detections.iter().position(|known| *known == detection).unwrap_or_default();
            ROW * row as u32 + ROW / 2
        };
        let bottom = ROW * detections.len() as u32;
        let rows = detections.iter().map(|id| Row { y: y(id), detection: (*id).to_owned() });
        let dots = alerts.iter().map(|alert| Dot {
            from: x(alert.first_seen, first, last),
            to: x(alert.last_seen, first, last),
            y: y(&alert.detection),
            alert_id: alert.alert_id.to_string(),
            level: alert.severity.to_string(),
            title: format!("{}: {}", table::readable(alert.last_seen), plain(&alert.title)),
        });
        let (rows, dots) = (rows.collect(), dots.collect());
        Some(Timeline { width: WIDTH, height: bottom + ROW, bottom, ticks: ticks(first, last), rows, dots })
    }
}

fn length(first: Time, last: Time) -> i64 {
    last.as_millis().saturating_sub(first.as_millis()).max(1)
}

fn x(time: Time, first: Time, last: Time) -> u32 {
    let share = (time.as_millis().saturating_sub(first.as_millis())) as f64 / length(first, last) as f64;
    LEFT + (share * f64::from(RIGHT - LEFT)).round() as u32
}

fn ticks(first: Time, last: Time) -> Vec<Tick> {
    let count = if first == last { 0 } else { TICKS };
    let tick = |n: u32| {
        let time = first.plus(Span::millis(length(first, last) / i64::from(TICKS) * i64::from(n)));
        let anchor = match n {
            0 => "start",
            n if n == TICKS => "end",
            _ => "middle",
        };
        Tick { x: x(time, first, last), anchor, label: table::readable(time).chars().take(16).collect() }
    };
    (0..=count).map(tick).collect()
}
