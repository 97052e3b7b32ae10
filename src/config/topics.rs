//! The sections `sources:`, `topics:` and `alerts:`: what is read, and where what comes of it goes.

use crate::config::mistake::nearest;
use crate::decode::{Decoder, Format};
use crate::event::time::Span;
use crate::stage::detector::age::{AgeLimit, Older};
use jiff::tz::TimeZone;
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One entry of `sources:`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "SourceText")]
#[schemars(with = "SourceText")]
pub struct Source {
    /// Which topics.
    pub topics: Topics,
    /// How their records are read.
    pub format: Option<Format>,
    /// The zone of local times without one.
    pub zone: Option<TimeZone>,
}

/// Topics of a source.
#[derive(Clone, Debug)]
pub enum Topics {
    /// The one of this name.
    Name(String),
    /// All whose whole name matches.
    Pattern(Regex),
}

impl PartialEq for Topics {
    fn eq(&self, other: &Topics) -> bool {
        self.subscription() == other.subscription()
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SourceText {
    /// The name of a topic. Say either this or `pattern`.
    topic: Option<String>,
    /// A pattern of whole names: every topic that matches.
    pattern: Option<String>,
    /// The format of the records. Without it the format is found for each record.
    #[schemars(extend("enum" = Format::ALL.map(Format::as_str)))]
    format: Option<String>,
    /// The former name of `format`, still read.
    #[schemars(extend("enum" = Format::ALL.map(Format::as_str)))]
    shape: Option<String>,
    /// The zone of local times without one, such as NXLog writes: a name of the IANA database. Without it UTC.
    zone: Option<String>,
}

/// What `sources:` may look like.
pub fn source_examples() -> Value {
    json!([
        {"topic": "winlogbeat"},
        {"pattern": "siem\\..*", "format": "nxlog", "zone": "Europe/Zurich"},
    ])
}

impl TryFrom<SourceText> for Source {
    type Error = String;

    fn try_from(text: SourceText) -> Result<Source, String> {
        let topics = match (text.topic, text.pattern) {
            (Some(name), None) => Topics::Name(topic_name(name)?),
            (None, Some(pattern)) => Topics::Pattern(whole(&pattern)?),
            (Some(_), Some(_)) => return Err("say either `topic` or `pattern`".to_owned()),
            (None, None) => return Err("say which `topic`, or a `pattern` of topics".to_owned()),
        };
        let format = match (text.format, text.shape) {
            (Some(_), Some(_)) => return Err("set `format` only: `shape` is its former name".to_owned()),
            (format, former) => format.or(former).as_deref().map(format_named).transpose()?,
        };
        let zone = text.zone.as_deref().map(zone).transpose()?;
        Ok(Source { topics, format, zone })
    }
}

impl Topics {
    /// Whether a topic is one of these.
    pub fn matches(&self, topic: &str) -> bool {
        match self {
            Topics::Name(name) => name == topic,
            Topics::Pattern(pattern) => pattern.is_match(topic),
        }
    }

    /// What a consumer subscribes to: a name, or a pattern that begins with `^`.
    pub fn subscription(&self) -> &str {
        match self {
            Topics::Name(name) => name,
            Topics::Pattern(pattern) => pattern.as_str(),
        }
    }
}

impl Source {
    /// What reads its records.
    pub fn decoder(&self) -> Decoder {
        Decoder { format: self.format, zone: self.zone.clone().unwrap_or(TimeZone::UTC) }
    }
}

/// Kafka's own rules for names.
fn topic_name(name: String) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let right = (1..=249).contains(&name.len()) && name.chars().all(fits) && name != "." && name != "..";
    if right { Ok(name) } else { Err(format!("`{name}` is no name of a topic (letters, digits, . _ -)")) }
}

/// The pattern of whole names.
fn whole(pattern: &str) -> Result<Regex, String> {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    if inner.is_empty() {
        return Err("the pattern is empty".to_owned());
    }
    let wrapped = if inner.contains('|') { format!("^({inner})$") } else { format!("^{inner}$") };
    Regex::new(&wrapped).map_err(|error| format!("`{pattern}` is no pattern: {error}"))
}

fn format_named(name: &str) -> Result<Format, String> {
    let found = Format::ALL.into_iter().find(|format| format.as_str() == name);
    found.ok_or_else(|| {
        let known = Format::ALL.map(Format::as_str);
        match nearest(name, &known) {
            Some(near) => format!("`{name}` is no format; did you mean `{near}`?"),
            None => format!("`{name}` is no format; known here: {}", known.join(", ")),
        }
    })
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| format!("`{name}` is no time zone of the IANA database, such as Europe/Zurich"))
}

