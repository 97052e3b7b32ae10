//! Records as bug reports of shippers show them: what a shipper moved, left out or wrote wrongly costs no event.

use crate::decode_formats::{decode_with, format_file};
use crate::decode_layouts::records;
use adcs_watch::decode::rejection::{Reason, Rejection};
use adcs_watch::decode::{Decoded, Decoder};
use adcs_watch::event::{Activity, Event, IssuedCertificate, MappingVerdict};
use serde_json::{Map, Value, json};

fn decode(record: &[u8]) -> Result<Event, Rejection> {
    let outcomes = decode_with(&Decoder::default(), record);
    match outcomes.into_iter().next() {
        Some(Ok(Decoded::Event(event))) => Ok(*event),
        Some(Err(rejection)) => Err(rejection),
        other => panic!("{other:?}"),
    }
}

fn issued(record: &[u8]) -> IssuedCertificate {
    let event = decode(record).unwrap();
    let Activity::CertificateIssued(issued) = event.activity else { panic!("{event:?}") };
    issued
}

/// The issued certificate of a file, as JSON.
fn record(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap()
}

fn winlogbeat() -> Value {
    let text = format_file("winlogbeat8.ndjson");
    record(text.lines().find(|line| line.contains("4887") && line.contains("mallory")).unwrap().as_bytes())
}

/// The values of the certificate in their order in Windows.
fn values(data: &Value) -> Vec<(&'static str, String)> {
    const NAMES: [&str; 12] = [
        "RequestId",
        "Requester",
        "Attributes",
        "Disposition",
        "SubjectKeyIdentifier",
        "Subject",
        "SubjectAlternativeName",
        "CertificateTemplate",
        "SerialNumber",
        "AuthenticationService",
        "AuthenticationLevel",
        "DCOMorRPC",
    ];
    NAMES.iter().map(|name| (*name, data[name].as_str().unwrap_or_default().to_owned())).collect()
}

#[test]
fn computer_under_another_name_is_not_the_collector() {
    let mut record = winlogbeat();
    let computer = record["winlog"].as_object_mut().unwrap().remove("computer_name").unwrap();
    record["winlog"]["computer"] = computer.clone();
    record["host"]["name"] = json!("collector");
    assert_eq!(decode(record.to_string().as_bytes()).unwrap().computer.as_str(), computer);
}

#[test]
fn values_under_their_positions_are_placed_whatever_is_left_out() {
    let whole = winlogbeat();
    let expected = issued(whole.to_string().as_bytes());
    let all = values(&whole["winlog"]["event_data"]);
    for left_out in [None, Some("Subject"), Some("SubjectKeyIdentifier"), Some("Attributes")] {
        let kept = all.iter().enumerate().filter(|(_, (name, _))| Some(*name) != left_out);
        // A map of serde_json sorts its names as texts, as Winlogbeat does.
        let data: Map<String, Value> =
            kept.map(|(at, (_, value))| (format!("param{}", at + 1), json!(value))).collect();
        let mut record = whole.clone();
        record["winlog"]["event_data"] = data.into();
        let read = issued(record.to_string().as_bytes());
        assert_eq!(read.request.requester, expected.request.requester, "{left_out:?}");
        assert_eq!(read.request.names, expected.request.names, "{left_out:?}");
        assert_eq!(read.serial, expected.serial, "{left_out:?}");
    }
}

#[test]
fn values_under_empty_names_are_named_by_their_position() {
    let line = records("opentelemetry.ndjson").into_iter().find(|line| line.windows(4).any(|w| w == b"4887"));
    let line = line.unwrap();
    let mut record = record(&line);
    let data: Vec<Value> =
        values(&record["event_data"]).into_iter().map(|(_, value)| json!({"": value})).collect();
    record["event_data"] = json!({"binary": "", "data": data});
    assert_eq!(issued(record.to_string().as_bytes()), issued(&line));
}

#[test]
fn escape_behind_json_in_a_string_costs_nothing() {
    for line in records("osquery.ndjson") {
        let mut record = record(&line);
        let data = record["columns"]["data"].as_str().unwrap().to_owned();
        record["columns"]["data"] = json!(format!("{data}\\x0A"));
        assert_eq!(decode(record.to_string().as_bytes()).unwrap(), decode(&line).unwrap());
    }
}

