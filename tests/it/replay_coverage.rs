//! What a replay says of what it could see.

use crate::cli_world::{Run, STORY, World, story};
use serde_json::{Value, json};

/// A detection's part of the coverage.
fn covered(run: &Run, detection: &str) -> Value {
    let coverage = run.json()["summary"]["coverage"].clone();
    let found = coverage.as_array().unwrap().iter().find(|covered| covered["detection"] == detection);
    found.unwrap_or_else(|| panic!("{detection} in {coverage}")).clone()
}

/// A request for a Kerberos ticket, with or without a certificate.
fn ticket(serial: &str) -> String {
    let data = json!({
        "TargetUserName": "alice.smith", "TargetDomainName": "corp.example", "TargetSid": "S-1-0-0",
        "ServiceName": "krbtgt", "ServiceSid": "S-1-0-0", "TicketOptions": "0x40810010", "Status": "0x0",
        "TicketEncryptionType": "0x12", "PreAuthType": if serial.is_empty() { "2" } else { "16" }, "IpAddress": "::ffff:10.20.30.40", "IpPort": "50111",
        "CertIssuerName": if serial.is_empty() { "" } else { "CORP-CA01" }, "CertSerialNumber": serial,
        "CertThumbprint": "",
    });
    let record = json!({
        "@timestamp": "2026-03-02T10:00:00.120Z",
        "winlog": {
            "record_id": 7, "computer_name": "dc01.corp.example", "channel": "Security", "event_id": "4768",
            "provider_name": "Microsoft-Windows-Security-Auditing", "version": 1, "event_data": data,
        },
        "event": {"code": "4768", "provider": "Microsoft-Windows-Security-Auditing"},
    });
    format!("{record}\n")
}

#[test]
fn coverage_has_events_times_and_hosts() {
    let world = World::new();
    world.write("story.ndjson", story());
    let run = world.run("replay story.ndjson --format json");
    let san = covered(&run, "san-mismatch");
    let times = ["2026-03-02T09:01:00.120Z", "2026-03-02T09:05:00.120Z"];
    let expected = json!({
        "detection": "san-mismatch", "sight": "saw", "seen": [4887], "first": times[0], "last": times[1],
        "hosts": ["ca01.corp.example"], "missing": [],
    });
    assert_eq!(san, expected);
    let event = &run.json()["summary"]["events"][0];
    assert_eq!((&event["first"], &event["hosts"]), (&json!(times[0]), &json!(["ca01.corp.example"])));
}

#[test]
fn a_detection_without_the_events_of_every_day_is_blind() {
    let world = World::new();
    world.write("story.ndjson", story());
    let run = world.run("replay story.ndjson --format json");
    let other = covered(&run, "certificate-used-by-other");
    assert_eq!((&other["sight"], &other["seen"]), (&json!("blind"), &json!([4887])));
    assert_eq!(other["missing"][0]["setting"], "Kerberos Authentication Service");
    let table = world.run("replay story.ndjson --format table").stdout.replace("\n        ", " ");
    assert!(
        table.contains("certificate-used-by-other, unknown-certificate were blind: no 4768, 4771"),
        "{table}"
    );
    assert!(table.contains("sid-mismatch (no 41)"), "{table}");
    assert!(world.run("replay story.ndjson").stderr.contains("blind"), "also when the alerts are piped");
}

#[test]
fn events_that_do_not_matter_show_that_they_are_audited() {
    let world = World::new();
    world.write("story.ndjson", story()).write("tickets.ndjson", ticket(""));
    let run = world.run("replay story.ndjson tickets.ndjson --format json");
    assert_eq!(run.json()["summary"]["ignored_ids"], json!({"4768": 1}), "{}", run.stdout);
    let other = covered(&run, "certificate-used-by-other");
    assert_eq!((&other["sight"], &other["missing"][0]["is_audited"]), (&json!("quiet"), &json!(true)));
    world.write("tickets.ndjson", ticket("5c00000065a1b2c3d4e5f67700000000000065"));
    let run = world.run("replay story.ndjson tickets.ndjson --format json");
    let other = covered(&run, "certificate-used-by-other");
    assert_eq!((&other["sight"], &other["seen"]), (&json!("saw"), &json!([4768, 4887])));
}

#[test]
fn a_detection_that_is_disabled_is_off() {
    let world = World::new();
    world.write("story.ndjson", STORY[0].line());
    world.write("policy.yaml", "policy:\n  san_mismatch:\n    enabled: false\n");
    let run = world.run("replay story.ndjson -c policy.yaml --format json");
    assert_eq!(covered(&run, "san-mismatch")["sight"], "off");
}
