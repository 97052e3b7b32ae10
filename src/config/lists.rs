//! Lists of the policy that stand in files of their own: `accounts: {file: tier0.txt}`.

use crate::config::mistake::Mistake;
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
        match named.and_then(|named| named.entries(folder)) {
            Ok(entries) => node.kind = Kind::Sequence(elements(node, entries)),
            Err(message) => {
                mistakes.push(Mistake { at: Some(node.at), path: node.path.clone(), message });
                node.kind = Kind::Sequence(Vec::new());
            }
        }
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

/// The file that a node names; none: the node names no file.
fn named(node: &Node) -> Option<Result<Named, String>> {
    let Kind::Mapping(entries) = &node.kind else { return None };
    entries.iter().find(|entry| entry.name == "file")?;
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
    fn entries(&self, folder: &Path) -> Result<Vec<String>, String> {
        let path = folder.join(&self.file);
        let unreadable = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let bytes = std::fs::metadata(&path).map_err(|error| unreadable(&error))?.len();
        if bytes > MAX_BYTES {
            return Err(unreadable(&format!(
                "{bytes} bytes are more than the {MAX_BYTES} that a list may have"
            )));
        }
        let bytes = std::fs::read(&path).map_err(|error| unreadable(&error))?;
        // PowerShell writes UTF-16 unless it is asked for UTF-8.
        let (text, _, _) = encoding_rs::UTF_8.decode(&bytes);
        let entries = match &self.column {
            Some(column) => column_of(&text, column).map_err(|why| unreadable(&why))?,
            None => lines_of(&text),
        };
        if entries.is_empty() { Err(unreadable(&"has no entry")) } else { Ok(entries) }
    }
}

/// The lines of a text. Empty ones and comments are none.
fn lines_of(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// The values of a column of a table.
fn column_of(text: &str, column: &str) -> Result<Vec<String>, String> {
    let mut entries = Vec::new();
    for row in rows::read(text) {
        let row = row.map_err(|mistake| mistake.to_string())?;
        entries.extend(row.first(&[column]).map(str::to_owned));
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
