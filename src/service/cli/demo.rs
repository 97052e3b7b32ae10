//! `adcs-watch demo`

use crate::service::cli::replay::output;
use crate::service::cli::{help, terminal};
use crate::service::demo::Streams;
use crate::service::exit::{Exit, Failure};
use crate::service::replay::show::Format;
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal};

/// Watch the stage at work: no Kafka, no config, a few seconds
///
/// Tells the real router and detector four weeks of a made-up company, which end with a bad Monday, over a log in memory. In the
/// middle the detector is killed, and its successor restores.
#[derive(Debug, Args)]
#[command(after_long_help = help::DEMO)]
pub struct Demo {
    /// How to write the alerts; default: table on a terminal, ndjson when piped
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    format: Option<FormatName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// To read, at the end
    Table,
    /// Every revision as it is committed, one per line
    Ndjson,
}

impl Demo {
    /// Runs it.
    pub fn run(self) -> Result<Exit, Failure> {
        let format = match self.format {
            Some(FormatName::Table) => Format::Table,
            Some(FormatName::Ndjson) => Format::Ndjson,
            None if io::stdout().is_terminal() => Format::Table,
            None => Format::Ndjson,
        };
        let watched = io::stderr().is_terminal() && io::stdout().is_terminal();
        let (mut out, mut err) = (output(format), anstream::stderr());
        crate::service::demo::run(
            format,
            Streams { out: &mut out, err: &mut err, width: terminal::width(), watched },
        )
    }
}
