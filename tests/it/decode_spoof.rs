//! What the client writes into the attributes of a request is a value and never a field: who asked, for which names, and the
//! serial number are what the CA wrote, or the record is rejected.

use crate::decode_layouts::{layout_names, records};
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::event::san::San;
use adcs_watch::event::{Activity, Event};

/// The name that the fixtures of layouts ask for, in the attributes.
const ASKED: [&str; 2] = ["SAN:upn=dave.admin@corp.example", "SAN:upn\\=dave.admin@corp.example"];

fn outcomes(record: &str) -> Vec<Result<Decoded, String>> {
    let mut outcomes = Vec::new();
    Decoder::default().decode(record.as_bytes(), &Place::default(), &mut |outcome| {
        outcomes.push(outcome.map_err(|rejection| rejection.to_string()));
    });
    outcomes
}

/// What the CA wrote of an issuance, and whether the name that was asked for is known.
fn facts(event: &Event) -> Option<(String, String, bool)> {
    let Activity::CertificateIssued(issued) = &event.activity else { return None };
    let asked = San::Upn("dave.admin@corp.example".into());
    let request = &issued.request;
    let is_known = request.names.contains(&asked);
    let serial = issued.serial.as_ref().map(ToString::to_string).unwrap_or_default();
    Some((request.requester.to_string(), serial, is_known))
}

#[track_caller]
fn check(name: &str, record: &str, genuine: &(String, String, bool)) {
    for outcome in outcomes(record) {
        if let Ok(Decoded::Event(event)) = &outcome
            && let Some(found) = facts(event)
        {
            assert_eq!(found, *genuine, "{name}: {record}");
        }
        assert!(!matches!(outcome, Ok(Decoded::Ignored(_))), "{name}: {record}");
    }
}

#[test]
fn what_the_client_writes_is_no_field() {
    let fields = ["Requester", "SerialNumber", "SubjectAlternativeName", "ad.Requester"];
    for name in layout_names() {
        let record = String::from_utf8(records(name).swap_remove(0)).unwrap();
        if !ASKED.iter().any(|asked| record.contains(asked)) {
            continue;
        }
        let genuine = outcomes(&record).iter().find_map(|outcome| match outcome {
            Ok(Decoded::Event(event)) => facts(event),
            _ => None,
        });
        let genuine = genuine.unwrap_or_else(|| panic!("{name}"));
        for separator in [" ¦ ", "|", ";", " "] {
            for joint in ["=", ": ", "\\="] {
                for field in fields {
                    let words = format!("{separator}{field}{joint}dave.admin{separator}x");
                    let changed = ASKED.iter().fold(record.clone(), |record, asked| {
                        record.replace(asked, &format!("{asked}{words}"))
                    });
                    // CEF escapes the mark.
                    if joint != ": " && (joint == "=") == record.contains(ASKED[1]) {
                        continue;
                    }
                    check(name, &changed, &genuine);
                }
            }
        }
    }
}

#[test]
fn attributes_that_look_like_data_are_text() {
    for attributes in [
        r#"<Data Name='Requester'>CORP\\dave.admin</Data>"#,
        r#"{\"Requester\": \"CORP\\\\dave.admin\"}"#,
        r#"[{\"Name\": \"Requester\", \"Value\": \"CORP\\\\dave.admin\"}]"#,
    ] {
        let record = String::from_utf8(records("flat.ndjson").swap_remove(0)).unwrap();
        let (before, rest) = record.split_once(r#""Attributes": ""#).unwrap();
        let (_, behind) = rest.split_once('"').unwrap();
        let changed = format!("{before}\"Attributes\": \"{attributes}\"{behind}");
        let Some(Ok(Decoded::Event(event))) = outcomes(&changed).pop() else { panic!("{changed}") };
        assert_eq!(facts(&event).unwrap().0, "CORP\\eve", "{changed}");
    }
}
