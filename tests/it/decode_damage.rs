//! Damaged text and odd ids, in the formats of every family: what is damaged loses a character and is counted, and what cannot
//! be read is rejected. Nothing is lost in silence.

use crate::decode_formats::format_file;
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::{Reason, Rejection};
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::event::Activity;

/// One file of each family, by the way in which it keeps ids and texts.
const FILES: [&str; 12] = [
    "winlogbeat8.ndjson",
    "evtx-dump.ndjson",
    "nxlog.ndjson",
    "fluent-bit.ndjson",
    "sentinel-securityevent.ndjson",
    "xml-in-json.ndjson",
    "cribl.ndjson",
    "layouts/flat.ndjson",
    "layouts/key-values.log",
    "layouts/nxlog-flat.xml",
    "layouts/opentelemetry.ndjson",
    "layouts/fluentd2.ndjson",
];

/// The first record of a file that is an issued certificate.
fn issued(file: &str) -> Vec<u8> {
    let text = format_file(file);
    let end = if file.ends_with(".xml") { "</Event>" } else { "\n" };
    let record = text.split_inclusive(end).find(|record| record.contains("4887"));
    record.unwrap_or_else(|| panic!("{file}")).trim().as_bytes().to_vec()
}

fn decode(record: &[u8]) -> (Vec<Result<Decoded, Rejection>>, bool) {
    let mut outcomes = Vec::new();
    let replaced = Decoder::default()
        .decode_with_format(record, &Place::default(), &mut |_, outcome| outcomes.push(outcome));
    (outcomes, replaced)
}

/// The certificate in a record, without its subject, which is damaged.
#[track_caller]
fn certificate(outcomes: &[Result<Decoded, Rejection>], what: &str) -> Activity {
    let [Ok(Decoded::Event(event))] = outcomes else { panic!("{what}: {outcomes:?}") };
    let mut activity = event.activity.clone();
    let Activity::CertificateIssued(issued) = &mut activity else { panic!("{what}: {activity:?}") };
    issued.subject.clear();
    activity
}

/// The record with this behind the beginning of every subject.
fn damaged(record: &[u8], damage: &[u8]) -> Vec<u8> {
    let mut rest = record;
    let mut all = Vec::new();
    while let Some(at) = memchr::memmem::find(rest, b"CN=") {
        all.extend([&rest[..at + 3], damage].concat());
        rest = &rest[at + 3..];
    }
    [&all, rest].concat()
}

/// What is damaged is counted, and nothing else of the event changes.
#[track_caller]
fn check(file: &str, damage: &[u8]) {
    let what = format!("{file}: {}", damage.escape_ascii());
    let record = issued(file);
    let (whole, counted) = decode(&record);
    assert!(!counted, "{what}");
    let (outcomes, counted) = decode(&damaged(&record, damage));
    assert_eq!(certificate(&outcomes, &what), certificate(&whole, &what), "{what}");
    assert!(counted, "{what}");
}

