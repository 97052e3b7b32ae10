//! Tree → value of a type, or every mistake: a value that serde refuses is noted and removed, until the rest can be read.

use crate::config::mistake::{Location, Mistake};
use crate::config::tree::{Entry, Kind, Node};
use crate::config::words::explain;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// The most mistakes that are collected.
const MAX_MISTAKES: usize = 100;

/// Reads a value. Adds to `mistakes` what is wrong, and returns a value only if nothing was wrong before or here.
pub(crate) fn read<T: DeserializeOwned>(mut tree: Node, mistakes: &mut Vec<Mistake>) -> Option<T> {
    let value = loop {
        match serde_path_to_error::deserialize(tree.to_value()) {
            Ok(value) => break Some(value),
            Err(error) => {
                let (found, path) = (error.inner().to_string(), error.path());
                let removed = remove(&mut tree, path);
                mistakes.push(note(&found, removed.as_ref(), tree.at));
                if removed.is_none() || mistakes.len() >= MAX_MISTAKES {
                    break None;
                }
            }
        }
    };
    drop_consequences(mistakes);
    value.filter(|_| mistakes.is_empty())
}

/// A field that is missing only because its wrong value was removed is no mistake of its own, nor that none of two is there.
fn drop_consequences(mistakes: &mut Vec<Mistake>) {
    let noted: Vec<String> = mistakes.iter().map(|mistake| mistake.path.clone()).collect();
    mistakes.retain(|mistake| {
        let is_noted = |field: &str| noted.contains(&format!("{}.{field}", mistake.path));
        let missing = mistake.message.strip_prefix('`').and_then(|rest| rest.strip_suffix("` is missing"));
        let lacks_both = mistake.message == "has neither `topic` nor `pattern`";
        !(missing.is_some_and(is_noted) || lacks_both && ["topic", "pattern"].into_iter().any(is_noted))
    });
}

/// The position of a wrong name is that of the name, the position of a wrong value that of the value.
fn note(found: &str, removed: Option<&Removed>, top: Location) -> Mistake {
    let name_is_wrong = found.starts_with("unknown field");
    let at = removed.map_or(top, |removed| if name_is_wrong { removed.name_at } else { removed.node.at });
    let path = removed.map_or_else(String::new, |removed| removed.node.path.clone());
    let message = explain(found, &path, removed.map(|removed| &removed.node.kind));
    Mistake { at: Some(at), path, message }
}

struct Removed {
    name_at: Location,
    node: Node,
}

/// Removes the node at a path, or the nearest one above it that is in the file; `None` at the top.
fn remove(root: &mut Node, path: &Path) -> Option<Removed> {
    let steps: Vec<&Segment> = path.iter().collect();
    (1..=steps.len()).rev().find_map(|depth| remove_at(root, &steps[..depth]))
}

fn remove_at(root: &mut Node, steps: &[&Segment]) -> Option<Removed> {
    let (last, before) = steps.split_last()?;
    let mut node = root;
    for step in before {
        node = child(node, step)?;
    }
    match (&mut node.kind, last) {
        (Kind::Mapping(entries), Segment::Map { key }) => {
            let position = entries.iter().position(|entry| entry.name == *key)?;
            let Entry { at, node, .. } = entries.remove(position);
            Some(Removed { name_at: at, node })
        }
        (Kind::Sequence(nodes), Segment::Seq { index }) if *index < nodes.len() => {
            let node = nodes.remove(*index);
            Some(Removed { name_at: node.at, node })
        }
        (Kind::Mapping(_) | Kind::Sequence(_) | Kind::Scalar(_), _) => None,
    }
}

fn child<'a>(node: &'a mut Node, step: &Segment) -> Option<&'a mut Node> {
    match (&mut node.kind, step) {
        (Kind::Mapping(entries), Segment::Map { key }) => {
            entries.iter_mut().find(|entry| entry.name == *key).map(|entry| &mut entry.node)
        }
        (Kind::Sequence(nodes), Segment::Seq { index }) => nodes.get_mut(*index),
        (Kind::Mapping(_) | Kind::Sequence(_) | Kind::Scalar(_), _) => None,
    }
}
