//! Which alerts are shown, and until when events are looked at.

use crate::cli_world::{Issued, World, story, story_alerts};

#[test]
fn since_shows_alerts_on_later_events() {
    let world = World::new();
    world.write("story.ndjson", story());
    let shown = |line: &str| world.run(&format!("replay story.ndjson --format json {line}")).alerts();
    let all = story_alerts();
    assert_eq!(shown("--since 2026-03-02T09:00:00Z"), all);
    assert_eq!(shown("--since 2026-03-02T09:03:30Z"), all[1..]);
    assert_eq!(shown("--since 2026-03-02T09:05:00Z"), []);
    let run = world.run("replay story.ndjson --fail-on critical --since 2026-03-02T09:03:30Z");
    assert_eq!(run.code, 0, "the critical alert is older");
}

#[test]
fn until_leaves_later_events_out() {
    let world = World::new();
    world.write("story.ndjson", story());
    let run = world.run("replay story.ndjson --format json --until 2026-03-02T09:02:30Z");
    let severities: Vec<String> = run.alerts().into_iter().map(|(_, severity)| severity).collect();
    assert_eq!(severities, ["high"], "the alert before it became critical");
    assert_eq!(run.records("events"), 5, "all were read");
}

#[test]
fn until_before_since_is_a_wrong_command_line() {
    let run = World::new().run("replay x --since 2026-03-02T09:00:00Z --until 2026-03-01T09:00:00Z");
    assert!(run.code == 64 && run.stderr.contains("no event is between them"), "{}", run.stderr);
}

#[test]
fn detection_shows_its_alerts_only() {
    let world = World::new();
    world.write("story.ndjson", story());
    let shown = |line: &str| world.run(&format!("replay story.ndjson --format json {line}")).alerts().len();
    assert_eq!((shown("--detection san-mismatch"), shown("--detection sid-mismatch")), (2, 0));
    assert_eq!(shown("--detection sid-mismatch --detection san-mismatch"), 2);
}

#[test]
fn csv_has_a_row_for_each_alert_and_no_formula() {
    let formula = Issued { record: 9, minute: 9, requester: "=cmd|' /C calc'!A0", upn: "eve@corp.example" };
    let world = World::new();
    world.write("story.ndjson", story() + &formula.line());
    let run = world.run("replay story.ndjson --format csv");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut rows = csv::Reader::from_reader(run.stdout.as_bytes());
    let column = rows.headers().unwrap().iter().position(|name| name == "requester_account").unwrap();
    let accounts: Vec<String> = rows.records().map(|row| row.unwrap()[column].to_owned()).collect();
    assert_eq!(accounts, ["mallory", "carol.white", "'=cmd|' /C calc'!A0"]);
    assert!(run.stderr.contains("6 records from 1 input"), "{}", run.stderr);
}
