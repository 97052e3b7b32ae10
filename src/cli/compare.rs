//! `adcs-watch compare`

use crate::alert::Alert;
use crate::cli::recorded::{FromTopic, decoder, load, zone};
use crate::cli::{help, terminal};
use crate::config::Config;
use crate::host::exit::{Exit, Failure};
use crate::replay::compare::{Comparison, words};
use crate::replay::topic::TopicInput;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Compare the alerts of two policies on the same events
///
/// Replays the inputs with each policy and prints the alerts that only one of them raises, and those that say something
/// else.
#[derive(Debug, Args)]
#[command(after_long_help = help::COMPARE)]
pub(crate) struct Compare {
    /// Files, or directories with all files below them; they are read twice
    #[arg(value_name = "FILE|DIR", required_unless_present = "from_topic", help_heading = "Input")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    topic: FromTopic,
    /// A config, of which the policy is used; given twice, or once to compare the built-in policy with it
    #[arg(long = "policy", value_name = "FILE", required = true, help_heading = "Detection")]
    policies: Vec<PathBuf>,
    /// Time zone of local times that have none (NXLog), such as Europe/Zurich; default UTC
    #[arg(long, value_name = "TZ", value_parser = zone, help_heading = "Input")]
    zone: Option<TimeZone>,
    /// Alert from the first day: do not wait until a baseline has enough days of data
    #[arg(long, help_heading = "Detection")]
    assume_trained: bool,
    /// How to write the result
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for a person
    Text,
    /// One JSON document, with every alert that differs
    Json,
}

/// The name of the policy that is in force without a config.
const BUILT_IN: &str = "the built-in policy";

impl Compare {
    /// Prints the comparison.
    ///
    /// # Errors
    /// A config has mistakes, or output cannot be written.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let [first, second] = self.sides()?;
        let names =
            [&first, &second].map(|file| file.map_or(BUILT_IN.to_owned(), |file| file.display().to_string()));
        let [first, second] = [load(first)?, load(second)?];
        let topic = self.topic.input_to_read_twice()?;
        // Both replays read the same inputs, so the second one repeats the warnings of the first.
        let (before, exit) = self.alerts(first, &topic, &mut anstream::stderr())?;
        let (after, _) = self.alerts(second, &topic, &mut io::sink())?;
        let comparison = Comparison::of(before, after);
        let text = match self.format {
            Format::Text => words::text(&comparison, &names, terminal::width()),
            Format::Json => serde_json::to_string_pretty(&comparison).unwrap_or_default() + "\n",
        };
        terminal::print(&text)?;
        Ok(exit)
    }

    /// The files of both policies; none: the built-in one.
    fn sides(&self) -> Result<[Option<&Path>; 2], Failure> {
        if self.paths.iter().any(|path| path.as_os_str() == "-") {
            return Err(Failure::new(Exit::Usage, "standard input cannot be read twice: save it as a file"));
        }
        match self.policies.as_slice() {
            [second] => Ok([None, Some(second)]),
            [first, second] => Ok([Some(first), Some(second)]),
            _ => Err(Failure::new(Exit::Usage, "--policy is given once or twice")),
        }
    }

    /// The alerts under a policy, on the files or on the topic with the config that names its brokers.
    fn alerts(
        &self,
        mut config: Config,
        topic: &Option<(TopicInput, Config)>,
        err: &mut dyn Write,
    ) -> Result<(Vec<Alert>, Exit), Failure> {
        if self.assume_trained {
            config.policy.assume_trained();
        }
        let (input, sources) = match topic {
            Some((input, sources)) => (Some(input), sources),
            None => (None, &config),
        };
        let decoder = decoder(input.map(|input| &input.slice), self.zone.as_ref(), sources);
        crate::replay::revisions(&self.paths, input.cloned(), config.policy, decoder, err)
    }
}
