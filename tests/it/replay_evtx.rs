//! Windows' own event log files, whole and damaged. The files are made here: one header, chunks of 64 KiB, in each some
//! records of binary XML without templates.

use crate::cli_world::{STORY, World, story_alerts};
use std::io::Write;

const CHUNK: usize = 64 * 1024;

/// A log of these events, so many to a chunk.
fn log(events: &[String], per_chunk: usize) -> Vec<u8> {
    let chunks: Vec<&[String]> = events.chunks(per_chunk).collect();
    let mut file = b"ElfFile\0".to_vec();
    file.extend(0u64.to_le_bytes());
    file.extend((chunks.len() as u64 - 1).to_le_bytes());
    file.extend((events.len() as u64 + 1).to_le_bytes());
    file.extend(128u32.to_le_bytes());
    file.extend([1u16, 3, 4096, chunks.len() as u16].iter().flat_map(|n| n.to_le_bytes()));
    file.resize(4096, 0);
    let mut first = 1;
    for events in chunks {
        file.extend(chunk(events, first));
        first += events.len() as u64;
    }
    file
}

fn chunk(events: &[String], first: u64) -> Vec<u8> {
    let mut body: Vec<u8> = vec![0; 512];
    let mut last_record = 0;
    for (id, xml) in (first..).zip(events) {
        last_record = body.len();
        record(&mut body, id, xml);
    }
    let last = first + events.len() as u64 - 1;
    let mut header = b"ElfChnk\0".to_vec();
    header.extend([first, last, first, last].iter().flat_map(|n| n.to_le_bytes()));
    header.extend([128, last_record as u32, body.len() as u32].iter().flat_map(|n| n.to_le_bytes()));
    body[..header.len()].copy_from_slice(&header);
    body.resize(CHUNK, 0);
    body
}

fn record(chunk: &mut Vec<u8>, id: u64, xml: &str) {
    let start = chunk.len();
    chunk.extend(0x2a2a_u32.to_le_bytes());
    chunk.extend([0; 4]);
    chunk.extend(id.to_le_bytes());
    chunk.extend(133_000_000_000_000_000_u64.to_le_bytes());
    chunk.extend([0x0f, 1, 1, 0]);
    element(chunk, &mut xml.trim());
    chunk.push(0);
    let size = ((chunk.len() - start + 4) as u32).to_le_bytes();
    chunk.extend(size);
    chunk[start + 4..start + 8].copy_from_slice(&size);
}

/// One element of the XML, which has neither comments nor entities: its tag, what is in it, its end.
fn element(chunk: &mut Vec<u8>, xml: &mut &str) {
    let (tag, rest) = xml[1..].split_once('>').unwrap();
    *xml = rest;
    let is_empty = tag.ends_with('/');
    let (tag, attributes) =
        tag.trim_end_matches('/').split_once(' ').unwrap_or((tag.trim_end_matches('/'), ""));
    chunk.push(if attributes.is_empty() { 0x01 } else { 0x41 });
    let size_at = chunk.len();
    chunk.extend([0; 4]);
    name(chunk, tag);
    write_attributes(chunk, attributes);
    if is_empty {
        chunk.push(0x03);
    } else {
        chunk.push(0x02);
        while !xml.starts_with("</") {
            match xml.find('<').unwrap() {
                0 => element(chunk, xml),
                end => {
                    text(chunk, &xml[..end]);
                    *xml = &xml[end..];
                }
            }
        }
        *xml = xml.split_once('>').unwrap().1;
        chunk.push(0x04);
    }
    let size = ((chunk.len() - size_at - 4) as u32).to_le_bytes();
    chunk[size_at..size_at + 4].copy_from_slice(&size);
}

fn write_attributes(chunk: &mut Vec<u8>, attributes: &str) {
    if attributes.is_empty() {
        return;
    }
    let size_at = chunk.len();
    chunk.extend([0; 4]);
    let pairs: Vec<(&str, &str)> = attributes
        .split_terminator('"')
        .collect::<Vec<_>>()
        .chunks(2)
        .map(|pair| (pair[0].trim().trim_end_matches('='), pair[1]))
        .collect();
    for (n, (key, value)) in pairs.iter().enumerate() {
        chunk.push(if n + 1 < pairs.len() { 0x46 } else { 0x06 });
        name(chunk, key);
        text(chunk, value);
    }
    let size = ((chunk.len() - size_at - 4) as u32).to_le_bytes();
    chunk[size_at..size_at + 4].copy_from_slice(&size);
}

/// A name, where it is used: its place, then itself.
fn name(chunk: &mut Vec<u8>, name: &str) {
    let at = chunk.len() as u32 + 4;
    chunk.extend(at.to_le_bytes());
    chunk.extend([0; 4]);
    let hash = name.encode_utf16().fold(0u32, |hash, c| hash.wrapping_mul(65599).wrapping_add(u32::from(c)));
    chunk.extend((hash as u16).to_le_bytes());
    counted(chunk, name);
    chunk.extend([0; 2]);
}

fn text(chunk: &mut Vec<u8>, text: &str) {
    chunk.extend([0x05, 0x01]);
    counted(chunk, text);
}

fn counted(chunk: &mut Vec<u8>, text: &str) {
    chunk.extend((text.encode_utf16().count() as u16).to_le_bytes());
    chunk.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
}

fn story_log(per_chunk: usize) -> Vec<u8> {
    log(&STORY.map(|issued| issued.xml()), per_chunk)
}

#[test]
fn a_log_is_read_from_a_file_from_standard_input_and_compressed() {
    let content = story_log(2);
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

#[test]
fn a_log_that_was_cut_off_is_named_and_read_as_far_as_it_goes() {
    let content = story_log(2);
    let chunks_left = [(2 * CHUNK + 100, 4), (2 * CHUNK, 4), (CHUNK / 2, 0)];
    for (kept, events) in chunks_left {
        let world = World::new();
        world.write("Security.evtx", &content[..4096 + kept]);
        let run = world.run("replay Security.evtx --format json");
        assert_eq!((run.code, run.records("events")), (65, events), "{}", run.stderr);
        assert!(run.stderr.starts_with("warning: Security.evtx: truncated: "), "{}", run.stderr);
    }
    let run = World::new().run_with("replay - --format json", &content[..100]);
    assert_eq!((run.code, run.records("total")), (65, 0), "not even a header");
}

#[test]
fn a_damaged_record_or_chunk_is_named_and_the_rest_is_read() {
    let mut content = story_log(2);
    // The magic number of the second chunk.
    content[4096 + CHUNK] = b'x';
    let run = World::new().run_with("replay - --format json", &content);
    assert_eq!((run.code, run.records("events")), (65, 3), "{}", run.stderr);
    assert!(run.stderr.starts_with("warning: -: failed to parse chunk"), "{}", run.stderr);

    let mut content = story_log(5);
    // The token that begins the XML of the first record.
    content[4096 + 512 + 24 + 4] = 0x7f;
    let run = World::new().run_with("replay - --format json", &content);
    assert_eq!((run.code, run.records("events")), (65, 4), "{}", run.stderr);
    assert!(run.stderr.contains("record"), "{}", run.stderr);
}
