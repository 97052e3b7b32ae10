//! `adcs-watch topics`

use crate::cli::help;
use crate::config::Config;
use crate::host::clock::{Stopwatch, pass};
use crate::host::exit::{Exit, Failure};
use crate::kafka::admin::{Admin, Seen};
use crate::kafka::topics::{Planned, plan};
use crate::replay::pipe::Pipe;
use crate::run::setup::Setup;
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Plan, create or check the topics that adcs-watch needs
#[derive(Debug, Args)]
#[command(after_long_help = help::TOPICS)]
pub struct Topics {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Print how they are to be; asks no broker
    Plan(File),
    /// Create those that are not there
    Create(File),
    /// Say what is wrong with those that are there, and how to mend it
    Check(File),
}

#[derive(Clone, Debug, Args)]
struct File {
    /// The config
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
}

/// How long a new topic may take to be seen.
const SEEN: Duration = Duration::from_secs(10);

impl Topics {
    /// Runs it.
    pub fn run(self) -> Result<Exit, Failure> {
        let mut stdout = io::stdout();
        let mut out = Pipe::new(&mut stdout);
        match self.what {
            What::Plan(file) => {
                let config = Config::load(&file.config).map_err(Failure::from)?;
                let text: String = plan(&config.topics).iter().map(Planned::to_string).collect();
                write!(out, "{text}").map_err(unwritable)?;
                Ok(Exit::Done)
            }
            What::Create(file) => {
                let (admin, planned) = open(&file)?;
                for topic in &planned {
                    let made = if admin.create(topic)? { "created" } else { "is there" };
                    writeln!(out, "{}: {made}", topic.name).map_err(unwritable)?;
                }
                wait_until_seen(&admin, &planned)?;
                check(&admin, &planned, &mut out)
            }
            What::Check(file) => {
                let (admin, planned) = open(&file)?;
                check(&admin, &planned, &mut out)
            }
        }
    }
}

fn open(file: &File) -> Result<(Admin, [Planned; 4]), Failure> {
    let config = Config::load(&file.config).map_err(Failure::from)?;
    let planned = plan(&config.topics);
    let setup = Setup::new(config, Vec::new())?;
    Ok((Admin::new(&setup.clients)?, planned))
}

/// Other brokers hear of a new topic a little later.
fn wait_until_seen(admin: &Admin, planned: &[Planned]) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    while watch.elapsed() < SEEN {
        let mut seen = true;
        for topic in planned {
            seen &= admin.look(&topic.name)? != Seen::Absent;
        }
        if seen {
            break;
        }
        pass(Duration::from_millis(100));
    }
    Ok(())
}

fn check(admin: &Admin, planned: &[Planned], out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for topic in planned {
        let wrong = topic.mismatches(&admin.find(topic)?);
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

fn unwritable(error: io::Error) -> Failure {
    Failure::new(Exit::Output, "cannot write to standard output").because(&error)
}
