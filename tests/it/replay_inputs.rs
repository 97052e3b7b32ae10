//! What is read, what is not, and what is said about it.

use crate::cli_world::{Issued, Run, STORY, World, story, story_alerts};
use crate::common::project;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

#[test]
fn missing_file_is_reported_and_the_rest_is_read() {
    let world = World::new();
    world.write("story.ndjson", story());
    let run = world.run("replay none.ndjson story.ndjson --format json");
    assert_eq!(run.code, 65, "silence over a part of the input is no verdict");
    assert_eq!(world.run("replay none.ndjson story.ndjson --fail-on high").code, 1, "an alert is one");
    assert_eq!(run.alerts(), story_alerts());
    assert!(run.stderr.contains("warning: none.ndjson: No such file"), "{}", run.stderr);
    assert_eq!(run.json()["summary"]["unread"]["first"][0]["source"], "none.ndjson");
}

#[test]
fn fail_on_sets_the_exit_code_and_min_severity_the_output() {
    let world = World::new();
    world.write("story.ndjson", story()).write("quiet.ndjson", STORY[0].line());
    assert_eq!(world.run("replay story.ndjson --fail-on critical").code, 1);
    assert_eq!(world.run("replay story.ndjson").code, 0);
    assert_eq!(world.run("replay quiet.ndjson --fail-on informational").code, 0);
    let run = world.run("replay story.ndjson --format json --min-severity critical --fail-on high");
    assert_eq!(run.code, 1, "--fail-on looks at all alerts");
    assert_eq!(run.alerts().len(), 1);
    let alerts = &run.json()["summary"]["alerts"];
    assert_eq!((alerts["total"].as_u64(), alerts["shown"].as_u64()), (Some(2), Some(1)));
}

