//! `explain` prints what each detection made of a record: why an alert was raised, and why none was.

use crate::cli_world::{Issued, Run, STORY, World, story, story_alerts};
use std::io::{Cursor, Write};

/// The story in a file, with `more` lines after it.
fn world(more: &str) -> World {
    let world = World::new();
    world.write("exports/ca01.ndjson", story() + more);
    world
}

/// Standard output without line breaks and indents.
fn words(run: &Run) -> String {
    run.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The answer of one detection.
fn answer<'a>(words: &'a str, detection: &str) -> &'a str {
    let from = words.find(&format!(" {detection} ")).unwrap_or_else(|| panic!("{detection}: {words}"));
    words[from..].split(" changed by it").next().unwrap()
}

#[test]
fn record_that_raised_an_alert_is_explained_with_its_reasons_and_what_was_known() {
    let world = world("");
    let run = world.run("explain exports/ca01.ndjson:2");
    let said = words(&run);
    let answer = answer(&said, "san-mismatch");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(said.starts_with("exports/ca01.ndjson:2: certificate issued (event 4887), 2026-03-02"), "{said}");
    let raised = format!("raised alert {}, revision 1, high: ", story_alerts()[0].0);
    assert!(answer.contains(&raised) && answer.contains("nothing was remembered"), "{answer}");
    let run = world.run("explain exports/ca01.ndjson:3");
    assert!(words(&run).contains("revised alert") && words(&run).contains("it remembered"), "{}", run.stdout);
}

#[test]
fn state_stands_in_words_and_not_in_the_names_of_fields() {
    let said = words(&world("").run("explain exports/ca01.ndjson:3"));
    let remembered = "corp\\mallory@ca01: it remembered its recent certificates and requests; 1 name of others within a day; an alert that is open since 2026-03-02";
    assert!(answer(&said, "san-mismatch").contains(remembered), "{said}");
    assert!(!said.contains("_ms:") && !said.contains("State {") && !said.contains("Some("), "{said}");
}

#[test]
fn what_is_remembered_of_a_name_is_shown_and_that_nothing_is() {
    let world = world("");
    let run = world.run("inspect CORP\\mallory nobody --input exports");
    let said = words(&run);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (mallory, nobody) = said.split_once("nobody").unwrap();
    assert!(mallory.contains("san-mismatch corp\\mallory@ca01: it remembers "), "{said}");
    assert!(!mallory.contains("carol"), "{said}");
    assert_eq!(nobody.trim(), "nothing is known of it: no event of these inputs is about it");
    let of_ca = words(&world.run("inspect ca01.corp.example --input exports"));
    assert!(of_ca.contains("certlog-remote-write ") || of_ca.contains("unusual-template "), "{of_ca}");

    assert_eq!(world.run("inspect ann --input missing.ndjson").code, 65);
    for line in ["inspect --input exports", "inspect ann --input exports --format json"] {
        assert_eq!(world.run(line).code, 64, "{line}");
    }
}

#[test]
fn record_that_raised_none_is_explained_as_well() {
    let run = world("").run("explain exports/ca01.ndjson:1");
    let said = words(&run);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(answer(&said, "san-mismatch").contains("looked at it, and found nothing"), "{said}");
    assert!(said.contains("do not read such events: ") && !said.contains("raised alert"), "{said}");
}

#[test]
fn exceptions_training_and_repetitions_are_named_as_the_cause_of_silence() {
    let again = Issued { record: 106, ..STORY[1] }.line();
    let run = world(&again).run("explain exports/ca01.ndjson:6");
    let said = words(&run);
    assert!(answer(&said, "san-mismatch").contains("adds nothing to the alert that is open"), "{said}");

    let policy = "policy:\n  exceptions:\n    - detections: [san-mismatch]\n      account: CORP\\mallory\n";
    let world = world("");
    world.write("policy.yaml", policy);
    let run = world.run("explain exports/ca01.ndjson:2 -c policy.yaml");
    let said = words(&run);
    assert!(answer(&said, "san-mismatch").contains("an exception of the policy silences"), "{said}");
    world.write("off.yaml", "policy:\n  san_mismatch:\n    enabled: false\n");
    let run = world.run("explain exports/ca01.ndjson:2 -c off.yaml");
    assert!(words(&run).contains("switched off: san-mismatch"), "{}", run.stdout);
}

#[test]
fn alert_is_explained_by_each_record_that_raised_or_revised_it() {
    let alert = story_alerts()[0].0.clone();
    let run = world("").run(&format!("explain {alert} exports"));
    let said = words(&run);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for part in ["exports/ca01.ndjson:2: ", "raised alert", "exports/ca01.ndjson:3: ", "revised alert"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("exports/ca01.ndjson:1: ") && !said.contains("exports/ca01.ndjson:4: "), "{said}");
}

#[test]
fn record_that_no_detection_sees_is_explained_by_what_became_of_it() {
    let other = STORY[0].line().replace("4887", "4625");
    let broken = "{\"winlog\": {\"event_id\": 4887, \"channel\": \n";
    let large = format!("{{\"a\": \"{}\"}}\n", "x".repeat(2 << 20));
    let world = world(&format!("{other}{broken}{large}"));
    let lines = [(6, "discarded unparsed"), (7, "rejected: "), (8, "rejected: 2097161 bytes are more")];
    for (line, expected) in lines {
        let run = world.run(&format!("explain exports/ca01.ndjson:{line}"));
        assert!(run.code == 0 && words(&run).contains(expected), "{line}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn record_is_found_under_any_spelling_of_its_file_and_in_an_archive() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("ca01/a.ndjson", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(story().as_bytes()).unwrap();
    let world = world("");
    world.write("collected.zip", zip.finish().unwrap().into_inner());
    let lines = [
        "explain ./exports/../exports/ca01.ndjson:2 exports",
        "explain exports/ca01.ndjson:2 ./exports",
        "explain collected.zip:ca01/a.ndjson:2",
        "explain ./collected.zip:ca01/a.ndjson:2 collected.zip",
    ];
    for line in lines {
        let run = world.run(line);
        assert!(run.code == 0 && run.stdout.contains("raised alert"), "{line}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn subject_that_is_not_there_is_an_error_and_so_is_a_wrong_command_line() {
    let world = world("");
    let unknown = format!("explain {} exports", "0".repeat(32));
    for (line, why) in [
        ("explain exports/ca01.ndjson:99", "exports/ca01.ndjson has no record 99: its last one is "),
        ("explain exports/none.ndjson:1 exports", "exports/none.ndjson is none of the inputs"),
        (&unknown, "no event of these inputs raises 00000000000000000000000000000000"),
    ] {
        let run = world.run(line);
        assert!(
            run.code == 65 && run.stderr.contains(&format!("not found: {why}")),
            "{line}: {}",
            run.stderr
        );
    }
    let wrong = ["explain", "explain x exports", "explain exports/ca01.ndjson:2 -"];
    for line in wrong.map(str::to_owned).into_iter().chain([format!("explain {}", "0".repeat(32))]) {
        assert_eq!(world.run(&line).code, 64, "{line}");
    }
    let run = world.run("explain exports/ca01.ndjson:2 exports missing.ndjson");
    assert!(run.code == 65 && run.stdout.contains("not read") && run.stdout.contains("raised alert"));
}
