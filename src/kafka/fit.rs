//! The alerts of a transaction as records that fit into their topics.

use crate::config::topics::{AlertFormat, AlertOutput, OwnTopics};
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
    /// Further topics of alerts, which are written too.
    pub more_alerts: Vec<AlertOutput>,
    /// The topic of dead letters, which is written.
    pub dead_letter: String,
    /// The encoding of alerts in the first of their topics.
    pub format: AlertFormat,
}

impl DetectorTopics {
    /// Our own topics, with this encoding of alerts.
    pub(crate) fn new(topics: &OwnTopics, format: AlertFormat) -> DetectorTopics {
        DetectorTopics {
            routed: topics.routed.0.clone(),
            checkpoint: topics.checkpoint.0.clone(),
            alerts: topics.alerts.0.clone(),
            more_alerts: topics.more_alerts.clone(),
            dead_letter: topics.dead_letter.0.clone(),
            format,
        }
    }

    /// The topics of alerts, each with its encoding.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (&str, AlertFormat)> {
        let more = self.more_alerts.iter().map(|output| (output.topic.0.as_str(), output.format));
        std::iter::once((self.alerts.as_str(), self.format)).chain(more)
    }
}

/// The alerts of a transaction, as they are written.
#[derive(Default)]
pub(crate) struct Fit<'a> {
    /// The records of alerts.
    pub records: Vec<OutgoingRecord<'a>>,
    /// The alerts that are written to the first of their topics.
    pub written: Vec<&'a PendingAlert>,
    /// Those of them that were shortened.
    pub shortened: Vec<TooLong<'a>>,
    /// Alerts that fit in no form.
    pub dead: Vec<DeadLetter>,
}

/// An alert that was longer than its topic takes.
pub(crate) struct TooLong<'a> {
    pub raised: &'a PendingAlert,
    /// The topic for which it is too long.
    pub topic: &'a str,
    /// What the topic takes, in bytes of a batch.
    pub limit: usize,
    /// Its length before it was shortened, in bytes of its batch.
    pub bytes: usize,
}

/// The records of alerts for each of their topics, with the bytes that it takes. An alert that is too long is shortened, and is a
/// dead letter if that does not suffice: so one alert never holds up the others.
pub(crate) fn fit<'a>(
    topics: &'a DetectorTopics,
    limit_of: impl Fn(&str) -> usize,
    alerts: &'a [PendingAlert],
) -> Fit<'a> {
    let mut fit = Fit::default();
    for raised in alerts {
        for (n, (topic, format)) in topics.outputs().enumerate() {
            let limit = limit_of(topic);
            let Some(Fitting { record, whole_bytes }) = fitting_alert(topic, format, &raised.alert, limit)
            else {
                fit.dead.push(dead_alert(topics, topic, raised, limit));
                continue;
            };
            fit.records.push(record);
            fit.written.extend((n == 0).then_some(raised));
            fit.shortened.extend(whole_bytes.map(|bytes| TooLong { raised, topic, limit, bytes }));
        }
    }
    fit
}

fn dead_alert(topics: &DetectorTopics, topic: &str, raised: &PendingAlert, limit: usize) -> DeadLetter {
    let PendingAlert { alert, from: (partition, offset), .. } = raised;
    let record = to_json(alert).into_bytes();
    let (id, bytes) = (alert.alert_id, record.len());
    DeadLetter {
        from: SourcePartition { topic: topics.routed.clone(), partition: *partition },
        offset: *offset,
        append_time: None,
        reason: ALERT_TOO_LONG,
        detail: format!("the alert {id} has {bytes} bytes, and {topic} takes {limit}"),
        record,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Alert;
    use crate::config::topics::TopicName;
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
        let fit = fit(&topics, |_| 16_384, &pending);
        assert_eq!((fit.records.len(), fit.written.len(), fit.shortened.len()), (2, 2, 1));
        assert!(fit.shortened[0].bytes > 20_000);
        assert_eq!(fit.dead.len(), 1);
        let DeadLetter { from, offset, reason, detail, .. } = &fit.dead[0];
        assert_eq!((from.topic.as_str(), from.partition, *offset), ("adcs-watch.routed", 3, 71));
        assert_eq!(*reason, "alert_too_large");
        assert!(detail.ends_with("and adcs-watch.alerts takes 16384"), "{detail}");
    }

    #[test]
    fn every_topic_gets_every_alert_in_its_own_format_and_length() {
        let output = |name: &str, format| AlertOutput { topic: TopicName(name.to_owned()), format };
        let more_alerts = vec![output("ocsf", AlertFormat::Ocsf), output("short", AlertFormat::Ecs)];
        let topics = OwnTopics { more_alerts, ..OwnTopics::default() };
        let topics = DetectorTopics::new(&topics, AlertFormat::Json);
        let output = Engine::new(Policy::default()).on_event(&crate::stage::testing::mismatch(1));
        let pending: Vec<PendingAlert> = output
            .alerts
            .into_iter()
            .map(|alert| PendingAlert { alert, from: (3, 71), appended: None })
            .collect();
        let fit = fit(&topics, |topic| if topic == "short" { 300 } else { 1_000_000 }, &pending);
        let written: Vec<&str> = fit.records.iter().map(|record| record.topic).collect();
        assert_eq!(written, ["adcs-watch.alerts", "ocsf"]);
        assert_eq!((fit.written.len(), fit.dead.len()), (1, 1));
        assert!(fit.dead[0].detail.ends_with("and short takes 300"), "{}", fit.dead[0].detail);
    }
}
