//! Three events in the layouts of many products: each file must give the same events, less exactly what it loses.

use crate::decode_formats::decode_with;
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::{Decoded, Decoder, Format, Place};
use adcs_watch::event::time::Time;
use adcs_watch::event::{Activity, Event};
use std::path::{Path, PathBuf};

/// A fact that a layout loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Milliseconds,
    RecordId,
    Channel,
    /// How the ticket of a logon was asked for, and the hash of its certificate.
    Ticket,
}

use Loss::{Channel, Milliseconds, RecordId, Ticket};

/// Every file, its format, and what it loses. A listed loss that is none fails as well.
const LAYOUTS: &[(&str, Format, &[Loss])] = &[
    ("adiscon.log", Format::Flat, &[]),
    ("badgerfish.ndjson", Format::EvtxDump, &[]),
    ("base64-cef.ndjson", Format::Cef, &[]),
    ("base64-leef.ndjson", Format::Leef, &[]),
    ("base64-list.ndjson", Format::Flat, &[]),
    ("base64-pretty.ndjson", Format::Flat, &[]),
    ("cef-columns.ndjson", Format::Cef, &[Milliseconds, RecordId, Channel]),
    ("cef-extensions.ndjson", Format::Cef, &[RecordId, Channel]),
    ("cef-message.log", Format::Cef, &[]),
    ("cef-values.log", Format::Cef, &[Channel]),
    ("chainsaw.json", Format::EvtxDump, &[]),
    ("clixml.xml", Format::DotNet, &[]),
    ("cloudevents-base64.ndjson", Format::Winlogbeat, &[]),
    ("cloudevents-nxlog.ndjson", Format::Nxlog, &[Milliseconds]),
    ("cloudevents-winlogbeat.ndjson", Format::Winlogbeat, &[]),
    ("cloudwatch-gzip.ndjson", Format::XmlInJson, &[]),
    ("cloudwatch-text.json", Format::EventText, &[RecordId]),
    ("cribl-edge.ndjson", Format::DotNet, &[]),
    ("dynatrace.ndjson", Format::Winlogbeat, &[RecordId, Channel]),
    ("elastic-agent-ingested.ndjson", Format::Winlogbeat, &[]),
    ("elastic-agent-user.ndjson", Format::Winlogbeat, &[]),
    ("elasticsearch-fields.json", Format::Flat, &[]),
    ("elasticsearch-hits.json", Format::Winlogbeat, &[]),
    ("escaped-xml.ndjson", Format::XmlInJson, &[]),
    ("esql.ndjson", Format::Flat, &[]),
    ("event-hub-records.json", Format::Sentinel, &[]),
    ("event-original.ndjson", Format::XmlInJson, &[]),
    ("evtxecmd.ndjson", Format::EvtxEcmd, &[]),
    ("filebeat-xml.ndjson", Format::XmlInJson, &[]),
    ("flat.ndjson", Format::Flat, &[]),
    ("fluent-bit-winlog.ndjson", Format::FluentBit, &[Milliseconds]),
    ("fluent-bit-xml.ndjson", Format::XmlInJson, &[]),
    ("fluentd1.ndjson", Format::Fluentd, &[Milliseconds]),
    ("fluentd2-description.ndjson", Format::Fluentd, &[]),
    ("fluentd2.ndjson", Format::Fluentd, &[]),
    ("format-list.txt", Format::EventText, &[Milliseconds]),
    ("fortisiem.log", Format::SyslogData, &[Milliseconds, RecordId, Channel]),
    ("gdata.ndjson", Format::EvtxDump, &[]),
    ("gelf-nxlog.ndjson", Format::Gelf, &[]),
    ("gelf-text-only.ndjson", Format::Gelf, &[]),
    ("get-winevent-ps5.ndjson", Format::DotNet, &[]),
    ("get-winevent-ps7.ndjson", Format::DotNet, &[]),
    ("get-winevent-shallow.json", Format::DotNet, &[]),
    ("graylog-beats.ndjson", Format::Winlogbeat, &[]),
    ("graylog-search.json", Format::Flat, &[]),
    ("half-dotted.ndjson", Format::Winlogbeat, &[]),
    ("hayabusa.ndjson", Format::Flat, &[]),
    ("ids-in-groups.ndjson", Format::Flat, &[]),
    ("ids-in-hex.ndjson", Format::Flat, &[]),
    ("indexed-members.ndjson", Format::EvtxDump, &[]),
    ("journald-xml.ndjson", Format::XmlInJson, &[]),
    ("json-sequence.ndjson", Format::Flat, &[]),
    ("kafka-connect-json.ndjson", Format::Winlogbeat, &[]),
    ("kafka-connect-xml.ndjson", Format::XmlInJson, &[]),
    ("key-values.log", Format::KeyValues, &[]),
    ("kibana-alert.ndjson", Format::Winlogbeat, &[]),
    ("kinesis-gzip.ndjson", Format::XmlInJson, &[]),
    ("kusto.json", Format::Sentinel, &[RecordId]),
    ("leef.log", Format::Leef, &[]),
    ("lines-in-string.json", Format::Flat, &[]),
    ("log-analytics-query.json", Format::Sentinel, &[]),
    ("logfmt.log", Format::KeyValues, &[]),
    ("logscale.ndjson", Format::Flat, &[]),
    ("logstash-nested-string.ndjson", Format::EvtxDump, &[]),
    ("loki.ndjson", Format::Flat, &[]),
    ("mongodb.ndjson", Format::Flat, &[]),
    ("netwitness.log", Format::EventText, &[Milliseconds]),
    ("numbered-members.json", Format::Flat, &[]),
    ("nxlog-epoch.ndjson", Format::Nxlog, &[]),
    ("nxlog-flat.xml", Format::Xml, &[]),
    ("nxlog-zone.ndjson", Format::Nxlog, &[]),
    ("ocsf-raw.ndjson", Format::Ocsf, &[]),
    ("ocsf.ndjson", Format::Ocsf, &[Ticket]),
    ("opensearch-sql.ndjson", Format::Flat, &[]),
    ("opentelemetry-list.ndjson", Format::OpenTelemetry, &[]),
    ("opentelemetry-raw.ndjson", Format::XmlInJson, &[]),
    ("opentelemetry.ndjson", Format::OpenTelemetry, &[]),
    ("osquery.ndjson", Format::Flat, &[RecordId]),
    ("ossec.log", Format::EventText, &[Milliseconds, RecordId]),
    ("otel-parse-xml.ndjson", Format::XmlInJson, &[]),
    ("otlp-kvlist-body.ndjson", Format::OpenTelemetry, &[]),
    ("otlp-protobuf-names.ndjson", Format::OpenTelemetry, &[]),
    ("otlp-xml-body.ndjson", Format::XmlInJson, &[]),
    ("panther.ndjson", Format::Flat, &[]),
    ("pasted.xml", Format::Xml, &[]),
    ("plaso.ndjson", Format::Flat, &[Channel]),
    ("prefixed.ndjson", Format::XmlInJson, &[]),
    ("prefixed.xml", Format::Xml, &[]),
    ("pretty-array.json", Format::Flat, &[]),
    ("protobuf-struct.ndjson", Format::Flat, &[]),
    ("pubsub-base64-xml.ndjson", Format::XmlInJson, &[]),
    ("schema-registry.ndjson", Format::Flat, &[]),
    ("sekoia.ndjson", Format::Flat, &[RecordId, Channel]),
    ("sentinel-event-data.ndjson", Format::Sentinel, &[RecordId]),
    ("sentinel-event-params.ndjson", Format::Sentinel, &[RecordId]),
    ("sentinel-portal-offset.ndjson", Format::Sentinel, &[]),
    ("sentinel-portal.ndjson", Format::Sentinel, &[]),
    ("sentinel-raw-event-data.ndjson", Format::Sentinel, &[]),
    ("sentinel-windowsevent-text.ndjson", Format::Sentinel, &[]),
    ("sentinel-windowsevent.ndjson", Format::Sentinel, &[]),
    ("sentinelone.ndjson", Format::Flat, &[RecordId]),
    ("snare-bars.log", Format::Snare, &[Milliseconds]),
    ("snare-escaped-tabs.log", Format::Snare, &[Milliseconds]),
    ("snare.log", Format::Snare, &[Milliseconds]),
    ("splunk-export.ndjson", Format::XmlInJson, &[]),
    ("splunk-hec.ndjson", Format::XmlInJson, &[]),
    ("splunk-text.ndjson", Format::SplunkText, &[]),
    ("syslog-3164-json.log", Format::Nxlog, &[Milliseconds]),
    ("syslog-5424-bom.log", Format::Flat, &[]),
    ("syslog-5424-xml.log", Format::Xml, &[]),
    ("syslog-ng-agent.log", Format::SyslogData, &[RecordId, Channel]),
    ("syslog-ng.ndjson", Format::Flat, &[Channel]),
    ("syslog-octal-xml.log", Format::Xml, &[]),
    ("syslog-octets-json.log", Format::Winlogbeat, &[]),
    ("syslog-octets-stream.txt", Format::Winlogbeat, &[]),
    ("syslog-structured-data.log", Format::SyslogData, &[]),
    ("system-event-data.ndjson", Format::SystemData, &[]),
    ("telegraf-influx.log", Format::KeyValues, &[]),
    ("telegraf.ndjson", Format::Flat, &[]),
    ("texts-in-array.json", Format::Flat, &[]),
    ("texts-of-xml.ndjson", Format::Xml, &[]),
    ("trailing-commas.json", Format::Winlogbeat, &[]),
    ("udm-bigquery.ndjson", Format::Flat, &[Channel]),
    ("udm.ndjson", Format::Flat, &[Channel]),
    ("value-bars.log", Format::KeyValues, &[]),
    ("vector.ndjson", Format::Vector, &[]),
    ("velociraptor.ndjson", Format::SystemData, &[]),
    ("vision-one.ndjson", Format::Flat, &[RecordId, Channel]),
    ("wazuh-alert.ndjson", Format::Wazuh, &[]),
    ("wazuh-archive.ndjson", Format::EventText, &[Milliseconds, RecordId]),
    ("wazuh-dotted.ndjson", Format::Flat, &[]),
    ("wazuh-indexer.ndjson", Format::Wazuh, &[]),
    ("wazuh.ndjson", Format::Wazuh, &[]),
    ("wevtutil.txt", Format::EventText, &[RecordId]),
    ("wincollect.log", Format::Leef, &[Milliseconds]),
    ("winlogbeat-dotted.ndjson", Format::Winlogbeat, &[]),
    ("winlogbeat9-forwarded.ndjson", Format::Winlogbeat, &[]),
    ("x2js.ndjson", Format::EvtxDump, &[]),
    ("xml-beside-text.ndjson", Format::XmlInJson, &[]),
    ("xml-js-compact.ndjson", Format::EvtxDump, &[]),
    ("xml-js-elements.ndjson", Format::XmlInJson, &[]),
    ("xml-to-json.ndjson", Format::EvtxDump, &[]),
    ("xml2js.ndjson", Format::EvtxDump, &[]),
    ("xsiam-dataset.ndjson", Format::Flat, &[RecordId, Channel]),
    ("xsiam.ndjson", Format::Flat, &[]),
    ("zabbix.ndjson", Format::Flat, &[Milliseconds, RecordId, Channel]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/layouts")
}

/// The records of a file: its lines, or all of it.
pub(crate) fn records(name: &str) -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    let in_lines = name.ends_with(".ndjson") || name.ends_with(".log");
    let lines = text.lines().map(|line| line.as_bytes().to_vec());
    if in_lines { lines.collect() } else { vec![text.as_bytes().to_vec()] }
}

