//! Records of names and values that a relay cut off: wherever the cut is, no event comes of what is left, because the client
//! chooses how long its attributes are. And values without quotes, which hold blanks, commas and semicolons.

use crate::decode_formats::decode;
use crate::decode_layouts::records;
use adcs_watch::decode::Decoded;
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::Reason;
use adcs_watch::event::{Activity, Event};

/// Layouts of pairs in the order of the event, and how each writes the mark behind a name.
const PAIRS: [&str; 5] =
    ["cef-values.log", "value-bars.log", "logfmt.log", "telegraf-influx.log", "cef-extensions.ndjson"];

/// The fields of the three events that a record must go on to, and those that show that it must go on to its end.
const NEEDED: [(&str, &str); 3] =
    [("SubjectKeyIdentifier=", "DCOMorRPC="), ("IpAddress=", "CertThumbprint="), ("RelativeTargetName=", "")];

fn event(record: &[u8]) -> Option<Event> {
    decode(record).into_iter().find_map(|outcome| match outcome {
        Ok(Decoded::Event(event)) => Some(*event),
        _ => None,
    })
}

/// The same record with its text cut off behind so many bytes: the line, or the string in its column.
fn cut(name: &str, record: &str, length: usize) -> Option<String> {
    if !name.ends_with(".ndjson") {
        return record.get(..length).map(ToOwned::to_owned);
    }
    let mut record: serde_json::Value = serde_json::from_str(record).unwrap();
    let text = record["AdditionalExtensions"].as_str().unwrap().get(..length)?.to_owned();
    record["AdditionalExtensions"] = text.into();
    Some(record.to_string())
}

fn text_of(name: &str, record: &str) -> String {
    match name.ends_with(".ndjson") {
        true => serde_json::from_str::<serde_json::Value>(record).unwrap()["AdditionalExtensions"]
            .as_str()
            .unwrap()
            .to_owned(),
        false => record.to_owned(),
    }
}

/// LEEF of values between tabs, as the fixtures of LEEF have the message instead.
fn leef(bars: &str) -> String {
    format!("<13>Apr 07 13:20:30 wec01 LEEF:1.0|Microsoft|Windows|10|4887|{}", bars.replace('|', "\t"))
}

fn all() -> Vec<(&'static str, usize, String)> {
    let mut all = Vec::new();
    for name in PAIRS {
        for (at, record) in records(name).into_iter().enumerate() {
            all.push((name, at, String::from_utf8(record).unwrap()));
        }
    }
    let bars = String::from_utf8(records("value-bars.log").swap_remove(0)).unwrap();
    all.push(("leef", 0, leef(&bars)));
    let flat = String::from_utf8(records("flat.ndjson").swap_remove(0)).unwrap();
    // What begins with a brace is JSON that is broken, unless it stands in a string.
    let lines = unquoted(&flat).into_iter().filter(|line| !line.starts_with('{'));
    all.extend(lines.map(|line| ("unquoted", 0, line)));
    all
}

#[test]
fn pairs_that_are_cut_off_are_no_event_wherever_the_cut_is() {
    for (name, at, record) in all() {
        assert!(event(record.as_bytes()).is_some(), "{name}: {record}");
        let text = text_of(name, &record);
        let end = |mark: &str| text.rfind(mark).unwrap_or_else(|| panic!("{name}: {mark}")) + mark.len();
        let (needed, last) = NEEDED[at];
        // What ends where an event of an older CA ends is taken for one.
        let first = (1..end(needed) - needed.len()).collect::<Vec<_>>();
        let behind = match (at, last) {
            (0, last) => (end("SubjectAlternativeName=")..end(last) - last.len()).collect(),
            (1, last) => (end("CertIssuerName=")..end(last) - last.len()).collect(),
            _ => Vec::new(),
        };
        for length in first.into_iter().chain(behind).step_by(3) {
            let Some(cut) = cut(name, &record, length) else { continue };
            assert_eq!(event(cut.as_bytes()), None, "{name}: {cut}");
        }
    }
}

#[test]
fn cut_in_the_attributes_is_rejected_as_a_text_that_ends_too_early() {
    for (name, at, record) in all() {
        let text = text_of(name, &record);
        let Some(attributes) = text.find("WebUser").filter(|_| at == 0) else { continue };
        let cut = cut(name, &record, attributes + 4).unwrap();
        assert!(Prefilter::for_source(None, None).may_matter(cut.as_bytes()), "{name}");
        let outcomes = decode(cut.as_bytes());
        let [Err(rejection)] = outcomes.as_slice() else { panic!("{name}: {outcomes:?}") };
        assert_eq!(rejection.reason, Reason::MissingField, "{name}");
        assert!(rejection.detail.contains("ends before the event does"), "{name}: {rejection}");
    }
}

