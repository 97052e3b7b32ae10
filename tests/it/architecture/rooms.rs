//! Who may use whom: the modules of `lib.rs` stand in reading order, and a room uses only the rooms above it.

use crate::architecture::paths::{NamedPath, declared_modules, named_paths};
use crate::architecture::tree::Tree;
use crate::architecture::{GENERATED, assert_none, assert_one};

/// The room that the program's `main` calls.
const ENTRY: &str = "cli";
/// What stands before the rooms of lib.rs that may wait and read the world: a feature.
const GATES: [&str; 3] = [
    "#[cfg(feature = \"files\")]",
    "#[cfg(feature = \"service\")]",
    "#[cfg(all(feature = \"files\", not(feature = \"service\")))]",
];
/// The room that alone knows the encoding of records.
const WIRE: &str = "wire";
/// The folder that alone knows Kafka.
const KAFKA: &str = "src/kafka/";
/// The folder that alone knows how metrics are kept.
const METRICS: &str = "src/observe/metrics/";
/// Parts of the standard library that wait, or that read the world.
const WORLDLY: [&str; 8] = ["env", "fs", "io", "net", "os", "path", "process", "thread"];
/// What of `std::net` is only a number and waits for nothing.
const ADDRESSES: [&str; 3] = ["IpAddr", "Ipv4Addr", "Ipv6Addr"];
/// Clocks of the standard library, and their unit, which is not ours.
const CLOCKS: [&str; 3] = ["Instant", "SystemTime", "UNIX_EPOCH"];
/// Crates that wait or roll dice, whether or not `Cargo.toml` knows them already.
const CRATES: [&str; 9] =
    ["chrono", "fastrand", "getrandom", "hyper", "rand", "rayon", "rdkafka", "reqwest", "tokio"];

#[test]
fn every_room_uses_only_rooms_above_it() {
    assert_none(wrong_uses(&Tree::of_this_repository()));
}

#[test]
fn pure_rooms_do_not_name_the_world() {
    assert_none(worldly_names(&Tree::of_this_repository()));
}

#[test]
fn prost_is_named_in_wire_only() {
    assert_none(prost_outside_wire(&Tree::of_this_repository()));
}

#[test]
fn every_file_has_its_place_below_lib_rs() {
    assert_none(files_without_a_place(&Tree::of_this_repository()));
}

#[test]
fn kafka_is_named_in_its_room_only() {
    assert_none(crate_outside(&Tree::of_this_repository(), "rdkafka", KAFKA));
}

#[test]
fn metrics_are_defined_in_their_room_only() {
    let tree = Tree::of_this_repository();
    for name in ["metrics_exporter_prometheus", "metrics_process", "metrics_util"] {
        assert_none(crate_outside(&tree, name, METRICS));
    }
    // A value is often called `metrics`, too; a path into the crate has more segments.
    let facade = crate_outside(&tree, "metrics", METRICS);
    assert_none(facade.into_iter().filter(|complaint| complaint.contains("names metrics::")).collect());
}

#[test]
fn unsafe_code_stands_in_one_file() {
    assert_none(unsafe_elsewhere(&Tree::of_this_repository()));
}

/// The calls into librdkafka that rdkafka does not offer.
const UNSAFE: &str = "src/kafka/native.rs";

/// `unsafe` in any other file. Words in comments do not count.
fn unsafe_elsewhere(tree: &Tree) -> Vec<String> {
    let code = |text: &str| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines
            .flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
            .filter(|word| *word == "unsafe")
            .count()
    };
    let counted =
        tree.under("src/").filter(|(path, _)| path.ends_with(".rs")).map(|(path, text)| (path, code(text)));
    let wrong = counted.filter(|(path, count)| *count > 0 && *path != UNSAFE);
    wrong.map(|(path, count)| format!("{path} contains unsafe {count} times: only {UNSAFE} may")).collect()
}

fn rooms(tree: &Tree) -> Vec<String> {
    declared_modules(tree.text("src/lib.rs").unwrap_or_default())
}

/// The rooms of lib.rs without the gate: they decide, and do not wait.
fn pure_rooms(tree: &Tree) -> Vec<String> {
    let text = tree.text("src/lib.rs").unwrap_or_default();
    let behind = |gate| text.split(gate).skip(1).filter_map(|rest| declared_modules(rest).into_iter().next());
    let gated: Vec<String> = GATES.into_iter().flat_map(behind).collect();
    rooms(tree).into_iter().filter(|room| !gated.contains(room)).collect()
}

/// `src/wire/mod.rs` and `src/wire.rs` are in the room `wire`; `src/main.rs` is in none.
fn room_of<'a>(path: &'a str, rooms: &[String]) -> Option<&'a str> {
    let name = path.strip_prefix("src/")?.split('/').next()?.trim_end_matches(".rs");
    rooms.iter().any(|room| room == name).then_some(name)
}

/// The files of source and the paths each names; generated code uses `super` and is nobody's to correct.
fn sources(tree: &Tree) -> impl Iterator<Item = (&str, Vec<NamedPath>)> {
    let written = tree.under("src/").filter(|(path, _)| path.ends_with(".rs") && *path != GENERATED);
    written.map(|(path, text)| (path, named_paths(text)))
}

