//! The router's worker: what it counts, how long it waits, when a batch is full, and what an unusable partition leads to.

use crate::stage::{PARTITIONS, SOURCE, count, log, only, recording};
use adcs_watch::decode::rejection::Reason;
use adcs_watch::decode::{Decoder, Format};
use adcs_watch::detect::policy::Policy;
use adcs_watch::event::host::Host;
use adcs_watch::memory_log::MemoryLog;
use adcs_watch::memory_log::detector_port::{DEAD_LETTER, ROUTED};
use adcs_watch::memory_log::router_port::{GROUP, MemoryRouter};
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::{
    Answer, Fault, Millis, Outcome, RouterCommit, RouterInput, RouterPort, SourcePartition, SourceRecord,
    TopicPrefilter,
};
use adcs_watch::stage::router::tally;
use adcs_watch::stage::router::task::{Routed, RouterTask, Source};
use adcs_watch::stage::router::worker::RouterWorker;
use std::collections::{BTreeMap, VecDeque};

const OTHER: &str = "siem.windows.other";

/// A port that ends transactions as it is told, and has no answer for a partition or refuses it.
struct Told {
    inner: MemoryRouter,
    outcomes: VecDeque<Outcome>,
    silent: bool,
    refused: Option<&'static str>,
    /// Further inputs of the next poll, behind the others.
    inputs: Vec<RouterInput>,
    /// How often a refused partition was asked for.
    asked: usize,
    /// The partitions without an answer, and the starts that were tried since the last poll.
    waiting: fn(&SourcePartition) -> bool,
    starts: usize,
    /// The most starts between two polls.
    most_starts: usize,
    /// How long each poll may have waited.
    waits: Vec<u64>,
}

impl RouterPort for Told {
    fn poll(&mut self, wait: Millis, prefilter: TopicPrefilter<'_>) -> Result<Vec<RouterInput>, Fault> {
        self.waits.push(wait.0);
        self.most_starts = self.most_starts.max(std::mem::take(&mut self.starts));
        let mut inputs = self.inner.poll(wait, prefilter)?;
        inputs.append(&mut self.inputs);
        Ok(inputs)
    }
    fn accept(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.inner.accept(partitions)
    }
    fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        self.inner.release(partitions)
    }
    fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        if self.refused.is_some_and(|topic| topic == partition.topic) {
            self.asked += 1;
            return Err(Fault::Partition("no permission".to_owned()));
        }
        self.starts += 1;
        if self.silent || (self.waiting)(partition) {
            Ok(Answer::Wait)
        } else {
            self.inner.committed(partition)
        }
    }
    fn start_at(&mut self, partition: &SourcePartition, offset: Option<u64>) -> Result<Answer<u64>, Fault> {
        self.inner.start_at(partition, offset)
    }
    fn commit(&mut self, batch: &RouterCommit) -> Result<Outcome, Fault> {
        match self.outcomes.pop_front() {
            None | Some(Outcome::Committed) => self.inner.commit(batch),
            Some(outcome) => Ok(outcome),
        }
    }
}

fn router_with(log: &MemoryLog, policy: &Policy, pace: Pace) -> RouterWorker<Told> {
    let inner = MemoryRouter::new(log.clone(), "router", &[SOURCE, OTHER]);
    let port = Told {
        inner,
        outcomes: VecDeque::new(),
        silent: false,
        refused: None,
        inputs: Vec::new(),
        asked: 0,
        waiting: |_| false,
        starts: 0,
        most_starts: 0,
        waits: Vec::new(),
    };
    RouterWorker::new(port, RouterTask::new(policy, PARTITIONS, BTreeMap::new()), pace)
}

fn router(log: &MemoryLog) -> RouterWorker<Told> {
    router_with(log, &Policy::default(), Pace::default())
}

fn logs() -> MemoryLog {
    let log = log();
    log.create(OTHER, 1);
    log
}

/// Steps of 10 ms, from this time on.
fn run(router: &mut RouterWorker<Told>, from: u64, steps: u64) {
    (0..steps).for_each(|step| router.step(Millis(from + step * 10)).unwrap());
}

fn append(log: &MemoryLog, topic: &str, records: usize) {
    let event = recording().remove(0);
    for _ in 0..records {
        log.append(&only(topic), Some(serde_json::to_vec(&event).unwrap()), Some(event.time));
    }
}

