//! Dead letters are bounded for each source topic and reason, and every rejected record is counted.

use crate::stage::{SOURCE, count, detector, log, only};
use adcs_watch::detect::policy::Policy;
use adcs_watch::memory_log::MemoryLog;
use adcs_watch::memory_log::detector_port::{DEAD_LETTER, ROUTED};
use adcs_watch::memory_log::router_port::MemoryRouter;
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::{
    Answer, Fault, Millis, Outcome, RouterCommit, RouterInput, RouterPort, SourcePartition, TopicPrefilter,
};
use adcs_watch::stage::router::task::{Routed, RouterTask};
use adcs_watch::stage::router::worker::{DeadLetters, RouterWorker};
use std::collections::BTreeMap;

/// A port whose first commits are aborted.
struct AbortsFirst {
    inner: MemoryRouter,
    left: usize,
}

impl RouterPort for AbortsFirst {
    fn poll(&mut self, wait: Millis, prefilter: TopicPrefilter<'_>) -> Result<Vec<RouterInput>, Fault> {
        self.inner.poll(wait, prefilter)
    }
    fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.inner.accept(partitions)
    }
    fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.inner.release(partitions)
    }
    fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        self.inner.committed(partition)
    }
    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<Answer<u64>, Fault> {
        self.inner.start_at(partition, offset)
    }
    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault> {
        if self.left > 0 {
            self.left -= 1;
            return Ok(Outcome::Aborted);
        }
        self.inner.commit(batch)
    }
}

fn router(log: &MemoryLog, aborts: usize) -> RouterWorker<AbortsFirst> {
    let task = RouterTask::new(&Policy::default(), 4, BTreeMap::new());
    let port = AbortsFirst { inner: MemoryRouter::new(log.clone(), "router", &[SOURCE]), left: aborts };
    RouterWorker::new(port, task, Pace::default())
}

/// Appends records that are no JSON, and some that are no XML.
fn append(log: &MemoryLog, bad_json: usize, bad_xml: usize) {
    let json = std::iter::repeat_n(&b"{\"EventID\": 4887, "[..], bad_json);
    let xml = std::iter::repeat_n(&b"<Event><System><EventID>4887</EventID>"[..], bad_xml);
    for record in json.chain(xml) {
        log.append(&only(SOURCE), Some(record.to_vec()), None);
    }
}

/// Steps for ten seconds.
fn run(router: &mut RouterWorker<AbortsFirst>, from: u64) {
    (0..200).for_each(|step| router.step(Millis(from + step * 50)).unwrap());
}

fn rejected(router: &RouterWorker<AbortsFirst>, reason: &'static str) -> (u64, u64) {
    let kind = (SOURCE.to_owned(), reason);
    let DeadLetters { written, suppressed } = router.counts().rejected[&kind];
    (written, suppressed)
}

#[test]
fn flood_of_one_reason_is_bounded_and_counted_and_hides_no_other_reason() {
    let log = log();
    append(&log, 200, 10);
    let mut router = router(&log, 0);
    run(&mut router, 0);
    assert_eq!((rejected(&router, "bad_json"), rejected(&router, "bad_xml")), ((60, 140), (10, 0)));
    assert_eq!((count(&log, DEAD_LETTER), router.counts().dead), (70, 70));
    assert_eq!(router.counts().records[&Routed::Rejected], 210, "each record is counted");
    append(&log, 5, 0);
    run(&mut router, 20_000);
    assert_eq!(rejected(&router, "bad_json"), (60, 145), "the same minute");
    append(&log, 70, 0);
    run(&mut router, 70_000);
    assert_eq!(rejected(&router, "bad_json"), (120, 155), "the next minute");
    assert_eq!(count(&log, DEAD_LETTER), 130);
}

#[test]
fn dead_letters_of_an_aborted_batch_do_not_count_towards_the_limit() {
    let log = log();
    append(&log, 50, 0);
    let mut router = router(&log, 3);
    run(&mut router, 0);
    assert_eq!((router.counts().aborted, rejected(&router, "bad_json")), (3, (50, 0)));
    assert_eq!(count(&log, DEAD_LETTER), 50, "all are written, once");
}

#[test]
fn flood_of_unreadable_routed_records_is_bounded_and_counted() {
    let log = log();
    let append = |records: usize| {
        for _ in 0..records {
            log.append(&only(ROUTED), Some(vec![0xff]), None);
        }
    };
    append(200);
    let mut detector = detector(&log, "detector");
    let mut run = |from: u64| {
        (0..200).for_each(|step| detector.step(Millis(from + step * 50)).unwrap());
        let counts = detector.counts();
        (counts.unreadable, counts.dead_suppressed, count(&log, DEAD_LETTER))
    };
    assert_eq!(run(0), (200, 140, 60));
    append(10);
    assert_eq!(run(20_000), (210, 150, 60), "the same minute");
    append(10);
    assert_eq!(run(70_000), (220, 150, 70), "the next minute");
}
