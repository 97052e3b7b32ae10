//! Event log files of Windows (`.evtx`), whole and damaged.

use crate::cli_world::{Issued, STORY, World, story_alerts};
use crate::evtx_writer::{EvtxEvent, write};
use adcs_watch::event::time::Time;
use std::io::Write;

const HEADER: usize = 4096;
const CHUNK: usize = 64 * 1024;

fn event(issued: &Issued, padding: usize) -> EvtxEvent {
    let mut data = issued.data();
    data.push(("Padding".to_owned(), "x".repeat(padding)));
    EvtxEvent {
        provider: "Microsoft-Windows-Security-Auditing".to_owned(),
        id: 4887,
        version: 1,
        channel: "Security".to_owned(),
        computer: "ca01.corp.example".to_owned(),
        time_millis: Time::parse_rfc3339(&format!("{}Z", issued.time())).unwrap().as_millis(),
        record_id: issued.record,
        data,
    }
}

/// The story as a log of three chunks: two events in each, and one in the last.
pub(crate) fn story_log() -> Vec<u8> {
    let log = write(&STORY.map(|issued| event(&issued, 10_000)));
    assert_eq!(log.len(), HEADER + 3 * CHUNK);
    log
}

#[test]
fn evtx_is_read_from_file_standard_input_and_compressed() {
    let content = story_log();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&content).unwrap();
    let world = World::new();
    world.write("Security.evtx", &content).write("Security.evtx.gz", gzip.finish().unwrap());
    let runs = [
        world.run("replay Security.evtx --format json"),
        world.run("replay Security.evtx.gz --format json"),
        world.run_with("replay - --format json", &content),
    ];
    for run in runs {
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert_eq!((run.alerts(), run.records("events")), (story_alerts(), 5));
    }
}

/// The places of the records' ends, from the beginning of the file.
fn ends(content: &[u8]) -> Vec<usize> {
    let starts = (HEADER..content.len() - 8).filter(|at| content[*at..].starts_with(b"**\0\0"));
    starts.map(|at| at + u32::from_le_bytes(content[at + 4..at + 8].try_into().unwrap()) as usize).collect()
}

#[test]
fn truncated_evtx_is_reported_and_read_up_to_the_cut() {
    let content = story_log();
    let ends = ends(&content);
    assert_eq!(ends.len(), 5);
    let whole = [HEADER + 2 * CHUNK, HEADER + CHUNK, HEADER, HEADER + 2 * CHUNK + 100, HEADER + CHUNK + 512];
    let in_records = ends.iter().flat_map(|end| [end - 2000, end - 1, *end, end + 1]);
    for kept in whole.into_iter().chain(in_records) {
        let world = World::new();
        world.write("Security.evtx", &content[..kept]);
        let run = world.run("replay Security.evtx --format json");
        let events = ends.iter().filter(|end| **end <= kept).count() as u64;
        assert_eq!((run.code, run.records("events")), (65, events), "{kept}: {}", run.stderr);
        assert!(run.stderr.starts_with("warning: Security.evtx: truncated: "), "{kept}: {}", run.stderr);
    }
    let run = World::new().run_with("replay - --format json", &content[..100]);
    assert_eq!((run.code, run.records("total")), (65, 0), "not even a header");
}

/// What stands in place of the values of a record that is cut is no value.
#[test]
fn record_that_is_cut_off_or_damaged_at_its_end_is_not_read_in_part() {
    let content = story_log();
    let ends = ends(&content);
    let mut changed = content[..ends[1] + 100].to_vec();
    changed[ends[0] - 4] ^= 1;
    let run = World::new().run_with("replay - --format json", &changed);
    assert_eq!((run.code, run.records("events")), (65, 0), "{}", run.stderr);
    let mut endless = content[..ends[1] + 100].to_vec();
    let second = ends[0] + 4;
    for size in [0_u32, 8, u32::MAX] {
        endless[second..second + 4].copy_from_slice(&size.to_le_bytes());
        let run = World::new().run_with("replay - --format json", &endless);
        assert_eq!((run.code, run.records("events")), (65, 1), "{size}: {}", run.stderr);
    }
}

#[test]
fn damaged_chunk_is_reported_and_the_rest_is_read() {
    let mut content = story_log();
    content[HEADER + CHUNK] = b'x';
    let run = World::new().run_with("replay - --format json", &content);
    assert_eq!((run.code, run.records("events")), (65, 3), "{}", run.stderr);
    assert!(run.stderr.starts_with("warning: -: failed to parse chunk number 1: "), "{}", run.stderr);
}

#[test]
fn damaged_record_is_reported_and_the_rest_is_read() {
    let mut content = story_log();
    // The token that begins the XML of the first record of the second chunk.
    content[HEADER + CHUNK + 512 + 24 + 4] = 0x7f;
    let run = World::new().run_with("replay - --format json", &content);
    assert_eq!((run.code, run.records("events")), (65, 4), "{}", run.stderr);
    assert!(run.stderr.starts_with("warning: -: failed to parse record number 103: "), "{}", run.stderr);
}

/// Where the records of a chunk end is in its header. Who lowers it hides them.
#[test]
fn records_that_a_chunk_names_and_does_not_have_are_reported() {
    let mut content = story_log();
    content[HEADER + CHUNK + 48..][..4].copy_from_slice(&512_u32.to_le_bytes());
    let run = World::new().run_with("replay - --format json", &content);
    assert_eq!((run.code, run.records("events")), (65, 3), "{}", run.stderr);
    assert!(run.stderr.contains("chunk 1 has 0 of the 2 records that its header names"), "{}", run.stderr);
    // Records that were written behind what the header names are read, and missed by nobody.
    let mut content = story_log();
    content[HEADER + CHUNK + 32..][..8].copy_from_slice(&103_u64.to_le_bytes());
    let run = World::new().run_with("replay - --format json", &content);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

/// A log that is copied while it is open has space behind its last chunk that holds anything.
#[test]
fn bytes_behind_the_last_chunk_are_damage_only_before_more_records() {
    let mut content = story_log();
    content.extend(vec![0xaa; CHUNK]);
    let run = World::new().run_with("replay - --format json", &content);
    assert_eq!((run.code, run.records("events"), run.stderr.as_str()), (0, 5, ""));
    content.extend(&story_log()[HEADER..HEADER + CHUNK]);
    let run = World::new().run_with("replay - --format json", &content);
    assert_eq!((run.code, run.records("events")), (65, 7), "{}", run.stderr);
}