#[test]
fn numbers_that_are_none_are_no_values() {
    let whole = winlogbeat();
    for number in ["NaN", "Infinity", "-Infinity", "1e999", "-0"] {
        let text = whole.to_string();
        let with = format!("{{\"load\": {number}, {}", &text[1..]);
        assert_eq!(decode(with.as_bytes()).unwrap(), decode(text.as_bytes()).unwrap(), "{number}");
    }
}

#[test]
fn names_of_certificates_hold_equals_signs_in_cef() {
    for line in records("cef-values.log") {
        let text = String::from_utf8(line.clone()).unwrap();
        let unescaped = text.replace("\\=", "=");
        if text.contains("4887") {
            assert_ne!(text, unescaped);
        }
        assert_eq!(decode(unescaped.as_bytes()).unwrap(), decode(&line).unwrap());
    }
}

#[test]
fn xml_that_was_cut_off_is_no_other_language() {
    let mut record = winlogbeat();
    let data = values(&record["winlog"]["event_data"]);
    let rows: String = data.iter().map(|(name, v)| format!("<Data Name=\"{name}\">{v}</Data>")).collect();
    let xml = format!("<Event xmlns=\"http://x\"><System><EventID>4887</EventID></System><EventData>{rows}");
    record["winlog"].as_object_mut().unwrap().remove("event_data");
    record["message"] = json!("RenderErr:[XML syntax error on line 1: unexpected EOF]");
    record["event"]["original"] = json!(xml[..xml.len() / 2]);
    let rejection = decode(record.to_string().as_bytes()).unwrap_err();
    assert_eq!(rejection.reason, Reason::MissingField, "{rejection}");
}

/// An event of the KDC as Splunk exports it: the provider is `Name`, and what was an attribute keeps its quotes.
fn exported_by_splunk(time: &str) -> Value {
    json!({"preview": false, "result": {
        "EventCode": "39", "EventID": "39", "Name": "'Microsoft-Windows-Kerberos-Key-Distribution-Center'",
        "SystemTime": format!("'{time}'"), "Channel": "System", "Computer": "dc01.corp.example",
        "RecordNumber": "7001", "AccountName": "bob.jones", "Subject": "@@@CN=mallory", "Issuer": "CORP-CA01",
        "SerialNumber": "5C0000012D", "Thumbprint": "00112233"}})
}

#[test]
fn quotes_that_splunk_keeps_are_no_part_of_a_provider_and_a_time() {
    for time in ["2026-03-02T09:00:00.1200000Z", "2026-03-31T09:00:00.1200000Z"] {
        let event = decode(exported_by_splunk(time).to_string().as_bytes()).unwrap();
        assert!(matches!(event.activity, Activity::CertificateMapped(_)), "{event:?}");
        assert_eq!(event.time.to_string(), time.replace("0000Z", "Z"));
    }
}

#[test]
fn word_for_no_value_in_a_column_of_another_event_is_none() {
    let mut row = exported_by_splunk("2026-03-02T09:00:00.1200000Z");
    for word in ["NULL", "(null)", "nan", "None", "N/A", "\\N"] {
        row["result"]["CertificateSid"] = json!(word);
        let Activity::CertificateMapped(mapped) = decode(row.to_string().as_bytes()).unwrap().activity else {
            panic!("{word}")
        };
        assert_eq!(
            (mapped.verdict, mapped.certificate_sid),
            (MappingVerdict::NoStrongMapping, None),
            "{word}"
        );
    }
}

#[test]
fn field_that_is_called_value_is_found_in_a_list_of_objects() {
    let data: Vec<_> = [
        ("Node", "PolicyModules"),
        ("Entry", "EditFlags"),
        ("Value", "1114446"),
        ("SubjectUserName", "mallory"),
    ]
    .map(|(name, value)| json!({ name: value }))
    .into();
    let record = json!({"channel": "Security", "computer": "ca01.corp.example", "event_id": {"id": 4891, "qualifiers": 0},
        "provider": {"name": "Microsoft-Windows-Security-Auditing"}, "record_id": 7, "version": 0,
        "system_time": "2026-03-02T09:00:00.1200000Z", "event_data": {"data": data}});
    let Activity::CaChanged(change) = decode(record.to_string().as_bytes()).unwrap().activity else {
        panic!()
    };
    assert!(format!("{change:?}").contains("1114446"), "{change:?}");
}
