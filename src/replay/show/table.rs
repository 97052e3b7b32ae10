//! Alerts as text: severity and title, why, who, where, when, evidence, and what to do next.

use crate::alert::{Alert, Evidence, Severity};
use crate::event::time::Time;
use crate::host::exit::Failure;
use crate::replay::pipe::Pipe;
use crate::replay::show::format::{Show, unwritable};
use crate::replay::show::style::{BOLD, DIM, paint, severity};
use crate::replay::show::text::{plain, wrap};
use crate::replay::show::totals::Totals;
use crate::replay::summary::Summary;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes alerts one below the other, then the totals.
pub(crate) struct Table<'a> {
    pub out: Pipe<'a>,
    /// Columns of the terminal.
    pub width: usize,
    /// The actions that were last shown, by detection, so that they are not repeated.
    pub actions: BTreeMap<String, Vec<String>>,
}

/// The width of the label column.
const LABEL: usize = 12;
/// The most evidence that is shown; the rest is counted.
const MAX_EVIDENCE: usize = 5;

impl Show for Table<'_> {
    fn revision(&mut self, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    fn latest(&mut self, alert: &Alert) -> Result<(), Failure> {
        self.alert(alert).map_err(unwritable)
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), Failure> {
        let written = Totals { out: &mut self.out, width: self.width }.long(summary);
        written.and_then(|()| self.out.flush()).map_err(unwritable)
    }
}

impl Table<'_> {
    fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        self.heading(alert)?;
        self.field("why", &alert.why_suspicious)?;
        for reason in alert.reasons.iter().filter(|reason| reason.text != alert.title) {
            self.item("", "- ", &reason.text)?;
        }
        for (label, value) in facts(alert) {
            self.field(label, &value)?;
        }
        self.evidence(&alert.evidence)?;
        self.do_next(alert)?;
        writeln!(self.out)
    }

    fn heading(&mut self, alert: &Alert) -> io::Result<()> {
        let badge = badge(alert.severity);
        let indent = badge.len() + 1;
        for (n, line) in wrap(&plain(&alert.title), self.width.saturating_sub(indent)).iter().enumerate() {
            let before =
                if n == 0 { paint(severity(alert.severity), &badge) } else { " ".repeat(indent - 1) };
            writeln!(self.out, "{before} {}", paint(BOLD, line))?;
        }
        let techniques: Vec<&str> = alert.mitre.iter().map(|mitre| mitre.technique_id.as_str()).collect();
        let mut line = format!("{}, alert {}", alert.detection, alert.alert_id);
        if !techniques.is_empty() {
            line = format!("{}, {}, alert {}", alert.detection, techniques.join(" "), alert.alert_id);
        }
        self.rows("", "", &line, true)
    }

    fn evidence(&mut self, evidence: &[Evidence]) -> io::Result<()> {
        for (n, event) in evidence.iter().take(MAX_EVIDENCE).enumerate() {
            self.item(if n == 0 { "evidence" } else { "" }, "- ", &evidence_line(event))?;
        }
        match evidence.len().saturating_sub(MAX_EVIDENCE) {
            0 => Ok(()),
            more => self.rows("", "  ", &format!("and {more} more: see --format json"), true),
        }
    }

    fn do_next(&mut self, alert: &Alert) -> io::Result<()> {
        let actions = &alert.investigative_actions;
        if self.actions.get(&alert.detection) == Some(actions) && !actions.is_empty() {
            return self.rows("do next", "", &format!("as for the {} alert above", alert.detection), true);
        }
        self.actions.insert(alert.detection.clone(), actions.clone());
        for (n, action) in actions.iter().enumerate() {
            self.item(if n == 0 { "do next" } else { "" }, &format!("{}. ", n + 1), action)?;
        }
        Ok(())
    }

    fn field(&mut self, label: &str, value: &str) -> io::Result<()> {
        self.item(label, "", value)
    }

    fn item(&mut self, label: &str, bullet: &str, value: &str) -> io::Result<()> {
        self.rows(label, bullet, value, false)
    }

    /// A label, and beside it the wrapped text.
    fn rows(&mut self, label: &str, bullet: &str, value: &str, dim: bool) -> io::Result<()> {
        let indent = LABEL + bullet.len();
        for (n, line) in wrap(&plain(value), self.width.saturating_sub(indent)).iter().enumerate() {
            let (label, bullet) = if n == 0 { (label, bullet) } else { ("", "") };
            let padding = " ".repeat(indent - 2 - label.len() - bullet.len());
            let line = if dim { paint(DIM, line) } else { line.clone() };
            let row = format!("  {}{}{bullet}{line}", paint(DIM, label), &padding);
            writeln!(self.out, "{}", row.trim_end())?;
        }
        Ok(())
    }
}

