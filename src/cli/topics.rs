//! `adcs-watch topics`

use crate::cli::help;
use crate::config::Config;
use crate::config::topics::{Source, Topics as Named};
use crate::host::clock::{Stopwatch, pass};
use crate::host::exit::{Exit, Failure};
use crate::kafka::admin::{Admin, TopicState};
use crate::kafka::refused_sources::SourceTrial;
use crate::kafka::topics::{PlannedTopic, plan};
use crate::replay::pipe::Pipe;
use crate::run::setup::Setup;
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Plan, create or check the topics that adcs-watch needs
#[derive(Debug, Args)]
#[command(after_long_help = help::TOPICS)]
pub(crate) struct Topics {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Print the topics with their settings; contacts no broker
    Plan(File),
    /// Create the topics that do not exist
    Create(File),
    /// Check these topics and the sources, and list what is wrong and how to fix it
    Check(File),
}

#[derive(Clone, Debug, Args)]
struct File {
    /// The config file that names the topics
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
}

/// How long new topics may take to appear in the metadata of every broker.
const METADATA_TIMEOUT: Duration = Duration::from_secs(10);

impl Topics {
    /// Runs the action.
    ///
    /// # Errors
    /// The config has mistakes, or no broker can be reached.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let mut stdout = io::stdout();
        let mut out = Pipe::new(&mut stdout);
        match self.what {
            What::Plan(file) => {
                let config = Config::load(&file.config).map_err(Failure::from)?;
                let text: String = plan(&config.topics, None).iter().map(PlannedTopic::to_string).collect();
                write!(out, "{text}").map_err(unwritable)?;
                Ok(Exit::Done)
            }
            What::Create(file) => {
                let (admin, planned, _) = open(&file)?;
                for topic in &planned {
                    let made = if admin.create(topic)? { "created" } else { "exists" };
                    writeln!(out, "{}: {made}", topic.name).map_err(unwritable)?;
                }
                wait_until_seen(&admin, &planned)?;
                check(&admin, &planned, &mut out)
            }
            What::Check(file) => {
                let (admin, planned, setup) = open(&file)?;
                let own = check(&admin, &planned, &mut out)?;
                let sources = check_sources(&admin, &setup, &mut out)?;
                Ok(if own == Exit::Done { sources } else { own })
            }
        }
    }
}

fn open(file: &File) -> Result<(Admin, Vec<PlannedTopic>, Setup), Failure> {
    let config = Config::load(&file.config).map_err(Failure::from)?;
    let setup = Setup::new(config, Vec::new())?;
    let admin = Admin::new(&setup.clients)?;
    let topics = &setup.config.topics;
    let planned = plan(topics, admin.state(&topics.routed.0)?.partitions());
    Ok((admin, planned, setup))
}

/// Waits until the metadata have every topic: brokers learn of a new topic one after another.
fn wait_until_seen(admin: &Admin, planned: &[PlannedTopic]) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    while watch.elapsed() < METADATA_TIMEOUT {
        let mut seen = true;
        for topic in planned {
            seen &= admin.state(&topic.name)? != TopicState::Absent;
        }
        if seen {
            break;
        }
        pass(Duration::from_millis(100));
    }
    Ok(())
}

fn check(admin: &Admin, planned: &[PlannedTopic], out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for topic in planned {
        let wrong = topic.mismatches(&admin.describe(topic)?);
        if wrong.is_empty() {
            writeln!(out, "{}: ok", topic.name).map_err(unwritable)?;
            continue;
        }
        exit = Exit::Config;
        for mismatch in wrong {
            writeln!(out, "{mismatch}").map_err(unwritable)?;
        }
    }
    Ok(exit)
}

/// Prints what each source is: its topics and partitions, or why it cannot be read.
fn check_sources(admin: &Admin, setup: &Setup, out: &mut dyn Write) -> Result<Exit, Failure> {
    let (mut exit, trial) = (Exit::Done, SourceTrial::new(&setup.clients)?);
    for source in &setup.config.sources {
        let (text, is_wrong) = match &source.topics {
            Named::Name(name) => check_topic(admin, &trial, name)?,
            Named::Pattern(_) => check_pattern(admin, &trial, source)?,
        };
        if is_wrong {
            exit = Exit::Config;
        }
        writeln!(out, "source {}: {text}", source.topics.written()).map_err(unwritable)?;
    }
    Ok(exit)
}

fn check_topic(admin: &Admin, trial: &SourceTrial, topic: &str) -> Result<(String, bool), Failure> {
    Ok(match trial.why_unreadable(topic)? {
        Some(why) => {
            (format!("{why}; to fix: create the topic, grant READ on it, or correct `sources`"), true)
        }
        None => (format!("partitions: {}", admin.state(topic)?.partitions().unwrap_or_default()), false),
    })
}

fn check_pattern(admin: &Admin, trial: &SourceTrial, source: &Source) -> Result<(String, bool), Failure> {
    let topics = admin.matching(source)?;
    if topics.is_empty() {
        let fix = "compare it with the names of the topics; without DESCRIBE a topic is not seen";
        return Ok((format!("no topic matches it; to fix: {fix}"), true));
    }
    let mut wrong = Vec::new();
    for (topic, _) in &topics {
        wrong.extend(trial.why_unreadable(topic)?.map(|why| format!("{topic}: {why}")));
    }
    if wrong.is_empty() {
        let partitions: u32 = topics.iter().map(|(_, partitions)| partitions).sum();
        return Ok((format!("topics: {}, partitions: {partitions}", topics.len()), false));
    }
    Ok((format!("{}; to fix: grant READ on it", wrong.join("; ")), true))
}

fn unwritable(error: io::Error) -> Failure {
    Failure::new(Exit::Output, "cannot write to standard output").because(&error)
}