/// The names of the files.
pub(crate) fn layout_names() -> impl Iterator<Item = &'static str> {
    LAYOUTS.iter().map(|(name, _, _)| *name)
}

/// The records of every layout.
pub(crate) fn all_records() -> impl Iterator<Item = Vec<u8>> {
    LAYOUTS.iter().flat_map(|(name, _, _)| records(name))
}

fn read(decoder: &Decoder, record: &[u8]) -> Vec<(Option<Format>, Result<Decoded, String>)> {
    let mut outcomes = Vec::new();
    decoder.decode_with_format(record, &Place::default(), &mut |format, outcome| {
        outcomes.push((format, outcome.map_err(|rejection| rejection.to_string())));
    });
    outcomes
}

/// The three events as the layout that loses nothing gives them.
fn whole() -> Vec<Event> {
    events("filebeat-xml.ndjson", None)
}

fn events(name: &str, format: Option<Format>) -> Vec<Event> {
    let decoder = Decoder { format, ..Decoder::default() };
    let outcomes = records(name).into_iter().flat_map(move |record| decode_with(&decoder, &record));
    let event = |outcome| match outcome {
        Ok(Decoded::Event(event)) => *event,
        other => panic!("{name}: {other:?}"),
    };
    outcomes.map(event).collect()
}

