//! `adcs-watch generate`: files that are generated from the definitions of this program.

use crate::cli::{help, navigator};
use crate::config::{sample, schema};
use crate::host::exit::{Exit, Failure};
#[cfg(feature = "service")]
use crate::observe::dashboards::{Dashboard, alerts};
use crate::replay::pipe::Pipe;
use clap::{Args, Command, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Print a sample config, schemas, dashboards, alert rules, an ATT&CK layer, shell completions or the manual page
#[derive(Debug, Args)]
#[command(after_long_help = help::GENERATE)]
pub(crate) struct Generate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A sample config: every setting with its meaning and its default
    Config,
    /// The JSON Schema of the config, or of the alerts
    Schema {
        /// The schema to print
        #[arg(value_enum, default_value_t = Schema::Config)]
        of: Schema,
    },
    /// Completions for a shell
    Completions {
        /// The shell to print completions for
        shell: Shell,
    },
    /// The manual page, with all subcommands
    Man,
    /// Dashboards for Grafana, as JSON
    #[cfg(feature = "service")]
    Dashboards {
        /// The dashboard to print
        #[arg(value_enum, required_unless_present = "out")]
        dashboard: Option<Dashboard>,
        /// Write all dashboards to this directory instead
        #[arg(long, value_name = "DIR", conflicts_with = "dashboard")]
        out: Option<PathBuf>,
        #[command(flatten)]
        links: Links,
    },
    /// The detections as a layer of the ATT&CK Navigator
    Navigator,
    /// Alert rules for Prometheus
    #[cfg(feature = "service")]
    Alerts {
        #[command(flatten)]
        links: Links,
    },
}

#[cfg(feature = "service")]
#[derive(Debug, Args)]
struct Links {
    /// The address under which you serve docs/runbooks, for links to them
    #[arg(long, value_name = "URL")]
    runbooks: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Schema {
    /// The config, for editors
    Config,
    /// An alert, as `alerts.format: json` writes it
    Alert,
}

impl Generate {
    /// Prints what was asked for; `command` is the definition of the whole command line.
    ///
    /// # Errors
    /// Output cannot be written.
    pub(crate) fn run(self, command: &mut Command) -> Result<Exit, Failure> {
        let mut text = Vec::new();
        let made = match self.what {
            What::Config => text.write_all(sample::sample().as_bytes()),
            What::Schema { of: Schema::Config } => writeln!(text, "{:#}", schema::config()),
            What::Schema { of: Schema::Alert } => writeln!(text, "{:#}", schema::alert()),
            What::Completions { shell } => {
                clap_complete::generate(shell, command, "adcs-watch", &mut text);
                Ok(())
            }
            What::Man => manual(command, &mut text),
            #[cfg(feature = "service")]
            What::Dashboards { out: Some(folder), links, .. } => return write(&folder, &links),
            #[cfg(feature = "service")]
            What::Dashboards { dashboard, out: None, links } => {
                let texts = dashboard.into_iter().map(|dashboard| dashboard.text(links.runbooks.as_deref()));
                texts.for_each(|json| text.extend_from_slice(json.as_bytes()));
                Ok(())
            }
            What::Navigator => writeln!(text, "{:#}", navigator::layer()),
            #[cfg(feature = "service")]
            What::Alerts { links } => text.write_all(alerts(links.runbooks.as_deref()).as_bytes()),
        };
        let mut stdout = io::stdout();
        let mut out = Pipe::new(&mut stdout);
        made.and_then(|()| out.write_all(&text))
            .and_then(|()| out.flush())
            .map_err(|error| Failure::new(Exit::Output, "cannot write to standard output").because(&error))?;
        Ok(Exit::Done)
    }
}

/// Writes all dashboards, one file each.
#[cfg(feature = "service")]
fn write(folder: &Path, links: &Links) -> Result<Exit, Failure> {
    let failed = |path: &Path| Failure::new(Exit::Output, format!("cannot write {}", path.display()));
    fs::create_dir_all(folder).map_err(|error| failed(folder).because(&error))?;
    for dashboard in Dashboard::ALL {
        let path = folder.join(dashboard.file());
        let text = dashboard.text(links.runbooks.as_deref());
        fs::write(&path, text).map_err(|error| failed(&path).because(&error))?;
    }
    Ok(Exit::Done)
}

/// Renders the page of the program, then those of its subcommands. Examples and tables keep their line breaks.
fn manual(command: &mut Command, text: &mut Vec<u8>) -> io::Result<()> {
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        clap_mangen::Man::new(below.clone()).render(&mut page)?;
    }
    let page = String::from_utf8_lossy(&page).replace(".SH EXTRA\n", ".SH NOTES\n.nf\n");
    text.extend_from_slice(page.as_bytes());
    Ok(())
}
