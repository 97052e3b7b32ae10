//! How the program ends: exit codes, and the error that is printed with its causes.

use std::error::Error;
use std::fmt;

/// How a command ended. The codes are those of `sysexits.h` where it defines one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command succeeded; no alert reached `--fail-on`.
    Done,
    /// Alerts at or above `--fail-on` were raised.
    Alerts,
    /// The command line is wrong.
    Usage,
    /// Some input could not be read; the rest was.
    Input,
    /// No broker is reachable.
    Broker,
    /// The broker or the program rejected the other: certificate, password or token.
    Refused,
    /// A defect of this program.
    Defect,
    /// Output or a temporary file cannot be written, or the system refused a resource.
    Output,
    /// The config has mistakes.
    Config,
}

impl Exit {
    /// The exit code of the process.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Alerts => 1,
            Exit::Usage => 64,
            Exit::Input => 65,
            Exit::Broker => 69,
            Exit::Defect => 70,
            Exit::Output => 74,
            Exit::Config | Exit::Refused => 78,
        }
    }
}

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code that belongs to it.
    pub exit: Exit,
    message: String,
    causes: Vec<String>,
}

impl Failure {
    /// Creates a failure. The message names what was tried, and on what.
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), causes: Vec::new() }
    }

    /// Adds an error and its sources as causes.
    #[must_use]
    pub fn because(mut self, cause: &dyn Error) -> Failure {
        self.causes.extend(chain(cause));
        self
    }

    /// Adds a cause that is a text and not an [`Error`].
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Failure {
        self.causes.push(cause.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, "\n  caused by: {cause}"))
    }
}

/// The messages of an error and its sources. A source that a message already ends with is left out.
pub fn chain(error: &dyn Error) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string().trim_end_matches('.').to_owned();
        if messages.last().is_none_or(|last| !last.ends_with(&text)) {
            messages.push(text);
        }
        next = error.source();
    }
    messages
}