/// The fields of a flat record as lines of pairs without quotes.
fn unquoted(record: &str) -> Vec<String> {
    let flat: serde_json::Map<String, serde_json::Value> = serde_json::from_str(record).unwrap();
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    // The time at which the shipper read it, and not of the event.
    let pairs: Vec<_> = flat
        .iter()
        .filter(|(name, _)| *name != "@timestamp")
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect();
    let joined = [" ", ", ", "; ", ",", "\t"].map(|separator| pairs.join(separator));
    let [blank, comma, semicolon, ..] = &joined;
    let in_line = blank.replace("\n     ", " ").replace('\n', " ");
    let braces = [format!("{{{comma}}}"), format!("@{{{semicolon}}}")];
    joined.iter().cloned().chain([in_line]).chain(braces).collect()
}

#[test]
fn values_without_quotes_give_the_event_that_quotes_give() {
    let flat = String::from_utf8(records("flat.ndjson").swap_remove(0)).unwrap();
    let mut whole = event(flat.as_bytes()).unwrap();
    for requester in ["eve", "eve long", "nina; x"] {
        let Activity::CertificateIssued(issued) = &mut whole.activity else { panic!() };
        let before = issued.request.names.clone();
        let flat = flat.replace("\\\\eve", &format!("\\\\{requester}"));
        let expected = event(flat.as_bytes()).unwrap();
        for line in unquoted(&flat) {
            // A line that begins with a brace is no JSON, but a string may hold it.
            let record = serde_json::json!({ "message": line }).to_string();
            let found = event(record.as_bytes())
                .unwrap_or_else(|| panic!("{record}: {:?}", decode(record.as_bytes())));
            assert_eq!(found.activity, expected.activity, "{record}");
            let Activity::CertificateIssued(found) = &found.activity else { panic!() };
            assert_eq!(found.request.names, before, "{record}");
        }
    }
}

#[test]
fn json_of_an_event_that_is_cut_off_before_its_id_is_rejected() {
    let cut = r#"{"@timestamp":"2026-04-07T13:20:30.450Z","agent":{"type":"winlogbeat"},"host":{"nam"#;
    let string = serde_json::Value::from(cut);
    for record in [
        cut.to_owned(),
        format!("<13>1 2026-04-07T13:20:30Z wec01 winlogbeat - - - {cut}"),
        format!("<13>Apr  7 13:20:30 wec01 winlogbeat: {cut}"),
        format!("wec01 winlogbeat: {cut}"),
        format!("{{\"log\":{string},\"stream\":\"stdout\",\"time\":\"2026-04-07T13:20:31Z\"}}"),
        format!("{{\"@timestamp\":\"2026-04-07T13:20:31Z\",\"agent\":{{}},\"message\":{string}}}"),
    ] {
        assert!(Prefilter::new().may_matter(record.as_bytes()), "{record}");
        let reasons: Vec<_> =
            decode(record.as_bytes()).into_iter().map(|outcome| outcome.map_err(|r| r.reason)).collect();
        assert!(matches!(reasons[..], [Err(Reason::BadJson)]), "{record}: {reasons:?}");
    }
}

#[test]
fn small_id_in_pairs_that_are_cut_off_counts_only_with_the_name_of_its_provider() {
    let record = |id: u32, provider: &str| {
        format!(
            "time=\"2026-04-07T13:20:30Z\" event_id=\"{id}\" {provider} computer=\"dc01.corp.example\" user=\"ann"
        )
    };
    let prefilter = Prefilter::for_source(None, None);
    for (id, provider, expect) in [
        (39, "", None),
        (48, "provider=\"Firewall\"", None),
        (39, "provider=\"Kdcsvc\"", Some(Reason::MissingField)),
        (41, "provider=\"Microsoft-Windows-Kerberos-Key-Distribution-Center\"", Some(Reason::MissingField)),
        (53, "provider=\"Microsoft-Windows-CertificationAuthority\"", Some(Reason::MissingField)),
        (4887, "", Some(Reason::MissingField)),
    ] {
        let record = record(id, provider);
        let rejected = decode(record.as_bytes()).into_iter().find_map(|outcome| outcome.err());
        assert_eq!(rejected.map(|rejection| rejection.reason), expect, "{record}");
        assert_eq!(prefilter.may_matter(record.as_bytes()), expect.is_some(), "{record}");
    }
}
