//! CLI: the command line, one file per subcommand.

mod help;
mod terminal;
mod since;
mod recorded;
#[cfg(feature = "service")]
mod demo;
#[cfg(feature = "service")]
mod run;
mod replay;
mod report;
mod inspect;
mod explain;
mod evaluate;
mod tune;
mod compare;
mod inventory;
mod check;
#[cfg(feature = "service")]
mod topics;
mod navigator;
mod generate;

use crate::cli::terminal::Color;
use crate::host::exit::{Exit, Failure};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;

/// Catches abuse of Active Directory Certificate Services while it happens.
#[derive(Debug, Parser)]
#[command(name = "adcs-watch", version, arg_required_else_help = true, after_long_help = help::TOP)]
pub struct Cli {
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN", help_heading = "Display")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "service")]
    Demo(demo::Demo),
    #[cfg(feature = "service")]
    Run(run::Run),
    Replay(replay::Replay),
    Report(report::Report),
    Inspect(inspect::Inspect),
    Explain(explain::Explain),
    Evaluate(evaluate::Evaluate),
    Tune(tune::Tune),
    Compare(compare::Compare),
    Inventory(inventory::Inventory),
    Check(check::Check),
    #[cfg(feature = "service")]
    Topics(topics::Topics),
    Generate(generate::Generate),
}

/// Runs the program. Prints an error with its causes, and returns how the program ends.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    // clap writes messages of its own while it reads the arguments, so their colour is set before that.
    terminal::set_color(terminal::early_color(&args));
    match Cli::try_parse_from(args) {
        Ok(cli) => {
            terminal::set_color(cli.color);
            cli.run().unwrap_or_else(|failure| {
                terminal::print_error(&failure);
                failure.exit
            })
        }
        Err(error) => {
            // A closed terminal is no reason to fail.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Done }
        }
    }
}

impl Cli {
    fn run(self) -> Result<Exit, Failure> {
        match self.command {
            #[cfg(feature = "service")]
            Command::Demo(demo) => demo.run(),
            #[cfg(feature = "service")]
            Command::Run(run) => run.run(),
            Command::Replay(replay) => replay.run(),
            Command::Report(report) => report.run(),
            Command::Evaluate(evaluate) => evaluate.run(),
            Command::Tune(tune) => tune.run(),
            Command::Compare(compare) => compare.run(),
            Command::Inspect(inspect) => inspect.run(),
            Command::Explain(explain) => explain.run(),
            Command::Inventory(inventory) => inventory.run(),
            Command::Check(check) => check.run(),
            #[cfg(feature = "service")]
            Command::Topics(topics) => topics.run(),
            Command::Generate(generate) => generate.run(&mut Cli::command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_of_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
