//! What the documents mention is there: files, fixtures, tests.

use crate::architecture::detections::fixtures;
use crate::architecture::tree::Tree;
use crate::architecture::{assert_none, assert_one};

/// Where a path in backticks begins that must exist.
const ROOTS: [&str; 11] = [
    "src/",
    "tests/",
    "docs/",
    "scripts/",
    "samples/",
    "proto/",
    "benches/",
    "helm/",
    ".ci/",
    "fuzz/",
    "examples/",
];

#[test]
fn documents_mention_only_what_is_there() {
    assert_none(broken_mentions(&Tree::of_this_repository()));
}

fn broken_mentions(tree: &Tree) -> Vec<String> {
    let documents =
        tree.under("").filter(|(path, _)| path.ends_with(".md") && !path.starts_with("tests/detections/"));
    documents
        .flat_map(|(path, text)| {
            broken_links(tree, path, text).chain(broken_code(tree, path, text)).collect::<Vec<_>>()
        })
        .collect()
}

/// `[text](target)` whose target is no address and no file.
fn broken_links<'a>(tree: &'a Tree, document: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next());
    let files = targets.map(|target| target.split('#').next().unwrap_or_default());
    let relative =
        files.filter(|file| !file.is_empty() && !file.contains("://") && !file.starts_with("mailto:"));
    let broken = relative.filter(move |file| !tree.has(&resolve(document, file)));
    broken.map(move |file| format!("{document} links to {file}, which is not there"))
}

/// `` `src/…` ``, `` `san-mismatch/fires_…` `` and `` `tests/it/x.rs::test` `` that name nothing.
fn broken_code<'a>(tree: &'a Tree, document: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let fixtures = fixtures(tree);
    let code = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_pattern = |code: &str| code.contains(['<', '>', '*', '…', ' ', '{', '$']);
    let code = code.filter(move |code| !code.is_empty() && !is_pattern(code));
    let broken = code.filter(move |code| {
        let name = code.rsplit('/').next().unwrap_or_default();
        if name.starts_with("fires_") || name.starts_with("quiet_") {
            return !fixtures.contains(code.trim_start_matches("tests/detections/"));
        }
        match code.split_once("::") {
            Some((path, test)) if path.ends_with(".rs") => {
                !tree.text(path).is_some_and(|text| text.contains(&format!("fn {test}(")))
            }
            _ => ROOTS.iter().any(|root| code.starts_with(root)) && !tree.has(code),
        }
    });
    broken.map(move |code| format!("{document} mentions {code}, which is not there"))
}

/// The path of a link from the root of the repository.
fn resolve(document: &str, link: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let files = [
            ("docs/a.md", text),
            ("docs/b.md", ""),
            ("README.md", ""),
            ("tests/it/order.rs", "#[test]\nfn order_is_kept() {}"),
            ("tests/detections/san-mismatch/fires_x/events.ndjson", ""),
        ];
        broken_mentions(&Tree::of(&files))
    }

    #[test]
    fn links_are_followed() {
        assert_eq!(
            complaints("[b](b.md) [up](../README.md#top) [out](https://corp.example/x) [here](#here)"),
            [""; 0]
        );
        assert_one(&complaints("[c](c.md)"), "links to c.md");
        assert_one(&complaints("[readme](README.md)"), "links to README.md");
    }

    #[test]
    fn mentions_are_followed() {
        assert_eq!(
            complaints(
                "`tests/it/order.rs` `tests/it/` `src/<room>/mod.rs` `tests/it/order.rs::order_is_kept`"
            ),
            [""; 0]
        );
        assert_one(&complaints("`src/gone.rs`"), "mentions src/gone.rs");
        assert_one(&complaints("`tests/it/order.rs::order_is_lost`"), "order_is_lost");
    }

    #[test]
    fn fixtures_are_known() {
        assert_eq!(
            complaints("| `san-mismatch/fires_x` | `tests/detections/san-mismatch/fires_x` |"),
            [""; 0]
        );
        assert_one(&complaints("| `san-mismatch/fires_y` |"), "fires_y");
        assert_one(&complaints("`fires_x`"), "fires_x");
    }
}
