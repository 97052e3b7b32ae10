//! Whatever the bytes are, decoding neither panics nor stays silent, and it keeps its limits.

use crate::decode_formats::{decode, decode_with, format_file};
use crate::decode_mutations::mutated;
use adcs_watch::decode::rejection::{Reason, Rejection};
use adcs_watch::decode::{Decoded, Decoder, Format, limits};
use adcs_watch::event::Activity;
use adcs_watch::event::san::MAX_NAMES;
use proptest::prelude::*;

fn decode_in_every_format(record: &[u8]) -> Result<(), TestCaseError> {
    for format in Format::ALL.into_iter().map(Some).chain([None]) {
        let outcomes = decode_with(&Decoder { format, ..Decoder::default() }, record);
        prop_assert!(!outcomes.is_empty());
        for outcome in outcomes {
            match outcome {
                Err(rejection) => prop_assert!(rejection.detail.len() < 2000, "{rejection}"),
                Ok(Decoded::Event(event)) => {
                    prop_assert!(!event.computer.as_str().is_empty());
                    if let Activity::CertificateIssued(issued) = &event.activity {
                        prop_assert!(issued.request.names.len() <= MAX_NAMES);
                    }
                }
                Ok(Decoded::Ignored(_)) => {}
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(record in prop::collection::vec(any::<u8>(), 0..200)) {
        decode_in_every_format(&record)?;
    }

    #[test]
    fn any_text(record in "[<{\\[]?.{0,200}") {
        decode_in_every_format(record.as_bytes())?;
    }

    #[test]
    fn anything_that_looks_real(record in mutated()) {
        decode_in_every_format(&record)?;
    }

    #[test]
    fn a_record_that_is_cut_off(record in mutated(), at in any::<prop::sample::Index>()) {
        decode_in_every_format(&record[..at.index(record.len() + 1)])?;
    }
}

#[track_caller]
fn fault(record: &str) -> Rejection {
    let mut outcomes = decode(record.as_bytes());
    outcomes.pop().unwrap().unwrap_err()
}

fn reason(record: &str) -> Reason {
    fault(record).reason
}

#[test]
fn limits_are_kept() {
    assert_eq!(reason(&" ".repeat(limits::MAX_RECORD_BYTES + 1)), Reason::TooLarge);
    assert_eq!(reason(&"[".repeat(1000)), Reason::TooDeep);
    assert_eq!(reason(&"<a>".repeat(1000)), Reason::TooDeep);
    let many = format!("[{}]", vec!["{\"winlog\":{}}"; limits::MAX_EVENTS + 5].join(","));
    let outcomes = decode(many.as_bytes());
    assert_eq!(outcomes.len(), limits::MAX_EVENTS + 1);
    assert_eq!(outcomes.last().unwrap().as_ref().unwrap_err().reason, Reason::TooManyEvents);
    let many = "<Event></Event>".repeat(limits::MAX_EVENTS + 5);
    assert_eq!(decode(many.as_bytes()).len(), limits::MAX_EVENTS + 1);
    let line = format_file("winlogbeat8.ndjson").lines().nth(1).unwrap().to_owned();
    let long = line.replace("CertificateTemplate:User", &"x".repeat(limits::MAX_FIELD_BYTES));
    assert_eq!(fault(&long).to_string(), "field_too_long: Attributes has 98329 bytes, more than 98304");
    // The longest text that Windows writes has three bytes for each of its characters.
    let wide = line.replace("CertificateTemplate:User", &"好".repeat(32_000));
    assert!(matches!(decode(wide.as_bytes())[..], [Ok(Decoded::Event(_))]));
}

#[test]
fn faults_say_what_and_where() {
    let check = |record: &str, expect: &str| assert_eq!(fault(record).to_string(), expect);
    check("hello", "unknown_shape: \"hello\" is no beginning of json or xml");
    check("{\"a\": 1, \"b\": 2}", "unknown_shape: an object of \"a\", \"b\"");
    check("[1]", "unknown_shape: \"1\" is no object");
    check("{\"a\": 01}", "bad_json: expected `,` or `}` at byte 7, found '1'");
    check("<!DOCTYPE a>", "xml_entity: a document type, which event xml has not");
    check(
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "xml_entity: a document type, which event xml has not",
    );
    check("<a>", "bad_xml: the record ends inside an element");
    assert_eq!(reason("<a></b>"), Reason::BadXml);
}

#[test]
fn the_events_before_a_fault_count() {
    let xml = format_file("windows-events.xml");
    let outcomes = decode(xml.replace("</Events>", "<Event>").as_bytes());
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 27);
    assert_eq!(outcomes.last().unwrap().as_ref().unwrap_err().reason, Reason::BadXml);
    let rows: Vec<String> = format_file("evtx-dump.ndjson").lines().map(ToOwned::to_owned).collect();
    let outcomes = decode(format!("[{}, 5, {}]", rows[0], rows[1]).as_bytes());
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn nothing_is_not_of_interest() {
    let ignored = [Ok(Decoded::Ignored(None))];
    let ecs = "{\"@timestamp\": \"2026-03-02T09:00:00Z\", \"agent\": {}, \"message\": \"4887\"}";
    for record in
        ["", " \n", "\u{feff}", "[]", "{\"records\": []}", "{\"winlog\": {}}", "<a/>", "<Event/>", ecs]
    {
        assert_eq!(decode(record.as_bytes()), ignored, "{record}");
    }
}

#[test]
fn a_format_that_is_named_wrongly_is_noticed() {
    let decoder = |format| Decoder { format: Some(format), ..Decoder::default() };
    let line = |file| format_file(file).lines().next().unwrap().to_owned();
    let fault = |format, record: String| {
        decode_with(&decoder(format), record.as_bytes()).remove(0).unwrap_err().to_string()
    };
    assert_eq!(
        fault(Format::Nxlog, line("winlogbeat8.ndjson")),
        "unknown_shape: looks like winlogbeat, not nxlog"
    );
    assert_eq!(fault(Format::Xml, line("nxlog.ndjson")), "unknown_shape: looks like nxlog, not xml");
    assert!(fault(Format::Nxlog, line("windows-events.xml")).ends_with("is no beginning of nxlog"));
    assert!(fault(Format::Protobuf, line("nxlog.ndjson")).starts_with("bad_protobuf"));
}

#[test]
fn an_id_is_read_in_its_usual_spellings() {
    let line = format_file("evtx-dump.ndjson").lines().nth(1).unwrap().to_owned();
    let with = |id: &str| decode(line.replace("\"EventID\": 4887", &format!("\"EventID\": {id}")).as_bytes());
    for id in [
        "\"04887\"",
        "\"4,887\"",
        "\"0x1317\"",
        "4887",
        "\"4887\"",
        "\" 4887\\n\"",
        "4887.0",
        "\"\\u0034887\"",
        "{\"#text\": 4887}",
    ] {
        assert!(matches!(with(id)[0], Ok(Decoded::Event(_))), "{id}");
    }
    for id in ["null", "\"x\"", "true"] {
        assert_eq!(with(id), [Ok(Decoded::Ignored(None))], "{id}");
    }
    for id in ["4887.5", "48870e-1", "\"48,87\"", "70000"] {
        assert_eq!(with(id)[0].as_ref().unwrap_err().reason, Reason::BadEventId, "{id}");
    }
    let xml = format_file("windows-events.xml");
    let event = |id: &str| {
        let at = xml.find("<Event ").unwrap();
        let end = xml.find("</Event>").unwrap();
        decode(xml[at..end + 8].replace("4886", id).as_bytes())
    };
    for id in ["04886", "4886", " 4886\n", "48<!-- -->86", "4<![CDATA[88]]>6", "&#52;886"] {
        assert!(matches!(event(id)[0], Ok(Decoded::Event(_))), "{id}");
    }
    for id in ["48<?pi?>86", "48<b/>86", "48 86"] {
        assert_eq!(event(id)[0].as_ref().unwrap_err().reason, Reason::BadEventId, "{id}");
    }
}
