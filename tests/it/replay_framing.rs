//! The same story in every framing: replay recognises each by content, and each gives the same alerts.

use crate::cli_world::{Issued, STORY, World, story, story_alerts};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 1).unwrap()
}

fn xml() -> String {
    let events: Vec<String> = STORY.iter().map(Issued::xml).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Events>\r\n{}\r\n</Events>\r\n",
        events.join("\r\n")
    )
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(order).collect()
}

fn array(pretty: bool) -> String {
    let records: Vec<_> = STORY.iter().map(Issued::winlogbeat).collect();
    if pretty {
        serde_json::to_string_pretty(&records).unwrap()
    } else {
        serde_json::to_string(&records).unwrap()
    }
}

fn pretty_documents(between: &str) -> String {
    let records = STORY.iter().map(|issued| serde_json::to_string_pretty(&issued.winlogbeat()).unwrap());
    records.collect::<Vec<_>>().join(between)
}

#[test]
fn every_framing_gives_the_same_alerts() {
    let (story, xml) = (story(), xml());
    let halves = story.split_at(story.find("\n").unwrap() + 1);
    let contents: Vec<(&str, Vec<u8>)> = vec![
        ("ndjson", story.clone().into()),
        ("ndjson without a last line feed", story.trim_end().into()),
        ("ndjson of Windows, with blank lines", story.replace('\n', "\r\n\r\n").into()),
        ("ndjson with a byte order mark", format!("\u{feff}{story}").into()),
        ("gzip", gzip(story.as_bytes())),
        ("gzip of two members", [gzip(halves.0.as_bytes()), gzip(halves.1.as_bytes())].concat()),
        ("zstd", zstd(story.as_bytes())),
        ("zstd of two frames", [zstd(halves.0.as_bytes()), zstd(halves.1.as_bytes())].concat()),
        ("gzip in zstd", zstd(&gzip(story.as_bytes()))),
        ("an array", array(false).into()),
        ("a pretty array", array(true).into()),
        ("pretty documents", pretty_documents("\n").into()),
        ("pretty documents without a line feed between them", pretty_documents("").into()),
        ("documents in one line", story.replace('\n', "").into()),
        ("xml", xml.clone().into()),
        ("xml with a byte order mark", format!("\u{feff}{xml}").into()),
        ("xml in UTF-16, little endian", utf16(&xml, u16::to_le_bytes)),
        ("xml in UTF-16, big endian", utf16(&xml, u16::to_be_bytes)),
        ("xml in UTF-16 without a mark", utf16(&xml, u16::to_le_bytes)[2..].to_vec()),
        ("xml events one after the other", STORY.iter().map(Issued::xml).collect::<String>().into()),
        ("ndjson in UTF-16, compressed", gzip(&utf16(&story, u16::to_le_bytes))),
        ("xml cut off at its beginning", format!("a Name=\"x\">y</Data></EventData></Event>{xml}").into()),
    ];
    let expected = story_alerts();
    for (framing, content) in contents {
        let world = World::new();
        world.write("input", &content);
        for run in
            [world.run("replay input --format json"), world.run_with("replay - --format json", &content)]
        {
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{framing}");
            assert_eq!(run.alerts(), expected, "{framing}");
            assert_eq!((run.records("total"), run.records("events")), (5, 5), "{framing}");
        }
    }
}

#[test]
fn evidence_names_the_line() {
    let run = World::new().write("s.ndjson", format!("\n{}", story())).run("replay s.ndjson");
    let evidence = &run.lines()[0]["evidence"][0];
    assert_eq!((evidence["source"].as_str(), evidence["offset"].as_u64()), (Some("s.ndjson"), Some(3)));
}

