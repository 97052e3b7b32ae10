//! What must hold for any bytes: the body of each fuzz target. `tests/it/fuzz_corpora.rs` runs the committed corpora
//! through the same functions, without a nightly toolchain.

use adcs_watch::alert::Alert;
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::decode::rejection::{Reason, Rejection};
use adcs_watch::decode::{Decoded, Decoder, Format, Place};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::account::{Account, Sid};
use adcs_watch::event::san_display::parse_display;
use adcs_watch::event::serial::Serial;
use adcs_watch::event::time::Time;
use adcs_watch::event::{Event, host};
use adcs_watch::state::key::EntityKey;
use adcs_watch::state::store::{Change, Hour, KeyedStore};
use adcs_watch::wire;
use adcs_watch::wire::record::{Marker, StateRecord};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| Prefilter::for_source(None, None));

/// A request, a logon and a use of the pipe of a CA.
const STORY: &str = include_str!("../tests/formats/layouts/filebeat-xml.ndjson");

fn events_of(record: &[u8], decoder: &Decoder) -> Vec<Event> {
    let mut events = Vec::new();
    decoder.decode(record, &Place::default(), &mut |outcome| {
        if let Ok(Decoded::Event(event)) = outcome {
            events.push(*event);
        }
    });
    events
}

/// The events of a text with one record on each line.
fn events_of_lines(text: &str) -> Vec<Event> {
    let decoder = Decoder::default();
    text.lines().flat_map(|line| events_of(line.as_bytes(), &decoder)).collect()
}

pub(crate) fn story() -> Vec<Event> {
    events_of_lines(STORY)
}

/// Events, and the checkpoint behind them.
pub(crate) struct Recording {
    pub(crate) detection: String,
    events: Vec<Event>,
    marker: Marker,
    pub(crate) records: Vec<StateRecord>,
}

/// A recording of each detection: together they have every kind of state.
pub(crate) static RECORDINGS: LazyLock<Vec<Recording>> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let detections = here.map(|folder| folder.join("tests/detections")).find(|folder| folder.is_dir());
    let detections = detections.expect("the recordings are beside the fuzz targets");
    sorted(&detections).iter().filter_map(|detection| recording(detection)).collect()
});

/// The first short recording of a detection that fires.
fn recording(detection: &Path) -> Option<Recording> {
    let texts = sorted(detection)
        .into_iter()
        .filter(|folder| folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("fires_")))
        .filter_map(|folder| fs::read_to_string(folder.join("events.ndjson")).ok());
    let events = events_of_lines(&{ texts }.find(|text| text.lines().count() < 20)?);
    let mut engine = Engine::new(Policy::default());
    events.iter().for_each(|event| drop(engine.on_event(event)));
    let records = engine.take_changes();
    let detection = detection.file_name()?.to_string_lossy().into_owned();
    Some(Recording { detection, events, marker: engine.marker(0, 0), records })
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn is_wanted(outcome: &Result<Decoded, Rejection>) -> bool {
    match outcome {
        Ok(Decoded::Event(_)) => true,
        Ok(Decoded::Ignored(_)) => false,
        Err(rejection) => matches!(
            rejection.reason,
            Reason::MissingField
                | Reason::BadField
                | Reason::FieldTooLong
                | Reason::OtherLanguage
                | Reason::PositionUnclear
        ),
    }
}

/// A record, in any format: at least one outcome, and the prefilter keeps its promise.
pub(crate) fn decode(record: &[u8]) {
    for format in Format::ALL.map(Some).into_iter().chain([None]) {
        let decoder = Decoder { format, ..Decoder::default() };
        let (mut outcomes, mut wanted) = (0, false);
        decoder.decode(record, &Place::default(), &mut |outcome| {
            outcomes += 1;
            wanted |= is_wanted(&outcome);
        });
        assert!(outcomes > 0);
        assert!(!wanted || format == Some(Format::Protobuf) || PREFILTER.may_matter(record));
    }
}

/// A text inside JSON, inside JSON inside JSON, in a list, and behind a syslog header: no panic.
pub(crate) fn envelopes(record: &[u8]) {
    let Ok(text) = std::str::from_utf8(record) else { return };
    let decoder = Decoder::default();
    for wrapped in [
        format!("{{\"message\":{}}}", quoted(text)),
        format!("{{\"payload\":{}}}", quoted(&format!("{{\"body\":{}}}", quoted(text)))),
        format!("<13>1 2026-03-02T09:00:00Z wec01 app - - - {text}"),
        format!("[{text},{text}]"),
    ] {
        let _ = events_of(wrapped.as_bytes(), &decoder);
    }
}

