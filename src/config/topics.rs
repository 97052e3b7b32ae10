//! The sections `sources:`, `topics:` and `alerts:`: input, own topics and output.

use crate::config::pattern::whole;
use crate::config::words::nearest;
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
    /// The topics of this source.
    pub topics: Topics,
    /// The format of the records; `None`: recognised for each record.
    pub format: Option<Format>,
    /// The zone of local times that have none.
    pub zone: Option<TimeZone>,
}

/// The topics of a source.
#[derive(Clone, Debug)]
pub enum Topics {
    /// The topic of this name.
    Name(String),
    /// All topics whose whole name matches.
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
    /// The name of a topic. Either this or `pattern`.
    #[schemars(with = "Option<String>")]
    topic: Option<SourceTopic>,
    /// A regular expression for whole names: every topic that matches.
    #[schemars(with = "Option<String>")]
    pattern: Option<WholeName>,
    /// The format of the records. Without it the format is recognised for each record.
    #[schemars(with = "Option<String>", extend("enum" = Format::ALL.map(Format::as_str)))]
    format: Option<FormatOf>,
    /// The former name of `format`, still read.
    #[schemars(with = "Option<String>", extend("enum" = Format::ALL.map(Format::as_str)))]
    shape: Option<FormatOf>,
    /// The IANA time zone of local times that have none, such as those of NXLog. Default: UTC.
    #[schemars(with = "Option<String>", extend("title" = "time zone"))]
    zone: Option<ZoneOf>,
}

/// The name of a topic that is read.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct SourceTopic(String);

impl TryFrom<String> for SourceTopic {
    type Error = String;
    fn try_from(name: String) -> Result<SourceTopic, String> {
        let is_pattern = name.contains('*') && name != "*";
        let hint =
            || format!("; several topics are `pattern: '{}'`", name.replace('.', r"\.").replace('*', ".*"));
        let hint = if is_pattern { hint() } else { String::new() };
        topic_name(name).map(SourceTopic).map_err(|why| format!("{why}{hint}"))
    }
}

/// A pattern of whole names.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct WholeName(Regex);

impl TryFrom<String> for WholeName {
    type Error = String;
    fn try_from(pattern: String) -> Result<WholeName, String> {
        whole(&pattern).map(WholeName)
    }
}

/// A format by its name.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct FormatOf(Format);

impl TryFrom<String> for FormatOf {
    type Error = String;
    fn try_from(name: String) -> Result<FormatOf, String> {
        format_named(&name).map(FormatOf)
    }
}

/// A time zone by its name.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct ZoneOf(TimeZone);

impl TryFrom<String> for ZoneOf {
    type Error = String;
    fn try_from(name: String) -> Result<ZoneOf, String> {
        zone(&name).map(ZoneOf)
    }
}

pub(crate) fn source_examples() -> Value {
    json!([
        {"topic": "winlogbeat"},
        {"pattern": "siem\\..*", "format": "nxlog", "zone": "Europe/Zurich"},
    ])
}

impl TryFrom<SourceText> for Source {
    type Error = String;

    fn try_from(text: SourceText) -> Result<Source, String> {
        let topics = match (text.topic, text.pattern) {
            (Some(SourceTopic(name)), None) => Topics::Name(name),
            (None, Some(WholeName(pattern))) => Topics::Pattern(pattern),
            (Some(_), Some(_)) => return Err("has `topic` and `pattern`: use one of them".to_owned()),
            (None, None) => return Err("has neither `topic` nor `pattern`".to_owned()),
        };
        let format = match (text.format, text.shape) {
            (Some(_), Some(_)) => return Err("set `format` only: `shape` is its former name".to_owned()),
            (format, former) => format.or(former).map(|FormatOf(format)| format),
        };
        let zone = text.zone.map(|ZoneOf(zone)| zone);
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

    /// The subscription of a consumer: a name, or a pattern that begins with `^`.
    pub fn subscription(&self) -> &str {
        match self {
            Topics::Name(name) => name,
            Topics::Pattern(pattern) => pattern.as_str(),
        }
    }

    /// The name or the pattern as it stands in the config, but for `^` and `$`.
    pub(crate) fn written(&self) -> &str {
        let whole = self.subscription();
        let inner = whole.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).unwrap_or(whole);
        let group = inner.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        group.filter(|_| inner.contains('|')).unwrap_or(inner)
    }
}

