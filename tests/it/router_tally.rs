//! What a router read from each topic, by format and outcome.

use adcs_watch::decode::Format;
use adcs_watch::decode::rejection::Reason::MissingField;
use adcs_watch::detect::policy::Policy;
use adcs_watch::stage::port::{FilteredRun, SourcePartition, SourceRecord};
use adcs_watch::stage::router::tally::Outcome::{Event, Ignored, Rejected};
use adcs_watch::stage::router::task::{Routed, RouterTask};
use std::collections::BTreeMap;

fn from() -> SourcePartition {
    SourcePartition { topic: "siem".to_owned(), partition: 3 }
}

fn router() -> RouterTask {
    let mut router = RouterTask::new(&Policy::default(), 24, BTreeMap::new());
    router.start(from(), 0, true);
    router
}

/// A record as a port returns it to the worker.
fn pass(router: &mut RouterTask, offset: u64, record: &[u8]) -> Routed {
    let Some(value) = router.prefilter(&from().topic, record) else {
        return router.on_filtered(&FilteredRun { from: from(), next: offset + 1, records: 1 });
    };
    let record = SourceRecord { from: from(), offset, append_time: None, trace: None, value: Some(value) };
    router.on_record(record)
}

/// An NXLog record of this id, by this requester.
fn nxlog(id: u32, requester: &str) -> String {
    format!(
        r#"{{"EventID": {id}, "EventTime": "2026-03-02T09:00:00Z", "Hostname": "ca01", "RequestId": "7", "Requester": "{requester}"}}"#
    )
}

#[test]
fn every_record_is_in_the_tally_of_its_topic() {
    let mut router = router();
    let other_provider =
        nxlog(4887, "CORP\\\\bob").replace("{\"EventID", "{\"SourceName\": \"Acme\", \"EventID");
    let records = [nxlog(4887, "CORP\\\\bob"), nxlog(4887, ""), other_provider, "no interest".to_owned()];
    for (offset, record) in (0..).zip(&records) {
        pass(&mut router, offset, record.as_bytes());
    }
    assert_eq!(pass(&mut router, 0, records[0].as_bytes()), Routed::Skipped);
    let tally = &router.tallies()["siem"];
    assert_eq!((tally.records, tally.events(), tally.replaced), (4, 1, 0), "the repeated one counts once");
    let nxlog = Some(Format::Nxlog);
    let expect = [((nxlog, Event), 1), ((nxlog, Ignored), 1), ((nxlog, Rejected(MissingField)), 1)];
    assert_eq!(tally.decoded, expect.into());
}

#[test]
fn record_with_bytes_that_are_no_text_is_read_and_counted() {
    let mut router = router();
    let mut record = nxlog(4887, "CORP\\\\m_ller").into_bytes();
    let at = record.iter().rposition(|byte| *byte == b'_').unwrap();
    record[at] = 0xfc;
    assert_ne!(pass(&mut router, 0, &record), Routed::Rejected);
    pass(&mut router, 1, nxlog(4887, "CORP\\\\müller").as_bytes());
    assert_eq!((router.tallies()["siem"].events(), router.tallies()["siem"].replaced), (2, 1));
}
