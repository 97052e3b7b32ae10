//! `src/wire/generated.rs` is what prost-build makes of `proto/`, through protox, without protoc.
//!
//! `UPDATE=1 cargo test --test it generated` writes it again. Its module is declared `#[rustfmt::skip] mod generated;`.

use std::fs;
use std::path::{Path, PathBuf};

const PACKAGE: &str = "adcs_watch.v1";
const HEADER: &str = "\
// Made of proto/adcs_watch/v1/*.proto: `UPDATE=1 cargo test --test it generated` writes it.
#![allow(missing_docs, unreachable_pub, clippy::all, reason = \"generated\")]

";

#[test]
fn generated_code_is_what_the_protos_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("src/wire/generated.rs");
    let fresh = generated(&root.join("proto"));
    if std::env::var_os("UPDATE").is_some() {
        write_or_remove(&path, fresh.as_deref());
    }
    let committed = fs::read_to_string(&path).ok();
    assert!(
        committed == fresh,
        "src/wire/generated.rs is stale: run `UPDATE=1 cargo test --test it generated`"
    );
}

#[test]
fn a_change_of_a_proto_changes_the_code() {
    let dir = tempfile::tempdir().unwrap();
    let code_of = |field: &str| {
        let text = format!(
            "syntax = \"proto3\";\npackage {PACKAGE};\n// A.\nmessage A {{ map<string, uint32> {field} = 1; }}\n"
        );
        fs::create_dir_all(dir.path().join("adcs_watch/v1")).unwrap();
        fs::write(dir.path().join("adcs_watch/v1/a.proto"), text).unwrap();
        generated(dir.path()).unwrap()
    };
    let before = code_of("counts");
    assert_eq!(before, code_of("counts"));
    assert_ne!(before, code_of("totals"));
    assert!(before.contains("BTreeMap"), "a map must have an order: {before}");
}

#[test]
fn without_protos_there_is_nothing_to_generate() {
    assert_eq!(generated(tempfile::tempdir().unwrap().path()), None);
}

/// The code of every message under `include`, which all belong to one package; none without a proto.
fn generated(include: &Path) -> Option<String> {
    let protos = protos(&include.join(PACKAGE.replace('.', "/")));
    if protos.is_empty() {
        return None;
    }
    let descriptors = protox::compile(&protos, [include]).unwrap_or_else(|e| panic!("{e:?}"));
    let dir = tempfile::tempdir().unwrap();
    let mut config = prost_build::Config::new();
    // Most states have no open alert, and would be a kilobyte with it inside.
    config.btree_map(["."]).boxed(format!(".{PACKAGE}.OpenAlert.alert"));
    config.out_dir(dir.path()).compile_fds(descriptors).unwrap();
    let files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, [format!("{PACKAGE}.rs").as_str()], "every proto belongs to package {PACKAGE}");
    Some(HEADER.to_owned() + &fs::read_to_string(dir.path().join(&files[0])).unwrap())
}

fn protos(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "proto"));
    paths.sort();
    paths
}

fn write_or_remove(path: &Path, code: Option<&str>) {
    match code {
        Some(code) => fs::write(path, code).unwrap(),
        None => drop(fs::remove_file(path)),
    }
}
