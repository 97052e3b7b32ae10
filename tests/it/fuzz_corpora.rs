//! The committed corpora of the fuzz targets, through the same checks: `fuzz/checks.rs`.

#[path = "../../fuzz/checks.rs"]
mod checks;

use crate::common::project;
use adcs_watch::engine::Engine;
use adcs_watch::wire;
use std::fs;

/// How often each file is changed, unless `FUZZ_CASES` has another number.
const CASES: u64 = 4;

/// Runs one check over the files of its corpus, over what is left of each when its end is cut off, and over changed ones.
#[allow(clippy::print_stdout, reason = "the output of a failed test names the file and the case")]
fn run(target: &str, check: fn(&[u8])) {
    let mut files: Vec<_> = fs::read_dir(project("fuzz/corpus").join(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 2, "{target} has no corpus");
    let cases = std::env::var("FUZZ_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let files: Vec<_> = files.iter().map(|file| (file, fs::read(file).unwrap())).collect();
    for (at, (file, bytes)) in files.iter().enumerate() {
        println!("{}", file.display());
        check(bytes);
        check(&bytes[..bytes.len() / 2]);
        let (_, other) = &files[(at + 1) % files.len()];
        for case in 1..=cases {
            println!("case {case}");
            check(&mutated(bytes, other, case));
        }
    }
}

/// A text with a few bytes changed, left out, repeated, or taken from another text; the same for the same case.
fn mutated(bytes: &[u8], other: &[u8], case: u64) -> Vec<u8> {
    let mut random = case.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).unwrap() % bound.max(1)
    };
    let mut out = bytes.to_vec();
    for _ in 0..=next(4) {
        let from = next(out.len());
        let to = (from + next(16)).min(out.len());
        let at = next(other.len());
        let part = match next(4) {
            0 => vec![u8::try_from(next(256)).unwrap(); to - from],
            1 => Vec::new(),
            2 => [&out[from..to], &out[from..to]].concat(),
            _ => other[at..(at + next(64)).min(other.len())].to_vec(),
        };
        out.splice(from..to, part);
    }
    out
}

#[test]
fn corpora_of_the_pure_rooms_break_nothing() {
    run("decode", checks::decode);
    run("envelopes", checks::envelopes);
    run("small_languages", checks::small_languages);
    run("records", checks::records);
    run("state", checks::state);
}

#[cfg(feature = "files")]
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
    assert!(events.len() == 3 && alerts.len() > 1 && engine.take_changes().len() > 2);
    assert!(checks::RECORDINGS.len() > 20);
    if std::env::var_os("UPDATE").is_some() {
        let write = |name: &str, bytes: Vec<u8>| fs::write(project("fuzz/corpus").join(name), bytes).unwrap();
        write("records/routed", wire::routed::encode(&events));
        write("records/event", wire::event::encode(&events[0]));
        write("records/alert", wire::alert::to_protobuf(&alerts[1]));
        write("state/marker", wire::encode(&engine.marker(7, 8)));
        for (at, recording) in (0_u8..).zip(checks::RECORDINGS.iter()) {
            let states = (0_u8..).zip(&recording.records);
            let states = states.filter_map(|(entity, record)| Some((entity, record.state.as_ref()?)));
            if let Some((entity, state)) = states.max_by_key(|(_, state)| state.len()) {
                write(&format!("state/{}", recording.detection), [&[at, entity][..], state].concat());
            }
        }
    }
}