fn wrong_uses(tree: &Tree) -> Vec<String> {
    let rooms = rooms(tree);
    let place = |room: &str| rooms.iter().position(|r| r == room);
    let mut complaints = Vec::new();
    for (file, paths) in sources(tree) {
        let own = room_of(file, &rooms).and_then(place);
        for path in &paths {
            let wrong = match (path.segment(0), own) {
                ("crate", Some(own)) => match place(path.segment(1)) {
                    Some(used) if used <= own => None,
                    Some(_) => Some(format!("{file} uses {path}, which stands below its room in src/lib.rs")),
                    None => Some(format!("{file} uses {path}: write crate::… with the name of a room")),
                },
                ("super", _) if !(path.in_tests && path.segment(1) != "super") => {
                    Some(format!("{file} uses {path}: write crate::…"))
                }
                ("adcs_watch", None) if path.segments.len() > 1 && path.segment(1) != ENTRY => {
                    Some(format!("{file} uses {path}: main calls {ENTRY} only"))
                }
                _ => None,
            };
            complaints.extend(wrong);
        }
    }
    complaints
}

fn worldly_names(tree: &Tree) -> Vec<String> {
    let rooms = pure_rooms(tree);
    let crates = service_crates(tree.text("Cargo.toml").unwrap_or_default());
    let is_worldly = |path: &NamedPath| match path.segment(0) {
        "std" => match path.segment(1) {
            "" | "*" => true,
            "time" => ["", "*"].contains(&path.segment(2)) || CLOCKS.contains(&path.segment(2)),
            "net" => !ADDRESSES.contains(&path.segment(2)),
            module => WORLDLY.contains(&module),
        },
        name => path.segments.len() > 1 && (CRATES.contains(&name) || crates.iter().any(|c| c == name)),
    };
    let pure = sources(tree).filter(|(file, _)| room_of(file, &rooms).is_some());
    let named = pure.flat_map(|(file, paths)| paths.into_iter().map(move |path| (file, path)));
    let worldly = named.filter(|(_, path)| is_worldly(path));
    worldly
        .map(|(file, path)| format!("{file} names {path}: a pure room does not wait or read the world"))
        .collect()
}

/// The crates that a feature brings, `dep:serde-path-to-error` as `serde_path_to_error`.
fn service_crates(manifest: &str) -> Vec<String> {
    let optional = manifest.split('"').filter_map(|text| text.strip_prefix("dep:"));
    optional.map(|name| name.replace('-', "_")).collect()
}

fn prost_outside_wire(tree: &Tree) -> Vec<String> {
    let rooms = rooms(tree);
    let elsewhere = sources(tree).filter(|(file, _)| room_of(file, &rooms) != Some(WIRE));
    let named = elsewhere.flat_map(|(file, paths)| paths.into_iter().map(move |path| (file, path)));
    let prost = named.filter(|(_, path)| path.starts_with(&["prost"]) || path.starts_with(&["prost_types"]));
    prost.map(|(file, path)| format!("{file} names {path}: only src/wire/ knows prost")).collect()
}

/// Files that name a crate and are not where it belongs.
fn crate_outside(tree: &Tree, name: &str, home: &str) -> Vec<String> {
    let elsewhere = sources(tree).filter(|(file, _)| !file.starts_with(home));
    let named = elsewhere.flat_map(|(file, paths)| paths.into_iter().map(move |path| (file, path)));
    let wrong = named.filter(|(_, path)| path.starts_with(&[name]));
    wrong.map(|(file, path)| format!("{file} names {path}: only {home} knows {name}")).collect()
}

