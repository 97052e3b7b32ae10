//! 1007 of the certificates' life cycle, whose data stands in UserData: one activity in every layout that keeps the attributes
//! of its elements, and a rejection in those that do not.

use crate::decode_formats::{decode, decode_with};
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::Reason;
use adcs_watch::decode::{Decoded, Decoder, Format};
use adcs_watch::event::Activity;
use adcs_watch::event::host::Host;
use serde_json::{Value, json};

const PROVIDER: &str = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System";
const COMPUTER: &str = "ca01.corp.example";
const TIME: &str = "2026-03-02T09:00:00.1200000Z";
const USER_DATA: &str = r#"<UserData><CertNotificationData xmlns="http://schemas.microsoft.com/win/2004/08/events" ProcessName="mmc.exe" AccountName="CORP\eve" Context="Machine">
 <CertificateDetails Thumbprint="7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a7f3a"><Template Name="SubCA" />
  <SubjectNames><SubjectName>CN=CORP-CA01, DC=corp, DC=example</SubjectName><SubjectName>corp-ca01</SubjectName></SubjectNames>
  <EKUs><EKU Name="Client Authentication" OID="1.3.6.1.5.5.7.3.2" /></EKUs><NotValidAfter>2031-03-02T09:00:00Z</NotValidAfter>
 </CertificateDetails></CertNotificationData></UserData>"#;

fn xml() -> String {
    format!(
        "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System><Provider Name=\"{PROVIDER}\"/>\
         <EventID>1007</EventID><TimeCreated SystemTime=\"{TIME}\"/><EventRecordID>15</EventRecordID>\
         <Channel>{PROVIDER}/Operational</Channel><Computer>{COMPUTER}</Computer></System>{USER_DATA}</Event>"
    )
}

/// An element with attributes, as a converter of XML to JSON writes it: below a member of its own, or beside the elements.
fn element(attributes: Value, mut elements: Value, below: Option<&str>) -> Value {
    let members = elements.as_object_mut().unwrap();
    match below {
        Some(name) => drop(members.insert(name.into(), attributes)),
        None => members.extend(attributes.as_object().unwrap().clone()),
    }
    elements
}

fn event(below: Option<&str>, names: Value) -> Value {
    let mut details = json!({"SubjectNames": names, "NotValidAfter": "2031-03-02T09:00:00Z"});
    details["Template"] = element(json!({"Name": "SubCA"}), json!({}), below);
    let details = element(json!({"Thumbprint": "7f3a".repeat(10)}), details, below);
    let attributes = json!({"ProcessName": "mmc.exe", "AccountName": r"CORP\eve", "Context": "Machine"});
    let data = element(attributes, json!({"CertificateDetails": details}), below);
    json!({"System": {"Provider": element(json!({"Name": PROVIDER}), json!({}), below), "EventID": 1007,
        "TimeCreated": element(json!({"SystemTime": TIME}), json!({}), below), "Computer": COMPUTER},
        "UserData": {"CertNotificationData": data}})
}

fn winlogbeat(original: Option<String>) -> Value {
    let mut record = json!({"@timestamp": "2026-03-02T09:00:00.120Z", "event": {"code": "1007", "provider": PROVIDER},
        "winlog": {"event_id": "1007", "provider_name": PROVIDER, "computer_name": COMPUTER,
            "channel": format!("{PROVIDER}/Operational"), "user": {"name": "eve", "domain": "CORP"},
            "user_data": {"CertificateDetails": "\n  \n  ", "xml_name": "CertNotificationData"}}});
    if let Some(xml) = original {
        record["event"]["original"] = xml.into();
    }
    record
}

/// Every layout that keeps what is needed.
pub(crate) fn records() -> Vec<String> {
    let numbered = json!({"SubjectName": "CN=CORP-CA01, DC=corp, DC=example", "SubjectName_1": "corp-ca01"});
    let listed = json!({"SubjectName": ["CN=CORP-CA01, DC=corp, DC=example", "corp-ca01"]});
    vec![
        xml(),
        json!({"_raw": xml()}).to_string(),
        json!({"message": xml(), "host": "collector"}).to_string(),
        json!({"Event": event(Some("#attributes"), numbered.clone())}).to_string(),
        json!({"Event": event(Some("#attributes"), listed.clone())}).to_string(),
        json!({"Event": event(Some("$"), listed)}).to_string(),
        event(None, numbered).to_string(),
        winlogbeat(Some(xml())).to_string(),
        json!({"TimeGenerated": TIME, "Source": PROVIDER, "EventID": 1007, "Computer": COMPUTER,
            "EventData": format!("<DataItem type=\"System.XmlData\">{USER_DATA}</DataItem>")})
        .to_string(),
    ]
}

#[test]
fn exported_certificate_is_read_in_every_layout_that_keeps_attributes() {
    for record in records() {
        assert!(Prefilter::for_source(None, None).may_matter(record.as_bytes()), "{record}");
        let outcome = decode(record.as_bytes()).remove(0);
        let Ok(Decoded::Event(event)) = outcome else { panic!("{record}: {outcome:?}") };
        let Activity::CertificateExported(export) = &event.activity else { panic!("{record}: {event:?}") };
        assert_eq!(
            (event.computer.as_str(), event.time.as_millis()),
            (COMPUTER, 1_772_442_000_120),
            "{record}"
        );
        assert_eq!(
            (export.actor.to_string().as_str(), export.subject.as_str(), export.template.as_deref()),
            (r"CORP\eve", "CN=CORP-CA01, DC=corp, DC=example", Some("SubCA")),
            "{record}"
        );
        assert_eq!((export.process.as_str(), export.thumbprint.len()), ("mmc.exe", 40), "{record}");
    }
}

/// The config of the source names the format, and the event is in the original beside what Winlogbeat makes of it.
#[test]
fn original_of_a_named_format_is_read() {
    let decoder = Decoder { format: Some(Format::Winlogbeat), ..Decoder::default() };
    let outcomes = decode_with(&decoder, winlogbeat(Some(xml())).to_string().as_bytes());
    assert!(matches!(&outcomes[..], [Ok(Decoded::Event(_))]), "{outcomes:?}");
}

#[test]
fn exported_certificate_without_its_attributes_is_rejected() {
    let values = json!({"EventID": 1007, "ProviderName": PROVIDER, "Computer": COMPUTER, "TimeCreated": "2026-03-02 09:00:00 +0000",
        "Channel": format!("{PROVIDER}/Operational"), "StringInserts": []});
    for record in [winlogbeat(None), values] {
        let record = record.to_string();
        assert!(Prefilter::for_source(None, None).may_matter(record.as_bytes()), "{record}");
        let rejection = decode(record.as_bytes()).remove(0).expect_err(&record);
        assert_eq!(rejection.reason, Reason::MissingField, "{record}");
    }
}

#[test]
fn exported_certificate_of_another_computer_is_discarded_where_the_cas_are_known() {
    let passes =
        |at: &[Host], record: &str| Prefilter::for_source(None, Some(at)).may_matter(record.as_bytes());
    for record in records() {
        assert!(passes(&[], &record) && passes(&[Host::new("ca01")], &record), "{record}");
    }
    let elsewhere = xml().replace("ca01", "web01").replace("CORP-CA01", "web01");
    assert!(passes(&[], &elsewhere) && !passes(&[Host::new("ca01.corp.example")], &elsewhere));
}
