//! Tree → value of a type, or every mistake: a value that serde refuses is noted and removed, until the rest can be read.

use crate::config::absent;
use crate::config::fields::{Fields, Place};
use crate::config::mistake::{Location, Mistake};
use crate::config::tree::{Entry, Kind, Node};
use crate::config::words::explain;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// The most mistakes that are collected.
const MAX_MISTAKES: usize = 100;

/// Reads a value. Adds to `mistakes` what is wrong; the value is then what is left without it.
pub(crate) fn read<T: DeserializeOwned + JsonSchema>(
    mut tree: Node,
    mistakes: &mut Vec<Mistake>,
) -> Option<T> {
    let fields = Fields::of::<T>();
    absent::note(&tree, fields.top(), mistakes);
    let before = mistakes.len();
    let value = loop {
        match serde_path_to_error::deserialize(tree.to_value()) {
            Ok(value) => break Some(value),
            Err(error) => {
                let (found, path) = (error.inner().to_string(), error.path());
                let removed = remove(&mut tree, path);
                mistakes.push(note(&found, removed.as_ref(), fields.at(path), tree.at));
                if removed.is_none() || mistakes.len() >= MAX_MISTAKES {
                    break None;
                }
            }
        }
    };
    drop_second(mistakes, before);
    drop_consequences(mistakes);
    value
}

/// A field that is missing only because its value or its name was wrong is no mistake of its own, nor that none of two is there.
fn drop_consequences(mistakes: &mut Vec<Mistake>) {
    let noted: Vec<String> = mistakes.iter().flat_map(meant_fields).collect();
    mistakes.retain(|mistake| {
        let is_noted = |field: &str| noted.contains(&format!("{}.{field}", mistake.path));
        let missing = mistake.message.strip_prefix('`').and_then(|rest| rest.strip_suffix("` is missing"));
        let lacks_both = mistake.message == "has neither `topic` nor `pattern`";
        !(missing.is_some_and(is_noted) || lacks_both && ["topic", "pattern"].into_iter().any(is_noted))
    });
}

/// The field of a mistake, and the one that was meant by its name.
pub(crate) fn meant_fields(mistake: &Mistake) -> Vec<String> {
    let is_name = mistake.message.starts_with("unknown field");
    let meant = mistake.message.split_once("did you mean `").filter(|_| is_name);
    let meant = meant.and_then(|(_, rest)| rest.split('`').next());
    let meant = meant.map(|field| match mistake.path.rsplit_once('.') {
        Some((section, _)) => format!("{section}.{field}"),
        None => field.to_owned(),
    });
    std::iter::once(mistake.path.clone()).chain(meant).collect()
}

/// A value that has a mistake from before the reading, the first `before` ones, needs no second one.
fn drop_second(mistakes: &mut Vec<Mistake>, before: usize) {
    let mut n = 0;
    let places: Vec<_> =
        mistakes.iter().take(before).map(|mistake| (mistake.at, mistake.path.clone())).collect();
    mistakes.retain(|mistake| {
        n += 1;
        n <= before || !places.contains(&(mistake.at, mistake.path.clone()))
    });
}

/// The position of a wrong name is that of the name, the position of a wrong value that of the value.
fn note(found: &str, removed: Option<&Removed>, place: Place<'_>, top: Location) -> Mistake {
    let name_is_wrong = found.starts_with("unknown field");
    let at = removed.map_or(top, |removed| if name_is_wrong { removed.name_at } else { removed.node.at });
    let path = removed.map_or_else(String::new, |removed| removed.node.path.clone());
    let message = explain(found, &path, removed.map(|removed| &removed.node.kind), place);
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
