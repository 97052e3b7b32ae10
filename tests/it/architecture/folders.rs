//! The order inside every folder, nested ones too, as the rule of the rooms has it for `src/lib.rs`.
//!
//! 1. Siblings: a module uses only siblings that its parent's file declares above it.
//! 2. Parent and child: a `mod.rs` may use all its children, or define what its children use, never both for one chain of
//!    uses: that would be a cycle.
//! 3. No cycles: files that use each other, directly or through others, are one file in disguise.
//!
//! Unit tests (`mod tests`) may use any module of their own room.

use crate::architecture::paths::{NamedPath, declared_modules, named_paths};
use crate::architecture::tree::Tree;
use crate::architecture::{GENERATED, assert_none, assert_one};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_folder_keeps_its_order() {
    assert_none(complaints(&Tree::of_this_repository()));
}

#[test]
fn every_folder_has_one_style_of_module_file() {
    assert_none(mixed_module_files(&Tree::of_this_repository()));
}

/// `["detect", "naming"]` for `src/detect/naming.rs`, `["detect"]` for `src/detect/mod.rs`.
type Module = Vec<String>;

/// What breaks a rule, and the folder in which it does.
#[derive(Debug)]
struct Fault {
    folder: String,
    text: String,
}

/// A module, and where it names another.
struct Use {
    from: Module,
    to: Module,
    text: String,
}

/// The modules of the crate with their files and the children each declares, in order.
struct Modules(BTreeMap<Module, (String, Vec<String>)>);

impl Modules {
    fn of(tree: &Tree) -> Modules {
        let files = tree.under("src/").filter(|(path, _)| path.ends_with(".rs") && *path != "src/main.rs");
        let entry = |(path, text): (&str, &str)| (module_of(path), (path.to_owned(), declared_modules(text)));
        Modules(files.map(entry).collect())
    }

    fn file(&self, module: &[String]) -> &str {
        self.0.get(module).map_or("", |(file, _)| file)
    }

    fn children(&self, module: &[String]) -> &[String] {
        self.0.get(module).map_or(&[], |(_, children)| children)
    }

    /// The innermost module that a path written in `own` leads to.
    fn target(&self, own: &[String], path: &NamedPath) -> Option<Module> {
        let (first, rest) = path.segments.split_first()?;
        let full = match first.as_str() {
            "crate" => rest.to_vec(),
            "self" => [own, rest].concat(),
            child if !rest.is_empty() && self.children(own).iter().any(|known| known == child) => {
                [own, path.segments.as_slice()].concat()
            }
            _ => return None,
        };
        (1..=full.len()).rev().map(|end| full[..end].to_vec()).find(|module| self.0.contains_key(module))
    }
}

fn module_of(path: &str) -> Module {
    let name = path.trim_start_matches("src/").trim_end_matches(".rs");
    let name = name.strip_suffix("mod").map_or(name, |folder| folder.trim_end_matches('/'));
    name.split('/').filter(|part| !part.is_empty() && *part != "lib").map(str::to_owned).collect()
}

fn uses(tree: &Tree, modules: &Modules) -> Vec<Use> {
    let files = tree.under("src/").filter(|(path, _)| path.ends_with(".rs") && *path != GENERATED);
    let mut uses = Vec::new();
    for (file, text) in files.filter(|(path, _)| *path != "src/main.rs") {
        let from = module_of(file);
        for path in named_paths(text).into_iter().filter(|path| !path.in_tests) {
            let to = modules.target(&from, &path).filter(|to| *to != from);
            uses.extend(to.map(|to| Use { from: from.clone(), to, text: format!("{file} uses {path}") }));
        }
    }
    uses
}

fn common(a: &[String], b: &[String]) -> Module {
    a.iter().zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.clone()).collect()
}

fn folder(module: &[String]) -> String {
    format!("src/{}", module.join("/"))
}

/// Uses of a sibling that stands below. Those between rooms are the business of `rooms.rs`.
fn wrong_order(modules: &Modules, uses: &[Use]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for Use { from, to, text } in uses {
        let parent = common(from, to);
        let (Some(own), Some(used)) = (from.get(parent.len()), to.get(parent.len())) else { continue };
        let place = |name: &String| modules.children(&parent).iter().position(|child| child == name);
        if !parent.is_empty() && place(used) > place(own) {
            let text = format!("{text}, which stands below `{own}` in {}", modules.file(&parent));
            faults.push(Fault { folder: folder(&parent), text });
        }
    }
    faults
}

/// Groups of files that use each other.
fn cycles(modules: &Modules, uses: &[Use]) -> Vec<Fault> {
    let mut edges: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for Use { from, to, .. } in uses {
        edges.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        edges.keys().map(|module| (*module, reachable(&edges, module))).collect();
    let mut groups = BTreeSet::new();
    for (module, others) in reached.iter().filter(|(module, others)| others.contains(*module)) {
        let group =
            others.iter().filter(|other| reached.get(*other).is_some_and(|back| back.contains(module)));
        groups.insert(group.copied().collect::<Vec<_>>());
    }
    groups.into_iter().map(|group| cycle(modules, &group)).collect()
}

fn cycle(modules: &Modules, group: &[&Module]) -> Fault {
    let top = group.iter().skip(1).fold(group[0].clone(), |top, module| common(&top, module));
    let files: Vec<&str> = group.iter().map(|module| modules.file(module)).collect();
    Fault { folder: folder(&top), text: format!("these files use each other: {}", files.join(", ")) }
}

fn reachable<'a>(
    edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
    from: &'a Module,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        let targets = edges.get(module).into_iter().flatten();
        next.extend(targets.filter(|target| reached.insert(**target)));
    }
    reached
}

