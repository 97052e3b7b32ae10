//! The arguments of every subcommand that runs the detections over recorded events, and what they stand for.

use crate::alert::Severity;
use crate::cli::since::{self, Since};
use crate::config::Config;
use crate::config::topic_range::TopicRange;
use crate::config::topics::Source;
use crate::decode::Decoder;
use crate::detect::catalogue;
use crate::event::time::Time;
use crate::host::exit::{Exit, Failure};
use crate::kafka::settings::{Clients, Instance};
use crate::replay::evaluate::{Labels, read};
use crate::replay::selection::Selection;
use crate::replay::topic::TopicInput;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::tz::TimeZone;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The policy that is in force, and the zone of times that name none.
#[derive(Debug, Args)]
pub(crate) struct Conditions {
    /// Time zone of local times that have none (NXLog), such as Europe/Zurich; default UTC
    #[arg(long, value_name = "TZ", value_parser = zone, help_heading = "Input")]
    zone: Option<TimeZone>,
    /// The config, of which the policy is used; default: the built-in policy
    #[arg(short, long, value_name = "FILE", help_heading = "Detection")]
    config: Option<PathBuf>,
    /// Alert from the first day: do not wait until a baseline has enough days of data
    #[arg(long, help_heading = "Detection")]
    assume_trained: bool,
}

impl Conditions {
    /// The config; without a file, the built-in one.
    ///
    /// # Errors
    /// The config has mistakes.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let mut config = load(self.config.as_deref())?;
        if self.assume_trained {
            config.policy.assume_trained();
        }
        Ok(config)
    }

    /// The decoder of a topic, or of files where none is given.
    pub(crate) fn decoder(&self, topic: Option<&TopicRange>, config: &Config) -> Decoder {
        decoder(topic, self.zone.as_ref(), config)
    }
}

/// A topic that is read instead of files.
#[derive(Debug, Args)]
pub(crate) struct FromTopic {
    /// Read a topic up to its present end, without joining a group or committing offsets
    #[arg(
        long,
        value_name = "TOPIC[:PARTITION[@FROM..TO]]",
        requires = "config",
        conflicts_with = "paths",
        help_heading = "Input"
    )]
    from_topic: Option<TopicRange>,
    /// Read the topic from its first record since then (30d, 12h, RFC 3339); default: from its earliest record
    #[arg(long, value_name = "AGE|TIME", value_parser = since::since, requires = "from_topic", help_heading = "Input")]
    since: Option<Since>,
    /// The config that names the brokers, and how the topic is read
    #[arg(short, long, value_name = "FILE", requires = "from_topic", help_heading = "Input")]
    config: Option<PathBuf>,
}

impl FromTopic {
    /// The topic and the config; none where no topic is read.
    ///
    /// # Errors
    /// The config has mistakes, or does not allow to read a topic.
    pub(crate) fn input(&self) -> Result<Option<(TopicInput, Config)>, Failure> {
        let Some(range) = &self.from_topic else { return Ok(None) };
        let config = load(self.config.as_deref())?;
        let range = TopicRange { since: self.since.map(Since::time), ..range.clone() };
        Ok(Some((topic(&range, &config)?, config)))
    }

    /// The same, with what the topic has now: two reads return the same records.
    ///
    /// # Errors
    /// Also when the topic cannot be read.
    pub(crate) fn input_to_read_twice(&self) -> Result<Option<(TopicInput, Config)>, Failure> {
        let Some((input, config)) = self.input()? else { return Ok(None) };
        let extent = Some(input.extent()?);
        Ok(Some((TopicInput { extent, ..input }, config)))
    }
}

/// Which alerts are shown.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// Show only alerts that speak of events since this time (2026-03-02T09:00:00Z); earlier events still count for them
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Detection")]
    since: Option<Time>,
    /// Look at no event after this time
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Detection")]
    until: Option<Time>,
    /// Show only alerts of this detection; may be repeated
    #[arg(long = "detection", value_name = "ID", value_parser = detections(), help_heading = "Output")]
    detections: Vec<String>,
    /// Show only alerts of this severity or above
    #[arg(long, value_name = "SEVERITY", value_parser = severities(), default_value = "informational", help_heading = "Output")]
    min_severity: Severity,
}

