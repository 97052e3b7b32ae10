//! The sender of a record is nobody in its event: what the event's own data has without a value is filled by nothing else.

use crate::decode_formats::decode_with;
use adcs_watch::decode::{Decoded, Decoder};
use serde_json::{Value, json};

const SENDER: &str = "10.0.9.9";

/// The one event in a record, as JSON.
fn read(record: &Value) -> String {
    let outcomes = decode_with(&Decoder::default(), record.to_string().as_bytes());
    match outcomes.as_slice() {
        [Ok(Decoded::Event(event))] => serde_json::to_string(event).unwrap(),
        other => panic!("{other:?} of {record}"),
    }
}

fn system(id: u32) -> Value {
    json!({"Channel": "Security", "Computer": "ca01.corp.example", "EventID": id, "EventRecordID": 77, "Version": 0,
        "Provider": {"Name": "Microsoft-Windows-Security-Auditing"}, "TimeCreated": "2026-03-02T09:10:00.120Z"})
}

fn share_access(address: &Value) -> Value {
    json!({"SubjectUserSid": "S-1-5-21-1-2-3-1105", "SubjectUserName": "mallory", "SubjectDomainName": "CORP",
        "SubjectLogonId": "0x3e7a1", "ObjectType": "File", "IpAddress": address, "IpPort": address,
        "ShareName": "\\\\*\\C$", "ShareLocalPath": "\\??\\C:\\", "AccessMask": "0x2", "AccessList": "%%4417",
        "RelativeTargetName": "Windows\\System32\\CertLog\\edb.log"})
}

/// The ways in which products hold the event's own data, each with members of the sender beside it.
fn records(data: &Value, sender: &Value) -> Vec<Value> {
    let with_sender = |record: Value| {
        let mut record = record;
        let members = sender.as_object().unwrap().clone();
        record.as_object_mut().unwrap().extend(members);
        record
    };
    let list: Vec<_> =
        data.as_object().unwrap().iter().map(|(k, v)| json!({"@Name": k, "#text": v})).collect();
    let mut dotted = json!({"System": system(5145)});
    for (name, value) in data.as_object().unwrap() {
        dotted[format!("EventData.{name}")] = value.clone();
    }
    vec![
        with_sender(json!({"System": system(5145), "EventData": data})),
        with_sender(json!({"System": system(5145), "EventData": {"Data": list}})),
        with_sender(json!({"Event": {"System": system(5145), "EventData": data}})),
        with_sender(
            json!({"winlog": {"event_id": 5145, "channel": "Security", "computer_name": "ca01.corp.example",
            "record_id": 77, "event_data": data}, "@timestamp": "2026-03-02T09:10:00.120Z"}),
        ),
        with_sender(json!({"EventID": 5145, "Channel": "Security", "Computer": "ca01.corp.example",
            "TimeCreated": "2026-03-02T09:10:00.120Z", "EventData": data})),
        with_sender(dotted),
    ]
}

#[test]
fn address_of_the_sender_is_not_that_of_the_client() {
    let senders = [
        json!({"OpenWEC": {"IpAddress": SENDER, "Principal": "CA01$@CORP.EXAMPLE"}}),
        json!({"IpAddress": SENDER}),
        json!({"source": {"ip": SENDER, "port": 5985}}),
        json!({"SourceAddress": SENDER, "src_ip": SENDER}),
        json!({"relay": {"ip_address": SENDER, "ip_port": "514"}}),
    ];
    for sender in senders {
        for empty in [json!("-"), json!(""), Value::Null] {
            for record in records(&share_access(&empty), &sender) {
                let event = read(&record);
                assert!(event.contains("mallory") && !event.contains(SENDER), "{event} of {record}");
            }
        }
        for record in records(&share_access(&json!("10.0.0.7")), &sender) {
            let event = read(&record);
            assert!(event.contains("10.0.0.7") && !event.contains(SENDER), "{event} of {record}");
        }
    }
}

/// Pipelines move a field out of the data: then the data does not have it.
#[test]
fn address_that_a_pipeline_moved_is_that_of_the_client() {
    let mut data = share_access(&json!("-"));
    data.as_object_mut().unwrap().retain(|name, _| !name.starts_with("Ip"));
    for record in records(&data, &json!({"source": {"ip": "10.0.0.7"}})) {
        assert!(read(&record).contains("10.0.0.7"), "{record}");
    }
}

#[test]
fn names_of_the_sender_are_not_those_of_the_event() {
    let data = json!({"TargetUserName": "alice", "TargetDomainName": "-", "TargetSid": "S-1-5-21-1-2-3-1106",
        "ServiceName": "krbtgt", "ServiceSid": "S-1-5-21-1-2-3-502", "TicketOptions": "0x40800010", "Status": "0x0",
        "TicketEncryptionType": "0x12", "PreAuthType": "16", "IpAddress": "-", "IpPort": "-",
        "CertIssuerName": "corp-CA", "CertSerialNumber": "5C00000067A1B2C3D4E5F67700000000000067",
        "CertThumbprint": "-"});
    for sender in [
        json!({"user": {"domain": "SENDER", "name": "svc-wec"}, "agent": {"ip": SENDER}, "host": {"ip": [SENDER]}}),
        json!({"UserDomain": "SENDER", "UserName": "svc-wec", "CertificateThumbprint": "SENDER"}),
        json!({"shipper": {"TargetDomainName": "SENDER", "client_address": SENDER, "CertThumbprint": "SENDER"}}),
    ] {
        let mut record = json!({"System": system(4768), "EventData": data});
        record.as_object_mut().unwrap().extend(sender.as_object().unwrap().clone());
        let event = read(&record);
        assert!(!event.contains("SENDER") && !event.contains(SENDER), "{event} of {record}");
        assert!(event.contains("alice") && !event.contains("svc-wec"), "{event}");
    }
}
