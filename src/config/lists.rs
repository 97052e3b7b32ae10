//! Lists of the policy that stand in files of their own: `accounts: {file: tier0.txt}`.

use crate::config::bounded;
use crate::config::mistake::Mistake;
use crate::config::rules::rule_at;
use crate::config::tree::{Kind, Node};
use crate::inventory::rows;
use serde_json::Value;
use std::path::Path;

/// The lists that may stand in a file, by their paths.
pub(crate) const LISTS: [&str; 13] = [
    "policy.protected.accounts",
    "policy.protected.domain_controllers",
    "policy.protected.hosts",
    "policy.allow.requesters",
    "policy.allow.templates",
    "policy.allow.san_suffixes",
    "policy.allow.source_hosts",
    "policy.allow.changers",
    "policy.allow.joiners",
    "policy.allow.backup",
    "policy.allow.key_writers",
    "policy.allow.ca_managers",
    "policy.foreign_issuers",
];

/// The longest list that is read.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Puts the entries of files in place of the mappings that name them. The path of a file is relative to `folder`, that of the
/// config. Notes each file that cannot be used.
pub(crate) fn take_files(node: &mut Node, folder: &Path, mistakes: &mut Vec<Mistake>) {
    if LISTS.contains(&node.path.as_str())
        && let Some(named) = named(node)
    {
        let mut note =
            |message| mistakes.push(Mistake { at: Some(node.at), path: node.path.clone(), message });
        let entries = match named.and_then(|named| Ok((named.entries(folder)?, named.file))) {
            Ok((entries, file)) => accepted(&node.path, &folder.join(file), entries, &mut note),
            Err(message) => {
                note(message);
                Vec::new()
            }
        };
        node.kind = Kind::Sequence(elements(node, entries));
    }
    match &mut node.kind {
        Kind::Scalar(_) => {}
        Kind::Mapping(below) => {
            below.iter_mut().for_each(|entry| take_files(&mut entry.node, folder, mistakes))
        }
        Kind::Sequence(below) => below.iter_mut().for_each(|node| take_files(node, folder, mistakes)),
    }
}

/// A file with entries, and the column of a table.
struct Named {
    file: String,
    column: Option<String>,
}

/// The entries that the rule of the list accepts. Notes each other one with its line.
fn accepted(list: &str, file: &Path, entries: Vec<Line>, note: &mut impl FnMut(String)) -> Vec<String> {
    let rule = rule_at(&format!("{list}[]"));
    let mut accepted = Vec::new();
    for Line { number, text } in entries {
        match rule.map_or(Ok(()), |rule| rule(&text)) {
            Ok(()) => accepted.push(text),
            Err(message) => note(format!("{}:{number}: {message}", file.display())),
        }
    }
    accepted
}

/// An entry, and the line of the file that it stands in.
struct Line {
    number: u64,
    text: String,
}

/// Ends of the names of files that lists stand in.
const LIST_FILES: [&str; 2] = [".txt", ".csv"];

/// The file that a node names; none: the node is a list.
fn named(node: &Node) -> Option<Result<Named, String>> {
    let entries = match &node.kind {
        Kind::Mapping(entries) => entries,
        Kind::Scalar(Value::String(text)) if LIST_FILES.iter().any(|end| text.ends_with(end)) => {
            return Some(Err(format!("`{text}` is one entry; a file with entries is `{{file: {text}}}`")));
        }
        Kind::Scalar(_) | Kind::Sequence(_) => return None,
    };
    if !entries.iter().any(|entry| entry.name == "file") {
        return Some(Err("expected a list, or `{file: PATH}` with `column: NAME` for a CSV file".to_owned()));
    }
    let mut named = Named { file: String::new(), column: None };
    for entry in entries {
        let Kind::Scalar(Value::String(text)) = &entry.node.kind else {
            return Some(Err(format!("`{}` is no text", entry.name)));
        };
        match entry.name.as_str() {
            "file" => named.file.clone_from(text),
            "column" => named.column = Some(text.clone()),
            unknown => return Some(Err(format!("unknown field `{unknown}`; known here: file, column"))),
        }
    }
    Some(Ok(named))
}

impl Named {
    fn entries(&self, folder: &Path) -> Result<Vec<Line>, String> {
        let path = folder.join(&self.file);
        let unreadable = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let bytes = bounded::bytes(&path, MAX_BYTES).map_err(|error| unreadable(&error))?;
        let bytes = bytes.ok_or_else(|| {
            unreadable(&format!("it has more than the {MAX_BYTES} bytes that a list may have"))
        })?;
        // PowerShell writes UTF-16 unless it is asked for UTF-8.
        let (text, _, _) = encoding_rs::UTF_8.decode(&bytes);
        let entries = match &self.column {
            Some(column) => column_of(&text, column).map_err(|why| unreadable(&why))?,
            None if self.file.ends_with(".csv") && heading(&text).is_some_and(has_columns) => {
                return Err(unreadable(&"has several columns: name one with `column: NAME`"));
            }
            None => lines_of(&text),
        };
        if entries.is_empty() { Err(unreadable(&"has no entry")) } else { Ok(entries) }
    }
}

/// The first line that is no comment.
fn heading(text: &str) -> Option<&str> {
    text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// Whether the first line of a table names several columns.
fn has_columns(line: &str) -> bool {
    line.contains([',', ';', '\t'])
}

/// The lines of a text. Empty ones and comments are none.
fn lines_of(text: &str) -> Vec<Line> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let filled = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    filled.map(|(number, line)| Line { number, text: line.to_owned() }).collect()
}

/// The values of a column of a table.
fn column_of(text: &str, column: &str) -> Result<Vec<Line>, String> {
    let mut entries = Vec::new();
    for row in rows::read(text) {
        let row = row.map_err(|mistake| mistake.to_string())?;
        let value = row.first(&[column]);
        entries.extend(value.map(|text| Line { number: row.line, text: text.to_owned() }));
    }
    if entries.is_empty() { Err(format!("no row has a value of `{column}`")) } else { Ok(entries) }
}

fn elements(node: &Node, entries: Vec<String>) -> Vec<Node> {
    let element = |(n, text)| Node {
        at: node.at,
        path: format!("{}[{n}]", node.path),
        kind: Kind::Scalar(Value::String(text)),
    };
    entries.into_iter().enumerate().map(element).collect()
}
