//! `adcs-watch run`

use crate::service::cli::help;
use crate::service::config::Config;
use crate::service::exit::{Exit, Failure};
use crate::service::run::setup::Setup;
use crate::service::stage::Stage;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Watch the topics of a SIEM and raise alerts
///
/// Reads the source topics, routes what matters, and writes alerts to a topic, each exactly once.
#[derive(Debug, Args)]
#[command(after_long_help = help::RUN)]
pub struct Run {
    /// The config
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// What this process does
    #[arg(long, value_enum, value_name = "STAGE", default_value_t = Stages::All)]
    stage: Stages,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Stages {
    /// Source topics to the routed topic
    Router,
    /// The routed topic to alerts
    Detector,
    /// Both
    All,
}

impl Run {
    /// Runs it.
    pub fn run(self) -> Result<Exit, Failure> {
        let config = Config::load(&self.config).map_err(Failure::from)?;
        crate::service::log::start(&config.log);
        let stages = match self.stage {
            Stages::Router => vec![Stage::Router],
            Stages::Detector => vec![Stage::Detector],
            Stages::All => Stage::ALL.to_vec(),
        };
        crate::service::run::run(Setup::new(config, stages)?)
    }
}
