//! The router's task: source records in, routed records and dead letters out, one batch at a time. It keeps no state beyond the
//! batch.

use crate::decode::prefilter::{Candidate, Prefilter};
use crate::decode::rejection::{Reason, Rejection};
use crate::decode::{Decoded, Decoder, Place};
use crate::detect::policy::Policy;
use crate::engine::Routes;
use crate::event::host::Host;
use crate::stage::port::{DeadLetter, FilteredRun, RouterCommit, SourcePartition, SourceRecord};
use crate::stage::router::batch::Batch;
use crate::stage::router::tally::{Tallies, Tally};
use crate::wire;
use std::collections::BTreeMap;

/// How the records of one topic are read.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Drops records that cannot be of interest, by their bytes.
    pub prefilter: Prefilter,
    /// Decodes the other records.
    pub decoder: Decoder,
}

impl Source {
    /// A source with this decoder and the prefilter for its format. Logons over the network (4624) are read at these
    /// computers only, and those of Schannel everywhere.
    pub fn new(decoder: Decoder, network_logons_at: &[Host]) -> Source {
        Source { prefilter: Prefilter::for_source(decoder.format, Some(network_logons_at)), decoder }
    }
}

/// Routes records. The outcome of a record depends only on its bytes, its source and the policy.
#[derive(Debug)]
pub struct RouterTask {
    routes: Routes,
    partitions: u32,
    sources: BTreeMap<String, Source>,
    other: Source,
    next: BTreeMap<SourcePartition, u64>,
    batch: Batch,
    /// The number of events of each CA that the policy names.
    events_by_ca: BTreeMap<Host, u64>,
    tallies: Tallies,
}

/// The outcome of a source record: exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Routed {
    /// Below the position: it was routed before.
    Skipped,
    /// It has no value (a tombstone).
    Tombstone,
    /// The prefilter dropped it.
    Filtered,
    /// Well formed, without an event of interest.
    Ignored,
    /// It has events, none of which concerns a detection.
    Unconcerned,
    /// At least one of its events was written to at least one partition.
    Sent,
    /// At least one part of it was rejected: the record is a dead letter, and its other events are routed.
    Rejected,
}

impl Routed {
    /// All outcomes, in order.
    pub const ALL: [Routed; 7] = [
        Routed::Skipped,
        Routed::Tombstone,
        Routed::Filtered,
        Routed::Ignored,
        Routed::Unconcerned,
        Routed::Sent,
        Routed::Rejected,
    ];

    /// Its value in the label `outcome` of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Routed::Skipped => "skipped",
            Routed::Tombstone => "tombstone",
            Routed::Filtered => "filtered",
            Routed::Ignored => "ignored",
            Routed::Unconcerned => "unconcerned",
            Routed::Sent => "sent",
            Routed::Rejected => "rejected",
        }
    }
}

impl RouterTask {
    /// A router to `partitions` partitions. The format of records is detected in topics that `sources` does not name.
    pub fn new(policy: &Policy, partitions: u32, sources: BTreeMap<String, Source>) -> RouterTask {
        RouterTask {
            routes: Routes::new(policy),
            partitions,
            sources,
            other: Source::default(),
            next: BTreeMap::new(),
            batch: Batch::new(usize::MAX),
            events_by_ca: named_cas(policy),
            tallies: Tallies::default(),
        }
    }

    /// Routes by another policy from the next record on. A CA that both policies name keeps its count.
    pub fn change_policy(&mut self, policy: &Policy) {
        self.routes = Routes::new(policy);
        let before = std::mem::replace(&mut self.events_by_ca, named_cas(policy));
        for (ca, events) in &mut self.events_by_ca {
            *events = before.get(ca).copied().unwrap_or_default();
        }
    }

    /// Sets the most bytes of a routed record. An event that is longer is a dead letter.
    #[must_use]
    pub fn with_longest_record(self, bytes: usize) -> RouterTask {
        RouterTask { batch: Batch::new(bytes), ..self }
    }

