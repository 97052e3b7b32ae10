//! `adcs-watch run`

use crate::cli::help;
use crate::cli::since::{Since, since};
use crate::config::Config;
use crate::host::exit::{Exit, Failure};
use crate::run::setup::Setup;
use crate::stage::Stage;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Watch the topics of a SIEM and raise alerts
///
/// Reads the source topics, routes the events that a detection uses, and writes each alert to a topic exactly once.
#[derive(Debug, Args)]
#[command(after_long_help = help::RUN)]
pub(crate) struct Run {
    /// The config file to run with
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// The stages that this process runs
    #[arg(long, value_enum, value_name = "STAGE", default_value_t = Stages::All)]
    stage: Stages,
    /// Where to begin in a source partition without a committed offset: at the first record since then (30d, 12h,
    /// RFC 3339); default: at the earliest record
    #[arg(long, value_name = "AGE|TIME", value_parser = since)]
    since: Option<Since>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Stages {
    /// Reads the source topics, writes the routed topic
    Router,
    /// Reads the routed topic, writes alerts
    Detector,
    /// Both stages in one process
    All,
}

impl Run {
    /// Runs until a signal.
    ///
    /// # Errors
    /// The config, the topics or the permissions do not allow it.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let stages = match self.stage {
            Stages::Router => vec![Stage::Router],
            Stages::Detector => vec![Stage::Detector],
            Stages::All => Stage::ALL.to_vec(),
        };
        let setup = Config::load_for(&self.config, |config| Setup::tried(config, stages))?;
        crate::observe::log::start(&setup.config.log);
        let since = self.since.map(Since::time);
        crate::run::run(Setup { since, ..setup }, self.config)
    }
}
