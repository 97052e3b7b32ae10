//! The files that the checks look at, by their path from the root of the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Paths with `/` and the texts of the files.
pub(crate) struct Tree(BTreeMap<String, String>);

/// Where text is kept that a check reads, or that a document may mention.
const FOLDERS: [&str; 12] = [
    "src",
    "tests",
    "docs",
    "scripts",
    "samples",
    "proto",
    "benches",
    "helm",
    ".ci",
    "fuzz/fuzz_targets",
    "examples",
    "integrations",
];

impl Tree {
    /// The files of a made-up repository.
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        Tree(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    /// Ours.
    pub(crate) fn of_this_repository() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut tree = Tree(BTreeMap::new());
        for entry in fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                tree.add(root, &path);
            }
        }
        FOLDERS.iter().for_each(|folder| tree.add_folder(root, &root.join(folder)));
        tree
    }

    fn add_folder(&mut self, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { self.add_folder(root, &path) } else { self.add(root, &path) }
        }
    }

    /// A file that is no text is there, but empty.
    fn add(&mut self, root: &Path, path: &Path) {
        let name = path.strip_prefix(root).unwrap().components().map(|c| c.as_os_str().to_string_lossy());
        let name = name.collect::<Vec<_>>().join("/");
        self.0.insert(name, String::from_utf8(fs::read(path).unwrap()).unwrap_or_default());
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Whether there is such a file, or a folder with files in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.0.contains_key(path) || self.under(&format!("{path}/")).next().is_some()
    }

    /// The files whose path begins so, in order.
    pub(crate) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter(move |(path, _)| path.starts_with(prefix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

#[test]
fn this_repository_is_read() {
    let tree = Tree::of_this_repository();
    assert!(tree.text("src/lib.rs").is_some_and(|text| text.contains("pub mod event;")));
    assert!(tree.has("Cargo.toml") && tree.has("src/event/") && !tree.has("src/even"));
}
