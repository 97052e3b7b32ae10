//! `adcs-watch check`

use crate::cli::{help, terminal};
use crate::config::Config;
use crate::config::mistake::{Mistake, Mistakes};
use crate::config::needs;
use crate::decode;
use crate::detect::Detection;
use crate::detect::catalogue::{self, Visitor};
use crate::detect::policy::{Expired, Policy};
use crate::host::clock::wall;
use crate::host::exit::{Exit, Failure};
use crate::replay::pipe::Pipe;
use crate::replay::show::text::{counted, wrap};
use crate::stage::Stage;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;

/// Check a config and list every mistake in it
#[derive(Debug, Args)]
#[command(after_long_help = help::CHECK)]
pub(crate) struct Check {
    /// The config file to check
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// The command that is to use the config; `replay` needs no brokers and no sources
    #[arg(long = "for", value_enum, value_name = "COMMAND", default_value_t = Purpose::Run)]
    purpose: Purpose,
    /// Do not read secrets, certificates and environment variables: for a machine that does not have them
    #[arg(long)]
    no_secrets: bool,
    /// How to write the result
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// `run` with both stages
    Run,
    /// The router alone, `run --stage router`
    Router,
    /// The detector alone, `run --stage detector`
    Detector,
    /// `replay` of files: only the policy is used
    Replay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for a person
    Text,
    /// One JSON document, for editors
    Json,
    /// Annotations of GitHub Actions
    Github,
}

impl Check {
    /// Prints a summary of the config, or every mistake.
    ///
    /// # Errors
    /// Output cannot be written. Mistakes are no error: they decide the exit code.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let checked = self.checked();
        let mut stdout = anstream::stdout();
        let mut out = Pipe::new(&mut stdout);
        let text = match self.format {
            Format::Text => self.text(&checked),
            Format::Json => format!("{:#}\n", self.json(&checked)),
            Format::Github => match &checked {
                Ok(config) => self.github_warnings(config),
                Err(mistakes) => annotations(mistakes),
            },
        };
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error: io::Error| {
            Failure::new(Exit::Output, "cannot write the result").because(&error)
        })?;
        Ok(if checked.is_ok() { Exit::Done } else { Exit::Config })
    }

    fn checked(&self) -> Result<Config, Mistakes> {
        let stages = match self.purpose {
            Purpose::Run => Stage::ALL.to_vec(),
            Purpose::Router => vec![Stage::Router],
            Purpose::Detector => vec![Stage::Detector],
            Purpose::Replay => return Config::load(&self.config),
        };
        Config::load_for(&self.config, |config| {
            let mistakes = match self.no_secrets {
                true => without_secrets(&config, &stages),
                false => with_secrets(&config, stages),
            };
            if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
        })
    }

    fn text(&self, checked: &Result<Config, Mistakes>) -> String {
        match checked {
            Ok(config) => {
                let rows = summary(config).into_iter().map(|(name, value)| row(name, &value));
                let name = self.config.display();
                let expired = policy_warnings(config);
                format!("{name}: {}\n{}{expired}", terminal::bold("ok"), rows.collect::<String>())
            }
            Err(mistakes) => {
                let texts = mistakes.mistakes.iter().map(|mistake| excerpt(mistakes, mistake));
                let total = counted(mistakes.mistakes.len() as u64, "mistake");
                format!("{}\n{total}\n", texts.collect::<Vec<_>>().join("\n"))
            }
        }
    }

    /// `::warning file=…::message` for each entry that does not count any more.
    fn github_warnings(&self, config: &Config) -> String {
        let file = self.config.display();
        let warning = |entry: Expired| format!("::warning file={file},title=adcs-watch config::{entry}\n");
        expired(config).map(warning).collect()
    }

    fn json(&self, checked: &Result<Config, Mistakes>) -> Value {
        let file = self.config.display().to_string();
        match checked {
            Ok(config) => {
                let rows =
                    summary(config).into_iter().map(|(name, value)| (name.replace(' ', "_"), json!(value)));
                let warnings: Vec<String> = expired(config).map(|entry| entry.to_string()).collect();
                json!({
                    "file": file, "ok": true, "mistakes": [], "warnings": warnings,
                    "summary": rows.collect::<Value>(),
                })
            }
            Err(mistakes) => {
                let list = mistakes.mistakes.iter().map(|mistake| {
                    json!({
                        "line": mistake.at.map(|at| at.line), "column": mistake.at.map(|at| at.column),
                        "path": mistake.path, "message": mistake.message,
                    })
                });
                json!({"file": file, "ok": false, "mistakes": list.collect::<Vec<_>>()})
            }
        }
    }
}

