//! What belongs to a detection: a line in the catalogue, fixtures that fire and fixtures that do not, a page.

use crate::architecture::paths::{NamedPath, named_paths};
use crate::architecture::tree::Tree;
use crate::architecture::{assert_none, assert_one};
use std::collections::BTreeSet;

/// What stands beside the detections in `src/detect/` and is none, and why it is there.
const HELPERS: &[(&str, &str)] = &[
    ("known", "what facts say about a name of a certificate: shared by detections"),
    ("facts", "what is known of accounts, templates and renames: detections read it"),
    ("purpose", "object identifiers of purposes in words"),
    ("finding", "an alert about one event: shared by the detections that need no more"),
    ("bits", "settings that are bits of a number"),
    ("last_value", "the last known values of settings: shared by detections of changes"),
    ("hands", "who did something before: shared by detections of changes"),
    ("novelty", "what is new at a CA: shared by detections of unusual requests"),
    ("read", "whether a field was read from an event: shared by the table of needs"),
    ("chain", "events that only together are a finding: shared by detections of chains"),
    ("changes", "what happens to accounts: shared by detections of it"),
    ("odd_name", "names that an account should not get: shared by detections of it"),
    ("link", "what makes alerts one story, and an alert as an event"),
    ("entity", "what state is keyed by, and where it lives"),
    ("mod", "the trait that a detection implements"),
    ("until", "until when an entry of the policy counts"),
    ("entry", "an entry of an allow-list, and its limits"),
    ("allow_lists", "the allow-lists as the operator writes them"),
    ("exception", "alerts that the operator does not want again"),
    ("words", "what a detection remembers of an entity, in words"),
    ("answer", "what would make an alert benign, and the exception that silences it"),
    ("agent", "what an enrollment agent may request"),
    ("domain", "what the operator configures for all of them"),
    ("lifecycle", "when an alert opens, is revised and is suppressed"),
    ("policy", "the settings of all detections"),
    ("catalogue", "the list of detections"),
    ("abuses", "which detections find which abuse"),
    ("needs", "the fields that the detections read"),
    ("audit", "the events that detections cannot do without, and what makes Windows log them"),
    ("identity", "whether a name is the requester's own: shared by detections"),
    ("protected", "whether a name is that of a protected identity: shared by detections"),
    ("imported", "protected accounts that an import states"),
    ("allowed", "whom and what the allow-lists excuse"),
    ("naming", "all names of a request: shared by two detections"),
    ("issuer", "whose name an issuer is"),
    ("certificate_use", "what events show of a certificate in use: shared by detections"),
    ("asked", "the entities that a person may mean by a name"),
    ("report", "the parts of an alert that every detection fills alike"),
    ("slot", "the state of one entity while an event runs"),
];
const CATALOGUE: &str = "src/detect/catalogue.rs";

#[test]
fn every_detection_has_all_that_belongs_to_it() {
    assert_none(missing(&Tree::of_this_repository()));
}

#[test]
fn no_detection_uses_another() {
    assert_none(uses_of_another(&Tree::of_this_repository()));
}

/// Files of one detection that name another: what two of them share is a file of its own beside them.
fn uses_of_another(tree: &Tree) -> Vec<String> {
    let modules: Vec<String> = detections(tree).into_iter().map(|id| id.replace('-', "_")).collect();
    let mut complaints = Vec::new();
    for module in &modules {
        let own = [format!("src/detect/{module}.rs"), format!("src/detect/{module}/")];
        let files = tree.under("src/detect/").filter(|(path, _)| own.iter().any(|own| path.starts_with(own)));
        for (file, text) in files {
            let names_another = |path: &NamedPath| {
                path.starts_with(&["crate", "detect"])
                    && path.segment(2) != module
                    && modules.iter().any(|other| path.segment(2) == other)
            };
            let wrong = named_paths(text).into_iter().filter(names_another);
            complaints.extend(wrong.map(|path| format!("{file} uses {path}: a detection uses no other")));
        }
    }
    complaints
}

#[test]
fn every_fixture_has_events_and_a_story() {
    assert_none(incomplete_fixtures(&Tree::of_this_repository()));
}

/// The ids of the detections, `san-mismatch` for `src/detect/san_mismatch.rs`.
fn detections(tree: &Tree) -> BTreeSet<String> {
    let files =
        tree.under("src/detect/").filter_map(|(path, _)| path.strip_prefix("src/detect/")?.split('/').next());
    let names = files
        .map(|file| file.trim_end_matches(".rs"))
        .filter(|name| HELPERS.iter().all(|(helper, _)| name != helper));
    names.map(|name| name.replace('_', "-")).collect()
}

