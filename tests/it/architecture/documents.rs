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

/// `[text](target)` whose target is no address, no file, and no heading of one.
fn broken_links<'a>(tree: &'a Tree, document: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next());
    let relative = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    let broken = relative.filter(move |target| {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = if file.is_empty() { document.to_owned() } else { resolve(document, file) };
        let heading = || tree.text(&path).is_some_and(|text| anchors(text).any(|known| known == anchor));
        !tree.has(&path) || !(anchor.is_empty() || heading())
    });
    broken.map(move |target| format!("{document} links to {target}, which is not there"))
}

/// What the headings of a document are called in a link, as GitHub and mdBook make it of them.
fn anchors(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut in_block = false;
    let headings = text.lines().filter(move |line| {
        in_block ^= line.trim_start().starts_with("```");
        !in_block && line.starts_with('#')
    });
    let is_kept = |c: &char| c.is_alphanumeric() || "_- ".contains(*c);
    headings.map(move |heading| {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        title.chars().filter(is_kept).map(|c| if c == ' ' { '-' } else { c }).collect()
    })
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
            complaints(
                "# Here it is\n[b](b.md) [up](../README.md) [out](https://corp.example/x#y) [here](#here-it-is)"
            ),
            [""; 0]
        );
        assert_one(&complaints("[c](c.md)"), "links to c.md");
        assert_one(&complaints("[readme](README.md)"), "links to README.md");
        assert_one(&complaints("# Here\n```sh\n# there\n```\n[there](#there)"), "links to #there");
        assert_one(&complaints("[b](b.md#nowhere)"), "links to b.md#nowhere");
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