    /// The number of events of each CA that the policy names, also those that concern no detection. Other computers are not
    /// counted: their names come from events, so their number has no bound.
    pub fn events_by_ca(&self) -> &BTreeMap<Host, u64> {
        &self.events_by_ca
    }

    /// What was read of each source topic, and what was decoded.
    pub fn tallies(&self) -> &BTreeMap<String, Tally> {
        self.tallies.by_topic()
    }

    /// Sets how the records of this topic are read from now on.
    pub fn set_source(&mut self, topic: String, source: Source) {
        self.sources.insert(topic, source);
    }

    /// Starts a partition at this offset. If the offset is not committed it is committed with the next batch, so that a crash does
    /// not move the start.
    pub fn start(&mut self, partition: SourcePartition, offset: u64, is_committed: bool) {
        if !is_committed {
            self.batch.set_start(&partition, offset);
        }
        self.next.insert(partition, offset);
    }

    /// Removes a partition. Its part of the batch must have been committed or dropped before.
    pub fn stop(&mut self, partition: &SourcePartition) {
        self.next.remove(partition);
    }

    /// The next offset of a started partition.
    pub fn position(&self, partition: &SourcePartition) -> Option<u64> {
        self.next.get(partition).copied()
    }

    /// The prefilter of a topic: a copy of the value if a record of this topic may be of interest.
    pub fn prefilter(&self, topic: &str, value: &[u8]) -> Option<Candidate> {
        self.source(topic).prefilter.candidate(value)
    }

    fn source(&self, topic: &str) -> &Source {
        self.sources.get(topic).unwrap_or(&self.other)
    }

    /// Moves the position past transaction markers and aborted records, so that it is committed before retention deletes them.
    pub fn on_passed(&mut self, from: &SourcePartition, next: u64) {
        if let Some(position) = self.next.get_mut(from).filter(|position| **position < next) {
            *position = next;
            self.batch.set_offset(from, next);
        }
    }

    /// Counts records that the prefilter dropped where they were read.
    pub fn on_filtered(&mut self, run: &FilteredRun) -> Routed {
        let Some(next) = self.next.get_mut(&run.from).filter(|next| **next < run.next) else {
            return Routed::Skipped;
        };
        *next = run.next;
        self.tallies.add(&run.from.topic, |tally| tally.records += run.records);
        self.batch.count_records(usize::try_from(run.records).unwrap_or(usize::MAX));
        self.batch.set_offset(&run.from, run.next);
        Routed::Filtered
    }

    /// Routes one record that has passed the prefilter.
    pub fn on_record(&mut self, record: SourceRecord<Candidate>) -> Routed {
        let Some(next) = self.next.get_mut(&record.from).filter(|next| **next <= record.offset) else {
            return Routed::Skipped;
        };
        *next = record.offset + 1;
        self.tallies.add(&record.from.topic, |tally| tally.records += 1);
        self.batch.count_records(1);
        self.batch.set_offset(&record.from, record.offset + 1);
        let SourceRecord { from, offset, append_time, trace, value } = record;
        let Some(value) = value else { return Routed::Tombstone };
        let place = Place {
            source: from.topic.clone(),
            partition: i32::try_from(from.partition).ok(),
            offset,
            append_time,
            trace,
        };
        let found = self.decode(&place, value.as_bytes());
        match found.rejection {
            Some(rejection) => {
                let (detail, reason) =
                    (detail(rejection.detail, found.rejections), rejection.reason.as_str());
                let record = value.into_bytes();
                self.batch.add_dead_letter(DeadLetter { from, offset, append_time, reason, detail, record });
                Routed::Rejected
            }
            None if found.sent > 0 => Routed::Sent,
            None if found.events > 0 => Routed::Unconcerned,
            None => Routed::Ignored,
        }
    }

