//! Times that cannot be right are kept and marked, and change no alert of others.

use crate::cli_world::World;
use crate::common::project;
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::time::{Span, Time};
use serde_json::{Value, json};
use std::fs;

/// The records of the sample company, and two thousand certificates that nobody minds over the same month.
fn company() -> Vec<String> {
    let read = |name: &str| fs::read_to_string(project("samples/corp-example").join(name)).unwrap();
    let mut lines: Vec<String> = read("ca01-security.ndjson").lines().map(str::to_owned).collect();
    for n in 0..2000_u32 {
        let (day, hour) = (1 + n / 24 % 28, n % 24);
        let account = format!("CORP\\user{:03}", n % 500);
        let time = format!("2026-02-{day:02}T{hour:02}:{:02}:00Z", n % 60);
        lines.push(issued(&time, 10_000 + n, &account, &format!("user{:03}@corp.example", n % 500)));
    }
    lines
}

/// An issued certificate in Winlogbeat's JSON.
fn issued(time: &str, request: u32, requester: &str, upn: &str) -> String {
    let data = json!({
        "RequestId": request.to_string(), "Requester": requester, "CertificateTemplate": "User",
        "SubjectAlternativeName": format!("Other Name: Principal Name={upn}"), "Disposition": "3",
    });
    let winlog = json!({
        "event_id": "4887", "provider_name": "Microsoft-Windows-Security-Auditing", "channel": "Security",
        "computer_name": "ca01.corp.example", "record_id": 1_000_000 + request, "event_data": data,
    });
    json!({"@timestamp": time, "winlog": winlog}).to_string()
}

fn replay(lines: &[String], format: &str) -> String {
    let world = World::new();
    world.write("a.ndjson", lines.join("\n"));
    world.run(&format!("replay a.ndjson --assume-trained --format {format}")).stdout
}

/// The last revisions of all alerts, and the summary.
fn document(lines: &[String]) -> (Vec<Value>, Value) {
    let document: Value = serde_json::from_str(&replay(lines, "json")).unwrap();
    (document["alerts"].as_array().unwrap().clone(), document["summary"].clone())
}

fn is_of_eve(alert: &Value) -> bool {
    alert["requester_account"] == "eve"
}

#[test]
fn one_in_a_hundred_wrong_times_changes_no_alert_of_others() {
    let mut lines = company();
    let (before, summary) = document(&lines);
    assert!(before.len() > 3 && !before.iter().any(is_of_eve), "{}", before.len());
    assert_eq!(summary["wrong_clock"], 0);
    let times =
        ["1601-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2099-06-01T12:00:00Z", "1999-12-31T23:59:59Z"];
    for n in 0..20_u32 {
        let time = times[n as usize % times.len()];
        lines.push(issued(time, 90_000 + n, "CORP\\eve", "administrator@corp.example"));
    }
    let (after, summary) = document(&lines);
    let others: Vec<Value> = after.iter().filter(|alert| !is_of_eve(alert)).cloned().collect();
    assert_eq!(others, before);
    assert_eq!(summary["wrong_clock"], 20);
    let of_eve: Vec<&Value> = after.iter().filter(|alert| is_of_eve(alert)).collect();
    assert!(!of_eve.is_empty(), "the events count");
    let marks: Vec<&str> = of_eve
        .iter()
        .flat_map(|alert| alert["evidence"].as_array().unwrap())
        .map(|evidence| evidence["fields"]["clock"].as_str().unwrap())
        .collect();
    let early = "wrong: before AD CS existed, counts as 2026-02-01T";
    assert!(marks.iter().any(|mark| mark.starts_with(early)), "{marks:?}");
    let ahead = "wrong: ahead, counts as 2026-03-02T";
    assert!(marks.iter().any(|mark| mark.starts_with(ahead)), "{marks:?}");
    assert!(replay(&lines, "table").contains("20 events with a time that cannot be right"));
}

#[test]
fn times_of_a_long_record_are_believed() {
    let mut lines = Vec::new();
    for n in 0..300_u32 {
        lines.push(issued("2026-02-01T09:00:00Z", n, "CORP\\bob", "bob@corp.example"));
    }
    let mut late = issued("2027-03-01T09:00:00Z", 301, "CORP\\bob", "administrator@corp.example");
    lines.push(late.clone());
    let (alerts, summary) = document(&lines);
    assert_eq!(summary["wrong_clock"], 0);
    assert!(alerts.iter().any(|alert| alert["time"] == "2027-03-01T09:00:00Z"), "{alerts:?}");
    lines.pop();
    late = late.replace("2027-03", "2027-04");
    lines.push(late);
    let (alerts, summary) = document(&lines);
    assert_eq!(summary["wrong_clock"], 1, "more than 400 days after 99 of 100");
    assert!(alerts.iter().any(|alert| alert["time"] == "2026-02-01T09:05:00Z"), "{alerts:?}");
}

#[test]
fn only_the_century_counts_in_a_short_record() {
    let of = |time: &str| {
        let first = issued("2026-02-01T09:00:00Z", 1, "CORP\\bob", "bob@corp.example");
        let second = issued(time, 2, "CORP\\bob", "administrator@corp.example");
        document(&[first, second]).1["wrong_clock"].clone()
    };
    assert_eq!((of("2099-12-31T00:00:00Z"), of("2100-01-01T00:00:00Z")), (json!(0), json!(1)));
    assert_eq!((of("2000-01-01T00:00:00Z"), of("1999-12-31T23:59:59Z")), (json!(0), json!(1)));
}