impl Source {
    /// A decoder for the records of this source.
    pub fn decoder(&self) -> Decoder {
        Decoder { format: self.format, zone: self.zone.clone().unwrap_or(TimeZone::UTC) }
    }
}

/// Checks a name by the rules of Kafka.
fn topic_name(name: String) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let right = (1..=249).contains(&name.len()) && name.chars().all(fits) && name != "." && name != "..";
    if right {
        Ok(name)
    } else {
        Err(format!("`{name}` is not a topic name (1 to 249 letters, digits, `.`, `_` or `-`)"))
    }
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
    TimeZone::get(name).map_err(|_| format!("`{name}` is not an IANA time zone, such as Europe/Zurich"))
}

/// The section `topics:`: the topics of adcs-watch itself.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnTopics {
    /// Events, re-keyed for the detector. All state is computed from this topic.
    pub routed: TopicName,
    /// The state of the detector; compacted.
    pub checkpoint: TopicName,
    /// Alerts, in the format that `alerts.format` names.
    pub alerts: TopicName,
    /// Further topics for alerts. Each gets every alert in a format of its own, in the same transactions as `alerts`.
    #[schemars(example = alert_output_examples())]
    pub more_alerts: Vec<AlertOutput>,
    /// Rejected records, with the reason.
    pub dead_letter: TopicName,
    /// Partitions of `routed` and of `checkpoint`. Fixed once the topics exist. Default: as many as `routed` has; 8 when it is
    /// created.
    #[schemars(example = 8)]
    pub partitions: Option<Partitions>,
    /// Replicas of each topic. Default: the default of the broker.
    #[schemars(example = 3)]
    pub replication_factor: Option<Replicas>,
    /// Retention of `routed`; at least 72h.
    pub retention: Retention,
    /// The most dead letters of a topic and a reason that a worker writes in a minute. Those beyond it are only counted.
    pub dead_letters_per_minute: u32,
}

impl Default for OwnTopics {
    fn default() -> Self {
        let name = |name: &str| TopicName(name.to_owned());
        OwnTopics {
            routed: name("adcs-watch.routed"),
            checkpoint: name("adcs-watch.checkpoint"),
            alerts: name("adcs-watch.alerts"),
            more_alerts: Vec::new(),
            dead_letter: name("adcs-watch.dead-letter"),
            partitions: None,
            replication_factor: None,
            retention: Retention(Span::days(7)),
            dead_letters_per_minute: 60,
        }
    }
}

impl OwnTopics {
    /// The settings that name our topics, each with its topic.
    pub fn names(&self) -> Vec<(String, &str)> {
        let one = |setting: &str, name| (setting.to_owned(), name);
        let mut names = vec![
            one("routed", self.routed.0.as_str()),
            one("checkpoint", &self.checkpoint.0),
            one("alerts", &self.alerts.0),
            one("dead_letter", &self.dead_letter.0),
        ];
        let more = self.more_alerts.iter().enumerate();
        names.extend(more.map(|(n, output)| (format!("more_alerts[{n}]"), output.topic.0.as_str())));
        names
    }
}

/// One entry of `topics.more_alerts`: a topic that gets every alert.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "AlertOutputText")]
#[schemars(with = "AlertOutputText")]
pub struct AlertOutput {
    /// The topic that gets every alert.
    pub topic: TopicName,
    /// The encoding of its alerts.
    pub format: AlertFormat,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AlertOutputText {
    /// The name of the topic.
    topic: TopicName,
    /// The encoding of each alert.
    #[serde(default)]
    format: FormatName,
    /// The id of `alert.proto` in a schema registry, as `alerts.schema_id`.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    schema_id: Option<u32>,
}

impl TryFrom<AlertOutputText> for AlertOutput {
    type Error = String;

