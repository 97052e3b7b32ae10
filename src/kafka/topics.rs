//! Our own topics: how each must be, what is wrong with one that is otherwise, and how to mend it.

use crate::config::topics::{OwnTopics, Retention};
use crate::stage::Stage;
use std::collections::BTreeMap;
use std::fmt;

/// The longest record of our own topics: a state or an event with all that its limits allow.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// How a topic is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// How many partitions; none: as many as the broker likes.
    pub partitions: Option<u32>,
    /// How many copies; none: as many as the broker likes.
    pub replication: Option<u16>,
    /// What it is created with.
    pub settings: Vec<(&'static str, String)>,
    /// What it must keep.
    pub demands: Vec<Demand>,
}

/// What a topic must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The setting.
    pub name: &'static str,
    /// What holds of it.
    pub rule: Rule,
    /// Why.
    pub why: &'static str,
}

/// What holds of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It is this.
    Is(&'static str),
    /// It is at least this, or -1: without a bound.
    AtLeast(i64),
}

impl Rule {
    fn holds(self, value: &str) -> bool {
        match self {
            Rule::Is(wanted) => value == wanted,
            Rule::AtLeast(least) => value.parse::<i64>().is_ok_and(|value| value == -1 || value >= least),
        }
    }

    /// A value that keeps it.
    fn remedy(self) -> String {
        match self {
            Rule::Is(wanted) => wanted.to_owned(),
            Rule::AtLeast(least) => least.to_string(),
        }
    }
}

/// How a topic is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is one of that name.
    There {
        /// How many partitions.
        partitions: u32,
        /// Its settings, of a topic that must keep some.
        settings: BTreeMap<String, String>,
    },
    /// There is none.
    Absent,
    /// We may not know: this operation is not allowed to us.
    Forbidden(&'static str),
}

/// What is wrong with a topic, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which topic.
    pub topic: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; to fix: {}", self.topic, self.what, self.mend)
    }
}

const KEEP: Demand = Demand {
    name: "retention.ms",
    rule: Rule::AtLeast(Retention::LEAST.as_millis()),
    why: "a checkpoint and the longest outage must fit in",
};
const UNBOUNDED: Demand = Demand {
    name: "retention.bytes",
    rule: Rule::Is("-1"),
    why: "a bound on bytes deletes records whatever their age",
};
const LOG: Demand = Demand {
    name: "cleanup.policy",
    rule: Rule::Is("delete"),
    why: "every record counts, none replaces another",
};
const COMPACT: Demand =
    Demand { name: "cleanup.policy", rule: Rule::Is("compact"), why: "state must outlive any time" };
const APPEND_TIME: Demand = Demand {
    name: "message.timestamp.type",
    rule: Rule::Is("LogAppendTime"),
    why: "the broker's clock bounds the time of events",
};
const LONG_RECORDS: Demand = Demand {
    name: "max.message.bytes",
    rule: Rule::AtLeast(MAX_MESSAGE_BYTES as i64),
    why: "a state or an event may be that long",
};

