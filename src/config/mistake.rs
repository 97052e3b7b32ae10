//! What is wrong with a config, where, and what was probably meant.

use crate::host::exit::{Exit, Failure};
use std::fmt;

/// A place in the file, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where it stands; none when it is the file as a whole.
    pub at: Option<Location>,
    /// Path of the field, `policy.san_mismatch.burst_count`; empty at the top.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// All mistakes of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The file.
    pub file: String,
    /// In the order of the file; at least one.
    pub mistakes: Vec<Mistake>,
}

impl Mistakes {
    /// The file as a whole cannot be read.
    pub fn unreadable(file: &str, why: String) -> Mistakes {
        let mistake = Mistake { at: None, path: String::new(), message: format!("cannot be read: {why}") };
        Mistakes { file: file.to_owned(), mistakes: vec![mistake] }
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
            if n > 0 {
                writeln!(f)?;
            }
            f.write_str(&self.file)?;
            if let Some(at) = mistake.at {
                write!(f, ":{}:{}", at.line, at.column)?;
            }
            if !mistake.path.is_empty() {
                write!(f, ": {}", mistake.path)?;
            }
            write!(f, ": {}", mistake.message)?;
        }
        Ok(())
    }
}

/// Says what serde said in the words of this program: an unknown name comes with the nearest right one.
pub fn explain(message: &str) -> String {
    for kind in ["field", "variant"] {
        let Some(rest) = message.strip_prefix("unknown ").and_then(|m| m.strip_prefix(kind)) else {
            continue;
        };
        let mut names = rest.split('`').skip(1).step_by(2);
        let wrong = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        let what = if kind == "field" { "unknown field" } else { "unknown value" };
        return format!("{what}; {}", suggestion(wrong, &known));
    }
    message.to_owned()
}

fn suggestion(wrong: &str, known: &[&str]) -> String {
    match nearest(wrong, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "nothing can be set here".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// The nearest of the right names, if one is near enough to have been meant.
pub fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = wrong.to_lowercase().replace('-', "_");
    let distance = |name: &str| strsim::damerau_levenshtein(&plain, name);
    let best = known.iter().min_by_key(|name| distance(name))?;
    (distance(best) <= plain.chars().count().max(3) / 3).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_field_suggests_the_nearest_name() {
        let said = explain("unknown field `burst_cuont`, expected one of `burst_count`, `burst_window`");
        assert_eq!(said, "unknown field; did you mean `burst_count`?");
        assert_eq!(
            explain("unknown field `zebra`, expected `domains`"),
            "unknown field; known here: domains"
        );
        assert_eq!(
            explain("unknown field `x`, there are no fields"),
            "unknown field; nothing can be set here"
        );
    }

    #[test]
    fn hyphens_and_capitals_do_not_count_as_distance() {
        assert_eq!(nearest("San-Mismatch", &["certlog_remote_write", "san_mismatch"]), Some("san_mismatch"));
        assert_eq!(nearest("zz", &["domains"]), None);
    }
}
