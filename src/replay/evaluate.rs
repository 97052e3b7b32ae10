//! Compares alerts with labelled records: what was caught, missed and raised without cause.

use crate::alert::{Alert, Evidence, Severity};
use crate::event::host::Host;
use crate::inventory::row::Row;
use crate::inventory::{Mistake, rows};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a person knows of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Label {
    /// Part of an attack: an alert must have it as evidence.
    Malicious,
    /// An ordinary record: no alert may rest on such records alone.
    Benign,
}

/// Which record a label is of: the computer by its first label, its record id, and the event id, because each channel counts its records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordKey {
    computer: String,
    record_id: u64,
    event_id: u32,
}

/// The labelled records, each with its technique.
pub(crate) type Labels = BTreeMap<RecordKey, (Label, String)>;

/// Reads an export with the columns computer, event_id, record_id, label and technique.
pub(crate) fn read(text: &str) -> (Labels, Vec<Mistake>) {
    let (mut labels, mut mistakes) = (Labels::new(), Vec::new());
    for (_, read) in rows::each(rows::read(text), label) {
        match read {
            Ok((key, value)) => {
                labels.insert(key, value);
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    (labels, mistakes)
}

fn label(row: &Row) -> Result<(RecordKey, (Label, String)), Mistake> {
    let mistake = |message: String| Mistake::new(row.line, message);
    let required = |name: &str| row.first(&[name]).ok_or_else(|| mistake(format!("{name} is missing")));
    let number = |name: &str| -> Result<u64, Mistake> {
        let text = required(name)?;
        text.parse().map_err(|_| mistake(format!("{name} is {text:?}, not a whole number")))
    };
    let label = match required("label")? {
        "malicious" => Label::Malicious,
        "benign" | "negative" => Label::Benign,
        other => return Err(mistake(format!("label is {other:?}, not malicious, benign or negative"))),
    };
    let event_id = u32::try_from(number("event_id")?)
        .map_err(|_| mistake("event_id has more than 32 bits".to_owned()))?;
    let key = RecordKey {
        computer: computer(&Host::new(required("computer")?)),
        record_id: number("record_id")?,
        event_id,
    };
    Ok((key, (label, row.first(&["technique"]).unwrap_or("none").to_owned())))
}

fn computer(host: &Host) -> String {
    host.label().to_owned()
}

/// How many records of a technique were caught.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Technique {
    /// The records that are labelled malicious.
    pub records: u64,
    /// Evidence of an alert.
    pub caught: u64,
    /// The others: computer, event id and record id.
    pub missed: Vec<String>,
}

/// What the alerts of a detection rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Detection {
    /// Alerts, each with its revisions.
    pub alerts: u64,
    /// Those with a malicious record among their evidence.
    pub justified: u64,
    /// Those of which all evidence is labelled benign: id and title.
    pub false_alerts: Vec<String>,
}

/// The result of an evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Evaluation {
    /// The malicious records, by the technique of their label.
    pub techniques: BTreeMap<String, Technique>,
    /// The alerts, by the id of their detection.
    pub detections: BTreeMap<String, Detection>,
}

/// The alerts that are compared with labels, each with the records that all of its revisions name.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    labels: Labels,
    /// Alerts below it do not count.
    least: Severity,
    alerts: BTreeMap<String, (Named, BTreeSet<RecordKey>)>,
}

/// What an evaluation states of an alert.
#[derive(Clone, Debug)]
struct Named {
    detection: String,
    title: String,
}

impl Compared {
    /// Compares with these labels the alerts of at least this severity that are added.
    pub(crate) fn with(labels: Labels, least: Severity) -> Compared {
        Compared { labels, least, alerts: BTreeMap::new() }
    }

    /// Adds a revision of an alert.
    pub(crate) fn add(&mut self, alert: &Alert) {
        if alert.severity >= self.least {
            let named = Named { detection: alert.detection.clone(), title: alert.title.clone() };
            let (latest, records) = self
                .alerts
                .entry(alert.alert_id.to_string())
                .or_insert_with(|| (named.clone(), BTreeSet::new()));
            *latest = named;
            records.extend(alert.evidence.iter().filter_map(key));
        }
    }

