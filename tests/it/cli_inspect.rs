//! `inspect` shows what is recognised, what is missing and what was rejected.

use crate::cli_world::World;
use crate::common::project;
use serde_json::{Value, json};
use std::fs;

fn inspect(name: &str, content: impl AsRef<[u8]>, options: &str) -> (i32, Value) {
    let world = World::new();
    world.write(name, content);
    let run = world.run(&format!("inspect {name} --format json {options}"));
    assert_eq!(run.stderr, "");
    (run.code, run.json()["inputs"][0].clone())
}

fn kind(input: &Value, event_id: u32) -> Value {
    let kinds = input["events"].as_array().unwrap();
    kinds.iter().find(|kind| kind["event_id"] == event_id).unwrap().clone()
}

#[test]
fn every_fixture_is_recognised_with_the_fields_of_its_format() {
    for (file, format, record_id) in [
        ("windows-events.xml", "xml", true),
        ("windows-events.evtx", "xml", true),
        ("winlogbeat8.ndjson", "winlogbeat", true),
        ("nxlog.ndjson", "nxlog", true),
        ("fluent-bit.ndjson", "fluent_bit", true),
        ("cribl.ndjson", "xml_in_json", true),
        ("sentinel-securityevent.ndjson", "sentinel", false),
    ] {
        let content = fs::read(project("tests/formats").join(file)).unwrap();
        let (code, input) = inspect(file, content, "");
        assert_eq!((code, &input["formats"]), (0, &json!({format: 27})), "{file}");
        let issued = kind(&input, 4887);
        assert_eq!((&issued["count"], &issued["found"]["SerialNumber"]), (&json!(10), &json!(9)), "{file}");
        let missing: Vec<_> = issued["missing"].as_array().unwrap().iter().map(|m| &m["field"]).collect();
        assert_eq!(missing.is_empty(), record_id, "{file}: {missing:?}");
        assert!(record_id || issued["missing"][0]["used_by"]["san-mismatch"].is_string());
        assert_eq!(input["computers"], json!({"ca01.corp.example": 19, "dc01.corp.example": 6}), "{file}");
        assert!(input["first"].as_str().unwrap() < input["last"].as_str().unwrap(), "{file}");
        assert_eq!(input["other_ids"]["11"], 1, "an id that no detection wants");
    }
}

/// An issued certificate in Winlogbeat's JSON, with this data.
fn winlogbeat(data: &Value) -> String {
    let winlog = json!({
        "event_id": "4887", "provider_name": "Microsoft-Windows-Security-Auditing", "channel": "Security",
        "computer_name": "ca01.corp.example", "record_id": 7, "event_data": data,
    });
    json!({"@timestamp": "2026-03-02T09:00:00.120Z", "winlog": winlog}).to_string()
}