/// ` CRITICAL `, as wide for every severity as the label column.
fn badge(severity: Severity) -> String {
    let word = match severity {
        Severity::Informational => "info".to_owned(),
        Severity::Low | Severity::Medium | Severity::High | Severity::Critical => severity.to_string(),
    };
    format!(" {:<width$}", word.to_uppercase(), width = LABEL - 2)
}

/// The labelled fields of an alert; those that it does not have are left out.
pub(crate) fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut add = |label: &'static str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (label, value)));
    };
    add("who", account(&alert.requester_domain, &alert.requester_account, &alert.requester_sid));
    add("used by", account(&alert.used_by_domain, &alert.used_by_account, &None));
    add(
        "from",
        joined(&[alert.remote_host.as_ref().map(ToString::to_string), alert.remote_ip.clone()], ", "),
    );
    add("where", alert.computer.as_ref().map(ToString::to_string));
    add("path", alert.path.clone());
    add("when", Some(when(alert)));
    add("certs", certificates(alert));
    add("SANs", Some(alert.san_values.join(", ")));
    add("templates", Some(alert.templates.join(", ")));
    add("serial", alert.certificate_serial.clone());
    add("baseline", baseline(alert));
    add("note", note(alert));
    add("benign if", Some(alert.benign_if.join("; ")));
    add("quiet by", alert.policy_line.clone());
    add("and hides", alert.also_silences.clone());
    facts
}

fn account(domain: &Option<String>, name: &Option<String>, sid: &Option<String>) -> Option<String> {
    let name = joined(&[domain.clone(), name.clone()], "\\")?;
    Some(sid.as_ref().map_or_else(|| name.clone(), |sid| format!("{name} ({sid})")))
}

fn joined(parts: &[Option<String>], separator: &str) -> Option<String> {
    let parts: Vec<&str> =
        parts.iter().flatten().map(String::as_str).filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(separator))
}

/// `2026-03-02 09:00:00 to 09:04:30 UTC`: to the second, the day once when it is one.
fn when(alert: &Alert) -> String {
    let second = |time: Time| readable(time).split('.').next().unwrap_or_default().to_owned();
    let (first, last) = (second(alert.first_seen), second(alert.last_seen));
    match alert.first_seen.day() == alert.last_seen.day() {
        _ if first == last => format!("{first} UTC"),
        true => format!("{first} to {} UTC", last.split(' ').next_back().unwrap_or_default()),
        false => format!("{first} to {last} UTC"),
    }
}

/// `2026-03-02T09:00:00.120Z` as `2026-03-02 09:00:00.120`.
pub(crate) fn readable(time: Time) -> String {
    time.to_string().replacen('T', " ", 1).replace('Z', "")
}

fn certificates(alert: &Alert) -> Option<String> {
    let total = alert.total_certs?;
    let counts =
        [(alert.mismatched_certs, "mismatched"), (alert.sensitive_san_certs, "with a protected name")];
    let counts: Vec<String> =
        counts.iter().filter_map(|(n, what)| n.filter(|n| *n > 0).map(|n| format!(", {n} {what}"))).collect();
    Some(format!("{total} issued{}", counts.concat()))
}

fn baseline(alert: &Alert) -> Option<String> {
    let baseline = alert.baseline.as_ref()?;
    let since = baseline.trained_since.day();
    Some(format!(
        "{} days of data since {since}; this host was seen on {} of them, this account on {}",
        baseline.days_of_data, baseline.host_days_seen, baseline.account_days_seen
    ))
}

fn note(alert: &Alert) -> Option<String> {
    let late = alert.late.then(|| "raised by a late event".to_owned());
    let revised = (alert.revision > 1).then(|| format!("revision {}", alert.revision));
    joined(&[revised, late], ", ")
}

fn evidence_line(event: &Evidence) -> String {
    let id = event.event_id.map_or_else(|| "event".to_owned(), |id| format!("event {id}"));
    let record = event.record_id.map(|record| format!("record {record}"));
    let request = event.request_id.map(|request| format!("request {request}"));
    let offset = event.offset.filter(|_| !event.source.is_empty());
    let file = offset.map(|offset| format!("{}:{offset}", event.source));
    let host = format!("on {}", event.computer);
    joined(&[Some(readable(event.time)), Some(id), record, request, Some(host), file], ", ")
        .unwrap_or_default()
}