    /// What was caught, missed and raised without cause.
    pub(crate) fn evaluation(&self) -> Evaluation {
        let mut evaluation = Evaluation::default();
        for (id, (alert, records)) in &self.alerts {
            evaluation.add_alert(&self.labels, id, alert, records);
        }
        let caught: BTreeSet<&RecordKey> = self.alerts.values().flat_map(|(_, records)| records).collect();
        for (record, (label, technique)) in &self.labels {
            if *label == Label::Malicious {
                evaluation.add_record(record, technique, caught.contains(record));
            }
        }
        evaluation
    }
}

impl Evaluation {
    fn add_alert(&mut self, labels: &Labels, id: &str, alert: &Named, records: &BTreeSet<RecordKey>) {
        let detection = self.detections.entry(alert.detection.clone()).or_default();
        let is = |label: Label| {
            move |record: &RecordKey| labels.get(record).is_some_and(|(known, _)| *known == label)
        };
        detection.alerts += 1;
        detection.justified += u64::from(records.iter().any(is(Label::Malicious)));
        if !records.is_empty() && records.iter().all(is(Label::Benign)) {
            detection.false_alerts.push(format!("{id} {}", alert.title));
        }
    }

    fn add_record(&mut self, record: &RecordKey, technique: &str, caught: bool) {
        let technique = self.techniques.entry(technique.to_owned()).or_default();
        technique.records += 1;
        technique.caught += u64::from(caught);
        if !caught {
            technique.missed.push(format!("{} {} {}", record.computer, record.event_id, record.record_id));
        }
    }

    /// The malicious records, how many of them were caught, and how many alerts are false.
    pub(crate) fn totals(&self) -> (u64, u64, usize) {
        let records = self.techniques.values().map(|technique| technique.records).sum();
        let caught = self.techniques.values().map(|technique| technique.caught).sum();
        (records, caught, self.detections.values().map(|detection| detection.false_alerts.len()).sum())
    }

    /// A table for a person.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{:<24} {:>8} {:>8} {:>8}\n", "TECHNIQUE", "RECORDS", "CAUGHT", "MISSED");
        for (name, technique) in &self.techniques {
            let missed = technique.records - technique.caught;
            text.push_str(&format!(
                "{name:<24} {:>8} {:>8} {missed:>8}\n",
                technique.records, technique.caught
            ));
        }
        text.push_str(&format!("\n{:<30} {:>8} {:>10} {:>6}\n", "DETECTION", "ALERTS", "JUSTIFIED", "FALSE"));
        for (name, detection) in &self.detections {
            let (alerts, justified, wrong) =
                (detection.alerts, detection.justified, detection.false_alerts.len());
            text.push_str(&format!("{name:<30} {alerts:>8} {justified:>10} {wrong:>6}\n"));
        }
        let missed =
            self.techniques.iter().flat_map(|(name, t)| t.missed.iter().map(move |record| (name, record)));
        missed.for_each(|(name, record)| text.push_str(&format!("missed: {name}: {record}\n")));
        let wrong = self
            .detections
            .iter()
            .flat_map(|(name, d)| d.false_alerts.iter().map(move |alert| (name, alert)));
        wrong.for_each(|(name, alert)| text.push_str(&format!("false: {name}: {alert}\n")));
        let (records, caught, wrong) = self.totals();
        text.push_str(&format!("{caught} of {records} malicious records caught, {wrong} false alerts\n"));
        text
    }
}

fn key(evidence: &Evidence) -> Option<RecordKey> {
    let (record_id, event_id) = (evidence.record_id?, evidence.event_id?);
    Some(RecordKey { computer: computer(&evidence.computer), record_id, event_id })
}

#[cfg(test)]
mod tests {
    use crate::replay::evaluate::read;

    #[test]
    fn rows_of_labels_are_read_or_named() {
        let (labels, mistakes) = read(
            "computer,event_id,record_id,label,technique\n\
             ca01.corp.example,4887,7,malicious,ESC1\n\
             CA01,4887,8,negative,\n\
             ca01,4887,x,benign,\n\
             ca01,4887,8,negative,\"again,\nin two lines\"\n\
             ca01,4887,9,unclear,\n",
        );
        assert_eq!(labels.len(), 2);
        assert!(labels.values().any(|(_, technique)| technique == "ESC1"));
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(
            mistakes,
            [
                "4: record_id is \"x\", not a whole number",
                "7: label is \"unclear\", not malicious, benign or negative"
            ]
        );
    }
}
