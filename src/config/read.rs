//! A tree → the config, or every mistake: what is wrong is noted and taken out, until the rest can be read.

use crate::config::Config;
use crate::config::mistake::{Location, Mistake, explain};
use crate::config::tree::{Entry, Kind, Node};
use serde_path_to_error::{Path, Segment};

/// More mistakes than anybody reads.
const MAX_MISTAKES: usize = 100;

/// Reads the text of a config.
pub fn read(text: &str) -> Result<Config, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(mut tree) = Node::parse(text, &mut mistakes) else {
        return Err(mistakes);
    };
    loop {
        match serde_path_to_error::deserialize(tree.to_value()) {
            Ok(config) if mistakes.is_empty() => return Ok(config),
            Ok(_) => break,
            Err(error) => {
                let (found, path) = (error.inner().to_string(), error.path());
                let taken = take_out(&mut tree, path);
                mistakes.push(note(&found, taken.as_ref(), tree.at));
                if taken.is_none() || mistakes.len() >= MAX_MISTAKES {
                    break;
                }
            }
        }
    }
    forget_what_was_taken_out(&mut mistakes);
    mistakes.sort();
    mistakes.dedup();
    Err(mistakes)
}

/// What is missing because it was wrong was told already.
fn forget_what_was_taken_out(mistakes: &mut Vec<Mistake>) {
    let told: Vec<String> = mistakes.iter().map(|mistake| mistake.path.clone()).collect();
    mistakes.retain(|mistake| {
        let missing = mistake.message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        missing.is_none_or(|field| !told.contains(&format!("{}.{field}", mistake.path)))
    });
}

/// A wrong name is wrong where the name stands, a wrong value where the value stands.
fn note(found: &str, taken: Option<&Taken>, top: Location) -> Mistake {
    let name_is_wrong = found.starts_with("unknown field");
    let at = taken.map_or(top, |taken| if name_is_wrong { taken.name_at } else { taken.node.at });
    let path = taken.map_or_else(String::new, |taken| taken.node.path.clone());
    Mistake { at: Some(at), path, message: explain(found) }
}

struct Taken {
    name_at: Location,
    node: Node,
}

/// Takes out the node that a path leads to, or the nearest one above it that stands in the file; none at the top.
fn take_out(root: &mut Node, path: &Path) -> Option<Taken> {
    let steps: Vec<&Segment> = path.iter().collect();
    (1..=steps.len()).rev().find_map(|depth| take_out_at(root, &steps[..depth]))
}

fn take_out_at(root: &mut Node, steps: &[&Segment]) -> Option<Taken> {
    let (last, before) = steps.split_last()?;
    let mut node = root;
    for step in before {
        node = child(node, step)?;
    }
    match (&mut node.kind, last) {
        (Kind::Mapping(entries), Segment::Map { key }) => {
            let position = entries.iter().position(|entry| entry.name == *key)?;
            let Entry { at, node, .. } = entries.remove(position);
            Some(Taken { name_at: at, node })
        }
        (Kind::Sequence(nodes), Segment::Seq { index }) if *index < nodes.len() => {
            let node = nodes.remove(*index);
            Some(Taken { name_at: node.at, node })
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