/// Attributes, alternative names, a subject, accounts, serials, times: read as parts of a certificate, and judged.
pub(crate) fn small_languages(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let (names, left_out) = parse_display(&text);
    assert!(names.len() <= 64 || left_out > 0);
    let _ = (Sid::parse(&text), Serial::parse(&text), Account::parse(&text).canonical());
    let _ = (Time::parse_rfc3339(&text), host::remote_ip(&text), host::Host::new(&text).label().len());
    let text = quoted(&text);
    let record = format!(
        "{{\"EventID\":4887,\"TimeCreated\":\"2026-03-02T09:00:00Z\",\"Computer\":\"ca01.corp.example\",\"Channel\":\
         \"Security\",\"RequestId\":\"7\",\"Requester\":\"CORP\\\\eve\",\"Attributes\":{text},\"Subject\":{text},\
         \"SubjectAlternativeName\":{text},\"CertificateTemplate\":{text}}}"
    );
    let mut engine = Engine::new(Policy::default());
    for event in events_of(record.as_bytes(), &Decoder::default()) {
        same_on_the_wire(&event);
        engine.on_event(&event);
    }
}

fn same_on_the_wire(event: &Event) {
    let bytes = wire::event::encode(event);
    assert_eq!(wire::event::decode(&bytes).as_ref(), Ok(event));
}

/// Records of the routed topic and of the alerts: what is read of them is written and read again as the same.
pub(crate) fn records(bytes: &[u8]) {
    wire::routed::decode(bytes).flatten().for_each(|event| same_on_the_wire(&event));
    if let Ok(event) = wire::event::decode(bytes) {
        same_on_the_wire(&event);
    }
    if let Ok(alert) = wire::alert::from_protobuf(bytes) {
        let again: Result<Alert, _> = wire::alert::from_protobuf(&wire::alert::to_protobuf(&alert));
        assert_eq!(again.as_ref(), Ok(&alert));
        assert!(!wire::alert::to_json(&alert).is_empty());
    }
}

/// A checkpoint in which the state of one entity is replaced by these bytes: it is restored, and the next events are
/// handled whatever it holds. The first byte chooses the recording, the second the entity.
pub(crate) fn state(bytes: &[u8]) {
    let _ =
        wire::decode::<Marker>(bytes).map(|marker| Engine::restore(Policy::default(), &marker, []).is_ok());
    let _ = wire::decode::<StateRecord>(bytes);
    let Some(([recording, entity], state)) = bytes.split_first_chunk() else { return };
    let recording = &RECORDINGS[usize::from(*recording) % RECORDINGS.len()];
    let mut records = recording.records.clone();
    let at = usize::from(*entity) % records.len();
    records[at].state = Some(state.to_vec());
    let marker = Marker {
        digest: digest(&records).to_be_bytes().to_vec(),
        records: records.iter().filter(|record| record.state.is_some()).count() as u64,
        ..recording.marker.clone()
    };
    let restored = Engine::restore(Policy::default(), &marker, records);
    let mut engine = restored.expect("the records are those of the marker");
    recording.events.iter().for_each(|event| drop(engine.on_event(event)));
    let _ = engine.take_changes();
}

/// The digest of a checkpoint's records.
fn digest(records: &[StateRecord]) -> u128 {
    let mut sum = 0_u128;
    for record in records {
        let mut store = KeyedStore::default();
        store.restore(Change {
            key: EntityKey::from_bits(u128::from_be_bytes(
                record.key.as_slice().try_into().expect("16 bytes"),
            )),
            expires: Hour(record.expires_hours),
            record: record.state.clone().map(Vec::into_boxed_slice),
        });
        sum = sum.wrapping_add(store.digest());
    }
    sum
}

/// A config: read, or refused with its mistakes.
#[cfg(feature = "files")]
pub(crate) fn config(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    if let Err(mistakes) = adcs_watch::config::Config::parse("adcs-watch.yaml", &text) {
        assert!(!mistakes.to_string().is_empty());
    }
}

/// A file, also compressed and `.evtx`: cut into records, which are decoded.
#[cfg(feature = "files")]
pub(crate) fn files(bytes: &[u8]) {
    use adcs_watch::replay::framing::{Content, Frame};
    let decoder = Decoder::default();
    let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let _ = adcs_watch::replay::open::stream(input, &mut |frame: Frame<'_>| {
        if let Content::Record(record) = frame.content {
            let _ = events_of(record, &decoder);
        }
        Ok(())
    });
}

/// Exports of the directory and of a CA: facts, or rows with their mistakes.
#[cfg(feature = "files")]
pub(crate) fn inventory(bytes: &[u8]) {
    use adcs_watch::inventory::{accounts, issued, templates};
    let text = String::from_utf8_lossy(bytes);
    let zone = Decoder::default().zone;
    let _ = accounts::read(&text, Some("CORP"));
    let _ = templates::read(&text);
    let _ = issued::read(&text, &host::Host::new("ca01.corp.example"), &zone);
}

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
