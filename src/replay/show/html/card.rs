//! One alert of a report.

use crate::alert::{Alert, Evidence};
use crate::replay::show::table;
use crate::replay::show::text::plain;
use askama::Template;

/// One alert, as `alert.html` shows it.
#[derive(Template)]
#[template(path = "alert.html")]
struct Card {
    alert_id: String,
    level: String,
    detection: String,
    techniques: Vec<String>,
    title: String,
    reasons: Vec<String>,
    facts: Vec<(&'static str, String)>,
    settled_by: Vec<String>,
    actions: Vec<String>,
    evidence: Vec<Row>,
}

struct Row {
    time: String,
    event: String,
    host: String,
    place: String,
    fields: String,
}

/// The reason that is no reason: what would excuse the finding.
const SETTLED_BY: &str = "settled_by";

/// An alert as HTML.
///
/// # Errors
/// The template cannot be filled.
pub(crate) fn html(alert: &Alert) -> askama::Result<String> {
    let reasons = |settles: bool| {
        let reasons = alert.reasons.iter().filter(move |reason| (reason.code == SETTLED_BY) == settles);
        reasons.map(|reason| plain(&reason.text)).collect::<Vec<_>>()
    };
    Card {
        alert_id: alert.alert_id.to_string(),
        level: alert.severity.to_string(),
        detection: alert.detection.clone(),
        techniques: alert.mitre.iter().map(|mitre| mitre.technique_id.clone()).collect(),
        title: plain(&alert.title),
        reasons: reasons(false),
        facts: table::facts(alert).into_iter().map(|(label, value)| (label, plain(&value))).collect(),
        settled_by: reasons(true),
        actions: alert.investigative_actions.clone(),
        evidence: alert.evidence.iter().map(row).collect(),
    }
    .render()
}

fn row(evidence: &Evidence) -> Row {
    let id = evidence.event_id.map_or_else(|| "EDR".to_owned(), |id| id.to_string());
    let record = evidence.record_id.map_or_else(String::new, |record| format!(", record {record}"));
    let request = evidence.request_id.map_or_else(String::new, |request| format!(", request {request}"));
    let offset = evidence.offset.filter(|_| !evidence.source.is_empty());
    let fields = evidence.fields.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>();
    Row {
        time: table::readable(evidence.time),
        event: format!("{id}{record}{request}"),
        host: plain(evidence.computer.as_str()),
        place: offset.map_or_else(String::new, |offset| format!("{}:{offset}", plain(&evidence.source))),
        fields: plain(&fields.join("; ")),
    }
}
