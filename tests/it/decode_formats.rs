//! One story, in every format: each must decode to the same events, less exactly the facts that the format loses.

use adcs_watch::decode::rejection::Rejection;
use adcs_watch::decode::{Decoded, Decoder, Format, Place};
use adcs_watch::event::time::Time;
use adcs_watch::event::{Activity, Event};
use jiff::tz::TimeZone;
use std::path::Path;

/// A fact that a format may lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// Event time in whole seconds only.
    Milliseconds,
    /// No EventRecordID.
    RecordId,
}

/// Which facts each format loses: the whole list. A listed loss that is none fails as well.
const LOSSES: &[(Format, &str, &[Loss])] = &[
    (Format::EvtxDump, "evtx-dump.ndjson", &[]),
    (Format::Winlogbeat, "winlogbeat8.ndjson", &[]),
    (Format::XmlInJson, "cribl.ndjson", &[]),
    (Format::XmlInJson, "xml-in-json.ndjson", &[]),
    (Format::Nxlog, "nxlog.ndjson", &[Loss::Milliseconds]),
    (Format::FluentBit, "fluent-bit.ndjson", &[Loss::Milliseconds]),
    (Format::Sentinel, "sentinel-securityevent.ndjson", &[Loss::RecordId]),
];

pub(crate) fn format_file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(name)).unwrap()
}

pub(crate) fn decode_with(decoder: &Decoder, record: &[u8]) -> Vec<Result<Decoded, Rejection>> {
    let mut outcomes = Vec::new();
    decoder.decode(record, &Place::default(), &mut |outcome| outcomes.push(outcome));
    outcomes
}

pub(crate) fn decode(record: &[u8]) -> Vec<Result<Decoded, Rejection>> {
    decode_with(&Decoder::default(), record)
}

/// What the story is, after its XML.
pub(crate) fn story() -> Vec<Decoded> {
    decode(format_file("windows-events.xml").as_bytes()).into_iter().map(Result::unwrap).collect()
}

fn lines(decoder: &Decoder, file: &str) -> Vec<Decoded> {
    let outcomes = |line: &str| decode_with(decoder, line.as_bytes());
    format_file(file).lines().flat_map(outcomes).map(Result::unwrap).collect()
}

fn lose(loss: Loss, story: &[Decoded]) -> Vec<Decoded> {
    let mut story = story.to_vec();
    for decoded in &mut story {
        let Decoded::Event(event) = decoded else { continue };
        match loss {
            Loss::Milliseconds => event.time = Time::from_millis(event.time.as_millis() / 1000 * 1000),
            Loss::RecordId => event.origin.record_id = None,
        }
    }
    story
}

fn events(story: &[Decoded]) -> Vec<&Event> {
    story
        .iter()
        .filter_map(|decoded| match decoded {
            Decoded::Event(event) => Some(&**event),
            Decoded::Ignored(_) => None,
        })
        .collect()
}

#[test]
fn the_story_itself() {
    let story = story();
    let ignored: Vec<_> = story
        .iter()
        .filter_map(|decoded| match decoded {
            Decoded::Ignored(id) => Some(id.unwrap()),
            Decoded::Event(_) => None,
        })
        .collect();
    // The password logon and the local file.
    assert_eq!(ignored, [4768, 11]);
    let events = events(&story);
    assert_eq!(events.len(), 25);
    let told = format_file("story.tsv");
    let told = told.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let told: Vec<_> = told.filter(|f| !["70005", "70025"].contains(&f[2])).collect();
    for (event, told) in events.iter().zip(told) {
        assert_eq!(event.time.to_string(), told[0]);
        assert_eq!(event.origin.event_id.unwrap().to_string(), told[1]);
        assert_eq!(event.origin.record_id.unwrap().to_string(), told[2]);
    }
}

#[test]
fn every_format_tells_the_same_story() {
    let story = story();
    for &(format, file, losses) in LOSSES {
        let expect = losses.iter().fold(story.clone(), |story, loss| lose(*loss, &story));
        for named in [None, Some(format)] {
            let decoder = Decoder { format: named, ..Decoder::default() };
            for (at, (found, expect)) in lines(&decoder, file).iter().zip(&expect).enumerate() {
                assert_eq!(found, expect, "{file}, line {}", at + 1);
            }
            assert_eq!(lines(&decoder, file).len(), expect.len(), "{file}");
        }
        for loss in losses {
            let without =
                losses.iter().filter(|l| *l != loss).fold(story.clone(), |story, loss| lose(*loss, &story));
            assert_ne!(lines(&Decoder::default(), file), without, "{file} does not lose {loss:?}");
        }
    }
}

