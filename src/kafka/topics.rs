//! Our own topics: how each must be configured, what differs, and how to fix it.

use crate::config::topics::{OwnTopics, Replicas, Retention};
use crate::stage::Stage;
use std::collections::BTreeMap;
use std::fmt;

/// The longest record of our own topics, bytes: a state or an event at its limits.
pub(crate) const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// The least that topics of alerts and dead letters must take, bytes: records are cut to what their topic takes, but not further.
pub(crate) const LEAST_MESSAGE_BYTES: usize = 16 * 1024;

/// A topic as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedTopic {
    /// The name of the topic.
    pub name: String,
    /// The number of partitions. `None`: the broker's default.
    pub partitions: Option<u32>,
    /// The replication factor. `None`: the broker's default.
    pub replication: Option<u32>,
    /// The settings it is created with.
    pub settings: Vec<(&'static str, String)>,
    /// The settings that are checked.
    pub requirements: Vec<Requirement>,
}

/// A requirement on one setting of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// The name of the setting.
    pub name: &'static str,
    /// Which values are valid.
    pub rule: Rule,
    /// The reason, for the error.
    pub why: &'static str,
}

/// The valid values of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// This value and no other.
    Is(&'static str),
    /// This number or a greater one, or -1 (unlimited).
    AtLeast(i64),
}

impl Rule {
    fn holds(self, value: &str) -> bool {
        match self {
            Rule::Is(wanted) => value == wanted,
            Rule::AtLeast(least) => value.parse::<i64>().is_ok_and(|value| value == -1 || value >= least),
        }
    }

    /// The value that a new topic gets and that a fix proposes.
    fn valid_value(self) -> String {
        match self {
            Rule::Is(wanted) => wanted.to_owned(),
            Rule::AtLeast(least) => least.to_string(),
        }
    }
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActualTopic {
    Present {
        /// The number of partitions.
        partitions: u32,
        /// The settings. Empty if the plan requires none.
        settings: BTreeMap<String, String>,
    },
    /// It does not exist.
    Absent,
    /// This operation on it is not permitted, so its state is unknown.
    Forbidden(&'static str),
}

/// A difference between a topic and its plan, and the fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The name of the topic.
    pub topic: String,
    /// The difference: what the topic has and what it needs.
    pub what: String,
    /// What the operator can do, as a command where there is one.
    pub fix: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; to fix: {}", self.topic, self.what, self.fix)
    }
}

const KEEP: Requirement = Requirement {
    name: "retention.ms",
    rule: Rule::AtLeast(Retention::LEAST.as_millis()),
    why: "it must cover the age of a checkpoint and the longest outage",
};
const UNBOUNDED: Requirement = Requirement {
    name: "retention.bytes",
    rule: Rule::Is("-1"),
    why: "a limit in bytes deletes records of any age",
};
const LOG: Requirement = Requirement {
    name: "cleanup.policy",
    rule: Rule::Is("delete"),
    why: "compaction would delete records of the log",
};
const UNKEYED: Requirement = Requirement {
    name: "cleanup.policy",
    rule: Rule::Is("delete"),
    why: "dead letters have no key, and a compacted topic takes none",
};
const COMPACT: Requirement = Requirement {
    name: "cleanup.policy",
    rule: Rule::Is("compact"),
    why: "state must be kept for an unlimited time",
};
const APPEND_TIME: Requirement = Requirement {
    name: "message.timestamp.type",
    rule: Rule::Is("LogAppendTime"),
    why: "the broker's clock bounds the time of events",
};
const LONG_RECORDS: Requirement = Requirement {
    name: "max.message.bytes",
    rule: Rule::AtLeast(MAX_MESSAGE_BYTES as i64),
    why: "a state or an event may have that length",
};

const CUT_RECORDS: Requirement = Requirement {
    name: "max.message.bytes",
    rule: Rule::AtLeast(LEAST_MESSAGE_BYTES as i64),
    why: "records are cut to it, and need at least that",
};

/// The partitions of a routed topic that is created, unless the config has a number. Each partition of a transaction costs the broker
/// time, and one is enough for tens of thousands of events a second (`docs/sizing.md`).
const NEW_PARTITIONS: u32 = 8;

/// The partitions of the topics routed and checkpoint: those of the config, else as many as routed has, if it exists.
pub(crate) fn partitions(topics: &OwnTopics, existing: Option<u32>) -> u32 {
    topics.partitions.map_or_else(|| existing.unwrap_or(NEW_PARTITIONS), |configured| configured.0)
}