/// What breaks a rule.
fn complaints(tree: &Tree) -> Vec<String> {
    let modules = Modules::of(tree);
    let uses = uses(tree, &modules);
    let mut faults = wrong_order(&modules, &uses);
    faults.extend(cycles(&modules, &uses));
    faults.iter().map(|fault| format!("{}: {}", fault.folder, fault.text)).collect()
}

/// `x.rs` beside a folder `x/`: the file of a module with children is `x/mod.rs`.
fn mixed_module_files(tree: &Tree) -> Vec<String> {
    let sources = ["src/", "tests/it/", "tests/kafka/", "benches/", "fuzz/"];
    let files = sources.iter().flat_map(|root| tree.under(root));
    let modules = files.filter_map(|(path, _)| Some((path, path.strip_suffix(".rs")?)));
    let mixed =
        modules.filter(|(_, module)| tree.under(&format!("{module}/")).any(|(p, _)| p.ends_with(".rs")));
    mixed
        .map(|(path, module)| format!("{path} stands beside its folder: move it to {module}/mod.rs"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A room `a` with the children `b`, `c` (a folder with `d`, `e`) and `f`, in this order.
    fn found(changes: &[(&str, &str)]) -> Vec<String> {
        complaints(&room(changes))
    }

    fn room(changes: &[(&str, &str)]) -> Tree {
        let mut files = BTreeMap::from([
            ("src/lib.rs", "pub mod z; pub mod a;"),
            ("src/z.rs", ""),
            ("src/a/mod.rs", "pub mod b; pub mod c; pub mod f;"),
            ("src/a/b.rs", ""),
            ("src/a/c/mod.rs", "mod d; mod e;"),
            ("src/a/c/d.rs", ""),
            ("src/a/c/e.rs", ""),
            ("src/a/f.rs", ""),
        ]);
        files.extend(changes.iter().copied());
        Tree::of(&files.into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn use_of_a_sibling_above_is_allowed() {
        assert_eq!(found(&[("src/a/f.rs", "use crate::a::b::B; use crate::a::c::C;")]), [""; 0]);
        assert_eq!(found(&[("src/a/c/e.rs", "use crate::a::b::B; use crate::a::c::d;")]), [""; 0]);
        assert_eq!(found(&[("src/a/b.rs", "mod tests { use crate::a::f::F; }")]), [""; 0]);
    }

    #[test]
    fn use_of_a_sibling_below_is_refused_at_every_depth() {
        assert_one(&found(&[("src/a/b.rs", "use crate::a::f::F;")]), "src/a: src/a/b.rs uses crate::a::f::F");
        assert_one(&found(&[("src/a/c/d.rs", "fn f() { g(crate::a::c::e::E) }")]), "src/a/c: src/a/c/d.rs");
        assert_one(&found(&[("src/a/c/d.rs", "use crate::a::f;")]), "below `c` in src/a/mod.rs");
    }

    #[test]
    fn parent_uses_children_or_children_use_parent_but_not_both() {
        let parent_uses = ("src/a/mod.rs", "pub mod b; pub mod c; pub mod f; pub use crate::a::f::F;");
        let relative = ("src/a/mod.rs", "pub mod b; pub mod c; pub mod f; fn g() { f::h() }");
        let child_uses = ("src/a/f.rs", "use crate::a::Trait;");
        assert_eq!(found(&[parent_uses]), [""; 0]);
        assert_eq!(found(&[child_uses]), [""; 0]);
        for both in [[parent_uses, child_uses], [relative, child_uses]] {
            assert_one(&found(&both), "src/a: these files use each other: src/a/mod.rs, src/a/f.rs");
        }
    }

    #[test]
    fn cycle_through_other_files_is_refused() {
        let faults = found(&[
            ("src/a/mod.rs", "pub mod b; pub mod c; pub mod f; use crate::a::f::F;"),
            ("src/a/f.rs", "use crate::a::c::e::E;"),
            ("src/a/c/e.rs", "use crate::a::Trait;"),
        ]);
        assert_one(&faults, "src/a/mod.rs, src/a/c/e.rs, src/a/f.rs");
    }

    #[test]
    fn module_file_beside_its_folder_is_refused() {
        assert_one(&mixed_module_files(&room(&[("src/a/c.rs", "")])), "move it to src/a/c/mod.rs");
        assert_eq!(mixed_module_files(&room(&[])), [""; 0]);
        let test = Tree::of(&[("tests/it/book.rs", ""), ("tests/it/book/blocks.rs", "")]);
        assert_one(&mixed_module_files(&test), "move it to tests/it/book/mod.rs");
    }
}
