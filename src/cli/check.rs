//! `adcs-watch check`

use crate::cli::{help, terminal};
use crate::config::Config;
use crate::host::exit::{Exit, Failure};
use crate::replay::pipe::Pipe;
use crate::replay::show::text::counted;
use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;

/// Check a config and list every mistake in it
#[derive(Debug, Args)]
#[command(after_long_help = help::CHECK)]
pub(crate) struct Check {
    /// The config file
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
}

impl Check {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let mut stdout = anstream::stdout();
        let mut out = Pipe::new(&mut stdout);
        let unwritable =
            |error: io::Error| Failure::new(Exit::Output, "cannot write the result").because(&error);
        match Config::load(&self.config) {
            Ok(config) => {
                write!(out, "{}", self.in_order(&config)).and_then(|()| out.flush()).map_err(unwritable)?;
                Ok(Exit::Done)
            }
            Err(mistakes) => {
                let total = counted(mistakes.mistakes.len() as u64, "mistake");
                writeln!(out, "{mistakes}\n{total}").and_then(|()| out.flush()).map_err(unwritable)?;
                Ok(Exit::Config)
            }
        }
    }

    fn in_order(&self, config: &Config) -> String {
        let policy = &config.policy;
        let (protected, allow) = (&policy.protected, &policy.allow);
        let allowed = allow.requesters.len()
            + allow.templates.len()
            + allow.san_suffixes.len()
            + allow.source_hosts.len();
        let rows = [
            ("policy version", policy.version()),
            ("domains", policy.domains.len().to_string()),
            ("CAs", policy.cas.len().to_string()),
            ("protected terms", protected.terms.len().to_string()),
            ("protected accounts", protected.accounts.len().to_string()),
            ("domain controllers", protected.domain_controllers.len().to_string()),
            ("allowances", allowed.to_string()),
        ];
        let rows: Vec<String> = rows.iter().map(|(name, value)| format!("  {name:<20}{value}\n")).collect();
        format!("{}: {}\n{}", self.config.display(), terminal::bold("ok"), rows.concat())
    }
}