/// Our own topics as they must be. `existing` is the number of partitions of the topic routed, if it exists.
pub(crate) fn plan(topics: &OwnTopics, existing: Option<u32>) -> Vec<PlannedTopic> {
    let partitions = Some(partitions(topics, existing));
    let retention = topics.retention.0.as_millis().to_string();
    let longest = MAX_MESSAGE_BYTES.to_string();
    let topic = |name: &str, partitions, settings: &[(&'static str, &str)], requirements: &[Requirement]| {
        PlannedTopic {
            name: name.to_owned(),
            partitions,
            replication: topics.replication_factor.map(|Replicas(count)| count),
            settings: settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            requirements: requirements.to_vec(),
        }
    };
    let routed = [
        ("cleanup.policy", "delete"),
        ("retention.ms", &retention),
        ("retention.bytes", "-1"),
        ("max.message.bytes", &longest),
        ("message.timestamp.type", "LogAppendTime"),
    ];
    let checkpoint = [("cleanup.policy", "compact"), ("max.message.bytes", longest.as_str())];
    let alerts = [("cleanup.policy", "delete"), ("max.message.bytes", longest.as_str())];
    let dead_letter = [("cleanup.policy", "delete"), ("retention.ms", retention.as_str())];
    let mut planned = vec![
        topic(&topics.routed.0, partitions, &routed, &[LOG, KEEP, UNBOUNDED, LONG_RECORDS, APPEND_TIME]),
        topic(&topics.checkpoint.0, partitions, &checkpoint, &[COMPACT, LONG_RECORDS]),
        topic(&topics.alerts.0, None, &alerts, &[CUT_RECORDS]),
        topic(&topics.dead_letter.0, None, &dead_letter, &[UNKEYED, CUT_RECORDS]),
    ];
    let more = topics.more_alerts.iter();
    planned.extend(more.map(|output| topic(&output.topic.0, None, &alerts, &[CUT_RECORDS])));
    planned
}

/// The operations of these stages on one of our topics, as ACLs name them. Empty: they do not use it.
pub(crate) fn operations(stages: &[Stage], topics: &OwnTopics, name: &str) -> Vec<&'static str> {
    let all = [
        (Stage::Router, &topics.routed, "WRITE"),
        (Stage::Router, &topics.dead_letter, "WRITE"),
        (Stage::Detector, &topics.routed, "READ"),
        (Stage::Detector, &topics.routed, "WRITE"),
        (Stage::Detector, &topics.checkpoint, "READ"),
        (Stage::Detector, &topics.checkpoint, "WRITE"),
        (Stage::Detector, &topics.alerts, "WRITE"),
        (Stage::Detector, &topics.dead_letter, "WRITE"),
    ];
    let more = topics.more_alerts.iter().map(|output| (Stage::Detector, &output.topic, "WRITE"));
    let ours =
        all.into_iter().chain(more).filter(|(stage, topic, _)| stages.contains(stage) && topic.0 == name);
    let mut operations: Vec<&str> = ours.map(|(_, _, operation)| operation).collect();
    operations.dedup();
    operations
}

impl PlannedTopic {
    /// The differences between the topic and this plan, each with its fix.
    pub(crate) fn mismatches(&self, found: &ActualTopic) -> Vec<Mismatch> {
        let mismatch = |what: String, fix: String| Mismatch { topic: self.name.clone(), what, fix };
        let (has, settings) = match found {
            ActualTopic::Present { partitions, settings } => (*partitions, settings),
            ActualTopic::Absent => {
                return vec![mismatch("does not exist".to_owned(), "adcs-watch topics create".to_owned())];
            }
            ActualTopic::Forbidden(operation) => {
                let fix =
                    format!("allow this principal {operation} on topic {} (docs/security.md)", self.name);
                return vec![mismatch(format!("cannot be described: {operation} is missing"), fix)];
            }
        };
        let mut wrong = Vec::new();
        if let Some(partitions) = self.partitions.filter(|wanted| *wanted != has) {
            wrong.push(mismatch(
                format!("has {has} partitions, expected are {partitions}"),
                format!("set topics.partitions: {has} if both topics have as many, or stop every instance, delete the \
                         topics routed and checkpoint, and re-create them: the state is lost"),
            ));
        }
        for requirement in &self.requirements {
            let Some(value) = settings.get(requirement.name) else { continue };
            if !requirement.rule.holds(value) {
                let valid = requirement.rule.valid_value();
                wrong.push(mismatch(
                    format!("{} is {value}, but {}", requirement.name, requirement.why),
                    format!(
                        "kafka-configs.sh --alter --topic {} --add-config {}={valid}",
                        self.name, requirement.name
                    ),
                ));
            }
        }
        wrong
    }
}