/// The section `topics:`: our own topics.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnTopics {
    /// The re-keyed log that all state is a function of.
    pub routed: TopicName,
    /// The state, compacted.
    pub checkpoint: TopicName,
    /// Where alerts go.
    pub alerts: TopicName,
    /// Where records go that are not understood.
    pub dead_letter: TopicName,
    /// Partitions of `routed` and `checkpoint`; fixed once they are created.
    pub partitions: Partitions,
    /// Copies of each of our topics; default: the broker's.
    #[schemars(example = 3)]
    pub replication_factor: Option<u16>,
    /// How long `routed` keeps its records; at least 72 h.
    pub retention: Retention,
}

impl Default for OwnTopics {
    fn default() -> Self {
        let name = |name: &str| TopicName(name.to_owned());
        OwnTopics {
            routed: name("adcs-watch.routed"),
            checkpoint: name("adcs-watch.checkpoint"),
            alerts: name("adcs-watch.alerts"),
            dead_letter: name("adcs-watch.dead-letter"),
            partitions: Partitions(24),
            replication_factor: None,
            retention: Retention(Span::days(7)),
        }
    }
}

impl OwnTopics {
    /// The names of all four.
    pub fn names(&self) -> [&str; 4] {
        [&self.routed, &self.checkpoint, &self.alerts, &self.dead_letter].map(|name| name.0.as_str())
    }
}

/// A name that Kafka takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9._-]{1,249}$"))]
pub struct TopicName(pub String);

impl TryFrom<String> for TopicName {
    type Error = String;
    fn try_from(name: String) -> Result<TopicName, String> {
        topic_name(name).map(TopicName)
    }
}

/// How many partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "u32")]
#[schemars(extend("minimum" = 1, "maximum" = 10_000))]
pub struct Partitions(pub u32);

impl TryFrom<u32> for Partitions {
    type Error = String;
    fn try_from(count: u32) -> Result<Partitions, String> {
        let right = (1..=10_000).contains(&count);
        if right { Ok(Partitions(count)) } else { Err(format!("{count} is not between 1 and 10000")) }
    }
}

/// How long a log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "Span")]
pub struct Retention(pub Span);

impl Retention {
    /// Many times the age of a checkpoint plus the longest outage.
    pub const LEAST: Span = Span::hours(72);
}

impl TryFrom<String> for Retention {
    type Error = String;
    fn try_from(text: String) -> Result<Retention, String> {
        let span = Span::try_from(text)?;
        if span < Retention::LEAST {
            return Err(format!("{span} is less than 72h: an outage longer than that would lose events"));
        }
        Ok(Retention(span))
    }
}

/// The section `alerts:`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "AlertsText")]
#[schemars(with = "AlertsText")]
pub struct Alerts {
    /// How alerts are written.
    pub format: AlertFormat,
    /// What is old news, if anything is.
    pub age_limit: Option<AgeLimit>,
}

/// How alerts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertFormat {
    /// One JSON object.
    #[default]
    Json,
    /// `adcs_watch.v1.Alert`.
    Protobuf,
    /// The same, behind the id that a schema registry gave `alert.proto`.
    Confluent {
        /// The id.
        schema_id: u32,
    },
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct AlertsText {
    /// How alerts are written.
    format: FormatName,
    /// The id that a schema registry gave `alert.proto`: alerts are framed as Confluent's serialisers do. Only with `format: protobuf`.
    #[schemars(range(min = 1, max = 2_147_483_647), example = 7)]
    schema_id: Option<u32>,
    /// An alert on an event older than this, when its record was routed, is old news. Without it nothing is.
    #[schemars(example = &"7d")]
    max_age: Option<Span>,
    /// What becomes of old news; `mark` without it. Only with `max_age`.
    #[schemars(example = &"hold")]
    older: Option<Older>,
}

#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FormatName {
    /// One JSON object.
    #[default]
    Json,
    /// `adcs_watch.v1.Alert` of `proto/adcs_watch/v1/alert.proto`.
    Protobuf,
}

impl TryFrom<AlertsText> for Alerts {
    type Error = String;

    fn try_from(text: AlertsText) -> Result<Alerts, String> {
        let format = match (text.format, text.schema_id) {
            (FormatName::Json, None) => AlertFormat::Json,
            (FormatName::Protobuf, None) => AlertFormat::Protobuf,
            (FormatName::Protobuf, Some(schema_id)) if (1..=i32::MAX.unsigned_abs()).contains(&schema_id) => {
                AlertFormat::Confluent { schema_id }
            }
            (FormatName::Protobuf, Some(id)) => return Err(format!("schema_id: {id} is no id of a schema")),
            (FormatName::Json, Some(_)) => {
                return Err("schema_id belongs to `format: protobuf`: JSON is written without one".to_owned());
            }
        };
        let age_limit = match (text.max_age, text.older) {
            (Some(max_age), older) => Some(AgeLimit { max_age, older: older.unwrap_or_default() }),
            (None, None) => None,
            (None, Some(_)) => return Err("`older` says nothing without `max_age`".to_owned()),
        };
        Ok(Alerts { format, age_limit })
    }
}