#[test]
fn local_time_is_read_in_its_zone() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let local = Decoder { zone, ..Decoder::default() };
    let utc = lines(&Decoder::default(), "nxlog.ndjson");
    for (local, utc) in events(&lines(&local, "nxlog.ndjson")).iter().zip(events(&utc)) {
        assert_eq!(local.time.as_millis() - utc.time.as_millis(), 5 * 60 * 60 * 1000);
    }
    // Only where the format has no zone.
    let zone = TimeZone::get("America/New_York").unwrap();
    let zoned = lines(&Decoder { zone, ..Decoder::default() }, "fluent-bit.ndjson");
    assert_eq!(zoned, lines(&Decoder::default(), "fluent-bit.ndjson"));
}

#[test]
fn a_wrapped_story_is_the_story() {
    let rows = format_file("sentinel-securityevent.ndjson").lines().collect::<Vec<_>>().join(",");
    let expect: Vec<_> = lines(&Decoder::default(), "sentinel-securityevent.ndjson");
    for wrapped in [format!("{{\"records\": [{rows}]}}"), format!(" [{rows}]\n"), format!("\u{feff}[{rows}]")]
    {
        let found: Vec<_> = decode(wrapped.as_bytes()).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, expect);
    }
}

#[test]
fn xml_in_every_clothing() {
    let xml = format_file("windows-events.xml");
    let inner = xml.replace("<Events>", "").replace("</Events>", "");
    let expect = story();
    for clothing in [
        inner.clone(),
        format!("<?xml version='1.0' encoding='utf-8'?>\r\n{xml}"),
        xml.replace(" xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"", ""),
        xml.replace("<Event ", "<e:Event ").replace("</Event>", "</e:Event>"),
        format!("<a><b>{xml}</b></a>"),
        inner
            .replace("<EventID>", "<EventID Qualifiers='0'> \n")
            .replace("<EventData>", "<EventData><Binary>00</Binary><Data/><Data>x</Data>"),
    ] {
        let found: Vec<_> = decode(clothing.as_bytes()).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, expect);
    }
}

#[test]
fn json_in_every_clothing() {
    let expect = lines(&Decoder::default(), "evtx-dump.ndjson");
    let dump = format_file("evtx-dump.ndjson");
    let separate = dump
        .replace(
            "\"Provider\": {\"#attributes\": {\"Name\": \"Microsoft-Windows-S",
            "\"Provider_attributes\": {\"Name\": \"Microsoft-Windows-S",
        )
        .replace("}}, \"EventID\"", "}, \"EventID\"");
    let strings = dump
        .replace("\"EventID\": 4887", "\"EventID\": \"4887\"")
        .replace("\"RequestId\": \"103\"", "\"RequestId\": 103");
    for text in [
        strings,
        dump.replace(
            "\"EventID\": 4886",
            "\"EventID\": {\"#attributes\": {\"Qualifiers\": 0}, \"#text\": 4886}",
        ),
    ] {
        let found: Vec<_> = text.lines().flat_map(|l| decode(l.as_bytes())).map(Result::unwrap).collect();
        assert_eq!(found, expect);
    }
    let line = separate.lines().nth(1).unwrap();
    assert_eq!(decode(line.as_bytes())[0].as_ref().unwrap(), &expect[1], "{line}");
}

#[test]
fn winlogbeat_of_every_version() {
    let expect = lines(&Decoder::default(), "winlogbeat8.ndjson");
    for (line, expect) in format_file("winlogbeat8.ndjson").lines().zip(&expect) {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        // Version 6 had no `winlog`, other names for three of its fields, and a number for the id.
        let mut six = event["winlog"].clone();
        let map = six.as_object_mut().unwrap();
        map.insert("@timestamp".into(), event["@timestamp"].clone());
        for (new, old) in
            [("provider_name", "source_name"), ("channel", "log_name"), ("record_id", "record_number")]
        {
            let value = map.remove(new).unwrap();
            map.insert(old.into(), if old == "record_number" { value.to_string().into() } else { value });
        }
        let id: u32 = map["event_id"].as_str().unwrap().parse().unwrap();
        map.insert("event_id".into(), id.into());
        // Elastic Agent's pipeline may leave the id to `event.code`.
        let mut agent = event.clone();
        agent["winlog"].as_object_mut().unwrap().remove("event_id");
        for variant in [six, agent] {
            assert_eq!(decode(variant.to_string().as_bytes()), [Ok(expect.clone())], "{variant}");
        }
    }
}

#[test]
fn a_sentinel_row_without_its_xml_is_read_from_its_columns() {
    let row = format_file("sentinel-securityevent.ndjson").lines().nth(1).unwrap().to_owned();
    let mut row: serde_json::Value = serde_json::from_str(&row).unwrap();
    row.as_object_mut().unwrap().remove("EventData");
    let outcome = decode(row.to_string().as_bytes()).remove(0).unwrap();
    let Decoded::Event(event) = outcome else { panic!("{outcome:?}") };
    let Activity::CertificateIssued(issued) = event.activity else { panic!() };
    assert_eq!((issued.request.request_id, issued.serial), (101, None));
}