fn missing(tree: &Tree) -> Vec<String> {
    let listed = named_paths(tree.text(CATALOGUE).unwrap_or_default());
    let fixtures =
        |id: &str, kind: &str| tree.under(&format!("tests/detections/{id}/{kind}_")).next().is_some();
    let mut complaints = Vec::new();
    for id in detections(tree) {
        let module = id.replace('-', "_");
        let needs = [
            (listed.iter().any(|path| path.segments.contains(&module)), format!("a line in {CATALOGUE}")),
            (fixtures(&id, "fires"), format!("a fixture tests/detections/{id}/fires_…")),
            (fixtures(&id, "quiet"), format!("a fixture tests/detections/{id}/quiet_…")),
            (tree.has(&format!("docs/detections/{id}.md")), format!("a page docs/detections/{id}.md")),
        ];
        let missing = needs.into_iter().filter(|(has, _)| !has);
        complaints.extend(missing.map(|(_, what)| format!("detection {id} needs {what}")));
    }
    complaints
}

/// The folders `tests/detections/ID/NAME`.
pub(crate) fn fixtures(tree: &Tree) -> BTreeSet<String> {
    let folder = |(path, _): (&str, _)| {
        let parts: Vec<&str> = path.split('/').collect();
        (parts.len() >= 5).then(|| parts[2..4].join("/"))
    };
    tree.under("tests/detections/").filter_map(folder).filter(|name| !name.contains("__pycache__")).collect()
}

fn incomplete_fixtures(tree: &Tree) -> Vec<String> {
    let known = detections(tree);
    let mut complaints = Vec::new();
    for fixture in fixtures(tree) {
        let (id, name) = fixture.split_once('/').unwrap();
        let has = |file: &str| tree.has(&format!("tests/detections/{fixture}/{file}"));
        let needs = [
            (known.contains(id), "a detection of that name in src/detect/"),
            (
                name.starts_with("fires_") || name.starts_with("quiet_"),
                "a name that begins with fires_ or quiet_",
            ),
            (has("events.ndjson") != has("events.xml"), "either events.ndjson or events.xml"),
            (has("story.md"), "a story.md that says why it fires or not"),
        ];
        let missing = needs.into_iter().filter(|(has, _)| !has);
        complaints.extend(missing.map(|(_, what)| format!("fixture {fixture} needs {what}")));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 8] = [
        ("src/detect/mod.rs", ""),
        ("src/detect/policy.rs", ""),
        ("src/detect/old_template.rs", ""),
        (CATALOGUE, "pub const ALL: [&About; 1] = [&crate::detect::old_template::ABOUT];"),
        ("docs/detections/old-template.md", ""),
        ("tests/detections/old-template/fires_a/events.ndjson", ""),
        ("tests/detections/old-template/fires_a/story.md", ""),
        ("tests/detections/old-template/quiet_b/events.xml", ""),
    ];

    /// The whole, without the one file.
    fn without(path: &str) -> Tree {
        Tree::of(&WHOLE.into_iter().filter(|(name, _)| *name != path).collect::<Vec<_>>())
    }

    #[test]
    fn a_detection_without_one_of_its_parts_is_refused() {
        assert_eq!(missing(&Tree::of(&WHOLE)), [""; 0]);
        assert_one(&missing(&without(CATALOGUE)), "a line in src/detect/catalogue.rs");
        assert_one(
            &missing(&without("docs/detections/old-template.md")),
            "a page docs/detections/old-template.md",
        );
        assert_one(&missing(&without("tests/detections/old-template/quiet_b/events.xml")), "quiet_…");
        let tree = Tree::of(&[&WHOLE[..5], &WHOLE[7..]].concat());
        assert_one(&missing(&tree), "fires_…");
    }

    #[test]
    fn detection_that_uses_another_is_refused() {
        let tree = |text| {
            Tree::of(&[
                ("src/detect/a_b/mod.rs", "use crate::detect::a_b::finding; use crate::detect::naming;"),
                ("src/detect/a_b/finding.rs", text),
                ("src/detect/c.rs", ""),
            ])
        };
        assert_eq!(uses_of_another(&tree("")), [""; 0]);
        assert_one(&uses_of_another(&tree("use crate::detect::c::Settings;")), "a_b/finding.rs uses");
    }

    #[test]
    fn a_detection_named_in_a_comment_of_the_catalogue_is_not_in_it() {
        let mut files = WHOLE;
        files[3].1 = "// crate::detect::old_template";
        assert_one(&missing(&Tree::of(&files)), "a line in src/detect/catalogue.rs");
    }

    #[test]
    fn a_fixture_without_one_of_its_parts_is_refused() {
        assert_one(&incomplete_fixtures(&Tree::of(&WHOLE)), "old-template/quiet_b needs a story.md");
        let fixture = |name: &str| {
            let files = ["events.ndjson", "story.md"].map(|file| format!("tests/detections/{name}/{file}"));
            Tree::of(&[("src/detect/old_template.rs", ""), (&files[0], ""), (&files[1], "")])
        };
        assert_eq!(incomplete_fixtures(&fixture("old-template/fires_x")), [""; 0]);
        assert_one(&incomplete_fixtures(&fixture("old-template/alerts_x")), "begins with fires_ or quiet_");
        assert_one(&incomplete_fixtures(&fixture("new-template/fires_x")), "a detection of that name");
        let without_events = Tree::of(&[
            ("src/detect/old_template.rs", ""),
            ("tests/detections/old-template/fires_x/story.md", ""),
        ]);
        assert_one(&incomplete_fixtures(&without_events), "either events.ndjson or events.xml");
    }
}