#[test]
fn transactions_are_counted_by_outcome_and_only_committed_output_counts() {
    let log = logs();
    let mut router = router(&log);
    run(&mut router, 0, 10);
    let starts = router.counts().committed;
    router.port_mut().outcomes =
        [Outcome::Aborted, Outcome::Unknown, Outcome::Unknown, Outcome::Aborted].into();
    for now in [1000, 11_000] {
        append(&log, SOURCE, 3);
        log.append(&only(SOURCE), Some(b"{\"EventID\": 4887, ".to_vec()), None);
        run(&mut router, now, 900);
    }
    let counts = router.counts();
    assert_eq!((counts.aborted, counts.unknown), (2, 2));
    assert!(counts.committed >= starts + 2, "{counts:?}");
    assert_eq!(
        (counts.routed as usize, counts.dead as usize),
        (count(&log, ROUTED), count(&log, DEAD_LETTER))
    );
    assert_eq!(count(&log, DEAD_LETTER), 2);
    assert!(counts.routed >= 2, "{counts:?}");
    let read: u64 = counts.records.values().sum();
    assert!(read > 8, "{read} records, those of the batches that were not committed twice");
}

#[test]
fn records_of_a_filtered_run_are_counted_by_outcome() {
    let log = logs();
    let mut router = router(&log);
    for _ in 0..3 {
        log.append(&only(SOURCE), Some(b"{\"EventID\": 4624}".to_vec()), None);
    }
    append(&log, SOURCE, 2);
    run(&mut router, 0, 600);
    assert_eq!(router.counts().records, [(Routed::Filtered, 3), (Routed::Sent, 2)].into());
    assert_eq!(router.tallies()[SOURCE].records, 5);
    let positions: Vec<(&str, Option<u64>)> =
        router.positions().map(|(partition, next)| (partition.topic.as_str(), next)).collect();
    assert_eq!(positions, [(OTHER, Some(0)), (SOURCE, Some(5))]);
}

#[test]
fn full_batch_is_committed_before_its_time() {
    for full in [Pace { batch_records: 1, ..Pace::default() }, Pace { batch_bytes: 1, ..Pace::default() }] {
        // What is not committed because the batch is full waits for good.
        let pace = Pace { longest_wait: Millis(1_000_000), linger: Millis(1_000_000), ..full };
        let log = logs();
        let mut router = router_with(&log, &Policy::default(), pace);
        run(&mut router, 0, 5);
        append(&log, SOURCE, 7);
        run(&mut router, 50, 5);
        assert_eq!(log.committed(GROUP, &only(SOURCE)), Some(7));
        assert!(router.counts().committed >= 7, "{:?}", router.counts());
    }
}

#[test]
fn unusable_partition_stops_alone_and_is_tried_again_after_a_while() {
    let log = logs();
    let mut router = router(&log);
    router.port_mut().refused = Some(OTHER);
    append(&log, SOURCE, 2);
    append(&log, OTHER, 2);
    run(&mut router, 0, 100);
    assert_eq!(router.stopped().collect::<Vec<_>>(), [(&only(OTHER), "no permission")]);
    assert_eq!((router.is_ready(), router.counts().records[&Routed::Sent]), (false, 2), "the other is read");
    assert_eq!(router.port_mut().asked, 1);
    let mut asked_at = |from: u64| {
        let before = router.port_mut().asked;
        (from..).find(|now| {
            router.step(Millis(*now)).unwrap();
            router.port_mut().asked > before
        })
    };
    let retry = Pace::default().retry_partition.0;
    let second = asked_at(1000).unwrap();
    assert!((retry..retry + 100).contains(&second), "it was first asked for between 0 and 100 ms");
    assert_eq!(asked_at(second + 1), Some(second + retry));
    router.port_mut().refused = None;
    run(&mut router, 3 * retry, 50);
    assert_eq!((router.is_ready(), router.stopped().count()), (true, 0));
    assert_eq!(router.counts().records[&Routed::Sent], 4);
}