/// The logon of another account with the certificate of this request.
fn used(time: &str, request: u32) -> String {
    let data = json!({
        "TargetUserName": "dave", "TargetDomainName": "CORP.EXAMPLE", "Status": "0x0", "IpAddress": "10.20.30.40",
        "CertIssuerName": "CORP-CA01", "CertSerialNumber": serial(request).to_uppercase(),
    });
    let winlog = json!({
        "event_id": "4768", "provider_name": "Microsoft-Windows-Security-Auditing", "channel": "Security",
        "computer_name": "dc01.corp.example", "record_id": 2_000_000 + request, "event_data": data,
    });
    json!({"@timestamp": time, "winlog": winlog}).to_string()
}

fn serial(request: u32) -> String {
    format!("5c{request:08x}a1b2c3d4e5f677000000{request:08x}")
}

#[test]
fn clock_that_was_never_set_separates_no_issuance_from_its_use() {
    let right = "2026-02-01T09:00:00Z";
    let with_serial = |time: &str, request: u32| {
        let line = issued(time, request, "CORP\\eve", "eve@corp.example");
        line.replace(r#""Disposition""#, &format!(r#""SerialNumber":"{}","Disposition""#, serial(request)))
    };
    for wrong in [
        "1601-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "30828-09-14T02:48:05Z",
        "+67137-05-07T00:00:00Z",
    ] {
        for (at_ca, at_dc) in [(wrong, right), (right, wrong)] {
            let lines =
                [issued(right, 1, "CORP\\bob", "bob@corp.example"), with_serial(at_ca, 7), used(at_dc, 7)];
            let is_found = |alert: &Value| alert["detection"] == "certificate-used-by-other";
            let (alerts, _) = document(&lines);
            assert!(alerts.iter().any(is_found), "{at_ca} {at_dc}: {alerts:?}");
            let appended = appended_at_once(&lines);
            assert!(appended.iter().any(is_found), "{at_ca} {at_dc}: {appended:?}");
        }
    }
}

#[test]
fn import_holds_for_events_of_a_clock_that_was_never_set() {
    let fact = json!({
        "time": "2026-11-01T00:00:00Z", "computer": "import",
        "account_known": {"account": "CORP\\eve", "upn": "e.adams@corp.example", "protected": false},
    });
    let right = issued("2026-02-01T09:00:00Z", 1, "CORP\\bob", "bob@corp.example");
    for wrong in ["1601-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
        let events = [issued(wrong, 7, "CORP\\eve", "e.adams@corp.example"), right.clone()];
        let (alerts, _) = document(&[&[fact.to_string()], &events[..]].concat());
        assert!(alerts.is_empty(), "{wrong}: {alerts:?}");
        assert!(!document(&events).0.is_empty(), "{wrong}: it is the import that settles it");
    }
}

/// The alerts of records that a broker appended at one time.
fn appended_at_once(lines: &[String]) -> Vec<Value> {
    let mut engine = Engine::new(Policy::default());
    let append_time = Time::parse_rfc3339("2026-02-01T10:00:00Z");
    let place = Place { source: "siem".to_owned(), append_time, ..Place::default() };
    let mut alerts = Vec::new();
    for line in lines {
        Decoder::default().decode(line.as_bytes(), &place, &mut |decoded| {
            let Ok(Decoded::Event(event)) = decoded else { return };
            alerts.extend(engine.on_event(&event).alerts);
        });
    }
    alerts.iter().map(|alert| serde_json::to_value(alert).unwrap()).collect()
}

/// The alerts, all revisions, of records as a broker appended them: each a second after it happened, and a wrong one
/// beside the record before it.
fn live(lines: &[String], policy: Policy) -> Vec<Value> {
    let mut engine = Engine::new(policy);
    let (mut alerts, mut appended) = (Vec::new(), None);
    for line in lines {
        let place = Place { source: "siem".to_owned(), append_time: appended, ..Place::default() };
        Decoder::default().decode(line.as_bytes(), &place, &mut |decoded| {
            let Ok(Decoded::Event(mut event)) = decoded else { return };
            if !line.contains(r"CORP\\eve") {
                appended = Some(event.time.plus(Span::seconds(1)));
            }
            event.origin.append_time = appended;
            alerts.extend(engine.on_event(&event).alerts);
        });
    }
    alerts.iter().map(|alert| serde_json::to_value(alert).unwrap()).collect()
}

#[test]
fn wrong_times_among_live_records_change_no_alert_of_others() {
    let mut lines = company();
    let time = |line: &String| serde_json::from_str::<Value>(line).unwrap()["@timestamp"].to_string();
    lines.sort_by_key(time);
    let mut trained = Policy::default();
    trained.assume_trained();
    for policy in [Policy::default(), trained] {
        let before = live(&lines, policy.clone());
        let mut mixed = Vec::new();
        for (n, line) in (0_u32..).zip(&lines) {
            mixed.push(line.clone());
            let time =
                ["1601-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2099-06-01T12:00:00Z"][n as usize % 3];
            if n % 100 == 50 {
                mixed.push(issued(time, 90_000 + n, "CORP\\eve", "administrator@corp.example"));
            }
        }
        let after = live(&mixed, policy);
        let others: Vec<Value> = after.iter().filter(|alert| !is_of_eve(alert)).cloned().collect();
        assert!(before.len() > 3 && after.len() > before.len());
        assert_eq!(others, before);
        let eve =
            after.iter().filter(|alert| is_of_eve(alert)).flat_map(|a| a["evidence"].as_array().unwrap());
        assert!(
            eve.clone().count() > 0 && eve.clone().all(|evidence| evidence["fields"]["clock"].is_string())
        );
    }
}