#[test]
fn bad_bytes_and_control_characters_cost_a_character() {
    for file in FILES {
        for damage in
            [&b"\xe9"[..], b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\0", b"\x01", b"\x1b[2J"]
        {
            check(file, damage);
        }
    }
}

#[test]
fn escapes_and_references_of_no_character_cost_a_character() {
    for file in FILES.into_iter().filter(|file| file.ends_with(".ndjson")) {
        check(file, br"\u0000");
        check(file, br"\ud800");
    }
    for file in
        ["xml-in-json.ndjson", "cribl.ndjson", "sentinel-securityevent.ndjson", "layouts/nxlog-flat.xml"]
    {
        for damage in [&b"&#x0;"[..], b"&#0;", b"&#xD800;", b"&#x110000;"] {
            check(file, damage);
        }
    }
}

#[test]
fn reference_of_no_character_in_an_attribute_costs_a_character() {
    for file in ["xml-in-json.ndjson", "cribl.ndjson"] {
        let record = String::from_utf8(issued(file)).unwrap();
        for damage in ["&#x0;", "&#0;", "&#xDFFF;"] {
            let damaged =
                record.replace("'SubjectKeyIdentifier'", &format!("'SubjectKey{damage}Identifier'"));
            let (outcomes, counted) = decode(damaged.as_bytes());
            assert_eq!(certificate(&outcomes, file), certificate(&decode(record.as_bytes()).0, file));
            assert!(counted, "{file}: {damage}");
        }
    }
}

#[test]
fn nul_behind_a_value_is_no_part_of_it_however_it_is_written() {
    for (file, nuls) in [
        ("xml-in-json.ndjson", &["&#0;", "&#x0;", "&#x00;&#X0;", "\0", r"\u0000"][..]),
        ("layouts/nxlog-flat.xml", &["&#0;", "&#x0000;", "\0\0"]),
        ("winlogbeat8.ndjson", &[r"\u0000", r"\u0000\u0000", "\0"]),
    ] {
        let record = String::from_utf8(issued(file)).unwrap();
        let whole = certificate(&decode(record.as_bytes()).0, file);
        for nul in nuls {
            let what = format!("{file}: {}", nul.escape_default());
            let damaged = record.replace("@corp.example", &format!("@corp.example{nul}"));
            let (outcomes, counted) = decode(damaged.as_bytes());
            assert_eq!(certificate(&outcomes, &what), whole, "{what}");
            assert!(counted, "{what}");
        }
    }
}

#[test]
fn ampersand_that_is_not_escaped_costs_nothing() {
    for file in
        ["xml-in-json.ndjson", "cribl.ndjson", "sentinel-securityevent.ndjson", "layouts/nxlog-flat.xml"]
    {
        for damage in ["AT&T", "a & b", "&", "&&amp;", "&uuml;", "&;", "&x", "&#;"] {
            let what = format!("{file}: {damage}");
            let (outcomes, _) = decode(&damaged(&issued(file), damage.as_bytes()));
            assert_eq!(certificate(&outcomes, &what), certificate(&decode(&issued(file)).0, file), "{what}");
        }
    }
    let record = String::from_utf8(issued("cribl.ndjson")).unwrap();
    for damage in ["&", "a & b", "&uuml;"] {
        let (outcomes, _) =
            decode(record.replace("'SubjectKeyId", &format!("'{damage}SubjectKeyId")).as_bytes());
        assert_eq!(certificate(&outcomes, damage), certificate(&decode(record.as_bytes()).0, damage));
    }
}

#[test]
fn control_characters_between_values_cost_nothing() {
    for file in FILES.into_iter().filter(|file| file.ends_with(".ndjson")) {
        let record = String::from_utf8(issued(file)).unwrap();
        for damage in ["\0", "\0\0\0", "\u{1}", "\u{1e}", "\u{1b}"] {
            let what = format!("{file}: {}", damage.escape_default());
            let damaged =
                record.replacen('{', &format!("{{{damage}"), 1).replacen("\": ", &format!("\":{damage} "), 9);
            let (outcomes, counted) =
                decode(format!("{}{damage}}}", &damaged[..damaged.len() - 1]).as_bytes());
            assert_eq!(
                certificate(&outcomes, &what),
                certificate(&decode(record.as_bytes()).0, file),
                "{what}"
            );
            assert!(counted, "{what}");
        }
    }
    let record = String::from_utf8(issued("nxlog.ndjson")).unwrap();
    let (outcomes, _) = decode(record.replace("\"Task\": 12805", "\"Task\": NaN").as_bytes());
    assert_eq!(certificate(&outcomes, "NaN"), certificate(&decode(record.as_bytes()).0, "nxlog"));
}

/// The outcomes of the record with this in place of a part of it, and whether damage was counted.
fn with(file: &str, part: &str, damaged: &str) -> (Vec<Result<Decoded, Rejection>>, bool) {
    let record = String::from_utf8(issued(file)).unwrap();
    assert!(record.contains(part), "{file} has no {part}");
    decode(record.replace(part, damaged).as_bytes())
}

/// The serial number of the certificate in a file, as the file spells it.
fn serial_of(file: &str) -> String {
    let (outcomes, _) = decode(&issued(file));
    let Activity::CertificateIssued(issued) = certificate(&outcomes, file) else { panic!("{file}") };
    issued.serial.unwrap_or_else(|| panic!("{file}")).as_str().to_owned()
}

#[test]
fn serial_number_that_cannot_be_read_costs_itself_and_not_the_certificate() {
    for file in
        FILES.into_iter().filter(|file| !["fluent-bit.ndjson", "layouts/fluentd2.ndjson"].contains(file))
    {
        let serial = serial_of(file);
        for damage in ["é", "\u{1}", "\u{fffd}", "x", "e+"] {
            let what = format!("{file}: {}", damage.escape_default());
            let (outcomes, counted) =
                with(file, &serial, &format!("{}{damage}{}", &serial[..4], &serial[4..]));
            let Activity::CertificateIssued(issued) = certificate(&outcomes, &what) else { panic!("{what}") };
            assert_eq!(issued.serial, None, "{what}");
            assert!(counted, "{what}");
        }
        for blank in ["\0", "\0\0\0", " ", "\u{1}\0"] {
            let what = format!("{file}: {}", blank.escape_default());
            let (outcomes, _) = with(file, &serial, &format!("{serial}{blank}"));
            assert_eq!(certificate(&outcomes, &what), certificate(&decode(&issued(file)).0, &what), "{what}");
        }
    }
}

#[test]
fn escapes_in_a_serial_number_and_a_time_are_damage_too() {
    let file = "winlogbeat8.ndjson";
    let serial = serial_of(file);
    for damage in [r"\ud800", r"\u00e9", r"\u0001"] {
        let (outcomes, counted) = with(file, &serial, &format!("6100{damage}{}", &serial[4..]));
        certificate(&outcomes, damage);
        assert!(counted, "{damage}");
    }
    let record = String::from_utf8(issued(file)).unwrap();
    let [Ok(Decoded::Event(whole))] = &decode(record.as_bytes()).0[..] else { panic!("{file}") };
    let at = record.find("\"@timestamp\"").and_then(|at| record[at..].find("Z\"").map(|z| at + z)).unwrap();
    for damage in [r"\ud800", r"\u0000", "é", "\u{1}"] {
        for damaged in [
            format!("{}{damage}{}", &record[..at], &record[at..]),
            format!("{}{damage}{}", &record[..=at], &record[at + 1..]),
        ] {
            let (outcomes, counted) = decode(damaged.as_bytes());
            let [Ok(Decoded::Event(event))] = &outcomes[..] else { panic!("{damage}: {outcomes:?}") };
            assert_eq!(event.time, whole.time, "{damage}");
            assert!(counted, "{damage}");
        }
    }
}

#[test]
fn serial_number_as_a_fraction_is_left_out_and_counted() {
    let file = "winlogbeat8.ndjson";
    let (outcomes, counted) = with(file, &format!("\"{}\"", serial_of(file)), "6.1000000092e+41");
    let Activity::CertificateIssued(issued) = certificate(&outcomes, file) else { panic!("{file}") };
    assert_eq!((issued.serial, counted), (None, true));
}

/// Without its serial number a logon belongs to no certificate, and without a RequestId a certificate to no request.
#[test]
fn what_names_an_event_is_rejected_where_it_cannot_be_read() {
    let file = "winlogbeat8.ndjson";
    let text = format_file(file);
    let logon = text.lines().find(|line| line.contains("4768")).unwrap();
    let [Ok(Decoded::Event(event))] = &decode(logon.as_bytes()).0[..] else { panic!("{logon}") };
    let Activity::CertificateLogon(read) = &event.activity else { panic!("{logon}") };
    let serial = read.serial.as_str().to_uppercase();
    assert!(logon.contains(&serial), "{logon}");
    let (outcomes, _) = decode(logon.replace(&serial, &format!("{serial}\0")).as_bytes());
    assert_eq!(outcomes, [Ok(Decoded::Event(event.clone()))]);
    let (outcomes, _) = decode(logon.replace(&serial, &format!("{serial}é")).as_bytes());
    assert_eq!(outcomes[0].as_ref().unwrap_err().reason, Reason::BadField);
    let (outcomes, counted) = decode(logon.replace("\"0x0\"", "\"0é0\"").as_bytes());
    assert_eq!((outcomes, counted), (vec![Ok(Decoded::Event(event.clone()))], true));
}

/// Formats whose records have no mark at their end. A relay that cuts them off at 1 or 2 KiB leaves a text that is read, and a
/// client makes its attributes as long as it likes.
#[test]
fn text_that_was_cut_off_is_rejected() {
    for (file, last) in [
        ("layouts/cef-message.log", "Subject:"),
        ("layouts/leef.log", "Subject:"),
        ("layouts/snare.log", "Subject:"),
        ("layouts/snare-bars.log", "Subject:"),
        ("layouts/syslog-ng-agent.log", "Subject:"),
        ("layouts/wincollect.log", "Subject:"),
        ("layouts/syslog-structured-data.log", "DCOMorRPC=\""),
    ] {
        let record = issued(file);
        let last = memchr::memmem::rfind(&record, last.as_bytes()).unwrap();
        let id = memchr::memmem::find(&record, b"4887").unwrap() + 12;
        for end in id..last {
            let (outcomes, _) = decode(&record[..end]);
            let is_event = outcomes.iter().any(|outcome| matches!(outcome, Ok(Decoded::Event(_))));
            assert!(!is_event, "{file}: {}", record[..end].escape_ascii());
        }
        assert!(matches!(decode(&record).0[..], [Ok(Decoded::Event(_))]), "{file}");
    }
    let snare = issued("layouts/snare.log");
    let end = memchr::memmem::find(&snare, b"Microsoft-Windows").unwrap() + 5;
    assert!(matches!(decode(&snare[..end]).0[..], [Err(_)]), "the provider is cut");
}

const ODD: [&str; 16] = [
    "4.887",
    "4 887",
    "4'887",
    "4_887",
    "4\u{202f}887",
    "4\u{a0}887",
    "4’887",
    "0X1317",
    "４８８７",
    "٤٨٨٧",
    "1317h",
    "0b1001100010111",
    "EID4887",
    "Event 4887",
    "4887u",
    "4887;",
];

/// Ids as WMI and .NET write them in `EventIdentifier` and `InstanceId`: the upper bits are those of the severity.
const QUALIFIED: [&str; 4] = ["1073746711", "2147488535", "3221230359", "0x40001317"];

/// Spellings that are read.
const USUAL: [&str; 6] = ["4887", "04887", "4887.0", "4,887", "0x1317", "0x00001317"];

/// Names of an id in the layouts of products, and `eid`, which is read in none.
const NAMES: [&str; 12] = [
    "EventID",
    "event_id",
    "EventCode",
    "EventIdentifier",
    "EventIDCode",
    "eventId",
    "Event ID",
    "InstanceId",
    "externalId",
    "signature_id",
    "eid",
    "Id",
];

/// What stands for the name and the value of the id in [`templates`].
const ID: &str = "@ID@";

/// An issued certificate in one flat object, in Winlogbeat's own, and in that of .NET, without its id.
fn templates() -> [String; 3] {
    let without = |file: &str, own: &str| {
        let record = String::from_utf8(issued(file)).unwrap();
        let written = [format!("\"{own}\": 4887"), format!("\"{own}\": \"4887\"")];
        let at = written.iter().find(|text| record.contains(text.as_str()));
        record.replacen(at.unwrap_or_else(|| panic!("{file}: {record}")), ID, 1)
    };
    let winlogbeat = without("winlogbeat8.ndjson", "event_id").replace("\"code\": \"4887\", ", "");
    [without("layouts/flat.ndjson", "EventID"), winlogbeat, without("layouts/get-winevent-ps7.ndjson", "Id")]
}

fn with_id(template: &str, name: &str, id: &str) -> String {
    template.replacen(ID, &format!("\"{name}\": \"{id}\""), 1)
}

#[test]
fn id_under_any_name_in_any_spelling_is_read_or_rejected_and_never_discarded() {
    let prefilter = Prefilter::for_source(None, None);
    let templates = templates();
    for name in NAMES {
        for id in ODD.iter().step_by(3).chain(&QUALIFIED).chain(&USUAL) {
            for record in templates.each_ref().map(|template| with_id(template, name, id)) {
                let (outcomes, _) = decode(record.as_bytes());
                let is_silent = outcomes.iter().all(|outcome| matches!(outcome, Ok(Decoded::Ignored(_))));
                assert!(!is_silent, "{name} {id}: {outcomes:?}\n{record}");
                assert!(prefilter.may_matter(record.as_bytes()), "{name} {id}: {record}");
                let is_event = outcomes.iter().any(|outcome| matches!(outcome, Ok(Decoded::Event(_))));
                assert!(!is_event || USUAL.contains(id), "{name} {id}: {record}");
            }
        }
    }
    for id in USUAL {
        for (name, template) in ["EventID", "event_id", "Id"].into_iter().zip(&templates) {
            let (outcomes, _) = decode(with_id(template, name, id).as_bytes());
            assert!(matches!(outcomes[..], [Ok(Decoded::Event(_))]), "{name} {id}: {outcomes:?}");
        }
    }
}

#[test]
fn id_with_bits_of_its_severity_is_rejected_with_what_it_means_and_no_record_id_is_taken_for_one() {
    for file in FILES {
        let record = String::from_utf8(issued(file)).unwrap();
        let record = record.replace(": 4887", ": \"4887\"").replace("4887", "1073746711");
        assert!(Prefilter::for_source(None, None).may_matter(record.as_bytes()), "{file}");
        let (outcomes, _) = decode(record.as_bytes());
        let [Err(rejection)] = outcomes.as_slice() else { panic!("{file}: {outcomes:?}") };
        let meaning = "bad_event_id: the event id is \"1073746711\", perhaps 4887 with bits of its severity";
        assert_eq!(rejection.to_string(), meaning, "{file}");
    }
    let record = "{\"EventID\": 4688, \"EventRecordID\": 1073746711, \"Computer\": \"dc01.corp.example\"}";
    assert!(!Prefilter::for_source(None, None).may_matter(record.as_bytes()), "a record number is no id");
}

#[test]
fn nul_between_tokens_of_json_costs_nothing() {
    let record = String::from_utf8(issued("nxlog.ndjson")).unwrap();
    let (whole, _) = decode(record.as_bytes());
    let damaged = record.replacen(':', ":\0", 1).replacen(",\"", "\0,\0\"", 1);
    let (outcomes, counted) = decode(damaged.as_bytes());
    assert_eq!((outcomes, counted), (whole, true));
    assert!(decode(b"{\"EventID\": 48\087}").0[0].is_err(), "no part of a number");
}

#[test]
fn byte_order_mark_between_tokens_of_json_costs_nothing() {
    for file in FILES.into_iter().filter(|file| file.ends_with(".ndjson")) {
        let record = String::from_utf8(issued(file)).unwrap();
        let whole = decode(record.as_bytes()).0;
        for (token, damaged) in [
            ("{", "{\u{feff}"),
            (", \"", ", \u{feff}\""),
            ("\": ", "\": \u{feff}\u{feff} "),
            ("}", "\u{feff} }"),
        ] {
            let (outcomes, _) = decode(record.replacen(token, damaged, 1).as_bytes());
            assert_eq!(certificate(&outcomes, file), certificate(&whole, file), "{file}: {token}");
        }
    }
    assert!(decode("{\"EventID\": 48\u{feff}87}".as_bytes()).0[0].is_err(), "no part of a number");
}

#[test]
fn bare_ampersand_in_xml_is_text() {
    let record = String::from_utf8(issued("layouts/nxlog-flat.xml")).unwrap();
    let whole = decode(record.as_bytes()).0;
    for bare in ["R&D", "R & D; x", "&", "&;", "a&b&c", "&company;"] {
        let (outcomes, _) = decode(&damaged(record.as_bytes(), bare.as_bytes()));
        let [Ok(Decoded::Event(event))] = outcomes.as_slice() else { panic!("{bare}: {outcomes:?}") };
        let Activity::CertificateIssued(issued) = &event.activity else { panic!("{bare}") };
        assert!(issued.subject.contains(bare), "{bare}: {}", issued.subject);
        assert_eq!(certificate(&outcomes, bare), certificate(&whole, bare));
    }
}

#[test]
fn ids_in_odd_spellings_are_rejected_and_never_discarded() {
    let prefilter = Prefilter::for_source(None, None);
    for file in FILES {
        for id in ODD {
            let record = String::from_utf8(issued(file)).unwrap();
            let record = record.replace(": 4887", ": \"4887\"").replace("4887", id);
            assert!(prefilter.may_matter(record.as_bytes()), "{file}: {id}");
            let (outcomes, _) = decode(record.as_bytes());
            let reasons: Vec<_> =
                outcomes.iter().map(|outcome| outcome.as_ref().map_err(|r| r.reason)).collect();
            assert!(matches!(reasons[..], [Err(Reason::BadEventId)]), "{file}: {id}: {outcomes:?}");
        }
    }
}