/// A router of a topic for each host: the group and the probes wait for none of the starts, and none of the starts for another.
#[test]
fn many_partitions_start_in_turn_between_polls() {
    let log = log();
    log.create(OTHER, 200);
    let mut router = router(&log);
    router.port_mut().waiting = |partition| partition.topic == OTHER && partition.partition < 100;
    let last = SourcePartition { topic: OTHER.to_owned(), partition: 199 };
    let event = recording().remove(0);
    log.append(&last, Some(serde_json::to_vec(&event).unwrap()), Some(event.time));
    run(&mut router, 0, 40);
    assert_eq!(router.counts().records.get(&Routed::Sent), Some(&1), "it is read while others wait");
    assert!(!router.is_ready());
    let most = router.port_mut().most_starts;
    assert!((2..=32).contains(&most), "{most} starts between two polls");
    router.port_mut().waiting = |_| false;
    run(&mut router, 1000, 40);
    assert!(router.is_ready());
}

#[test]
fn router_waits_long_only_without_something_to_do() {
    let log = logs();
    let mut router = router(&log);
    router.port_mut().silent = true;
    run(&mut router, 0, 5);
    assert!(!router.is_ready());
    let pace = Pace::default();
    assert_eq!(router.port_mut().waits.pop(), Some(pace.linger.0), "the answer may come any time");
    router.port_mut().silent = false;
    run(&mut router, 100, 20);
    assert!(router.is_ready());
    assert_eq!(router.port_mut().waits.pop(), Some(pace.poll.0), "idle");
    // The commit of the first record takes 70 ms, so the second one rests as long.
    append(&log, SOURCE, 1);
    for now in [1000, 1001, 1071] {
        router.step(Millis(now)).unwrap();
    }
    append(&log, SOURCE, 1);
    for now in [1075, 1081] {
        router.step(Millis(now)).unwrap();
    }
    assert_eq!(router.port_mut().waits.pop(), Some(60), "until the transaction is due");
    log.append(&only(SOURCE), Some(b"{\"EventID\": 4624}".to_vec()), None);
    run(&mut router, 2000, 20);
    assert_eq!(router.port_mut().waits.pop(), Some(pace.poll.0), "offsets alone wait");
}

#[test]
fn aborted_transaction_delays_the_start_of_partitions() {
    let log = logs();
    let mut router = router(&log);
    run(&mut router, 0, 10);
    append(&log, SOURCE, 1);
    router.port_mut().outcomes = [Outcome::Aborted].into();
    run(&mut router, 1000, 5);
    assert_eq!((router.counts().aborted, router.is_ready()), (1, false));
    assert_eq!(
        router.port_mut().waits.pop(),
        Some(Pace::default().poll.0),
        "there is nothing to ask for yet"
    );
    run(&mut router, 1200, 10);
    assert_eq!((router.is_ready(), count(&log, ROUTED) > 0), (true, true));
}

#[test]
fn format_of_a_topic_can_be_set_later() {
    let log = logs();
    let mut router = router(&log);
    router.set_source(
        OTHER.to_owned(),
        Source::new(Decoder { format: Some(Format::Sentinel), ..Decoder::default() }, &[]),
    );
    for topic in [SOURCE, OTHER] {
        append(&log, topic, 1);
    }
    run(&mut router, 0, 50);
    let sent = |topic: &str| router.tallies()[topic].events();
    assert_eq!((sent(SOURCE), sent(OTHER)), (1, 0), "our own format is not that of the other topic");

    let mut task = RouterTask::new(&Policy::default(), PARTITIONS, BTreeMap::new());
    task.set_source(
        OTHER.to_owned(),
        Source::new(Decoder { format: Some(Format::Protobuf), ..Decoder::default() }, &[]),
    );
    let passes = |topic| task.prefilter(topic, b"no text to search").is_some();
    assert_eq!((passes(SOURCE), passes(OTHER)), (false, true), "each topic has its own prefilter");
}

#[test]
fn partition_that_left_is_neither_read_nor_committed() {
    let log = logs();
    let mut router = router(&log);
    run(&mut router, 0, 10);
    assert_eq!(router.positions().count(), 2);
    router.port_mut().inputs = vec![RouterInput::Lost(vec![only(SOURCE)])];
    run(&mut router, 1000, 1);
    let left: Vec<_> = router.positions().map(|(partition, _)| partition.topic.as_str()).collect();
    assert_eq!(left, [OTHER]);

    let mut task = RouterTask::new(&Policy::default(), PARTITIONS, BTreeMap::new());
    task.start(only(SOURCE), 7, true);
    task.stop(&only(SOURCE));
    task.on_passed(&only(SOURCE), 9);
    assert_eq!((task.position(&only(SOURCE)), task.is_empty()), (None, true));
}

