//! The table of every alert of the recordings: whole at any width, and harmless.

use crate::common::{alerts_of, events_of, project};
use adcs_watch::alert::Alert;
use adcs_watch::detect::policy::Policy;
use adcs_watch::replay::pipe::Pipe;
use adcs_watch::replay::show::{Format, start};
use adcs_watch::replay::summary::Summary;
use std::fs;
use std::path::PathBuf;

fn recorded_alerts() -> Vec<Alert> {
    let folders =
        |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let recordings =
        folders(project("tests/detections")).flat_map(folders).map(|folder| folder.join("events.ndjson"));
    let mut alerts: Vec<Alert> = recordings
        .filter(|events| events.exists())
        .flat_map(|events| alerts_of(&Policy::default(), &events_of(&events)))
        .collect();
    alerts.sort_by_key(|alert| (alert.time, alert.alert_id, alert.revision));
    alerts
}

/// The table without its colours.
fn table(alerts: &[Alert], width: usize) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut show = start(Format::Table, Pipe::new(&mut out), &mut err, width).unwrap();
    let mut summary = Summary::default();
    for alert in alerts {
        summary.alert(alert, true);
        show.latest(alert).unwrap();
    }
    show.finish(&summary).unwrap();
    drop(show);
    anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string()
}

#[test]
fn lines_fit_the_terminal() {
    let alerts = recorded_alerts();
    assert!(alerts.len() > 20, "the recordings have alerts");
    for width in [80, 100, 120] {
        for line in table(&alerts, width).lines() {
            assert!(line.chars().count() <= width, "wider than {width}: {line}");
            assert!(!line.ends_with(' '), "blanks at the end: `{line}`");
        }
    }
}

#[test]
fn control_characters_of_events_are_escaped() {
    let mut alert = recorded_alerts().remove(0);
    alert.san_values = vec!["x\u{1b}]0;owned\u{7}\u{202e}y\r\nz".to_owned()];
    let table = table(&[alert], 120);
    assert!(
        table.contains("x\\u{1b}]0;owned\\u{7}\\u{202e}y  z")
            || table.contains("x\\u{1b}]0;owned\\u{7}\\u{202e}y z")
    );
    assert!(table.chars().all(|c| c == '\n' || !c.is_control()));
}