#[test]
fn field_that_a_detection_reads_is_missing_only_where_it_is_in_no_event() {
    let poor = winlogbeat(&json!({"RequestId": "1", "Requester": "CORP\\bob"}));
    let rich =
        winlogbeat(&json!({"RequestId": "2", "Requester": "CORP\\bob", "CertificateTemplate": "User"}));
    let fields = |content: &str| {
        let (code, input) = inspect("a.ndjson", content, "");
        assert_eq!(code, 0);
        let missing = kind(&input, 4887)["missing"].clone();
        let names = missing.as_array().unwrap().iter().map(|m| m["field"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let all = [
        "Attributes",
        "AuthenticationLevel",
        "AuthenticationService",
        "CertificateTemplate",
        "DCOMorRPC",
        "SerialNumber",
        "SubjectAlternativeName",
    ];
    assert_eq!(fields(&poor), all);
    let without_template = all.into_iter().filter(|field| *field != "CertificateTemplate");
    assert_eq!(fields(&format!("{poor}\n{rich}\n")), without_template.collect::<Vec<_>>());
}

#[test]
fn rejection_has_its_reason_and_the_first_place() {
    let bad = winlogbeat(&json!({"RequestId": "1"}));
    let (code, input) = inspect("a.ndjson", format!("{{\"a\": 1}}\n{bad}\n{bad}\n"), "");
    assert_eq!(code, 65);
    let missing = &input["rejections"]["missing_field"];
    let detail = json!({"count": 2, "first_place": "a.ndjson:2", "first_detail": "Requester is missing"});
    assert_eq!(*missing, detail);
    assert_eq!(input["formats"], json!({"none": 1, "winlogbeat": 2}));
}

#[test]
fn only_the_first_records_of_each_input_are_looked_at() {
    let line = winlogbeat(&json!({"RequestId": "1", "Requester": "CORP\\bob"})) + "\n";
    let look = |options: &str| {
        let (code, input) = inspect("a.ndjson", line.repeat(101), options);
        assert_eq!(code, 0);
        (input["records"].clone(), input["more"].clone())
    };
    assert_eq!(look(""), (json!(100), json!(true)));
    assert_eq!(look("--records 101"), (json!(101), json!(false)));
    assert_eq!(look("--records 5"), (json!(5), json!(true)));
}

#[test]
fn text_names_what_is_lost_and_what_is_not_wanted() {
    let world = World::new();
    let file = project("tests/formats/sentinel-securityevent.ndjson");
    let run = world.run(&format!("inspect {}", file.display()));
    assert_eq!(run.code, 0, "{}", run.stderr);
    for part in [
        "27 records",
        "  format      sentinel (27)",
        "  4887        10 certificate issued",
        "    missing   EventRecordID",
        "Windows writes it in every event",
        "4768 of no interest: without a certificate",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    world.write(
        "other.ndjson",
        "{\"@timestamp\": \"2026-03-02T09:00:00Z\", \"agent\": {}, \"message\": \"x\"}\n",
    );
    let run = world.run("inspect other.ndjson");
    assert!(run.code == 0 && run.stdout.contains("no event that a detection wants"), "{}", run.stdout);
    world.write("noise.bin", [0u8, 159, 146, 150, 1, 2, 3]);
    let run = world.run("inspect noise.bin none.xml");
    assert_eq!(run.code, 65);
    assert!(run.stdout.contains("no events in a known format"), "{}", run.stdout);
    assert!(run.stdout.contains("No such file"), "{}", run.stdout);
}

#[test]
fn control_characters_of_records_are_escaped() {
    let world = World::new();
    world.write("a.ndjson", winlogbeat(&json!({"RequestId": "1\u{1b}[2J", "Requester": "CORP\\bob"})));
    let run = world.run("inspect a.ndjson");
    assert!(run.code == 65 && run.stdout.contains("rejected"), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
}

#[test]
fn bytes_that_are_no_text_are_counted() {
    let good = winlogbeat(&json!({"RequestId": "1", "Requester": "CORP\\m_ller"}));
    let mut bad = good.clone().into_bytes();
    let at = bad.iter().rposition(|byte| *byte == b'_').unwrap();
    bad[at] = 0xfc;
    assert_eq!(inspect("a.ndjson", &bad, "").1["bad_text"], 1);
    assert_eq!(inspect("a.ndjson", &good, "").1["bad_text"], 0);
    let world = World::new();
    world.write("a.ndjson", [&bad[..], b"\n", good.as_bytes()].concat());
    let run = world.run("replay a.ndjson --format json");
    assert_eq!((run.code, &run.json()["summary"]["bad_text"]), (0, &json!(1)));
    let run = world.run("replay a.ndjson --format table");
    assert!(run.stdout.contains("1 record, in which bytes that are no text were replaced"), "{}", run.stdout);
    assert!(world.run("replay a.ndjson").stderr.contains("1 record: bytes that are no text were replaced"));
}

#[test]
fn name_without_inputs_is_answered_with_the_option_that_it_needs() {
    let run = World::new().run("inspect CORP\\mallory");
    assert!(run.code == 65 && run.stderr.contains("needs --input FILE or --checkpoint"), "{}", run.stderr);
}
