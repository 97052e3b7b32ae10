//! The order of the house, read from its own files: who may use whom, what belongs to what, which promises of the
//! documents are kept. Every check is a function from texts to complaints, and is shown to complain of a planted fault.

mod comments;
mod detections;
mod documents;
mod folders;
mod links;
mod paths;
mod rooms;
mod seeing;
mod tree;
mod words;

use tree::Tree;

/// The longest file of source that is not generated.
const MAX_LINES: usize = 500;
const GENERATED: &str = "src/wire/generated.rs";

#[track_caller]
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} complaints:\n  {}", complaints.len(), complaints.join("\n  "));
}

/// That these complaints are exactly the expected one, told by a part of it.
#[track_caller]
fn assert_one(complaints: &[String], part: &str) {
    assert!(
        complaints.len() == 1 && complaints[0].contains(part),
        "expected one complaint with {part:?}: {complaints:?}"
    );
}

#[test]
fn no_source_file_exceeds_the_line_limit() {
    assert_none(too_long(&Tree::of_this_repository()));
}

#[test]
fn a_long_file_is_seen_and_a_generated_one_may_be_long() {
    let lines = "\n".repeat(MAX_LINES + 1);
    let tree = Tree::of(&[("src/engine/mod.rs", &lines), (GENERATED, &lines), ("src/lib.rs", "")]);
    assert_one(&too_long(&tree), "src/engine/mod.rs has 501 lines");
}

fn too_long(tree: &Tree) -> Vec<String> {
    let source = tree.under("src/").filter(|(path, _)| *path != GENERATED);
    let counted = source.map(|(path, text)| (path, text.lines().count()));
    counted
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path} has {lines} lines, more than {MAX_LINES}"))
        .collect()
}
