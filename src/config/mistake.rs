//! A mistake in a config: where it is, and what is wrong.

use crate::host::exit::{Exit, Failure};
use std::fmt;

/// A position in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// One mistake in a config, with its position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Its position; `None` when it concerns the file as a whole.
    pub at: Option<Location>,
    /// The path of the field, `policy.san_mismatch.burst_count`; empty at the top.
    pub path: String,
    /// What is wrong there, for a person to read.
    pub message: String,
}

impl Mistake {
    /// A mistake whose position is found later by its path.
    pub(crate) fn of(path: impl Into<String>, message: impl Into<String>) -> Mistake {
        Mistake { at: None, path: path.into(), message: message.into() }
    }
}

impl Mistake {
    /// Reads `path: message`, as checks of other rooms return it.
    pub(crate) fn parse(text: &str) -> Mistake {
        let (path, message) = text.split_once(": ").unwrap_or(("", text));
        Mistake::of(path, message)
    }
}

impl fmt::Display for Mistake {
    /// `path: message`, without the position.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// All mistakes of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The path of the file.
    pub file: String,
    /// The mistakes in the order of the file; at least one.
    pub mistakes: Vec<Mistake>,
    /// The text of the file, for excerpts.
    text: String,
}

/// Words in a line or path that may stand beside a secret.
const SECRETS: [&str; 6] = ["password", "token", "secret", "sasl.", "ssl.", "pem"];

impl Mistakes {
    /// Mistakes in the order of the file.
    pub(crate) fn new(file: &str, text: &str, mut mistakes: Vec<Mistake>) -> Mistakes {
        mistakes.sort();
        mistakes.dedup();
        Mistakes { file: file.to_owned(), mistakes, text: text.to_owned() }
    }

    /// The file as a whole cannot be read.
    pub(crate) fn unreadable(file: &str, why: &str) -> Mistakes {
        Mistakes::new(file, "", vec![Mistake::of("", format!("cannot be read: {why}"))])
    }

    /// `FILE:LINE:COLUMN` of a mistake, or `FILE`.
    pub(crate) fn place(&self, mistake: &Mistake) -> String {
        match mistake.at {
            Some(at) => format!("{}:{}:{}", self.file, at.line, at.column),
            None => self.file.clone(),
        }
    }

    /// The line in which a mistake is; `None` when it may hold a secret.
    pub(crate) fn line(&self, mistake: &Mistake) -> Option<&str> {
        let line = self.text.lines().nth(mistake.at?.line.checked_sub(1)?)?;
        let near_a_secret = |text: &str| SECRETS.iter().any(|word| text.to_lowercase().contains(word));
        (!near_a_secret(line) && !near_a_secret(&mistake.path)).then_some(line)
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Failure {
        let total = mistakes.mistakes.len();
        let noun = if total == 1 { "mistake" } else { "mistakes" };
        Failure::new(Exit::Config, format!("the config has {total} {noun}\n{mistakes}"))
    }
}

impl fmt::Display for Mistakes {
    /// One line for each, `file:line:column: path: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, mistake) in self.mistakes.iter().enumerate() {
            let separator = if n == 0 { "" } else { "\n" };
            write!(f, "{separator}{}: {mistake}", self.place(mistake))?;
        }
        Ok(())
    }
}
