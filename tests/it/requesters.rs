//! Findings about the certificates of one requester become one alert, in whatever partitions the certificates live.

use crate::common::{events_of, project};
use crate::stage::{SOURCE, detector, log, only, router};
use adcs_watch::memory_log::detector_port::ALERTS;
use adcs_watch::stage::port::Millis;
use serde_json::Value;
use std::collections::BTreeSet;

const FIXTURE: &str =
    "tests/detections/certificate-used-by-other/fires_many_accounts_in_one_alert/events.ndjson";

#[test]
fn certificates_in_several_partitions_are_one_alert_of_their_requester() {
    let (log, events) = (log(), events_of(&project(FIXTURE)));
    for event in &events {
        log.append(&only(SOURCE), Some(serde_json::to_vec(event).unwrap()), Some(event.time));
    }
    let (mut router, mut detector) = (router(&log), detector(&log, "detector"));
    for now in 0..200 {
        router.step(Millis(now * 10)).unwrap();
        detector.step(Millis(now * 10)).unwrap();
    }
    let alerts = log.read_committed(&only(ALERTS), 0, usize::MAX).0;
    let alerts =
        alerts.iter().map(|record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap());
    let of_use: Vec<Value> =
        alerts.filter(|alert: &Value| alert["detection"] == "certificate-used-by-other").collect();
    let ids: BTreeSet<String> = of_use.iter().map(|alert| alert["alert_id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "23 users, one alert");
    let revisions: Vec<u64> = of_use.iter().map(|alert| alert["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, (1..=11).collect::<Vec<_>>(), "for each of ten accounts, and at twenty uses");
    let last = of_use.last().unwrap()["reasons"].to_string();
    assert!(last.contains("20 times") && last.contains("and others"), "{last}");
}