/// Files that no `mod` leads to: forgotten, or put where no room is.
fn files_without_a_place(tree: &Tree) -> Vec<String> {
    let mut reached = vec!["src/lib.rs".to_owned(), "src/main.rs".to_owned()];
    let mut at = 0;
    while at < reached.len() {
        let file = reached[at].clone();
        let folder = file
            .strip_suffix("mod.rs")
            .or_else(|| file.strip_suffix("lib.rs"))
            .or_else(|| file.strip_suffix("main.rs"));
        let folder = folder.map_or_else(|| file.replace(".rs", "/"), str::to_owned);
        for module in declared_modules(tree.text(&file).unwrap_or_default()) {
            let candidates = [format!("{folder}{module}.rs"), format!("{folder}{module}/mod.rs")];
            reached.extend(candidates.into_iter().filter(|path| tree.has(path)));
        }
        at += 1;
    }
    let stray =
        tree.under("src/").filter(|(path, _)| path.ends_with(".rs") && !reached.iter().any(|r| r == path));
    stray.map(|(path, _)| format!("{path} has no place: no `mod` leads to it from src/lib.rs")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str =
        "pub mod event; pub mod wire; pub mod detect; #[cfg(feature = \"service\")] pub mod cli;";
    const MANIFEST: &str = "[features]\nservice = [\"dep:clap\", \"dep:serde_path_to_error\"]\n";

    fn tree(path: &str, text: &str) -> Tree {
        Tree::of(&[("src/lib.rs", LIB), ("Cargo.toml", MANIFEST), (path, text)])
    }

    #[test]
    fn a_use_of_a_lower_room_is_refused_wherever_it_hides() {
        for fault in [
            "use crate::detect::policy::Policy;",
            "use crate::{event::time::Time, detect};",
            "fn f() { println!(\"{}\", crate::detect::f()) }",
            "macro_rules! m { () => { $crate::detect::f() } }",
            "mod tests { use crate::cli; }",
        ] {
            assert_one(&wrong_uses(&tree("src/wire/event.rs", fault)), "stands below its room");
        }
        let right =
            "use crate::{event::time::Time, wire::alert}; pub(crate) struct S; pub(in crate::wire) struct T;";
        assert_eq!(wrong_uses(&tree("src/wire/event.rs", right)), [""; 0]);
    }

    #[test]
    fn a_path_that_hides_its_room_is_refused() {
        for fault in [
            "use super::event::X;",
            "fn f() { super::g() }",
            "mod inner { use super::*; }",
            "mod tests { use super::super::X; }",
        ] {
            assert_one(&wrong_uses(&tree("src/wire/event.rs", fault)), "write crate::…");
        }
        for fault in [
            "use crate as c;",
            "use crate::{self as c};",
            "use crate::*;",
            "use crate::Unknown;",
            "extern crate self as me;",
        ] {
            assert_one(&wrong_uses(&tree("src/wire/event.rs", fault)), "with the name of a room");
        }
        assert_eq!(
            wrong_uses(&tree("src/wire/event.rs", "mod tests { use super::*; use super::X; }")),
            [""; 0]
        );
        assert_one(
            &wrong_uses(&tree("src/main.rs", "fn main() { adcs_watch::detect::f() }")),
            "main calls cli only",
        );
    }

    #[test]
    fn the_world_in_a_pure_room_is_refused() {
        for fault in [
            "use std::fs;",
            "use std::{collections::BTreeMap, io::Read};",
            "fn f() { std::thread::sleep(d) }",
            "fn f() -> std::time::Instant { todo!() }",
            "use std::time::{Duration, SystemTime};",
            "use std::*;",
            "use std as s;",
            "use std::net;",
            "use std::net::{IpAddr, TcpStream};",
            "fn f() { vec![std::env::var(\"X\")]; }",
            "use tokio::sync::mpsc;",
            "use rdkafka::consumer::Consumer;",
            "fn f() { clap::Command::new(\"x\"); }",
        ] {
            assert_one(&worldly_names(&tree("src/detect/san_mismatch.rs", fault)), "a pure room");
            assert_eq!(worldly_names(&tree("src/cli/mod.rs", fault)), [""; 0]);
        }
        assert_eq!(
            worldly_names(&tree(
                "src/detect/mod.rs",
                "use std::{collections::BTreeMap, fmt, time::Duration};"
            )),
            [""; 0]
        );
    }

    #[test]
    fn kafka_outside_its_room_is_refused() {
        let fault = "use rdkafka::ClientConfig;";
        let at = |path| crate_outside(&tree(path, fault), "rdkafka", KAFKA);
        assert_one(&at("src/run/mod.rs"), "only src/kafka/");
        assert_eq!(at("src/kafka/settings.rs"), [""; 0]);
    }

    #[test]
    fn prost_outside_wire_is_refused() {
        assert_one(
            &prost_outside_wire(&tree("src/detect/mod.rs", "trait T { type State: prost::Message; }")),
            "only src/wire/",
        );
        assert_eq!(prost_outside_wire(&tree("src/wire/mod.rs", "use prost::Message;")), [""; 0]);
    }

    #[test]
    fn unsafe_code_is_seen_wherever_it_hides() {
        assert_one(
            &unsafe_elsewhere(&tree("src/detect/mod.rs", "fn f() { unsafe { g() } }")),
            "contains unsafe 1 times",
        );
        assert_one(
            &unsafe_elsewhere(&tree("src/kafka/oauth.rs", "unsafe fn f() {} fn g() { unsafe{ f() } }")),
            "contains unsafe 2 times",
        );
        let right = "// unsafe\n#[expect(unsafe_code, reason = \"r\")] fn f() { unsafe { g() } }";
        assert_eq!(unsafe_elsewhere(&tree(UNSAFE, right)), [""; 0]);
    }

    #[test]
    fn a_file_that_no_mod_leads_to_is_refused() {
        assert_one(
            &files_without_a_place(&tree("src/helpers/mod.rs", "")),
            "src/helpers/mod.rs has no place",
        );
        assert_one(
            &files_without_a_place(&tree("src/wire/forgotten.rs", "")),
            "src/wire/forgotten.rs has no place",
        );
        let nested = [
            ("src/lib.rs", "mod a;"),
            ("src/a/mod.rs", "mod b;"),
            ("src/a/b.rs", "mod c;"),
            ("src/a/b/c.rs", ""),
        ];
        assert_eq!(files_without_a_place(&Tree::of(&nested)), [""; 0]);
    }
}