    fn decode(&mut self, place: &Place, value: &[u8]) -> Found {
        let RouterTask { routes, partitions, sources, other, batch, events_by_ca, tallies, .. } = self;
        let source = sources.get(&place.source).unwrap_or(other);
        let mut found = Found::default();
        let mut sink = |decoded: Result<Decoded, Rejection>| match decoded {
            Ok(Decoded::Event(event)) => {
                found.events += 1;
                if let Some(events) = events_by_ca.get_mut(&event.computer) {
                    *events += 1;
                }
                let concerned = routes.partitions(&event, *partitions);
                let bytes = if concerned.is_empty() { Vec::new() } else { wire::event::encode(&event) };
                if batch.is_too_long(&bytes) {
                    found.rejections += 1;
                    found.rejection.get_or_insert_with(|| too_long(bytes.len(), batch.longest()));
                    return;
                }
                found.sent += concerned.len();
                concerned.into_iter().for_each(|partition| batch.add_event(partition, &bytes));
            }
            Ok(Decoded::Ignored(_)) => {}
            Err(rejection) => {
                found.rejections += 1;
                found.rejection.get_or_insert(rejection);
            }
        };
        tallies.add(&place.source, |tally| {
            let replaced = source.decoder.decode_with_format(value, place, &mut |format, decoded| {
                tally.add(format, &decoded);
                sink(decoded);
            });
            tally.replaced += u64::from(replaced);
        });
        found
    }

