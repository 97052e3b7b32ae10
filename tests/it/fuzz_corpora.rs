//! The committed corpora of the fuzz targets, through the same checks: `fuzz/checks.rs`.

#[path = "../../fuzz/checks.rs"]
mod checks;

use crate::common::project;
use adcs_watch::engine::Engine;
use adcs_watch::wire;
use std::fs;

/// Runs one check over the files of its corpus, and over what is left of each when its end is cut off.
fn run(target: &str, check: fn(&[u8])) {
    let mut files: Vec<_> = fs::read_dir(project("fuzz/corpus").join(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 2, "{target} has no corpus");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        println!("{}", file.display());
        check(&bytes);
        check(&bytes[..bytes.len() / 2]);
    }
}

#[test]
fn corpora_of_the_pure_rooms_break_nothing() {
    run("decode", checks::decode);
    run("envelopes", checks::envelopes);
    run("small_languages", checks::small_languages);
    run("records", checks::records);
    run("state", checks::state);
}

#[cfg(feature = "service")]
#[test]
fn corpora_of_files_break_nothing() {
    run("config", checks::config);
    run("files", checks::files);
    run("inventory", checks::inventory);
}

/// The corpora that are bytes of ours: `UPDATE=1` writes them.
#[test]
fn corpora_in_bytes_can_be_read() {
    let events = checks::story();
    let mut engine = Engine::new(adcs_watch::detect::policy::Policy::default());
    let alerts: Vec<_> = events.iter().flat_map(|event| engine.on_event(event).alerts).collect();
    let states = engine.take_changes();
    let state = |at: usize| {
        let bytes = states[at].state.clone().unwrap_or_default();
        [vec![u8::try_from(at).unwrap()], bytes].concat()
    };
    assert!(events.len() == 3 && alerts.len() > 1 && states.len() > 2);
    if std::env::var_os("UPDATE").is_some() {
        let write = |name: &str, bytes: Vec<u8>| fs::write(project("fuzz/corpus").join(name), bytes).unwrap();
        write("records/routed", wire::routed::encode(&events));
        write("records/event", wire::event::encode(&events[0]));
        write("records/alert", wire::alert::to_protobuf(&alerts[1]));
        write("state/marker", wire::encode(&engine.marker(7)));
        (0..states.len().min(4)).for_each(|at| write(&format!("state/record-{at}"), state(at)));
    }
}
