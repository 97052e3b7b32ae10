//! `adcs-watch demo`

use crate::cli::{help, terminal};
use crate::config::Config;
use crate::config::kafka::Kafka;
use crate::demo::kafka_backend::KafkaOptions;
use crate::demo::{Shown, Streams};
use crate::host::exit::{Exit, Failure};
use crate::replay::show::Format;
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// See the router and the detector work: no Kafka, no config, a few seconds
///
/// Feeds four weeks of a made-up company, which end with an attack, to the router and the detector of `run`, over a log in
/// memory or, with --bootstrap, over a Kafka. In the middle the detector is killed, and its successor restores the state.
#[derive(Debug, Args)]
#[command(after_long_help = help::DEMO)]
pub(crate) struct Demo {
    /// How to write the alerts; default: on a terminal a live screen and then the gravest alert, ndjson when piped
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    format: Option<FormatName>,
    /// Run on this Kafka, in topics of its own that are deleted at the end
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',', help_heading = "Kafka")]
    bootstrap: Vec<String>,
    /// A config whose section `kafka` has the settings of the connection (sasl, tls, properties)
    #[arg(short, long, value_name = "FILE", requires = "bootstrap", help_heading = "Kafka")]
    config: Option<PathBuf>,
    /// Keep the topics of the demo
    #[arg(long, requires = "bootstrap", help_heading = "Kafka")]
    keep: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// Every alert in full, at the end
    Table,
    /// Every revision as it is committed, one per line
    Ndjson,
}

impl Demo {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let on_terminal = io::stdout().is_terminal();
        let (format, shown) = match self.format {
            None if on_terminal && io::stderr().is_terminal() => (Format::Table, Shown::Live),
            None if on_terminal => (Format::Table, Shown::Table),
            Some(FormatName::Table) => (Format::Table, Shown::Table),
            Some(FormatName::Ndjson) | None => (Format::Ndjson, Shown::Ndjson),
        };
        let kafka = self.kafka()?;
        let (mut out, mut err) = (terminal::output(format), anstream::stderr());
        crate::demo::run(shown, Streams { out: &mut out, err: &mut err, width: terminal::width() }, kafka)
    }

    fn kafka(self) -> Result<Option<KafkaOptions>, Failure> {
        if self.bootstrap.is_empty() {
            return Ok(None);
        }
        let config = self.config.as_deref().map(Config::load).transpose().map_err(Failure::from)?;
        let kafka = Kafka { brokers: self.bootstrap, ..config.unwrap_or_default().kafka };
        Ok(Some(KafkaOptions { kafka, keep: self.keep }))
    }
}
