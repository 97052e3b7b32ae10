//! `adcs-watch inventory`

use crate::cli::help;
use crate::cli::recorded::{text_of, zone};
use crate::event::host::Host;
use crate::event::time::Time;
use crate::host::clock::wall;
use crate::host::exit::{Exit, Failure};
use crate::inventory::{Imported, accounts, event, hosts, issued, templates};
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Turn exports of the directory and of the CAs into facts of the estate
#[derive(Debug, Args)]
pub(crate) struct Inventory {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Import(Import),
}

/// Write the accounts, templates, issued certificates and hosts of exports as events
///
/// The events go to a file, which `replay` takes, or to a source topic that the router reads.
#[derive(Debug, Args)]
#[command(after_long_help = help::INVENTORY)]
struct Import {
    /// Accounts: CSV, JSON or LDIF
    #[arg(long, value_name = "FILE", required_unless_present_any = ["templates", "issued", "hosts"], help_heading = "Exports")]
    accounts: Vec<PathBuf>,
    /// Certificate templates: CSV, JSON, LDIF, or the text of `certutil -v -template`
    #[arg(long, value_name = "FILE", help_heading = "Exports")]
    templates: Vec<PathBuf>,
    /// Issued certificates: the table of `certutil -view … csv`
    #[arg(long, value_name = "FILE", requires = "ca", help_heading = "Exports")]
    issued: Vec<PathBuf>,
    /// Hosts and their addresses: CSV or JSON of DNS records or of computers
    #[arg(long, value_name = "FILE", help_heading = "Exports")]
    hosts: Vec<PathBuf>,
    /// NetBIOS name of the accounts' domain; default: the DNS name in their distinguished names
    #[arg(long, value_name = "NAME", help_heading = "Exports")]
    domain: Option<String>,
    /// Host of the CA that the issued certificates are of
    #[arg(long, value_name = "HOST", help_heading = "Exports")]
    ca: Option<String>,
    /// Time zone of dates that have none, such as Europe/Zurich; default UTC
    #[arg(long, value_name = "TZ", value_parser = zone, help_heading = "Exports")]
    zone: Option<TimeZone>,
    /// Write the events to a file, or to standard output with `-`
    #[arg(short, long, value_name = "FILE", required_unless_present = "topic", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Write the events to a topic, which must be a source of the config
    #[arg(long, value_name = "TOPIC", requires = "config", conflicts_with = "out", help_heading = "Output")]
    topic: Option<String>,
    /// The config, of which the brokers are used
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    config: Option<PathBuf>,
}

/// What an import led to.
#[derive(Debug, Default)]
struct Totals {
    facts: u64,
    mistakes: u64,
    /// An export had none.
    are_missing: bool,
}

impl Inventory {
    /// Imports exports.
    ///
    /// # Errors
    /// An export cannot be read, or the events cannot be written.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        match self.what {
            What::Import(import) => import.run(),
        }
    }
}

impl Import {
    fn run(&self) -> Result<Exit, Failure> {
        let mut lines = Vec::new();
        let totals = self.read(&mut |line| lines.push(line))?;
        match (&self.topic, &self.out) {
            (Some(topic), _) => self.produce(topic, &lines)?,
            (None, Some(out)) => write_file(out, &lines)?,
            (None, None) => {}
        }
        let counted =
            |number: u64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
        let (facts, rows) = (counted(totals.facts, "fact"), counted(totals.mistakes, "row"));
        report(&format!("{facts}, {rows} that cannot be read"));
        Ok(if totals.mistakes == 0 && !totals.are_missing { Exit::Done } else { Exit::Input })
    }

    /// Gives every fact as a line of JSON to `sink`; mistakes go to standard error.
    fn read(&self, sink: &mut dyn FnMut(String)) -> Result<Totals, Failure> {
        let mut totals = Totals::default();
        let ca = Host::new(self.ca.as_deref().unwrap_or_default());
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let domain = self.domain.as_deref();
        let mut each = |paths: &[PathBuf], rows: &dyn Fn(&str) -> Vec<(u64, Imported)>| {
            paths.iter().try_for_each(|path| {
                let text = text_of(path)?;
                totals.add(path, exported(path), rows(&text), sink);
                Ok::<(), Failure>(())
            })
        };
        each(&self.accounts, &|text| accounts::read(text, domain))?;
        each(&self.templates, &templates::read)?;
        each(&self.issued, &|text| issued::read(text, &ca, &zone))?;
        each(&self.hosts, &hosts::read)?;
        Ok(totals)
    }

    #[cfg(not(feature = "service"))]
    fn produce(&self, topic: &str, _: &[String]) -> Result<(), Failure> {
        let message = format!("{topic} cannot be written: this program was built without Kafka; use --out");
        Err(Failure::new(Exit::Usage, message))
    }

    /// Facts are idempotent: a run that is repeated states the same.
    #[cfg(feature = "service")]
    fn produce(&self, topic: &str, lines: &[String]) -> Result<(), Failure> {
        use crate::config::Config;
        use crate::kafka::admin::{Admin, TopicState};
        use crate::kafka::writer::Writer;
        use crate::run::setup::Setup;

        let path = self.config.as_deref().unwrap_or_else(|| Path::new(""));
        let config = Config::load(path).map_err(Failure::from)?;
        let clients = Setup::new(config, Vec::new())?.clients;
        let TopicState::Present(partitions) = Admin::new(&clients)?.state(topic)? else {
            return Err(Failure::new(
                Exit::Config,
                format!("there is no topic {topic}, or it may not be seen"),
            ));
        };
        let writer = Writer::new(&clients)?;
        for (index, line) in (0..).zip(lines) {
            writer.append(topic, index % partitions.max(1), line.as_bytes())?;
        }
        writer.flush()
    }
}

impl Totals {
    fn add(&mut self, path: &Path, exported: Time, rows: Vec<(u64, Imported)>, sink: &mut dyn FnMut(String)) {
        let file = path.display().to_string();
        if rows.is_empty() {
            self.are_missing = true;
            report(&format!("{file}: there is no row below a heading, and no object"));
        }
        for (line, imported) in rows {
            match imported {
                Ok(activity) => {
                    self.facts += 1;
                    let event = event(&file, line, exported, activity);
                    sink(serde_json::to_string(&event).unwrap_or_default());
                }
                Err(mistake) => {
                    self.mistakes += 1;
                    report(&format!("{file}:{mistake}"));
                }
            }
        }
    }
}

/// When the export was made: the time of its file, else now.
fn exported(path: &Path) -> Time {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let millis = modified
        .and_then(|time| jiff::Timestamp::try_from(time).ok())
        .map(|instant| instant.as_millisecond());
    millis.map_or_else(wall, Time::from_millis)
}

fn write_file(path: &Path, lines: &[String]) -> Result<(), Failure> {
    let unwritable = |error: io::Error| {
        Failure::new(Exit::Output, format!("{} cannot be written", path.display())).because(&error)
    };
    let mut out: Box<dyn Write> = if path == Path::new("-") {
        Box::new(io::stdout().lock())
    } else {
        Box::new(io::BufWriter::new(fs::File::create(path).map_err(unwritable)?))
    };
    lines.iter().try_for_each(|line| writeln!(out, "{line}")).map_err(unwritable)?;
    out.flush().map_err(unwritable)
}

/// A line on standard error. A closed terminal is no reason to fail.
fn report(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
