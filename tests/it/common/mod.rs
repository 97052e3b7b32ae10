//! What several tests use.

use adcs_watch::alert::Alert;
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use std::path::{Path, PathBuf};

/// A path of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

const END: &str = "<!-- to here -->\n";

/// Whether the part of a page that the tests `written_by` write is current.
pub(crate) fn is_current(path: &str, written_by: &str, reference: &str) {
    let begin = format!("<!-- written by UPDATE=1 cargo test --test it {written_by} -->\n");
    let page = std::fs::read_to_string(project(path)).unwrap();
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{path} has no place for it"));
    let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("{path}: where does it end?"));
    let current = format!("{before}{begin}\n{reference}\n{END}{after}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(project(path), &current).unwrap();
    }
    assert!(page == current || std::env::var_os("UPDATE").is_some(), "{path} is not current: {begin}");
}

/// The events of one file in the order in which they stand there: XML is one record, else each line is one.
pub(crate) fn events_of(path: &Path) -> Vec<Event> {
    let bytes = std::fs::read(path).unwrap();
    let decoder = Decoder::default();
    let source = path.file_name().unwrap().to_string_lossy().into_owned();
    let whole = path.extension().is_some_and(|extension| extension == "xml");
    let records: Vec<&[u8]> = if whole { vec![&bytes] } else { bytes.split(|b| *b == b'\n').collect() };
    let mut events = Vec::new();
    for (index, record) in records.into_iter().enumerate().filter(|(_, record)| !record.is_empty()) {
        let place = Place { source: source.clone(), offset: index as u64 + 1, ..Place::default() };
        decoder.decode(record, &place, &mut |decoded| match decoded {
            Ok(Decoded::Event(event)) => events.push(*event),
            Ok(Decoded::Ignored(_)) => {}
            Err(rejection) => panic!("{}:{}: {rejection}", path.display(), index + 1),
        });
    }
    events
}

/// All alerts, with their revisions, that these events raise in this order.
pub(crate) fn alerts_of(policy: &Policy, events: &[Event]) -> Vec<Alert> {
    let mut engine = Engine::new(policy.clone());
    events.iter().flat_map(|event| engine.on_event(event).alerts).collect()
}

/// An engine that was written to a checkpoint and read back.
pub(crate) fn restored(policy: &Policy, engine: &mut Engine) -> Engine {
    let records = engine.take_changes();
    let marker = engine.marker(0, 0);
    let restored = Engine::restore(policy.clone(), &marker, records).unwrap();
    assert_eq!(restored.digest(), engine.digest());
    restored
}

/// Every approved alert of every recording, with the file it stands in.
#[cfg(feature = "service")]
pub(crate) fn golden_alerts() -> Vec<(String, serde_json::Value)> {
    let mut files: Vec<PathBuf> = folders(&project("tests/detections"))
        .iter()
        .flat_map(|detection| folders(detection))
        .map(|recording| recording.join("alerts.json"))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let alerts = |path: &PathBuf| {
        let alerts: Vec<serde_json::Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        alerts.into_iter().map(|alert| (path.display().to_string(), alert)).collect::<Vec<_>>()
    };
    files.iter().flat_map(alerts).collect()
}

#[cfg(feature = "service")]
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}