/// How our topics are to be.
pub fn plan(topics: &OwnTopics) -> [Planned; 4] {
    let partitions = Some(topics.partitions.0);
    let retention = topics.retention.0.as_millis().to_string();
    let longest = MAX_MESSAGE_BYTES.to_string();
    let topic = |name: &str, partitions, settings: &[(&'static str, &str)], demands: &[Demand]| Planned {
        name: name.to_owned(),
        partitions,
        replication: topics.replication_factor,
        settings: settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        demands: demands.to_vec(),
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
    [
        topic(&topics.routed.0, partitions, &routed, &[LOG, KEEP, UNBOUNDED, LONG_RECORDS, APPEND_TIME]),
        topic(&topics.checkpoint.0, partitions, &checkpoint, &[COMPACT, LONG_RECORDS]),
        topic(&topics.alerts.0, None, &alerts, &[]),
        topic(&topics.dead_letter.0, None, &dead_letter, &[]),
    ]
}

/// What these stages do with a topic of ours, in Kafka's words; nothing: they leave it alone.
pub fn operations(stages: &[Stage], topics: &OwnTopics, name: &str) -> Vec<&'static str> {
    let all = [
        (Stage::Router, &topics.routed, "WRITE"),
        (Stage::Router, &topics.dead_letter, "WRITE"),
        (Stage::Detector, &topics.routed, "READ"),
        (Stage::Detector, &topics.checkpoint, "READ"),
        (Stage::Detector, &topics.checkpoint, "WRITE"),
        (Stage::Detector, &topics.alerts, "WRITE"),
        (Stage::Detector, &topics.dead_letter, "WRITE"),
    ];
    let ours = all.into_iter().filter(|(stage, topic, _)| stages.contains(stage) && topic.0 == name);
    let mut operations: Vec<&str> = ours.map(|(_, _, operation)| operation).collect();
    operations.dedup();
    operations
}

impl Planned {
    /// What is wrong with the topic as it is.
    pub fn mismatches(&self, found: &Found) -> Vec<Mismatch> {
        let mismatch = |what: String, mend: String| Mismatch { topic: self.name.clone(), what, mend };
        let (has, settings) = match found {
            Found::There { partitions, settings } => (*partitions, settings),
            Found::Absent => {
                return vec![mismatch("is not there".to_owned(), "adcs-watch topics create".to_owned())];
            }
            Found::Forbidden(operation) => {
                let mend =
                    format!("allow this principal {operation} on topic {} (docs/security.md)", self.name);
                return vec![mismatch(format!("may not be looked at: {operation} is missing"), mend)];
            }
        };
        let mut wrong = Vec::new();
        if let Some(partitions) = self.partitions.filter(|wanted| *wanted != has) {
            wrong.push(mismatch(
                format!("has {has} partitions, topics.partitions says {partitions}"),
                format!("say topics.partitions: {has} if both topics have so many, or stop every instance, delete the \
                         topics routed and checkpoint, and create them anew: state is lost"),
            ));
        }
        for demand in &self.demands {
            let Some(value) = settings.get(demand.name) else { continue };
            if !demand.rule.holds(value) {
                let remedy = demand.rule.remedy();
                wrong.push(mismatch(
                    format!("{} is {value}, but {}", demand.name, demand.why),
                    format!(
                        "kafka-configs.sh --alter --topic {} --add-config {}={remedy}",
                        self.name, demand.name
                    ),
                ));
            }
        }
        wrong
    }
}

/// What is left to the broker.
const BROKERS: &str = "the broker's default";

impl fmt::Display for Planned {
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

    fn as_planned(planned: &Planned) -> Found {
        let settings = planned.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Found::There { partitions: planned.partitions.unwrap_or(1), settings: settings.collect() }
    }

    fn with(mut found: Found, changes: &[(&str, &str)]) -> Found {
        if let Found::There { settings, .. } = &mut found {
            settings.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        }
        found
    }

    #[test]
    fn what_is_created_is_right() {
        for planned in plan(&OwnTopics::default()) {
            assert_eq!(planned.mismatches(&as_planned(&planned)), []);
        }
    }

    #[test]
    fn each_fault_is_told_with_its_remedy() {
        let [mut routed, checkpoint, alerts, _] = plan(&OwnTopics::default());
        let found = with(as_planned(&routed), &[("retention.ms", "3600000"), ("cleanup.policy", "compact")]);
        routed.partitions = Some(12);
        let wrong: Vec<String> = routed.mismatches(&found).iter().map(Mismatch::to_string).collect();
        assert_eq!(wrong.len(), 3);
        assert!(wrong[0].contains("has 24 partitions, topics.partitions says 12"));
        assert!(wrong[1].ends_with("--add-config cleanup.policy=delete"));
        assert!(wrong[2].ends_with("--add-config retention.ms=259200000"));
        assert_eq!(alerts.mismatches(&Found::Absent)[0].mend, "adcs-watch topics create");
        assert!(
            alerts.mismatches(&Found::Forbidden("DESCRIBE"))[0]
                .mend
                .contains("allow this principal DESCRIBE on topic adcs-watch.alerts")
        );
        let found = with(as_planned(&checkpoint), &[("cleanup.policy", "compact,delete")]);
        assert_eq!(checkpoint.mismatches(&found).len(), 1);
    }

    #[test]
    fn no_bound_is_as_good_as_a_long_time() {
        let [routed, ..] = plan(&OwnTopics::default());
        assert_eq!(routed.mismatches(&with(as_planned(&routed), &[("retention.ms", "-1")])), []);
    }
}