#[test]
fn ndjson_has_every_revision_and_json_the_last_one() {
    let world = World::new();
    world.write("story.ndjson", story());
    let lines = world.run("replay story.ndjson").lines();
    let revisions: Vec<u64> = lines.iter().map(|line| line["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, [1, 2, 1]);
    assert_eq!(lines[0]["alert_id"], lines[1]["alert_id"]);
    let document = world.run("replay story.ndjson --format json").json();
    assert_eq!(document["alerts"][0], lines[1]);
    assert_eq!(document["alerts"][1], lines[2]);
    assert_eq!(document["summary"]["alerts"]["revisions"], 3);
}

#[test]
fn table_has_alerts_and_totals() {
    let world = World::new();
    world.write("story.ndjson", story());
    let run = world.run("replay story.ndjson none.ndjson --format table");
    let said = [
        "CRITICAL",
        "CORP\\mallory",
        "administrator@corp.example",
        "story.ndjson:2",
        "2026-03-02 09:02:00",
        "5 records from 1 input",
        "none.ndjson: No such file",
    ];
    for text in said {
        assert!(run.stdout.contains(text), "{text} in\n{}", run.stdout);
    }
    assert_eq!(run.stderr, "");
}

#[test]
fn order_of_files_and_lines_changes_no_alert() {
    let newest_first: String = STORY.iter().rev().map(Issued::line).collect();
    let world = World::new();
    world.write("reversed.ndjson", newest_first);
    for (n, issued) in STORY.iter().enumerate() {
        world.write(&format!("parts/{}.ndjson", 9 - n), issued.line());
    }
    let expected = story_alerts();
    assert_eq!(world.run("replay reversed.ndjson --format json").alerts(), expected);
    assert_eq!(world.run("replay parts --format json").alerts(), expected);
}

/// Exports of a SIEM have the newest event first, and some have neither its number nor parts of a second.
#[test]
fn newest_event_first_without_its_number_changes_no_alert() {
    let recordings = fs::read_dir(project("tests/detections/template-tampered")).unwrap();
    let folders = recordings.map(|entry| entry.unwrap().path());
    let whole_second = |line: &str| {
        let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
        let time = format!("{}Z", &record["@timestamp"].as_str().unwrap()[..19]);
        record["@timestamp"] = time.into();
        record["winlog"].as_object_mut().unwrap().remove("record_id");
        record.to_string() + "\n"
    };
    for folder in folders.filter(|folder| !folder.join("policy.yaml").exists()) {
        let events = fs::read_to_string(folder.join("events.ndjson")).unwrap();
        let lines: Vec<String> = events.lines().map(whole_second).collect();
        let world = World::new();
        world.write("first.ndjson", lines.concat());
        world.write("last.ndjson", lines.into_iter().rev().collect::<String>());
        let said = |run: Run| {
            let reasons = |alert: &serde_json::Value| {
                let reasons = alert["reasons"].as_array().unwrap();
                reasons.iter().map(|reason| reason["code"].to_string()).collect::<BTreeSet<_>>()
            };
            run.json()["alerts"].as_array().unwrap().iter().map(reasons).collect::<Vec<_>>()
        };
        let [first, last] =
            ["first", "last"].map(|name| said(world.run(&format!("replay {name}.ndjson --format json"))));
        assert_eq!(first, last, "{}", folder.display());
    }
}

#[test]
fn directory_is_walked_and_each_file_read_once() {
    let world = World::new();
    world.write("logs/a/one.json", story()).write("logs/.hidden", STORY[0].line()).write("logs/empty", "");
    world.write("logs/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let run = world.run("replay logs logs/a/one.json logs/../logs/a --format json");
    assert_eq!(run.code, 0, "what holds no events is skipped in a directory: {}", run.stderr);
    assert!(
        run.stderr.starts_with("skipped: logs/picture.png: no events in a known format"),
        "{}",
        run.stderr
    );
    assert_eq!(run.records("events"), 6);
    let run = world.run("replay logs/picture.png --format json");
    assert_eq!(run.code, 65, "named, it is a mistake");
    assert_eq!(world.run("replay logs/empty").code, 0, "an empty file has no records");
}

#[cfg(unix)]
#[test]
fn dangling_and_circular_links_are_reported() {
    let world = World::new();
    world.write("logs/story.ndjson", story());
    std::os::unix::fs::symlink("nowhere", world.path("logs/dangling")).unwrap();
    std::os::unix::fs::symlink("..", world.path("logs/loop")).unwrap();
    let run = world.run("replay logs --format json");
    assert_eq!(run.code, 65);
    assert_eq!(run.alerts(), story_alerts());
    assert!(run.stderr.contains("logs/dangling: No such file"), "{}", run.stderr);
    assert!(run.stderr.contains("logs/loop: a loop of symbolic links"), "{}", run.stderr);
}

#[test]
fn truncated_archive_is_reported_and_read_up_to_the_cut() {
    let many: String = (0..2000).map(|n| Issued { record: 1000 + n, ..STORY[0] }.line()).collect();
    let content = [story(), many].concat();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(content.as_bytes()).unwrap();
    let archives =
        [("a.gz", gzip.finish().unwrap()), ("a.zst", zstd::encode_all(content.as_bytes(), 1).unwrap())];
    for (name, archive) in archives {
        let world = World::new();
        world.write(name, &archive[..archive.len() / 2]);
        let run = world.run(&format!("replay {name} --format json"));
        assert_eq!(run.code, 65, "{name}");
        assert!(run.stderr.starts_with(&format!("warning: {name}: ")), "{}", run.stderr);
        assert_eq!(run.json()["summary"]["unread"]["count"], 1);
        if name == "a.gz" {
            assert!(run.records("events") > 100, "{}", run.stdout);
        }
        world.write(name, &archive[..20]);
        assert_eq!(
            world.run(&format!("replay {name} --format json")).code,
            65,
            "{name}, nearly nothing of it"
        );
    }
}

#[test]
fn outcomes_add_up_to_the_records() {
    let ignored = STORY[0].line().replace("4887", "4688");
    let unrelated = STORY[0].line().replace("4887", "1102").repeat(3);
    let broken = STORY[0].line().replace("\"winlog\":", "\"winlog\":,");
    let run = World::new()
        .run_with("replay - --format json", [story(), ignored, unrelated, broken].concat().as_bytes());
    let counts = ["filtered", "ignored", "rejected", "events"].map(|outcome| run.records(outcome));
    assert_eq!(counts.iter().sum::<u64>(), run.records("total"));
    assert_eq!(run.records("total"), 10);
    assert_eq!((run.records("rejected"), run.records("events")), (1, 5));
    let kinds = run.json()["summary"]["events"].clone();
    let of = |kind: &serde_json::Value| {
        kind["concerned"].as_u64().unwrap() + kind["unconcerned"].as_u64().unwrap()
    };
    assert_eq!(kinds.as_array().unwrap().iter().map(of).sum::<u64>(), 5);
}

#[test]
fn zone_shifts_local_times() {
    let nxlog = "{\"EventTime\": \"2026-03-02 09:00:00\", \"Hostname\": \"ca01.corp.example\", \"EventID\": 4887, \
        \"SourceName\": \"Microsoft-Windows-Security-Auditing\", \"Channel\": \"Security\", \"RecordNumber\": 7, \
        \"RequestId\": \"7\", \"Requester\": \"CORP\\\\mallory\", \"Attributes\": \"SAN:upn=administrator@corp.example\", \
        \"Disposition\": \"3\", \"SubjectKeyIdentifier\": \"\", \"Subject\": \"\"}\n";
    let time = |options: &str| {
        let run = World::new().run_with(&format!("replay - {options}"), nxlog.as_bytes());
        run.lines()[0]["time"].as_str().unwrap().to_owned()
    };
    assert_eq!(time(""), "2026-03-02T09:00:00Z");
    assert_eq!(time("--zone Europe/Zurich"), "2026-03-02T08:00:00Z");
}

#[test]
fn baseline_in_training_is_reported_and_assume_trained_skips_it() {
    let world = World::new();
    let samples = project("samples/corp-example");
    let replay = |options: &str| world.run(&format!("replay {} --format json {options}", samples.display()));
    let (waiting, assumed) = (replay(""), replay("--assume-trained"));
    let needed = |run: &Run| {
        let summary = run.json()["summary"].clone();
        let training = summary["training"].as_array().unwrap().iter();
        training.clone().find(|t| t["detection"] == "certlog-remote-write").and_then(|t| t["needed"].as_u64())
    };
    assert_eq!((needed(&waiting), needed(&assumed)), (Some(14), None));
    assert!(assumed.alerts().len() > waiting.alerts().len());
}

#[test]
fn event_with_too_many_names_is_counted() {
    let fixture = project("tests/detections/san-mismatch/fires_name_hidden_behind_many_others/events.ndjson");
    let run = World::new().run(&format!("replay {} --format json", fixture.display()));
    assert_eq!(run.json()["summary"]["names_cut"], 1, "{}", run.stderr);
}