#[test]
fn start_of_a_partition_is_committed_once() {
    let log = logs();
    let mut first = router(&log);
    run(&mut first, 0, 100);
    assert_eq!([SOURCE, OTHER].map(|topic| log.committed(GROUP, &only(topic))), [Some(0), Some(0)]);
    let member = first.port_mut().inner.client.member().to_owned();
    drop(first);
    log.expire_member(GROUP, &member);
    let mut second = router(&log);
    run(&mut second, 0, 1000);
    assert_eq!((second.is_ready(), second.counts().committed), (true, 0), "there is nothing new");

    let mut task = RouterTask::new(&Policy::default(), PARTITIONS, BTreeMap::new());
    task.start(only(SOURCE), 7, true);
    task.on_passed(&only(SOURCE), 7);
    assert!(task.is_empty(), "nothing was passed");
}

#[test]
fn filtered_records_count_towards_being_behind() {
    let log = logs();
    let pace = Pace { behind: 4, longest_wait: Millis(1000), ..Pace::default() };
    let mut router = router_with(&log, &Policy::default(), pace);
    run(&mut router, 0, 10);
    let before = router.counts().committed;
    for step in 0..50 {
        for _ in 0..3 {
            log.append(&only(SOURCE), Some(b"{\"EventID\": 4624}".to_vec()), None);
        }
        append(&log, SOURCE, 1);
        run(&mut router, 1000 + step * 10, 1);
    }
    assert_eq!(router.counts().committed, before, "it fills a large transaction");
    run(&mut router, 1500, 5);
    assert_eq!(router.counts().committed, before + 1, "it is no longer behind");
}

#[test]
fn every_event_that_is_too_long_is_counted_in_the_dead_letter() {
    let event = serde_json::to_string(&recording()[0]).unwrap();
    let mut task = RouterTask::new(&Policy::default(), PARTITIONS, BTreeMap::new()).with_longest_record(50);
    task.start(only(SOURCE), 0, true);
    let value = task.prefilter(SOURCE, format!("[{event},{event},{event}]").as_bytes());
    let record = SourceRecord { from: only(SOURCE), offset: 0, append_time: None, trace: None, value };
    assert_eq!(task.on_record(record), Routed::Rejected);
    let batch = task.take_commit();
    assert_eq!((batch.dead.len(), batch.routed.len()), (1, 0));
    assert!(batch.dead[0].detail.ends_with("takes 50 (and 2 more)"), "{}", batch.dead[0].detail);
}

#[test]
fn outcomes_are_labels_of_metrics() {
    let labels = ["skipped", "tombstone", "filtered", "ignored", "unconcerned", "sent", "rejected"];
    assert_eq!(Routed::ALL.map(Routed::as_str), labels);
    let of_events =
        [tally::Outcome::Event, tally::Outcome::Ignored, tally::Outcome::Rejected(Reason::BadJson)];
    assert_eq!(of_events.map(tally::Outcome::as_str), ["event", "ignored", "bad_json"]);
}

#[test]
fn events_of_the_cas_that_the_policy_names_are_counted_and_stay_so_when_it_changes() {
    let ca = recording()[0].computer.clone();
    let named = |others: &[&str]| {
        let names = others.iter().map(|name| (*name).to_owned()).chain([ca.as_str().to_owned()]);
        Policy { cas: names.map(|name| (name, "Issuing CA".to_owned())).collect(), ..Policy::default() }
    };
    let log = logs();
    let mut router = router_with(&log, &named(&["ca98.corp.example"]), Pace::default());
    append(&log, SOURCE, 3);
    run(&mut router, 0, 50);
    let other = Host::new("ca98.corp.example");
    assert_eq!(*router.events_by_ca(), [(ca.clone(), 3), (other, 0)].into());
    router.change_policy(&named(&["ca99.corp.example"]));
    append(&log, SOURCE, 2);
    run(&mut router, 1000, 50);
    assert_eq!(*router.events_by_ca(), [(ca.clone(), 5), (Host::new("ca99.corp.example"), 0)].into());
}
