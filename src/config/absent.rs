//! Names without a value, which count as absent: not if they are misspelled, and not where their value decides about security.

use crate::config::fields::Place;
use crate::config::mistake::Mistake;
use crate::config::tree::{Kind, Node};
use crate::config::words::suggestion;
use serde_json::Value;
use serde_path_to_error::Segment;

/// Sections without which a connection is open, with what to write for them.
const OF_SECURITY: [(&str, &str); 4] = [
    ("kafka.tls", "write `tls: {}` to trust the certificates of the system, or leave `tls` out"),
    ("kafka.sasl", "write `sasl: {mechanism: …}`, or leave `sasl` out"),
    ("http.tls", "write `tls: {cert_file: PATH, key_file: PATH}`, or leave `tls` out"),
    ("http.basic_auth", "write `basic_auth: {username: …, password: {file: PATH}}`, or leave it out"),
];

/// Notes names without a value that cannot be meant. `place` is what belongs at the node.
pub(crate) fn note(node: &Node, place: Place<'_>, mistakes: &mut Vec<Mistake>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::Mapping(entries) => {
            for entry in entries {
                let key = Segment::Map { key: entry.name.clone() };
                // An alias has no value either, and is a mistake already.
                let is_noted = mistakes.iter().any(|mistake| mistake.path == entry.node.path);
                if entry.node.kind == Kind::Scalar(Value::Null) && !is_noted {
                    let message = why(&entry.node.path, &entry.name, place);
                    let note =
                        |message| Mistake { at: Some(entry.at), path: entry.node.path.clone(), message };
                    mistakes.extend(message.map(note));
                }
                note(&entry.node, place.below(&key), mistakes);
            }
        }
        Kind::Sequence(nodes) => {
            let element = place.below(&Segment::Seq { index: 0 });
            nodes.iter().for_each(|node| note(node, element, mistakes));
        }
    }
}

fn why(path: &str, name: &str, place: Place<'_>) -> Option<String> {
    if let Some((_, hint)) = OF_SECURITY.iter().find(|(section, _)| *section == path) {
        return Some(format!("has no value; {hint}"));
    }
    let fields = place.fields();
    if fields.contains(&name) {
        return None;
    }
    match (place.has_free_names(), fields.is_empty()) {
        (true, _) => Some("has no value".to_owned()),
        (false, false) => Some(format!("unknown field; {}", suggestion(name, &fields))),
        (false, true) => None,
    }
}
