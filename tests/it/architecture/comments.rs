//! Doc comments that say more than the name below them: a comment of a few words on one line only repeats it.

use crate::architecture::tree::Tree;
use crate::architecture::{GENERATED, assert_none, assert_one};

/// The fewest words of a doc comment of one line.
const MIN_WORDS: usize = 4;

#[test]
fn doc_comments_are_sentences_or_absent() {
    assert_none(short_comments(&Tree::of_this_repository()));
}

fn short_comments(tree: &Tree) -> Vec<String> {
    let source = tree.under("src/").filter(|(path, _)| path.ends_with(".rs") && *path != GENERATED);
    let found = source.flat_map(|(path, text)| short(text).into_iter().map(move |found| (path, found)));
    found
        .map(|(path, (line, text))| {
            format!("{path}:{line}: \"{text}\": delete it, or write what the name does not state")
        })
        .collect()
}

/// The doc comments of a single line with too few words: line, text.
fn short(text: &str) -> Vec<(usize, &str)> {
    let comments: Vec<_> = text.lines().map(|line| line.trim_start().strip_prefix("///")).collect();
    let is_comment = |n: Option<usize>| n.and_then(|n| comments.get(n)).is_some_and(Option::is_some);
    let lines = comments.iter().enumerate().filter_map(|(n, comment)| Some((n, comment.as_ref()?.trim())));
    lines
        .filter(|(n, _)| !is_comment(n.checked_sub(1)) && !is_comment(Some(n + 1)))
        .filter(|(_, comment)| comment.split_whitespace().count() < MIN_WORDS)
        .map(|(n, comment)| (n + 1, comment))
        .collect()
}

#[test]
fn short_doc_comment_is_found() {
    let complaints = |path: &str, text: &str| short_comments(&Tree::of(&[(path, text)]));
    let fault = "pub struct A {\n    /// The full name.\n    pub name: String,\n}\n";
    assert_one(&complaints("src/a.rs", fault), "src/a.rs:2: \"The full name.\"");
    assert_one(&complaints("src/a.rs", "///\nstruct A;"), "src/a.rs:1");
    assert_one(&complaints("src/a.rs", "/// EventID.\n#[derive(Debug)]\nstruct A;"), "EventID");
    assert_eq!(complaints("src/a.rs", "/// The name of its file.\nstruct A;"), [""; 0]);
    assert_eq!(complaints("src/a.rs", "/// All metrics.\n///\n/// # Errors\nstruct A;"), [""; 0]);
    assert_eq!(complaints("src/a.rs", "// A plain comment.\nstruct A;"), [""; 0]);
    for path in [GENERATED, "tests/it/a.rs", "src/a.md"] {
        assert_eq!(complaints(path, fault), [""; 0], "{path}");
    }
}