    /// Whether there is more to commit than offsets that moved: output, or the start of a partition.
    pub fn has_output(&self) -> bool {
        self.batch.has_output()
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The number of records read and events written since the last commit, and the bytes to write.
    pub fn batch_size(&self) -> (usize, usize) {
        self.batch.size()
    }

    /// Takes the batch as one transaction. If it is not committed, all partitions restart at their committed offsets
    /// ([`RouterTask::restart`]).
    pub fn take_commit(&mut self) -> RouterCommit {
        self.batch.take()
    }

    /// Drops the batch and all positions: records that are not committed are read again.
    pub fn restart(&mut self) {
        self.batch.take();
        self.next.clear();
    }
}

/// The rejection of an event that is longer than a record of the routed topic may be.
fn too_long(bytes: usize, longest: usize) -> Rejection {
    let detail = format!("the event has {bytes} bytes, and a record of the routed topic takes {longest}");
    Rejection::new(Reason::TooLarge, detail)
}

/// The detail of a dead letter. A record is one dead letter however many of its parts were rejected.
fn detail(first: String, rejections: usize) -> String {
    match rejections {
        0 | 1 => first,
        more => format!("{first} (and {} more)", more - 1),
    }
}

/// What a record contained.
#[derive(Debug, Default)]
struct Found {
    events: usize,
    sent: usize,
    rejections: usize,
    rejection: Option<Rejection>,
}

/// The CAs that a policy names, none of whose events were read yet.
fn named_cas(policy: &Policy) -> BTreeMap<Host, u64> {
    policy.cas.keys().map(|name| (Host::new(name), 0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::router::batch::RECORD_BYTES;
    use crate::stage::testing::mismatch;

    fn from() -> SourcePartition {
        SourcePartition { topic: "windows".to_owned(), partition: 3 }
    }

    fn router() -> RouterTask {
        let mut router = RouterTask::new(&Policy::default(), 24, BTreeMap::new());
        router.start(from(), 10, true);
        router
    }

    /// A record as a port returns it to the worker, and what the task makes of it.
    fn pass(router: &mut RouterTask, offset: u64, value: Option<&str>) -> Routed {
        pass_traced(router, offset, value, None)
    }

    fn pass_traced(
        router: &mut RouterTask,
        offset: u64,
        value: Option<&str>,
        trace: Option<String>,
    ) -> Routed {
        let candidate = value.map(|value| router.prefilter(&from().topic, value.as_bytes()));
        let value = match candidate {
            Some(None) => {
                return router.on_filtered(&FilteredRun { from: from(), next: offset + 1, records: 1 });
            }
            Some(Some(candidate)) => Some(candidate),
            None => None,
        };
        router.on_record(SourceRecord { from: from(), offset, append_time: None, trace, value })
    }

    #[test]
    fn routed_records_are_as_long_as_the_topic_takes() {
        let sent = |longest: usize| {
            let task = RouterTask::new(&Policy::default(), 1, BTreeMap::new());
            let mut router = task.with_longest_record(longest);
            router.start(from(), 10, true);
            let records: Vec<String> =
                (0..20).map(|n| serde_json::to_string(&mismatch(n)).unwrap()).collect();
            for (offset, record) in (10..).zip(&records) {
                pass(&mut router, offset, Some(record));
            }
            let commit = router.take_commit();
            assert!(commit.routed.iter().all(|(_, record)| record.len() <= longest));
            let events = commit.routed.iter().flat_map(|(_, record)| wire::routed::decode(record)).count();
            (commit.routed.len(), events, commit.dead)
        };
        let (whole, events, dead) = sent(usize::MAX);
        assert_eq!((whole, dead.len()), (1, 0));
        let (split, same, dead) = sent(600);
        assert_eq!((same, dead.len()), (events, 0), "no event is lost");
        assert!(split > 2, "{split} records");
        let (none, _, dead) = sent(50);
        assert_eq!((none, dead.len()), (0, 20), "an event that fits into no record is a dead letter");
        assert_eq!(dead[0].reason, "too_large");
        assert!(dead[0].detail.ends_with("a record of the routed topic takes 50"), "{}", dead[0].detail);
    }

    #[test]
    fn events_are_counted_for_each_ca_in_the_policy() {
        let cas = ["CA01.corp.example", "ca02.corp.example"].map(|host| (host.to_owned(), "CA".to_owned()));
        let policy = Policy { cas: cas.into_iter().collect(), ..Policy::default() };
        let mut router = RouterTask::new(&policy, 24, BTreeMap::new());
        router.start(from(), 10, true);
        let event = mismatch(1);
        let other = crate::event::Event { computer: Host::new("ca03.corp.example"), ..event.clone() };
        for (offset, event) in [(10, &event), (11, &other), (12, &event)] {
            pass(&mut router, offset, Some(&serde_json::to_string(event).unwrap_or_default()));
        }
        let counted: Vec<(&str, u64)> =
            router.events_by_ca().iter().map(|(ca, events)| (ca.as_str(), *events)).collect();
        assert_eq!(counted, [("ca01.corp.example", 2), ("ca02.corp.example", 0)]);
    }

    #[test]
    fn every_record_has_exactly_one_outcome() {
        let event = serde_json::to_string(&mismatch(1)).unwrap_or_default();
        let unconcerned = r#"{"time": "2026-03-02T09:00:00Z", "computer": "ca01", "share_accessed": {
            "account": "CORP\\bob", "share": "\\\\*\\C$", "target": "x", "access_mask": 1}}"#;
        let cases = [
            (9, Some(&*event), Routed::Skipped),
            (10, None, Routed::Tombstone),
            (11, Some("{\"EventID\": 4624}"), Routed::Filtered),
            (12, Some("{\"winlog\": {\"event_id\": 4688, \"x\": 4887}}"), Routed::Ignored),
            (13, Some(unconcerned), Routed::Unconcerned),
            (14, Some(&*event), Routed::Sent),
            (15, Some("{\"EventID\": 4887"), Routed::Rejected),
            (15, Some(&*event), Routed::Skipped),
        ];
        let mut router = router();
        for (offset, value, expect) in cases {
            assert_eq!(pass(&mut router, offset, value), expect, "{offset}");
        }
        let batch = router.take_commit();
        assert_eq!(batch.offsets, [(from(), 16)]);
        assert_eq!(batch.routed.len(), Routes::new(&Policy::default()).partitions(&mismatch(1), 24).len());
        assert_eq!(batch.dead.iter().map(|dead| dead.offset).collect::<Vec<_>>(), [15]);
        assert!(router.is_empty());
    }

    #[test]
    fn record_with_several_rejections_is_one_dead_letter() {
        let mut router = router();
        let events = "{\"EventID\": 4887, \"Channel\": \"Security\"},".repeat(5);
        let wrapped = format!("[{}]", events.trim_end_matches(','));
        assert_eq!(pass(&mut router, 10, Some(&wrapped)), Routed::Rejected);
        let batch = router.take_commit();
        assert_eq!(batch.dead.len(), 1);
        assert!(batch.dead[0].detail.ends_with("(and 4 more)"), "{}", batch.dead[0].detail);
    }

    #[test]
    fn events_of_a_batch_share_routed_records_in_order() {
        let mut router = router();
        let events: Vec<_> = (1..=2000).map(mismatch).collect();
        for (offset, event) in (10..).zip(&events) {
            pass(&mut router, offset, Some(&serde_json::to_string(event).unwrap_or_default()));
        }
        let (sent, bytes) = (router.batch_size().0 - events.len(), router.batch_size().1);
        let batch = router.take_commit();
        let sizes: Vec<usize> = batch.routed.iter().map(|(_, record)| record.len()).collect();
        assert!(sizes.len() > 4 && sizes.iter().all(|size| *size < RECORD_BYTES + 1000), "{sizes:?}");
        assert!(sizes.iter().sum::<usize>() > bytes && sizes.len() < sent / 100, "{sizes:?}");
        let mut requests: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (partition, record) in &batch.routed {
            let of = requests.entry(*partition).or_default();
            of.extend(wire::routed::decode(record).filter_map(|event| event.unwrap().origin.record_id));
        }
        assert_eq!(requests.values().map(Vec::len).sum::<usize>(), sent);
        assert!(requests.values().all(|of| of.is_sorted()), "in the order in which they were read");
        assert!(router.is_empty() && router.take_commit().routed.is_empty());
    }

    #[test]
    fn trace_context_stays_with_the_event() {
        let event = serde_json::to_string(&mismatch(1)).unwrap_or_default();
        let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        let mut router = router();
        pass_traced(&mut router, 10, Some(&event), trace.clone());
        let (_, bytes) = router.take_commit().routed.remove(0);
        let routed = wire::routed::decode(&bytes).next().unwrap().unwrap();
        assert_eq!(routed.origin.trace, trace);
        let evidence = crate::detect::report::evidence(&routed);
        assert_eq!(evidence.fields.get("traceparent"), trace.as_ref());
    }

    #[test]
    fn start_of_a_partition_is_committed() {
        let mut router = router();
        assert!(router.is_empty());
        router.start(SourcePartition { partition: 4, ..from() }, 7, false);
        assert_eq!(router.take_commit().offsets, [(SourcePartition { partition: 4, ..from() }, 7)]);
        router.restart();
        assert_eq!(pass(&mut router, 10, None), Routed::Skipped, "the partition is not started");
    }

    #[test]
    fn filtered_records_move_the_offset() {
        let mut router = router();
        let run = |next, records| FilteredRun { from: from(), next, records };
        assert_eq!(router.on_filtered(&run(14, 4)), Routed::Filtered);
        assert_eq!(router.on_filtered(&run(14, 4)), Routed::Skipped, "it came before");
        assert_eq!(pass(&mut router, 13, None), Routed::Skipped);
        assert_eq!((router.position(&from()), router.batch_size().0), (Some(14), 4));
        assert_eq!(router.take_commit().offsets, [(from(), 14)]);
    }

    #[test]
    fn transaction_markers_behind_the_last_record_are_committed() {
        let mut router = router();
        pass(&mut router, 10, None);
        router.on_passed(&from(), 12);
        router.on_passed(&from(), 11);
        router.on_passed(&SourcePartition { partition: 4, ..from() }, 7);
        let batch = router.take_commit();
        assert_eq!(batch.offsets, [(from(), 12)], "never back, and only of partitions that are started");
        router.on_passed(&from(), 13);
        assert!(!router.is_empty(), "also without a record");
    }
}
