//! The alerts of a transaction as records that fit into their topic.

use crate::config::topics::{AlertFormat, OwnTopics};
use crate::encode::alert::{Fitting, fitting_alert};
use crate::encode::record::OutgoingRecord;
use crate::stage::port::{ALERT_TOO_LONG, DeadLetter, PendingAlert, SourcePartition};
use crate::wire::alert::to_json;

/// The topics that a detector reads and writes.
#[derive(Clone, Debug)]
pub(crate) struct DetectorTopics {
    /// The routed topic, which is read.
    pub routed: String,
    /// The checkpoint topic, which is written, and read to restore.
    pub checkpoint: String,
    /// The topic of alerts, which is written.
    pub alerts: String,
    /// The topic of dead letters, which is written.
    pub dead_letter: String,
    /// The encoding of alerts.
    pub format: AlertFormat,
}

impl DetectorTopics {
    /// Our own topics, with this encoding of alerts.
    pub(crate) fn new(topics: &OwnTopics, format: AlertFormat) -> DetectorTopics {
        DetectorTopics {
            routed: topics.routed.0.clone(),
            checkpoint: topics.checkpoint.0.clone(),
            alerts: topics.alerts.0.clone(),
            dead_letter: topics.dead_letter.0.clone(),
            format,
        }
    }
}

/// The alerts of a transaction, as they are written.
#[derive(Default)]
pub(crate) struct Fit<'a> {
    /// The records of alerts.
    pub records: Vec<OutgoingRecord<'a>>,
    /// The alerts of these records.
    pub written: Vec<&'a PendingAlert>,
    /// Those of them that were shortened.
    pub shortened: Vec<TooLong<'a>>,
    /// Alerts that fit in no form.
    pub dead: Vec<DeadLetter>,
}

/// An alert that was longer than its topic takes.
pub(crate) struct TooLong<'a> {
    pub raised: &'a PendingAlert,
    /// Its length before it was shortened, in bytes of its batch.
    pub bytes: usize,
}

/// The records of alerts for a topic that takes `limit` bytes. An alert that is too long is shortened, and is a dead letter if that
/// does not suffice: so one alert never holds up the others.
pub(crate) fn fit<'a>(topics: &'a DetectorTopics, limit: usize, alerts: &'a [PendingAlert]) -> Fit<'a> {
    let mut fit = Fit::default();
    for raised in alerts {
        match fitting_alert(&topics.alerts, topics.format, &raised.alert, limit) {
            None => fit.dead.push(dead_alert(topics, raised, limit)),
            Some(Fitting { record, whole_bytes }) => {
                fit.records.push(record);
                fit.written.push(raised);
                fit.shortened.extend(whole_bytes.map(|bytes| TooLong { raised, bytes }));
            }
        }
    }
    fit
}

fn dead_alert(topics: &DetectorTopics, raised: &PendingAlert, limit: usize) -> DeadLetter {
    let PendingAlert { alert, from: (partition, offset), .. } = raised;
    let record = to_json(alert).into_bytes();
    let (id, bytes) = (alert.alert_id, record.len());
    DeadLetter {
        from: SourcePartition { topic: topics.routed.clone(), partition: *partition },
        offset: *offset,
        append_time: None,
        reason: ALERT_TOO_LONG,
        detail: format!("the alert {id} has {bytes} bytes, and {} takes {limit}", topics.alerts),
        record,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Alert;
    use crate::detect::policy::Policy;
    use crate::engine::Engine;

    #[test]
    fn alert_that_fits_in_no_form_is_a_dead_letter_and_the_others_are_written() {
        let topics = DetectorTopics::new(&OwnTopics::default(), AlertFormat::Json);
        let output = Engine::new(Policy::default()).on_event(&crate::stage::testing::mismatch(1));
        let usual = output.alerts.into_iter().next().unwrap();
        let long = |name: String| Alert { san_values: vec![name], ..usual.clone() };
        let codes = Alert { detection: "x".repeat(20_000), ..usual.clone() };
        let alerts = [usual.clone(), long("y".repeat(20_000)), codes];
        let pending = alerts.map(|alert| PendingAlert { alert, from: (3, 71), appended: None });
        let fit = fit(&topics, 16_384, &pending);
        assert_eq!((fit.records.len(), fit.written.len(), fit.shortened.len()), (2, 2, 1));
        assert!(fit.shortened[0].bytes > 20_000);
        assert_eq!(fit.dead.len(), 1);
        let DeadLetter { from, offset, reason, detail, .. } = &fit.dead[0];
        assert_eq!((from.topic.as_str(), from.partition, *offset), ("adcs-watch.routed", 3, 71));
        assert_eq!(*reason, "alert_too_large");
        assert!(detail.ends_with("and adcs-watch.alerts takes 16384"), "{detail}");
    }
}
