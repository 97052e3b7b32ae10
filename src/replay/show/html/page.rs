//! The whole report.

use crate::alert::{Alert, Severity};
use crate::event::time::Time;
use crate::replay::coverage::{Covered, Missing, Sight};
use crate::replay::show::coverage;
use crate::replay::show::html::evaluated::Evaluated;
use crate::replay::show::html::timeline::Timeline;
use crate::replay::show::html::{card, who};
use crate::replay::show::table;
use crate::replay::show::text::{count, counted, plain};
use crate::replay::summary::Summary;
use askama::Template;

const CSS: &str = include_str!("../../../../templates/report.css");

/// The hash of [`CSS`] that the policy of the page allows; `tests/it/report.rs` holds that it is right.
const STYLE_HASH: &str = "sha256-DNqbcCe0eFQC7uJjaR1w4n05MrKMa//WRHWLDYUTuDk=";

/// The alerts of a report together are no longer than this, so that all of it stays below 2 MB.
const MAX_CARDS: usize = 1_200_000;
/// The most dots of the timeline.
const MAX_DOTS: usize = 1000;
/// The most hosts that are named for a detection.
const MAX_HOSTS: usize = 5;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    css: &'static str,
    style_hash: &'static str,
    headline: String,
    counts: Vec<Count>,
    saw: usize,
    on: usize,
    notes: Vec<String>,
    timeline: Option<Timeline>,
    who: Vec<who::Row>,
    cards: Vec<String>,
    left_out: usize,
    evaluation: Option<Evaluated>,
    coverage: Vec<Row>,
}

struct Count {
    level: Severity,
    number: String,
}

struct Row {
    detection: &'static str,
    sight: &'static str,
    seen: String,
    first: String,
    last: String,
    hosts: String,
    missing: String,
}

/// The report of these alerts, the gravest first, which are some or all of `number`.
///
/// # Errors
/// A template cannot be filled.
pub(crate) fn html(alerts: &[Alert], number: usize, summary: &Summary) -> askama::Result<String> {
    let (mut cards, mut length) = (Vec::new(), 0);
    for alert in alerts {
        let card = card::html(alert)?;
        length += card.len();
        if length > MAX_CARDS {
            break;
        }
        cards.push(card);
    }
    let shown: Vec<&Alert> = alerts.iter().take(cards.len()).collect();
    let (saw, on) = coverage::saw(&summary.coverage);
    Page {
        css: CSS,
        style_hash: STYLE_HASH,
        headline: headline(summary),
        counts: counts(summary),
        saw,
        on,
        notes: notes(summary),
        timeline: Timeline::new(&shown[..shown.len().min(MAX_DOTS)]),
        who: who::rows(&shown),
        left_out: number - cards.len(),
        cards,
        evaluation: summary.evaluation.as_ref().map(Evaluated::of),
        coverage: summary.coverage.iter().map(row).collect(),
    }
    .render()
}

fn headline(summary: &Summary) -> String {
    let records = counted(summary.records.total, "record");
    let inputs = counted(summary.inputs_read, "input");
    let times = summary.events.iter().filter_map(|kind| Some((kind.first?, kind.last?)));
    let times = times.reduce(|all, kind| (all.0.min(kind.0), all.1.max(kind.1)));
    let times = times.map_or_else(String::new, |(first, last)| {
        format!(", events from {} to {} UTC", table::readable(first), table::readable(last))
    });
    format!("{records} from {inputs}, {}{times}", counted(summary.records.events, "event"))
}

fn counts(summary: &Summary) -> Vec<Count> {
    let worst_first = summary.alerts.by_severity.iter().rev();
    worst_first.map(|(level, number)| Count { level: *level, number: count(*number) }).collect()
}

/// What limits the result.
fn notes(summary: &Summary) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |number: u64, text: String| notes.extend((number > 0).then(|| plain(&text)));
    let unread = &summary.unread;
    let first =
        unread.first.first().map_or_else(String::new, |first| format!("{}: {}", first.source, first.reason));
    note(
        unread.count,
        format!("{} not read or not to the end, the first: {first}", counted(unread.count, "input")),
    );
    note(
        summary.skipped.count,
        format!("{} without events in a known format", counted(summary.skipped.count, "file")),
    );
    let rejected = summary.records.rejected;
    note(rejected, format!("{} rejected as malformed or incomplete", counted(rejected, "record")));
    let hidden = summary.alerts.total - summary.alerts.shown;
    note(hidden, format!("{} not shown: --min-severity, --since, --detection", counted(hidden, "alert")));
    let training = summary.training.len() as u64;
    note(
        training,
        format!("{} in training for a part of the time, without alerts", counted(training, "baseline")),
    );
    notes
}

fn row(covered: &Covered) -> Row {
    let time = |time: Option<Time>| time.map(table::readable).unwrap_or_default();
    let hosts: Vec<String> = covered.hosts.iter().take(MAX_HOSTS).map(|host| plain(host.as_str())).collect();
    let more = match covered.hosts.len().saturating_sub(MAX_HOSTS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Row {
        detection: covered.detection,
        sight: sight(covered.sight),
        seen: coverage::ids(&covered.seen, "and"),
        first: time(covered.first),
        last: time(covered.last),
        hosts: format!("{}{more}", hosts.join(", ")),
        missing: covered.missing.iter().map(missing).collect::<Vec<_>>().join("; "),
    }
}

const fn sight(sight: Sight) -> &'static str {
    match sight {
        Sight::Saw => "saw",
        Sight::Quiet => "quiet",
        Sight::Blind => "blind",
        Sight::Off => "off",
    }
}

fn missing(missing: &Missing) -> String {
    let Missing { event_ids, on, setting, is_audited } = missing;
    let events = coverage::ids(event_ids, "or");
    match is_audited {
        true => format!("no {events} that matters, though audited"),
        false => format!("no {events} (audited on {on}: {setting})"),
    }
}
