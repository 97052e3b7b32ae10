//! What labelled records were caught, missed and raised without cause, as the report shows it.

use crate::replay::evaluate::Evaluation;
use crate::replay::show::text::plain;

/// The most missed records, and the most false alerts, that are named.
const MAX_NAMED: usize = 200;

/// The tables of the evaluation.
pub(crate) struct Evaluated {
    pub(crate) headline: String,
    pub(crate) techniques: Vec<Technique>,
    pub(crate) detections: Vec<Detection>,
    /// Missed records and false alerts, each with what it is of.
    pub(crate) named: Vec<String>,
    /// How many more there are.
    pub(crate) left_out: usize,
}

/// The records of a technique.
pub(crate) struct Technique {
    pub(crate) name: String,
    pub(crate) records: u64,
    pub(crate) caught: u64,
    pub(crate) missed: u64,
}

/// The alerts of a detection.
pub(crate) struct Detection {
    pub(crate) id: String,
    pub(crate) alerts: u64,
    pub(crate) justified: u64,
    pub(crate) wrong: usize,
}

impl Evaluated {
    /// As the report shows it.
    pub(crate) fn of(evaluation: &Evaluation) -> Evaluated {
        let (records, caught, wrong) = evaluation.totals();
        let techniques = evaluation.techniques.iter().map(|(name, technique)| Technique {
            name: plain(name),
            records: technique.records,
            caught: technique.caught,
            missed: technique.records - technique.caught,
        });
        let detections = evaluation.detections.iter().map(|(id, detection)| Detection {
            id: id.clone(),
            alerts: detection.alerts,
            justified: detection.justified,
            wrong: detection.false_alerts.len(),
        });
        let missed = evaluation.techniques.iter().flat_map(|(name, technique)| {
            technique.missed.iter().map(move |record| format!("missed: {name}: {record}"))
        });
        let falsely = evaluation.detections.iter().flat_map(|(id, detection)| {
            detection.false_alerts.iter().map(move |alert| format!("false: {id}: {alert}"))
        });
        let mut named: Vec<String> = missed.chain(falsely).map(|text| plain(&text)).collect();
        let left_out = named.len().saturating_sub(MAX_NAMED);
        named.truncate(MAX_NAMED);
        Evaluated {
            headline: format!("{caught} of {records} malicious records caught, {wrong} false alerts"),
            techniques: techniques.collect(),
            detections: detections.collect(),
            named,
            left_out,
        }
    }
}
