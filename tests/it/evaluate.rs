//! `evaluate` counts what labelled records were caught, missed, and raised without cause.

use crate::cli_world::World;
use crate::common::project;

const LABELS: &str = "computer,event_id,record_id,label,technique\n\
    ca01.corp.example,4887,70001,malicious,ESC1\n\
    ca01.corp.example,4887,99999,malicious,ESC3\n";

fn world(labels: &str) -> World {
    let world = World::new();
    let events = project("tests/detections/san-mismatch/fires_revised_when_it_gets_worse/events.ndjson");
    world.write("recordings/events.ndjson", std::fs::read(events).unwrap());
    world.write("labels.csv", labels);
    world
}

#[test]
fn caught_and_missed_records_are_counted_by_technique() {
    let run = world(LABELS).run("evaluate --labels labels.csv --format json recordings");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let techniques = &run.json()["techniques"];
    assert_eq!(
        (techniques["ESC1"]["caught"].as_u64(), techniques["ESC3"]["caught"].as_u64()),
        (Some(1), Some(0))
    );
    assert_eq!(techniques["ESC3"]["missed"][0], "ca01 4887 99999");
    assert_eq!(run.json()["detections"]["san-mismatch"]["justified"], 1);
    let world = world(LABELS);
    let table = world.run("evaluate --labels labels.csv recordings");
    assert!(table.stdout.ends_with("1 of 2 malicious records caught, 0 false alerts\n"), "{}", table.stdout);
    let utf_16 = std::iter::once(0xfeff).chain(LABELS.encode_utf16()).flat_map(u16::to_le_bytes);
    world.write("utf16.csv", utf_16.collect::<Vec<u8>>());
    let run = world.run("evaluate --labels utf16.csv recordings");
    assert_eq!(run.stdout, table.stdout, "as PowerShell writes it");
}

#[test]
fn evaluation_is_part_of_the_report() {
    let world = world(LABELS);
    let run = world.run("report --labels labels.csv recordings");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let page = world.read("report.html");
    let (_, evaluation) = page.split_once("<section id=\"evaluation\">").unwrap();
    let (evaluation, _) = evaluation.split_once("</section>").unwrap();
    assert!(evaluation.contains("<p>1 of 2 malicious records caught, 0 false alerts</p>"), "{evaluation}");
    for row in [
        "<td>ESC1</td><td>1</td><td>1</td><td>0</td>",
        "<td>san-mismatch</td><td>1</td><td>1</td><td>0</td>",
        "missed: ESC3: ca01 4887 99999",
    ] {
        assert!(evaluation.contains(row), "{row} in {evaluation}");
    }
    let without = world.run("report recordings -o without.html");
    assert_eq!(without.code, 0, "{}", without.stderr);
    assert!(!world.read("without.html").contains("Evaluation"));
}

#[test]
fn alert_on_benign_records_alone_is_false_and_bad_rows_are_named() {
    let labels = "computer,event_id,record_id,label,technique\n\
        ca01,4887,70001,benign,\nca01,4887,70002,negative,\nca01,4887,,benign,\n";
    let run = world(labels).run("evaluate --labels labels.csv recordings");
    assert_eq!(run.code, 65);
    assert!(run.stderr.contains("labels.csv:4: record_id is missing"), "{}", run.stderr);
    assert!(run.stdout.ends_with("0 of 0 malicious records caught, 1 false alerts\n"), "{}", run.stdout);
}