const BROKERS: &str = "the broker's default";

impl fmt::Display for PlannedTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        let partitions = self.partitions.map_or_else(|| BROKERS.to_owned(), |count| count.to_string());
        writeln!(f, "  {:<20}{partitions}", "partitions")?;
        let copies = self.replication.map_or_else(|| BROKERS.to_owned(), |count| count.to_string());
        writeln!(f, "  {:<20}{copies}", "replication")?;
        self.settings.iter().try_for_each(|(name, value)| writeln!(f, "  {name:<20}{value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::topics::{AlertFormat, AlertOutput, TopicName};

    fn as_planned(planned: &PlannedTopic) -> ActualTopic {
        let settings = planned.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        ActualTopic::Present { partitions: planned.partitions.unwrap_or(1), settings: settings.collect() }
    }

    fn with(mut found: ActualTopic, changes: &[(&str, &str)]) -> ActualTopic {
        if let ActualTopic::Present { settings, .. } = &mut found {
            settings.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        }
        found
    }

    #[test]
    fn created_topic_has_no_mismatch() {
        for planned in plan(&OwnTopics::default(), None) {
            assert_eq!(planned.mismatches(&as_planned(&planned)), []);
        }
    }

    #[test]
    fn each_mismatch_has_its_fix() {
        let planned = <[PlannedTopic; 4]>::try_from(plan(&OwnTopics::default(), None));
        let Ok([mut routed, checkpoint, alerts, _]) = planned else { panic!("four topics") };
        let found = with(as_planned(&routed), &[("retention.ms", "3600000"), ("cleanup.policy", "compact")]);
        routed.partitions = Some(12);
        let wrong: Vec<String> = routed.mismatches(&found).iter().map(Mismatch::to_string).collect();
        assert_eq!(wrong.len(), 3);
        assert!(wrong[0].contains("has 8 partitions, expected are 12"));
        assert!(wrong[1].ends_with("--add-config cleanup.policy=delete"));
        assert!(wrong[2].ends_with("--add-config retention.ms=259200000"));
        assert_eq!(alerts.mismatches(&ActualTopic::Absent)[0].fix, "adcs-watch topics create");
        assert!(
            alerts.mismatches(&ActualTopic::Forbidden("DESCRIBE"))[0]
                .fix
                .contains("allow this principal DESCRIBE on topic adcs-watch.alerts")
        );
        let found = with(as_planned(&checkpoint), &[("cleanup.policy", "compact,delete")]);
        assert_eq!(checkpoint.mismatches(&found).len(), 1);
    }

    #[test]
    fn topic_that_takes_too_short_records_is_named_with_what_it_needs() {
        let least = [4_194_304, 4_194_304, 16_384, 16_384];
        for (planned, least) in plan(&OwnTopics::default(), None).iter().zip(least) {
            let with_limit = |bytes: i64| {
                let found = with(as_planned(planned), &[("max.message.bytes", &bytes.to_string())]);
                planned.mismatches(&found).iter().map(Mismatch::to_string).collect::<Vec<_>>()
            };
            assert_eq!(with_limit(least), [""; 0]);
            let wrong = with_limit(least - 1);
            assert_eq!(wrong.len(), 1);
            assert!(wrong[0].starts_with(&format!("{}: max.message.bytes is {}", planned.name, least - 1)));
            assert!(wrong[0].ends_with(&format!("max.message.bytes={least}")));
        }
    }

    #[test]
    fn every_topic_for_alerts_is_planned_and_may_be_written() {
        let output = |name: &str| AlertOutput { topic: TopicName(name.to_owned()), format: AlertFormat::Ecs };
        let topics = OwnTopics { more_alerts: vec![output("a"), output("b")], ..OwnTopics::default() };
        let names: Vec<String> = plan(&topics, None).into_iter().map(|topic| topic.name).collect();
        assert_eq!(names[4..], ["a", "b"]);
        assert_eq!(operations(&[Stage::Detector], &topics, "b"), ["WRITE"]);
        assert_eq!(operations(&[Stage::Router], &topics, "b"), [""; 0]);
    }

    #[test]
    fn unlimited_retention_is_valid() {
        let routed = plan(&OwnTopics::default(), None).remove(0);
        assert_eq!(routed.mismatches(&with(as_planned(&routed), &[("retention.ms", "-1")])), []);
    }
}