    fn try_from(text: AlertOutputText) -> Result<AlertOutput, String> {
        Ok(AlertOutput { topic: text.topic, format: encoding(text.format, text.schema_id)? })
    }
}

fn alert_output_examples() -> Value {
    json!([{"topic": "adcs-watch.alerts.ocsf", "format": "ocsf"}])
}

/// A valid topic name.
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

/// A number of partitions, 1 to 10000.
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

/// A number of replicas, 1 to 32767, which is Kafka's greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "u32")]
#[schemars(extend("minimum" = 1, "maximum" = 32_767))]
pub struct Replicas(pub u32);

impl TryFrom<u32> for Replicas {
    type Error = String;
    fn try_from(count: u32) -> Result<Replicas, String> {
        let right = (1..=32_767).contains(&count);
        if right { Ok(Replicas(count)) } else { Err(format!("{count} is not between 1 and 32767")) }
    }
}

/// A retention of at least [`Retention::LEAST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "Span")]
pub struct Retention(pub Span);

impl Retention {
    /// Many times the age of a checkpoint plus the longest planned outage.
    pub const LEAST: Span = Span::hours(72);
}

impl TryFrom<String> for Retention {
    type Error = String;
    fn try_from(text: String) -> Result<Retention, String> {
        let span = Span::try_from(text)?;
        if span < Retention::LEAST {
            return Err(format!("{span} is less than 72h: a longer outage would lose events"));
        }
        Ok(Retention(span))
    }
}

/// The section `alerts:`: how alerts are encoded, and from which age they are historical.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "AlertsText")]
#[schemars(with = "AlertsText")]
pub struct Alerts {
    /// The encoding of each alert.
    pub format: AlertFormat,
    /// The age from which an alert is historical; `None`: no limit.
    pub age_limit: Option<AgeLimit>,
}

/// The encoding of alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertFormat {
    /// One JSON object per record.
    #[default]
    Json,
    /// A Detection Finding of OCSF, as JSON.
    Ocsf,
    /// A document of the Elastic Common Schema, as JSON.
    Ecs,
    /// The protobuf message `adcs_watch.v1.Alert`.
    Protobuf,
    /// The protobuf message in the framing of Confluent's serialisers.
    Confluent {
        /// The id of `alert.proto` in the schema registry.
        schema_id: u32,
    },
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct AlertsText {
    /// The encoding of each alert.
    format: FormatName,
    /// The id of `alert.proto` in a schema registry: alerts get the framing of Confluent's serialisers. Only with `format: protobuf`.
    #[schemars(range(min = 1, max = 2_147_483_647), example = 7)]
    schema_id: Option<u32>,
    /// The greatest age of an event, when its record is routed, for a current alert. An alert on an older event is historical. Default: no limit.
    #[schemars(example = &"7d")]
    max_age: Option<Span>,
    /// What happens to historical alerts. Default: `mark`. Only with `max_age`.
    #[schemars(example = &"hold")]
    older: Option<Older>,
}

#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FormatName {
    /// One JSON object per record.
    #[default]
    Json,
    /// A Detection Finding (class 2004) of OCSF 1.8, as JSON.
    Ocsf,
    /// A document of the Elastic Common Schema, as JSON.
    Ecs,
    /// The message `adcs_watch.v1.Alert` of `proto/adcs_watch/v1/alert.proto`.
    Protobuf,
}

/// The encoding of this name, with the id of its schema in a registry if it has one.
fn encoding(format: FormatName, schema_id: Option<u32>) -> Result<AlertFormat, String> {
    match (format, schema_id) {
        (FormatName::Json, None) => Ok(AlertFormat::Json),
        (FormatName::Ocsf, None) => Ok(AlertFormat::Ocsf),
        (FormatName::Ecs, None) => Ok(AlertFormat::Ecs),
        (FormatName::Protobuf, None) => Ok(AlertFormat::Protobuf),
        (FormatName::Protobuf, Some(schema_id)) if (1..=i32::MAX.unsigned_abs()).contains(&schema_id) => {
            Ok(AlertFormat::Confluent { schema_id })
        }
        (FormatName::Protobuf, Some(id)) => Err(format!("schema_id: {id} is not between 1 and 2147483647")),
        (FormatName::Json | FormatName::Ocsf | FormatName::Ecs, Some(_)) => {
            Err("schema_id needs `format: protobuf`: JSON has no schema id".to_owned())
        }
    }
}

impl TryFrom<AlertsText> for Alerts {
    type Error = String;

    fn try_from(text: AlertsText) -> Result<Alerts, String> {
        let format = encoding(text.format, text.schema_id)?;
        let age_limit = match (text.max_age, text.older) {
            (Some(max_age), older) => Some(AgeLimit { max_age, older: older.unwrap_or_default() }),
            (None, None) => None,
            (None, Some(_)) => return Err("`older` has no effect without `max_age`".to_owned()),
        };
        Ok(Alerts { format, age_limit })
    }
}