fn lose(loss: Loss, event: &mut Event) {
    match loss {
        Milliseconds => event.time = Time::from_millis(event.time.as_millis() / 1000 * 1000),
        RecordId => event.origin.record_id = None,
        Channel => event.origin.channel.clear(),
        Ticket => {
            if let Activity::CertificateLogon(logon) = &mut event.activity {
                (logon.ticket_options, logon.ticket_encryption, logon.preauth_type) = (None, None, None);
                logon.thumbprint = None;
            }
        }
    }
}

/// What differs without meaning: how white space in a name is written, and the case of a channel.
fn plain(mut event: Event) -> Event {
    event.origin.channel = event.origin.channel.to_lowercase();
    if let Activity::ShareAccessed(share) = &mut event.activity {
        share.local_path.clear();
    }
    event
}

#[test]
fn every_layout_gives_the_same_three_events() {
    let whole = whole();
    assert_eq!(whole.len(), 3);
    let mut wrong = Vec::new();
    for (name, _, losses) in LAYOUTS {
        let mut expected = whole.clone();
        expected.iter_mut().for_each(|event| losses.iter().for_each(|loss| lose(*loss, event)));
        let decoder = Decoder::default();
        let outcomes: Vec<_> = records(name).iter().flat_map(|record| read(&decoder, record)).collect();
        let found: Vec<_> = outcomes.iter().map(|(_, outcome)| outcome.clone()).collect();
        let same = found.len() == 3
            && found.iter().zip(&expected).all(|(found, expected)| {
                matches!(found, Ok(Decoded::Event(event)) if plain((**event).clone()) == plain(expected.clone()))
            });
        if !same {
            wrong.push(format!("{name}: {found:#?}\nexpected {expected:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} layouts\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn a_listed_loss_is_a_loss() {
    let whole = whole();
    for (name, _, losses) in LAYOUTS {
        for loss in *losses {
            let mut changed = whole.clone();
            changed.iter_mut().for_each(|event| lose(*loss, event));
            assert_ne!(events(name, None), whole, "{name} loses nothing");
            assert_ne!(changed, whole, "{loss:?}");
        }
    }
}

#[test]
fn every_layout_is_recognised() {
    for (name, format, _) in LAYOUTS {
        for record in records(name) {
            for (found, _) in read(&Decoder::default(), &record) {
                assert_eq!(found, Some(*format), "{name}");
            }
        }
        assert_eq!(events(name, Some(*format)).len(), 3, "{name}, named {}", format.as_str());
    }
}

#[test]
fn every_file_is_listed() {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, LAYOUTS.iter().map(|(name, _, _)| *name).collect::<Vec<_>>());
}

#[test]
fn the_prefilter_passes_every_layout() {
    for (name, _, _) in LAYOUTS {
        for record in records(name) {
            assert!(Prefilter::for_source(None, None).may_matter(&record), "{name}");
        }
    }
}

#[test]
fn xml_without_an_event_is_rejected_where_it_names_a_wanted_one() {
    let of = |text: &str| read(&Decoder::default(), text.as_bytes());
    let rejected = of("<Record><Id>4887</Id><Host>ca01</Host></Record>");
    assert!(matches!(rejected.as_slice(), [(None, Err(_))]), "{rejected:?}");
    for text in
        ["<Record><Id>4688</Id></Record>", "<html><body>14887</body></html>", "<Objs><Obj></Obj></Objs>"]
    {
        let ignored = of(text);
        assert!(matches!(ignored.as_slice(), [(_, Ok(Decoded::Ignored(None)))]), "{text}: {ignored:?}");
    }
}

#[test]
fn record_without_an_id_that_names_a_wanted_event_is_rejected() {
    let ecs = |rest: &str| format!(r#"{{"@timestamp": "2026-04-07T13:20:30Z", "ecs": {{}}, {rest}}}"#);
    let of = |text: &str| read(&Decoder::default(), text.as_bytes());
    for text in [
        r#"{"Event": {"System": {"EventID": {"number": {"is": 4887}}}}}"#,
        r#"{"winlog": {"channel": "Security"}, "message": "4887 issued"}"#,
        &ecs(r#""message": "Event 4887: Certificate Services approved a request""#),
        &ecs(r#""message": "EID4887""#),
        r#"<Event><System EventID="4887"/></Event>"#,
    ] {
        let outcomes = of(text);
        assert!(matches!(outcomes.as_slice(), [(_, Err(_))]), "{text}: {outcomes:?}");
    }
    for text in [
        r#"{"Event": {"System": {"Name": "14888 7"}}}"#,
        &ecs(r#""process": {"thread": {"id": 4887}}, "message": "4887 bytes""#),
        r#"<Event><System Port="14887"/></Event>"#,
        "<Events><Event/></Events>",
    ] {
        let outcomes = of(text);
        assert!(matches!(outcomes.as_slice(), [(_, Ok(Decoded::Ignored(None)))]), "{text}: {outcomes:?}");
    }
}

#[test]
fn base64_of_another_text_is_no_event() {
    for text in ["<html>4887</html>", "an event 4887", "%PDF 4887"] {
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
        let outcomes = read(&Decoder::default(), format!("{{\"payload\": \"{encoded}\"}}").as_bytes());
        assert!(matches!(outcomes.as_slice(), [(None, Err(_))]), "{text}: {outcomes:?}");
    }
}

#[test]
fn an_id_of_the_envelope_hides_no_event() {
    let story = std::fs::read_to_string(folder().join("flat.ndjson")).unwrap();
    let event = story.lines().next().unwrap();
    for envelope in [
        format!("{{\"event_id\": 17, \"payload\": {event}}}"),
        format!("{{\"class_uid\": 9, \"raw_data\": {}}}", serde_json::to_string(event).unwrap()),
    ] {
        let outcomes = read(&Decoder::default(), envelope.as_bytes());
        assert!(matches!(outcomes.as_slice(), [(_, Ok(Decoded::Event(_)))]), "{envelope}: {outcomes:?}");
    }
    // What Windows wrote is not searched for others: the text of a script is no event.
    let script = format!(
        "{{\"EventID\": 4104, \"Channel\": \"x\", \"ScriptBlockText\": {}}}",
        serde_json::to_string(event).unwrap()
    );
    let outcomes = read(&Decoder::default(), script.as_bytes());
    assert!(matches!(outcomes.as_slice(), [(_, Ok(Decoded::Ignored(Some(4104))))]), "{outcomes:?}");
}
