//! Which files are read: those that the command line names, and all files of the directories that it names.

use crate::host::exit::{Exit, Failure};
use crate::replay::archive::{self, Member};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Where an input is.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Standard input, `-` on the command line.
    Stdin,
    File(PathBuf),
    /// A file in a zip archive at this path.
    Member(PathBuf, Member),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Stdin => f.write_str("-"),
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Member(path, member) => write!(f, "{}:{}", path.display(), member.name),
        }
    }
}

/// One input of a replay.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// Standard input or a file.
    pub source: Source,
    /// The command line names it, so it is an error when it holds no events.
    pub named: bool,
    /// Its size in bytes, of a member without compression; `None` for pipes and standard input.
    pub bytes: Option<u64>,
}

/// What was found under the paths of a command line.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// The inputs in the order of the command line, within a directory by name. None is listed twice.
    pub found: Vec<Input>,
    /// Paths that cannot be read, each with the reason.
    pub missing: Vec<(String, String)>,
    seen: BTreeSet<PathBuf>,
}

impl Inputs {
    /// Lists the inputs under these paths; `-` is standard input.
    pub(crate) fn list(paths: &[PathBuf]) -> Inputs {
        let mut inputs = Inputs::default();
        for path in paths {
            if path.as_os_str() == "-" {
                inputs.stdin();
            } else if path.is_dir() {
                inputs.walk(path);
            } else {
                inputs.file(path, true);
            }
        }
        inputs
    }

    /// The size of all inputs in bytes; `None` when one of them is unknown.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.found.iter().map(|input| input.bytes).sum()
    }

    /// The name under which the inputs have a source that may be spelled in another way, such as `./export.ndjson`; the
    /// source itself, if it is none of them.
    pub(crate) fn spelling_of(&self, source: &str) -> String {
        let is_it = |input: &&Input| match &input.source {
            Source::Stdin => false,
            Source::File(path) => is_same(path, Path::new(source)),
            Source::Member(archive, member) => source
                .strip_suffix(&member.name)
                .and_then(|rest| rest.strip_suffix(':'))
                .is_some_and(|path| is_same(archive, Path::new(path))),
        };
        self.found.iter().find(is_it).map_or_else(|| source.to_owned(), |input| input.source.to_string())
    }

    /// Refuses an output file that is also an input.
    ///
    /// # Errors
    /// The path is one of the inputs.
    pub(crate) fn refuse_as_output(&self, path: &Path) -> Result<(), Failure> {
        match path.canonicalize() {
            Ok(real) if self.seen.contains(&real) => {
                let message = format!("{} is an input and would be overwritten", path.display());
                Err(Failure::new(Exit::Usage, message))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn stdin(&mut self) {
        if !self.found.iter().any(|input| matches!(input.source, Source::Stdin)) {
            self.found.push(Input { source: Source::Stdin, named: true, bytes: None });
        }
    }

    /// A directory without files is reported: another one was meant, probably.
    fn walk(&mut self, directory: &Path) {
        let mut is_empty = true;
        for entry in WalkDir::new(directory).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    is_empty = false;
                    self.file(entry.path(), false);
                }
                // WalkDir descends into directories; pipes, sockets and devices are no exports.
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(directory).display().to_string();
                    self.missing.push((path, walk_error(&error)));
                    is_empty = false;
                }
            }
        }
        if is_empty {
            self.missing.push((directory.display().to_string(), "there is no file in it".to_owned()));
        }
    }

    fn file(&mut self, path: &Path, named: bool) {
        match std::fs::metadata(path) {
            Err(error) => self.missing.push((path.display().to_string(), error.to_string())),
            Ok(metadata) => {
                let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
                if !self.seen.insert(real) {
                    return;
                }
                if metadata.is_file() && archive::is_zip(path) {
                    self.archive(path);
                } else {
                    let bytes = metadata.is_file().then_some(metadata.len());
                    self.found.push(Input { source: Source::File(path.to_owned()), named, bytes });
                }
            }
        }
    }

    /// An archive is read as a directory of its members.
    fn archive(&mut self, path: &Path) {
        match archive::members(path) {
            Err(why) => self.missing.push((path.display().to_string(), why)),
            Ok(members) => self.found.extend(members.into_iter().map(|member| {
                let bytes = Some(member.bytes);
                Input { source: Source::Member(path.to_owned(), member), named: false, bytes }
            })),
        }
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

fn walk_error(error: &walkdir::Error) -> String {
    match (error.loop_ancestor(), error.io_error()) {
        (Some(ancestor), _) => format!("a loop of symbolic links back to {}", ancestor.display()),
        (None, Some(io)) => io.to_string(),
        (None, None) => error.to_string(),
    }
}
