//! Zip archives: their members are inputs, and none of them is passed over in silence.

use crate::cli_world::{STORY, World, story, story_alerts};
use crate::replay_evtx::story_log;
use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Where the list of the members begins, which the end of an archive states.
fn central(archive: &[u8]) -> usize {
    let end = &archive[archive.len() - 22..];
    assert_eq!(&end[..4], b"PK\x05\x06");
    u32::from_le_bytes(end[16..20].try_into().unwrap()) as usize
}

/// Sets the bits of encryption in the headers of the first member, local and central.
fn encrypted(mut archive: Vec<u8>) -> Vec<u8> {
    let central = central(&archive);
    archive[6] |= 1;
    archive[central + 8] |= 1;
    archive
}

fn unread(stdout: &serde_json::Value) -> Vec<(String, String)> {
    let first = stdout["summary"]["unread"]["first"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    first.iter().map(|named| (text(&named["source"]), text(&named["reason"]))).collect()
}

#[test]
fn members_of_an_archive_are_inputs_with_their_names() {
    let (first, second) = (STORY[..2].iter(), STORY[2..].iter());
    let lines = [first, second].map(|part| part.map(|issued| issued.line()).collect::<String>());
    let world = World::new();
    let members: [(&str, &[u8]); 3] = [
        ("dc01/readme.txt", b"collected on Monday"),
        ("ca01/a.ndjson", lines[0].as_bytes()),
        ("ca01/b.ndjson", lines[1].as_bytes()),
    ];
    world.write("collected.zip", zip(&members));
    let run = world.run("replay collected.zip --format json");
    assert_eq!((run.code, run.alerts()), (0, story_alerts()), "{}", run.stderr);
    assert!(run.stderr.contains("skipped: collected.zip:dc01/readme.txt: no events"), "{}", run.stderr);
    let evidence = run.json()["alerts"][0]["evidence"][0]["source"].clone();
    assert_eq!(evidence, "collected.zip:ca01/a.ndjson");
    let inspected = world.run("inspect collected.zip");
    assert!(inspected.stdout.contains("collected.zip:ca01/b.ndjson: 3 records"), "{}", inspected.stdout);
}

#[test]
fn event_logs_in_an_archive_are_read_whole() {
    let world = World::new();
    world.write("collected.zip", zip(&[("ca01/Security.evtx", &story_log())]));
    let run = world.run("replay collected.zip --format json");
    assert_eq!((run.code, run.alerts(), run.records("events")), (0, story_alerts(), 5), "{}", run.stderr);
}

#[test]
fn stored_and_compressed_members_are_read_from_any_directory() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(story().as_bytes()).unwrap();
    let world = World::new();
    world.write("exports/story.zip", zip(&[("logs/story.ndjson.gz", &gzip.finish().unwrap())]));
    let run = world.run("replay exports --format json");
    assert_eq!((run.code, run.alerts()), (0, story_alerts()), "{}", run.stderr);
}

#[test]
fn members_that_cannot_be_read_are_named_and_the_rest_is_read() {
    let world = World::new();
    let inner = zip(&[("story.ndjson", story().as_bytes())]);
    let zeros = vec![0; 65 << 20];
    let story = story();
    let members: [(&str, &[u8]); 4] = [
        ("locked.evtx", b"x"),
        ("nested.zip", &inner),
        ("bomb.evtx", &zeros),
        ("story.ndjson", story.as_bytes()),
    ];
    world.write("all.zip", encrypted(zip(&members)));
    let run = world.run("replay all.zip --format json");
    assert_eq!((run.code, run.alerts()), (65, story_alerts()), "{}", run.stderr);
    let unread = unread(&run.json());
    let said = [
        ("all.zip:locked.evtx", "encrypted: unpack it with its password"),
        ("all.zip:nested.zip", "zip archives are not read from a pipe or within an archive: unpack it"),
        ("all.zip:bomb.evtx", "times, as a decompression bomb does: not read"),
    ];
    assert_eq!(unread.len(), said.len(), "{unread:?}");
    for ((source, why), (expected, part)) in unread.iter().zip(said) {
        assert!(source == expected && why.contains(part), "{source}: {why}");
    }
}

#[test]
fn a_member_that_states_a_smaller_size_is_not_read_further() {
    let mut archive = zip(&[("story.ndjson", story().as_bytes())]);
    let central = central(&archive);
    archive[central + 24..central + 28].copy_from_slice(&100_u32.to_le_bytes());
    let world = World::new();
    world.write("liar.zip", archive);
    let run = world.run("replay liar.zip --format json");
    assert_eq!((run.code, unread(&run.json()).len()), (65, 1), "{}", run.stdout);
}

#[test]
fn a_damaged_archive_and_other_kinds_are_refused_with_the_reason() {
    let whole = zip(&[("story.ndjson", story().as_bytes())]);
    let world = World::new();
    world.write("exports/story.ndjson", story()).write("exports/cut.zip", &whole[..whole.len() / 2]);
    world.write("exports/logs.7z", b"7z\xbc\xaf\x27\x1c\0\x04");
    let run = world.run("replay exports --format json");
    assert_eq!((run.code, run.alerts()), (65, story_alerts()), "also when no file is named");
    assert!(run.stderr.contains("warning: exports/cut.zip: zip: "), "{}", run.stderr);
    assert!(run.stderr.contains("exports/logs.7z: 7z archives are not read: unpack it"), "{}", run.stderr);
}

#[test]
fn tar_archive_is_refused_whatever_its_members_and_its_compression() {
    // The head of one member, as `tar` of any kind writes it, and the member: without the mark it would be read as lines.
    let mut tar = vec![0; 512];
    tar[..12].copy_from_slice(b"story.ndjson");
    tar[257..263].copy_from_slice(b"ustar\0");
    tar.extend_from_slice(story().as_bytes());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    let world = World::new();
    world.write("exports/a.tar", &tar).write("exports/b.tgz", gzip.finish().unwrap());
    world.write("exports/c.xz", b"\xfd7zXZ\0\0\x04").write("exports/d.bz2", b"BZh91AY&SY");
    let run = world.run("replay exports --format json");
    assert_eq!((run.code, run.alerts()), (65, Vec::new()));
    for said in ["a.tar: tar archives", "b.tgz: tar archives", "c.xz: xz archives", "d.bz2: bzip2 archives"] {
        assert!(run.stderr.contains(&format!("exports/{said} are not read: unpack it")), "{}", run.stderr);
    }
}

#[test]
fn directory_without_files_is_no_input() {
    let world = World::new();
    std::fs::create_dir_all(world.path("exports/empty")).unwrap();
    let run = world.run("replay exports --format json");
    assert!(run.code == 65 && run.stderr.contains("exports: there is no file in it"), "{}", run.stderr);
}