impl Shown {
    /// The least severity of alerts that are shown.
    pub(crate) fn min_severity(&self) -> Severity {
        self.min_severity
    }

    /// The selection.
    ///
    /// # Errors
    /// No event can be in it.
    pub(crate) fn selection(self) -> Result<Selection, Failure> {
        let Shown { since, until, detections, min_severity } = self;
        match (since, until) {
            (Some(since), Some(until)) if until < since => {
                let message = format!("--until {until} is before --since {since}: no event is between them");
                Err(Failure::new(Exit::Usage, message))
            }
            (_, _) => Ok(Selection { min_severity, since, until, detections }),
        }
    }
}

/// The text of a file, in UTF-8 or, as PowerShell writes it unless it is asked for UTF-8, in UTF-16.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn text_of(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| {
        Failure::new(Exit::Input, format!("{} cannot be read", path.display())).because(&error)
    })?;
    let (text, _, _) = encoding_rs::UTF_8.decode(&bytes);
    Ok(text.into_owned())
}

/// The labels, and whether every row could be read. Rows that could not are named on standard error.
pub(crate) fn labels(path: &Path) -> Result<(Labels, bool), Failure> {
    let (labels, mistakes) = read(&text_of(path)?);
    for mistake in &mistakes {
        // A closed terminal is no reason to fail.
        let _ = writeln!(anstream::stderr(), "{}:{mistake}", path.display());
    }
    Ok((labels, mistakes.is_empty()))
}

/// The config of a file; without one, the built-in config.
///
/// # Errors
/// The config has mistakes.
pub(crate) fn load(file: Option<&Path>) -> Result<Config, Failure> {
    Ok(file.map(Config::load).transpose().map_err(Failure::from)?.unwrap_or_default())
}

/// Files may have any format. A topic has the format and zone of its source in the config.
pub(crate) fn decoder(topic: Option<&TopicRange>, zone: Option<&TimeZone>, config: &Config) -> Decoder {
    let source = topic.and_then(|slice| {
        config.sources.iter().find(|source| source.topics.matches(&slice.topic)).map(Source::decoder)
    });
    let decoder = source.unwrap_or_default();
    Decoder { zone: zone.cloned().unwrap_or(decoder.zone), ..decoder }
}

/// The topic to read, with the clients that read it.
///
/// # Errors
/// The config does not allow to read a topic.
pub(crate) fn topic(slice: &TopicRange, config: &Config) -> Result<TopicInput, Failure> {
    let clients = clients(config)?;
    let routed = slice.topic == config.topics.routed.0;
    Ok(TopicInput { slice: slice.clone(), clients, routed, extent: None })
}

/// The clients of a command that reads topics.
///
/// # Errors
/// The config does not allow to read a topic.
pub(crate) fn clients(config: &Config) -> Result<Clients, Failure> {
    Clients::new(&config.kafka, Instance::Ephemeral("replay".to_owned())).map_err(|wrong| {
        let failure = Failure::new(Exit::Config, "the config does not allow to read a topic");
        wrong.into_iter().fold(failure, Failure::with_cause)
    })
}

/// The time zone of this name.
///
/// # Errors
/// The IANA database has no such zone.
pub(crate) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "not a time zone of the IANA database, such as Europe/Zurich".to_owned())
}

/// The severities by their names.
pub(crate) fn severities() -> impl TypedValueParser<Value = Severity> {
    let words = PossibleValuesParser::new(Severity::ALL.map(Severity::as_str));
    words.try_map(|word| {
        Severity::ALL.into_iter().find(|severity| severity.as_str() == word).ok_or("no severity")
    })
}

fn time(text: &str) -> Result<Time, String> {
    Time::try_from(text.to_owned())
}

/// The ids of the detections.
fn detections() -> PossibleValuesParser {
    PossibleValuesParser::new(catalogue::all().into_iter().map(|about| about.id))
}