/// What `run` refuses, as far as the config alone shows it.
fn without_secrets(config: &Config, stages: &[Stage]) -> Vec<Mistake> {
    let mistakes = needs::of_run(config, stages.contains(&Stage::Router));
    #[cfg(feature = "service")]
    let mistakes = [mistakes, crate::kafka::properties::mistakes(&config.kafka)].concat();
    mistakes
}

/// What `run` refuses. Without Kafka in the program neither the client properties nor the secrets are tried.
fn with_secrets(config: &Config, stages: Vec<Stage>) -> Vec<Mistake> {
    #[cfg(feature = "service")]
    let mistakes = crate::run::setup::Setup::tried(config.clone(), stages).err().unwrap_or_default();
    #[cfg(not(feature = "service"))]
    let mistakes = without_secrets(config, &stages);
    mistakes
}

/// What does not count any more today.
fn expired(config: &Config) -> impl Iterator<Item = Expired> {
    config.policy.expired(wall()).into_iter()
}

fn policy_warnings(config: &Config) -> String {
    expired(config).map(|entry| row("warning", &entry.to_string())).collect()
}

/// The place and message of a mistake. On a terminal the message is wrapped, and the line of the file stands below it.
fn excerpt(mistakes: &Mistakes, mistake: &Mistake) -> String {
    if !terminal::is_terminal() {
        return format!("{}: {mistake}", mistakes.place(mistake));
    }
    let message = wrap(&mistake.to_string(), terminal::width().saturating_sub(2)).join("\n  ");
    let mut text = format!("{}\n  {}", terminal::bold(&mistakes.place(mistake)), terminal::red(&message));
    if let (Some(at), Some(line)) = (mistake.at, mistakes.line(mistake)) {
        let before: usize = at.column.saturating_sub(1);
        let number = at.line.to_string();
        let pad = " ".repeat(number.len());
        text.push_str(&format!("\n  {number} | {line}\n  {pad} | {}^\n", " ".repeat(before)));
    }
    text
}

/// `::error file=…,line=…,col=…::message`, which GitHub shows at the line.
fn annotations(mistakes: &Mistakes) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let lines = mistakes.mistakes.iter().map(|mistake| {
        let at = mistake.at.map_or_else(String::new, |at| format!(",line={},col={}", at.line, at.column));
        let message = data(&mistake.to_string());
        format!("::error file={}{at},title=adcs-watch config::{message}\n", property(&mistakes.file))
    });
    lines.collect()
}

/// What the config sets, in a few lines.
fn summary(config: &Config) -> Vec<(&'static str, String)> {
    let policy = &config.policy;
    let protected = &policy.protected;
    let exceptions = policy.allow.limits().len() + policy.exceptions.len();
    let mut switched = Switched::default();
    catalogue::visit(policy, &mut switched);
    let listed = |ids: &[&str]| if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
    let idle = without_lists(policy, &switched.on);
    let idle: Vec<&str> = idle.iter().map(String::as_str).collect();
    vec![
        ("policy version", policy.version()),
        ("detections on", listed(&switched.on)),
        ("detections off", listed(&switched.off)),
        ("without a list", listed(&idle)),
        ("sources", config.sources.len().to_string()),
        ("domains", policy.domains.len().to_string()),
        ("CAs", policy.cas.len().to_string()),
        ("protected terms", protected.terms.len().to_string()),
        ("protected accounts", protected.accounts.len().to_string()),
        ("domain controllers", protected.domain_controllers.len().to_string()),
        ("exceptions", exceptions.to_string()),
        ("known formats", decode::Format::ALL.map(decode::Format::as_str).join(", ")),
    ]
}

/// The detections that raise nothing until the policy has a list, with the list.
fn without_lists(policy: &Policy, on: &[&str]) -> Vec<String> {
    let idle = policy.missing_lists().into_iter().filter(|(id, _)| on.contains(id));
    idle.map(|(id, list)| format!("{id} (needs policy.{list})")).collect()
}

/// A name, and its value wrapped behind it.
fn row(name: &str, value: &str) -> String {
    let lines = wrap(value, terminal::width().saturating_sub(22));
    format!("  {name:<20}{}\n", lines.join(&format!("\n{}", " ".repeat(22))))
}

/// The ids of the detections, by whether the policy enables them.
#[derive(Default)]
struct Switched {
    on: Vec<&'static str>,
    off: Vec<&'static str>,
}

impl Visitor for Switched {
    fn detection<D: Detection + std::fmt::Debug + Send + 'static>(&mut self, _: D, enabled: bool) {
        if enabled { self.on.push(D::ABOUT.id) } else { self.off.push(D::ABOUT.id) }
    }
}