#[test]
fn broken_line_is_one_rejection() {
    let broken = STORY[1].line().replace("\"winlog\":", "\"winlog\":,");
    let world = World::new();
    world.write("s.ndjson", [STORY[0].line(), broken.clone(), STORY[2].line()].concat());
    let run = world.run("replay s.ndjson --format json --dead-letter dead.ndjson");
    assert_eq!(run.code, 65, "what was not understood may hold an alert");
    assert_eq!((run.records("total"), run.records("rejected"), run.records("events")), (3, 1, 2));
    assert_eq!(run.json()["summary"]["rejections"]["bad_json"]["first_place"], "s.ndjson:2");
    let dead: serde_json::Value = serde_json::from_str(&world.read("dead.ndjson")).unwrap();
    assert_eq!((dead["source"].as_str(), dead["offset"].as_u64()), (Some("s.ndjson"), Some(2)));
    assert_eq!(
        (dead["reason"].as_str(), dead["record"].as_str()),
        (Some("bad_json"), Some(broken.trim_end()))
    );
    assert!(dead["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
}

#[test]
fn binary_dead_letter_is_base64() {
    let world = World::new();
    let mut line = STORY[1].line().replace("\"winlog\":", "\"winlog\":,").into_bytes();
    let at = line.windows(7).position(|w| w == b"mallory").unwrap();
    line[at] = 0xff;
    world.write("s.ndjson", line);
    let run = world.run("replay s.ndjson --format json --dead-letter dead.ndjson");
    assert_eq!(run.code, 65);
    let dead: serde_json::Value = serde_json::from_str(&world.read("dead.ndjson")).unwrap();
    assert!(
        dead["record"].is_null() && dead["record_base64"].as_str().unwrap().starts_with("eyJA"),
        "{dead}"
    );
}

#[test]
fn too_large_record_is_rejected_and_the_next_one_read() {
    let huge = format!("{{\"a\": \"{}\"}}", "x".repeat(3 * 1024 * 1024));
    let huge_xml = format!("<Event xmlns=\"x\"><Data>{}</Data></Event>", "x".repeat(3 * 1024 * 1024));
    let unclosed_xml = huge_xml.replace("</Event>", "");
    let pretty = pretty_documents("\n");
    let contents = [
        format!("{}{huge}\n{}", STORY[1].line(), STORY[2].line()),
        format!("[{},{huge},{}]", STORY[1].line(), STORY[2].line()),
        format!("{}{huge_xml}{}", STORY[1].xml(), STORY[2].xml()),
        format!("{}{unclosed_xml}{}", STORY[1].xml(), STORY[2].xml()),
    ];
    for content in contents {
        let run = World::new().run_with("replay - --format json", content.as_bytes());
        assert_eq!(
            (run.code, run.records("rejected"), run.records("events")),
            (65, 1, 2),
            "{}",
            &content[..40]
        );
        assert_eq!(run.json()["summary"]["rejections"]["too_large"]["count"], 1);
    }
    // A brace that is never closed: what follows is found again where a document begins a line.
    let lost = format!("{pretty}\n{{\"a\": [{{\n{}\n{pretty}\n", "x\n".repeat(1024 * 1024));
    let run = World::new().run_with("replay - --format json", lost.as_bytes());
    assert_eq!((run.code, run.records("events"), run.records("rejected")), (65, 10, 1));
}

/// After a crash a file system leaves NULs in place of what it had not written, in sectors and whole pages.
#[test]
fn block_of_nuls_costs_the_record_that_it_cut_off_and_no_other() {
    for length in [512, 4096, 70_000, 3 * 1024 * 1024] {
        let hole = "\0".repeat(length);
        let [one, two] = [STORY[1].line(), STORY[2].line()];
        let cut = &one[..one.len() / 2];
        for (content, events, rejected) in [
            (format!("{hole}{one}{two}"), 2, 0),
            (format!("{one}{hole}{two}"), 2, 0),
            (format!("{}{hole}{two}", one.trim_end()), 2, 0),
            (format!("{one}{two}{hole}"), 2, 0),
            (format!("{two}{cut}{hole}{one}"), 2, 1),
            (format!("{hole}{}{}", STORY[1].xml(), STORY[2].xml()), 2, 0),
            (format!("{}{hole}{}", STORY[1].xml(), STORY[2].xml()), 2, 0),
        ] {
            let run = World::new().run_with("replay - --format json", content.as_bytes());
            let found = (run.records("events"), run.records("rejected"));
            assert_eq!(found, (events, rejected), "{length}: {:?}", &content.trim_matches('\0')[..40]);
        }
    }
}

#[test]
fn unclosed_event_loses_no_other_event() {
    let unclosed = STORY[0].xml().replace("</EventData></Event>", "");
    let content = [unclosed, STORY[1].xml(), STORY[2].xml()].concat();
    let run = World::new().run_with("replay - --format json", content.as_bytes());
    assert_eq!((run.code, run.records("rejected"), run.records("events")), (65, 1, 2));
}

/// `chainsaw dump` writes YAML unless it is asked for JSON.
#[test]
fn yaml_of_chainsaw_gives_the_same_alerts_as_its_json() {
    let formats = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let alerts = |content: &[u8]| {
        let world = World::new();
        world.write("dump", content);
        let run = world.run("replay dump --assume-trained --format json");
        assert_eq!((run.code, run.records("events"), run.records("rejected")), (0, 3, 0), "{}", run.stderr);
        let ids = run.json()["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|alert| alert["alert_id"].to_string())
            .collect::<Vec<_>>();
        assert!(!ids.is_empty(), "{}", run.stdout);
        ids
    };
    let json = alerts(&std::fs::read(formats.join("layouts/chainsaw.json")).unwrap());
    let yaml = std::fs::read_to_string(formats.join("chainsaw-dump.yaml")).unwrap();
    assert_eq!(alerts(yaml.as_bytes()), json);
    let utf_16: Vec<u8> =
        format!("\u{feff}{}", yaml.replace('\n', "\r\n")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(alerts(&utf_16), json, "as PowerShell redirects it");
    let list: String = yaml
        .replace("---\n", "")
        .lines()
        .map(|line| match line {
            "Event:" => "- Event:\n".to_owned(),
            line => format!("  {line}\n"),
        })
        .collect();
    assert_eq!(alerts(list.as_bytes()), json, "a list");

    let broken = yaml.replacen("'#attributes':", "'#attributes", 1);
    let world = World::new();
    world.write("dump", broken);
    let run = world.run("replay dump --assume-trained --format json");
    assert_eq!((run.code, run.records("events"), run.records("rejected")), (65, 2, 1), "{}", run.stderr);
}

#[test]
fn every_layout_is_read_as_a_file() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/layouts");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let world = World::new();
        world.write("input", std::fs::read(&path).unwrap());
        let run = world.run("replay input --assume-trained --format json");
        let found = (run.code, run.records("events"), run.records("rejected"));
        if found != (0, 3, 0) {
            wrong.push(format!("{}: {found:?} {}", path.display(), run.stderr));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// `>>` appends to a file in another encoding than it has. Whether line, element or document, each part is read.
#[test]
fn parts_in_different_encodings_give_the_same_alerts() {
    let text = story();
    let lines = text.split_at(text.find('\n').unwrap() + 1);
    let whole = xml();
    let events = whole.split_at(whole.find("</Event>").unwrap() + "</Event>".len());
    let unmarked = |text: &str, order| utf16(text, order)[2..].to_vec();
    let mut contents: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, (first, second)) in [("lines", lines), ("elements", events)] {
        for (order, of) in [("little", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("big", u16::to_be_bytes)] {
            let mut add = |what: &str, content| contents.push((format!("{name}, {order}, {what}"), content));
            add("ascii behind", [utf16(first, of), second.into()].concat());
            add("ascii with a mark behind", [utf16(first, of), format!("\u{feff}{second}").into()].concat());
            add("utf-16 behind", [first.into(), utf16(second, of)].concat());
            add("utf-16 without a mark behind", [first.into(), unmarked(second, of)].concat());
            add("the other order behind", [utf16(first, of), utf16(second, u16::to_le_bytes)].concat());
            add("moved by a byte", [utf16(first, of), vec![b'\n'], unmarked(second, of)].concat());
        }
    }
    for (what, content) in contents {
        let world = World::new();
        let run = world.write("input", &content).run("replay input --format json");
        assert_eq!((run.alerts(), run.records("events")), (story_alerts(), 5), "{what}");
        assert_eq!(run.records("rejected"), 0, "{what}");
        let inspected = world.run("inspect input").stdout;
        assert!(!inspected.contains("rejected"), "{what}: {inspected}");
    }
}
