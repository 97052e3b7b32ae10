//! How the program ends: exit codes, and the error that is printed with its causes.

use std::error::Error;
use std::fmt;

/// How a command ended. The numbers are those of `sysexits.h` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// There are alerts at or above `--fail-on`.
    Alerts,
    /// The command line is wrong.
    Usage,
    /// Some input could not be read; the rest was.
    Input,
    /// A broker cannot be reached.
    Broker,
    /// A broker and we do not trust each other: certificate, password, token.
    Refused,
    /// This program did what it must not.
    Defect,
    /// Output or a temporary file cannot be written.
    Output,
    /// The config has mistakes.
    Config,
}

impl Exit {
    /// The number the shell sees.
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

/// Why a command could not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    message: String,
    causes: Vec<String>,
}

impl Failure {
    /// Says what was tried, on what.
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), causes: Vec::new() }
    }

    /// Adds the error it came from, and all that are behind it.
    #[must_use]
    pub fn because(mut self, cause: &dyn Error) -> Failure {
        self.causes.extend(chain(cause));
        self
    }

    /// Adds a line of explanation.
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

/// An error and the errors behind it, each as it says itself, without the repetition of "a: b" wrappers.
pub fn chain(error: &dyn Error) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string().trim_end_matches('.').to_owned();
        if said.last().is_none_or(|last| !last.ends_with(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said
}
